/*
 * Reports about mail, made: delivery status notifications (RFC 3464) and disposition
 * notifications (RFC 8098), as multipart/report (RFC 6522) of a text for people, the fields for
 * programs, and the header of the mail it is about, or that mail.
 *
 * But for that mail they are of printable ASCII alone, in lines of at most 998: whatever strangers'
 * words hold beyond that becomes '?', and a path of UTF-8 is written as RFC 6533 has it. Line ends
 * are LF. Strings may be NULL where it says so. A report goes out from <>.
 */
#ifndef MIME_REPORT_WRITE_H
#define MIME_REPORT_WRITE_H

#include "bytes/buf.h"

/* What every report has. */
struct mime_report_head {
    const char *hostname;   /* who reports */
    const char *from;       /* the address in its From field */
    const char *to;         /* who is told: a path, without angle brackets */
    const char *message_id; /* what stands before @hostname: nobody else's */
    const char *boundary;   /* 1 to 60 of letters, digits and _.-= */
    int64_t date;           /* now */
    struct span original;   /* the mail, or its header: the header is shown, to 64 KiB */
    bool full;              /* RET=FULL, and original is the mail: a delivery status notification
                               that tells of a failure returns it, unless it has NUL, a line of
                               over 998 bytes, or the boundary */
};

enum mime_dsn_action {
    MIME_DSN_FAILED,
    MIME_DSN_DELAYED,
    MIME_DSN_DELIVERED,
    MIME_DSN_RELAYED, /* to where no such notices are made */
    MIME_DSN_EXPANDED /* to a list */
};

/* What became of the mail for one recipient. */
struct mime_dsn_recipient {
    const char *original; /* ORCPT's "rfc822;a@b", decoded, or NULL */
    const char *path;     /* without angle brackets */
    enum mime_dsn_action action;
    bool expired;         /* it failed since its time was over */
    const char *status;   /* "5.1.1"; NULL, or of another class than the action: a general one */
    unsigned code;        /* of the reply behind it; 0: no mail system has said anything */
    const char *text;     /* of that reply, or why there was none; NULL */
    const char *remote;   /* the host that said it, or NULL */
    int64_t attempt;      /* the last one's second, or 0 */
    int64_t until;        /* delayed: given up then; 0: not known */
};

struct mime_dsn {
    struct mime_report_head head;
    const char *envelope_id; /* ENVID, decoded, or NULL */
    int64_t arrival;         /* of the mail; 0: not known */
    const struct mime_dsn_recipient *recipients;
    size_t count;
};

/* Appends the whole mail. Errors as buf_add. */
enum err mime_dsn_write(const struct mime_dsn *dsn, struct buf *out);

/*
 * The same for a mail that is too large to be in memory: head.original is its header, and with
 * head.full what is appended to before goes before the mail itself, with LF line ends, and behind
 * comes after it. Whether that may be is the caller's to find out with struct mime_returnable;
 * eight_bit is its.
 */
enum err mime_dsn_around(const struct mime_dsn *dsn, bool eight_bit, struct buf *before,
                         struct buf *behind);

/* Whether a mail can be a part of a notice as it stands: looked at in pieces. */
struct mime_returnable {
    const char *boundary;
    size_t column, matched; /* in the line; of "--boundary" */
    bool bad;               /* it cannot: NUL, a line of over 998 bytes, the boundary */
    bool eight_bit;         /* it has bytes beyond ASCII */
};

/* The next piece. Zero r and set its boundary first; that of the notice's head. */
void mime_returnable_push(struct mime_returnable *r, struct span piece);

/* RFC 8098 §3.2.6.2. Printed is dispatched. */
enum mime_disposition {
    MIME_DISPLAYED,
    MIME_DISPATCHED,
    MIME_PROCESSED,
    MIME_DELETED
};

/* "displayed" … */
const char *mime_disposition_name(enum mime_disposition disposition);

/* The reverse. False: another word. */
bool mime_disposition_parse(const char *word, enum mime_disposition *disposition);

struct mime_mdn {
    struct mime_report_head head;
    const char *recipient; /* whose mail it is: a path */
    const char *agent;     /* "fax.example; faxpipe 0.1.0" */
    enum mime_disposition disposition;
    bool manual;           /* a person did it, and not a rule */
    const char *error;     /* what went wrong, or NULL */
};

/* Appends the whole mail; Original-Recipient and Original-Message-ID come from head.original. */
enum err mime_mdn_write(const struct mime_mdn *mdn, struct buf *out);

/*
 * Who asked for a disposition notification about the mail with this header, as a path in
 * to[512]. ERR_NO: nobody, or none may be sent without asking a person: RFC 8098 §2.1 forbids it
 * for several addresses and for one that is not the Return-Path's, where there is one; and mail
 * from <>, or that is a notification itself, never gets one.
 */
enum err mime_mdn_asked(struct span header, char to[512]);

#endif
