/*
 * The mail writer: a mail with its parts, streamed.
 *
 *     mime_writer_init(&w, &mail);                 header, boundary …
 *     for each part:
 *         mime_writer_part(&w, &part, &out);       its header
 *         mime_writer_body(&w, bytes, &out);       any number of times
 *     mime_writer_end(&w, &out);
 *
 * Each call appends to out, which the caller empties when he likes; what is written is never
 * looked at again. One part (and mail.multipart false) makes a mail without multipart.
 */
#ifndef MIME_WRITE_H
#define MIME_WRITE_H

#include "base64/base64.h"
#include "mime/encode.h"
#include "mime/qp.h"

/* A field beside the usual ones. */
struct mime_extra {
    const char *name;
    struct span value;
};

/*
 * What a mail's header says. Strings are UTF-8; NULL (or "") leaves a field out. date and
 * message_id are as they shall stand ("Sat, 21 Nov …", "<id@host>").
 */
struct mime_mail {
    const char *from, *to, *cc, *subject, *date, *message_id;
    const char *notify;   /* Disposition-Notification-To */
    const struct mime_extra *extra;
    size_t extras;
    bool multipart;       /* more than one part will follow */
    const char *subtype;  /* of multipart; NULL: mixed */
    const char *boundary; /* the caller's randomness: 1 to 70 of letters, digits and -_. */
    bool crlf;
};

enum mime_write_encoding {
    MIME_WRITE_7BIT, /* as it is: the caller has seen to it that it may be so */
    MIME_WRITE_8BIT,
    MIME_WRITE_QP,
    MIME_WRITE_BASE64,
};

struct mime_write_part {
    const char *type;        /* "image/tiff" */
    const struct header_param *params; /* of Content-Type, beside name */
    size_t param_count;
    const char *name;        /* file name, UTF-8; NULL for none */
    const char *disposition; /* "attachment", "inline" or NULL */
    enum mime_write_encoding encoding;
};

struct mime_writer {
    const struct mime_mail *mail;
    bool begun, open;
    bool line_begun; /* the last byte of a body of text was no line end */
    bool cr;         /* it was a CR that is not yet written */
    enum mime_write_encoding encoding;
    struct base64_encoder base64;
    struct qp_encoder qp;
};

/* mail must outlive w. */
void mime_writer_init(struct mime_writer *w, const struct mime_mail *mail);

/*
 * Ends the part before and writes the header of the next one; before the first, the mail's.
 * ERR_DATA: CR, LF or NUL in a field, a bad address, a second part without multipart, or over
 * out's cap (16 KiB of room beside the fields are enough). why says which.
 */
enum err mime_writer_part(struct mime_writer *w, const struct mime_write_part *part,
                          struct buf *out, struct why *why);

/* Encodes bytes of the part's body. ERR_DATA: over out's cap, which needs 4 * n + 400. */
enum err mime_writer_body(struct mime_writer *w, struct span bytes, struct buf *out);

/* Ends the last part and the mail. */
enum err mime_writer_end(struct mime_writer *w, struct buf *out);

#endif
