#include "smtp/parameters.h"

#include "bytes/utf8.h"

#include <stdio.h>
#include <string.h>

/* Where the values of one line go: mail's or rcpt's, the other is NULL. */
struct target {
    unsigned offer;
    struct mail_parameters *mail;
    struct rcpt_parameters *rcpt;
};

static const struct parameter_fault fine = {0, NULL, NULL};
static const struct parameter_fault unknown = {555, "5.5.4", "unknown parameter"};
static const struct parameter_fault twice = {501, "5.5.4", "a parameter twice"};

static struct parameter_fault bad(const char *text)
{
    return (struct parameter_fault){501, "5.5.4", text};
}

static bool upper_hex(uint8_t c)
{
    return ascii_digit(c) || (c >= 'A' && c <= 'F');
}

bool xtext_valid(struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '+') {
            if (text.n - i < 3 || !upper_hex(text.p[i + 1]) || !upper_hex(text.p[i + 2]))
                return false;
            i += 2;
        } else if (c < '!' || c > '~' || c == '=') {
            return false;
        }
    }
    return true;
}

static unsigned hex(uint8_t c)
{
    return ascii_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'A' + 10);
}

bool xtext_decode(struct span text, char *out, size_t size)
{
    size_t n = 0;
    if (!xtext_valid(text))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        unsigned c = text.p[i];
        if (c == '+') {
            c = hex(text.p[i + 1]) * 16 + hex(text.p[i + 2]);
            i += 2;
        }
        if (n + 1 >= size || c < ' ' || c > '~')
            return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return true;
}

/* Every character beyond ASCII, of text that is valid. */
static bool decode_utf8(struct span text, char *out, size_t size)
{
    size_t n = 0;
    while (text.n) {
        uint32_t c;
        text = span_skip(text, utf8_char(text, &c));
        int k = snprintf(out + n, size - n, c < 0x7f ? "%c" : "\\x{%02X}", (unsigned)c);
        if (k < 0 || (size_t)k >= size - n)
            return false;
        n += (size_t)k;
    }
    return true;
}

bool orcpt_decode(const char *orcpt, char *out, size_t size)
{
    struct span s = span_str(orcpt);
    size_t type = span_find(s, ';') + 1;
    if (type >= s.n || type >= size)
        return false;
    memcpy(out, orcpt, type);
    out += type;
    size -= type;
    s = span_skip(s, type);
    return xtext_valid(s) ? xtext_decode(s, out, size)
                          : utf8_valid(s) && decode_utf8(s, out, size);
}

static bool word_is(struct span word, const char *name)
{
    return span_eq_nocase(word, span_str(name));
}

/* The next part of a list up to separator; false at its end. */
static bool next_part(struct span *left, uint8_t separator, struct span *part)
{
    if (!left->n)
        return false;
    *part = span_take(*left, span_find(*left, separator));
    *left = span_skip(*left, part->n + 1);
    return true;
}

bool solicit_valid(struct span list)
{
    struct span left = list, name;
    if (!list.n || list.n > SOLICIT_MAX || list.p[list.n - 1] == ',')
        return false;
    while (next_part(&left, ',', &name)) {
        bool good = name.n > 0;
        for (size_t i = 0; i < name.n; i++)
            good = good && (ascii_alnum(name.p[i]) || strchr(":.-_", name.p[i]));
        if (!good)
            return false;
    }
    return true;
}

/* ---- MAIL ---- */

static struct parameter_fault take_size(struct span value, const struct target *t)
{
    return span_number(value, INT64_MAX, &t->mail->size) ? fine : bad("SIZE is not a number");
}

static struct parameter_fault take_body(struct span value, const struct target *t)
{
    if (word_is(value, "7BIT"))
        t->mail->body = BODY_7BIT;
    else if (word_is(value, "8BITMIME"))
        t->mail->body = BODY_8BIT;
    else if (word_is(value, "BINARYMIME") && t->offer & OFFER_BINARY)
        t->mail->body = BODY_BINARY;
    else
        return (struct parameter_fault){504, "5.5.4", "BODY of no known kind"};
    return fine;
}

static struct parameter_fault take_utf8(struct span value, const struct target *t)
{
    t->mail->utf8 = true;
    return value.n ? bad("SMTPUTF8 takes no value") : fine;
}

static struct parameter_fault take_ret(struct span value, const struct target *t)
{
    t->mail->ret = word_is(value, "FULL")   ? RET_FULL
                   : word_is(value, "HDRS") ? RET_HDRS
                                            : RET_UNSAID;
    return t->mail->ret ? fine : bad("RET is FULL or HDRS");
}

