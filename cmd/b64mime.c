/* b64mime: make and open mail bodies: any bytes to base64 or a MIME mail, and back. */
#include "base64/base64.h"
#include "base64/kernel.h"
#include "bytes/json.h"
#include "mime/kind.h"
#include "mime/select.h"
#include "mime/tiff_scan.h"
#include "seal/digest.h"
#include "text/compose.h"
#include "text/open.h"
#include "tool/cpu_env.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What --text holds before popt has seen it: the option's argument may be missing. */
static char text_unseen[] = "";

static struct {
    int decode, bare, crlf, wrap, notify, list, kind, json, headers, report, strict;
    char *from, *subject, *text, *type, *name, *date, *message_id, *part, *all, *output, *mdn;
    char **to, **cc, **header;
} opt = {.wrap = -1, .text = text_unseen};

static struct poptOption options[] = {
    {"decode", 'd', POPT_ARG_NONE, &opt.decode, 0, "open a mail (or, with --bare, base64)", NULL},
    {"output", 'o', POPT_ARG_STRING, &opt.output, 0, "write to FILE, whole or not at all", "FILE"},
    {"bare", 0, POPT_ARG_NONE, &opt.bare, 0, "base64 alone, no mail", NULL},
    {"wrap", 0, POPT_ARG_INT, &opt.wrap, 0, "with --bare: lines of N characters (76), 0: one", "N"},
    {"crlf", 0, POPT_ARG_NONE, &opt.crlf, 0, "end lines in CR LF", NULL},
    {"from", 0, POPT_ARG_STRING, &opt.from, 0, "the author", "ADDRESS"},
    {"to", 0, POPT_ARG_ARGV, &opt.to, 0, "a recipient...", "ADDRESS"},
    {"cc", 0, POPT_ARG_ARGV, &opt.cc, 0, "a recipient of a copy...", "ADDRESS"},
    {"subject", 0, POPT_ARG_STRING, &opt.subject, 0, "the subject", "TEXT"},
    {"text", 0, POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL, &opt.text, 0,
     "put the text of FILE first; with -d: print the mail's text", "FILE"},
    {"header", 0, POPT_ARG_ARGV, &opt.header, 0, "one more header field...", "'Name: value'"},
    {"type", 0, POPT_ARG_STRING, &opt.type, 0, "the content type; with -d: the one wanted", "TYPE"},
    {"name", 0, POPT_ARG_STRING, &opt.name, 0, "the file name in the mail", "NAME"},
    {"date", 0, POPT_ARG_STRING, &opt.date, 0, "the date (now), as mail has it or @seconds",
     "DATE"},
    {"message-id", 0, POPT_ARG_STRING, &opt.message_id, 0, "the identifier (random)", "ID"},
    {"notify", 0, POPT_ARG_NONE, &opt.notify, 0, "ask for a notification when it is seen", NULL},
    {"part", 0, POPT_ARG_STRING, &opt.part, 0, "write the part of this number", "N"},
    {"all", 0, POPT_ARG_STRING, &opt.all, 0, "write every part to a file in DIR", "DIR"},
    {"list", 0, POPT_ARG_NONE, &opt.list, 0, "list the parts", NULL},
    {"json", 0, POPT_ARG_NONE, &opt.json, 0, "--list, --headers, --report for programs", NULL},
    {"kind", 0, POPT_ARG_NONE, &opt.kind, 0, "print what the mail is: text, fax or mixed", NULL},
    {"headers", 0, POPT_ARG_NONE, &opt.headers, 0, "print the mail's header, decoded", NULL},
    {"report", 0, POPT_ARG_NONE, &opt.report, 0, "print what a DSN or MDN says", NULL},
    {"mdn", 0, POPT_ARG_STRING, &opt.mdn, 0,
     "make the notification that the mail asks for: displayed, dispatched, processed, deleted",
     "WORD"},
    {"strict", 0, POPT_ARG_NONE, &opt.strict, 0, "refuse a damaged mail instead of repairing",
     NULL},
    POPT_TABLEEND,
};

static enum err usage(const char *reason)
{
    diag_error("%s", reason);
    return ERR_USAGE;
}

/* ---- --bare ---- */

static void progress(uint64_t octets)
{
    diag_progress("%llu MiB read", (unsigned long long)(octets >> 20));
}

