#include "print/job.h"

#include "print/pdfpages.h"
#include "print/printer.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct sink {
    const struct job_options *o;
    struct outfile file;
    struct outfile *files; /* PNG: one a page */
    unsigned file_count, pages;
    void *tiff;
};

static const struct { const char *name, *suffix; enum job_format format; } formats[] = {
    {"pdf", ".pdf", JOB_PDF},   {"png", ".png", JOB_PNG},    {"pbm", ".pbm", JOB_PBM},
    {"tiff", ".tif", JOB_TIFF}, {"tiff", ".tiff", JOB_TIFF}, {"text", ".txt", JOB_TEXT},
};

enum { FORMATS = sizeof formats / sizeof *formats };

bool job_format_parse(const char *name, enum job_format *format)
{
    for (size_t i = 0; i < FORMATS; i++) {
        if (strcmp(name, formats[i].name) == 0) {
            *format = formats[i].format;
            return true;
        }
    }
    return false;
}

enum job_format job_format_of(const char *output)
{
    for (size_t i = 0; i < FORMATS; i++) {
        size_t n = strlen(formats[i].suffix), size = strlen(output);
        if (size > n && strcmp(output + size - n, formats[i].suffix) == 0)
            return formats[i].format;
    }
    return JOB_PDF;
}

static enum err print_part(const struct job_options *o, struct press *press,
                           struct document_part *part, struct why *why)
{
    if (part->fd >= 0 && lseek(part->fd, 0, SEEK_SET) != 0)
        return why_errno(why, ERR_IO, "seek");
    switch (part->kind) {
    case DOCUMENT_TEXT:
        return press_text(press, buf_span(&part->text), why);
    case DOCUMENT_PDF:
        return pdf_pages(press, part->fd, why);
    default:
        return o->fax->read(press, part->fd, why);
    }
}

static enum err print_all(const struct job_options *o, struct press *press,
                          const struct documents *docs, struct why *why)
{
    struct why reason = {""};
    for (size_t i = 0; i < docs->count; i++) {
        struct document *doc = &docs->list[i];
        for (size_t k = 0; k < doc->count; k++) {
            enum err e = print_part(o, press, &doc->parts[k], &reason);
            if (e && doc->kind == DOCUMENT_MAIL)
                return why_set(why, e, "%s: %s", doc->parts[k].name, reason.text);
            if (e)
                return why_set(why, e, "%s", reason.text);
        }
    }
    return ERR_NONE;
}

/* A whole run that prints nothing. */
static enum err count(const struct job_options *o, const struct documents *docs, unsigned *given,
                      unsigned *printed, struct why *why)
{
    struct press *press;
    const struct press_options p = {.kind = PRESS_COUNT, .paper = o->paper, .ranges = o->ranges,
                                    .range_count = o->range_count};
    enum err e = press_open(&p, &press, why);
    if (!e)
        e = print_all(o, press, docs, why);
    *given = e ? 0 : press_given(press);
    *printed = e ? 0 : press_printed(press);
    press_close(press, NULL);
    return e;
}

enum err job_count(const struct job_options *o, const struct documents *docs, unsigned *pages,
                   struct why *why)
{
    struct job_options all = *o;
    unsigned printed;
    all.ranges = NULL;
    return count(&all, docs, pages, &printed, why);
}

static enum err next_png(void *context, unsigned page, int *fd, struct why *why)
{
    struct sink *sink = context;
    char name[4096];
    const char *output = sink->o->output;
    const char *dot = strrchr(output, '.'), *slash = strrchr(output, '/');
    struct outfile *f = &sink->files[sink->file_count];
    if (!dot || (slash && dot < slash))
        dot = output + strlen(output);
    int n = snprintf(name, sizeof name, "%.*s-%u%s", (int)(dot - output), output, page, dot);
    if (n < 0 || (size_t)n >= sizeof name)
        return why_set(why, ERR_CREATE, "name too long");
    enum err e = outfile_open(f, sink->pages == 1 ? output : name, why);
    if (e)
        return e;
    sink->file_count++;
    *fd = f->fd;
    return ERR_NONE;
}

