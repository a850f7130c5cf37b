#include "check.h"
#include "smtp/parameters.h"

enum { ALL = OFFER_SIZE | OFFER_BODY | OFFER_BINARY | OFFER_UTF8 | OFFER_DSN | OFFER_BY |
             OFFER_AUTH | OFFER_SOLICIT };

static struct mail_parameters mail;
static struct rcpt_parameters rcpt;

static unsigned mail_code(const char *text, unsigned offer)
{
    return mail_parameters_parse(span_str(text), offer, &mail).code;
}

static unsigned rcpt_code(const char *text)
{
    return rcpt_parameters_parse(span_str(text), ALL, &rcpt).code;
}

static void all_of_mail(void)
{
    CHECK_INT(mail_code("", ALL), 0);
    CHECK_INT(mail_code("  size=1000 BODY=8bitmime SMTPUTF8 RET=HDRS ENVID=a+2Bb BY=120;RT "
                        "AUTH=<> SOLICIT=net.example:ADV,org.x:Y ", ALL), 0);
    CHECK_INT(mail.size, 1000);
    CHECK_INT(mail.body, BODY_8BIT);
    CHECK(mail.utf8);
    CHECK_INT(mail.ret, RET_HDRS);
    CHECK_STR(mail.envid, "a+2Bb");
    CHECK(mail.by && mail.by_trace);
    CHECK_INT(mail.by_seconds, 120);
    CHECK_INT(mail.by_mode, 'R');
    CHECK(span_eq(mail.solicit, span_str("net.example:ADV,org.x:Y")));
    CHECK_INT(mail_code(" BY=-5;n", ALL), 0);
    CHECK_INT(mail.by_seconds, -5);
    CHECK_INT(mail.by_mode, 'N');
    CHECK(!mail.by_trace && !mail.utf8 && !mail.size && !mail.envid[0]);
}

