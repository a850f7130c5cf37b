/*
 * fax-scan: pages of scanners, images, documents and texts become a G3 page stream.
 */
#include "g3/kernel.h"
#include "mime/readable.h"
#include "print/layout.h"
#include "scan/banner.h"
#include "scan/child.h"
#include "scan/device.h"
#include "scan/hold.h"
#include "scan/pix.h"
#include "scan/pnm_source.h"
#include "scan/sheet.h"
#include "scan/sink.h"
#include "text/convert.h"
#include "tiff/fax.h"
#include "tool/cpu_env.h"
#include "tool/diag.h"
#include "tool/home.h"
#include "tool/io.h"
#include "tool/program.h"

#include "bytes/json.h"
#include "bytes/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 16 << 20, BAND = 64 };

static struct {
    char *device, *source, *paper, *resolution, *coding, *binarize, *fit, *header, *header_mode;
    char **settings;
    int list, json, pages, k, deskew, despeckle, trim, raw;
} options = {.paper = (char *)"a4", .coding = (char *)"mh", .binarize = (char *)"auto",
             .header_mode = (char *)"outside"};

static struct poptOption table[] = {
    {"device", 'd', POPT_ARG_STRING, &options.device, 0, "scan from the SANE device NAME", "NAME"},
    {"option", 'O', POPT_ARG_ARGV, &options.settings, 0, "set an option of the device",
     "NAME=VALUE"},
    {"list-devices", 0, POPT_ARG_NONE, &options.list, 0, "list the scanners there are", NULL},
    {"json", 0, POPT_ARG_NONE, &options.json, 0, "list them as JSON", NULL},
    {"source", 0, POPT_ARG_STRING, &options.source, 0, "flatbed or adf", "SOURCE"},
    {"pages", 0, POPT_ARG_INT, &options.pages, 0, "take N pages at most", "N"},
    {"paper", 'p', POPT_ARG_STRING, &options.paper, 0, "a4, b4, a3, letter, legal or auto",
     "PAPER"},
    {"resolution", 'r', POPT_ARG_STRING, &options.resolution, 0,
     "standard, fine, superfine, 300 or 400", "RESOLUTION"},
    {"coding", 'c', POPT_ARG_STRING, &options.coding, 0, "mh, mr or mmr", "CODING"},
    {"k", 0, POPT_ARG_INT, &options.k, 0, "K parameter of MR", "N"},
    {"binarize", 0, POPT_ARG_STRING, &options.binarize, 0,
     "auto, otsu, sauvola, dither or a threshold", "HOW"},
    {"deskew", 0, POPT_ARG_NONE, &options.deskew, 0, "turn pages that are askew", NULL},
    {"despeckle", 0, POPT_ARG_NONE, &options.despeckle, 0, "take specks away", NULL},
    {"fit", 0, POPT_ARG_STRING, &options.fit, 0, "scale, crop or pages", "HOW"},
    {"header", 0, POPT_ARG_STRING, &options.header, 0, "a line at the top of each page", "TEXT"},
    {"header-mode", 0, POPT_ARG_STRING, &options.header_mode, 0, "inside or outside the page",
     "MODE"},
    {"trim", 0, POPT_ARG_NONE, &options.trim, 0, "end the last page where its content ends", NULL},
    {"raw", 0, POPT_ARG_NONE, &options.raw, 0, "bare T.4 or T.6 without headers", NULL},
    POPT_TABLEEND,
};

/* One run: what was asked, and the stations that pages pass. */
struct job {
    struct scan_options scan;
    struct scan_sink_options coding;
    struct scan_target *target; /* the first station */
    unsigned taken;             /* images so far */
};

/* ---- text as a source of pages ---- */

struct text {
    struct buf bytes;
    struct layout *layout;
    struct layout_geometry page;
    unsigned row;  /* the next of the current page */
    uint8_t *band; /* BAND rows, of which row is one */
};

