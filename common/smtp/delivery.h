/*
 * What a sender may ask of a delivery: notices of it (DSN, RFC 3461) and a time for it
 * (DELIVERBY, RFC 2852). The words of options, and the values of parameters.
 */
#ifndef SMTP_DELIVERY_H
#define SMTP_DELIVERY_H

#include "bytes/buf.h"
#include "smtp/parameters.h"

/* All zero: nothing is asked for. The strings are the caller's. */
struct delivery {
    unsigned notify;   /* of enum notify */
    enum mail_ret ret;
    const char *envid; /* plain text; NULL or "": none */
    const char *const *orcpts; /* "rfc822;a@b" in plain text for each recipient, or NULL, and NULL
                                  for those who have none: made of their paths then */
    bool by;
    int64_t by_seconds;
    char by_mode; /* 'N' or 'R' */
    bool by_trace;
    char mtrk[MTRK_MAX + 1]; /* MTRK's certifier, or ""; with an envid */
    int64_t mtrk_seconds;    /* 0: unsaid */
    const char *transid;     /* "<id@domain>" (RFC 1845), used where CHECKPOINT is offered; NULL,
                                "": none. It is new, and never used again but to resume */
    bool resume;             /* the transaction of that name broke, and these are just its
                                recipients; where it is forgotten the mail goes without a name,
                                so that no name ever stands for other recipients */
};

/* Something of DSN is asked for. */
bool delivery_wants_dsn(const struct delivery *d);

/* "never", or a list of "success,failure,delay". False: another word. */
bool delivery_notify(const char *text, unsigned *notify);

/* The reverse: "success,failure" of bits of enum notify, "" of none. */
enum { DELIVERY_NOTIFY_SIZE = 32 };
void delivery_notify_text(unsigned notify, char out[DELIVERY_NOTIFY_SIZE]);

/* "full" or "hdrs". False: another word. */
bool delivery_ret(const char *text, enum mail_ret *ret);

/* "3600", "3600N", "120R", "-5N", and a T behind the letter: into by, by_seconds, by_mode,
 * by_trace. False: no such time. */
bool delivery_by(const char *text, struct delivery *d);

/* ERR_DATA: an ENVID or ORCPT that is too long or not of printable ASCII, or an ORCPT without its
 * type. count is the number of orcpts. */
enum err delivery_check(const struct delivery *d, size_t count, struct why *why);

/* Appends the parameters of MAIL and of the nth RCPT, each led by a blank. Errors as buf_add. */
enum err delivery_add_mail(const struct delivery *d, struct buf *out);
enum err delivery_add_rcpt(const struct delivery *d, size_t n, const char *path, struct buf *out);

#endif
