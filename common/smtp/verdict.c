#include "smtp/verdict.h"

#include <string.h>

enum err verdict_class(const struct reply *a, bool to_rcpt)
{
    bool unspecific = a->enhanced[0] == '\0';
    if (a->code < 400)
        return ERR_NONE;
    if (a->code < 500)
        return ERR_AGAIN;
    if (to_rcpt && a->code == 552 && (unspecific || strcmp(a->enhanced, "5.5.3") == 0))
        return ERR_AGAIN;
    if (a->code == 530 || (a->code >= 534 && a->code <= 538))
        return ERR_AUTH;
    if (a->code == 550 && (strncmp(a->enhanced, "5.1.", 4) == 0 || (to_rcpt && unspecific)))
        return ERR_NO_USER;
    return ERR_UNAVAILABLE;
}

void verdict_words(const struct reply *a, char *out, size_t size)
{
    struct span text = buf_span(&a->text);
    size_t n = text.n < size - 1 ? text.n : size - 1;
    /* Not in the middle of a character. */
    while (n && n < text.n && (text.p[n] & 0xc0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = text.p[i];
        out[i] = c == '\n' ? ' ' : c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    out[n] = '\0';
}
