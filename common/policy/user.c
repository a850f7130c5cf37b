#include "policy/user.h"

#include "bytes/utf8.h"

#include <stdio.h>
#include <string.h>

bool user_code_valid(struct span s)
{
    if (s.n == 0 || s.n > USER_CODE_MAX || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
            return false;
    /* That part of the spool is the station's. */
    return !span_eq_nocase(s, span_str("postmaster"));
}

/* UTF-8 without control characters (C0, DEL, C1) and line separators. */
static bool printable(struct span s)
{
    while (s.n) {
        uint32_t point;
        size_t n = utf8_char(s, &point);
        if (n == 0 || point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
            point == 0x2029)
            return false;
        s = span_skip(s, n);
    }
    return true;
}

static bool text(struct span s, char *out, size_t n)
{
    s = span_trim(s);
    return printable(s) && span_copy(s, out, n);
}

static bool code(struct span s, char *out, size_t n)
{
    return user_code_valid(s) && span_copy(s, out, n);
}

/* A quoted local part's length with its quotes, 0 when it does not close. */
static size_t quoted(struct span s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return i + 1;
    }
    return 0;
}

static bool domain_valid(struct span s)
{
    if (s.n == 0 || s.n > 255 || s.p[0] == '.' || s.p[0] == '-' || s.p[s.n - 1] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool literal = s.p[0] == '[' && (c == '[' || c == ']' || c == ':');
        if (!ascii_alnum(c) && c != '-' && c != '.' && c < 0x80 && !literal)
            return false;
        if (c == '.' && s.p[i - 1] == '.')
            return false;
    }
    return s.p[0] != '[' || s.p[s.n - 1] == ']';
}

bool user_address_valid(struct span s)
{
    size_t local = s.n && s.p[0] == '"' ? quoted(s) : span_find(s, '@');
    if (!printable(s) || local == 0 || local > 64 || local >= s.n || s.p[local] != '@')
        return false;
    for (size_t i = 0; s.p[0] != '"' && i < local; i++)
        if (strchr(" ,;:<>()[]\\\"", s.p[i]))
            return false;
    return domain_valid(span_skip(s, local + 1));
}

/* Takes a source route, "@ONE,@TWO:", off a path. False: something else begins with '@'. */
static bool skip_route(struct span *path)
{
    while (path->n && path->p[0] == '@') {
        size_t comma = span_find(*path, ','), colon = span_find(*path, ':');
        size_t n = comma < colon ? comma : colon;
        if (n == path->n || !domain_valid(span_of(path->p + 1, n - 1)))
            return false;
        bool more = path->p[n] == ',';
        *path = span_skip(*path, n + 1);
        if (!more)
            return path->n > 0 && path->p[0] != '@';
        if (!path->n || path->p[0] != '@')
            return false;
    }
    return true;
}

bool user_member_valid(struct span s)
{
    size_t angle = span_find(s, '<');
    if (angle == s.n)
        return user_address_valid(s);
    struct span path = span_skip(s, angle + 1);
    if (!printable(s) || s.n > USER_TEXT_MAX + USER_ADDRESS_MAX || path.n < 2 ||
        path.n > USER_ADDRESS_MAX || path.p[path.n - 1] != '>')
        return false;
    path.n--;
    return skip_route(&path) && user_address_valid(path);
}

static bool address(struct span s, char *out, size_t n)
{
    s = span_trim(s);
    return user_address_valid(s) && span_copy(s, out, n);
}

/* What separates digits for the eye goes: +81 (75) 123-4567. */
static bool fax_number(struct span s, char *out, size_t n)
{
    size_t digits = 0, used = 0;
    s = span_trim(s);
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/')
            continue;
        if ((!ascii_digit(c) && !(c == '+' && used == 0)) || used + 1 >= n)
            return false;
        digits += ascii_digit(c);
        out[used++] = (char)c;
    }
    out[used] = '\0';
    return digits > 0;
}

/* scheme://host… with one of the schemes, no password in it, no blank. */
static bool url_of(struct span s, const char *const *schemes, char *out, size_t n)
{
    s = span_trim(s);
    for (; *schemes; schemes++) {
        if (!span_starts_nocase(s, span_str(*schemes)))
            continue;
        struct span rest = span_skip(s, strlen(*schemes));
        struct span host = span_take(rest, span_find(rest, '/'));
        size_t at = span_find(host, '@');
        if (at < host.n && span_find(span_take(host, at), ':') < at)
            return false;
        if (at < host.n)
            host = span_skip(host, at + 1);
        return host.n > 0 && span_find(s, ' ') == s.n && printable(s) && span_copy(s, out, n);
    }
    return false;
}

