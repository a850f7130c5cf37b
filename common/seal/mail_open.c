/* Mails that come in sealed or signed. */
#include "seal/mail.h"

#include "base64/base64.h"
#include "mime/address.h"
#include "seal/signed.h"
#include "seal/wrapper.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 32768 };

/* ---- The message in the body ---- */

/* The body out of its transfer encoding, as a message's source. */
struct decoded {
    struct mail *m;
    enum wrapper_coding coding;
    struct base64_decoder decoder;
    bool ended;
    uint8_t in[CHUNK / 2];
};

/* n is at least CHUNK, so that what was read has room decoded. */
static enum err read_decoded(void *ctx, void *p, size_t n, size_t *got, struct why *why)
{
    struct decoded *d = ctx;
    enum err e = ERR_NONE;
    if (d->coding == WRAPPER_BINARY)
        return mail_body(d->m, p, n, got, why);
    *got = 0;
    while (!e && *got == 0 && !d->ended) {
        size_t k;
        e = mail_body(d->m, d->in, sizeof d->in, &k, why);
        if (e)
            return e;
        d->ended = k == 0;
        *got = d->ended ? base64_decode_end(&d->decoder, p)
                        : base64_decode(&d->decoder, span_of(d->in, k), p);
    }
    return e;
}

static struct decoded *decoded_open(struct mail *m, enum wrapper_coding coding, struct why *why)
{
    struct decoded *d = calloc(1, sizeof *d);
    if (!d) {
        why_set(why, ERR_OS, "out of memory");
        return NULL;
    }
    d->m = m;
    d->coding = coding;
    base64_decoder_init(&d->decoder, BASE64_PLAIN);
    return d;
}

/* ---- The mail that was in it ---- */

/* What was inside: its header block in head_n bytes of head (none: 0), and what was read behind. */
struct inside {
    const struct cms_source *source;
    struct buf head;
    size_t head_n;
};

static enum err read_inside(struct inside *in, struct why *why)
{
    uint8_t *room;
    size_t got = 0;
    enum err e = ERR_NONE;
    do {
        if (in->head.max - in->head.len < CHUNK)
            break;
        e = buf_reserve(&in->head, CHUNK, &room);
        if (!e)
            e = in->source->read(in->source->ctx, room, CHUNK, &got, why);
        if (e)
            return e;
        in->head.len += got;
        in->head_n = wrapper_head(buf_span(&in->head));
    } while (got && in->head_n == 0 && wrapper_is_head(buf_span(&in->head)));
    if (!wrapper_is_head(buf_span(&in->head)))
        in->head_n = 0;
    return ERR_NONE;
}

static enum err put_body(struct mail *m, const struct inside *in, bool binary, int fd,
                         struct why *why)
{
    uint8_t chunk[CHUNK], out[CHUNK + 1];
    struct span kept = span_skip(buf_span(&in->head), in->head_n);
    size_t got;
    int state = 0;
    enum err e;
    do {
        got = kept.n < CHUNK ? kept.n : CHUNK;
        if (got)
            memcpy(chunk, kept.p, got);
        kept = span_skip(kept, got);
        e = got ? ERR_NONE : in->source->read(in->source->ctx, chunk, CHUNK, &got, why);
        if (e)
            break;
        size_t n = binary ? got : wrapper_to_lf(chunk, got, out, &state);
        e = io_write(fd, binary ? chunk : out, n, why);
        m->lost = e != ERR_NONE;
    } while (!e && got);
    explicit_bzero(chunk, sizeof chunk);
    explicit_bzero(out, sizeof out);
    return e;
}

