#include "seal/password.h"

#include "check.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static struct why why;
static const uint8_t key[SCRAM_KEY] = "0123456789abcdef0123456789abcde";

static void sealed_opens_only_for_its_user_and_column(void)
{
    struct buf sealed, again, plain;
    buf_init(&sealed, 1000);
    buf_init(&again, 1000);
    buf_init(&plain, 1000);
    struct span secret = span_str("tea at five");
    CHECK_INT(password_seal(key, "12", "password", secret, &sealed, &why), ERR_NONE);
    CHECK_INT(password_seal(key, "12", "password", secret, &again, &why), ERR_NONE);
    CHECK(!span_eq(buf_span(&sealed), buf_span(&again)));
    CHECK(!memmem(sealed.data, sealed.len, "tea", 3));
    CHECK_INT(password_unseal(key, "12", "password", buf_span(&sealed), &plain, &why), ERR_NONE);
    CHECK(span_eq(buf_span(&plain), secret));
    buf_clear(&plain);
    CHECK_INT(password_unseal(key, "13", "password", buf_span(&sealed), &plain, &why), ERR_CONFIG);
    CHECK_INT(password_unseal(key, "12", "smime-key", buf_span(&sealed), &plain, &why), ERR_CONFIG);
    CHECK_INT(password_unseal(key, "12p", "assword", buf_span(&sealed), &plain, &why), ERR_CONFIG);
    uint8_t other[SCRAM_KEY] = "another key";
    CHECK_INT(password_unseal(other, "12", "password", buf_span(&sealed), &plain, &why), ERR_CONFIG);
    CHECK_INT(plain.len, 0);
    buf_release(&sealed);
    buf_release(&again);
    buf_release(&plain);
}

/* Every bit changed, and every length, is noticed. */
static void damage_is_noticed(void)
{
    struct buf sealed, plain;
    buf_init(&sealed, 1000);
    buf_init(&plain, 1000);
    CHECK_INT(password_seal(key, "12", "password", span_str("x"), &sealed, &why), ERR_NONE);
    for (size_t i = 0; i < sealed.len * 8; i++) {
        sealed.data[i / 8] ^= (uint8_t)(1 << i % 8);
        CHECK_INT(password_unseal(key, "12", "password", buf_span(&sealed), &plain, &why),
                  ERR_CONFIG);
        sealed.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t n = 0; n < sealed.len; n++)
        CHECK_INT(password_unseal(key, "12", "password", span_take(buf_span(&sealed), n), &plain,
                                  &why),
                  ERR_CONFIG);
    CHECK_INT(plain.len, 0);
    CHECK_INT(password_unseal(key, "12", "password", buf_span(&sealed), &plain, &why), ERR_NONE);
    buf_clear(&sealed);
    buf_clear(&plain);
    CHECK_INT(password_seal(key, "12", "password", span_of(NULL, 0), &sealed, &why), ERR_NONE);
    CHECK_INT(password_unseal(key, "12", "password", buf_span(&sealed), &plain, &why), ERR_NONE);
    CHECK_INT(plain.len, 0);
    buf_release(&sealed);
    buf_release(&plain);
}

/* RFC 7677 §3: user "user", password "pencil", 4096 iterations. Its client's proof must be taken,
 * and the server's signature be its own. */
