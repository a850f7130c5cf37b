/*
 * The parameters behind the paths of MAIL and RCPT: SIZE (RFC 1870), BODY (6152, 3030), SMTPUTF8
 * (6531), RET, ENVID, NOTIFY and ORCPT (3461), BY (2852), AUTH (4954), SOLICIT (3865), MTRK (3885),
 * TRANSID (1845).
 *
 * Parsing allocates nothing; what it gives is copied, checked, and free of control bytes.
 */
#ifndef SMTP_PARAMETERS_H
#define SMTP_PARAMETERS_H

#include "bytes/span.h"

enum {
    ENVID_MAX = 100,       /* RFC 3461 4.4, as xtext */
    ORCPT_MAX = 500,       /* RFC 3461 4.2, type, ';' and xtext */
    BY_MAX = 999999999,    /* RFC 2852 4: nine digits, both ways */
    SOLICIT_MAX = 1000,
    MTRK_MAX = 40,         /* RFC 3885 3.1: a certifier, which is a SHA-1 in base64 */
    MTRK_SECONDS = 999999999,
    TRANSID_MAX = 80,      /* RFC 1845 2, with its brackets */
};

/* What the peer was offered: the parameters that are understood. */
enum parameter_offer {
    OFFER_SIZE = 1,
    OFFER_BODY = 2,
    OFFER_BINARY = 4, /* BODY=BINARYMIME */
    OFFER_UTF8 = 8,
    OFFER_DSN = 16,
    OFFER_BY = 32,
    OFFER_AUTH = 64,
    OFFER_SOLICIT = 128,
    OFFER_CHECKPOINT = 512, /* not in LMTP */
    OFFER_MTRK = 256, /* with OFFER_DSN: it needs ENVID */
};

enum mail_body { BODY_7BIT, BODY_8BIT, BODY_BINARY };
enum mail_ret { RET_UNSAID, RET_FULL, RET_HDRS };

struct mail_parameters {
    uint64_t size; /* octets; 0: unsaid */
    enum mail_body body;
    bool utf8;
    enum mail_ret ret;
    char envid[ENVID_MAX + 1]; /* xtext; "": none */
    bool by;                   /* BY was given */
    int64_t by_seconds;
    char by_mode; /* 'N': notify, 'R': return */
    bool by_trace;
    char mtrk[MTRK_MAX + 1];      /* the certifier; "": the mail is not to be tracked */
    int64_t mtrk_seconds;         /* how long; 0: unsaid */
    char transid[TRANSID_MAX + 1]; /* "<id@domain>", or "" */
    struct span solicit; /* the classes, separated by commas, in the caller's memory */
};

/* NOTIFY's words; 0: unsaid. NEVER stands alone. */
enum notify { NOTIFY_NEVER = 1, NOTIFY_SUCCESS = 2, NOTIFY_FAILURE = 4, NOTIFY_DELAY = 8 };

/* The word of a bit, and the bit of a word whatever its case; NULL and 0 where there is none. */
const char *notify_word(enum notify bit);
unsigned notify_bit(struct span word);

struct rcpt_parameters {
    unsigned notify;
    char orcpt[ORCPT_MAX + 1]; /* "rfc822;" and xtext; "": none */
};

/* The reply to parameters that are not to be. */
struct parameter_fault {
    unsigned code; /* 501, 504, 553 or 555; 0: none */
    const char *enhanced, *text;
};

/* Parses what stands behind MAIL's and RCPT's path: empty, or led by a blank. */
struct parameter_fault mail_parameters_parse(struct span text, unsigned offer,
                                             struct mail_parameters *out);
struct parameter_fault rcpt_parameters_parse(struct span text, unsigned offer,
                                             struct rcpt_parameters *out);

/* "certifier[:seconds]" of MTRK into its parts; *seconds is 0 where there are none. False: it is
 * no such thing. */
bool mtrk_parse(struct span text, char certifier[MTRK_MAX + 1], int64_t *seconds);

/* "<id@domain>" of RFC 1845 2. */
bool transid_valid(struct span text);

/* A list of solicitation class names separated by commas (RFC 3865 2.2). */
bool solicit_valid(struct span list);

/* xtext of RFC 3461 4: printable ASCII but '+' and '=', and "+" with two hexadecimal digits in
 * capitals. */
bool xtext_valid(struct span text);

/* What xtext stands for, terminated. False: more than size holds, no xtext, or not of printable
 * ASCII, as an ENVID's and an original recipient's must be (RFC 3461 4.2, 4.4). */
bool xtext_decode(struct span text, char *out, size_t size);

/* ORCPT's value in plain printable ASCII: "rfc822;a@b"; UTF-8 in it becomes \x{...} (RFC 6533 3).
 * False: more than size holds, or none. */
bool orcpt_decode(const char *orcpt, char *out, size_t size);

#endif