static struct parameter_fault take_envid(struct span value, const struct target *t)
{
    char plain[ENVID_MAX + 1];
    if (!value.n || !xtext_decode(value, plain, sizeof plain) ||
        !span_copy(value, t->mail->envid, sizeof t->mail->envid))
        return bad("ENVID is no printable xtext of up to 100 octets");
    return fine;
}

/* RFC 2852 4: [-+]seconds;N or R, and T where a trace is wanted. R wants a time yet to come. */
static struct parameter_fault take_by(struct span value, const struct target *t)
{
    uint64_t seconds;
    bool past = value.n && value.p[0] == '-';
    struct span number = span_skip(value, past || (value.n && value.p[0] == '+'));
    struct span mode = span_skip(number, span_find(number, ';') + 1);
    number = span_take(number, span_find(number, ';'));
    if (!span_number(number, BY_MAX, &seconds) || mode.n < 1 || mode.n > 2 ||
        (mode.n == 2 && ascii_lower(mode.p[1]) != 't'))
        return bad("BY is seconds;N or seconds;R, and T");
    t->mail->by = true;
    t->mail->by_seconds = past ? -(int64_t)seconds : (int64_t)seconds;
    t->mail->by_mode = ascii_lower(mode.p[0]) == 'n' ? 'N' : 'R';
    t->mail->by_trace = mode.n == 2;
    if (ascii_lower(mode.p[0]) != 'n' && ascii_lower(mode.p[0]) != 'r')
        return bad("BY is seconds;N or seconds;R, and T");
    return t->mail->by_mode == 'R' && t->mail->by_seconds <= 0 ? bad("BY with R is over already")
                                                               : fine;
}

/* RFC 4954 5: whom the mail came from. We trust nobody's word on it, and only read it. */
static struct parameter_fault take_auth(struct span value, const struct target *t)
{
    (void)t;
    return value.n && (word_is(value, "<>") || xtext_valid(value)) ? fine
                                                                   : bad("AUTH is xtext or <>");
}

bool mtrk_parse(struct span text, char certifier[MTRK_MAX + 1], int64_t *seconds)
{
    struct span first = span_take(text, span_find(text, ':'));
    uint64_t number = 0;
    bool good = first.n > 0 && span_copy(first, certifier, MTRK_MAX + 1);
    for (size_t i = 0; good && i < first.n; i++)
        good = ascii_alnum(first.p[i]) || first.p[i] == '+' || first.p[i] == '/';
    if (good && first.n < text.n)
        good = span_number(span_skip(text, first.n + 1), MTRK_SECONDS, &number) && number > 0;
    *seconds = (int64_t)number;
    return good;
}

static struct parameter_fault take_mtrk(struct span value, const struct target *t)
{
    return mtrk_parse(value, t->mail->mtrk, &t->mail->mtrk_seconds)
               ? fine
               : bad("MTRK is certifier or certifier:seconds");
}

/* Atoms with dots between, of RFC 1845 2: no blanks, control bytes and specials of MIME. */
static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("()<>@,;:\\\"/[]?=", s.p[i]) ||
            (s.p[i] == '.' && (i == 0 || i + 1 == s.n || s.p[i - 1] == '.')))
            return false;
    return s.n > 0;
}

bool transid_valid(struct span text)
{
    if (text.n < 5 || text.n > TRANSID_MAX || text.p[0] != '<' || text.p[text.n - 1] != '>')
        return false;
    struct span inside = span_of(text.p + 1, text.n - 2);
    size_t at = span_find(inside, '@');
    return is_token(span_take(inside, at)) && is_token(span_skip(inside, at + 1));
}

static struct parameter_fault take_transid(struct span value, const struct target *t)
{
    return transid_valid(value) && span_copy(value, t->mail->transid, sizeof t->mail->transid)
               ? fine
               : bad("TRANSID is <id@domain> of up to 80 octets");
}

static struct parameter_fault take_solicit(struct span value, const struct target *t)
{
    t->mail->solicit = value;
    return solicit_valid(value) ? fine : bad("SOLICIT is a list of names");
}

/* ---- RCPT ---- */

/* By bit number. */
static const char *const notices[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};

enum { NOTICES = sizeof notices / sizeof *notices };

const char *notify_word(enum notify bit)
{
    for (unsigned i = 0; i < NOTICES; i++)
        if (bit == (enum notify)(1U << i))
            return notices[i];
    return NULL;
}

unsigned notify_bit(struct span word)
{
    for (unsigned i = 0; i < NOTICES; i++)
        if (word_is(word, notices[i]))
            return 1U << i;
    return 0;
}

