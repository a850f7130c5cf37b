#include "net/kept_key.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

static const char provider_name[] = "faxpipe-kept", ours[] = "provider=faxpipe-kept";
static const char param_number[] = "kept-number", param_public[] = "kept-public";

static kept_ask_fn *ask;

void kept_key_ask_by(kept_ask_fn *fn)
{
    ask = fn;
}

/* ---- The key ---- */

struct kept {
    const char *kind;
    EVP_PKEY *public;
    bool private; /* there is somebody who keeps the other half, as number: */
    unsigned number;
};

static void *kept_make(const char *kind)
{
    struct kept *k = calloc(1, sizeof *k);
    if (k)
        k->kind = kind;
    return k;
}

static void *rsa_new(void *provider)
{
    (void)provider;
    return kept_make("RSA");
}

static void *ec_new(void *provider)
{
    (void)provider;
    return kept_make("EC");
}

static void *ed_new(void *provider)
{
    (void)provider;
    return kept_make("ED25519");
}

static void kept_free(void *key)
{
    struct kept *k = key;
    if (k)
        EVP_PKEY_free(k->public);
    free(k);
}

static int kept_has(const void *key, int selection)
{
    const struct kept *k = key;
    return k->public && (!(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) || k->private);
}

static int kept_match(const void *a, const void *b, int selection)
{
    const struct kept *x = a, *y = b;
    (void)selection;
    return x->public && y->public && EVP_PKEY_eq(x->public, y->public) == 1;
}

/* Ours come with a number and the public key itself; others', to be compared, as they are. */
static int kept_import(void *key, int selection, const OSSL_PARAM params[])
{
    struct kept *k = key;
    const OSSL_PARAM *number = OSSL_PARAM_locate_const(params, param_number);
    const OSSL_PARAM *public = OSSL_PARAM_locate_const(params, param_public);
    (void)selection;
    if (number && public && public->data_size == sizeof k->public) {
        memcpy(&k->public, public->data, sizeof k->public);
        k->private = true;
        return OSSL_PARAM_get_uint(number, &k->number) && EVP_PKEY_up_ref(k->public);
    }
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, k->kind, "provider=default");
    int r = ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
            EVP_PKEY_fromdata(ctx, &k->public, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)params) == 1;
    EVP_PKEY_CTX_free(ctx);
    return r;
}

/* Who wants the private half too cannot have it, and then comes to sign here. */
static int kept_export(void *key, int selection, OSSL_CALLBACK *callback, void *arg)
{
    const struct kept *k = key;
    if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY)
        return 0;
    return EVP_PKEY_export(k->public, EVP_PKEY_PUBLIC_KEY, callback, arg);
}

static const OSSL_PARAM *kept_import_types(int selection)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_octet_string(param_public, NULL, 0),
        OSSL_PARAM_uint(param_number, NULL),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    return selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY ? types : NULL;
}

static int kept_get_params(void *key, OSSL_PARAM params[])
{
    const struct kept *k = key;
    return k->public && EVP_PKEY_get_params(k->public, params);
}