static enum err encode_bare(int in, int out, struct why *why)
{
    static uint8_t from[65536], to[8 * 65536];
    struct base64_encoder e;
    struct span rest;
    size_t got;
    uint64_t total = 0;
    enum err err;
    base64_encoder_init(&e, opt.wrap < 0 ? BASE64_MIME_WRAP : (size_t)opt.wrap,
                        opt.crlf ? BASE64_CRLF : 0);
    while (!(err = io_read(in, from, sizeof from, &got, why)) && got) {
        progress(total += got);
        /* Short lines swell: no more at once than the room takes. */
        for (rest = span_of(from, got); rest.n && !err;) {
            struct span piece = span_take(rest, base64_encode_bound(&e, rest.n) > sizeof to
                                                    ? 16384 : rest.n);
            err = io_write(out, to, base64_encode(&e, piece, to), why);
            rest = span_skip(rest, piece.n);
        }
        if (err)
            return err;
    }
    return err ? err : io_write(out, to, base64_encode_end(&e, to), why);
}

/*
 * Mail's base64 is repaired as far as can be; what nobody said was base64 must look like it: no
 * binary bytes, and few that are not of the alphabet. *blanks counts those of the input so far.
 * Where nothing is strange, only the beginning is looked at.
 */
static bool is_base64(const struct base64_decoder *d, struct span last, uint64_t *blanks)
{
    if (d->defects.strays == 0 && d->characters > last.n)
        return true;
    for (size_t i = 0; i < last.n; i++) {
        uint8_t c = last.p[i];
        if (c >= 0x7f || (c < 0x20 && !(c >= '\t' && c <= '\r')))
            return false;
        *blanks += c == ' ';
    }
    return d->characters && (d->defects.strays + *blanks) * 16 <= d->characters;
}

/* Reads until p is full or the input ends: what is judged must not depend on how a pipe came. */
static enum err read_full(int fd, uint8_t *p, size_t size, size_t *total, struct why *why)
{
    size_t got = 1;
    enum err e = ERR_NONE;
    for (*total = 0; *total < size && got && !e; *total += got)
        e = io_read(fd, p + *total, size - *total, &got, why);
    return e;
}

static enum err decode_bare(int in, int out, struct why *why)
{
    static uint8_t from[65536], to[65536];
    struct base64_decoder d;
    size_t got;
    uint64_t total = 0, blanks = 0;
    enum err err;
    base64_decoder_init(&d, BASE64_JOINED);
    while (!(err = read_full(in, from, sizeof from, &got, why)) && got) {
        size_t n = base64_decode(&d, span_of(from, got), to);
        progress(total += got);
        if (!is_base64(&d, span_of(from, got), &blanks))
            return why_set(why, ERR_DATA, "not base64");
        if ((err = io_write(out, to, n, why)))
            return err;
    }
    if (err)
        return err;
    if (total == 0)
        return why_set(why, ERR_DATA, "empty input");
    size_t n = base64_decode_end(&d, to);
    if (d.defects.cut || (opt.strict && base64_repaired(&d)))
        return why_set(why, ERR_DATA, d.defects.cut ? "base64 cut short" : "damaged base64");
    if (base64_repaired(&d)) {
        struct mime_defects defects = {.base64 = d.defects};
        char words[256];
        mime_defects_words(&defects, words, sizeof words);
        diag_warn("repaired: %s", words);
    }
    return io_write(out, to, n, why);
}

static enum err run_bare(const struct operands *operands)
{
    struct outfile out;
    struct why why = {""};
    const char *path = operands->list[0];
    int in;
    if (operands_check(operands, 0, 1))
        return ERR_USAGE;
    enum err e = io_open(path, &in, &why);
    if (e)
        return diag_fail(e, &why, "%s", path);
    e = outfile_open(&out, opt.output, &why);
    if (e) {
        io_close(in, NULL);
        return diag_fail(e, &why, "%s", opt.output);
    }
    e = opt.decode ? decode_bare(in, out.fd, &why) : encode_bare(in, out.fd, &why);
    io_close(in, NULL);
    if (!e)
        e = outfile_commit(&out, &why);
    else
        outfile_abort(&out);
    return diag_fail(e, &why, "%s", path && strcmp(path, "-") != 0 ? path : "stdin");
}

/* ---- mail ---- */