static struct parameter_fault take_notify(struct span value, const struct target *t)
{
    struct span left = value, word;
    if (!value.n || value.p[value.n - 1] == ',')
        return bad("NOTIFY is NEVER, or of SUCCESS, FAILURE and DELAY");
    while (next_part(&left, ',', &word)) {
        unsigned bit = notify_bit(word);
        if (!bit || t->rcpt->notify & (bit | NOTIFY_NEVER) ||
            (bit == NOTIFY_NEVER && t->rcpt->notify))
            return bad("NOTIFY is NEVER, or of SUCCESS, FAILURE and DELAY");
        t->rcpt->notify |= bit;
    }
    return fine;
}

/* RFC 3461 4.2: address type, ';', the address as xtext (RFC 6533: utf-8 types may hold UTF-8). */
static struct parameter_fault take_orcpt(struct span value, const struct target *t)
{
    size_t type = span_find(value, ';');
    bool good = type && type < value.n - (value.n > 0);
    bool utf8 = t->offer & OFFER_UTF8 && word_is(span_take(value, type), "utf-8");
    for (size_t i = 0; good && i < type; i++)
        good = ascii_alnum(value.p[i]) || value.p[i] == '-';
    char plain[ORCPT_MAX + 1];
    for (size_t i = type; good && utf8 && i < value.n; i++)
        good = value.p[i] > ' ' && value.p[i] != 0x7f;
    if (!good || (!utf8 && !xtext_decode(span_skip(value, type + 1), plain, sizeof plain)) ||
        !span_copy(value, t->rcpt->orcpt, sizeof t->rcpt->orcpt))
        return bad("ORCPT is type;xtext");
    return fine;
}

/* ---- Both ---- */

static const struct word {
    const char *name;
    unsigned offer;
    bool rcpt;
    struct parameter_fault (*take)(struct span value, const struct target *t);
} words[] = {
    {"SIZE", OFFER_SIZE, false, take_size},      {"BODY", OFFER_BODY, false, take_body},
    {"SMTPUTF8", OFFER_UTF8, false, take_utf8},  {"RET", OFFER_DSN, false, take_ret},
    {"ENVID", OFFER_DSN, false, take_envid},     {"BY", OFFER_BY, false, take_by},
    {"AUTH", OFFER_AUTH, false, take_auth},      {"SOLICIT", OFFER_SOLICIT, false, take_solicit},
    {"MTRK", OFFER_MTRK, false, take_mtrk},
    {"TRANSID", OFFER_CHECKPOINT, false, take_transid},
    {"NOTIFY", OFFER_DSN, true, take_notify},    {"ORCPT", OFFER_DSN, true, take_orcpt},
};

enum { WORDS = sizeof words / sizeof *words };

/* The next "KEYWORD[=value]"; false at the end. */
static bool next_parameter(struct span *left, struct span *key, struct span *value)
{
    *left = span_trim(*left);
    if (!left->n)
        return false;
    struct span word = span_take(*left, span_find(*left, ' '));
    *left = span_skip(*left, word.n);
    *key = span_take(word, span_find(word, '='));
    *value = span_skip(word, key->n + 1);
    return true;
}

static struct parameter_fault parse(struct span text, const struct target *t)
{
    struct parameter_fault fault = fine;
    struct span key, value;
    unsigned seen = 0;
    if (text.n && text.p[0] != ' ')
        return bad("blank missing behind the path");
    while (!fault.code && next_parameter(&text, &key, &value)) {
        unsigned i = 0;
        while (i < WORDS && (words[i].rcpt != (t->rcpt != NULL) || !(words[i].offer & t->offer) ||
                             !word_is(key, words[i].name)))
            i++;
        fault = i == WORDS ? unknown : seen >> i & 1 ? twice : words[i].take(value, t);
        seen |= 1U << i;
    }
    return fault;
}

struct parameter_fault mail_parameters_parse(struct span text, unsigned offer,
                                             struct mail_parameters *out)
{
    *out = (struct mail_parameters){0};
    struct parameter_fault fault = parse(text, &(struct target){offer, out, NULL});
    /* RFC 3885 3.1: it is the envelope's ID by which it will be asked for. */
    if (!fault.code && *out->mtrk && !*out->envid)
        fault = bad("MTRK needs ENVID");
    return fault;
}

struct parameter_fault rcpt_parameters_parse(struct span text, unsigned offer,
                                             struct rcpt_parameters *out)
{
    *out = (struct rcpt_parameters){0};
    return parse(text, &(struct target){offer, NULL, out});
}