static enum err text_next(void *self, struct scan_image *image, struct why *why)
{
    (void)why;
    struct text *t = self;
    if (!layout_next(t->layout))
        return ERR_NO;
    t->row = 0;
    *image = (struct scan_image){t->page.width, t->page.rows, true, t->page.xdpi, t->page.ydpi};
    return ERR_NONE;
}

static enum err text_row(void *self, const uint8_t **row, struct why *why)
{
    struct text *t = self;
    if (t->row == t->page.rows)
        return ERR_NO;
    if (t->row % BAND == 0) {
        enum err e = layout_rows(t->layout, &t->page, t->row, BAND, t->band, why);
        if (e)
            return e;
    }
    *row = t->band + (size_t)(t->row++ % BAND) * ((t->page.width + 7) / 8);
    return ERR_NONE;
}

static void text_close(void *self)
{
    struct text *t = self;
    layout_close(t->layout);
    buf_release(&t->bytes);
    free(t->band);
    free(t);
}

static enum err read_mail(struct scan_input *in, struct buf *text, struct why *why)
{
    static const struct mime_converter conv = {text_convert_mime, NULL};
    struct mime_readable mail;
    uint8_t block[16384];
    size_t got = 1;
    enum err e = ERR_NONE;
    mime_readable_init(&mail, &conv, text);
    while (!e && got) {
        e = scan_input_read(in, block, sizeof block, &got, why);
        if (!e)
            e = got ? mime_readable_push(&mail, span_of(block, got), why)
                    : mime_readable_end(&mail, why);
    }
    mime_readable_release(&mail);
    return e;
}

static enum err read_text(struct scan_input *in, struct buf *text, struct why *why)
{
    if (in->kind == SCAN_MAIL)
        return read_mail(in, text, why);
    enum err e = scan_input_all(in, text, why);
    if (!e && !utf8_valid(buf_span(text)))
        e = why_set(why, ERR_DATA, "neither an image nor a document nor UTF-8 text");
    return e;
}

static enum err text_open(const struct job *job, struct scan_input *in, struct scan_source *source,
                          struct why *why)
{
    const struct scan_resolution *r = &job->scan.resolution;
    enum page_paper paper =
        job->scan.paper == SCAN_PAPER_AUTO ? PAGE_A4 : (enum page_paper)job->scan.paper;
    struct text *t = calloc(1, sizeof *t);
    if (!t)
        return why_set(why, ERR_OS, "out of memory");
    t->page = (struct layout_geometry){page_width(paper, r->xdpi),
                                       page_nominal_rows(paper, r->ydpi), r->xdpi, r->ydpi};
    buf_init(&t->bytes, TEXT_MAX);
    *source = (struct scan_source){text_next, text_row, text_close, t};
    t->band = malloc((size_t)BAND * ((t->page.width + 7) / 8));
    enum err e = t->band ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    if (!e)
        e = read_text(in, &t->bytes, why);
    struct layout_style style = layout_style_of(&t->page);
    if (!e)
        e = layout_open(&style, buf_span(&t->bytes), &t->layout, why);
    if (e)
        text_close(t);
    return e;
}

/* ---- faxes as a source of pages: TIFF, whatever its tags claim, and page streams ---- */

struct fax_file {
    struct fax *fax;
    int fd;
    struct fax_page page;
    uint8_t *row;
};

static enum err fax_file_next(void *self, struct scan_image *image, struct why *why)
{
    struct fax_file *f = self;
    enum err e = fax_next(f->fax, &f->page, why);
    if (e)
        return e;
    const struct page *p = &f->page.page;
    for (unsigned i = 0; i < f->page.warnings; i++)
        diag_warn("page %u: %s", p->number, f->page.warning[i]);
    *image = (struct scan_image){p->width, (unsigned)f->page.rows, true, p->xdpi, p->ydpi};
    free(f->row);
    f->row = malloc(scan_row_size(image));
    return f->row ? fax_rewind(f->fax, why) : why_set(why, ERR_OS, "out of memory");
}

