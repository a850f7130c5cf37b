#include "mailbox/imap_response.h"

enum { LINE, LITERAL, MAIL, MAIL_END };

void imap_init(struct imap_parser *p)
{
    *p = (struct imap_parser){.state = LINE};
    buf_init(&p->response, IMAP_RESPONSE_MAX);
}

void imap_release(struct imap_parser *p)
{
    buf_release(&p->response);
}

void imap_push(struct imap_parser *p, struct span bytes)
{
    p->in = bytes;
}

/* Does the line end in {N}? *start is the brace's place in it. ERR_NO: it does not. */
static enum err literal_at_end(struct span line, uint64_t *n, size_t *start)
{
    if (line.n < 3 || line.p[line.n - 1] != '}')
        return ERR_NO;
    size_t at = line.n - 1;
    while (at && ascii_digit(line.p[at - 1]))
        at--;
    if (at == 0 || at == line.n - 1 || line.p[at - 1] != '{')
        return ERR_NO;
    *start = at - 1;
    struct span digits = span_of(line.p + at, line.n - 1 - at);
    return span_number(digits, (uint64_t)1 << 40, n) ? ERR_NONE : ERR_PROTOCOL;
}

static bool ends_in(struct span s, const char *word)
{
    struct span w = span_str(word);
    return s.n >= w.n && span_eq_nocase(span_skip(s, s.n - w.n), w);
}

/* A line of a response is complete: is the response, or does a literal follow? */
static enum err line_done(struct imap_parser *p, struct imap_event *event)
{
    p->response.len -= p->response.len > p->line_start + 1 &&
                               p->response.data[p->response.len - 2] == '\r'
                           ? 2
                           : 1;
    struct span line = span_skip(buf_span(&p->response), p->line_start);
    size_t start;
    enum err e = literal_at_end(line, &p->literal, &start);
    if (e == ERR_NO) {
        event->kind = IMAP_RESPONSE;
        event->text = buf_span(&p->response);
        return ERR_NONE;
    }
    if (e)
        return e;
    struct span before = span_take(line, start);
    if (ends_in(before, "BODY[] ") || ends_in(before, "RFC822 ")) {
        p->response.len = p->line_start + start;
        p->state = MAIL;
        p->cr = false;
        *event = (struct imap_event){IMAP_BODY_BEGIN, {NULL, 0}, p->literal};
        return buf_add_str(&p->response, "\"\"");
    }
    if (p->literal > IMAP_RESPONSE_MAX)
        return ERR_PROTOCOL;
    p->state = LITERAL;
    return buf_add_str(&p->response, "\r\n");
}

static enum err gather_line(struct imap_parser *p, struct imap_event *event)
{
    size_t end = span_find(p->in, '\n');
    size_t n = end == p->in.n ? end : end + 1;
    enum err e = buf_add(&p->response, p->in.p, n);
    p->in = span_skip(p->in, n);
    if (e)
        return e == ERR_DATA ? ERR_PROTOCOL : e;
    if (end + 1 != n)
        return ERR_NONE;
    e = line_done(p, event);
    return e == ERR_DATA ? ERR_PROTOCOL : e;
}

static enum err gather_literal(struct imap_parser *p)
{
    struct span s = span_take(p->in, p->literal < p->in.n ? (size_t)p->literal : p->in.n);
    enum err e = buf_add_span(&p->response, s);
    p->in = span_skip(p->in, s.n);
    p->literal -= s.n;
    if (p->literal == 0) {
        p->state = LINE;
        p->line_start = p->response.len;
    }
    return e == ERR_DATA ? ERR_PROTOCOL : e;
}

/* The next bytes of the mail, line ends changed; a CR waits for what follows it. */
static void of_mail(struct imap_parser *p, struct imap_event *event)
{
    struct span s = span_take(p->in, p->literal < p->in.n ? (size_t)p->literal : p->in.n);
    if (p->cr) {
        p->cr = false;
        if (p->literal == 0 || s.p[0] != '\n') {
            *event = (struct imap_event){IMAP_BODY, span_of("\r", 1), 0};
            return;
        }
    }
    size_t n = span_find(s, '\r');
    if (n == 0 && s.n) {
        p->cr = true;
        n = 1;
    } else if (n) {
        *event = (struct imap_event){IMAP_BODY, span_take(s, n), 0};
    }
    p->in = span_skip(p->in, n);
    p->literal -= n;
    if (p->literal == 0 && !p->cr)
        p->state = MAIL_END;
}

