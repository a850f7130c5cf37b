#include "net/mbox.h"

#include "tool/io.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the reader is within a line. */
enum place {
    START,     /* nothing of the line is known */
    QUOTED,    /* `>` so far: perhaps a quoted `From ` */
    SEPARATOR, /* a `From ` line: dropped */
    TEXT
};

struct splitter {
    enum place place;
    char head[64]; /* the line's first bytes while it is undecided */
    size_t head_n;
    bool blank;    /* the last line was empty, or there was none */
    bool blank_held; /* an empty line not written yet: it may belong to the next `From ` */
    char blank_line[2];
    size_t blank_n;
    bool any;
    uint64_t at;   /* bytes written to the spool */
    uint64_t begin;
    struct writer *out;
    struct buf *mails;
};

static const char from[] = "From ";
enum { FROM = sizeof from - 1 };

static void put(struct splitter *s, const void *p, size_t n)
{
    writer_add(s->out, p, n);
    s->at += n;
}

static void flush_blank(struct splitter *s)
{
    if (s->blank_held)
        put(s, s->blank_line, s->blank_n);
    s->blank_held = false;
}

static enum err end_mail(struct splitter *s, struct why *why)
{
    struct outgoing mail = {.start = s->begin, .length = s->at - s->begin};
    s->begin = s->at;
    s->blank_held = false;
    if (!s->any)
        return ERR_NONE;
    if (buf_add(s->mails, &mail, sizeof mail))
        return why_set(why, ERR_DATA, "more mails than can be sent at once");
    return ERR_NONE;
}

/* The line is no separator: what was kept of it goes out, one '>' less where it was quoted. */
static void decide_text(struct splitter *s, bool unquote)
{
    flush_blank(s);
    put(s, s->head + unquote, s->head_n - unquote);
    s->head_n = 0;
    s->place = TEXT;
}

/* Looks at the head of an undecided line, of which more may come. */
static enum err look(struct splitter *s, struct why *why)
{
    size_t quotes = 0;
    while (quotes < s->head_n && s->head[quotes] == '>')
        quotes++;
    size_t n = s->head_n - quotes < FROM ? s->head_n - quotes : FROM;
    if (memcmp(s->head + quotes, from, n) != 0) {
        decide_text(s, false);
    } else if (n == FROM && quotes) {
        decide_text(s, true);
    } else if (n == FROM && !s->blank) {
        decide_text(s, false);
    } else if (n == FROM) {
        enum err e = end_mail(s, why);
        s->head_n = 0;
        s->place = SEPARATOR;
        s->any = true;
        return e;
    } else if (s->head_n == sizeof s->head) {
        decide_text(s, false);
    }
    return ERR_NONE;
}

static enum err end_line(struct splitter *s, struct why *why)
{
    bool empty = s->place == START && (s->head_n == 0 || (s->head_n == 1 && *s->head == '\r'));
    if (!s->any && s->place != SEPARATOR)
        return why_set(why, ERR_DATA, "no mbox: the first line does not begin with `From '");
    if (empty) {
        flush_blank(s);
        memcpy(s->blank_line, s->head, s->head_n);
        s->blank_line[s->head_n] = '\n';
        s->blank_n = s->head_n + 1;
        s->blank_held = true;
    } else if (s->place != SEPARATOR) {
        if (s->place == START)
            decide_text(s, false);
        put(s, "\n", 1);
    }
    s->blank = empty;
    s->place = START;
    s->head_n = 0;
    return ERR_NONE;
}

static enum err split(struct splitter *s, struct span in, struct why *why)
{
    enum err e = ERR_NONE;
    while (in.n && !e) {
        if (*in.p == '\n') {
            e = end_line(s, why);
            in = span_skip(in, 1);
        } else if (s->place == START) {
            s->head[s->head_n++] = (char)*in.p;
            in = span_skip(in, 1);
            if (s->head_n > 1 || s->head[0] != '\r')
                e = look(s, why);
        } else {
            size_t n = span_find(in, '\n');
            if (s->place == TEXT)
                put(s, in.p, n);
            in = span_skip(in, n);
        }
    }
    return e;
}

static enum err split_all(int fd, struct splitter *s, struct why *why)
{
    uint8_t *piece = malloc(65536);
    size_t got;
    enum err e = piece ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    while (!e && !(e = io_read(fd, piece, 65536, &got, why)) && got)
        e = split(s, span_of(piece, got), why);
    free(piece);
    if (!e && (s->head_n || s->place != START))
        e = end_line(s, why);
    if (!e)
        e = end_mail(s, why);
    if (!e && !s->any)
        e = why_set(why, ERR_DATA, "the mbox is empty");
    return e;
}

/* Each mail's octets on the wire are counted where it lies now. */
static enum err measure(struct buf *mails, int fd, struct why *why)
{
    struct outgoing *list = (struct outgoing *)(void *)mails->data;
    enum err e = ERR_NONE;
    for (size_t i = 0; i < mails->len / sizeof *list && !e; i++) {
        list[i].fd = fd;
        e = outgoing_measure(&list[i], why);
    }
    return e;
}

enum err mbox_take(int fd, struct buf *mails, int *spooled, struct why *why)
{
    struct writer *out = malloc(sizeof *out);
    struct splitter s = {.blank = true, .out = out, .mails = mails};
    *spooled = -1;
    enum err e = out ? io_temp(spooled, why) : why_set(why, ERR_OS, "out of memory");
    if (!e) {
        writer_init(out, *spooled);
        e = split_all(fd, &s, why);
    }
    if (!e)
        e = writer_flush(out, why);
    if (!e)
        e = measure(mails, *spooled, why);
    free(out);
    if (e && *spooled >= 0) {
        close(*spooled);
        *spooled = -1;
    }
    return e;
}
