/*
 * mime-crypt: seals a mail as S/MIME for its recipients, or opens a sealed one.
 *
 * What is opened waits in an unlinked file until all of it has been found genuine.
 */
#include "base64/base64.h"
#include "base64/kernel.h"
#include "seal/cms.h"
#include "seal/wrapper.h"
#include "store/store.h"
#include "tool/cpu_env.h"
#include "tool/diag.h"
#include "tool/home.h"
#include "tool/io.h"
#include "tool/program.h"
#include "tool/secret.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 32768, FILE_MAX = 1 << 20 };

static struct {
    int decrypt;
    char **to, **certs;
    char *method, *key;
    struct secret_source password;
} opt = {.password = {.fd = -1}};

static struct poptOption options[] = {
    {"decrypt", 'd', POPT_ARG_NONE, &opt.decrypt, 0, "open a sealed mail", NULL},
    {"to", 0, POPT_ARG_ARGV, &opt.to, 0, "seal as the encryption table says for ADDRESS...",
     "ADDRESS"},
    {"method", 0, POPT_ARG_STRING, &opt.method, 0,
     "seal by M: none, smime-aes256-gcm, smime-aes256-cbc", "M"},
    {"cert", 0, POPT_ARG_ARGV, &opt.certs, 0, "certificate of a recipient..., or the key's own",
     "FILE"},
    {"key", 0, POPT_ARG_STRING, &opt.key, 0, "private key to open with", "FILE"},
    SECRET_OPTIONS(opt.password),
    POPT_TABLEEND,
};

/* A mail being read: its header block is in head, and behind it the body's first bytes. */
struct mail {
    int fd;
    const char *name;
    struct buf head;
    size_t head_n;
};

static enum err mail_open(struct mail *m, const struct operands *operands, struct why *why)
{
    const char *path = operands->list[0];
    m->name = path && strcmp(path, "-") != 0 ? path : "stdin";
    buf_init(&m->head, WRAPPER_HEAD_MAX);
    m->head_n = 0;
    enum err e = io_open(path, &m->fd, why);
    while (!e && m->head_n == 0) {
        uint8_t *room;
        size_t got;
        if (m->head.max - m->head.len < CHUNK)
            return why_set(why, ERR_DATA, "not a mail: no end of the header");
        e = buf_reserve(&m->head, CHUNK, &room);
        if (e)
            return why_set(why, e, "out of memory");
        e = io_read(m->fd, room, CHUNK, &got, why);
        if (e)
            return e;
        m->head.len += got;
        m->head_n = wrapper_head(buf_span(&m->head));
        if (got == 0 && m->head_n == 0)
            return why_set(why, ERR_DATA, m->head.len ? "not a mail: no end of the header"
                                                      : "empty");
    }
    return e;
}

static void mail_close(struct mail *m)
{
    buf_wipe(&m->head);
    if (m->fd > 2)
        close(m->fd);
}

/* The next bytes of the body, at most n; *got is 0 at the end. */
static enum err mail_body(struct mail *m, uint8_t *p, size_t n, size_t *got, struct why *why)
{
    size_t kept = m->head.len - m->head_n;
    if (kept == 0)
        return io_read(m->fd, p, n, got, why);
    *got = kept < n ? kept : n;
    memcpy(p, m->head.data + m->head_n, *got);
    memmove(m->head.data + m->head_n, m->head.data + m->head_n + *got, kept - *got);
    m->head.len -= *got;
    return ERR_NONE;
}

/* Failures to write are stdout's, whatever was being read. */
static enum err at_stdout(enum err e, const struct why *why)
{
    return diag_fail(e, why, "stdout");
}

static enum err pass_through(struct mail *m)
{
    struct why why = {""};
    enum err e = io_write(1, m->head.data, m->head.len, &why);
    if (e)
        return at_stdout(e, &why);
    e = io_copy(m->fd, 1, NULL, &why);
    return diag_fail(e, &why, "%s", m->name);
}