static enum err step(struct imap_parser *p, struct imap_event *event)
{
    switch (p->state) {
    case LITERAL:
        return gather_literal(p);
    case MAIL:
        of_mail(p, event);
        return ERR_NONE;
    case MAIL_END:
        event->kind = IMAP_BODY_END;
        p->state = LINE;
        p->line_start = p->response.len;
        return ERR_NONE;
    default:
        return gather_line(p, event);
    }
}

/* There is something to do without more bytes. */
static bool is_ready(const struct imap_parser *p)
{
    return p->in.n || p->state == MAIL_END ||
           ((p->state == MAIL || p->state == LITERAL) && p->literal == 0);
}

enum err imap_next(struct imap_parser *p, struct imap_event *event)
{
    enum err e = ERR_NONE;
    *event = (struct imap_event){IMAP_NEED_MORE, {NULL, 0}, 0};
    /* The response that the last call gave out is over now. */
    if (p->line_start == SIZE_MAX) {
        buf_clear(&p->response);
        p->line_start = 0;
    }
    while (!e && event->kind == IMAP_NEED_MORE && is_ready(p))
        e = step(p, event);
    if (event->kind == IMAP_RESPONSE)
        p->line_start = SIZE_MAX;
    return e;
}

static struct imap_token quoted(struct span *rest)
{
    size_t n = 1;
    while (n < rest->n && rest->p[n] != '"')
        n += rest->p[n] == '\\' ? 2 : 1;
    if (n >= rest->n)
        return (struct imap_token){IMAP_BAD, {NULL, 0}};
    struct imap_token t = {IMAP_STRING, span_of(rest->p + 1, n - 1)};
    *rest = span_skip(*rest, n + 1);
    return t;
}

static struct imap_token literal(struct span *rest)
{
    struct imap_token bad = {IMAP_BAD, {NULL, 0}};
    struct span line = span_take(*rest, span_find(*rest, '\r'));
    uint64_t n;
    size_t start;
    if (literal_at_end(line, &n, &start) != ERR_NONE || start != 0)
        return bad;
    *rest = span_skip(*rest, line.n + 2);
    if (n > rest->n)
        return bad;
    struct imap_token t = {IMAP_STRING, span_take(*rest, (size_t)n)};
    *rest = span_skip(*rest, (size_t)n);
    return t;
}

/* An atom ends at blank or parenthesis; but what stands in brackets belongs to it. */
static struct imap_token atom(struct span *rest)
{
    size_t n = 0;
    unsigned brackets = 0;
    for (; n < rest->n; n++) {
        uint8_t c = rest->p[n];
        if (c == '[')
            brackets++;
        else if (c == ']' && brackets)
            brackets--;
        else if (!brackets && (c == ' ' || c == '(' || c == ')' || c == '"'))
            break;
    }
    struct imap_token t = {n ? IMAP_ATOM : IMAP_BAD, span_take(*rest, n)};
    *rest = span_skip(*rest, n);
    return t;
}

struct imap_token imap_token(struct span *rest)
{
    while (rest->n && rest->p[0] == ' ')
        *rest = span_skip(*rest, 1);
    if (rest->n == 0)
        return (struct imap_token){IMAP_END, {NULL, 0}};
    switch (rest->p[0]) {
    case '(':
    case ')': {
        struct imap_token t = {rest->p[0] == '(' ? IMAP_OPEN : IMAP_CLOSE, span_take(*rest, 1)};
        *rest = span_skip(*rest, 1);
        return t;
    }
    case '"':
        return quoted(rest);
    case '{':
        return literal(rest);
    default:
        return atom(rest);
    }
}

bool imap_is(const struct imap_token *t, const char *word)
{
    return t->kind == IMAP_ATOM && span_eq_nocase(t->text, span_str(word));
}

bool imap_skip(struct span *rest)
{
    size_t depth = 0;
    do {
        struct imap_token t = imap_token(rest);
        if (t.kind == IMAP_END || t.kind == IMAP_BAD || (t.kind == IMAP_CLOSE && depth == 0))
            return false;
        if (t.kind == IMAP_OPEN)
            depth++;
        else if (t.kind == IMAP_CLOSE)
            depth--;
    } while (depth);
    return true;
}
