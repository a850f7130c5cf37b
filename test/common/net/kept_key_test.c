#include "check.h"
#include "net/kept_key.h"

#include <openssl/ec.h>
#include <string.h>

static uint8_t tbs[4096];

/* What TLS 1.3 has signed, with a hash of so many octets; its length. */
static size_t verify(size_t hash)
{
    static const char context[] = "TLS 1.3, server CertificateVerify";
    memset(tbs, ' ', 64);
    memcpy(tbs + 64, context, sizeof context);
    memset(tbs + 64 + sizeof context, 0xa5, hash);
    return 64 + sizeof context + hash;
}

static bool good(size_t n)
{
    return kept_key_is_handshake(span_of(tbs, n));
}

static void tls13(void)
{
    CHECK(good(verify(32)));
    CHECK(good(verify(48)));
    for (size_t n = 0; n < 100; n++)
        CHECK(n == 32 || n == 48 || !good(verify(n)));
    /* Any octet before the hash changed is another text. */
    for (size_t i = 0; i < 64 + 34; i++) {
        size_t n = verify(32);
        tbs[i] ^= 1;
        CHECK(!good(n));
    }
    size_t n = verify(32);
    memcpy(tbs + 64, "TLS 1.3, client", 15);
    CHECK(!good(n));
}

static void tls12(void)
{
    /* Two randoms, x25519, a point of 32 octets. */
    memset(tbs, 0x5a, sizeof tbs);
    memcpy(tbs + 64, "\x03\x00\x1d\x20", 4);
    CHECK(good(64 + 4 + 32));
    for (size_t n = 0; n < 200; n++)
        CHECK(n == 64 + 4 + 32 || !good(n));
    /* DHE, which is not offered: prime, generator, value. */
    memset(tbs + 64, 0, 300);
    tbs[65] = 100, tbs[64 + 2 + 100 + 1] = 1, tbs[64 + 2 + 100 + 2 + 1 + 1] = 100;
    CHECK(!good(64 + 2 + 100 + 2 + 1 + 2 + 100));
}

/* Each curve has points of one size; those of P-256 and its like begin with 4. */
static void curves(void)
{
    static const struct {
        uint8_t number, octets, first;
    } known[] = {{23, 65, 4}, {24, 97, 4}, {25, 133, 4}, {29, 32, 0}, {30, 56, 0}};
    for (unsigned number = 0; number < 256; number++)
        for (unsigned octets = 1; octets < 256; octets++) {
            bool of_one = false, other_first = false;
            for (size_t i = 0; i < sizeof known / sizeof *known; i++)
                if (known[i].number == number && known[i].octets == octets) {
                    of_one = true;
                    other_first = known[i].first == 0;
                }
            memset(tbs, 0x30, sizeof tbs);
            memcpy(tbs + 64, (uint8_t[]){3, 0, (uint8_t)number, (uint8_t)octets, 4}, 5);
            CHECK_INT(good(68 + octets), of_one);
            tbs[68] = 0x30;
            CHECK_INT(good(68 + octets), of_one && other_first);
            tbs[68] = 4;
            tbs[65] = 1;
            CHECK(!good(68 + octets));
        }
}

/* A certificate to be signed begins so; a mail like this. */
static void others(void)
{
    memset(tbs, 0x11, sizeof tbs);
    memcpy(tbs, "\x30\x82\x02\x00\xa0\x03\x02\x01\x02", 9);
    CHECK(!good(0x204));
    strcpy((char *)tbs, "Content-Type: text/plain\r\n\r\nI owe you a thousand, and I sign it with this key.\r\n");
    CHECK(!good(strlen((char *)tbs)));
}

static size_t refuses(const struct kept_question *q, uint8_t *signature)
{
    (void)q;
    (void)signature;
    return 0;
}

/* A key with nobody to ask has its public half, and signs nothing. */
static void without_keeper(void)
{
    EVP_PKEY *whole = EVP_EC_gen("P-256"), *kept = kept_key_new(whole, 0);
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    uint8_t signature[256];
    size_t n = sizeof signature;
    kept_key_ask_by(refuses);
    CHECK(kept != NULL);
    CHECK_INT(EVP_PKEY_eq(whole, kept), 1);
    CHECK_INT(EVP_DigestSignInit(m, NULL, EVP_sha256(), NULL, kept), 1);
    CHECK(EVP_DigestSign(m, signature, &n, tbs, 100) != 1);
    EVP_MD_CTX_free(m);
    EVP_PKEY_free(kept);
    EVP_PKEY_free(whole);
}

int main(void)
{
    RUN(tls13);
    RUN(tls12);
    RUN(curves);
    RUN(others);
    RUN(without_keeper);
    return check_done();
}
