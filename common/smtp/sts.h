/*
 * MTA-STS (RFC 8461): the words of a domain's policy, and what they allow.
 */
#ifndef SMTP_STS_H
#define SMTP_STS_H

#include "bytes/err.h"
#include "bytes/span.h"

/* A policy's text and the seconds that it may hold for are at most this (3.2; 3.3). */
enum { STS_TEXT = 65536, STS_ID = 33, STS_MX_MAX = 200, STS_AGE_MAX = 31557600 };

enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };

struct sts_policy {
    enum sts_mode mode;
    uint32_t max_age;              /* seconds */
    struct span mx[STS_MX_MAX];    /* patterns, in the text */
    size_t mx_count;
};

/*
 * The id of a TXT record (3.1), "v=STSv1; id=20160831085700Z;". False: it is none; a record that
 * does not begin with v=STSv1 is another's.
 */
bool sts_record_id(const char *text, char id[STS_ID]);

/*
 * Reads a policy (3.2); the text, which must stay, has lines that end in CR LF or LF. ERR_DATA:
 * it is none: no version, mode or max_age, no mx where the mode needs one, or too much of it.
 */
enum err sts_policy_read(struct sts_policy *p, struct span text, struct why *why);

/* The host is one of the policy's (4.1): by its name, or by *.NAME for one label more. */
bool sts_policy_allows(const struct sts_policy *p, const char *host);

#endif
