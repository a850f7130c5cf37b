#include "check.h"
#include "smtp/path.h"

static const char *show(struct span s)
{
    static char text[8][300];
    static int at;
    char *out = text[at++ % 8];
    snprintf(out, sizeof text[0], "%.*s", (int)s.n, s.n ? (const char *)s.p : "");
    return out;
}

static enum path_fault parse(const char *text, unsigned flags, struct path *p)
{
    size_t used;
    enum path_fault f = path_parse(span_str(text), flags, p, &used);
    if (!f)
        CHECK_INT(used, strlen(text));
    return f;
}

static void plain(void)
{
    struct path p;
    CHECK_INT(parse("<JOE@THREE>", 0, &p), PATH_OK);
    CHECK_STR(show(p.text), "JOE@THREE");
    CHECK_STR(show(p.local), "JOE");
    CHECK_STR(show(p.domain), "THREE");
    CHECK_INT(p.route.n, 0);
    CHECK_INT(parse("<a.b+c_d=e/f@x-y.example>", 0, &p), PATH_OK);
}

static void source_routes(void)
{
    struct path p;
    struct span host;
    CHECK_INT(parse("<@ONE,@TWO:JOE@THREE>", 0, &p), PATH_OK);
    CHECK_STR(show(p.route), "@ONE,@TWO");
    CHECK_STR(show(p.local), "JOE");
    CHECK_STR(show(p.domain), "THREE");
    CHECK_STR(show(p.text), "@ONE,@TWO:JOE@THREE");
    CHECK(path_route_next(&p.route, &host));
    CHECK_STR(show(host), "ONE");
    CHECK(path_route_next(&p.route, &host));
    CHECK_STR(show(host), "TWO");
    CHECK(!path_route_next(&p.route, &host));
    CHECK_INT(parse("<@ONE:JOE>", 0, &p), PATH_SYNTAX);
    CHECK_INT(parse("<@ONE,TWO:JOE@X>", 0, &p), PATH_SYNTAX);
    CHECK_INT(parse("<@ONE JOE@X>", 0, &p), PATH_SYNTAX);
}

static void null_path(void)
{
    struct path p;
    CHECK_INT(parse("<>", PATH_NULL, &p), PATH_OK);
    CHECK_INT(p.text.n, 0);
    CHECK_INT(parse("<>", 0, &p), PATH_SYNTAX);
    CHECK_INT(path_parse_bare(span_str(""), PATH_NULL, &p), PATH_OK);
}

static void without_domain(void)
{
    struct path p;
    CHECK_INT(parse("<Postmaster>", PATH_NO_DOMAIN, &p), PATH_OK);
    CHECK_STR(show(p.local), "Postmaster");
    CHECK_INT(p.domain.n, 0);
    CHECK_INT(parse("<Postmaster>", 0, &p), PATH_SYNTAX);
}

static void quoted_local_parts(void)
{
    struct path p;
    char local[PATH_LOCAL_MAX + 1];
    CHECK_INT(parse("<\"Joe Smith\"@x>", 0, &p), PATH_OK);
    CHECK(path_local_text(&p, local, sizeof local));
    CHECK_STR(local, "Joe Smith");
    CHECK_INT(parse("<\"a\\\"b\\\\c>@\"@x>", 0, &p), PATH_OK);
    CHECK(path_local_text(&p, local, sizeof local));
    CHECK_STR(local, "a\"b\\c>@");
    CHECK_INT(parse("<Joe\\,Smith@x>", 0, &p), PATH_OK);
    CHECK(path_local_text(&p, local, sizeof local));
    CHECK_STR(local, "Joe,Smith");
    CHECK(!path_local_text(&p, local, 4));
    CHECK_STR(local, "");
    CHECK_INT(parse("<\"\"@x>", 0, &p), PATH_OK);
    CHECK(path_local_text(&p, local, sizeof local));
    CHECK_STR(local, "");
    CHECK_INT(parse("<\"open@x>", 0, &p), PATH_SYNTAX);
    CHECK_INT(parse("<\"a\tb\"@x>", 0, &p), PATH_SYNTAX);
}

static void domains(void)
{
    struct path p;
    CHECK_INT(parse("<a@#123>", 0, &p), PATH_OK);
    CHECK_STR(show(p.domain), "#123");
    CHECK_INT(parse("<a@#>", 0, &p), PATH_SYNTAX);
    CHECK_INT(parse("<a@[127.0.0.1]>", 0, &p), PATH_OK);
    CHECK_INT(parse("<a@[IPv6:::1]>", 0, &p), PATH_OK);
    CHECK_INT(parse("<a@[]>", 0, &p), PATH_SYNTAX);
    CHECK_INT(parse("<a@x..y>", 0, &p), PATH_SYNTAX);
    CHECK_INT(parse("<a@-x>", 0, &p), PATH_SYNTAX);
    CHECK_INT(parse("<a@x.>", 0, &p), PATH_SYNTAX);
    CHECK_INT(path_check_domain(span_str("fax.example"), 0), PATH_OK);
    CHECK_INT(path_check_domain(span_str("fax example"), 0), PATH_SYNTAX);
    CHECK_INT(path_check_domain(span_of("[a\0]", 4), 0), PATH_SYNTAX);
}

/* Nothing that passes may end a command or start another one. */
static void never_control_bytes(void)
{
    static const char frames[][32] = {"<a%cb@x>", "<\"a%cb\"@x>", "<a@x%cy>", "<a@[1%c2]>",
                                      "<@o%cne:a@x>", "<a\\%cb@x>"};
    for (size_t f = 0; f < sizeof frames / sizeof frames[0]; f++) {
        for (int c = 0; c < 256; c++) {
            char text[40];
            struct path p;
            size_t used;
            const char *at = strchr(frames[f], '%');
            int n = snprintf(text, sizeof text, "%.*s%c%s", (int)(at - frames[f]), frames[f], c,
                             at + 2);
            bool passed = path_parse(span_of(text, (size_t)n), 0, &p, &used) == PATH_OK;
            if (c < ' ' || c >= 0x7f)
                CHECK(!passed);
        }
    }
}

