/*
 * fax-print: put mail, fax and text on paper, into a file, or on the terminal; and a user's held
 * mail against his password.
 */
#include "g3/kernel.h"
#include "print/document.h"
#include "print/held.h"
#include "print/job.h"
#include "print/notice.h"
#include "text/convert.h"
#include "tiff/fax.h"
#include "tiff/write.h"
#include "tool/cpu_env.h"
#include "tool/diag.h"
#include "tool/home.h"
#include "tool/io.h"
#include "tool/program.h"
#include "tool/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RANGES_MAX = 64 };

static struct {
    char *printer, *output, *format, *user, *only, *whom, *id, *job, *pages, *paper, *scale;
    int list, notice, preview, stamp, copies, timeout;
    long long until;
    /* No --password-file: with --user it is a person at a terminal, or a program with a pipe. */
    struct secret_source password;
} opt = {.copies = 1, .password = {NULL, -1, NULL}};

static struct poptOption options[] = {
    {"printer", 'P', POPT_ARG_STRING, &opt.printer, 0, "a CUPS queue, ipp://..., or a directory",
     "NAME"},
    {"output", 'o', POPT_ARG_STRING, &opt.output, 0, "write FILE instead", "FILE"},
    {"format", 0, POPT_ARG_STRING, &opt.format, 0, "pdf, png, pbm, tiff or text", "FORMAT"},
    {"user", 0, POPT_ARG_STRING, &opt.user, 0, "print what is held for user CODE", "CODE"},
    {"password-fd", 0, POPT_ARG_INT, &opt.password.fd, 0, "read the password from descriptor N",
     "N"},
    {"list", 0, POPT_ARG_NONE, &opt.list, 0, "with --user: say what is held", NULL},
    {"only", 0, POPT_ARG_STRING, &opt.only, 0, "with --user: only this mail", "ID"},
    {"notice", 0, POPT_ARG_NONE, &opt.notice, 0, "print a reception notification", NULL},
    {"for", 0, POPT_ARG_STRING, &opt.whom, 0, "with --notice: the user it is for", "CODE"},
    {"id", 0, POPT_ARG_STRING, &opt.id, 0, "with --notice: the mail's ID in the spool", "ID"},
    {"until", 0, POPT_ARG_LONGLONG, &opt.until, 0, "with --notice: held until this second",
     "EPOCH"},
    {"preview", 0, POPT_ARG_NONE, &opt.preview, 0, "show the pages on the terminal", NULL},
    {"pages", 0, POPT_ARG_STRING, &opt.pages, 0, "only these pages: 1-3,5,8-", "LIST"},
    {"copies", 0, POPT_ARG_INT, &opt.copies, 0, "copies of each job", "N"},
    {"paper", 0, POPT_ARG_STRING, &opt.paper, 0, "a4, letter, legal, b4 or a3", "SIZE"},
    {"scale", 0, POPT_ARG_STRING, &opt.scale, 0, "fit or actual", "HOW"},
    {"stamp", 0, POPT_ARG_NONE, &opt.stamp, 0, "date, sender and page number at the foot", NULL},
    {"job", 0, POPT_ARG_STRING, &opt.job, 0, "the job's name", "NAME"},
    {"timeout", 0, POPT_ARG_INT, &opt.timeout, 0, "give the printer N seconds (600)", "N"},
    POPT_TABLEEND,
};

static const struct mime_converter converter = {text_convert_mime, NULL};

/* What the options say, the same for every mail of a run. */
static struct page_range ranges[RANGES_MAX];
static struct job_options job;

/* ---- Fax pages, which tiff/ reads and writes ---- */

static enum err gather(void *context, struct span bytes, struct why *why)
{
    enum err e = buf_add_span(context, bytes);
    return e ? why_set(why, e, "more than %d MiB coded", SHEET_BYTES_MAX >> 20) : ERR_NONE;
}

