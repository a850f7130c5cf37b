/*
 * The messages of SCRAM (RFC 5802 7) as a server reads them. Keys and proofs are others' business
 * (seal/password.h).
 */
#ifndef SMTP_SCRAM_H
#define SMTP_SCRAM_H

#include "bytes/buf.h"

enum {
    SCRAM_NAME_MAX = 255,
    SCRAM_NONCE_MAX = 128,   /* of the client's; longer ones are refused */
    SCRAM_MESSAGE_MAX = 1024 /* each message */
};

/* client-first-message; the spans lie in it. */
struct scram_first {
    struct span gs2;   /* "n,," with its commas */
    struct span bare;  /* what is behind it */
    struct span nonce;
    char name[SCRAM_NAME_MAX + 1]; /* decoded */
};

/* client-final-message. */
struct scram_final {
    struct span without_proof;
    struct span channel; /* c=: the gs2 header in base64 */
    struct span nonce;
    struct span proof;   /* in base64 */
};

/*
 * False for what is no such message, asks for channel binding (there is none here), acts for
 * somebody else (an authzid that is not the name), or is over the limits.
 */
bool scram_first_parse(struct span message, struct scram_first *first);

/* The same; extensions that must be understood (m=) are not. */
bool scram_final_parse(struct span message, struct scram_final *final);

#endif
