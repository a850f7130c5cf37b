#include "seal/mail.h"

#include "base64/base64.h"
#include "seal/signed.h"
#include "seal/wrapper.h"
#include "tool/io.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK = 32768 };

/* ---- Reading ---- */

enum err mail_begin(struct mail *m, int fd, struct why *why)
{
    enum err e = ERR_NONE;
    *m = (struct mail){.fd = fd};
    buf_init(&m->head, WRAPPER_HEAD_MAX);
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

void mail_end(struct mail *m)
{
    buf_wipe(&m->head);
}

enum err mail_body(struct mail *m, uint8_t *p, size_t n, size_t *got, struct why *why)
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

/* ---- Writing ---- */

/* Where the canonical bytes (CR LF) of the entity go: hashed, sealed, or to fd with LF. */
struct outlet {
    struct mail *m;
    int fd;
    struct cms_sealer *sealer; /* NULL: to fd */
    struct cms_signer *signer;
    bool hashing;
    int lf;
};

static enum err put_lf(struct outlet *o, const uint8_t *p, size_t n, struct why *why)
{
    uint8_t out[CHUNK + 1];
    enum err e = ERR_NONE;
    while (n && !e) {
        size_t k = n < CHUNK ? n : CHUNK;
        e = io_write(o->fd, out, wrapper_to_lf(p, k, out, &o->lf), why);
        p += k;
        n -= k;
    }
    return e;
}

static enum err put(struct outlet *o, const void *p, size_t n, struct why *why)
{
    enum err e = o->hashing ? cms_sign_write(o->signer, p, n, why) : ERR_NONE;
    if (e)
        return e;
    e = o->sealer ? cms_seal_write(o->sealer, p, n, why) : put_lf(o, p, n, why);
    o->m->lost = e != ERR_NONE;
    return e;
}

static enum err put_str(struct outlet *o, const char *s, struct why *why)
{
    return put(o, s, strlen(s), why);
}

/* The header that goes inside, and the body. */
static enum err put_entity(struct outlet *o, struct span inner, bool binary, struct why *why)
{
    uint8_t in[CHUNK], out[2 * CHUNK];
    size_t got;
    int state = 0;
    enum err e = put(o, inner.p, inner.n, why);
    while (!e && !(e = mail_body(o->m, in, sizeof in, &got, why)) && got)
        e = put(o, binary ? in : out, binary ? got : wrapper_to_crlf(in, got, out, &state), why);
    return e;
}

static enum err put_signature(struct outlet *o, struct why *why)
{
    struct base64_encoder encoder;
    struct buf der, text;
    uint8_t *room;
    buf_init(&der, SIGNED_SIGNATURE_MAX);
    buf_init(&text, SIGNED_SIGNATURE_MAX);
    enum err e = cms_sign_close(o->signer, &der, why);
    o->signer = NULL;
    base64_encoder_init(&encoder, BASE64_MIME_WRAP, BASE64_CRLF);
    if (!e && (e = buf_reserve(&text, base64_encode_bound(&encoder, der.len) + 8, &room)))
        e = why_set(why, e, "signature too long");
    if (!e) {
        text.len = base64_encode(&encoder, buf_span(&der), room);
        text.len += base64_encode_end(&encoder, text.data + text.len);
        e = put(o, text.data, text.len, why);
    }
    buf_release(&der);
    buf_release(&text);
    return e;
}

/* RFC 8551 §3.5.3: the entity, between boundaries that nothing in it can have, and its
 * signature. */
static enum err put_signed(struct outlet *o, struct span inner, bool binary, struct why *why)
{
    unsigned char random[16];
    char boundary[48] = "----signed-", text[256];
    if (RAND_bytes(random, sizeof random) != 1)
        return why_set(why, ERR_OS, "no randomness");
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(boundary + 11 + 2 * i, 3, "%02x", random[i]);
    snprintf(text, sizeof text,
             "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n"
             "\tmicalg=sha-256; boundary=\"%s\"\r\n\r\n--%s\r\n", boundary, boundary);
    enum err e = put_str(o, text, why);
    o->hashing = true;
    if (!e)
        e = put_entity(o, inner, binary, why);
    o->hashing = false;
    snprintf(text, sizeof text,
             "\r\n--%s\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
             "Content-Transfer-Encoding: base64\r\n"
             "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n", boundary);
    if (!e)
        e = put_str(o, text, why);
    if (!e)
        e = put_signature(o, why);
    snprintf(text, sizeof text, "--%s--\r\n", boundary);
    return e ? e : put_str(o, text, why);
}

static const char *sealed_type(enum cms_method method)
{
    return method == CMS_METHOD_AES256_GCM
               ? "Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data;\n"
                 "\tname=\"smime.p7m\"\n"
                 "Content-Transfer-Encoding: base64\n"
                 "Content-Disposition: attachment; filename=\"smime.p7m\"\n\n"
               : "Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\n"
                 "\tname=\"smime.p7m\"\n"
                 "Content-Transfer-Encoding: base64\n"
                 "Content-Disposition: attachment; filename=\"smime.p7m\"\n\n";
}

static enum err put_outer(struct outlet *o, const struct mail_sealing *how, struct span outer,
                          struct why *why)
{
    const char *type = sealed_type(how->seal.method);
    enum err e = io_write(o->fd, outer.p, outer.n, why);
    if (!e && o->sealer)
        e = io_write(o->fd, type, strlen(type), why);
    o->m->lost = e != ERR_NONE;
    return e;
}

/* All that can fail before a byte has been written does. */
static enum err prepare(struct outlet *o, const struct mail_sealing *how, bool binary,
                        struct why *why)
{
    bool sealed = how->seal.method != CMS_METHOD_NONE;
    if (how->signer && binary && !sealed)
        return why_set(why, ERR_DATA, "a binary body cannot be signed alone: encode it first");
    enum err e = how->signer ? cms_sign_open(how->signer, how->pss, &o->signer, why) : ERR_NONE;
    return e || !sealed ? e : cms_seal_open(&how->seal, o->fd, &o->sealer, why);
}

static enum err write_divided(struct mail *m, const struct mail_sealing *how, int fd,
                              struct span outer, struct span inner, bool binary, struct why *why)
{
    struct outlet o = {.m = m, .fd = fd};
    enum err e = prepare(&o, how, binary, why);
    if (!e)
        e = put_outer(&o, how, outer, why);
    if (!e)
        e = how->signer ? put_signed(&o, inner, binary, why) : put_entity(&o, inner, binary, why);
    cms_sign_abort(o.signer);
    if (e || !o.sealer) {
        cms_seal_abort(o.sealer);
        return e;
    }
    e = cms_seal_close(o.sealer, why);
    m->lost = e != ERR_NONE;
    return e;
}

static enum err pass_through(struct mail *m, int fd, struct why *why)
{
    uint8_t chunk[CHUNK];
    size_t got;
    enum err e = io_write(fd, m->head.data, m->head_n, why);
    m->lost = e != ERR_NONE;
    while (!e && !(e = mail_body(m, chunk, sizeof chunk, &got, why)) && got) {
        e = io_write(fd, chunk, got, why);
        m->lost = e != ERR_NONE;
    }
    return e;
}

enum err mail_seal(struct mail *m, const struct mail_sealing *how, int out, struct why *why)
{
    struct buf outer, inner;
    bool binary;
    buf_init(&outer, WRAPPER_HEAD_MAX * 2);
    buf_init(&inner, WRAPPER_HEAD_MAX * 2);
    enum err e = wrapper_divide(span_of(m->head.data, m->head_n), &outer, &inner, &binary, why);
    if (!e && how->seal.method == CMS_METHOD_NONE && !how->signer)
        e = pass_through(m, out, why);
    else if (!e)
        e = write_divided(m, how, out, buf_span(&outer), buf_span(&inner), binary, why);
    buf_release(&outer);
    buf_wipe(&inner);
    return e;
}
