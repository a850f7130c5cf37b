#include "check.h"
#include "mime/report.h"
#include "mime/report_write.h"

static const char mail[] = "Return-Path: <alice@x.example>\r\nReceived: from a\r\n\tby b\r\n"
                           "Message-ID: <m@x>\r\nSubject: \303\244 \033[2J\r\nno field\r\nlast: x\r\n\r\n--b\r\nbody\r\n";

static const struct mime_report_head head = {
    .hostname = "fax.example", .from = "postmaster@fax.example", .to = "alice@x.example",
    .message_id = "1.2", .boundary = "b", .date = 86400, .original = {(const uint8_t *)mail, sizeof mail - 1},
};

/* The report as it is read back. */
static const char *read_back(struct span in, struct buf *out)
{
    struct mime_parser p;
    struct mime_report r;
    struct mime_event e;
    mime_report_init(&r);
    mime_parser_init(&p, NULL);
    mime_parser_push(&p, in);
    while (mime_parser_next(&p, &e) == ERR_NONE && e.kind != MIME_END) {
        if (e.kind == MIME_NEED_MORE) {
            mime_parser_end(&p);
            continue;
        }
        if (e.kind == MIME_PART_END)
            CHECK(!mime_defective(&e.part->defects));
        CHECK_INT(mime_report_event(&r, &e), ERR_NONE);
    }
    buf_clear(out);
    CHECK_INT(mime_report_text(&r, NULL, out), ERR_NONE);
    mime_report_release(&r);
    mime_parser_release(&p);
    return buf_cstr(out);
}

static bool printable(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\t') || s.p[i] > 0x7e)
            return false;
    return true;
}

/* The last part of a notice about one recipient. */
static const char *last_part(const char *original, size_t n, const char *boundary,
                             enum mime_dsn_action action, struct buf *out)
{
    static struct buf back;
    const struct mime_dsn_recipient to = {.path = "bob@y.example", .action = action};
    struct mime_dsn dsn = {.head = head, .recipients = &to, .count = 1};
    dsn.head.full = true;
    dsn.head.boundary = boundary;
    dsn.head.original = span_of(original, n);
    buf_clear(out);
    CHECK_INT(mime_dsn_write(&dsn, out), ERR_NONE);
    buf_init(&back, 1 << 16);
    CHECK(strstr(read_back(buf_span(out), &back), "Original-Message-ID: <m@x>"));
    buf_release(&back);
    const char *at = strstr(buf_cstr(out), "Final-Recipient");
    return at ? strstr(at, "\n--") : "";
}

/* RET=FULL: the mail comes back as it is, unless it cannot, or nothing has failed. */
static void whole_mail(void)
{
    static const char original[] = "Message-ID: <m@x>\r\nSubject: \303\244\r\n\r\n--b\r\nbody\n";
    static const char header_alone[] =
        "\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <m@x>\nSubject: ??\n\n--b--\n";
    struct buf out, lines;
    buf_init(&out, 1 << 20);
    buf_init(&lines, 1 << 16);
    CHECK_STR(last_part(original, sizeof original - 1, "=_q", MIME_DSN_FAILED, &out),
              "\n--=_q\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\n"
              "Message-ID: <m@x>\nSubject: \303\244\n\n--b\nbody\n\n--=_q--\n");
    CHECK(strstr(buf_cstr(&out), "boundary=\"=_q\"\nContent-Transfer-Encoding: 8bit\n\n--=_q\n"));
    CHECK_STR(last_part("Message-ID: <m@x>\n\nx", 20, "=_q", MIME_DSN_FAILED, &out),
              "\n--=_q\nContent-Type: message/rfc822\n\nMessage-ID: <m@x>\n\nx\n\n--=_q--\n");
    CHECK_STR(last_part(original, sizeof original - 1, "b", MIME_DSN_FAILED, &out), header_alone);
    CHECK_STR(last_part(original, sizeof original - 1, "b", MIME_DSN_DELAYED, &out), header_alone);
    CHECK_STR(last_part(original, sizeof original, "b", MIME_DSN_FAILED, &out), header_alone);
    for (size_t n = 998; n <= 999; n++) {
        buf_clear(&lines);
        buf_add_str(&lines, "Message-ID: <m@x>\n\n");
        for (size_t i = 0; i < n; i++)
            buf_add_byte(&lines, 'x');
        const char *part = last_part((char *)lines.data, lines.len, "=_q", MIME_DSN_FAILED, &out);
        CHECK((strstr(part, "message/rfc822") != NULL) == (n == 998));
    }
    buf_release(&out);
    buf_release(&lines);
}