static void utf8(void)
{
    struct path p;
    CHECK_INT(parse("<jos\xc3\xa9@x>", 0, &p), PATH_SYNTAX);
    CHECK_INT(parse("<jos\xc3\xa9@\xc3\xa9x>", PATH_UTF8, &p), PATH_OK);
    CHECK_INT(parse("<jos\xc3@x>", PATH_UTF8, &p), PATH_SYNTAX);
}

static void limits(void)
{
    char text[700], a[400];
    struct path p;
    memset(a, 'a', sizeof a);
    snprintf(text, sizeof text, "<%.64s@x>", a);
    CHECK_INT(parse(text, 0, &p), PATH_OK);
    snprintf(text, sizeof text, "<%.65s@x>", a);
    CHECK_INT(parse(text, 0, &p), PATH_LOCAL_TOO_LONG);
    snprintf(text, sizeof text, "<a@%.252s>", a);
    CHECK_INT(parse(text, 0, &p), PATH_OK); /* 256 with the brackets */
    snprintf(text, sizeof text, "<a@%.253s>", a);
    CHECK_INT(parse(text, 0, &p), PATH_TOO_LONG);
    snprintf(text, sizeof text, "%.256s", a);
    CHECK_INT(path_check_domain(span_str(text), 0), PATH_DOMAIN_TOO_LONG);
    snprintf(text, sizeof text, "%.255s", a);
    CHECK_INT(path_check_domain(span_str(text), 0), PATH_OK);
}

static void what_is_no_path(void)
{
    static const char *const bad[] = {"",       "<",      "<a@x",  "a@x>",   "<a@>",      "<@x>",
                                      "<a b@x>", "<a@x y>", "<.a@x>", "<a.@x>", "<a..b@x>", "<a@@x>",
                                      "<a@b@c>", "<(a)@x>", "< a@x>", "<a@x >"};
    struct path p;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(parse(bad[i], PATH_NULL, &p), PATH_SYNTAX);
    CHECK_INT(path_parse_bare(span_str("a@x>"), 0, &p), PATH_SYNTAX);
    CHECK_INT(path_parse_mailbox(span_str("@one:a@x"), 0, &p), PATH_SYNTAX);
    CHECK_INT(path_parse_mailbox(span_str("a@x"), 0, &p), PATH_OK);
}

static void what_follows_is_left(void)
{
    struct path p;
    size_t used;
    CHECK_INT(path_parse(span_str("<a@x> SIZE=3"), 0, &p, &used), PATH_OK);
    CHECK_INT(used, 5);
}

/* A text cut anywhere is no path, and nothing is read beyond the cut. */
static void cut_anywhere(void)
{
    static const char text[] = "<@ONE,@TWO:\"J \\\" E\"@[127.0.0.1]>";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        struct path p;
        size_t used;
        uint8_t *copy = malloc(n ? n : 1);
        memcpy(copy, text, n);
        CHECK_INT(path_parse(span_of(copy, n), PATH_NULL, &p, &used), PATH_SYNTAX);
        free(copy);
    }
}

static bool fax_of(const char *local, struct fax_address *fax)
{
    char text[200];
    struct path p;
    snprintf(text, sizeof text, "%s@fax.example", local);
    return path_parse_bare(span_str(text), 0, &p) == PATH_OK && path_fax(&p, fax);
}

static void fax_addresses(void)
{
    struct fax_address fax;
    CHECK(fax_of("FAX=+81751234567", &fax));
    CHECK_STR(fax.number, "+81751234567");
    CHECK_STR(fax.sub_address, "");
    CHECK(fax_of("fax=+1.234-567", &fax));
    CHECK_STR(fax.number, "+1234567");
    CHECK(fax_of("FAX=+39040226338/T33S=6377", &fax));
    CHECK_STR(fax.number, "+39040226338");
    CHECK_STR(fax.sub_address, "6377");
    CHECK(fax_of("/FAX=12/T33S=1#2/", &fax));
    CHECK_STR(fax.sub_address, "1#2");
    CHECK(!fax_of("FAX=", &fax));
    CHECK(!fax_of("FAX=+", &fax));
    CHECK(!fax_of("FAX=12a", &fax));
    CHECK(!fax_of("FAX=1+2", &fax));
    CHECK(!fax_of("joe", &fax));
}

static void same_mailbox(void)
{
    struct path a, b;
    CHECK_INT(path_parse_bare(span_str("Joe@Fax.example"), 0, &a), PATH_OK);
    CHECK_INT(path_parse_bare(span_str("@one:\"jOE\"@fax.EXAMPLE"), 0, &b), PATH_OK);
    CHECK(path_same_mailbox(&a, &b));
    CHECK_INT(path_parse_bare(span_str("Jo@fax.example"), 0, &b), PATH_OK);
    CHECK(!path_same_mailbox(&a, &b));
}

int main(void)
{
    RUN(plain);
    RUN(source_routes);
    RUN(null_path);
    RUN(without_domain);
    RUN(quoted_local_parts);
    RUN(domains);
    RUN(never_control_bytes);
    RUN(utf8);
    RUN(limits);
    RUN(what_is_no_path);
    RUN(what_follows_is_left);
    RUN(cut_anywhere);
    RUN(fax_addresses);
    RUN(same_mailbox);
    return check_done();
}
