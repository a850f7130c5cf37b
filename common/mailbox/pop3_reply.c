#include "mailbox/pop3_reply.h"

#include <string.h>

/* The states within a mail name the bytes of a possible end that have been seen. */
enum {
    IDLE,
    STATUS,
    LINES,
    BODY_START, /* at the start of a line */
    BODY,
    BODY_CR,
    BODY_DOT,    /* CR LF . */
    BODY_DOT_CR, /* CR LF . CR */
};

void pop3_init(struct pop3_parser *p)
{
    p->in = span_of(NULL, 0);
    p->state = IDLE;
    p->line_n = 0;
    p->expect = POP3_SINGLE;
}

void pop3_expect(struct pop3_parser *p, enum pop3_expect expect)
{
    p->expect = expect;
    p->state = STATUS;
    p->line_n = 0;
}

void pop3_push(struct pop3_parser *p, struct span bytes)
{
    p->in = bytes;
}

/* The next whole line without its end. ERR_NO: it has not all come. */
static enum err take_line(struct pop3_parser *p, struct span *line)
{
    size_t end = span_find(p->in, '\n');
    size_t n = end == p->in.n ? end : end + 1;
    if (p->line_n + n > sizeof p->line)
        return ERR_PROTOCOL;
    memcpy(p->line + p->line_n, p->in.p, n);
    p->line_n += n;
    p->in = span_skip(p->in, n);
    if (end + 1 != n)
        return ERR_NO;
    n = p->line_n - 1;
    if (n && p->line[n - 1] == '\r')
        n--;
    *line = span_of(p->line, n);
    p->line_n = 0;
    return ERR_NONE;
}

static enum err status(struct pop3_parser *p, struct span line, struct pop3_event *event)
{
    struct span ok = span_str("+OK"), no = span_str("-ERR");
    bool good = span_starts_nocase(line, ok);
    if (!good && !span_starts_nocase(line, no))
        return ERR_PROTOCOL;
    struct span text = span_skip(line, good ? ok.n : no.n);
    if (text.n && text.p[0] != ' ')
        return ERR_PROTOCOL;
    event->kind = good ? POP3_OK : POP3_ERR;
    event->text = span_trim(text);
    if (!good || p->expect == POP3_SINGLE)
        p->state = IDLE;
    else
        p->state = p->expect == POP3_LIST ? LINES : BODY_START;
    return ERR_NONE;
}

static enum err by_line(struct pop3_parser *p, struct pop3_event *event)
{
    struct span line;
    enum err e = take_line(p, &line);
    if (e)
        return e == ERR_NO ? ERR_NONE : e;
    if (p->state == STATUS)
        return status(p, line, event);
    event->kind = POP3_LINE;
    event->text = line;
    if (line.n && line.p[0] == '.') {
        event->text = span_skip(line, 1);
        if (line.n == 1) {
            event->kind = POP3_END;
            p->state = IDLE;
        }
    }
    return ERR_NONE;
}

static struct pop3_event bytes(const void *at, size_t n)
{
    return (struct pop3_event){POP3_BYTES, span_of(at, n)};
}

/* The run of bytes up to the next CR, as they stand. */
static void plain(struct pop3_parser *p, struct pop3_event *event)
{
    size_t n = span_find(p->in, '\r');
    *event = bytes(p->in.p, n);
    p->in = span_skip(p->in, n);
    p->state = BODY;
}

/* One byte after a CR, or after the start of a line; gives what had been held back. */
static void after_mark(struct pop3_parser *p, uint8_t c, struct pop3_event *event)
{
    switch (p->state) {
    case BODY_CR:
        if (c == '\n') {
            *event = bytes("\n", 1);
            p->state = BODY_START;
            p->in = span_skip(p->in, 1);
        } else {
            *event = bytes("\r", 1); /* a lone one; c is looked at anew */
            p->state = BODY;
        }
        return;
    case BODY_DOT:
        p->state = c == '\r' ? BODY_DOT_CR : BODY; /* the stuffed dot goes */
        if (c == '\r')
            p->in = span_skip(p->in, 1);
        return;
    case BODY_DOT_CR:
        if (c == '\n') {
            event->kind = POP3_END;
            p->state = IDLE;
            p->in = span_skip(p->in, 1);
        } else {
            *event = bytes("\r", 1);
            p->state = BODY;
        }
        return;
    default: /* BODY_START */
        p->state = c == '.' ? BODY_DOT : BODY;
        if (c == '.')
            p->in = span_skip(p->in, 1);
    }
}

static void of_mail(struct pop3_parser *p, struct pop3_event *event)
{
    while (p->in.n && event->kind == POP3_NEED_MORE) {
        uint8_t c = p->in.p[0];
        if (p->state != BODY) {
            after_mark(p, c, event);
        } else if (c == '\r') {
            p->state = BODY_CR;
            p->in = span_skip(p->in, 1);
        } else {
            plain(p, event);
        }
    }
}

enum err pop3_next(struct pop3_parser *p, struct pop3_event *event)
{
    *event = (struct pop3_event){POP3_NEED_MORE, {NULL, 0}};
    if (p->in.n == 0)
        return ERR_NONE;
    if (p->state == IDLE)
        return ERR_PROTOCOL;
    if (p->state == STATUS || p->state == LINES)
        return by_line(p, event);
    of_mail(p, event);
    return ERR_NONE;
}
