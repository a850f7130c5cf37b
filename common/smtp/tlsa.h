/*
 * TLSA records (RFC 6698) as mail uses them (RFC 7672 3.1).
 */
#ifndef SMTP_TLSA_H
#define SMTP_TLSA_H

#include "bytes/span.h"

struct tlsa {
    uint8_t usage;    /* 2: a trust anchor of the domain's; 3: the server's certificate itself */
    uint8_t selector; /* 0: the certificate; 1: its public key */
    uint8_t matching; /* 0: the bytes; 1: their SHA-256; 2: their SHA-512 */
    struct span data;
};

/*
 * Reads a record's RDATA. False: it is unusable for mail: another usage (PKIX's mean nothing
 * without an agreed list of authorities), selector or digest, or a digest of the wrong length.
 */
bool tlsa_read(struct span rdata, struct tlsa *tlsa);

#endif
