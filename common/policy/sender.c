/* Sender patterns: an address, @domain, or the fax number of a FAX= address. */
#include "policy/decide.h"

struct span fax_number_of(struct span address)
{
    if (!span_starts_nocase(address, span_str("FAX=")))
        return span_of(NULL, 0);
    address = span_skip(address, 4);
    size_t n = 0;
    while (n < address.n && address.p[n] != '/' && address.p[n] != '@')
        n++;
    return span_take(address, n);
}

/* Digits are compared, and a leading '+'; what separates them for the eye is not. */
static bool number_eq(struct span a, struct span b)
{
    size_t i = 0, j = 0;
    for (;;) {
        while (i < a.n && !ascii_digit(a.p[i]) && a.p[i] != '+')
            i++;
        while (j < b.n && !ascii_digit(b.p[j]) && b.p[j] != '+')
            j++;
        if (i == a.n || j == b.n)
            return i == a.n && j == b.n && i > 0 && j > 0;
        if (a.p[i++] != b.p[j++])
            return false;
    }
}

static struct span domain_of(struct span address)
{
    size_t at = address.n;
    while (at > 0 && address.p[at - 1] != '@')
        at--;
    return at ? span_skip(address, at - 1) : span_of(NULL, 0);
}

int sender_match(struct span pattern, struct span address)
{
    if (pattern.n == 0)
        return 0;
    if (address.n == 0)
        return span_eq(pattern, span_str("<>")) ? 3 : 0;
    if (span_eq_nocase(pattern, address))
        return 3;
    struct span number = fax_number_of(address);
    if (number.n && span_find(pattern, '@') == pattern.n && number_eq(pattern, number))
        return 2;
    return pattern.p[0] == '@' && span_eq_nocase(pattern, domain_of(address)) ? 1 : 0;
}

bool sender_pattern(struct span text, char *out, size_t n)
{
    struct user scratch;
    text = span_trim(text);
    if (!span_copy(text, out, n) || text.n == 0)
        return false;
    if (span_eq(text, span_str("<>")) || user_address_valid(text))
        return true;
    if (text.p[0] == '@') {
        char whole[USER_ADDRESS_MAX + 2] = "x";
        return span_copy(text, whole + 1, sizeof whole - 1) && user_address_valid(span_str(whole));
    }
    const struct column *number = user_column(span_str("fax-number"));
    return number->valid(text, scratch.fax_number, sizeof scratch.fax_number) &&
           span_copy(span_str(scratch.fax_number), out, n);
}

static enum err three_way(const char *option, const char *text, int *value, struct why *why)
{
    bool on = false;
    *value = -1;
    if (text && !user_switch(span_str(text), &on))
        return why_set(why, ERR_USAGE, "--%s: %s: not on or off", option, text);
    if (text)
        *value = on;
    return ERR_NONE;
}

enum err sender_words(struct sender_rule *rule, const char *auto_print, const char *text_mail,
                      bool refuse, struct why *why)
{
    enum err e = three_way("auto-print", auto_print, &rule->auto_print, why);
    rule->refuse = refuse;
    if (!e)
        e = three_way("text-mail", text_mail, &rule->text_mail, why);
    if (!e && rule->auto_print < 0 && rule->text_mail < 0 && !rule->refuse)
        e = why_set(why, ERR_USAGE, "nothing to set: --auto-print, --text-mail or --refuse");
    return e;
}
