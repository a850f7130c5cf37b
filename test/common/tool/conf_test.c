#include "tool/conf.h"
#include "check.h"

static void reads_settings(void)
{
    struct conf *c;
    struct why why = {""};
    CHECK(conf_parse(span_str("# station\n\nhostname = fax.example\n domain=a.example\r\n"
                              "domain = b.example\nroute.x.example = smtp://h:25\nspool-limit = 2M\n"
                              "printer ="),
                     &c, &why) == ERR_NONE);
    CHECK_STR(conf_get(c, "hostname"), "fax.example");
    CHECK_STR(conf_get(c, "domain"), "b.example");
    CHECK_STR(conf_nth(c, "domain", 0), "a.example");
    CHECK(conf_nth(c, "domain", 2) == NULL);
    CHECK_STR(conf_get(c, "route.x.example"), "smtp://h:25");
    CHECK_STR(conf_get(c, "printer"), "");
    CHECK(conf_get(c, "operator") == NULL);
    uint64_t v;
    CHECK(conf_number(c, "spool-limit", 0, UINT64_MAX, &v, &why) == ERR_NONE);
    CHECK_INT(v, 2 << 20);
    CHECK(conf_number(c, "queue-days", 5, 100, &v, &why) == ERR_NONE);
    CHECK_INT(v, 5);
    CHECK(conf_number(c, "hostname", 5, 100, &v, &why) == ERR_CONFIG);
    CHECK(conf_number(c, "spool-limit", 0, (2 << 20) - 1, &v, &why) == ERR_CONFIG);
    conf_free(c);
    CHECK(conf_get(NULL, "printer") == NULL);
}

static void shows_what_is_set(void)
{
    struct conf *c;
    struct buf out;
    struct why why = {""};
    CHECK(conf_parse(span_str("domain = a.example\ndomain = b.example\nhostname = one\n"
                              "hostname = two\nprinter =\nroute.x.example = smtp://h\n"),
                     &c, &why) == ERR_NONE);
    buf_init(&out, 100);
    CHECK_INT(conf_show(c, "domain", &out, &why), ERR_NONE);
    CHECK_INT(conf_show(c, "hostname", &out, &why), ERR_NONE);
    CHECK_INT(conf_show(c, "printer", &out, &why), ERR_NONE);
    CHECK_INT(conf_show(c, "route.x.example", &out, &why), ERR_NONE);
    CHECK_STR(buf_cstr(&out), "a.example\nb.example\ntwo\n\nsmtp://h\n");
    CHECK_INT(conf_show(c, "operator", &out, &why), ERR_NO);
    CHECK_INT(conf_show(c, "operatr", &out, &why), ERR_USAGE);
    buf_release(&out);
    conf_free(c);
}

static void names_the_line_it_refuses(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"hostname = a\nhostnam = b\n", "line 2: unknown key hostnam"},
        {"\n\nhostname\n", "line 3: not `key = value`"},
        {"= x\n", "line 1: not `key = value`"},
        {"route. = x\n", "line 1: unknown key route."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct conf *c;
        struct why why = {""};
        CHECK(conf_parse(span_str(cases[i].text), &c, &why) == ERR_CONFIG);
        CHECK_STR(why.text, cases[i].says);
        CHECK(c == NULL);
    }
}

static void switches(void)
{
    static const char text[] = "dane = on\nmta-sts = off\ntrust-ad = maybe\n";
    struct conf *c;
    struct why why = {""};
    bool on = false;
    CHECK(conf_parse(span_str(text), &c, NULL) == ERR_NONE);
    CHECK(conf_switch(c, "dane", &on, &why) == ERR_NONE && on);
    CHECK(conf_switch(c, "mta-sts", &on, &why) == ERR_NONE && !on);
    CHECK(conf_switch(c, "resolver", &on, &why) == ERR_NONE && !on);
    on = true;
    CHECK(conf_switch(c, "resolver", &on, &why) == ERR_NONE && on);
    CHECK(conf_switch(c, "trust-ad", &on, &why) == ERR_CONFIG && on);
    CHECK_STR(why.text, "trust-ad = maybe: not on or off");
    conf_free(c);
}

int main(void)
{
    RUN(reads_settings);
    RUN(shows_what_is_set);
    RUN(names_the_line_it_refuses);
    RUN(switches);
    return check_done();
}