/* The operands but for the "-" that belongs to --text; NULL: there is none, or no memory. */
static const char **without_text_operand(const struct operands *operands)
{
    const char **files = calloc((size_t)operands->count + 1, sizeof *files);
    bool found = false;
    size_t n = 0;
    for (int i = 0; files && i < operands->count; i++) {
        if (!found && strcmp(operands->list[i], "-") == 0)
            found = true;
        else
            files[n++] = operands->list[i];
    }
    if (found)
        return files;
    free(files);
    return NULL;
}

static enum err compose(const char **files, const char *text)
{
    struct compose c = {
        .from = opt.from, .subject = opt.subject, .type = opt.type, .name = opt.name,
        .date = opt.date, .message_id = opt.message_id, .to = opt.to, .cc = opt.cc,
        .headers = opt.header, .notify = opt.notify, .crlf = opt.crlf, .output = opt.output,
        .files = files, .text = text,
    };
    if (opt.name && files[0] && files[1])
        return usage("--name: there are several files");
    if (opt.notify && !opt.from)
        return usage("--notify: needs --from");
    enum err e = compose_mail(&c);
    if (!e && !opt.from)
        diag_warn("the mail has no author: no --from was given");
    return e;
}

static enum err run_encode(const struct operands *operands)
{
    const char *standard_input[] = {"-", NULL};
    bool text = opt.text != text_unseen;
    if (!text || opt.text)
        return compose(operands->count ? operands->list : standard_input, text ? opt.text : NULL);
    /* "--text -" comes as --text without an argument and an operand "-". Alone, it is the whole
     * mail. */
    const char **files = without_text_operand(operands);
    if (!files)
        return usage("--text: option requires an argument");
    enum err e = compose(files, "-");
    free(files);
    return e;
}

/* ---- --list ---- */

/* A part listed. Names are offsets in the list's strings. */
struct row {
    size_t part, type, name, encoding, disposition, charset;
    unsigned depth;
    bool container; /* shown to people alone: it has no bytes of its own */
    uint64_t size;
    uint32_t pages;
    char sha256[DIGEST_HEX_SIZE];
};

/* A part that is passing by. A uuencoded one lies inside its text: so there may be two. */
struct passing {
    size_t row;
    struct digest digest;
    struct tiff_scan tiff;
};

struct list {
    struct buf rows, strings;
    struct passing open[2];
    unsigned open_n;
};

static struct row *row_at(const struct list *l, size_t i)
{
    return (struct row *)(void *)l->rows.data + i;
}

static const char *string_at(const struct list *l, size_t offset)
{
    return (const char *)l->strings.data + offset;
}

static enum err keep(struct list *l, const char *s, size_t *offset)
{
    *offset = l->strings.len;
    return buf_add(&l->strings, s, strlen(s) + 1);
}

static enum err list_begin(struct list *l, const struct mime_part *part)
{
    struct row row = {.depth = part->depth, .container = part->container};
    struct passing *p = &l->open[l->open_n];
    enum err e = keep(l, part->number, &row.part);
    if (!e)
        e = keep(l, part->type, &row.type);
    if (!e)
        e = keep(l, part->name, &row.name);
    if (!e)
        e = keep(l, part->encoding_name, &row.encoding);
    if (!e)
        e = keep(l, part->disposition, &row.disposition);
    if (!e)
        e = keep(l, part->charset, &row.charset);
    if (!e)
        e = buf_add(&l->rows, &row, sizeof row);
    if (e || part->container)
        return e;
    e = digest_init(&p->digest);
    if (e)
        return e;
    p->row = l->rows.len / sizeof row - 1;
    tiff_scan_init(&p->tiff);
    l->open_n++;
    return ERR_NONE;
}

static enum err list_event(void *ctx, const struct mime_event *event, bool *stop, struct why *why)
{
    struct list *l = ctx;
    struct passing *p = l->open_n ? &l->open[l->open_n - 1] : NULL;
    (void)stop;
    if (event->kind == MIME_END || (event->part->container && event->kind != MIME_PART_BEGIN))
        return ERR_NONE;
    if (event->kind == MIME_PART_BEGIN)
        return list_begin(l, event->part) ? why_set(why, ERR_OS, "out of memory") : ERR_NONE;
    if (event->kind == MIME_BODY) {
        digest_add(&p->digest, event->body);
        tiff_scan_add(&p->tiff, event->body);
        row_at(l, p->row)->size += event->body.n;
        return ERR_NONE;
    }
    row_at(l, p->row)->pages = tiff_scan_pages(&p->tiff);
    digest_final(&p->digest, row_at(l, p->row)->sha256);
    l->open_n--;
    return ERR_NONE;
}

