#include "check.h"
#include "mime/address.h"

/* "name|addr" of every mailbox, with newlines between. */
static void expect(const char *raw, const char *want)
{
    struct buf out;
    struct mime_address a;
    struct span rest = span_str(raw);
    buf_init(&out, 8192);
    while (mime_address_next(&rest, NULL, &a))
        buf_add_format(&out, "%s%s|%s", out.len ? "\n" : "", a.name, a.addr);
    CHECK_STR(buf_cstr(&out), want);
    buf_release(&out);
}

static void plain_and_named(void)
{
    expect("a@b", "|a@b");
    expect(" Alice <alice@fax.example> ", "Alice|alice@fax.example");
    expect("\"Q. R\" <q@r>, b@c", "Q. R|q@r\n|b@c");
    expect("a@b (Bob (the) B)", "Bob (the) B|a@b");
    expect("=?utf-8?q?J=C3=BCrgen?= M <j@m>", "J\xc3\xbcrgen M|j@m");
    expect("\"a, b\" <a@b>,,, <c@d>", "a, b|a@b\n|c@d");
}

static void obsolete_and_odd(void)
{
    expect("\"a b\"@c", "|\"a b\"@c");
    expect("<@x,@y:u@z>", "|u@z");
    expect("pete(his account)@silly.test(his host)", "his host|pete@silly.test");
    expect("a @ b . c", "|a@b.c");
    expect("u@[1.2.3.4]", "|u@[1.2.3.4]");
    expect("FAX=+81751234567@host, \"FAX=+1/T33S=2\"@host",
           "|FAX=+81751234567@host\n|\"FAX=+1/T33S=2\"@host");
    expect("\"a<b\\\"\"@c\r\n ,d@e", "|\"a<b\\\"\"@c\n|d@e");
}

static void groups(void)
{
    expect("Group: a@b, C <c@d>; e@f", "|a@b\nC|c@d\n|e@f");
    expect("undisclosed-recipients:;", "");
    expect("", "");
    expect(" , ;", "");
}

static void damaged(void)
{
    expect("<a@b", "|a@b");
    expect("\"open <a@b>", "|\"open <a@b>");
    expect("(open a@b", "");
    expect("a@b>", "|a@b>");
}

static void overlong_is_cut_between_characters(void)
{
    struct buf in;
    struct mime_address a;
    struct span rest;
    buf_init(&in, 8192);
    for (int i = 0; i < 1000; i++)
        buf_add_str(&in, "\xc3\xbc");
    buf_add_str(&in, " <a@b>");
    rest = buf_span(&in);
    CHECK(mime_address_next(&rest, NULL, &a));
    CHECK_INT(strlen(a.name), 510);
    CHECK_STR(a.addr, "a@b");
    buf_release(&in);
}

static void first_of_a_header(void)
{
    struct mime_address a;
    CHECK(mime_address_first(span_str("To: x@y\nFROM: A <a@b>\n"), "From", NULL, &a));
    CHECK_STR(a.addr, "a@b");
    CHECK(!mime_address_first(span_str("To: x@y\n"), "From", NULL, &a));
}

int main(void)
{
    RUN(plain_and_named);
    RUN(obsolete_and_odd);
    RUN(groups);
    RUN(damaged);
    RUN(overlong_is_cut_between_characters);
    RUN(first_of_a_header);
    return check_done();
}
