#include "g3/kernel.h"
#include "page/list.h"
#include "tiff/check.h"
#include "tiff/info.h"
#include "tiff/recode.h"
#include "tiff/write.h"
#include "tool/cpu_env.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/program.h"
#include "tool/spill.h"
#include "tool/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
    int decode, raw, pbm, info, json, strict, msb, lsb, width, k;
    char *profile, *coding, *output, *resolution, *input, *pages, *check;
} opt;

static struct poptOption options[] = {
    {"decode", 'd', POPT_ARG_NONE, &opt.decode, 0, "TIFF to G3 page stream", NULL},
    {"profile", 0, POPT_ARG_STRING, &opt.profile, 0, "TIFF-F profile: auto, s or f", "P"},
    {"coding", 'c', POPT_ARG_STRING, &opt.coding, 0, "transcode to mh, mr or mmr", "CODING"},
    {"k", 0, POPT_ARG_INT, &opt.k, 0, "with -c mr: its K parameter (by resolution)", "N"},
    {"output", 'o', POPT_ARG_STRING, &opt.output, 0, "write to FILE", "FILE"},
    {"width", 'w', POPT_ARG_INT, &opt.width, 0, "bare data: pels a row", "PELS"},
    {"resolution", 'r', POPT_ARG_STRING, &opt.resolution, 0,
     "bare data: standard, fine, superfine, 300 or 400", "RES"},
    {"msb", 0, POPT_ARG_NONE, &opt.msb, 0,
     "bare data, with --raw that written: most significant bit first", NULL},
    {"lsb", 0, POPT_ARG_NONE, &opt.lsb, 0,
     "bare data, with --raw that written: least significant bit first", NULL},
    {"input", 0, POPT_ARG_STRING, &opt.input, 0, "the input is bare mh, mr or mmr", "CODING"},
    {"pages", 0, POPT_ARG_STRING, &opt.pages, 0, "only these pages, as in 1,3-5,8-", "LIST"},
    {"raw", 0, POPT_ARG_NONE, &opt.raw, 0, "with -d: bare T.4 or T.6 without headers", NULL},
    {"pbm", 0, POPT_ARG_NONE, &opt.pbm, 0, "with -d: a raw PBM a page", NULL},
    {"info", 0, POPT_ARG_NONE, &opt.info, 0, "say what the pages are", NULL},
    {"json", 0, POPT_ARG_NONE, &opt.json, 0, "with --info: as JSON", NULL},
    {"check", 0, POPT_ARG_STRING, &opt.check, 0, "does the file keep to profile s or f?", "P"},
    {"strict", 0, POPT_ARG_NONE, &opt.strict, 0, "refuse what would be repaired", NULL},
    POPT_TABLEEND,
};

/* The options, understood. */
struct job {
    const char *path, *name;
    struct page_hints hints;
    struct page_list list;
    bool profile_s;
    struct fax_coding coding;
    struct fax *fax;
    struct outfile out;
    unsigned done; /* pages put out */
};

static enum err usage(const char *option, const char *value)
{
    diag_error("%s: %s: not one of its values", option, value);
    return ERR_USAGE;
}

static enum err parse_bare(struct job *j)
{
    if (opt.width < 0 || opt.width > G3_WIDTH_MAX) {
        diag_error("--width: %d: not from 1 to %d", opt.width, G3_WIDTH_MAX);
        return ERR_USAGE;
    }
    j->hints.width = (unsigned)opt.width;
    if (opt.resolution && !page_resolution_parse(span_str(opt.resolution), &j->hints.xdpi,
                                                 &j->hints.ydpi))
        return usage("--resolution", opt.resolution);
    if (opt.input) {
        if (!g3_coding_parse(span_str(opt.input), &j->hints.coding))
            return usage("--input", opt.input);
        j->hints.bare = true;
    }
    if (opt.msb && opt.lsb)
        return diag_fail(ERR_USAGE, NULL, "--msb and --lsb exclude each other");
    /* What is written has an order too: then it is that one that is asked for. */
    if (!opt.raw)
        j->hints.order = opt.msb ? PAGE_ORDER_MSB : opt.lsb ? PAGE_ORDER_LSB : PAGE_ORDER_FIND;
    return ERR_NONE;
}