static enum err fax_file_row(void *self, const uint8_t **row, struct why *why)
{
    struct fax_file *f = self;
    *row = f->row;
    return fax_row(f->fax, f->row, why);
}

static void fax_file_close(void *self)
{
    struct fax_file *f = self;
    fax_close(f->fax);
    if (f->fd >= 0)
        close(f->fd);
    free(f->row);
    free(f);
}

/* A TIFF of shades is no fax: leptonica reads it, and --binarize has its say. */
static enum err fax_file_open(struct scan_input *in, struct scan_source *source, struct why *why)
{
    struct fax_file *f = calloc(1, sizeof *f);
    if (!f)
        return why_set(why, ERR_OS, "out of memory");
    f->fd = -1;
    enum err e = scan_input_seekable(in, &f->fd, why);
    if (!e && in->kind == SCAN_TIFF && scan_tiff_has_shades(f->fd)) {
        struct scan_input again = {.fd = f->fd, .path = in->path, .kind = SCAN_TIFF};
        e = scan_pix_open(source, &again, why);
        fax_file_close(f);
        return e;
    }
    if (!e)
        e = fax_open_fd(f->fd, NULL, &f->fax, why);
    *source = (struct scan_source){fax_file_next, fax_file_row, fax_file_close, f};
    if (e)
        fax_file_close(f);
    return e;
}

/* ---- progress: a station that counts the pages that pass it ---- */

struct progress {
    struct scan_target *next;
    unsigned page;
};

static enum err progress_begin(void *self, const struct scan_page *page, struct why *why)
{
    struct progress *p = self;
    diag_progress("page %u", ++p->page);
    return p->next->begin(p->next->self, page, why);
}

static enum err progress_row(void *self, const uint8_t *row, struct why *why)
{
    struct progress *p = self;
    return p->next->row(p->next->self, row, why);
}

static enum err progress_end(void *self, struct why *why)
{
    struct progress *p = self;
    return p->next->end(p->next->self, why);
}

/* ---- the header line ---- */

static enum err draw_header(const char *text, const struct scan_page *page, unsigned count,
                            uint8_t *rows, struct why *why)
{
    struct layout_geometry g = {page->width, count, page->xdpi, page->ydpi};
    return layout_line(text, &g, rows, why);
}

/* The station's name and number. */
static enum err read_sender(char *out, size_t size, struct why *why)
{
    struct home home;
    enum err e = home_open_maybe(&home, HOME_KEEP_ROOT, why);
    if (e)
        return e;
    const char *name = conf_get(home.conf, "station-name"), *id = conf_get(home.conf, "station-id");
    snprintf(out, size, "%s%s%s", name ? name : "", name && id ? " " : "", id ? id : "");
    home_close(&home);
    return ERR_NONE;
}

/* ---- options ---- */

static bool one_of(const char *word, const char *const *words, unsigned count, unsigned *which)
{
    for (*which = 0; *which < count; ++*which)
        if (strcmp(word, words[*which]) == 0)
            return true;
    return false;
}

static enum err bad_option(const char *name, const char *value)
{
    diag_error("--%s %s: no such value", name, value);
    return ERR_USAGE;
}

static enum err parse_tone(struct scan_options *scan)
{
    static const char *const tones[] = {"auto", "otsu", "sauvola", "dither"};
    unsigned which;
    uint64_t threshold;
    if (one_of(options.binarize, tones, 4, &which)) {
        scan->tone = (enum scan_tone)which;
        return ERR_NONE;
    }
    if (!span_number(span_str(options.binarize), 255, &threshold))
        return bad_option("binarize", options.binarize);
    scan->tone = SCAN_TONE_THRESHOLD;
    scan->threshold = (unsigned)threshold;
    return ERR_NONE;
}