static const char *or_null(const char *s)
{
    return *s ? s : NULL;
}

static enum err list_json(const struct list *l, struct buf *out)
{
    struct json j;
    json_init(&j, out);
    json_open(&j, NULL, '[');
    for (size_t i = 0; i < l->rows.len / sizeof(struct row); i++) {
        const struct row *r = row_at(l, i);
        if (r->container)
            continue;
        json_open(&j, NULL, '{');
        json_add_str(&j, "part", string_at(l, r->part));
        json_add_str(&j, "type", string_at(l, r->type));
        json_add_str(&j, "name", or_null(string_at(l, r->name)));
        json_add_str(&j, "encoding", string_at(l, r->encoding));
        json_add_str(&j, "disposition", or_null(string_at(l, r->disposition)));
        json_add_str(&j, "charset", or_null(string_at(l, r->charset)));
        json_add_int(&j, "size", (long long)r->size);
        json_add_str(&j, "sha256", r->sha256);
        if (r->pages)
            json_add_int(&j, "pages", r->pages);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    return j.err ? j.err : buf_add_byte(out, '\n');
}

/* A multipart that shares its number with the mail around it has none to be asked for. */
static const char *number_of(const struct list *l, size_t i)
{
    const char *number = string_at(l, row_at(l, i)->part);
    bool shared = i > 0 && row_at(l, i - 1)->container && row_at(l, i)->container &&
                  strcmp(number, string_at(l, row_at(l, i - 1)->part)) == 0;
    return *number && !shared ? number : "-";
}

static void widen(size_t *width, size_t n)
{
    if (n > *width)
        *width = n;
}

/* The tree: what is inside a part stands behind it, its type two columns further right. */
static enum err list_columns(const struct list *l, struct buf *out)
{
    size_t n = l->rows.len / sizeof(struct row), part = 4, type = 4, encoding = 8;
    for (size_t i = 0; i < n; i++) {
        const struct row *r = row_at(l, i);
        widen(&part, strlen(string_at(l, r->part)));
        widen(&type, 2 * r->depth + strlen(string_at(l, r->type)));
        widen(&encoding, strlen(string_at(l, r->encoding)));
    }
    enum err e = buf_add_format(out, "%-*s  %-*s  %-*s  %10s  %5s  %-11s  %s\n", (int)part, "PART",
                                (int)type, "TYPE", (int)encoding, "ENCODING", "SIZE", "PAGES",
                                "DISPOSITION", "NAME");
    for (size_t i = 0; i < n && !e; i++) {
        const struct row *r = row_at(l, i);
        char pages[16] = "-", size[24] = "-";
        const char *disposition = string_at(l, r->disposition), *name = string_at(l, r->name);
        int indent = 2 * (int)r->depth;
        if (r->pages)
            snprintf(pages, sizeof pages, "%u", (unsigned)r->pages);
        if (!r->container)
            snprintf(size, sizeof size, "%llu", (unsigned long long)r->size);
        e = buf_add_format(out, "%-*s  %*s%-*s  %-*s  %10s  %5s  %-11s  %s\n", (int)part,
                           number_of(l, i), indent, "", (int)type - indent,
                           string_at(l, r->type), (int)encoding, string_at(l, r->encoding), size,
                           pages, *disposition ? disposition : "-", *name ? name : "-");
    }
    return e;
}

/* What the rules of reception ask of a mail, in one word. */
static enum err list_kind(const struct list *l, struct buf *out)
{
    struct mime_kind_parts parts = {.text = false};
    for (size_t i = 0; i < l->rows.len / sizeof(struct row); i++) {
        const struct row *r = row_at(l, i);
        if (!r->container)
            mime_kind_add_type(&parts, string_at(l, r->type), span_str(string_at(l, r->name)));
    }
    return buf_add_format(out, "%s\n", mime_kind_name(mime_kind_of(&parts)));
}

static enum err list_parts(const struct mail_open *m)
{
    struct list l = {.open_n = 0};
    struct buf out;
    struct outfile file;
    struct why why = {""};
    buf_init(&l.rows, MIME_PARTS_MAX * sizeof(struct row));
    buf_init(&l.strings, MIME_PARTS_MAX * (size_t)2048);
    buf_init(&out, MIME_PARTS_MAX * (size_t)8192);
    enum err e = mail_each(m, list_event, &l, &why);
    while (l.open_n)
        digest_release(&l.open[--l.open_n].digest);
    if (!e)
        e = opt.kind ? list_kind(&l, &out)
            : m->json ? list_json(&l, &out)
                      : list_columns(&l, &out);
    if (!e && !(e = outfile_open(&file, m->output, &why))) {
        e = io_write(file.fd, out.data, out.len, &why);
        if (!e)
            e = outfile_commit(&file, &why);
        else
            outfile_abort(&file);
    }
    buf_release(&l.rows);
    buf_release(&l.strings);
    buf_release(&out);
    return diag_fail(e, &why, "%s", mail_shown(m));
}

static enum err answer(const struct mail_open *m)
{
    enum mime_disposition disposition;
    if (!mime_disposition_parse(opt.mdn, &disposition))
        return usage("--mdn: displayed, dispatched, processed or deleted");
    return opt.from ? mail_answer(m, disposition, opt.from) : usage("--mdn: needs --from");
}

static enum err run_decode(const struct operands *operands)
{
    const char *path = operands->list[0];
    bool text = opt.text != text_unseen;
    if (operands_check(operands, 0, 1))
        return ERR_USAGE;
    if (text && opt.text) {
        if (path)
            return usage("unexpected operand");
        path = opt.text; /* "-d --text FILE" */
    }
    if (!!opt.part + !!opt.all + opt.list + opt.kind + opt.headers + opt.report + text +
            !!opt.type > 1)
        return usage("only one of --type, --part, --all, --list, --kind, --headers, --text, "
                     "--report");
    if (opt.json && !opt.list && !opt.headers && !opt.report)
        return usage("--json: only with --list, --headers, --report");
    if (opt.mdn && (opt.part || opt.all || opt.list || opt.kind || opt.headers || opt.report ||
                    text || opt.type))
        return usage("--mdn: goes with no other action");
    if (opt.all && opt.output)
        return usage("--all: goes without --output");
    struct mail_open m = {.path = path, .output = opt.output, .json = opt.json,
                          .strict = opt.strict,
                          .wanted = {.number = opt.part, .type = opt.type}};
    if (opt.mdn)
        return answer(&m);
    if (opt.all)
        return mail_extract_all(&m, opt.all);
    if (opt.list || opt.kind)
        return list_parts(&m);
    if (opt.headers)
        return mail_headers(&m);
    if (opt.report)
        return mail_report(&m);
    return text ? mail_text(&m) : mail_extract(&m);
}

/* A notification is made, and of a mail. */
static bool composing(void)
{
    return (opt.from && !opt.mdn) || opt.to || opt.cc || opt.subject || opt.header || opt.name ||
           opt.date || opt.message_id || opt.notify;
}

static enum err run(const struct operands *operands)
{
    base64_use(cpu_env_mask());
    diag_trace("base64 kernel: %s", base64_kernel_used()->name);
    bool decode = opt.decode || opt.part || opt.all || opt.list || opt.kind || opt.headers ||
                  opt.report || opt.mdn;
    if (decode && (composing() || opt.crlf || opt.wrap >= 0))
        return usage("options for making a mail do not go with opening one");
    if (opt.wrap >= 0 && !opt.bare)
        return usage("--wrap: only with --bare");
    if (opt.wrap < -1)
        return usage("--wrap: not a number of characters");
    if (opt.bare && (composing() || opt.part || opt.all || opt.list || opt.kind || opt.headers ||
                     opt.report || opt.mdn || opt.type || opt.text != text_unseen))
        return usage("--bare: no mail, so none of its options");
    if (!decode && (opt.json || opt.strict))
        return usage(opt.json ? "--json: only when opening a mail"
                              : "--strict: only when opening a mail");
    if (opt.bare)
        return run_bare(operands);
    return decode ? run_decode(operands) : run_encode(operands);
}

static void version(void)
{
    printf("base64 kernel: %s\n", base64_kernel_for(cpu_env_mask())->name);
}

int main(int argc, char **argv)
{
    static const struct program program = {"b64mime", "[FILE...]", options, run, version};
    return program_main(&program, argc, argv);
}
