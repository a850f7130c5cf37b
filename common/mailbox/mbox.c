#include "mailbox/mbox.h"

#include "tool/io.h"

#include <stdlib.h>
#include <string.h>

static const char word[] = "From ";

struct state {
    struct writer w;
    bool start;    /* at the start of a line, or behind its marks */
    size_t held;   /* bytes of the word that have matched there and are not yet written */
    uint8_t last;
    uint8_t in[65536];
};

static void put(struct state *s, uint8_t c)
{
    s->last = c;
    if (s->start && c == (uint8_t)word[s->held]) {
        if (++s->held < sizeof word - 1)
            return;
        writer_add(&s->w, ">", 1);
        writer_add(&s->w, word, s->held);
        s->start = false;
        s->held = 0;
        return;
    }
    if (s->held)
        writer_add(&s->w, word, s->held);
    s->start = c == '\n' || (s->start && s->held == 0 && c == '>');
    s->held = 0;
    writer_add(&s->w, &c, 1);
}

static void put_first_line(struct state *s, const char *from, time_t when)
{
    struct tm tm;
    char date[40];
    if (!*from || strpbrk(from, " \t\r\n"))
        from = "MAILER-DAEMON";
    gmtime_r(&when, &tm);
    size_t n = strftime(date, sizeof date, " %a %b %e %H:%M:%S %Y\n", &tm);
    writer_add(&s->w, word, sizeof word - 1);
    writer_add(&s->w, from, strlen(from));
    writer_add(&s->w, date, n);
}

enum err mbox_put(int in, int out, const char *from, time_t when, struct why *why)
{
    struct state *s = calloc(1, sizeof *s);
    size_t got;
    enum err e;
    if (!s)
        return why_set(why, ERR_OS, "out of memory");
    writer_init(&s->w, out);
    s->start = true;
    put_first_line(s, from, when);
    while (!(e = io_read(in, s->in, sizeof s->in, &got, why)) && got)
        for (size_t i = 0; i < got; i++)
            put(s, s->in[i]);
    writer_add(&s->w, word, s->held);
    writer_add(&s->w, "\n\n", s->last == '\n' ? 1 : 2);
    if (!e)
        e = writer_flush(&s->w, why);
    free(s);
    return e;
}