static bool mailbox(struct span s, char *out, size_t n)
{
    static const char *const schemes[] = {"pop3://", "pop3s://", "imap://", "imaps://", NULL};
    return url_of(s, schemes, out, n);
}

static bool submit(struct span s, char *out, size_t n)
{
    static const char *const schemes[] = {"smtp://", "smtps://", "lmtp://", NULL};
    return url_of(s, schemes, out, n);
}

static bool sub_address(struct span s, char *out, size_t n)
{
    s = span_trim(s);
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && s.p[i] != '#' && s.p[i] != '*')
            return false;
    return span_copy(s, out, n);
}

static bool unix_user(struct span s, char *out, size_t n)
{
    s = span_trim(s);
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alnum(s.p[i]) && s.p[i] != '_' && (i == 0 || (s.p[i] != '-' && s.p[i] != '.')))
            return false;
    return span_copy(s, out, n);
}

static bool language(struct span s, char *out, size_t n)
{
    s = span_trim(s);
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
            return false;
    return span_copy(s, out, n);
}

/* Any of blanks and commas between; lower case. */
static bool domains(struct span s, char *out, size_t n)
{
    size_t used = 0;
    while (s.n) {
        size_t k = 0;
        while (k < s.n && s.p[k] != ' ' && s.p[k] != ',')
            k++;
        struct span one = span_take(s, k);
        s = span_skip(s, k + 1);
        if (one.n == 0)
            continue;
        if (!domain_valid(one) || !printable(one) || used + one.n + 2 > n)
            return false;
        if (used)
            out[used++] = ' ';
        for (size_t i = 0; i < one.n; i++)
            out[used++] = (char)ascii_lower(one.p[i]);
    }
    out[used] = '\0';
    return true;
}

