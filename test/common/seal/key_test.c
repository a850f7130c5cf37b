#include "check.h"
#include "seal/cert.h"
#include "seal/key.h"

#include <fcntl.h>
#include <malloc.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

static const struct key_owner alice = {"Alice Ärmel", "alice@fax.example", 30};
static struct buf key, cert;

static void make(const char *kind)
{
    struct why why = {""};
    buf_init(&key, 65536);
    buf_init(&cert, 65536);
    CHECK_INT(key_make(span_str(kind), &alice, &key, &cert, &why), ERR_NONE);
    CHECK_STR(why.text, "");
}

static void drop(void)
{
    buf_wipe(&key);
    buf_release(&cert);
}

static void makes_pairs_that_may_seal(void)
{
    static const char *const kinds[] = {"rsa3072", "p256"};
    for (int i = 0; i < 2; i++) {
        struct buf request;
        buf_init(&request, 65536);
        make(kinds[i]);
        CHECK_INT(key_matches(buf_span(&key), buf_span(&cert), NULL), ERR_NONE);
        CHECK_INT(cms_certs_check(buf_span(&cert), "Alice@FAX.example", false, NULL), ERR_NONE);
        CHECK_INT(cms_certs_check(buf_span(&cert), "@fax.example", false, NULL), ERR_NONE);
        CHECK_INT(cms_certs_check(buf_span(&cert), "default", false, NULL), ERR_NONE);
        CHECK_INT(cms_certs_check(buf_span(&cert), "bob@fax.example", false, NULL), ERR_AUTH);
        CHECK_INT(cms_certs_check(buf_span(&cert), "lice@fax.example", false, NULL), ERR_AUTH);
        CHECK_INT(cms_certs_check(buf_span(&cert), "@example", false, NULL), ERR_AUTH);
        CHECK_INT(cms_certs_check(buf_span(&key), "default", false, NULL), ERR_DATA);
        CHECK_INT(key_request(buf_span(&key), &alice, &request, NULL), ERR_NONE);
        CHECK(request.len > 100 && memmem(request.data, request.len, "CERTIFICATE REQUEST", 19));
        buf_release(&request);
        drop();
    }
}

static void refuses_other_kinds_and_addresses(void)
{
    struct key_owner odd = {"x", "al\303\244x@fax.example", 30};
    struct buf k, c;
    buf_init(&k, 65536);
    buf_init(&c, 65536);
    CHECK_INT(key_make(span_str("rsa512"), &alice, &k, &c, NULL), ERR_USAGE);
    CHECK_INT(key_make(span_str("p256"), &odd, &k, &c, NULL), ERR_DATA);
    odd.address = "a@b\n";
    CHECK_INT(key_make(span_str("p256"), &odd, &k, &c, NULL), ERR_DATA);
    CHECK(k.len == 0 && c.len == 0);
}

