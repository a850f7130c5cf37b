#include "check.h"
#include "smtp/sts.h"

static struct sts_policy p;

static enum err policy(const char *text)
{
    return sts_policy_read(&p, span_str(text), NULL);
}

static void records(void)
{
    char id[STS_ID];
    CHECK(sts_record_id("v=STSv1; id=20160831085700Z;", id));
    CHECK_STR(id, "20160831085700Z");
    CHECK(sts_record_id("v=STSv1;id=a", id));
    CHECK_STR(id, "a");
    CHECK(sts_record_id("v=STSv1 ; later=x; id=b ; id=c", id));
    CHECK_STR(id, "b");
    CHECK(!sts_record_id("", id));
    CHECK(!sts_record_id("v=spf1 -all", id));
    CHECK(!sts_record_id("v=STSv10; id=a;", id));
    CHECK(!sts_record_id("id=a; v=STSv1", id));
    CHECK(!sts_record_id("v=STSv1;", id));
    CHECK(!sts_record_id("v=STSv1; id=;", id));
    CHECK(!sts_record_id("v=STSv1; id=a/b;", id));
    CHECK(!sts_record_id("v=STSv1; id=123456789012345678901234567890123;", id));
}

static void reads(void)
{
    CHECK_INT(policy("version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\n"
                     "mx: *.example.net\r\nmax_age: 604800\r\n"),
              ERR_NONE);
    CHECK_INT(p.mode, STS_ENFORCE);
    CHECK_INT(p.max_age, 604800);
    CHECK_INT(p.mx_count, 2);
    CHECK_INT(policy("max_age:1\nmode:testing\n\nmx:a.example\nversion:STSv1\nfuture: x"), ERR_NONE);
    CHECK_INT(p.mode, STS_TESTING);
    CHECK_INT(policy("version: STSv1\nmode: none\nmax_age: 99999999\n"), ERR_NONE);
    CHECK_INT(p.mode, STS_NONE);
    CHECK_INT(p.max_age, STS_AGE_MAX);
}

static void refuses(void)
{
    static const char *const bad[] = {
        "",
        "<html>not found</html>",
        "version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1\n",
        "mode: enforce\nmx: a.example\nmax_age: 1\n",
        "version: STSv1\nmx: a.example\nmax_age: 1\n",
        "version: STSv1\nmode: maybe\nmx: a.example\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: a.example\n",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 4294967296\n",
        "version: STSv1\nmode: enforce\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: a b\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: *.\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: a.*.example\nmax_age: 1\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(policy(bad[i]), ERR_DATA);
}

static void too_much(void)
{
    static char text[STS_TEXT + 2];
    size_t n = (size_t)snprintf(text, sizeof text, "version: STSv1\nmode: enforce\nmax_age: 1\n");
    for (int i = 0; i <= STS_MX_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "mx: m%d.example\n", i);
    CHECK_INT(policy(text), ERR_DATA);
    memset(text, '\n', sizeof text);
    CHECK_INT(sts_policy_read(&p, span_of(text, sizeof text), NULL), ERR_DATA);
}

static void hosts(void)
{
    CHECK_INT(policy("version: STSv1\nmode: enforce\nmx: Mail.example.com\n"
                     "mx: *.example.net\nmax_age: 1\n"),
              ERR_NONE);
    CHECK(sts_policy_allows(&p, "mail.EXAMPLE.com"));
    CHECK(sts_policy_allows(&p, "mail.example.com."));
    CHECK(!sts_policy_allows(&p, "a.mail.example.com"));
    CHECK(!sts_policy_allows(&p, "example.com"));
    CHECK(sts_policy_allows(&p, "a.example.net"));
    CHECK(!sts_policy_allows(&p, "a.b.example.net"));
    CHECK(!sts_policy_allows(&p, "example.net"));
    CHECK(!sts_policy_allows(&p, ".example.net."));
    CHECK(!sts_policy_allows(&p, ""));
}

int main(void)
{
    RUN(records);
    RUN(reads);
    RUN(refuses);
    RUN(too_much);
    RUN(hosts);
    return check_done();
}
