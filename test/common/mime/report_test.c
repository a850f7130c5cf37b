#include "check.h"
#include "mime/report.h"

static const char dsn[] =
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nsorry\n"
    "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n"
    "Original-Envelope-Id: e1\n\nFinal-Recipient: rfc822; a@b\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 no\n such user\n\n\nFinal-Recipient: rfc822; c@d\n"
    "Action: delayed\nStatus: 4.4.1\n--b\nContent-Type: message/rfc822\n\nSubject: x\n"
    "Message-ID: <m@x>\n\nbody\n--b--\n";

static const char mdn[] =
    "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\n"
    "seen\n--b\nContent-Type: message/disposition-notification\n\n"
    "Final-Recipient: rfc822;a@b\nOriginal-Message-ID: <q@x>\n"
    "Disposition: manual-action/MDN-sent-manually; displayed\n\n--b\n"
    "Content-Type: text/rfc822-headers\n\nMessage-ID: <z@x>\n--b--\n";

static void read_report(const char *mail, size_t split, struct mime_report *r)
{
    struct mime_parser p;
    struct mime_event e;
    size_t n = strlen(mail), at = 0;
    mime_report_init(r);
    mime_parser_init(&p, NULL);
    do {
        CHECK_INT(mime_parser_next(&p, &e), ERR_NONE);
        if (e.kind == MIME_NEED_MORE) {
            size_t k = at < split ? split - at : n - at;
            if (k)
                mime_parser_push(&p, span_of(mail + at, k));
            else
                mime_parser_end(&p);
            at += k;
        } else {
            CHECK_INT(mime_report_event(r, &e), ERR_NONE);
        }
    } while (e.kind != MIME_END);
    mime_parser_release(&p);
}

static void delivery_status(void)
{
    struct buf out;
    buf_init(&out, 8192);
    for (size_t split = 0; split < sizeof dsn - 1; split++) {
        struct mime_report r;
        read_report(dsn, split, &r);
        CHECK_INT(r.kind, MIME_REPORT_DSN);
        buf_clear(&out);
        CHECK_INT(mime_report_text(&r, NULL, &out), ERR_NONE);
        CHECK_STR(buf_cstr(&out),
                  "Reporting-MTA: dns; mx.example\nOriginal-Envelope-Id: e1\n"
                  "Original-Message-ID: <m@x>\n\nFinal-Recipient: rfc822; a@b\nAction: failed\n"
                  "Status: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n\n"
                  "Final-Recipient: rfc822; c@d\nAction: delayed\nStatus: 4.4.1\n");
        mime_report_release(&r);
    }
    buf_release(&out);
}

static void delivery_status_as_json(void)
{
    struct mime_report r;
    struct buf out;
    buf_init(&out, 8192);
    read_report(dsn, 0, &r);
    CHECK_INT(mime_report_json(&r, NULL, &out), ERR_NONE);
    CHECK_STR(buf_cstr(&out),
              "{\"report\": \"dsn\", \"original_message_id\": \"<m@x>\", "
              "\"reporting_mta\": \"dns; mx.example\", \"original_envelope_id\": \"e1\", "
              "\"recipients\": [{\"final_recipient\": \"rfc822; a@b\", \"action\": \"failed\", "
              "\"status\": \"5.1.1\", \"diagnostic_code\": \"smtp; 550 no such user\"}, "
              "{\"final_recipient\": \"rfc822; c@d\", \"action\": \"delayed\", "
              "\"status\": \"4.4.1\"}]}");
    mime_report_release(&r);
    buf_release(&out);
}

static void disposition(void)
{
    struct mime_report r;
    struct buf out;
    buf_init(&out, 8192);
    read_report(mdn, 0, &r);
    CHECK_INT(r.kind, MIME_REPORT_MDN);
    CHECK_INT(mime_report_json(&r, NULL, &out), ERR_NONE);
    CHECK_STR(buf_cstr(&out),
              "{\"report\": \"mdn\", \"final_recipient\": \"rfc822;a@b\", "
              "\"original_message_id\": \"<q@x>\", "
              "\"disposition\": \"manual-action/MDN-sent-manually; displayed\"}");
    mime_report_release(&r);
    buf_release(&out);
}

static void ordinary_mail_is_none(void)
{
    struct mime_report r;
    read_report("Subject: x\n\nAction: failed\n", 0, &r);
    CHECK_INT(r.kind, MIME_REPORT_NONE);
    mime_report_release(&r);
}

/* A field that stands twice is two members. */
static void repeated_fields(void)
{
    static const char twice[] =
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n"
        "Action: failed\naction: relayed\nX-A: 1\nACTION: third\n";
    struct mime_report r;
    struct buf out;
    buf_init(&out, 8192);
    read_report(twice, 0, &r);
    CHECK_INT(mime_report_json(&r, NULL, &out), ERR_NONE);
    CHECK_STR(buf_cstr(&out),
              "{\"report\": \"dsn\", \"reporting_mta\": \"dns; a\", \"recipients\": "
              "[{\"action\": \"failed\", \"action_2\": \"relayed\", \"x_a\": \"1\", "
              "\"action_3\": \"third\"}]}");
    mime_report_release(&r);
    buf_release(&out);
}

/* The returned header's identifier, however it comes in pieces. */
static void returned_header(void)
{
    static const char mail[] =
        "Content-Type: multipart/report; boundary=b\n\n--b\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n--b\n"
        "Content-Type: text/rfc822-headers\n\nSubject: x\n y\nMessage-ID:\n <z@x>\n--b--\n";
    for (size_t split = 0; split < sizeof mail - 1; split++) {
        struct mime_report r;
        read_report(mail, split, &r);
        CHECK_STR(buf_cstr(&r.original), "<z@x>");
        mime_report_release(&r);
    }
}

int main(void)
{
    RUN(repeated_fields);
    RUN(returned_header);
    RUN(delivery_status);
    RUN(delivery_status_as_json);
    RUN(disposition);
    RUN(ordinary_mail_is_none);
    return check_done();
}
