/*
 * What libcurl says and hears while it opens a channel: its header callbacks turned into the
 * capabilities that count, the last reply, and a trace with every secret masked.
 */
#ifndef NET_HANDSHAKE_H
#define NET_HANDSHAKE_H

#include "bytes/buf.h"
#include "net/url.h"

enum { HANDSHAKE_MAX = 65536 };

struct handshake {
    enum url_scheme scheme;
    struct buf capabilities; /* those that count */
    struct buf pending;      /* POP3: a list whose end has not come */
    bool more;               /* SMTP: the last line had a '-' */
    bool bad;                /* SMTP: what came is no reply */
    bool greeted;            /* SMTP: the first 220 has been */
    bool started_tls;        /* SMTP: and the second one, to STARTTLS */
    char last[256];          /* the last whole line of the server, without its end */
};

/* Nothing heard yet; handshake_release frees. */
void handshake_init(struct handshake *h, enum url_scheme scheme);
/* Frees the memory. */
void handshake_release(struct handshake *h);

/* One line from the server, with or without its line end. A capability list over 64 KiB is cut. */
void handshake_line(struct handshake *h, struct span line);

/* The reply code of the last line (SMTP), 0 where it has none. */
unsigned handshake_code(const struct handshake *h);

/* The server has offered AUTH and said yes to it (SMTP's 235 was its last word). */
bool handshake_logged_in(const struct handshake *h);

/*
 * A line of libcurl's own as it may be shown: into out, with everything that could be a secret
 * replaced by "********". from_server: challenges are masked as well.
 */
void handshake_mask(struct span line, bool from_server, char *out, size_t size);

#endif
