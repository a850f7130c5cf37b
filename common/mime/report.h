/*
 * Reports about mail that was sent: delivery status (DSN, RFC 3464) and disposition
 * notifications (MDN, RFC 8098), read from the events of mime/parse.h.
 */
#ifndef MIME_REPORT_H
#define MIME_REPORT_H

#include "bytes/json.h"
#include "mime/parse.h"

enum mime_report_kind { MIME_REPORT_NONE, MIME_REPORT_DSN, MIME_REPORT_MDN };

/* What is kept of a report: at most 1 MiB of fields. */
struct mime_report {
    enum mime_report_kind kind;
    bool inside;         /* the part with the fields is passing by */
    bool truncated;      /* there were more fields than are kept */
    struct buf fields;   /* blocks of fields with empty lines between, as in the mail */
    bool headers;        /* the returned mail's header is passing by, as text/rfc822-headers */
    struct buf returned; /* what of that has come: at most 64 KiB */
    struct buf original; /* Message-ID of the mail it is about, where that was returned */
};

/* Nothing seen yet. */
void mime_report_init(struct mime_report *r);

/* Frees. */
void mime_report_release(struct mime_report *r);

/* Looks at an event of the mail. ERR_OS. */
enum err mime_report_event(struct mime_report *r, const struct mime_event *event);

/*
 * Takes the next block of fields from *rest (start with buf_span(&r->fields)): a DSN's first
 * block is about the mail, every other one about a recipient. False at the end. Use header_next
 * and header_decode on it.
 */
bool mime_report_block(struct span *rest, struct span *block);

/* Appends "Name: value" lines, decoded, an empty line between blocks, and Original-Message-ID. */
enum err mime_report_text(const struct mime_report *r, const struct mime_converter *conv,
                          struct buf *out);

/*
 * Appends an object: "report" is "dsn" or "mdn", then the fields in lower case with _ for -; a
 * DSN has "recipients", an array of such objects. "original_message_id" from the returned mail
 * where the fields do not have it. A field that stands in a block again has _2 and so on behind
 * its name, so that no member stands there twice.
 */
enum err mime_report_json(const struct mime_report *r, const struct mime_converter *conv,
                          struct buf *out);

#endif