static enum err open_pngs(struct sink *sink, const struct documents *docs, struct why *why)
{
    unsigned given;
    enum err e = count(sink->o, docs, &given, &sink->pages, why);
    if (!e && sink->pages > 1 && strcmp(sink->o->output, "-") == 0)
        e = why_set(why, ERR_USAGE, "%u pages do not go to stdout as PNG: choose one", sink->pages);
    if (!e && sink->pages > JOB_PNG_MAX)
        e = why_set(why, ERR_USAGE, "%u pages as PNG: choose at most %d", sink->pages, JOB_PNG_MAX);
    if (!e && !(sink->files = calloc(sink->pages + 1, sizeof *sink->files)))
        e = why_set(why, ERR_OS, "out of memory");
    return e;
}

static enum err sink_open(struct sink *sink, const struct job_options *o,
                          const struct documents *docs, struct why *why)
{
    memset(sink, 0, sizeof *sink);
    sink->o = o;
    sink->file.fd = -1;
    if (o->format == JOB_PNG)
        return open_pngs(sink, docs, why);
    enum err e = outfile_open(&sink->file, o->output, why);
    if (!e && o->format == JOB_TIFF)
        e = o->fax->write_open(sink->file.fd, &sink->tiff, why);
    return e;
}

/* All or nothing: e is what went wrong before. */
static enum err sink_close(struct sink *sink, enum err e, struct why *why)
{
    if (sink->tiff && !e)
        e = sink->o->fax->write_finish(sink->tiff, why);
    if (sink->tiff)
        sink->o->fax->write_free(sink->tiff);
    for (unsigned i = 0; i < sink->file_count; i++) {
        if (!e)
            e = outfile_commit(&sink->files[i], why);
        else
            outfile_abort(&sink->files[i]);
    }
    free(sink->files);
    if (sink->o->format == JOB_PNG)
        return e;
    if (!e)
        return outfile_commit(&sink->file, why);
    outfile_abort(&sink->file);
    return e;
}

static void stamp_words(const struct job_options *o, const struct documents *docs, char out[200])
{
    char when[40] = "";
    time_t now = time(NULL);
    struct tm tm;
    struct buf from;
    if (localtime_r(&now, &tm))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
    buf_init(&from, 1000);
    if (docs->count && docs->list[0].header.len)
        header_text(buf_span(&docs->list[0].header), "From", o->conv, &from);
    snprintf(out, 200, "%s%s%.*s", when, from.len ? "   " : "",
             from.len < 120 ? (int)from.len : 120, from.len ? (const char *)from.data : "");
    buf_release(&from);
}

/* Runs the press over the documents onto fd, or into sink. */
static enum err press_all(const struct job_options *o, const struct documents *docs,
                          enum press_kind kind, int fd, struct sink *sink, unsigned *pages,
                          struct why *why)
{
    char stamp[200];
    struct press *press = NULL;
    unsigned printed;
    enum err e = ERR_NONE;
    struct press_options p = {.kind = kind, .fd = fd, .paper = o->paper, .actual = o->actual,
                              .split = o->printer != NULL,
                              .ranges = o->ranges, .range_count = o->range_count,
                              .title = docs->title, .next_file = next_png,
                              .sheet = o->fax->write_sheet,
                              .context = kind == PRESS_SHEETS ? sink->tiff : sink};
    if (kind == PRESS_PREVIEW)
        terminal_look(fd, &p.terminal);
    if (o->stamp) {
        stamp_words(o, docs, stamp);
        p.stamp = stamp;
        e = count(o, docs, &p.total, &printed, why);
    }
    if (!e)
        e = press_open(&p, &press, why);
    if (!e)
        e = print_all(o, press, docs, why);
    *pages = e ? 0 : press_printed(press);
    if (!e && *pages == 0)
        e = why_set(why, ERR_DATA, press_given(press) ? "none of the pages asked for" : "no pages");
    if (e && press)
        press_fail(press);
    enum err closed = press_close(press, e ? NULL : why);
    return e ? e : closed;
}

static enum err make_pdf(const struct job_options *o, const struct documents *docs, int fd,
                         unsigned *pages, struct why *why)
{
    *pages = 0;
    /* A PDF that is printed whole goes as it is. */
    if (docs->count == 1 && docs->list[0].kind == DOCUMENT_PDF && !o->ranges && !o->stamp &&
        !o->paper) {
        int from = docs->list[0].parts[0].fd;
        enum err e = pdf_pages_check(from, why);
        return e ? e : io_copy(from, fd, NULL, why);
    }
    return press_all(o, docs, PRESS_PDF, fd, NULL, pages, why);
}

