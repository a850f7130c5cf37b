#include "seal/password.h"

#include "tool/io.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

enum { NONCE = 12, TAG = 16, VERSION = 1, OVERHEAD = 1 + NONCE + TAG, SALT = 16 };
enum { ITERATIONS_MIN = 4096, ITERATIONS_MAX = 10000000 };

static const char scheme[] = "SCRAM-SHA-256$";

/* AES-256-GCM either way over n bytes; the tag is written or compared. */
static bool gcm(bool encrypt, const uint8_t *key, const uint8_t *nonce, const char *code,
                const char *column, const uint8_t *in, size_t n, uint8_t *out, uint8_t *tag)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int k = 0, rest = 0;
    bool ok = ctx && n < INT32_MAX &&
              EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) == 1 &&
              EVP_CipherUpdate(ctx, NULL, &k, (const uint8_t *)code, (int)strlen(code) + 1) == 1 &&
              EVP_CipherUpdate(ctx, NULL, &k, (const uint8_t *)column, (int)strlen(column)) == 1 &&
              (n == 0 || EVP_CipherUpdate(ctx, out, &k, in, (int)n) == 1);
    if (ok && !encrypt)
        ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1;
    ok = ok && EVP_CipherFinal_ex(ctx, out + n, &rest) == 1;
    if (ok && encrypt)
        ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

enum err password_seal(const uint8_t key[SCRAM_KEY], const char *code, const char *column,
                       struct span plain, struct buf *sealed, struct why *why)
{
    uint8_t *room;
    enum err e = buf_reserve(sealed, plain.n + OVERHEAD, &room);
    if (e)
        return why_set(why, e, "%s: too long to seal", column);
    uint8_t *nonce = room + 1, *tag = nonce + NONCE;
    room[0] = VERSION;
    if (RAND_bytes(nonce, NONCE) != 1)
        return why_set(why, ERR_OS, "no randomness");
    if (!gcm(true, key, nonce, code, column, plain.p, plain.n, room + OVERHEAD, tag))
        return why_set(why, ERR_OS, "%s: sealing failed", column);
    sealed->len += plain.n + OVERHEAD;
    return ERR_NONE;
}

enum err password_unseal(const uint8_t key[SCRAM_KEY], const char *code, const char *column,
                         struct span sealed, struct buf *plain, struct why *why)
{
    uint8_t *room, tag[TAG];
    if (sealed.n < OVERHEAD || sealed.p[0] != VERSION)
        return why_set(why, ERR_CONFIG, "user %s: %s: not a sealed value", code, column);
    size_t n = sealed.n - OVERHEAD;
    enum err e = buf_reserve(plain, n + 1, &room);
    if (e)
        return why_set(why, e, "%s: too long", column);
    memcpy(tag, sealed.p + 1 + NONCE, TAG);
    if (!gcm(false, key, sealed.p + 1, code, column, sealed.p + OVERHEAD, n, room, tag)) {
        /* What was decrypted before the tag was found wrong must not stay. */
        OPENSSL_cleanse(room, n);
        return why_set(why, ERR_CONFIG, "user %s: %s: sealed by another key, or damaged", code,
                       column);
    }
    plain->len += n;
    return ERR_NONE;
}

static enum err read_key(const struct home *h, uint8_t key[SCRAM_KEY], struct why *why)
{
    char path[HOME_PATH_MAX];
    struct buf bytes;
    struct why reason = {""};
    enum err e = home_path(h, "key", path, why);
    if (e)
        return e;
    buf_init(&bytes, SCRAM_KEY + 1);
    e = io_read_file(path, &bytes, &reason);
    if (!e && bytes.len == SCRAM_KEY)
        memcpy(key, bytes.data, SCRAM_KEY);
    else
        e = why_set(why, ERR_CONFIG, "%s: %s", path, e ? reason.text : "not a key of 32 bytes");
    buf_wipe(&bytes);
    return e;
}

static enum err vault_seal(const struct home *h, const char *code, const char *column,
                           struct span plain, struct buf *sealed, struct why *why)
{
    uint8_t key[SCRAM_KEY];
    enum err e = read_key(h, key, why);
    if (!e)
        e = password_seal(key, code, column, plain, sealed, why);
    OPENSSL_cleanse(key, sizeof key);
    return e;
}

