#include "check.h"
#include "seal/digest.h"

/* FIPS 180-2, appendix B. */
static void known_answers(void)
{
    struct digest d;
    char hex[DIGEST_HEX_SIZE];
    CHECK_INT(digest_init(&d), ERR_NONE);
    digest_final(&d, hex);
    CHECK_STR(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_INT(digest_init(&d), ERR_NONE);
    digest_add(&d, span_str("ab"));
    digest_add(&d, span_of(NULL, 0));
    digest_add(&d, span_str("c"));
    digest_final(&d, hex);
    CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_release(&d);
}

int main(void)
{
    RUN(known_answers);
    return check_done();
}