/* The text alone; of pages without text, that they are there. */
static enum err write_text(const struct job_options *o, const struct documents *docs, int fd,
                           unsigned *pages, struct why *why)
{
    char line[60];
    enum err e = job_count(o, docs, pages, why);
    for (size_t i = 0; i < docs->count; i++) {
        for (size_t k = 0; k < docs->list[i].count && !e; k++) {
            struct document_part *part = &docs->list[i].parts[k];
            struct document one = {.kind = docs->list[i].kind, .parts = part, .count = 1};
            unsigned given = 0;
            if (part->kind == DOCUMENT_TEXT) {
                e = io_write(fd, part->text.data, part->text.len, why);
                continue;
            }
            e = job_count(o, &(struct documents){&one, 1, NULL}, &given, why);
            if (!e)
                e = io_write(fd, line, (size_t)snprintf(line, sizeof line, "[%u fax page%s]\n",
                                                        given, given == 1 ? "" : "s"), why);
        }
    }
    return e;
}

static enum err to_file(const struct job_options *o, const struct documents *docs, unsigned *pages,
                        struct why *why)
{
    static const enum press_kind kinds[] = {PRESS_PDF, PRESS_PNG, PRESS_PBM, PRESS_SHEETS};
    struct sink *sink = malloc(sizeof *sink);
    if (!sink)
        return why_set(why, ERR_OS, "out of memory");
    enum err e = sink_open(sink, o, docs, why);
    if (!e && o->format == JOB_TEXT)
        e = write_text(o, docs, sink->file.fd, pages, why);
    else if (!e && o->format == JOB_PDF)
        e = make_pdf(o, docs, sink->file.fd, pages, why);
    else if (!e)
        e = press_all(o, docs, kinds[o->format], sink->file.fd, sink, pages, why);
    e = sink_close(sink, e, why);
    free(sink);
    return e;
}

/* A name in the directory that nobody has yet: the job's, made harmless. */
static void directory_name(const char *directory, const char *title, char out[4096])
{
    char name[240];
    size_t n = 0;
    for (; n < sizeof name - 1 && title[n]; n++)
        name[n] = ascii_alnum((uint8_t)title[n]) || strchr("._-", title[n]) ? title[n] : '-';
    name[n] = '\0';
    if (name[0] == '.')
        name[0] = '-';
    snprintf(out, 4096, "%s/%s.pdf", directory, name);
    for (unsigned i = 2; access(out, F_OK) == 0 && i < 10000; i++)
        snprintf(out, 4096, "%s/%s-%u.pdf", directory, name, i);
}

static enum err to_directory(const struct job_options *o, const struct documents *docs,
                             unsigned *pages, struct why *why)
{
    char path[4096];
    struct job_options file = *o;
    directory_name(o->printer, docs->title, path);
    file.output = path;
    file.format = JOB_PDF;
    enum err e = to_file(&file, docs, pages, why);
    if (!e)
        diag_trace("%s", path);
    return e;
}

static enum err to_printer(const struct job_options *o, const struct documents *docs,
                           unsigned *pages, struct why *why)
{
    struct stat st;
    struct why reason = {""};
    int fd;
    /* A queue's name has no slash; a directory of the same name does not stand in its way. */
    bool path = strchr(o->printer, '/') && !strstr(o->printer, "://");
    if (path && stat(o->printer, &st) == 0 && S_ISDIR(st.st_mode))
        return to_directory(o, docs, pages, why);
    if (path)
        return why_set(why, ERR_CREATE, "%s: no such directory", o->printer);
    enum err e = io_temp(&fd, why);
    if (e)
        return e;
    e = make_pdf(o, docs, fd, pages, why);
    const struct printer_job job = {.printer = o->printer, .fd = fd, .title = docs->title,
                                    .copies = o->copies, .media = o->paper ? o->paper->media : NULL,
                                    .timeout = o->timeout};
    if (!e) {
        e = printer_print(&job, &reason);
        if (e)
            why_set(why, e, "%s: %s", o->printer, reason.text);
    }
    close(fd);
    return e;
}

enum err job_print(const struct job_options *o, const struct documents *docs, unsigned *pages,
                   struct why *why)
{
    *pages = 0;
    if (o->preview)
        return press_all(o, docs, PRESS_PREVIEW, STDOUT_FILENO, NULL, pages, why);
    return o->output ? to_file(o, docs, pages, why) : to_printer(o, docs, pages, why);
}