#define TEXT(n, field, check, words)                                                              \
    {.name = n, .kind = COLUMN_TEXT, AT_(field), .valid = check, .expect = words, .sql = #field}
#define AT_(field) .offset = offsetof(struct user, field), .size = sizeof(((struct user *)0)->field)
#define SWITCH(n, field)                                                                          \
    {.name = n, .kind = COLUMN_SWITCH, AT_(field), .expect = "on or off", .sql = #field}
#define NUMBER(n, field, low, high, said)                                                         \
    {.name = n, .kind = COLUMN_NUMBER, AT_(field), .min = low, .max = high, .expect = said,       \
     .sql = #field}
#define WORD(n, field, list, said)                                                                \
    {.name = n, .kind = COLUMN_WORD, AT_(field), .words = list, .expect = said, .sql = #field}

static const char an_address[] = "a mail address";
static const char a_text[] = "text without control bytes, or too long";

const struct column user_columns[USER_COLUMNS] = {
    TEXT("code", code, code, "1 to 16 letters, digits, - and _ other than postmaster"),
    TEXT("name", name, text, a_text),
    TEXT("address", address, address, an_address),
    TEXT("fax-number", fax_number, fax_number, "a telephone number"),
    TEXT("login", login, text, a_text),
    TEXT("mailbox", mailbox, mailbox, "a pop3, pop3s, imap or imaps URL without a password"),
    TEXT("submit", submit, submit, "an smtp, smtps or lmtp URL without a password"),
    SWITCH("auto-receive", auto_receive),
    SWITCH("auto-print", auto_print),
    NUMBER("days", days, 1, 31, "1 to 31"),
    SWITCH("check-on-send", check_on_send),
    SWITCH("text-mail", text_mail),
    SWITCH("encrypt", encrypt),
    WORD("on-expiry", on_expiry, "print delete forward", "print, delete or forward"),
    WORD("notice", notice, "print mail none", "print, mail or none"),
    SWITCH("keep", keep),
    NUMBER("keep-days", keep_days, 0, 3650, "0 to 3650"),
    TEXT("printer", printer, text, a_text),
    TEXT("follow", follow, address, an_address),
    TEXT("expiry-address", expiry_address, address, an_address),
    WORD("mdn", mdn, "never on-print", "never or on-print"),
    SWITCH("sealed", sealed),
    TEXT("sub-address", sub_address, sub_address, "digits, # and *"),
    TEXT("unix-user", unix_user, unix_user, "the name of a system user"),
    TEXT("domains", domains, domains, "a list of domains"),
    TEXT("language", language, language, "a language tag such as de or pt-BR"),
    TEXT("password-command", password_command, text, a_text),
};

const struct column *user_column(struct span name)
{
    for (size_t i = 0; i < USER_COLUMNS; i++)
        if (span_eq(name, span_str(user_columns[i].name)))
            return &user_columns[i];
    return NULL;
}

void user_defaults(struct user *u)
{
    memset(u, 0, sizeof *u);
    u->days = 7;
    u->on_expiry = ON_EXPIRY_PRINT;
    u->notice = NOTICE_PRINT;
    u->mdn = MDN_NEVER;
}

bool user_switch(struct span s, bool *on)
{
    static const char *const words[] = {"off", "on", "no", "yes", "n", "y"};
    s = span_trim(s);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (span_eq_nocase(s, span_str(words[i]))) {
            *on = i & 1;
            return true;
        }
    }
    return false;
}

static bool word_index(const char *words, struct span s, int *index)
{
    struct span rest = span_str(words);
    for (*index = 0; rest.n; ++*index) {
        size_t n = span_find(rest, ' ');
        if (span_eq_nocase(span_take(rest, n), s))
            return true;
        rest = span_skip(rest, n + 1);
    }
    return false;
}

static struct span word_at(const char *words, int index)
{
    struct span rest = span_str(words);
    while (index-- > 0)
        rest = span_skip(rest, span_find(rest, ' ') + 1);
    return span_take(rest, span_find(rest, ' '));
}

static bool set_value(struct user *u, const struct column *c, struct span value)
{
    void *field = (char *)u + c->offset;
    uint64_t number = 0;
    int index;
    /* A text is made beside the row, so that what fails changes nothing. */
    char made[USER_LONG_MAX + 1] = "";
    switch (c->kind) {
    case COLUMN_SWITCH:
        return user_switch(value, field);
    case COLUMN_NUMBER:
        if (!span_number(span_trim(value), (uint64_t)c->max, &number) || (int)number < c->min)
            return false;
        *(int *)field = (int)number;
        return true;
    case COLUMN_WORD:
        if (!word_index(c->words, span_trim(value), &index))
            return false;
        *(int *)field = index;
        return true;
    default:
        if ((value.n || c == user_columns) && !c->valid(value, made, c->size))
            return false;
        memcpy(field, made, c->size);
        return true;
    }
}

enum err user_set(struct user *u, const struct column *c, struct span value, struct why *why)
{
    if (set_value(u, c, value))
        return ERR_NONE;
    /* A URL may hold a password, which must not be said again. */
    struct span shown = span_take(value, c->valid == mailbox || c->valid == submit ? 0 : 80);
    return why_set(why, ERR_USAGE, "%s: %.*s%snot %s", c->name, (int)shown.n,
                   shown.n ? (const char *)shown.p : "", shown.n ? ": " : "", c->expect);
}

enum err user_text(const struct user *u, const struct column *c, struct buf *out)
{
    const void *field = (const char *)u + c->offset;
    switch (c->kind) {
    case COLUMN_SWITCH:
        return buf_add_str(out, *(const bool *)field ? "on" : "off");
    case COLUMN_NUMBER:
        return buf_add_format(out, "%d", *(const int *)field);
    case COLUMN_WORD:
        return buf_add_span(out, word_at(c->words, *(const int *)field));
    default:
        return buf_add_str(out, field);
    }
}

enum err user_default_text(struct span pattern, struct span login, struct buf *out)
{
    enum err e = ERR_NONE;
    while (pattern.n && !e) {
        size_t n = span_find(pattern, '%');
        e = buf_add_span(out, span_take(pattern, n));
        if (e || n == pattern.n)
            break;
        if (n + 1 == pattern.n)
            return ERR_DATA;
        uint8_t c = pattern.p[n + 1];
        if (c == 'l')
            e = buf_add_span(out, login);
        else
            e = c == '%' ? buf_add_byte(out, '%') : ERR_DATA;
        pattern = span_skip(pattern, n + 2);
    }
    return e;
}
