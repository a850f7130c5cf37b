/* Random bytes as a whole sealed message and as a signature: taken apart, and what is left of them
 * read by OpenSSL as opening and verifying do, up to where a key would be needed. */
#include "seal/cms.h"
#include "seal/key.h"
#include "seal/sign.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cms_key *key;
static struct buf pem, cert;
static struct cms_certs *ca;

static void once(void)
{
    static const struct secret_source nothing = {NULL, -1, NULL};
    const struct key_owner owner = {"a", "a@b.example", 30};
    buf_init(&pem, 65536);
    buf_init(&cert, 65536);
    if (key_make(span_str("p256"), &owner, &pem, &cert, NULL) ||
        cms_key_read(buf_span(&pem), buf_span(&cert), &nothing, NULL, &key, NULL) ||
        cms_certs_add(&ca, buf_span(&cert), NULL))
        abort();
}

static enum err give(void *ctx, void *p, size_t n, size_t *got, struct why *why)
{
    struct span *in = ctx;
    (void)why;
    *got = in->n < n ? in->n : n;
    if (*got)
        memcpy(p, in->p, *got);
    *in = span_skip(*in, *got);
    return ERR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct cms_content *content;
    struct cms_certs *signers;
    struct shelter *shelter;
    if (!key)
        once();
    if (!cms_open(key, &(struct cms_source){give, &in}, &content, NULL))
        __builtin_trap(); /* nobody can have sealed for a key that was just made */
    if (!shelter_open(&shelter, NULL)) {
        if (!cms_verify(ca, span_of(data, size), shelter, &signers, NULL))
            __builtin_trap();
        shelter_close(shelter);
    }
    return 0;
}
