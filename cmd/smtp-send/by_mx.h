/*
 * Mail that goes directly to a domain's own hosts, as the settings would have it.
 */
#ifndef SMTP_SEND_BY_MX_H
#define SMTP_SEND_BY_MX_H

#include "net/direct.h"
#include "tool/home.h"

enum { BY_MX_NAMES = 64 };

struct by_mx {
    struct direct_options options;
    struct resolver *resolver;
    struct sts_options sts;
    char directory[HOME_PATH_MAX];
    const char *names[BY_MX_NAMES + 1];
    struct direct direct;
    bool begun; /* direct is open */
};

/*
 * Reads the settings `resolver`, `trust-ad`, `dane`, `mta-sts`, `mx-port`, `mta-sts-port` and
 * `domain`. helo, one of our names, and ca, trusted certificates or NULL, must outlive it; so must
 * the home. ERR_CONFIG. by_mx_release frees, also what never was prepared but all zero.
 */
enum err by_mx_prepare(struct by_mx *m, const struct home *home, const char *helo, const char *ca,
                       enum channel_tls tls, struct why *why);

/* The next place for the domain, from the best on after by_mx_end. False: m->direct.fault says
 * why there is none. */
bool by_mx_next(struct by_mx *m, const char *domain, struct direct_target *target);

/* Forgets where the domain's mail could go. */
void by_mx_end(struct by_mx *m);

/* Frees. */
void by_mx_release(struct by_mx *m);

#endif
