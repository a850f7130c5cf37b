#include "mime/downgrade.h"
#include "mime/parse.h"
#include "check.h"

static struct buf out;

static enum err pass(struct mime_downgrade *d, struct span in, size_t step, struct why *why)
{
    enum err e = ERR_NONE;
    for (; in.n && !e; in = span_skip(in, step))
        e = mime_downgrade_push(d, span_take(in, step), &out, why);
    return e ? e : mime_downgrade_end(d, &out, why);
}

/* The mail downgraded into out, pushed step bytes at once. */
static enum err down(struct span in, bool keep_8bit, size_t step)
{
    struct mime_downgrade d;
    struct why why = {""};
    buf_clear(&out);
    mime_downgrade_init(&d, keep_8bit);
    enum err e = pass(&d, in, step, &why);
    CHECK(out.len == 0);
    if (!e)
        e = pass(&d, in, step, &why);
    mime_downgrade_release(&d);
    return e;
}

static bool is_seven_bit(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] > 127)
            return false;
    return true;
}

/* All parts: numbers, types, names, and decoded bodies. */
static void parts_of(struct span mail, struct buf *parts)
{
    struct mime_parser p;
    struct mime_event event;
    struct mime_options options = {.keep_uu = true, .opaque_tnef = true};
    mime_parser_init(&p, &options);
    mime_parser_push(&p, mail);
    mime_parser_end(&p);
    buf_clear(parts);
    while (mime_parser_next(&p, &event) == ERR_NONE && event.kind != MIME_END) {
        if (event.kind == MIME_PART_BEGIN)
            buf_add_format(parts, "[%s %s %s %s]", event.part->number, event.part->type,
                           event.part->charset, event.part->name);
        else if (event.kind == MIME_BODY)
            buf_add_span(parts, event.body);
        else if (event.kind == MIME_PART_END)
            buf_add_str(parts, "[end]");
    }
    mime_parser_release(&p);
}

static void same_parts(struct span before, struct span after)
{
    struct buf a, b;
    buf_init(&a, 1 << 22);
    buf_init(&b, 1 << 22);
    parts_of(before, &a);
    parts_of(after, &b);
    if (!span_eq(buf_span(&a), buf_span(&b))) {
        CHECK(!"the same parts");
        printf("# before: %.*s\n# after: %.*s\n# mail: %.*s\n", (int)a.len, (char *)a.data,
               (int)b.len, (char *)b.data, (int)after.n, (const char *)after.p);
    }
    buf_release(&a);
    buf_release(&b);
}

static const char mixed[] =
    "From: a@x\nSubject: s\nContent-Type: multipart/mixed;\n boundary=\"b b\"\n"
    "Content-Transfer-Encoding: 8bit\nMIME-Version: 1.0\n\n"
    "pre\xc3\xa9\n--b b\nContent-Type: text/plain; charset=utf-8\n"
    "Content-Transfer-Encoding: 8bit\n\nCaf\xc3\xa9 = good\n--b bb\n-\n--\nno end \xe9\n"
    "--b b  \n\njust ASCII \n = here\n"
    "--b b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\n"
    "Subject: inner\nContent-Type: text/html; charset=iso-8859-1\n\n<p>\xe9</p>\n\n"
    "--b b\nContent-Type: application/x; name=y\nContent-Transfer-Encoding: BINARY\n\n"
    "\x01\xff\n\r\r\n-\r--b b\n\xfe\n"
    "--b b\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nSGk=\n"
    "--b b\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\na=C3=A9\xe9\n"
    "--b b--\nafter \xc3\xa9\n";

static void everything_but_the_leaves_stays(void)
{
    struct span in = span_of(mixed, sizeof mixed - 1);
    CHECK_INT(down(in, false, in.n), ERR_NONE);
    struct span got = buf_span(&out);
    CHECK(is_seven_bit(got));
    same_parts(in, got);
    const char *text = buf_cstr(&out);
    CHECK(strstr(text, "Content-Type: multipart/mixed;\n boundary=\"b b\"\nMIME-Version: 1.0\n"
                       "Content-Transfer-Encoding: 7bit\n\npre??\n--b b\n"
                       "Content-Type: text/plain; charset=utf-8\n"
                       "Content-Transfer-Encoding: quoted-printable\n\nCaf=C3=A9 =3D good\n"));
    CHECK(strstr(text, "--b b  \n\njust ASCII \n = here\n--b b\n"));
    CHECK(strstr(text, "Subject: inner\nContent-Type: text/html; charset=iso-8859-1\n"
                       "MIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n\n<p>=E9"));
    CHECK(strstr(text, "\n--b b--\nafter ??\n"));
    /* Once more changes nothing. */
    struct buf once = out;
    buf_init(&out, 1 << 22);
    CHECK_INT(down(buf_span(&once), false, 7), ERR_NONE);
    CHECK(span_eq(buf_span(&once), buf_span(&out)));
    buf_release(&once);
}