static const OSSL_PARAM *kept_gettable(void *provider)
{
    static const OSSL_PARAM list[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provider;
    return list;
}

static const char *ec_operation(int id)
{
    return id == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

/* ---- The signature ---- */

struct signing {
    const struct kept *key;
    char digest[16];
    bool pss;
};

static void *signing_new(void *provider, const char *properties)
{
    (void)provider;
    (void)properties;
    return calloc(1, sizeof(struct signing));
}

static void signing_free(void *ctx)
{
    free(ctx);
}

static void *signing_dup(void *ctx)
{
    struct signing *copy = malloc(sizeof *copy);
    if (copy)
        *copy = *(struct signing *)ctx;
    return copy;
}

static int signing_set(void *ctx, const OSSL_PARAM params[])
{
    struct signing *s = ctx;
    const OSSL_PARAM *p = params ? OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE)
                                 : NULL;
    int mode = RSA_PKCS1_PADDING;
    if (!p)
        return 1;
    if (p->data_type == OSSL_PARAM_UTF8_STRING)
        mode = strcmp(p->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0        ? RSA_PKCS1_PSS_PADDING
               : strcmp(p->data, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0 ? RSA_PKCS1_PADDING
                                                                      : 0;
    else if (!OSSL_PARAM_get_int(p, &mode))
        return 0;
    s->pss = mode == RSA_PKCS1_PSS_PADDING;
    return s->pss || mode == RSA_PKCS1_PADDING;
}

/* The salt is always as long as the digest, as TLS has it. */
static const OSSL_PARAM *signing_settable(void *ctx, void *provider)
{
    static const OSSL_PARAM list[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provider;
    return list;
}

static int signing_init(void *ctx, const char *digest, void *key, const OSSL_PARAM params[])
{
    struct signing *s = ctx;
    if (key)
        s->key = key;
    if (digest && !span_copy(span_str(digest), s->digest, sizeof s->digest))
        return 0;
    return s->key && s->key->private && signing_set(ctx, params);
}

static int signing_sign(void *ctx, unsigned char *signature, size_t *n, size_t room,
                        const unsigned char *tbs, size_t tbs_n)
{
    const struct signing *s = ctx;
    size_t most = (size_t)EVP_PKEY_get_size(s->key->public);
    uint8_t made[KEPT_SIGNATURE_MAX];
    if (!signature) {
        *n = most;
        return 1;
    }
    struct kept_question q = {.key = s->key->number, .pss = s->pss, .n = (uint32_t)tbs_n};
    if (tbs_n > sizeof q.tbs)
        return 0;
    memcpy(q.digest, s->digest, sizeof q.digest);
    memcpy(q.tbs, tbs, tbs_n);
    size_t got = ask ? ask(&q, made) : 0;
    if (!got || got > room)
        return 0;
    memcpy(signature, made, got);
    *n = got;
    return 1;
}

/* ---- The provider ---- */

typedef void (*function)(void);

#define KEY_FUNCTIONS(new)                                                                         \
    {OSSL_FUNC_KEYMGMT_NEW, (function)new}, {OSSL_FUNC_KEYMGMT_FREE, (function)kept_free},         \
        {OSSL_FUNC_KEYMGMT_HAS, (function)kept_has},                                               \
        {OSSL_FUNC_KEYMGMT_MATCH, (function)kept_match},                                           \
        {OSSL_FUNC_KEYMGMT_IMPORT, (function)kept_import},                                         \
        {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (function)kept_import_types},                             \
        {OSSL_FUNC_KEYMGMT_EXPORT, (function)kept_export},                                         \
        {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (function)kept_import_types},                             \
        {OSSL_FUNC_KEYMGMT_GET_PARAMS, (function)kept_get_params},                                 \
        {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (function)kept_gettable}

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
    static const OSSL_DISPATCH rsa_key[] = {KEY_FUNCTIONS(rsa_new), {0, NULL}};
    static const OSSL_DISPATCH ed_key[] = {KEY_FUNCTIONS(ed_new), {0, NULL}};
    static const OSSL_DISPATCH ec_key[] = {
        KEY_FUNCTIONS(ec_new),
        {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (function)ec_operation},
        {0, NULL}};
    static const OSSL_DISPATCH sign[] = {
        {OSSL_FUNC_SIGNATURE_NEWCTX, (function)signing_new},
        {OSSL_FUNC_SIGNATURE_FREECTX, (function)signing_free},
        {OSSL_FUNC_SIGNATURE_DUPCTX, (function)signing_dup},
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (function)signing_init},
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (function)signing_sign},
        {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (function)signing_set},
        {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (function)signing_settable},
        {0, NULL}};
    static const OSSL_ALGORITHM keys[] = {
        {"RSA:rsaEncryption:1.2.840.113549.1.1.1", ours, rsa_key, NULL},
        {"EC:id-ecPublicKey:1.2.840.10045.2.1", ours, ec_key, NULL},
        {"ED25519:1.3.101.112", ours, ed_key, NULL},
        {NULL, NULL, NULL, NULL}};
    static const OSSL_ALGORITHM signatures[] = {
        {"RSA:rsaEncryption:1.2.840.113549.1.1.1", ours, sign, NULL},
        {"ECDSA", ours, sign, NULL},
        {"ED25519:1.3.101.112", ours, sign, NULL},
        {NULL, NULL, NULL, NULL}};
    (void)provider;
    *no_cache = 0;
    return operation == OSSL_OP_KEYMGMT     ? keys
           : operation == OSSL_OP_SIGNATURE ? signatures
                                            : NULL;
}

static int provide(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                   const OSSL_DISPATCH **out, void **provider)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (function)query}, {0, NULL}};
    (void)in;
    *provider = (void *)handle;
    *out = functions;
    return 1;
}

static bool load(void)
{
    /* They stay loaded for the process's life. */
    static OSSL_PROVIDER *usual, *keeping;
    if (!usual)
        usual = OSSL_PROVIDER_load(NULL, "default");
    if (usual && !keeping && OSSL_PROVIDER_add_builtin(NULL, provider_name, provide) == 1)
        keeping = OSSL_PROVIDER_load(NULL, provider_name);
    return keeping != NULL;
}

EVP_PKEY *kept_key_new(EVP_PKEY *public, unsigned number)
{
    const char *kind = EVP_PKEY_is_a(public, "RSA")       ? "RSA"
                       : EVP_PKEY_is_a(public, "EC")      ? "EC"
                       : EVP_PKEY_is_a(public, "ED25519") ? "ED25519"
                                                          : NULL;
    EVP_PKEY *key = NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_uint(param_number, &number),
                           OSSL_PARAM_octet_string(param_public, &public, sizeof public),
                           OSSL_PARAM_END};
    if (!kind || !load())
        return NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, ours);
    if (ctx && EVP_PKEY_fromdata_init(ctx) == 1)
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* ---- What may be signed ---- */

/* Behind the two randoms: a named curve of those that OpenSSL offers, and a point of its size (RFC
 * 8422 5.4). The randoms are the asker's to choose: so nothing else in it may be. */
static bool is_ecdhe(struct span s)
{
    static const struct {
        uint8_t number, octets;
        bool uncompressed; /* 4 before its two coordinates */
    } curves[] = {
        {23, 65, true}, {24, 97, true}, {25, 133, true}, {29, 32, false}, {30, 56, false},
    };
    if (s.n < 5 || s.p[0] != 3 || s.p[1] != 0)
        return false;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (s.p[2] == curves[i].number)
            return s.p[3] == curves[i].octets && s.n - 4 == curves[i].octets &&
                   (!curves[i].uncompressed || s.p[4] == 4);
    return false;
}

/* RFC 8446 4.4.3; RFC 8422 5.4. DHE (RFC 5246 7.4.3) is not offered, and its form fits too
 * much. */
bool kept_key_is_handshake(struct span tbs)
{
    static const char context[] = "TLS 1.3, server CertificateVerify";
    size_t blanks = 0;
    while (blanks < tbs.n && tbs.p[blanks] == ' ')
        blanks++;
    if (blanks == 64 && span_starts(span_skip(tbs, 64), span_of(context, sizeof context))) {
        size_t hash = tbs.n - 64 - sizeof context;
        return hash == 32 || hash == 48;
    }
    return is_ecdhe(span_skip(tbs, 64));
}
