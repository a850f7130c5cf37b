/*
 * Answers of the domain name system (RFC 1035), as far as delivery asks for them: A, AAAA, CNAME,
 * MX, TXT and TLSA (RFC 6698). The message is somebody else's memory; nothing in it is believed.
 */
#ifndef SMTP_DNS_H
#define SMTP_DNS_H

#include "bytes/err.h"
#include "bytes/span.h"

enum dns_type {
    DNS_A = 1,
    DNS_CNAME = 5,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_TLSA = 52,
};

/* RCODEs that are more than a failure of the moment. */
enum { DNS_OK = 0, DNS_NO_DOMAIN = 3 };

/* A name as text: small letters, no dot at the end, "." for the root. */
enum { DNS_NAME = 256, DNS_ALIASES = 8 };

struct dns_record {
    char name[DNS_NAME];  /* MX: the exchange */
    unsigned preference;  /* MX */
    struct span data;     /* the RDATA, in the message; of MX the name's bytes as they came */
};

/* An answer that holds together. */
struct dns_answer {
    struct span message;
    enum dns_type type;
    unsigned rcode;
    bool secure;           /* the AD bit: whoever answered has validated it (RFC 4035 3.2.3) */
    char name[DNS_NAME];   /* the asked name, behind its aliases (CNAME) */
    unsigned aliases;      /* so many of them */
    unsigned count;        /* of all records in the answer section */
    unsigned left;         /* still to be looked at */
    size_t first, at;      /* where that section and the next record begin */
};

/*
 * Reads an answer to the question for name and type, and follows its aliases. name may have
 * letters of any case and a dot at its end. ERR_PROTOCOL: no answer to that question, or damaged.
 */
enum err dns_answer_read(struct dns_answer *a, struct span message, const char *name,
                         enum dns_type type, struct why *why);

/*
 * The next record of the asked type that belongs to a->name. False: there is no further one.
 * Records that are damaged, or with a name that is no host's, are passed over.
 */
bool dns_answer_next(struct dns_answer *a, struct dns_record *record);

/*
 * A TXT record's strings, put together (RFC 8461 3.1), in out[size], terminated. False: they do
 * not fit, or have a NUL.
 */
bool dns_text(struct span rdata, char *out, size_t size);

#endif
