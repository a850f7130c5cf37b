#include "net/handshake.h"

#include <stdio.h>
#include <string.h>

void handshake_init(struct handshake *h, enum url_scheme scheme)
{
    memset(h, 0, sizeof *h);
    h->scheme = scheme;
    buf_init(&h->capabilities, HANDSHAKE_MAX);
    buf_init(&h->pending, HANDSHAKE_MAX);
}

void handshake_release(struct handshake *h)
{
    buf_release(&h->capabilities);
    buf_release(&h->pending);
}

static struct span without_end(struct span line)
{
    while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    return line;
}

/* What is over the cap is not kept: a capability we do not know of is only one we do not use. */
static void keep(struct buf *list, struct span line)
{
    if (line.n < list->max - list->len && !buf_add_span(list, line))
        (void)buf_add_byte(list, '\n');
}

static bool is_code(struct span line)
{
    return line.n >= 3 && ascii_digit(line.p[0]) && ascii_digit(line.p[1]) &&
           ascii_digit(line.p[2]) && (line.n == 3 || line.p[3] == ' ' || line.p[3] == '-');
}

static void smtp_line(struct handshake *h, struct span line)
{
    if (!is_code(line)) {
        h->bad = true;
        return;
    }
    bool first = !h->more;
    h->more = line.n > 3 && line.p[3] == '-';
    /* 220 is the greeting or the answer to STARTTLS: what was said before no longer counts. */
    if (first && (line.p[0] != '3' && !span_starts(line, span_str("235"))))
        buf_clear(&h->capabilities);
    if (!h->more && span_starts(line, span_str("220"))) {
        h->started_tls = h->greeted;
        h->greeted = true;
    }
    if (span_starts(line, span_str("250")))
        keep(&h->capabilities, span_skip(line, 4));
}

static void pop3_line(struct handshake *h, struct span line)
{
    if (span_eq(line, span_str("."))) {
        struct buf list = h->capabilities;
        h->capabilities = h->pending;
        h->pending = list;
        buf_clear(&h->pending);
    } else if (span_starts(line, span_str("+OK")) || span_starts(line, span_str("-ERR"))) {
        buf_clear(&h->pending);
        if (span_starts_nocase(line, span_str("+OK begin tls")))
            buf_clear(&h->capabilities);
    } else if (!span_starts(line, span_str("+"))) {
        keep(&h->pending, line);
    }
}

/* "* CAPABILITY A B" or "… OK [CAPABILITY A B] words": the newest list counts. */
static void imap_line(struct handshake *h, struct span line)
{
    struct span word = span_str("CAPABILITY ");
    size_t at = 0;
    while (at + word.n <= line.n && !span_starts_nocase(span_skip(line, at), word))
        at++;
    if (at < 2 || at + word.n > line.n || (line.p[at - 1] != '[' && line.p[0] != '*'))
        return;
    line = span_skip(line, at + word.n);
    line = span_take(line, span_find(line, ']'));
    buf_clear(&h->capabilities);
    while (line.n) {
        size_t n = span_find(line, ' ');
        if (n)
            keep(&h->capabilities, span_take(line, n));
        line = span_skip(line, n + 1);
    }
}

void handshake_line(struct handshake *h, struct span line)
{
    line = without_end(line);
    int shown = line.n > 200 ? 200 : (int)line.n;
    snprintf(h->last, sizeof h->last, "%.*s", shown, (const char *)line.p);
    switch (h->scheme) {
    case URL_SMTP:
    case URL_SMTPS:
        smtp_line(h, line);
        break;
    case URL_POP3:
    case URL_POP3S:
        pop3_line(h, line);
        break;
    default:
        imap_line(h, line);
    }
}

unsigned handshake_code(const struct handshake *h)
{
    uint64_t code = 0;
    struct span line = span_str(h->last);
    if (!is_code(line) || !span_number(span_take(line, 3), 999, &code))
        return 0;
    return (unsigned)code;
}

bool handshake_logged_in(const struct handshake *h)
{
    return handshake_code(h) == 235;
}

static bool word_is(struct span line, const char *word)
{
    size_t n = strlen(word);
    return span_starts_nocase(line, span_str(word)) && (line.n == n || line.p[n] == ' ');
}

/* Only what is known to be harmless is shown: a new mechanism must not leak by being unknown. */
static size_t harmless(struct span line, bool from_server)
{
    static const char *const whole[] = {"EHLO", "HELO", "STARTTLS", "CAPA", "STLS", "QUIT"};
    if (from_server)
        return word_is(line, "334") ? 4 : word_is(line, "+") ? 2 : line.n;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (word_is(line, whole[i]))
            return line.n;
    if (word_is(line, "AUTH")) {
        size_t mechanism = span_find(span_skip(line, 5), ' ');
        return mechanism + 5 < line.n ? mechanism + 6 : line.n;
    }
    /* IMAP: a tag, then the command. */
    size_t tag = span_find(line, ' ');
    struct span rest = span_skip(line, tag + 1);
    if (word_is(rest, "CAPABILITY") || word_is(rest, "STARTTLS") || word_is(rest, "LOGOUT"))
        return line.n;
    if (word_is(rest, "AUTHENTICATE")) {
        size_t mechanism = span_find(span_skip(rest, 13), ' ');
        return tag + 1 + (mechanism + 13 < rest.n ? mechanism + 14 : rest.n);
    }
    return word_is(rest, "LOGIN") ? tag + 7 < line.n ? tag + 7 : line.n : 0;
}

void handshake_mask(struct span line, bool from_server, char *out, size_t size)
{
    line = without_end(line);
    size_t n = harmless(line, from_server);
    n = n > line.n ? line.n : n;
    int shown = n > 500 ? 500 : (int)n;
    snprintf(out, size, "%.*s%s", shown, (const char *)line.p, n < line.n ? "********" : "");
}
