/*
 * The error classes of the whole library, and the one line that says why.
 *
 * Every function that can fail returns an enum err and, where it takes one, fills a struct why.
 * tool/status.h maps the classes to exit statuses; no other place knows about those.
 */
#ifndef BYTES_ERR_H
#define BYTES_ERR_H

enum err {
    ERR_NONE = 0,
    ERR_NO,          /* it worked, and the answer is no or nothing */
    ERR_USAGE,       /* wrong option or operand */
    ERR_DATA,        /* bad G3, TIFF, MIME, base64, address */
    ERR_NO_INPUT,    /* input file missing or unreadable */
    ERR_NO_USER,     /* no such user, recipient refused (550 5.1.x) */
    ERR_NO_HOST,     /* host not found */
    ERR_UNAVAILABLE, /* another 5yz, or what was asked for is not there */
    ERR_BUG,         /* a state that cannot be */
    ERR_OS,          /* out of memory, fork, limits */
    ERR_CREATE,      /* output file cannot be made */
    ERR_IO,          /* read or write failed */
    ERR_AGAIN,       /* try again later: 4yz, time-out, refused, locked */
    ERR_PROTOCOL,    /* the peer broke the protocol */
    ERR_AUTH,        /* log-in, password, certificate */
    ERR_CONFIG,      /* configuration */
    ERR_PIPE,        /* the reader of our output has gone: say nothing */
    ERR_COUNT
};

/* One line for people, lower case, no full stop, no control bytes. "" when nothing is known. */
struct why {
    char text[512];
};

/*
 * Writes the formatted reason into why (cut to fit, disarmed as below; why may be NULL) and returns
 * e, so that a failing function can end in `return why_set(why, ERR_DATA, …)`.
 */
enum err why_set(struct why *why, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Replaces by '?' what a terminal would obey: C0, DEL, and C1 (U+009B is ESC [), as UTF-8 or as a
 * byte that is no part of a character. Everything else of UTF-8 stays.
 */
void err_disarm(char *text);

#endif