static enum err parse(struct job *j)
{
    struct why why = {""};
    if (opt.profile) {
        j->profile_s = span_eq(span_str(opt.profile), span_str("s"));
        if (!j->profile_s && !span_eq(span_str(opt.profile), span_str("f")) &&
            !span_eq(span_str(opt.profile), span_str("auto")))
            return usage("--profile", opt.profile);
    }
    j->coding.any = !opt.coding && !j->profile_s;
    if (opt.coding && !g3_coding_parse(span_str(opt.coding), &j->coding.coding))
        return usage("--coding", opt.coding);
    if (j->profile_s && j->coding.coding != G3_MH)
        return diag_fail(ERR_USAGE, NULL, "profile s is coded as mh only");
    if (opt.k < 0 || opt.k > 255 || (opt.k && (j->coding.any || j->coding.coding != G3_MR)))
        return diag_fail(ERR_USAGE, NULL, "--k is from 1 to 255 and goes with -c mr");
    j->coding.k = (unsigned)opt.k;
    j->coding.closed = opt.decode;
    if ((opt.raw || opt.pbm) && !opt.decode)
        return diag_fail(ERR_USAGE, NULL, "--raw and --pbm go with -d");
    if (opt.raw && opt.pbm)
        return diag_fail(ERR_USAGE, NULL, "--raw and --pbm exclude each other");
    if (opt.json && !opt.info)
        return diag_fail(ERR_USAGE, NULL, "--json goes with --info");
    enum err e = opt.pages ? page_list_parse(span_str(opt.pages), &j->list, &why) : ERR_NONE;
    return e ? diag_fail(e, &why, "--pages: %s", opt.pages) : parse_bare(j);
}

/* The next page on the list; ERR_NO after the last. Warnings are said here, or refused. */
static enum err next_page(struct job *j, struct fax_page *p, struct why *why)
{
    enum err e = ERR_NONE;
    while (!e && !page_list_has(&j->list, fax_done(j->fax) + 1))
        e = fax_skip(j->fax, why);
    if (!e)
        e = fax_next(j->fax, p, why);
    if (e == ERR_NO && j->done == 0)
        return why_set(why, ERR_USAGE, "no page of the list %s", opt.pages ? opt.pages : "");
    if (e)
        return e;
    j->done++;
    diag_progress("page %u", j->done);
    if (opt.strict && p->warnings)
        return why_set(why, ERR_DATA, "page %u: %s", p->page.number, p->warning[0]);
    for (unsigned i = 0; i < p->warnings && !opt.info; i++)
        diag_warn("%s: page %u: %s", j->name, p->page.number, p->warning[i]);
    return ERR_NONE;
}

static enum err add_to_strip(void *context, struct span bytes, struct why *why)
{
    return tiff_page_add(context, bytes, why);
}

static enum err wrap_page(struct job *j, struct tiff_writer *w, const struct fax_page *p,
                          struct why *why)
{
    struct page page;
    bool kept = fax_keeps_bits(p, &j->coding, &page);
    if (j->list.count)
        page.total = 0;
    if (j->profile_s && !page_is_profile_s(&page))
        return why_set(why, ERR_DATA, "page %u: %u pels at %u x %u dpi do not fit profile s",
                       page.number, page.width, page.xdpi, page.ydpi);
    struct tiff_page_facts facts = {.rows = p->rows, .eols_aligned = kept && p->eols_aligned,
                                    .bad_rows = p->bad_rows + p->told_rows,
                                    .bad_in_a_row = p->bad_in_a_row};
    if (facts.bad_rows > p->rows)
        facts.bad_rows = p->rows;
    if (facts.bad_in_a_row < p->told_in_a_row)
        facts.bad_in_a_row = p->told_in_a_row;
    enum err e = tiff_page_begin(w, &page, why);
    if (!e)
        e = fax_put(j->fax, p, &j->coding, add_to_strip, w, why);
    return e ? e : tiff_page_end(w, &facts, why);
}

/* Now; or the moment that builds which are to be repeated give. */
static const char *datetime(void)
{
    static char text[32];
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    uint64_t seconds;
    if (!epoch || !span_number(span_str(epoch), INT32_MAX, &seconds))
        seconds = (uint64_t)time(NULL);
    when_text((int64_t)seconds, text);
    text[4] = text[7] = ':';
    return text;
}

static enum err wrap(struct job *j, struct why *why)
{
    const struct tiff_writer_options tags = {.software = "faxpipe " FAXPIPE_VERSION,
                                             .datetime = datetime(), .profile_s = j->profile_s};
    struct tiff_writer *w;
    struct fax_page p;
    enum err e = tiff_writer_open(j->out.fd, &tags, &w, why);
    while (!e && !(e = next_page(j, &p, why)))
        e = wrap_page(j, w, &p, why);
    if (e == ERR_NO)
        e = tiff_writer_finish(w, why);
    tiff_writer_free(w);
    return e;
}

static enum err add_to_output(void *context, struct span bytes, struct why *why)
{
    const struct job *j = context;
    uint8_t turned[4096];
    if (!opt.raw || !opt.lsb)
        return io_write(j->out.fd, bytes.p, bytes.n, why);
    enum err e = ERR_NONE;
    while (!e && bytes.n) {
        struct span some = span_take(bytes, sizeof turned);
        memcpy(turned, some.p, some.n);
        g3_reverse_bits(turned, some.n);
        e = io_write(j->out.fd, turned, some.n, why);
        bytes = span_skip(bytes, some.n);
    }
    return e;
}

