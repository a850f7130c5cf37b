#include "smtp/scram.h"

#include <string.h>

/* The next "x=value" up to a comma; false where letter is not x. */
static bool take(struct span *left, char letter, struct span *value)
{
    if (left->n < 2 || left->p[0] != (uint8_t)letter || left->p[1] != '=')
        return false;
    *left = span_skip(*left, 2);
    *value = span_take(*left, span_find(*left, ','));
    *left = span_skip(*left, value->n + 1);
    return true;
}

/* saslname: "=2C" and "=3D" stand for ',' and '='. */
static bool take_name(struct span text, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '=') {
            struct span code = span_take(span_skip(text, i), 3);
            if (!span_eq(code, span_str("=2C")) && !span_eq(code, span_str("=3D")))
                return false;
            c = code.p[2] == 'C' ? ',' : '=';
            i += 2;
        }
        if (n == SCRAM_NAME_MAX || c < ' ' || c == 0x7f)
            return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return n > 0;
}

/* Printable ASCII but the comma. */
static bool is_nonce(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '!' || s.p[i] > '~' || s.p[i] == ',')
            return false;
    return s.n > 0;
}

bool scram_first_parse(struct span message, struct scram_first *first)
{
    struct span left = message, other = span_of(NULL, 0), name;
    char acts_for[SCRAM_NAME_MAX + 1] = "";
    if (message.n > SCRAM_MESSAGE_MAX || message.n < 3 ||
        (left.p[0] != 'n' && left.p[0] != 'y') || left.p[1] != ',')
        return false;
    left = span_skip(left, 2);
    if (left.p[0] == ',')
        left = span_skip(left, 1);
    else if (!take(&left, 'a', &other) || !take_name(other, acts_for))
        return false;
    first->gs2 = span_take(message, message.n - left.n);
    first->bare = left;
    if (!take(&left, 'n', &name) || !take_name(name, first->name) ||
        !take(&left, 'r', &first->nonce))
        return false;
    return is_nonce(first->nonce) && first->nonce.n <= SCRAM_NONCE_MAX &&
           (!acts_for[0] || strcmp(acts_for, first->name) == 0);
}

bool scram_final_parse(struct span message, struct scram_final *final)
{
    struct span left = message;
    if (message.n > SCRAM_MESSAGE_MAX || !take(&left, 'c', &final->channel) ||
        !take(&left, 'r', &final->nonce))
        return false;
    while (left.n && left.p[0] != 'p')
        left = span_skip(left, span_find(left, ',') + 1);
    /* The comma before p= is none of the message that the proof is about. */
    final->without_proof = span_take(message, message.n - left.n - 1);
    return left.n && take(&left, 'p', &final->proof) && !left.n;
}