static void in_pieces_as_whole(void)
{
    struct span in = span_of(mixed, sizeof mixed - 1);
    struct buf whole;
    for (int keep = 0; keep < 2; keep++) {
        down(in, keep, in.n);
        whole = out;
        buf_init(&out, 1 << 22);
        for (size_t step = 1; step < 40; step++) {
            CHECK_INT(down(in, keep, step), ERR_NONE);
            CHECK(span_eq(buf_span(&whole), buf_span(&out)));
        }
        buf_release(&whole);
    }
}

static void where_8bit_may_stay_only_binary_goes(void)
{
    struct span in = span_of(mixed, sizeof mixed - 1);
    CHECK_INT(down(in, true, in.n), ERR_NONE);
    same_parts(in, buf_span(&out));
    const char *text = buf_cstr(&out);
    CHECK(strstr(text, "Caf\xc3\xa9 = good"));
    CHECK(strstr(text, "Content-Transfer-Encoding: base64\n\nAf8K"));
    CHECK(strstr(text, "BINARY") == NULL);
}

static void a_mail_of_one_part(void)
{
    static const char *const mails[][2] = {
        {"S: x\r\n\r\ncaf\xe9\r\n",
         "S: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
         "caf=E9\r\n"},
        {"S: x\n\ncaf\xe9", "S: x\nMIME-Version: 1.0\n"
                            "Content-Transfer-Encoding: quoted-printable\n\ncaf=E9"},
        {"S: x\nMime-version: 1.0\ncontent-transfer-encoding:\n 8bit\nT: y\n\n\xe9\n",
         "S: x\nMime-version: 1.0\nT: y\nContent-Transfer-Encoding: quoted-printable\n\n=E9\n"},
        {"S: x\n\nplain\n", "S: x\n\nplain\n"},
        {"S: x\n", "S: x\n"},
        {"S: x\n\n\xff\r\n", "S: x\nMIME-Version: 1.0\n"
                             "Content-Transfer-Encoding: quoted-printable\n\n=FF\n"},
    };
    for (size_t i = 0; i < sizeof mails / sizeof *mails; i++)
        for (size_t step = 1; step < 9; step++) {
            CHECK_INT(down(span_str(mails[i][0]), false, step), ERR_NONE);
            CHECK_STR(buf_cstr(&out), mails[i][1]);
        }
}

/* What is signed must not change; what is not 8-bit passes byte by byte. */
static void signed_parts_are_not_touched(void)
{
    static const char head[] = "Content-Type: multipart/signed; boundary=s\n\n"
                               "--s \t\nContent-Type: multipart/mixed; boundary=m\n\n"
                               "preamble\n--m\n\n",
                      tail[] = "\n--m--\nepilogue\n--s\nContent-Type: application/x\n\nsig\n--s--\n";
    static const char *const bodies[] = {"plain = text ", "caf\xc3\xa9"};
    static const enum err want[] = {ERR_NONE, ERR_DATA};
    for (int i = 0; i < 2; i++) {
        struct buf mail;
        buf_init(&mail, 4096);
        buf_add_format(&mail, "%s%s%s", head, bodies[i], tail);
        CHECK_INT(down(buf_span(&mail), false, 3), want[i]);
        if (!i)
            CHECK(span_eq(buf_span(&mail), buf_span(&out)));
        CHECK_INT(down(buf_span(&mail), true, 3), ERR_NONE);
        CHECK(span_eq(buf_span(&mail), buf_span(&out)));
        buf_release(&mail);
    }
    /* Beside it everything else may be. */
    struct buf mail;
    buf_init(&mail, 4096);
    buf_add_format(&mail, "Content-Type: multipart/mixed; boundary=o\n\n--o\n%s%s%s--o\n\n\xe9\n"
                          "--o--\n", head, bodies[0], tail);
    CHECK_INT(down(buf_span(&mail), false, 3), ERR_NONE);
    CHECK(is_seven_bit(buf_span(&out)));
    CHECK(strstr(buf_cstr(&out), "--o\nMIME") == NULL);
    CHECK(strstr(buf_cstr(&out), "quoted-printable\n\n=E9"));
    same_parts(buf_span(&mail), buf_span(&out));
    buf_release(&mail);
}