static void refused_and_expired(void)
{
    const struct mime_dsn_recipient to[] = {
        {.path = "bob@y.example", .action = MIME_DSN_FAILED, .status = "5.1.1", .code = 550,
         .text = "no such\r\nX: y\033 user", .original = "rfc822;b+b@z", .remote = "mx.y.example",
         .attempt = 3600},
        {.path = "late@y.example", .action = MIME_DSN_FAILED, .expired = true, .status = "4.2.1",
         .code = 450, .text = "later"},
        {.path = "odd@y.example", .action = MIME_DSN_FAILED, .status = "4.0.0", .text = "no host"},
    };
    const struct mime_dsn dsn = {.head = head, .envelope_id = "e 1", .arrival = 1,
                                 .recipients = to, .count = 3};
    struct buf out, back;
    buf_init(&out, 1 << 20);
    buf_init(&back, 1 << 20);
    CHECK_INT(mime_dsn_write(&dsn, &out), ERR_NONE);
    CHECK(printable(buf_span(&out)));
    CHECK_STR(read_back(buf_span(&out), &back),
              "Original-Envelope-Id: e 1\nReporting-MTA: dns; fax.example\n"
              "Arrival-Date: Thu, 01 Jan 1970 00:00:01 +0000\nOriginal-Message-ID: <m@x>\n\n"
              "Original-Recipient: rfc822;b+b@z\nFinal-Recipient: rfc822; bob@y.example\n"
              "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.y.example\n"
              "Diagnostic-Code: smtp; 550 5.1.1 no such??X: y? user\n"
              "Last-Attempt-Date: Thu, 01 Jan 1970 01:00:00 +0000\n\n"
              "Final-Recipient: rfc822; late@y.example\nAction: failed\nStatus: 4.4.7\n"
              "Diagnostic-Code: smtp; 450 4.2.1 later\n\n"
              "Final-Recipient: rfc822; odd@y.example\nAction: failed\nStatus: 5.0.0\n");
    const char *text = buf_cstr(&out);
    CHECK(strstr(text, "\nSubject: Undelivered mail\n") != NULL);
    CHECK(strstr(text, "<late@y.example>: given up") != NULL);
    /* The header as far as it is one, and nothing of the body. */
    CHECK(strstr(text, "\nReceived: from a\n\tby b\n") != NULL);
    CHECK(strstr(text, "no field") == NULL && strstr(text, "body\n") == NULL);
    buf_release(&out);
    buf_release(&back);
}

static void every_action(void)
{
    static const struct {
        enum mime_dsn_action action;
        const char *subject, *fields;
    } all[] = {
        {MIME_DSN_DELAYED, "\nSubject: Mail is delayed\n",
         "Action: delayed\nStatus: 4.0.0\nWill-Retry-Until: Thu, 01 Jan 1970 00:00:09 +0000\n"},
        {MIME_DSN_DELIVERED, "\nSubject: Mail was delivered\n", "Action: delivered\nStatus: 2.0.0\n"},
        {MIME_DSN_RELAYED, "\nSubject: Mail was passed on\n", "Action: relayed\nStatus: 2.0.0\n"},
        {MIME_DSN_EXPANDED, "\nSubject: Mail was passed on to a list\n",
         "Action: expanded\nStatus: 2.0.0\n"},
    };
    struct buf out, back;
    buf_init(&out, 1 << 20);
    buf_init(&back, 1 << 20);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        /* Of a path in UTF-8, RFC 6533's own example in form. */
        const struct mime_dsn_recipient to = {.path = "gr\303\274n+@x", .action = all[i].action,
                                              .until = 9};
        const struct mime_dsn dsn = {.head = head, .recipients = &to, .count = 1};
        buf_clear(&out);
        CHECK_INT(mime_dsn_write(&dsn, &out), ERR_NONE);
        CHECK(printable(buf_span(&out)));
        const char *got = read_back(buf_span(&out), &back);
        CHECK(strstr(got, all[i].fields) != NULL);
        CHECK(strstr(got, "Final-Recipient: utf-8; gr\\x{FC}n\\x{2B}@x\n") != NULL);
        CHECK(strstr(buf_cstr(&out), all[i].subject) != NULL);
    }
    buf_release(&out);
    buf_release(&back);
}