static void wrong_ones_of_mail(void)
{
    static const struct { const char *text; unsigned code; } cases[] = {
        {"SIZE=1", 501}, {" SIZE=", 501}, {" SIZE=x", 501}, {" SIZE=1 SIZE=1", 501},
        {" SIZE=99999999999999999999", 501}, {" BODY=9BIT", 504}, {" BODY", 504},
        {" SMTPUTF8=1", 501}, {" RET=ALL", 501}, {" ENVID=", 501}, {" ENVID=a+2b", 501},
        {" ENVID=a+2", 501}, {" ENVID=a=b", 501}, {" BY=5", 501}, {" BY=5;", 501},
        {" BY=5;X", 501}, {" BY=5;NX", 501}, {" BY=0;R", 501}, {" BY=-1;R", 501},
        {" BY=1000000000;N", 501}, {" BY=--1;N", 501}, {" AUTH=", 501}, {" AUTH=a+zz", 501},
        {" SOLICIT=", 501}, {" SOLICIT=a,", 501}, {" SOLICIT=a,,b", 501}, {" SOLICIT=a;b", 501},
        {" NOTIFY=NEVER", 555}, {" FOO", 555}, {" =", 555},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(mail_code(cases[i].text, ALL), cases[i].code);
    CHECK_INT(mail_code(" SIZE=1", ALL & ~OFFER_SIZE), 555);
    CHECK_INT(mail_code(" RET=FULL", ALL & ~OFFER_DSN), 555);
    CHECK_INT(mail_code(" BODY=BINARYMIME", ALL & ~OFFER_BINARY), 504);
    CHECK_INT(mail_code(" BODY=BINARYMIME", ALL), 0);
    CHECK_INT(mail.body, BODY_BINARY);
}

static void limits(void)
{
    char text[700] = " ENVID=";
    memset(text + 7, 'a', 100);
    CHECK_INT(mail_code(text, ALL), 0);
    strcat(text, "b");
    CHECK_INT(mail_code(text, ALL), 501);
    memset(text, 0, sizeof text);
    strcpy(text, " ORCPT=rfc822;");
    memset(text + 14, 'a', 493);
    CHECK_INT(rcpt_code(text), 0);
    CHECK_INT(strlen(rcpt.orcpt), 500);
    strcat(text, "b");
    CHECK_INT(rcpt_code(text), 501);
}

static void all_of_rcpt(void)
{
    CHECK_INT(rcpt_code(" NOTIFY=success,DELAY ORCPT=rfc822;joe+2Bx@there"), 0);
    CHECK_INT(rcpt.notify, NOTIFY_SUCCESS | NOTIFY_DELAY);
    CHECK_STR(rcpt.orcpt, "rfc822;joe+2Bx@there");
    CHECK_INT(rcpt_code(" NOTIFY=NEVER"), 0);
    CHECK_INT(rcpt.notify, NOTIFY_NEVER);
    CHECK_INT(rcpt_code(" ORCPT=utf-8;j\xc3\xb6@x"), 0);
    static const char *const bad[] = {
        " NOTIFY=", " NOTIFY=NEVER,DELAY", " NOTIFY=DELAY,NEVER", " NOTIFY=DELAY,DELAY",
        " NOTIFY=DELAY,", " NOTIFY=SOON", " ORCPT=", " ORCPT=rfc822", " ORCPT=rfc822;",
        " ORCPT=;a", " ORCPT=rfc822;a=b", " ORCPT=rf\xc3;a", " ORCPT=rfc822;\xc3\xb6",
        " NOTIFY=NEVER NOTIFY=NEVER", "NOTIFY=NEVER",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(rcpt_code(bad[i]), 501);
    CHECK_INT(rcpt_code(" SIZE=1"), 555);
}

/* What is told of in notices is printable: else it is refused (RFC 3461 4.2, 4.4). */
static void xtext(void)
{
    char out[200];
    CHECK(xtext_decode(span_str("a+2Bb+20c"), out, sizeof out));
    CHECK_STR(out, "a+b c");
    CHECK(xtext_decode(span_str("abc"), out, 4));
    CHECK(!xtext_decode(span_str("abcd"), out, 4));
    static const char *const bad[] = {"+0A", "+1B", "+7F", "+C3+A9", "+0d", "a=b", "a b", "+2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!xtext_decode(span_str(bad[i]), out, sizeof out));
    CHECK_INT(mail_code(" ENVID=a+0Db", ALL), 501);
    CHECK_INT(rcpt_code(" ORCPT=rfc822;a+0Ab"), 501);
    CHECK(orcpt_decode("rfc822;joe+2Bx@there", out, sizeof out));
    CHECK_STR(out, "rfc822;joe+x@there");
    CHECK(orcpt_decode("utf-8;j\xc3\xb6@x", out, sizeof out));
    CHECK_STR(out, "utf-8;j\\x{F6}@x");
    CHECK(!orcpt_decode("utf-8;j\xc3\xb6@x", out, 14));
    CHECK(!orcpt_decode("utf-8;j\xc3@x", out, sizeof out));
    CHECK(!orcpt_decode("rfc822;", out, sizeof out));
    CHECK(!orcpt_decode("rfc822", out, sizeof out));
}

/* RFC 2852 4: a sign may stand before the seconds. */
static void signed_times(void)
{
    CHECK_INT(mail_code(" BY=+60;n", ALL), 0);
    CHECK(mail.by_seconds == 60 && mail.by_mode == 'N' && !mail.by_trace);
    CHECK_INT(mail_code(" BY=-60;N", ALL), 0);
    CHECK_INT(mail.by_seconds, -60);
    CHECK_INT(mail_code(" BY=-+6;N", ALL), 501);
    CHECK_INT(mail_code(" BY=+0;R", ALL), 501);
}

static void tracking(void)
{
    enum { OFFER = ALL | OFFER_MTRK };
    CHECK_INT(mail_code(" MTRK=abc ENVID=e", ALL), 555);
    CHECK_INT(mail_code(" MTRK=a+/c:86400 ENVID=e", OFFER), 0);
    CHECK_STR(mail.mtrk, "a+/c");
    CHECK_INT(mail.mtrk_seconds, 86400);
    CHECK_INT(mail_code(" ENVID=e MTRK=abc", OFFER), 0);
    CHECK_INT(mail.mtrk_seconds, 0);
    static const char *const bad[] = {" MTRK=abc", " ENVID=e MTRK=", " ENVID=e MTRK=:5",
                                      " ENVID=e MTRK=a:", " ENVID=e MTRK=a:0", " ENVID=e MTRK=a.b",
                                      " ENVID=e MTRK=a:1000000000",
                                      " ENVID=e MTRK=01234567890123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(mail_code(bad[i], OFFER), 501);
}

static void transaction_names(void)
{
    char text[TRANSID_MAX + 16] = "<";
    CHECK(transid_valid(span_str("<a.1-x@b.example>")));
    static const char *const bad[] = {"", "<>", "a@b", "<a@b", "<a>", "<a@>", "<@b>", "<a b@c>",
                                      "<a@b@c>", "<.a@b>", "<a.@b>", "<a..b@c>", "<a/b@c>", "<a=@c>",
                                      "<a@b>x", "<a@b\x7f>", "<\xc3\xa9@b>"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!transid_valid(span_str(bad[i])));
    memset(text + 1, 'a', TRANSID_MAX - 4);
    strcpy(text + TRANSID_MAX - 3, "@b>");
    CHECK(transid_valid(span_str(text)));
    strcpy(text + TRANSID_MAX - 3, "@bc>");
    CHECK(!transid_valid(span_str(text)));
}

int main(void)
{
    RUN(xtext);
    RUN(signed_times);
    RUN(tracking);
    RUN(transaction_names);
    RUN(all_of_mail);
    RUN(wrong_ones_of_mail);
    RUN(limits);
    RUN(all_of_rcpt);
    return check_done();
}