static void exports_and_imports(void)
{
    struct span none = {NULL, 0}, word = span_str("sesame");
    struct buf locked, k, c, other_key, other;
    buf_init(&locked, 65536);
    buf_init(&k, 65536);
    buf_init(&c, 65536);
    make("p256");
    other_key = key;
    other = cert;
    make("p256");
    CHECK_INT(key_export(buf_span(&key), word, &locked, NULL), ERR_NONE);
    CHECK(memmem(locked.data, locked.len, "ENCRYPTED", 9) != NULL);
    CHECK_INT(key_import(buf_span(&locked), buf_span(&cert), span_str("wrong"), NULL, &k, &c, NULL), ERR_AUTH);
    CHECK_INT(key_import(buf_span(&locked), buf_span(&cert), none, NULL, &k, &c, NULL), ERR_AUTH);
    CHECK_INT(key_import(buf_span(&locked), buf_span(&other), word, NULL, &k, &c, NULL), ERR_AUTH);
    CHECK_INT(key_import(buf_span(&locked), none, word, NULL, &k, &c, NULL), ERR_DATA);
    CHECK_INT(key_import(buf_span(&cert), buf_span(&cert), word, NULL, &k, &c, NULL), ERR_DATA);
    CHECK(k.len == 0 && c.len == 0);
    /* Of several certificates the key's own are taken. */
    CHECK(!buf_add_span(&other, buf_span(&cert)));
    CHECK_INT(key_import(buf_span(&locked), buf_span(&other), word, NULL, &k, &c, NULL), ERR_NONE);
    CHECK(span_eq(buf_span(&k), buf_span(&key)) && span_eq(buf_span(&c), buf_span(&cert)));
    for (size_t cut = 0; cut < key.len - 40; cut += 7) {
        struct buf k2, c2;
        buf_init(&k2, 65536);
        buf_init(&c2, 65536);
        CHECK_INT(key_import(span_take(buf_span(&key), cut), buf_span(&cert), none, NULL, &k2, &c2, NULL),
                  ERR_DATA);
        buf_wipe(&k2);
        buf_release(&c2);
    }
    buf_wipe(&other_key);
    buf_release(&other);
    buf_wipe(&locked);
    buf_wipe(&k);
    buf_release(&c);
    drop();
}

/* Where in this process's writable memory needle, whose bytes are kept inverted, stands. */
static unsigned places(const unsigned char *inverted, size_t n)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int mem = open("/proc/self/mem", O_RDONLY);
    char line[512];
    unsigned found = 0;
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char mode[5];
        /* What is larger is a sanitizer's own. */
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || mode[0] != 'r' || mode[1] != 'w' ||
            to - from > 64 << 20)
            continue;
        for (unsigned long at = from; at + n <= to; at += 65536 - n) {
            static unsigned char page[65536];
            ssize_t got = pread(mem, page, to - at < sizeof page ? to - at : sizeof page, (off_t)at);
            for (ssize_t i = 0; i + (ssize_t)n <= got; i++) {
                size_t k = 0;
                while (k < n && page[i + (ssize_t)k] == (unsigned char)~inverted[k])
                    k++;
                found += k == n;
            }
            /* The copy that was just read must not be found in turn. */
            memset(page, 0, sizeof page);
        }
    }
    if (maps)
        fclose(maps);
    close(mem);
    return found;
}

/* 24 bytes of a prime of the RSA key in text, as they stand in DER and as limbs, both inverted. */
static void needles(struct span text, unsigned char der[24], unsigned char limbs[24])
{
    BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
    EVP_PKEY *k = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIGNUM *p = NULL;
    unsigned char bytes[512];
    CHECK(EVP_PKEY_get_bn_param(k, "rsa-factor1", &p));
    int n = BN_bn2bin(p, bytes);
    for (int i = 0; i < 24; i++) {
        der[i] = (unsigned char)~bytes[n / 2 + i];
        limbs[i] = (unsigned char)~bytes[n - 1 - 40 - i];
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    BN_clear_free(p);
    EVP_PKEY_free(k);
    BIO_free(bio);
}

static void nothing_of_a_key_stays_in_memory(void)
{
    static const struct secret_source nothing = {NULL, -1, NULL};
    unsigned char der[24], limbs[24];
    struct cms_key *k;
    make("rsa3072");
    needles(buf_span(&key), der, limbs);
    CHECK_INT(cms_key_read(buf_span(&key), buf_span(&cert), &nothing, NULL, &k, NULL), ERR_NONE);
    CHECK(places(limbs, 24) > 0); /* the search finds it while it is there */
    cms_key_free(k);
    drop();
    CHECK_INT(places(limbs, 24), 0);
    CHECK_INT(places(der, 24), 0);
}

int main(void)
{
    RUN(nothing_of_a_key_stays_in_memory);
    RUN(makes_pairs_that_may_seal);
    RUN(refuses_other_kinds_and_addresses);
    RUN(exports_and_imports);
    return check_done();
}