static enum err seal_body(struct mail *m, struct cms_sealer *sealer, bool binary)
{
    struct why why = {""};
    uint8_t in[CHUNK], out[2 * CHUNK];
    size_t got;
    int state = 0;
    enum err e;
    while (!(e = mail_body(m, in, sizeof in, &got, &why)) && got) {
        size_t n = got;
        if (!binary)
            n = wrapper_to_crlf(in, got, out, &state);
        e = cms_seal_write(sealer, binary ? in : out, n, &why);
        if (e)
            return at_stdout(e, &why);
    }
    return diag_fail(e, &why, "%s", m->name);
}

static const char *sealed_type(enum cms_method method)
{
    return method == CMS_METHOD_AES256_GCM
               ? "Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data;\n"
                 "\tname=\"smime.p7m\"\n"
               : "Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\n"
                 "\tname=\"smime.p7m\"\n";
}

static enum err seal_with(struct mail *m, struct cms_sealer *sealer, struct span outer,
                          struct span inner, enum cms_method method, bool binary)
{
    static const char rest[] = "Content-Transfer-Encoding: base64\n"
                               "Content-Disposition: attachment; filename=\"smime.p7m\"\n\n";
    const char *type = sealed_type(method);
    struct why why = {""};
    enum err e = io_write(1, outer.p, outer.n, &why);
    if (!e)
        e = io_write(1, type, strlen(type), &why);
    if (!e)
        e = io_write(1, rest, sizeof rest - 1, &why);
    if (!e)
        e = cms_seal_write(sealer, inner.p, inner.n, &why);
    if (e)
        at_stdout(e, &why);
    else
        e = seal_body(m, sealer, binary);
    if (e) {
        cms_seal_abort(sealer);
        return e;
    }
    e = cms_seal_close(sealer, &why);
    return e ? at_stdout(e, &why) : ERR_NONE;
}

static enum err seal(struct mail *m, enum cms_method method, const struct cms_certs *certs)
{
    struct why why = {""};
    struct buf outer, inner;
    struct cms_sealer *sealer;
    bool binary;
    buf_init(&outer, WRAPPER_HEAD_MAX * 2);
    buf_init(&inner, WRAPPER_HEAD_MAX * 2);
    enum err e = wrapper_divide(span_of(m->head.data, m->head_n), &outer, &inner, &binary, &why);
    if (e) {
        diag_fail(e, &why, "%s", m->name);
    } else if (method == CMS_METHOD_NONE) {
        e = pass_through(m);
    } else {
        e = cms_seal_open(method, certs, 1, &sealer, &why);
        if (e)
            diag_fail(e, &why, "seal");
        else
            e = seal_with(m, sealer, buf_span(&outer), buf_span(&inner), method, binary);
    }
    buf_release(&outer);
    buf_wipe(&inner);
    return e;
}

static enum err read_file(const char *path, struct buf *out, struct why *why)
{
    buf_init(out, FILE_MAX);
    return io_read_file(path, out, why);
}

static enum err add_cert(struct cms_certs **certs, const char *path)
{
    struct why why = {""};
    struct buf text;
    enum err e = read_file(path, &text, &why);
    if (!e)
        e = cms_certs_add(certs, buf_span(&text), &why);
    buf_release(&text);
    return diag_fail(e, &why, "%s", path);
}

static enum err seal_as_said(struct mail *m)
{
    struct cms_certs *certs = NULL;
    enum cms_method method;
    enum err e = ERR_NONE;
    if (!cms_method_named(span_str(opt.method), &method))
        return diag_fail(ERR_USAGE, &(struct why){"no such method"}, "%s", opt.method);
    if (method != CMS_METHOD_NONE && !opt.certs)
        return diag_fail(ERR_USAGE, &(struct why){"--cert is missing"}, "--method %s", opt.method);
    for (char **path = opt.certs; path && *path && !e; path++)
        e = add_cert(&certs, *path);
    if (!e)
        e = seal(m, method, certs);
    cms_certs_free(certs);
    return e;
}

