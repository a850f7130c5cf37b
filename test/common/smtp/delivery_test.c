#include "smtp/delivery.h"
#include "check.h"

static struct buf out;

static const char *text(void)
{
    return buf_cstr(&out);
}

static void words(void)
{
    unsigned notify;
    enum mail_ret ret;
    CHECK(delivery_notify("never", &notify) && notify == NOTIFY_NEVER);
    CHECK(delivery_notify("success,Failure,delay", &notify) &&
          notify == (NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY));
    CHECK(!delivery_notify("", &notify));
    CHECK(!delivery_notify("success,", &notify));
    CHECK(!delivery_notify("never,delay", &notify));
    CHECK(!delivery_notify("always", &notify));
    CHECK(delivery_ret("full", &ret) && ret == RET_FULL);
    CHECK(delivery_ret("HDRS", &ret) && ret == RET_HDRS);
    CHECK(!delivery_ret("", &ret));
}

static void times(void)
{
    static const char *const bad[] = {"", "N", "x", "0R", "-5R", "1000000000", "5X", "5 R", "--5"};
    struct delivery d = {.by = false};
    CHECK(delivery_by("3600", &d) && d.by && d.by_seconds == 3600 && d.by_mode == 'N');
    CHECK(delivery_by("120r", &d) && d.by_seconds == 120 && d.by_mode == 'R');
    CHECK(delivery_by("-5N", &d) && d.by_seconds == -5 && d.by_mode == 'N');
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!delivery_by(bad[i], &d));
}

static void traces_and_words(void)
{
    char words[DELIVERY_NOTIFY_SIZE];
    struct delivery d = {.by = false};
    CHECK(delivery_by("60RT", &d) && d.by_mode == 'R' && d.by_trace);
    CHECK(delivery_by("-60nt", &d) && d.by_mode == 'N' && d.by_trace);
    CHECK(delivery_by("60", &d) && !d.by_trace);
    CHECK(!delivery_by("60T", &d));
    delivery_notify_text(0, words);
    CHECK_STR(words, "");
    for (unsigned bits = 1; bits < 16; bits++) {
        unsigned back;
        delivery_notify_text(bits, words);
        bool possible = !(bits & NOTIFY_NEVER) || bits == NOTIFY_NEVER;
        CHECK(delivery_notify(words, &back) == possible);
        CHECK(!possible || back == bits);
    }
    struct delivery tracked = {.mtrk = "abc"};
    CHECK(delivery_check(&tracked, 0, NULL) == ERR_DATA);
    tracked.envid = "e";
    CHECK(delivery_check(&tracked, 0, NULL) == ERR_NONE);
    tracked.transid = "<a@b>\r\nQUIT";
    CHECK(delivery_check(&tracked, 0, NULL) == ERR_DATA);
}

static void parameters(void)
{
    static const char *const orcpts[] = {"rfc822;a+b=c@x", NULL};
    struct delivery d = {.notify = NOTIFY_SUCCESS | NOTIFY_DELAY, .ret = RET_HDRS,
                         .envid = "a +b", .orcpts = orcpts};
    buf_clear(&out);
    CHECK(delivery_add_mail(&d, &out) == ERR_NONE);
    CHECK_STR(text(), " RET=HDRS ENVID=a+20+2Bb");
    buf_clear(&out);
    CHECK(delivery_add_rcpt(&d, 0, "other@x", &out) == ERR_NONE);
    CHECK_STR(text(), " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb+3Dc@x");
    buf_clear(&out);
    CHECK(delivery_add_rcpt(&d, 1, "\"o o\"@x", &out) == ERR_NONE);
    CHECK_STR(text(), " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;\"o+20o\"@x");
    /* What parsers of ours take. */
    struct rcpt_parameters rcpt;
    CHECK_INT(rcpt_parameters_parse(buf_span(&out), OFFER_DSN, &rcpt).code, 0);
    CHECK_STR(rcpt.orcpt, "rfc822;\"o+20o\"@x");
    /* A path beyond ASCII has no rfc822 form. */
    d.notify = 0;
    buf_clear(&out);
    CHECK(delivery_add_rcpt(&d, 1, "\xc3\xa9@x", &out) == ERR_NONE);
    CHECK_INT(out.len, 0);
}

static void what_cannot_be_said(void)
{
    static const char *const bad[] = {"a@x", ";a@x", "rfc822;", "rf c;x", "rfc822;a\r\nDATA"};
    char envid[ENVID_MAX + 2];
    struct delivery d = {.envid = envid};
    memset(envid, 'x', sizeof envid);
    envid[ENVID_MAX] = '\0';
    CHECK(delivery_check(&d, 0, NULL) == ERR_NONE);
    envid[0] = '+';
    CHECK(delivery_check(&d, 0, NULL) == ERR_DATA);
    d.envid = "a\nb";
    CHECK(delivery_check(&d, 0, NULL) == ERR_DATA);
    d.envid = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        d.orcpts = &bad[i];
        CHECK(delivery_check(&d, 1, NULL) == ERR_DATA);
    }
}

int main(void)
{
    buf_init(&out, 4096);
    RUN(words);
    RUN(times);
    RUN(traces_and_words);
    RUN(parameters);
    RUN(what_cannot_be_said);
    buf_release(&out);
    return check_done();
}