static void what_cannot_be_said_in_seven_bits(void)
{
    static const char *const mails[] = {
        "Subject: caf\xc3\xa9\n\nx\n",
        "S: x\nContent-Type: message/partial; id=x\n\n\xc3\xa9\n",
        "S: x\nContent-Type: multipart/signed; boundary=s\n\n\xe9\n--s\n\nx\n--s--\n",
        "Content-Type: multipart/signed; boundary=s\n\n--s\nContent-Transfer-Encoding: binary\n\nx",
    };
    for (size_t i = 0; i < sizeof mails / sizeof *mails; i++)
        CHECK_INT(down(span_str(mails[i]), false, 5), ERR_DATA);
}

static uint32_t seed = 1;

static uint32_t pick(uint32_t n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % n;
}

static void add_body(struct buf *mail, bool binary)
{
    static const char *const bits[] = {"\n", "a", " ", "\t", "=", "--", ".", "\xc3\xa9", "\xff",
                                       "--b0x", "From ", "word word word word word word word"};
    for (uint32_t i = pick(60); i > 0; i--)
        if (binary && pick(2))
            buf_add_byte(mail, (uint8_t)pick(256));
        else
            buf_add_str(mail, bits[pick(12)]);
}

/* A random tree of parts. */
static void add_entity(struct buf *mail, unsigned depth)
{
    static const char *const types[] = {"text/plain; charset=utf-8", "application/x; name=n",
                                        "image/tiff; name=a.tif"};
    static const char *const encodings[] = {"8bit", "7bit", "binary", "8BIT"};
    uint32_t kind = depth < 4 ? pick(4) : 3;
    if (kind == 0) {
        buf_add_format(mail, "Content-Type: multipart/%s; boundary=b%u\n"
                             "Content-Transfer-Encoding: binary\n\n",
                       pick(3) ? "mixed" : "alternative", depth);
        if (pick(2))
            buf_add_str(mail, "preamble \xc3\xa9\n");
        for (uint32_t i = 1 + pick(3); i > 0; i--) {
            buf_add_format(mail, "\n--b%u\n", depth);
            add_entity(mail, depth + 1);
        }
        buf_add_format(mail, "\n--b%u--\n", depth);
    } else if (kind == 1) {
        buf_add_str(mail, "Content-Type: message/rfc822\n\nSubject: inner\n");
        add_entity(mail, depth + 1);
    } else {
        const char *encoding = encodings[pick(4)];
        buf_add_format(mail, "Content-Type: %s\n", types[pick(2)]);
        if (pick(4))
            buf_add_format(mail, "Content-Transfer-Encoding: %s\n", encoding);
        buf_add_str(mail, "\n");
        add_body(mail, strcmp(encoding, "binary") == 0);
    }
}

static void random_mails_keep_their_parts(void)
{
    struct buf mail;
    buf_init(&mail, 1 << 20);
    for (int i = 0; i < 1500; i++) {
        buf_clear(&mail);
        buf_add_str(&mail, "From: a@x\n");
        add_entity(&mail, 0);
        CHECK_INT(down(buf_span(&mail), false, 1 + pick(90)), ERR_NONE);
        CHECK(is_seven_bit(buf_span(&out)));
        same_parts(buf_span(&mail), buf_span(&out));
        CHECK_INT(down(buf_span(&mail), true, 1 + pick(90)), ERR_NONE);
        same_parts(buf_span(&mail), buf_span(&out));
    }
    buf_release(&mail);
}

int main(void)
{
    buf_init(&out, 1 << 22);
    RUN(everything_but_the_leaves_stays);
    RUN(in_pieces_as_whole);
    RUN(where_8bit_may_stay_only_binary_goes);
    RUN(a_mail_of_one_part);
    RUN(signed_parts_are_not_touched);
    RUN(what_cannot_be_said_in_seven_bits);
    RUN(random_mails_keep_their_parts);
    buf_release(&out);
    return check_done();
}