static enum err parse_page(struct scan_options *scan)
{
    enum page_paper paper;
    scan->paper = SCAN_PAPER_AUTO;
    if (page_paper_parse(span_str(options.paper), &paper))
        scan->paper = paper;
    else if (strcmp(options.paper, "auto") != 0)
        return bad_option("paper", options.paper);
    const char *resolution = options.resolution ? options.resolution : "fine";
    scan->keep_resolution = !options.resolution;
    if (!page_resolution_parse(span_str(resolution), &scan->resolution.xdpi,
                               &scan->resolution.ydpi))
        return bad_option("resolution", resolution);
    return ERR_NONE;
}

static enum err parse_options(struct job *job)
{
    static const char *const fits[] = {"scale", "crop", "pages"};
    unsigned fit = 0;
    if (options.fit && !one_of(options.fit, fits, 3, &fit))
        return bad_option("fit", options.fit);
    if (strcmp(options.header_mode, "inside") != 0 && strcmp(options.header_mode, "outside") != 0)
        return bad_option("header-mode", options.header_mode);
    if (options.source && strcmp(options.source, "flatbed") != 0 &&
        strcmp(options.source, "adf") != 0)
        return bad_option("source", options.source);
    if (!g3_coding_parse(span_str(options.coding), &job->coding.coding))
        return bad_option("coding", options.coding);
    if (options.pages < 0 || options.k < 0 || options.k > 255)
        return diag_fail(ERR_USAGE, NULL, options.pages < 0 ? "--pages" : "--k");
    job->scan.fit = (enum scan_fit)fit;
    job->scan.fit_given = options.fit != NULL;
    job->scan.deskew = options.deskew;
    job->scan.despeckle = options.despeckle;
    job->coding.k = (unsigned)options.k;
    job->coding.raw = options.raw;
    job->coding.trim = options.trim;
    enum err e = parse_tone(&job->scan);
    return e ? e : parse_page(&job->scan);
}

/* ---- the run ---- */

static enum err open_file(const struct job *job, struct scan_input *in, struct scan_source *source,
                          struct why *why)
{
    diag_trace("%s: %s", in->path, scan_kind_name(in->kind));
    switch (in->kind) {
    case SCAN_EMPTY: return why_set(why, ERR_DATA, "empty input");
    case SCAN_PNM: return scan_pnm_open(source, scan_bytes_of(in), 0, 0, why);
    case SCAN_PNG:
    case SCAN_JPEG: return scan_pix_open(source, in, why);
    case SCAN_TIFF:
    case SCAN_FAX: return fax_file_open(in, source, why);
    case SCAN_PDF:
    case SCAN_POSTSCRIPT: return scan_document_open(source, in, &job->scan.resolution, why);
    case SCAN_MAIL:
    case SCAN_TEXT: return text_open(job, in, source, why);
    default: return why_set(why, ERR_DATA, "neither an image nor a document nor UTF-8 text");
    }
}

static enum err scan_pages(struct job *job, struct scan_source *source, struct why *why)
{
    unsigned images = 0;
    job->scan.pages = options.pages ? (unsigned)options.pages - job->taken : 0;
    enum err e = scan_sheets(source, &job->scan, job->target, &images, why);
    job->taken += images;
    source->close(source->self);
    if (!e && !images)
        e = why_set(why, ERR_DATA, "no pages");
    return e;
}

static enum err scan_file(struct job *job, const char *path)
{
    struct why why = {""};
    struct scan_input in;
    struct scan_source source;
    enum err e = scan_input_open(&in, path, &why);
    if (e)
        return diag_fail(e, &why, "%s", path);
    e = open_file(job, &in, &source, &why);
    if (!e)
        e = scan_pages(job, &source, &why);
    scan_input_close(&in);
    return diag_fail(e, &why, "%s", in.path);
}