/* The page's rows in out, damage concealed. */
static enum err gather_rows(struct fax *f, struct sheet *s, struct buf *out, struct why *why)
{
    uint8_t *room;
    size_t stride = ((size_t)s->width + 7) / 8;
    if (sheet_size(s) == 0)
        return why_set(why, ERR_DATA, "%u by %u pels", s->width, s->rows);
    enum err e = buf_reserve(out, sheet_size(s), &room);
    if (e)
        return why_set(why, e, "%u by %u pels", s->width, s->rows);
    e = fax_rewind(f, why);
    for (unsigned y = 0; y < s->rows && !e; y++)
        e = fax_row(f, room + y * stride, why);
    out->len = sheet_size(s);
    return e == ERR_NO ? why_set(why, ERR_DATA, "rows are missing") : e;
}

/* A page whose bits can be carried over goes to the press as it is coded. */
static enum err print_page(struct press *press, struct fax *f, const struct fax_page *page,
                           struct why *why)
{
    struct buf bytes;
    struct why reason = {""};
    struct sheet s = {.width = page->page.width, .xdpi = page->page.xdpi, .ydpi = page->page.ydpi,
                      .coded = page->carried, .coding = page->page.coding};
    s.rows = page->rows <= SHEET_ROWS_MAX ? (unsigned)page->rows : 0;
    for (unsigned i = 0; i < page->warnings && !press_counts(press); i++)
        diag_warn("page %u: %s", page->page.number, page->warning[i]);
    buf_init(&bytes, SHEET_BYTES_MAX);
    enum err e = s.coded ? fax_carry(f, false, gather, &bytes, &reason)
                         : gather_rows(f, &s, &bytes, &reason);
    s.data = buf_span(&bytes);
    if (!e)
        e = press_fax(press, &s, &reason);
    buf_release(&bytes);
    return e ? why_set(why, e, "page %u: %s", page->page.number, reason.text) : ERR_NONE;
}

static enum err print_fax(struct press *press, int fd, struct why *why)
{
    struct fax *f = NULL;
    struct fax_page *page = malloc(sizeof *page);
    enum err e = page ? fax_open_fd(fd, NULL, &f, why) : why_set(why, ERR_OS, "out of memory");
    while (!e && !(e = fax_next(f, page, why)))
        e = print_page(press, f, page, why);
    fax_close(f);
    free(page);
    return e == ERR_NO ? ERR_NONE : e;
}

static enum err tiff_open_writer(int fd, void **writer, struct why *why)
{
    static const struct tiff_writer_options plain = {.software = "faxpipe " FAXPIPE_VERSION};
    struct tiff_writer *w;
    enum err e = tiff_writer_open(fd, &plain, &w, why);
    *writer = e ? NULL : w;
    return e;
}

/* Every page as MMR, with its closing EOFB, whatever it came as. */
static enum err tiff_write_sheet(void *writer, const struct sheet *s, struct why *why)
{
    struct buf rows, strip;
    struct sheet plain = *s;
    buf_init(&rows, SHEET_BYTES_MAX);
    buf_init(&strip, SHEET_BYTES_MAX * 2);
    enum err e = sheet_bitmap(s, &rows, why);
    plain.coded = false;
    plain.data = buf_span(&rows);
    if (!e)
        e = sheet_code(&plain, &strip, why);
    const struct page page = {.width = s->width, .xdpi = (unsigned)(s->xdpi + 0.5),
                              .ydpi = (unsigned)(s->ydpi + 0.5), .coding = G3_MMR};
    const struct tiff_page_facts facts = {.rows = s->rows};
    if (!e)
        e = tiff_page_begin(writer, &page, why);
    if (!e)
        e = tiff_page_add(writer, buf_span(&strip), why);
    if (!e)
        e = tiff_page_end(writer, &facts, why);
    buf_release(&rows);
    buf_release(&strip);
    return e;
}

static enum err tiff_finish_writer(void *writer, struct why *why)
{
    return tiff_writer_finish(writer, why);
}

static void tiff_free_writer(void *writer)
{
    tiff_writer_free(writer);
}

static const struct job_fax fax = {print_fax, tiff_open_writer, tiff_write_sheet,
                                   tiff_finish_writer, tiff_free_writer};