static enum err vault_unseal(const struct home *h, const char *code, const char *column,
                             struct span sealed, struct buf *plain, struct why *why)
{
    uint8_t key[SCRAM_KEY];
    enum err e = read_key(h, key, why);
    if (!e)
        e = password_unseal(key, code, column, sealed, plain, why);
    OPENSSL_cleanse(key, sizeof key);
    return e;
}

/* Standard base64 with padding; n is a few dozen bytes. */
static enum err add_base64(struct buf *out, const uint8_t *p, size_t n)
{
    uint8_t text[128];
    int k = EVP_EncodeBlock(text, p, (int)n);
    return buf_add(out, text, (size_t)k);
}

/* Decodes exactly; *len bytes into out[max]. */
static bool take_base64(struct span s, uint8_t *out, size_t max, size_t *len)
{
    uint8_t bytes[128];
    if (s.n == 0 || s.n % 4 || s.n / 4 * 3 > sizeof bytes)
        return false;
    int k = EVP_DecodeBlock(bytes, s.p, (int)s.n);
    if (k < 0)
        return false;
    *len = (size_t)k - (s.p[s.n - 1] == '=') - (s.p[s.n - 2] == '=');
    if (*len > max)
        return false;
    memcpy(out, bytes, *len);
    return true;
}

static bool take_key(struct span s, uint8_t key[SCRAM_KEY])
{
    size_t n = 0;
    return take_base64(s, key, SCRAM_KEY, &n) && n == SCRAM_KEY;
}

enum err scram_parse(struct span v, struct scram *s, struct why *why)
{
    uint64_t iterations = 0;
    bool ok = span_starts(v, span_str(scheme));
    v = span_skip(v, sizeof scheme - 1);
    struct span head = span_take(v, span_find(v, '$'));
    struct span keys = span_skip(v, head.n + 1);
    size_t colon = span_find(head, ':'), split = span_find(keys, ':');
    ok = ok && span_number(span_take(head, colon), ITERATIONS_MAX, &iterations) && iterations > 0 &&
         take_base64(span_skip(head, colon + 1), s->salt, sizeof s->salt, &s->salt_len) &&
         take_key(span_take(keys, split), s->stored) &&
         take_key(span_skip(keys, split + 1), s->server);
    s->iterations = (unsigned)iterations;
    return ok ? ERR_NONE : why_set(why, ERR_CONFIG, "not a SCRAM-SHA-256 verifier");
}

static bool hmac(const uint8_t *key, struct span data, uint8_t out[SCRAM_KEY])
{
    unsigned n = 0;
    return HMAC(EVP_sha256(), key, SCRAM_KEY, data.p, data.n, out, &n) && n == SCRAM_KEY;
}

static bool sha256(const uint8_t in[SCRAM_KEY], uint8_t out[SCRAM_KEY])
{
    return EVP_Digest(in, SCRAM_KEY, out, NULL, EVP_sha256(), NULL) == 1;
}

/* RFC 5802 §3, of SaltedPassword: ClientKey, StoredKey = H(ClientKey), ServerKey. */
struct keys {
    uint8_t client[SCRAM_KEY], stored[SCRAM_KEY], server[SCRAM_KEY];
};

static bool derive(struct span password, const struct scram *s, struct keys *k)
{
    uint8_t salted[SCRAM_KEY];
    bool ok = PKCS5_PBKDF2_HMAC(password.n ? (const char *)password.p : "", (int)password.n,
                                s->salt, (int)s->salt_len, (int)s->iterations, EVP_sha256(),
                                SCRAM_KEY, salted) == 1 &&
              hmac(salted, span_str("Client Key"), k->client) && sha256(k->client, k->stored) &&
              hmac(salted, span_str("Server Key"), k->server);
    OPENSSL_cleanse(salted, sizeof salted);
    return ok;
}

static enum err iterations_of(const struct home *h, unsigned *n, struct why *why)
{
    uint64_t v;
    enum err e =
        conf_number(h->conf, "scram-iterations", SCRAM_ITERATIONS, ITERATIONS_MAX, &v, why);
    if (!e && v < ITERATIONS_MIN)
        return why_set(why, ERR_CONFIG, "scram-iterations: fewer than %d", ITERATIONS_MIN);
    *n = (unsigned)v;
    return e;
}

