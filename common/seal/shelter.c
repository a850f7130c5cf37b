#include "seal/shelter.h"

#include "seal/cms_parts.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <openssl/rand.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY = 32, CHUNK = 32768 };

struct shelter {
    int fd;
    size_t len; /* gathered and not yet written */
    EVP_CIPHER_CTX *cipher;
    uint8_t key[KEY]; /* of this file alone: its first counter may be 0 */
    uint8_t bytes[CHUNK];
};

/* Counter mode from the start of the file: the same stream both ways. */
static bool restart(struct shelter *s)
{
    static const uint8_t counter[16];
    return EVP_EncryptInit_ex(s->cipher, EVP_aes_256_ctr(), NULL, s->key, counter) == 1;
}

enum err shelter_open(struct shelter **out, struct why *why)
{
    struct shelter *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return why_set(why, ERR_OS, "out of memory");
    s->fd = -1;
    s->cipher = EVP_CIPHER_CTX_new();
    enum err e = s->cipher && RAND_bytes(s->key, KEY) == 1 && restart(s)
                     ? io_temp(&s->fd, why)
                     : ssl_why(why, ERR_OS, "temporary file");
    if (e)
        shelter_close(s);
    else
        *out = s;
    return e;
}

void shelter_close(struct shelter *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    EVP_CIPHER_CTX_free(s->cipher);
    OPENSSL_cleanse(s, sizeof *s);
    free(s);
}

static enum err put(struct shelter *s, struct why *why)
{
    int n;
    if (EVP_EncryptUpdate(s->cipher, s->bytes, &n, s->bytes, (int)s->len) != 1)
        return ssl_why(why, ERR_OS, "temporary file");
    enum err e = io_write(s->fd, s->bytes, s->len, why);
    s->len = 0;
    return e;
}

enum err shelter_write(struct shelter *s, const void *p, size_t n, struct why *why)
{
    const uint8_t *at = p;
    while (n) {
        size_t k = CHUNK - s->len < n ? CHUNK - s->len : n;
        memcpy(s->bytes + s->len, at, k);
        s->len += k;
        at += k;
        n -= k;
        enum err e = s->len == CHUNK ? put(s, why) : ERR_NONE;
        if (e)
            return e;
    }
    return ERR_NONE;
}

enum err shelter_rewind(struct shelter *s, struct why *why)
{
    enum err e = s->len ? put(s, why) : ERR_NONE;
    if (e)
        return e;
    if (lseek(s->fd, 0, SEEK_SET) != 0)
        return why_errno(why, ERR_IO, "temporary file");
    return restart(s) ? ERR_NONE : ssl_why(why, ERR_OS, "temporary file");
}

enum err shelter_read(struct shelter *s, void *p, size_t n, size_t *got, struct why *why)
{
    int k;
    enum err e = io_read(s->fd, p, n < CHUNK ? n : CHUNK, got, why);
    if (e || *got == 0)
        return e;
    return EVP_EncryptUpdate(s->cipher, p, &k, p, (int)*got) == 1
               ? ERR_NONE
               : ssl_why(why, ERR_OS, "temporary file");
}

/* ---- As OpenSSL reads it ---- */

static int bio_read(BIO *bio, char *p, int n)
{
    size_t got = 0;
    if (n <= 0 || shelter_read(BIO_get_data(bio), p, (size_t)n, &got, NULL))
        return -1;
    return (int)got;
}

static long bio_ctrl(BIO *bio, int what, long n, void *p)
{
    (void)bio;
    (void)n;
    (void)p;
    return what == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

BIO *shelter_bio(struct shelter *s)
{
    static BIO_METHOD *method;
    if (!method) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "shelter");
        if (method) {
            BIO_meth_set_read(method, bio_read);
            BIO_meth_set_ctrl(method, bio_ctrl);
            BIO_meth_set_create(method, bio_create);
        }
    }
    BIO *bio = method ? BIO_new(method) : NULL;
    if (bio)
        BIO_set_data(bio, s);
    return bio;
}