/* ---- The notification ---- */

/* Until when the mail is held, if the spool may be asked. */
static long long held_until(const char *code, const char *id)
{
    const struct held h = {code, NULL};
    struct buf list;
    long long until = 0;
    buf_init(&list, 64 << 20);
    if (code && id && held_list(&h, &list, NULL) == ERR_NONE)
        for (size_t i = 0; i < list.len / sizeof(struct held_mail); i++) {
            const struct held_mail *m = (const struct held_mail *)(const void *)list.data + i;
            if (strcmp(m->id, id) == 0)
                until = m->until;
        }
    buf_release(&list);
    return until;
}

/* Prints what is said about doc instead of doc; it need not have been decoded. */
static enum err print_notice(struct document *doc, bool decoded, const char *whom, const char *id,
                             long long until, struct why *why)
{
    struct document notice = {.kind = DOCUMENT_TEXT, .count = 1};
    struct document_part part = {.kind = DOCUMENT_TEXT, .fd = -1};
    struct notice n = {.whom = whom, .id = id, .until = until};
    uint64_t arrived = 0;
    unsigned pages;
    if (decoded)
        job_count(&job, &(struct documents){doc, 1, NULL}, &n.pages, NULL);
    if (id && span_number(span_take(span_str(id), span_find(span_str(id), '.')), INT64_MAX,
                          &arrived))
        n.arrived = (long long)arrived;
    buf_init(&part.text, 1 << 20);
    enum err e = notice_text(&n, buf_span(&doc->header), &converter, &part.text);
    notice.parts = &part;
    const struct documents docs = {&notice, 1, opt.job ? opt.job : "fax notice"};
    e = e ? why_set(why, e, "notice") : job_print(&job, &docs, &pages, why);
    buf_release(&part.text);
    return e;
}

/* ---- Files ---- */

static enum err notice_files(const struct documents *docs, const enum err *opened, struct why *why)
{
    long long until = opt.until ? opt.until : held_until(opt.whom, opt.id);
    enum err e = ERR_NONE;
    for (size_t i = 0; i < docs->count && !e; i++)
        e = print_notice(&docs->list[i], !opened[i], opt.whom, opt.id, until, why);
    return e;
}

static enum err open_files(const struct operands *operands, struct documents *docs,
                           enum err *opened)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; i < docs->count && !e; i++) {
        const char *name = operands->count ? operands->list[i] : "-";
        struct why why = {""};
        int fd;
        e = io_open(name, &fd, &why);
        if (!e)
            e = opened[i] = document_open(fd, name, &converter, &docs->list[i], &why);
        if (fd > 2)
            close(fd);
        /* A notification can be made of what cannot be decoded. */
        if (e == ERR_DATA && opt.notice && docs->list[i].header.len)
            e = ERR_NONE;
        if (e)
            diag_fail(e, &why, "%s", strcmp(name, "-") == 0 ? "stdin" : name);
    }
    return e;
}

static enum err run_files(const struct operands *operands)
{
    struct documents docs = {NULL, operands->count ? (size_t)operands->count : 1,
                             opt.job ? opt.job : "fax"};
    struct why why = {""};
    unsigned pages;
    docs.list = calloc(docs.count, sizeof *docs.list);
    enum err *opened = calloc(docs.count, sizeof *opened);
    enum err e = ERR_OS;
    if (docs.list && opened) {
        e = open_files(operands, &docs, opened);
        if (!e) {
            e = opt.notice ? notice_files(&docs, opened, &why)
                           : job_print(&job, &docs, &pages, &why);
            if (e)
                diag_fail(e, &why, "%s", docs.count == 1 && operands->count ? operands->list[0]
                                         : operands->count                  ? "print"
                                                                            : "stdin");
        }
        for (size_t i = 0; i < docs.count; i++)
            document_close(&docs.list[i]);
    } else {
        diag_fail(e, NULL, "documents");
    }
    free(opened);
    free(docs.list);
    return e;
}

/* ---- What is held for a user ---- */