static enum err vault_verifier(const struct home *h, struct span password, struct buf *out,
                               struct why *why)
{
    struct scram s = {.salt_len = SALT};
    enum err e = iterations_of(h, &s.iterations, why);
    if (e)
        return e;
    struct keys k;
    bool made = RAND_bytes(s.salt, SALT) == 1 && derive(password, &s, &k);
    OPENSSL_cleanse(k.client, sizeof k.client);
    if (!made)
        return why_set(why, ERR_OS, "no verifier could be made");
    e = buf_add_format(out, "%s%u:", scheme, s.iterations);
    if (!e)
        e = add_base64(out, s.salt, SALT);
    if (!e)
        e = buf_add_byte(out, '$');
    if (!e)
        e = add_base64(out, k.stored, SCRAM_KEY);
    if (!e)
        e = buf_add_byte(out, ':');
    return e ? e : add_base64(out, k.server, SCRAM_KEY);
}

enum err scram_password(const struct scram *s, struct span password)
{
    struct keys k;
    bool ok = derive(password, s, &k);
    OPENSSL_cleanse(k.client, sizeof k.client);
    if (!ok)
        return ERR_OS;
    return CRYPTO_memcmp(k.stored, s->stored, SCRAM_KEY) == 0 ? ERR_NONE : ERR_AUTH;
}

enum err scram_check(const struct scram *s, struct span auth_message,
                     const uint8_t proof[SCRAM_KEY], uint8_t signature[SCRAM_KEY])
{
    uint8_t client[SCRAM_KEY], hashed[SCRAM_KEY];
    if (!hmac(s->stored, auth_message, client))
        return ERR_OS;
    for (int i = 0; i < SCRAM_KEY; i++)
        client[i] ^= proof[i];
    bool ok = sha256(client, hashed) && hmac(s->server, auth_message, signature);
    OPENSSL_cleanse(client, sizeof client);
    return ok && CRYPTO_memcmp(hashed, s->stored, SCRAM_KEY) == 0 ? ERR_NONE : ERR_AUTH;
}

enum err scram_of_nobody(const struct home *h, const char *name, struct scram *s, struct why *why)
{
    uint8_t key[SCRAM_KEY], made[SCRAM_KEY];
    memset(s, 0, sizeof *s);
    enum err e = iterations_of(h, &s->iterations, why);
    if (!e)
        e = read_key(h, key, why);
    if (e)
        return e;
    bool ok = hmac(key, span_str(name), made) && RAND_bytes(s->stored, SCRAM_KEY) == 1 &&
              RAND_bytes(s->server, SCRAM_KEY) == 1;
    OPENSSL_cleanse(key, sizeof key);
    memcpy(s->salt, made, SALT);
    s->salt_len = SALT;
    return ok ? ERR_NONE : why_set(why, ERR_OS, "no randomness");
}

static enum err vault_verify(const struct home *h, struct span verifier, struct span password,
                             struct why *why)
{
    struct scram s = {.salt_len = SALT};
    enum err e = verifier.n ? scram_parse(verifier, &s, why) : iterations_of(h, &s.iterations, why);
    if (e)
        return e;
    e = scram_password(&s, password);
    if (!e && verifier.n == 0)
        e = ERR_AUTH; /* the keys of nobody are zeros */
    return e == ERR_AUTH ? why_set(why, ERR_AUTH, "wrong password") : e;
}

/* The verifier's text read, or nobody's made. */
static enum err scram_of(const struct home *h, struct span verifier, const char *name,
                         struct scram *s, struct why *why)
{
    return verifier.n ? scram_parse(verifier, s, why) : scram_of_nobody(h, name, s, why);
}

static enum err vault_salt(const struct home *h, struct span verifier, const char *name,
                           struct buf *out, struct why *why)
{
    struct scram s;
    enum err e = scram_of(h, verifier, name, &s, why);
    if (!e)
        e = buf_add_format(out, "%u ", s.iterations);
    return e ? e : add_base64(out, s.salt, s.salt_len);
}

static enum err vault_prove(const struct home *h, struct span verifier, const char *name,
                            struct span message, struct span proof, struct buf *signature,
                            struct why *why)
{
    struct scram s;
    uint8_t key[SCRAM_KEY] = {0}, made[SCRAM_KEY];
    enum err e = scram_of(h, verifier, name, &s, why);
    if (e)
        return e;
    bool whole = take_key(proof, key);
    e = scram_check(&s, message, key, made);
    if (!e && !whole)
        e = ERR_AUTH;
    if (e)
        return why_set(why, e, "wrong password");
    return add_base64(signature, made, SCRAM_KEY);
}

