#include "check.h"
#include "smtp/scram.h"

/* RFC 7677 3: the example of SCRAM-SHA-256. */
static void the_rfc_s_example(void)
{
    struct scram_first first;
    struct scram_final final;
    CHECK(scram_first_parse(span_str("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), &first));
    CHECK(span_eq(first.gs2, span_str("n,,")));
    CHECK(span_eq(first.bare, span_str("n=user,r=rOprNGfwEbeRWgbNEkqO")));
    CHECK_STR(first.name, "user");
    CHECK(span_eq(first.nonce, span_str("rOprNGfwEbeRWgbNEkqO")));
    CHECK(scram_final_parse(
        span_str("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                 "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="), &final));
    CHECK(span_eq(final.without_proof,
                  span_str("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")));
    CHECK(span_eq(final.channel, span_str("biws")));
    CHECK(span_eq(final.proof, span_str("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")));
}

static void names(void)
{
    struct scram_first first;
    CHECK(scram_first_parse(span_str("y,a=a=2Cb,n=a=2Cb,r=x,ext=1"), &first));
    CHECK_STR(first.name, "a,b");
    CHECK(span_eq(first.gs2, span_str("y,a=a=2Cb,")));
    static const char *const bad[] = {
        "", "n", "n,", "n,,", "p=tls-unique,,n=a,r=x", "n,,n=,r=x", "n,,n=a", "n,,n=a,r=",
        "n,,n=a=2,r=x", "n,,n=a=2c,r=x", "n,,n=a\001,r=x", "n,,m=1,n=a,r=x", "n,a=b,n=a,r=x",
        "n,a,n=a,r=x", "x,,n=a,r=x", "n,,n=a,r=\x80", "n,,n=a,x=r",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!scram_first_parse(span_str(bad[i]), &first));
}

static void finals(void)
{
    struct scram_final final;
    CHECK(scram_final_parse(span_str("c=biws,r=x,ext=y,p=abc"), &final));
    CHECK(span_eq(final.without_proof, span_str("c=biws,r=x,ext=y")));
    static const char *const bad[] = {"", "c=biws", "c=biws,r=x", "c=biws,r=x,p", "r=x,c=biws,p=a",
                                      "c=biws,r=x,p=a,b=c", "c=biws,r=x,,"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!scram_final_parse(span_str(bad[i]), &final));
}

static void limits(void)
{
    static char text[2000];
    struct scram_first first;
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "n,,n=", 5);
    memcpy(text + 5 + 255, ",r=x", 5);
    CHECK(scram_first_parse(span_str(text), &first));
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "n,,n=", 5);
    memcpy(text + 5 + 256, ",r=x", 5);
    CHECK(!scram_first_parse(span_str(text), &first));
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "n,,n=a,r=", 9);
    text[9 + 129] = '\0';
    CHECK(!scram_first_parse(span_str(text), &first));
    text[9 + 128] = '\0';
    CHECK(scram_first_parse(span_str(text), &first));
}

int main(void)
{
    RUN(the_rfc_s_example);
    RUN(names);
    RUN(finals);
    RUN(limits);
    return check_done();
}