static enum err say(const struct held *h, const char *id, enum err e, const struct why *why)
{
    /* fax-spool has said its own words. */
    return why->text[0] ? diag_fail(e, why, "%s: %s", h->code, id) : e;
}

/* Reads and decodes one mail. */
static enum err open_held(const struct held *h, const char *id, struct document *doc,
                          struct why *why)
{
    int fd;
    memset(doc, 0, sizeof *doc);
    enum err e = held_read(h, id, &fd, why);
    if (e)
        return e;
    e = document_open(fd, id, &converter, doc, why);
    close(fd);
    return e;
}

/* Looking at a mail is not printing it; anything else takes it out of the spool. */
static enum err print_held(const struct held *h, const struct held_mail *mail, struct why *why)
{
    struct document doc;
    char title[HELD_ID_MAX + 8];
    unsigned pages = 0;
    enum err e = open_held(h, mail->id, &doc, why);
    snprintf(title, sizeof title, "fax %s", mail->id);
    if (opt.notice && doc.header.len)
        e = print_notice(&doc, !e, h->code, mail->id, mail->until, why);
    else if (!e)
        e = job_print(&job, &(struct documents){&doc, 1, opt.job ? opt.job : title}, &pages, why);
    if (!e && !opt.preview && !opt.notice)
        e = held_done(h, mail->id, pages, why);
    document_close(&doc);
    return e;
}

/* One job a mail. A bad mail does not keep the next one from its reader; a dead printer keeps
 * all. */
static enum err print_each(const struct held *h, const struct held_mail *mails, size_t count)
{
    enum err worst = ERR_NONE;
    for (size_t i = 0; i < count; i++) {
        struct why why = {""};
        enum err e = print_held(h, &mails[i], &why);
        if (e)
            worst = say(h, mails[i].id, e, &why);
        if (e && e != ERR_DATA)
            break;
    }
    return worst;
}

/* Several mails into one file: those that can be decoded, and they alone leave the spool. */
static enum err print_together(const struct held *h, const struct held_mail *mails, size_t count)
{
    enum err worst = ERR_NONE;
    unsigned pages;
    size_t *from = calloc(count, sizeof *from);
    struct documents docs = {calloc(count, sizeof *docs.list), 0, opt.job ? opt.job : "fax"};
    if (!from || !docs.list)
        worst = diag_fail(ERR_OS, NULL, "documents");
    for (size_t i = 0; i < count && from && docs.list && (!worst || worst == ERR_DATA); i++) {
        struct why why = {""};
        struct document *doc = &docs.list[docs.count];
        enum err e = open_held(h, mails[i].id, doc, &why);
        if (!e)
            e = job_count(&job, &(struct documents){doc, 1, NULL}, &pages, &why);
        from[docs.count] = i;
        if (!e)
            docs.count++;
        else
            worst = (document_close(doc), say(h, mails[i].id, e, &why));
    }
    struct why why = {""};
    enum err e = docs.count && (!worst || worst == ERR_DATA) ? job_print(&job, &docs, &pages, &why)
                                                              : worst;
    if (e && why.text[0])
        diag_fail(e, &why, "%s", h->code);
    for (size_t i = 0; i < docs.count; i++) {
        if (!e)
            e = job_count(&job, &(struct documents){&docs.list[i], 1, NULL}, &pages, NULL);
        if (!e)
            e = held_done(h, mails[from[i]].id, pages, &why);
        document_close(&docs.list[i]);
    }
    free(docs.list);
    free(from);
    return e ? e : worst;
}

static enum err print_user(const struct held *h, struct why *why)
{
    struct buf list;
    buf_init(&list, 64 << 20);
    enum err e = held_list(h, &list, why);
    struct held_mail *mails = (struct held_mail *)(void *)list.data;
    size_t count = list.len / sizeof *mails;
    if (!e && opt.only) {
        size_t i = 0;
        while (i < count && strcmp(mails[i].id, opt.only) != 0)
            i++;
        if (i == count)
            e = why_set(why, ERR_NO_INPUT, "%s: no such mail is held", opt.only);
        else
            mails[0] = mails[i];
        count = 1;
    }
    if (!e && count == 0)
        e = why_set(why, ERR_NO, "nothing is held");
    else if (!e)
        e = opt.output && count > 1 && !opt.notice ? print_together(h, mails, count)
                                                   : print_each(h, mails, count);
    buf_release(&list);
    return e;
}