/* RFC 5802 3: ClientProof = ClientKey XOR HMAC(H(ClientKey), AuthMessage). */
enum err scram_prove(struct span password, struct span salt, struct span message,
                     struct buf *proof, struct why *why)
{
    struct scram s;
    uint64_t iterations = 0;
    struct keys k;
    uint8_t signature[SCRAM_KEY];
    size_t blank = span_find(salt, ' ');
    if (!span_number(span_take(salt, blank), ITERATIONS_MAX, &iterations) || iterations == 0 ||
        !take_base64(span_skip(salt, blank + 1), s.salt, sizeof s.salt, &s.salt_len) ||
        password.n > INT32_MAX)
        return why_set(why, ERR_DATA, "not a salt");
    s.iterations = (unsigned)iterations;
    bool ok = derive(password, &s, &k) && hmac(k.stored, message, signature);
    for (int i = 0; ok && i < SCRAM_KEY; i++)
        k.client[i] ^= signature[i];
    enum err e = ok ? add_base64(proof, k.client, SCRAM_KEY) : why_set(why, ERR_OS, "no digest");
    OPENSSL_cleanse(&k, sizeof k);
    return e;
}

static enum err vault_check(struct span verifier, struct why *why)
{
    struct scram s;
    return scram_parse(verifier, &s, why);
}

/* Whether one block of PEM is what is wanted: 1 yes, 0 something else, -1 broken. */
static int pem_block(const char *name, const unsigned char *der, long n, bool certificate)
{
    if (!certificate)
        return strstr(name, "PRIVATE KEY") != NULL;
    if (strcmp(name, PEM_STRING_X509) != 0 && strcmp(name, PEM_STRING_X509_TRUSTED) != 0)
        return 0;
    X509 *x = d2i_X509(NULL, &der, n);
    int found = x ? 1 : -1;
    X509_free(x);
    return found;
}

static enum err vault_pem(struct span text, bool certificate, struct why *why)
{
    char *name, *header;
    unsigned char *der;
    long n;
    int found = 0, block = 0;
    BIO *bio = text.n < INT32_MAX ? BIO_new_mem_buf(text.p, (int)text.n) : NULL;
    if (!bio)
        return why_set(why, ERR_OS, "out of memory");
    ERR_clear_error();
    while (block >= 0 && PEM_read_bio(bio, &name, &header, &der, &n) == 1) {
        block = pem_block(name, der, n, certificate);
        found += block > 0;
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t)n);
    }
    /* Anything but the end of the text between two blocks is a block that is cut or broken. */
    bool whole = block >= 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);
    if (found && whole)
        return ERR_NONE;
    return why_set(why, ERR_DATA, "%s %s", whole ? "not a" : "a broken or cut",
                   certificate ? "certificate" : "private key");
}

/* For a key that is under a password there is nobody to ask. */
static int no_password(char *out, int size, int writing, void *ctx)
{
    (void)out, (void)size, (void)writing, (void)ctx;
    return -1;
}

static enum err vault_pair(struct span key_text, struct span text, struct why *why)
{
    BIO *in = key_text.n < INT32_MAX ? BIO_new_mem_buf(key_text.p, (int)key_text.n) : NULL;
    BIO *certs = text.n < INT32_MAX ? BIO_new_mem_buf(text.p, (int)text.n) : NULL;
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_password, NULL) : NULL;
    bool same = key == NULL;
    X509 *x;
    while (certs && !same && (x = PEM_read_bio_X509(certs, NULL, NULL, NULL))) {
        same = X509_check_private_key(x, key) == 1;
        X509_free(x);
    }
    ERR_clear_error();
    EVP_PKEY_free(key);
    BIO_free(in);
    BIO_free(certs);
    return same ? ERR_NONE : why_set(why, ERR_AUTH, "the key is not this certificate's");
}

const struct vault seal_vault = {vault_seal, vault_unseal, vault_verifier, vault_verify,
                                 vault_salt, vault_prove, vault_check, vault_pem,
                                 vault_pair};