/* signers: every address of the From that will be shown must be one of theirs. */
static enum err check_from(struct span head, const struct cms_certs *signers, struct why *why)
{
    struct span raw;
    struct mime_address a;
    unsigned count = 0;
    char name[256];
    if (header_count(head, "From") != 1 || !header_find(head, "From", &raw))
        return why_set(why, ERR_DATA, "not one From: whose signature it must be is not known");
    cms_certs_name(signers, name, sizeof name);
    while (mime_address_next(&raw, NULL, &a)) {
        count++;
        if (a.addr[0] == '@' || !cms_certs_have(signers, a.addr))
            return why_set(why, ERR_AUTH, "from %s, but signed by %s", a.addr, name);
    }
    return count ? ERR_NONE : why_set(why, ERR_AUTH, "from nobody, but signed by %s", name);
}

/* The outer header and what was inside become one mail again. signers may be NULL. */
static enum err put_mail(struct mail *m, const struct cms_source *source,
                         const struct cms_certs *signers, int fd, struct why *why)
{
    struct inside in = {.source = source};
    struct buf head;
    bool binary = false;
    buf_init(&in.head, WRAPPER_HEAD_MAX);
    buf_init(&head, WRAPPER_HEAD_MAX * 4);
    enum err e = read_inside(&in, why);
    if (!e)
        e = wrapper_join(span_of(m->head.data, m->head_n), span_take(buf_span(&in.head), in.head_n),
                         &head, &binary, why);
    if (!e && signers)
        e = check_from(buf_span(&head), signers, why);
    if (!e) {
        e = io_write(fd, head.data, head.len, why);
        m->lost = e != ERR_NONE;
    }
    if (!e)
        e = put_body(m, &in, binary, fd, why);
    buf_wipe(&in.head);
    buf_wipe(&head);
    return e;
}

/* ---- Opening ---- */

static enum err read_content(void *ctx, void *p, size_t n, size_t *got, struct why *why)
{
    return cms_content_read(ctx, p, n, got, why);
}

enum err mail_unseal(struct mail *m, const struct cms_key *key, int out, struct why *why)
{
    enum wrapper_coding coding;
    struct cms_content *content = NULL;
    enum err e = wrapper_sealed(span_of(m->head.data, m->head_n), &coding, why);
    if (e)
        return e;
    struct decoded *d = decoded_open(m, coding, why);
    if (!d)
        return ERR_OS;
    e = cms_open(key, &(struct cms_source){read_decoded, d}, &content, why);
    if (!e)
        e = put_mail(m, &(struct cms_source){read_content, content}, NULL, out, why);
    cms_content_close(content);
    free(d);
    return e;
}

/* ---- Verifying ---- */

static enum err keep_signed(void *ctx, const void *p, size_t n, struct why *why)
{
    return shelter_write(ctx, p, n, why);
}

/* The whole body: what is signed into the shelter, the second part into part. */
static enum err divide_body(struct mail *m, const char *boundary, struct shelter *content,
                            struct buf *part, struct why *why)
{
    struct signed_mail s;
    struct buf some;
    uint8_t in[CHUNK];
    size_t got;
    enum err e;
    signed_begin(&s, span_str(boundary));
    buf_init(&some, 2 * CHUNK + SIGNED_LINE_MAX + 2);
    while (!(e = mail_body(m, in, sizeof in, &got, why)) && got) {
        e = signed_push(&s, span_of(in, got), &some, part, why);
        if (!e)
            e = shelter_write(content, some.data, some.len, why);
        buf_clear(&some);
        if (e)
            break;
    }
    buf_wipe(&some);
    return e ? e : signed_end(&s, why);
}

/* The second part's body, decoded. */
static enum err signature_of(struct span part, struct buf *der, struct why *why)
{
    struct base64_decoder decoder;
    enum wrapper_coding coding;
    uint8_t *room;
    struct span body = span_skip(part, wrapper_head(part));
    enum err e = wrapper_signature(part, &coding, why);
    if (e)
        return e;
    if (coding == WRAPPER_BINARY)
        return buf_add_span(der, body);
    e = buf_reserve(der, base64_decode_bound(body.n) + base64_decode_bound(0), &room);
    if (e)
        return why_set(why, e, "signature too long");
    base64_decoder_init(&decoder, BASE64_PLAIN);
    der->len = base64_decode(&decoder, body, room);
    der->len += base64_decode_end(&decoder, der->data + der->len);
    return ERR_NONE;
}