/* One recipient's row: its method must be that of those before, its certificate is added. */
static enum err add_recipient(struct store *store, const char *address, bool first,
                              enum cms_method *method, struct cms_certs **certs)
{
    struct why why = {""};
    char name[STORE_METHOD_MAX + 1];
    enum cms_method m = CMS_METHOD_NONE;
    struct buf cert;
    buf_init(&cert, STORE_CERT_MAX);
    enum err e = store_encryption(store, address, name, &cert, &why);
    if (e == ERR_NO)
        e = why_set(&why, ERR_CONFIG, "no entry in the encryption table");
    else if (!e && !cms_method_named(span_str(name), &m))
        e = why_set(&why, ERR_CONFIG, "unknown method %s in the encryption table", name);
    else if (!e && !first && m != *method)
        e = why_set(&why, ERR_CONFIG, "methods differ: one mail cannot be for all");
    else if (!e && m != CMS_METHOD_NONE && cert.len == 0)
        e = why_set(&why, ERR_CONFIG, "no certificate in the encryption table");
    *method = m;
    if (!e && m != CMS_METHOD_NONE)
        e = cms_certs_add(certs, buf_span(&cert), &why);
    buf_release(&cert);
    return diag_fail(e, &why, "%s", address);
}

static enum err seal_by_table(struct mail *m)
{
    struct why why = {""};
    struct home home;
    struct store *store = NULL;
    struct cms_certs *certs = NULL;
    enum cms_method method = CMS_METHOD_NONE;
    enum err e = home_open(&home, HOME_ANY, &why);
    if (e)
        return diag_fail(e, &why, "station");
    e = store_open(&home, STORE_READ, &store, &why);
    if (e)
        diag_fail(e, &why, "encryption table");
    for (char **to = opt.to; *to && !e; to++)
        e = add_recipient(store, *to, to == opt.to, &method, &certs);
    store_close(store);
    home_close(&home);
    if (!e)
        e = seal(m, method, certs);
    cms_certs_free(certs);
    return e;
}

/* The body's message, out of its transfer encoding, in an unlinked file. */
static enum err decode_body(struct mail *m, enum wrapper_coding coding, int fd, struct why *why)
{
    struct base64_decoder decoder;
    uint8_t in[CHUNK], out[CHUNK];
    size_t got;
    enum err e;
    base64_decoder_init(&decoder, BASE64_PLAIN);
    while (!(e = mail_body(m, in, sizeof in, &got, why)) && got && !e) {
        size_t n = got;
        if (coding == WRAPPER_BASE64)
            n = base64_decode(&decoder, span_of(in, got), out);
        e = io_write(fd, coding == WRAPPER_BASE64 ? out : in, n, why);
        if (e)
            return e;
    }
    if (e || coding != WRAPPER_BASE64)
        return e;
    return io_write(fd, out, base64_decode_end(&decoder, out), why);
}

/* The opened content's own header block is read into inner; the file then stands behind it. */
static enum err inner_head(int fd, struct buf *inner, struct why *why)
{
    uint8_t *room;
    size_t got = 0, n = 0;
    enum err e = ERR_NONE;
    do {
        if (inner->max - inner->len < CHUNK)
            break;
        e = buf_reserve(inner, CHUNK, &room);
        if (!e)
            e = io_read(fd, room, CHUNK, &got, why);
        if (e)
            return e;
        inner->len += got;
        n = wrapper_head(buf_span(inner));
    } while (got && n == 0 && wrapper_is_head(buf_span(inner)));
    inner->len = wrapper_is_head(buf_span(inner)) ? n : 0;
    return lseek(fd, (off_t)inner->len, SEEK_SET) < 0 ? why_errno(why, ERR_IO, "temporary file")
                                                      : ERR_NONE;
}

static enum err put_content(int fd, bool binary, struct why *why)
{
    uint8_t in[CHUNK], out[CHUNK + 1];
    size_t got;
    int state = 0;
    enum err e;
    do {
        e = io_read(fd, in, sizeof in, &got, why);
        if (e)
            return e;
        size_t n = binary ? got : wrapper_to_lf(in, got, out, &state);
        e = io_write(1, binary ? in : out, n, why);
    } while (!e && got);
    return e;
}