static enum err scan_device(struct job *job)
{
    struct why why = {""};
    struct scan_source source;
    struct scan_device_options device = {
        .name = options.device, .settings = (const char *const *)options.settings,
        .source = options.source, .pages = (unsigned)options.pages,
        .gray = job->scan.tone != SCAN_TONE_AUTO, .resolution = job->scan.resolution,
        .paper = job->scan.paper,
    };
    enum err e = scan_device_open(&source, &device, &why);
    if (!e)
        e = scan_pages(job, &source, &why);
    return diag_fail(e, &why, "%s", options.device ? options.device : "scanner");
}

static enum err scan_all(struct job *job, const struct operands *operands)
{
    /* A terminal has no pages to give: then the scanner is meant. */
    if (options.device || (!operands->count && isatty(0)))
        return scan_device(job);
    enum err e = operands->count ? ERR_NONE : scan_file(job, "-");
    for (int i = 0; i < operands->count && !e; i++)
        if (!options.pages || job->taken < (unsigned)options.pages)
            e = scan_file(job, operands->list[i]);
    return e;
}

/* Opens the stations from the last to the first, and lets all pages pass them. */
static enum err scan_through(struct job *job, const struct operands *operands)
{
    struct why why = {""};
    struct scan_target out, headed, held, *target = &out;
    struct scan_sink *sink = NULL;
    struct scan_hold *hold = NULL;
    struct scan_banner *banner = NULL;
    char sender[256] = "";
    struct scan_banner_options header = {
        options.header, sender, time(NULL), strcmp(options.header_mode, "inside") == 0, draw_header,
    };
    enum err e = scan_sink_open(&sink, STDOUT_FILENO, &job->coding, &out, &why);
    if (!e && options.header && strstr(options.header, "%f"))
        e = read_sender(sender, sizeof sender, &why);
    if (!e && options.header) {
        e = scan_banner_open(&banner, &header, &out, &headed, &why);
        target = &headed;
    }
    if (!e && options.header && strstr(options.header, "%P")) {
        e = scan_hold_open(&hold, &headed, &held, &why);
        target = &held;
    }
    struct progress progress = {target, 0};
    job->target = &(struct scan_target){progress_begin, progress_row, progress_end, &progress};
    if (e) {
        if (*why.text)
            diag_error("%s", why.text);
    } else {
        e = scan_all(job, operands);
        if (!e)
            e = diag_fail(target->end(target->self, &why), &why, "stdout");
    }
    scan_hold_free(hold);
    scan_banner_free(banner);
    scan_sink_free(sink);
    return e;
}

static void list_device(void *context, const char *name, const char *vendor, const char *model,
                        const char *type)
{
    struct json *j = context;
    if (!options.json) {
        printf("%-30s %s %s (%s)\n", name, vendor, model, type);
        return;
    }
    json_open(j, NULL, '{');
    json_add_str(j, "name", name);
    json_add_str(j, "vendor", vendor);
    json_add_str(j, "model", model);
    json_add_str(j, "type", type);
    json_close(j, '}');
}

static enum err list_devices(void)
{
    struct why why = {""};
    struct buf text;
    struct json j;
    buf_init(&text, 1 << 20);
    json_init(&j, &text);
    json_open(&j, NULL, '[');
    enum err e = scan_device_list(list_device, &j, &why);
    json_close(&j, ']');
    if (options.json && (!e || e == ERR_NO) && !j.err)
        printf("%s\n", buf_cstr(&text));
    buf_release(&text);
    return diag_fail(e ? e : j.err, &why, "scanners");
}

static enum err run(const struct operands *operands)
{
    struct job job = {0};
    g3_use(cpu_env_mask());
    enum err e = parse_options(&job);
    if (e)
        return e;
    if (options.list) {
        e = operands_check(operands, 0, 0);
        return e ? e : list_devices();
    }
    if (options.device && operands->count)
        return diag_fail(ERR_USAGE, NULL, "a device and files");
    return scan_through(&job, operands);
}

int main(int argc, char **argv)
{
    static const struct program program = {"fax-scan", "[FILE...]", table, run, NULL};
    return program_main(&program, argc, argv);
}