static void disposition(void)
{
    struct mime_mdn mdn = {.head = head, .recipient = "bob@fax.example",
                           .agent = "fax.example; faxpipe", .disposition = MIME_DISPATCHED};
    struct buf out, back;
    buf_init(&out, 1 << 20);
    buf_init(&back, 1 << 20);
    CHECK_INT(mime_mdn_write(&mdn, &out), ERR_NONE);
    CHECK_STR(read_back(buf_span(&out), &back),
              "Reporting-UA: fax.example; faxpipe\nFinal-Recipient: rfc822; bob@fax.example\n"
              "Original-Message-ID: <m@x>\n"
              "Disposition: automatic-action/MDN-sent-automatically; dispatched\n");
    mdn.manual = true;
    mdn.error = "no paper\n";
    buf_clear(&out);
    CHECK_INT(mime_mdn_write(&mdn, &out), ERR_NONE);
    CHECK(strstr(buf_cstr(&out), "manual-action/MDN-sent-manually; dispatched/error\n"
                                 "Error: no paper?\n") != NULL);
    for (int i = MIME_DISPLAYED; i <= MIME_DELETED; i++) {
        enum mime_disposition d;
        CHECK(mime_disposition_parse(mime_disposition_name((enum mime_disposition)i), &d) &&
              (int)d == i);
    }
    enum mime_disposition d;
    CHECK(!mime_disposition_parse("read", &d));
    buf_release(&out);
    buf_release(&back);
}

static void who_asks(void)
{
    static const struct {
        const char *header, *to;
    } cases[] = {
        {"Subject: x\n", NULL},
        {"Disposition-Notification-To: A <a@b>\n", "a@b"},
        {"Return-Path: <A@B>\nDisposition-Notification-To: a@b\n", "a@b"},
        {"Return-Path: <c@d>\nDisposition-Notification-To: a@b\n", NULL},
        {"Return-Path: <>\nDisposition-Notification-To: a@b\n", NULL},
        {"Disposition-Notification-To: a@b, c@d\n", NULL},
        {"Disposition-Notification-To: a@b\nDisposition-Notification-To: c@d\n", NULL},
        {"Disposition-Notification-To: nobody\n", NULL},
        {"Content-Type: multipart/report; x=y\nDisposition-Notification-To: a@b\n", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char to[512] = "";
        enum err e = mime_mdn_asked(span_str(cases[i].header), to);
        CHECK_INT(e, cases[i].to ? ERR_NONE : ERR_NO);
        CHECK_STR(to, cases[i].to ? cases[i].to : "");
    }
}

/* Whether a mail can be returned as it stands, in whatever pieces it comes. */
static void what_can_be_returned(void)
{
    char lines[1200];
    memset(lines, 'x', sizeof lines - 1);
    lines[sizeof lines - 1] = '\0';
    lines[998] = '\n';
    const struct {
        struct span mail;
        bool bad, eight_bit;
    } cases[] = {
        {span_str("a\n\nb -- --b\n-b\n"), false, false},
        {span_str("a\n\n--b\n"), true, false},
        {span_str("--boundary\n"), true, false},
        {span_str("a\r\n\xc3\xa9"), false, true},
        {span_of("a\0b", 3), true, false},
        {span_take(span_str(lines), 1100), false, false},
        {span_skip(span_str(lines), 999), false, false},
        {span_of("", 0), false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t cut = 0; cut <= cases[i].mail.n; cut += 1 + cases[i].mail.n / 40) {
            struct mime_returnable r = {.boundary = "b"};
            mime_returnable_push(&r, span_take(cases[i].mail, cut));
            mime_returnable_push(&r, span_skip(cases[i].mail, cut));
            CHECK(r.bad == cases[i].bad);
            CHECK(r.bad || r.eight_bit == cases[i].eight_bit);
        }
    lines[998] = 'x';
    struct mime_returnable r = {.boundary = "b"};
    mime_returnable_push(&r, span_str(lines));
    CHECK(r.bad);
}

int main(void)
{
    RUN(what_can_be_returned);
    RUN(whole_mail);
    RUN(refused_and_expired);
    RUN(every_action);
    RUN(disposition);
    RUN(who_asks);
    return check_done();
}