static enum err put_mail(struct mail *m, int content)
{
    struct why why = {""};
    struct buf inner, head;
    bool binary = false;
    buf_init(&inner, WRAPPER_HEAD_MAX);
    buf_init(&head, WRAPPER_HEAD_MAX * 4);
    enum err e = inner_head(content, &inner, &why);
    if (!e)
        e = wrapper_join(span_of(m->head.data, m->head_n), buf_span(&inner), &head, &binary, &why);
    if (e) {
        diag_fail(e, &why, "%s", m->name);
    } else {
        e = io_write(1, head.data, head.len, &why);
        if (!e)
            e = put_content(content, binary, &why);
        if (e)
            at_stdout(e, &why);
    }
    buf_wipe(&inner);
    buf_release(&head);
    return e;
}

static enum err read_key(struct cms_key **key)
{
    struct why why = {""};
    struct buf key_text, cert_text;
    char prompt[512];
    *key = NULL;
    snprintf(prompt, sizeof prompt, "password of %s: ", opt.key);
    buf_init(&cert_text, FILE_MAX);
    enum err e = read_file(opt.key, &key_text, &why);
    if (e) {
        diag_fail(e, &why, "%s", opt.key);
    } else if ((e = io_read_file(opt.certs[0], &cert_text, &why))) {
        diag_fail(e, &why, "%s", opt.certs[0]);
    } else {
        e = cms_key_read(buf_span(&key_text), buf_span(&cert_text), &opt.password, prompt, key,
                         &why);
        diag_fail(e, &why, "%s with %s", opt.key, opt.certs[0]);
    }
    buf_wipe(&key_text);
    buf_release(&cert_text);
    return e;
}

static enum err open_with(struct mail *m, const struct cms_key *key)
{
    struct why why = {""};
    enum wrapper_coding coding;
    int fd, content;
    enum err e = wrapper_sealed(span_of(m->head.data, m->head_n), &coding, &why);
    if (e)
        return diag_fail(e, &why, "%s", m->name);
    e = io_temp(&fd, &why);
    if (e)
        return diag_fail(e, &why, "temporary file");
    e = decode_body(m, coding, fd, &why);
    if (!e)
        e = cms_open(key, fd, &content, &why);
    close(fd);
    if (e)
        return diag_fail(e, &why, "%s", m->name);
    e = put_mail(m, content);
    close(content);
    return e;
}

static enum err run_open(struct mail *m)
{
    struct cms_key *key;
    enum err e = read_key(&key);
    if (!e)
        e = open_with(m, key);
    cms_key_free(key);
    return e;
}

static enum err check_options(void)
{
    const char *wrong = NULL;
    if (opt.decrypt && (!opt.key || !opt.certs || opt.certs[1]))
        wrong = "-d needs --key and one --cert";
    else if (opt.decrypt && (opt.to || opt.method))
        wrong = "-d goes with neither --to nor --method";
    else if (!opt.decrypt && opt.key)
        wrong = "--key goes with -d only";
    else if (!opt.decrypt && !opt.to == !opt.method)
        wrong = "one of --to and --method must say how to seal";
    else if (opt.to && opt.certs)
        wrong = "--cert goes with --method or -d: for --to the table has it";
    return wrong ? (diag_error("%s", wrong), ERR_USAGE) : ERR_NONE;
}

static enum err run(const struct operands *operands)
{
    struct why why = {""};
    struct mail m = {.fd = -1};
    enum err e = operands_check(operands, 0, 1);
    if (!e)
        e = check_options();
    if (e)
        return e;
    base64_use(cpu_env_mask());
    e = mail_open(&m, operands, &why);
    if (e)
        diag_fail(e, &why, "%s", m.name);
    else
        e = opt.decrypt ? run_open(&m) : opt.to ? seal_by_table(&m) : seal_as_said(&m);
    mail_close(&m);
    return e;
}

int main(int argc, char **argv)
{
    static const struct program program = {"mime-crypt", "[FILE]", options, run, NULL};
    return program_main(&program, argc, argv);
}
