#include "text/open.h"

#include "mime/kind.h"
#include "text/convert.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <string.h>

const char *mail_shown(const struct mail_open *m)
{
    return m->path && strcmp(m->path, "-") != 0 ? m->path : "stdin";
}

/* Warns of what was repaired in a part that has ended; of so many parts, and then counts. */
static enum err judge(const struct mail_open *m, const struct mime_part *part, unsigned *repaired,
                      struct why *why)
{
    enum { TOLD = 20 };
    char words[512];
    if (!mime_defective(&part->defects))
        return ERR_NONE;
    if (!m->strict && ++*repaired > TOLD) {
        if (*repaired == TOLD + 1)
            diag_warn("%s: more than %d parts were repaired", mail_shown(m), TOLD);
        return ERR_NONE;
    }
    mime_defects_words(&part->defects, words, sizeof words);
    const char *number = part->number[0] ? part->number : "the whole";
    if (m->strict)
        return why_set(why, ERR_DATA, "part %s: %s", number, words);
    diag_warn("%s: part %s: repaired: %s", mail_shown(m), number, words);
    return ERR_NONE;
}

static enum err read_more(int fd, struct mime_parser *p, uint64_t *total, struct why *why)
{
    static uint8_t chunk[65536];
    size_t got;
    enum err e = io_read(fd, chunk, sizeof chunk, &got, why);
    if (e)
        return e;
    if (got) {
        *total += got;
        diag_progress("%llu MiB read", (unsigned long long)(*total >> 20));
        mime_parser_push(p, span_of(chunk, got));
    } else if (*total) {
        mime_parser_end(p);
    } else {
        return why_set(why, ERR_DATA, "empty input");
    }
    return ERR_NONE;
}

/* The rest is read all the same, so that who writes it to us does not die of a closed pipe. */
static void drain(int fd)
{
    uint8_t chunk[4096];
    size_t got;
    while (!io_read(fd, chunk, sizeof chunk, &got, NULL) && got)
        ;
}

static enum err parse(const struct mail_open *m, int fd, mail_event_fn *fn, void *ctx,
                      struct why *why)
{
    struct mime_converter conv = {text_convert_mime, NULL};
    struct mime_options options = {.conv = &conv, .opaque = m->wanted.number};
    const char *type = m->wanted.type ? m->wanted.type : "";
    options.opaque_tnef = span_eq_nocase(span_str(type), span_str("application/ms-tnef")) ||
                          span_eq_nocase(span_str(type), span_str("application/vnd.ms-tnef"));
    struct mime_parser p;
    struct mime_event event;
    bool stop = false, done = false;
    uint64_t total = 0;
    unsigned repaired = 0;
    enum err e = ERR_NONE;
    mime_parser_init(&p, &options);
    while (!e && !stop && !done) {
        if ((e = mime_parser_next(&p, &event))) {
            why_set(why, e, "%s", mime_parser_why(&p)->text);
        } else if (event.kind == MIME_NEED_MORE) {
            e = read_more(fd, &p, &total, why);
        } else {
            done = event.kind == MIME_END;
            if (event.kind == MIME_PART_END)
                e = judge(m, event.part, &repaired, why);
            if (!e)
                e = fn(ctx, &event, &stop, why);
        }
    }
    diag_trace("%s: %llu octets read", mail_shown(m), (unsigned long long)total);
    mime_parser_release(&p);
    if (stop && !e)
        drain(fd);
    return e;
}

enum err mail_each(const struct mail_open *m, mail_event_fn *fn, void *ctx, struct why *why)
{
    int fd;
    enum err e = io_open(m->path, &fd, why);
    if (e)
        return e;
    e = parse(m, fd, fn, ctx, why);
    io_close(fd, NULL);
    return e;
}

/* ---- one part ---- */

struct extract {
    const struct mail_open *m;
    struct outfile out;
    struct writer writer;
    enum { LOOKING, DECIDING, WRITING, WRITTEN } state;
    uint8_t first[4]; /* of a part that is judged by its content */
    size_t first_n;
    uint64_t size;
    bool empty_seen;
};

static void take_body(struct extract *x, struct span s)
{
    while (x->state == DECIDING && s.n) {
        x->first[x->first_n++] = s.p[0];
        s = span_skip(s, 1);
        if (x->first_n == sizeof x->first) {
            bool fax = mime_content_is_tiff(span_of(x->first, sizeof x->first));
            x->state = fax ? WRITING : LOOKING;
            if (fax)
                writer_add(&x->writer, x->first, sizeof x->first);
            x->size = sizeof x->first;
        }
    }
    if (x->state == WRITING) {
        writer_add(&x->writer, s.p, s.n);
        x->size += s.n;
    }
}

static enum err extract_event(void *ctx, const struct mime_event *event, bool *stop,
                              struct why *why)
{
    struct extract *x = ctx;
    (void)stop;
    if (event->kind == MIME_PART_BEGIN && (x->state == LOOKING || x->state == DECIDING)) {
        enum mime_choice choice = mime_choose(&x->m->wanted, event->part);
        x->first_n = 0;
        x->size = 0;
        x->state = choice == MIME_CHOICE_NO ? LOOKING
                   : choice == MIME_CHOICE_YES ? WRITING : DECIDING;
    } else if (event->kind == MIME_BODY && x->state != LOOKING && x->state != WRITTEN) {
        take_body(x, event->body);
        if (x->writer.err)
            return why_set(why, x->writer.err, "%s", x->writer.why.text);
    } else if (event->kind == MIME_PART_END && x->state == WRITING) {
        bool fax = !x->m->wanted.number && !x->m->wanted.type;
        /* An empty image is none: another part may have it. */
        x->state = fax && x->size == 0 ? LOOKING : WRITTEN;
        x->empty_seen |= x->state == LOOKING;
    } else if (event->kind == MIME_PART_END && x->state == DECIDING) {
        x->state = LOOKING;
    }
    return ERR_NONE;
}

enum err mail_extract(const struct mail_open *m)
{
    static struct extract x;
    struct why why = {""};
    x = (struct extract){.m = m, .state = LOOKING};
    enum err e = outfile_open(&x.out, m->output, &why);
    if (e)
        return diag_fail(e, &why, "%s", m->output);
    writer_init(&x.writer, x.out.fd);
    e = mail_each(m, extract_event, &x, &why);
    if (!e)
        e = writer_flush(&x.writer, &why);
    if (!e && x.state != WRITTEN) {
        outfile_abort(&x.out);
        if (x.empty_seen)
            return diag_fail(ERR_DATA, NULL, "%s: the image is empty", mail_shown(m));
        diag_warn("%s: no such part", mail_shown(m));
        return ERR_NO;
    }
    if (!e)
        e = outfile_commit(&x.out, &why);
    else
        outfile_abort(&x.out);
    return diag_fail(e, &why, "%s", mail_shown(m));
}