static void rfc_7677_example(void)
{
    static const char message[] =
        "n=user,r=rOprNGfwEbeRWgbNEkqO,"
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    static const char proof64[] = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    static const char server64[] = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
    /* StoredKey and ServerKey of that password and salt, as the RFC's formulas give them. */
    struct scram s = {.iterations = 4096, .salt_len = 16};
    uint8_t salted[32], client[32], proof[48], want[48], got[SCRAM_KEY], salt[24];
    EVP_DecodeBlock(salt, (const uint8_t *)"W22ZaJ0SNY7soEsUEjb6gQ==", 24);
    memcpy(s.salt, salt, 16);
    EVP_DecodeBlock(proof, (const uint8_t *)proof64, 44);
    EVP_DecodeBlock(want, (const uint8_t *)server64, 44);
    PKCS5_PBKDF2_HMAC("pencil", 6, s.salt, 16, 4096, EVP_sha256(), 32, salted);
    HMAC(EVP_sha256(), salted, 32, (const uint8_t *)"Client Key", 10, client, NULL);
    EVP_Digest(client, 32, s.stored, NULL, EVP_sha256(), NULL);
    HMAC(EVP_sha256(), salted, 32, (const uint8_t *)"Server Key", 10, s.server, NULL);
    CHECK_INT(scram_check(&s, span_str(message), proof, got), ERR_NONE);
    CHECK(memcmp(got, want, SCRAM_KEY) == 0);
    CHECK_INT(scram_password(&s, span_str("pencil")), ERR_NONE);
    CHECK_INT(scram_password(&s, span_str("Pencil")), ERR_AUTH);
    CHECK_INT(scram_password(&s, span_str("")), ERR_AUTH);
    proof[5] ^= 1;
    CHECK_INT(scram_check(&s, span_str(message), proof, got), ERR_AUTH);
    proof[5] ^= 1;
    CHECK_INT(scram_check(&s, span_str("n=other"), proof, got), ERR_AUTH);
}

static struct home home_with(const char *settings)
{
    struct home h;
    memset(&h, 0, sizeof h);
    CHECK_INT(conf_parse(span_str(settings), &h.conf, &why), ERR_NONE);
    return h;
}

static void verifiers_are_salted_and_parse(void)
{
    struct home h = home_with("scram-iterations = 4096\n");
    struct buf a, b;
    struct scram s;
    buf_init(&a, VAULT_VERIFIER_MAX);
    buf_init(&b, VAULT_VERIFIER_MAX);
    CHECK_INT(seal_vault.verifier(&h, span_str("p"), &a, &why), ERR_NONE);
    CHECK_INT(seal_vault.verifier(&h, span_str("p"), &b, &why), ERR_NONE);
    CHECK(!span_eq(buf_span(&a), buf_span(&b)));
    CHECK_INT(scram_parse(buf_span(&a), &s, &why), ERR_NONE);
    CHECK_INT(s.iterations, 4096);
    CHECK_INT(s.salt_len, 16);
    CHECK_INT(seal_vault.verify(&h, buf_span(&a), span_str("p"), &why), ERR_NONE);
    CHECK_INT(seal_vault.verify(&h, buf_span(&a), span_str("q"), &why), ERR_AUTH);
    CHECK_INT(seal_vault.verify(&h, span_of(NULL, 0), span_str("p"), &why), ERR_AUTH);
    for (size_t n = 0; n < a.len; n++)
        CHECK_INT(scram_parse(span_take(buf_span(&a), n), &s, &why), ERR_CONFIG);
    CHECK_INT(seal_vault.verify(&h, span_str("SCRAM-SHA-256$0:AAAA$x:y"), span_str(""), &why),
              ERR_CONFIG);
    buf_release(&a);
    buf_release(&b);
    home_close(&h);
}

static void too_few_iterations_are_refused(void)
{
    struct home h = home_with("scram-iterations = 100\n");
    struct buf a;
    buf_init(&a, VAULT_VERIFIER_MAX);
    CHECK_INT(seal_vault.verifier(&h, span_str("p"), &a, &why), ERR_CONFIG);
    buf_release(&a);
    home_close(&h);
    h = home_with("");
    buf_init(&a, VAULT_VERIFIER_MAX);
    CHECK_INT(seal_vault.verifier(&h, span_str("p"), &a, &why), ERR_NONE);
    CHECK(span_starts(buf_span(&a), span_str("SCRAM-SHA-256$120000:")));
    buf_release(&a);
    home_close(&h);
}

int main(void)
{
    RUN(sealed_opens_only_for_its_user_and_column);
    RUN(damage_is_noticed);
    RUN(rfc_7677_example);
    RUN(verifiers_are_salted_and_parse);
    RUN(too_few_iterations_are_refused);
    return check_done();
}