static enum err unwrap(struct job *j, struct why *why)
{
    struct fax_page p;
    struct spill spill;
    enum err e;
    spill_init(&spill);
    while (!(e = next_page(j, &p, why))) {
        unsigned total = j->list.count ? 0 : p.page.total;
        e = opt.pbm   ? fax_put_pbm(j->fax, &p, add_to_output, j, why)
            : opt.raw ? fax_put(j->fax, &p, &j->coding, add_to_output, j, why)
                      : fax_put_framed(j->fax, &p, &j->coding, j->done, total, &spill, j->out.fd,
                                       why);
        if (e)
            break;
    }
    spill_release(&spill);
    if (e != ERR_NO)
        return e;
    uint8_t close[PAGE_HEADER_SIZE];
    page_header_close(close);
    return opt.pbm || opt.raw ? ERR_NONE : io_write(j->out.fd, close, sizeof close, why);
}

/* Printed when all pages are known to be whole. */
static enum err info(struct job *j, struct why *why)
{
    struct buf text;
    struct json json;
    struct fax_page p;
    enum err e;
    buf_init(&text, 64 << 20);
    json_init(&json, &text);
    if (opt.json)
        json_open(&json, NULL, '[');
    while (!(e = next_page(j, &p, why))) {
        if (opt.json)
            fax_info_json(&json, &p);
        else if ((e = fax_info_line(&text, &p)))
            break;
    }
    if (e == ERR_NO) {
        if (opt.json)
            json_close(&json, ']');
        e = opt.json ? json.err : ERR_NONE;
        if (!e && opt.json)
            e = buf_add_byte(&text, '\n');
        if (!e)
            e = io_write(j->out.fd, text.data, text.len, why);
    }
    buf_release(&text);
    return e;
}

static enum err check(const struct job *j)
{
    enum tiff_profile profile = TIFF_PROFILE_S;
    struct why why = {""};
    struct buf reasons;
    if (span_eq(span_str(opt.check), span_str("f")))
        profile = TIFF_PROFILE_F;
    else if (!span_eq(span_str(opt.check), span_str("s")))
        return usage("--check", opt.check);
    buf_init(&reasons, 16 << 20);
    enum err e = tiff_check(j->path, profile, &reasons, &why);
    if (e == ERR_NO) {
        struct span rest = buf_span(&reasons);
        while (rest.n) {
            size_t n = span_find(rest, '\n');
            diag_error("%s: %.*s", j->name, (int)n, (const char *)rest.p);
            rest = span_skip(rest, n + 1);
        }
        e = ERR_DATA;
    } else if (e) {
        diag_fail(e, &why, "%s", j->name);
    }
    buf_release(&reasons);
    return e;
}

/* Into the output, which appears whole or not at all. */
static enum err convert(struct job *j)
{
    struct why why = {""};
    enum err e = fax_open(j->path, &j->hints, &j->fax, &why);
    if (e)
        return diag_fail(e, &why, "%s", j->name);
    bool rows = opt.pbm || !j->coding.any;
    fax_want(j->fax, (rows ? FAX_WANT_ROWS : 0) | (opt.info ? 0 : FAX_WANT_BILEVEL));
    e = outfile_open(&j->out, opt.output, &why);
    if (e)
        return diag_fail(e, &why, "%s", opt.output);
    e = opt.info ? info(j, &why) : opt.decode ? unwrap(j, &why) : wrap(j, &why);
    if (e) {
        /* tool/io.h says of a lost write that it was one. */
        bool lost = e == ERR_IO && span_starts(span_str(why.text), span_str("write"));
        outfile_abort(&j->out);
        return diag_fail(e, &why, "%s", !lost ? j->name : opt.output ? opt.output : "stdout");
    }
    e = outfile_commit(&j->out, &why);
    return e ? diag_fail(e, &why, "%s", opt.output ? opt.output : "stdout") : ERR_NONE;
}

static enum err run(const struct operands *operands)
{
    static struct job job;
    g3_use(cpu_env_mask());
    enum err e = operands_check(operands, 0, 1);
    if (e || (e = parse(&job)))
        return e;
    job.path = operands->list[0];
    job.name = job.path && !span_eq(span_str(job.path), span_str("-")) ? job.path : "stdin";
    if (opt.check)
        return check(&job);
    e = convert(&job);
    fax_close(job.fax);
    return e;
}

static void version(void)
{
    printf("g3 kernel: %s\n", g3_kernel_for(cpu_env_mask())->name);
}

int main(int argc, char **argv)
{
    static const struct program program = {"g3tiff", "[FILE]", options, run, version};
    return program_main(&program, argc, argv);
}