static enum err run_user(const struct home *home)
{
    struct buf password;
    struct why why = {""};
    buf_init(&password, SECRET_MAX);
    bool asked = !home_is_ours(home) || secret_given(&opt.password);
    enum err e = asked ? secret_read(&opt.password, "password: ", &password, &why) : ERR_NONE;
    const struct held h = {opt.user, asked ? &password : NULL};
    if (!e)
        e = opt.list ? held_show(&h, &why) : print_user(&h, &why);
    buf_wipe(&password);
    /* What fax-spool or a mail's own line has said is not said again. */
    if (e && why.text[0])
        diag_fail(e, &why, "%s", opt.user);
    return e;
}

/* ---- The options ---- */

static enum err usage(const char *what)
{
    diag_error("%s", what);
    return ERR_USAGE;
}

static enum err check_options(const struct operands *operands)
{
    job = (struct job_options){.printer = opt.printer, .output = opt.output,
                               .preview = opt.preview, .stamp = opt.stamp, .conv = &converter,
                               .fax = &fax, .copies = (unsigned)opt.copies,
                               .timeout = (unsigned)opt.timeout};
    if (opt.pages) {
        job.ranges = ranges;
        job.range_count = RANGES_MAX;
        if (!page_ranges_parse(span_str(opt.pages), ranges, &job.range_count))
            return usage("--pages: not a list of pages");
    }
    if (opt.paper && !(job.paper = paper_find(span_str(opt.paper))))
        return usage("--paper: a4, letter, legal, b4 or a3");
    job.actual = opt.scale && strcmp(opt.scale, "actual") == 0;
    if (opt.scale && !job.actual && strcmp(opt.scale, "fit") != 0)
        return usage("--scale: fit or actual");
    job.format = opt.output ? job_format_of(opt.output) : JOB_PDF;
    if (opt.format && !job_format_parse(opt.format, &job.format))
        return usage("--format: pdf, png, pbm, tiff or text");
    if (opt.copies < 1 || opt.copies > 999 || opt.timeout < 0)
        return usage("--copies, --timeout: out of range");
    if ((opt.printer != NULL) + (opt.output != NULL) + (opt.preview != 0) > 1)
        return usage("only one of --printer, --output and --preview");
    if (opt.format && !opt.output)
        return usage("--format goes with --output");
    if (opt.copies > 1 && (opt.output || opt.preview))
        return usage("--copies is for printers");
    if ((opt.list || opt.only) && !opt.user)
        return usage("--list and --only go with --user");
    if (opt.user && operands->count)
        return usage("--user prints what is held, not files");
    return ERR_NONE;
}

static enum err run(const struct operands *operands)
{
    struct home home = {.conf = NULL};
    struct why why = {""};
    g3_use(cpu_env_mask());
    enum err e = check_options(operands);
    bool choose = !opt.printer && !opt.output && !opt.preview && !opt.list;
    if (e)
        return e;
    /* Who names a printer or a file, and asks for nobody's mail, needs no station. */
    if (opt.user)
        e = home_open(&home, HOME_ANY, &why);
    else if (choose)
        e = home_open_maybe(&home, HOME_ANY, &why);
    if (e)
        return diag_fail(e, &why, "home");
    if (choose)
        job.printer = conf_get(home.conf, "printer");
    if (choose && !job.printer) {
        diag_error("no printer: use -P or -o, or set it in faxpipe.conf");
        e = ERR_CONFIG;
    }
    if (!e)
        e = opt.user ? run_user(&home) : run_files(operands);
    home_close(&home);
    return e;
}

int main(int argc, char **argv)
{
    static const struct program program = {"fax-print", "[FILE...]", options, run, NULL};
    return program_main(&program, argc, argv);
}