/* What is signed into content, and the signature without it into der. */
static enum err take_apart(struct mail *m, struct shelter *content, struct buf *der,
                           struct why *why)
{
    char boundary[WRAPPER_BOUNDARY_MAX + 1];
    enum wrapper_coding coding;
    struct buf part;
    enum err e = wrapper_signed(span_of(m->head.data, m->head_n), &coding, boundary, why);
    if (e)
        return e;
    if (!*boundary) {
        struct decoded *d = decoded_open(m, coding, why);
        const struct cms_sink sink = {keep_signed, content};
        e = d ? cms_split(&(struct cms_source){read_decoded, d}, &sink, der, why) : ERR_OS;
        free(d);
        return e;
    }
    buf_init(&part, SIGNED_SIGNATURE_MAX);
    e = divide_body(m, boundary, content, &part, why);
    if (!e)
        e = signature_of(buf_span(&part), der, why);
    buf_release(&part);
    return e;
}

static enum err read_shelter(void *ctx, void *p, size_t n, size_t *got, struct why *why)
{
    return shelter_read(ctx, p, n, got, why);
}

/* The signed bytes as they stand in the mail, whose lines end in LF. */
static enum err with_lf(struct shelter *content, struct shelter **out, struct why *why)
{
    uint8_t in[CHUNK], bytes[CHUNK + 1];
    size_t got = 0;
    int state = 0;
    enum err e = shelter_rewind(content, why);
    if (!e)
        e = shelter_open(out, why);
    if (e)
        return e;
    do {
        e = shelter_read(content, in, sizeof in, &got, why);
        if (!e)
            e = shelter_write(*out, bytes, wrapper_to_lf(in, got, bytes, &state), why);
    } while (!e && got);
    explicit_bzero(in, sizeof in);
    explicit_bzero(bytes, sizeof bytes);
    return e;
}

/*
 * RFC 8551 §3.1.1 signs lines that end in CR LF. Some sign them as they lie on their disk: over
 * these bytes, too, a signature is genuine. It is tried second; the first reason stands.
 */
static enum err verify_either(const struct cms_certs *ca, struct span der,
                              struct shelter *content, struct cms_certs **signers,
                              struct why *why)
{
    struct shelter *lf = NULL;
    struct why second = {""};
    enum err e = cms_verify(ca, der, content, signers, why);
    if (e != ERR_DATA)
        return e;
    enum err again = with_lf(content, &lf, &second);
    if (!again)
        again = cms_verify(ca, der, lf, signers, &second);
    shelter_close(lf);
    if (again == ERR_NONE)
        diag_warn("signed with line ends of LF, and not CR LF as mail has them");
    else if (again == ERR_AUTH)
        why_set(why, again, "%s", second.text);
    return again == ERR_NONE || again == ERR_AUTH ? again : e;
}

/* ca is NULL: nobody asks who has signed. */
static enum err verify(struct mail *m, const struct cms_certs *ca, int out, struct why *why)
{
    struct shelter *content;
    struct cms_certs *signers = NULL;
    struct buf der;
    enum err e = shelter_open(&content, why);
    if (e)
        return e;
    buf_init(&der, SIGNED_SIGNATURE_MAX);
    e = take_apart(m, content, &der, why);
    if (!e && ca)
        e = verify_either(ca, buf_span(&der), content, &signers, why);
    if (!e)
        e = shelter_rewind(content, why);
    if (!e)
        e = put_mail(m, &(struct cms_source){read_shelter, content}, signers, out, why);
    cms_certs_free(signers);
    buf_release(&der);
    shelter_close(content);
    return e;
}

enum err mail_verify(struct mail *m, const struct cms_certs *ca, int out, struct why *why)
{
    return verify(m, ca, out, why);
}

enum err mail_unsign(struct mail *m, int out, struct why *why)
{
    return verify(m, NULL, out, why);
}
