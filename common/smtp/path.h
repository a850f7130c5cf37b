/*
 * Reverse-paths and forward-paths (RFC 821 4.1.2, RFC 5321 4.1.2): source routes, quoted local
 * parts, `#number` and `[literal]` domains, and the FAX= addresses of RFC 3191 and 3192.
 *
 * Parsing is linear and allocates nothing; the spans of a struct path lie in the caller's text.
 * A parsed path holds no CR, LF, NUL or other control byte, and without PATH_UTF8 only ASCII, so
 * that it may stand in a command or a header field as it is.
 */
#ifndef SMTP_PATH_H
#define SMTP_PATH_H

#include "bytes/buf.h"

enum {
    PATH_MAX_OCTETS = 256, /* RFC 821 4.5.3, with the angle brackets */
    PATH_LOCAL_MAX = 64,
    PATH_DOMAIN_MAX = 255,
};

enum path_flags {
    PATH_NULL = 1,       /* <> is a path: reverse-paths */
    PATH_NO_DOMAIN = 2,  /* a local part without @domain is one: <postmaster>, fuser's tables */
    PATH_UTF8 = 4,       /* RFC 6531: well-formed UTF-8 in local parts and domains */
};

enum path_fault {
    PATH_OK = 0,
    PATH_SYNTAX,
    PATH_TOO_LONG,
    PATH_LOCAL_TOO_LONG,
    PATH_DOMAIN_TOO_LONG,
};

struct path {
    struct span text;   /* all of it, without the angle brackets; empty for <> */
    struct span route;  /* "@ONE,@TWO", empty without a source route */
    struct span local;  /* as written: with its quotes and backslashes */
    struct span domain; /* as written; empty for <> and for a local part alone */
};

/*
 * Parses "<path>" at the start of text; *used is its length with the brackets. What stands behind
 * is the caller's business.
 */
enum path_fault path_parse(struct span text, unsigned flags, struct path *path, size_t *used);

/* Parses all of text, a path without brackets: "JOE@THREE" or "@ONE,@TWO:JOE@THREE". */
enum path_fault path_parse_bare(struct span text, unsigned flags, struct path *path);

/* Parses all of text as "local@domain" (with PATH_NO_DOMAIN "local" alone), without a route. */
enum path_fault path_parse_mailbox(struct span text, unsigned flags, struct path *path);

/* A few words for a fault: "local part too long". */
const char *path_fault_words(enum path_fault fault);

/* A domain by itself: a name, `#number` or `[literal]`, at most 255 octets. */
enum path_fault path_check_domain(struct span domain, unsigned flags);

/* Takes the first host (without '@') off a source route; false at its end. */
bool path_route_next(struct span *route, struct span *host);

/*
 * Writes the local part without quotes and backslashes into out, terminated. False, and out is
 * "", when size (PATH_LOCAL_MAX + 1 always suffices) is too small.
 */
bool path_local_text(const struct path *path, char *out, size_t size);

/* The same mailbox: local parts without their quotes and whatever their case, and domains. */
bool path_same_mailbox(const struct path *a, const struct path *b);

/* A local part of the form FAX=number[/T33S=sub] (also FAX=…/ with other words, ignored). */
struct fax_address {
    char number[PATH_LOCAL_MAX + 1];      /* "+81751234567"; '.' and '-' between digits are gone */
    char sub_address[PATH_LOCAL_MAX + 1]; /* T.33 sub-address, "" without one */
};

/* False when the path is none. The number has a digit, and digits, a leading '+', '*', '#' only. */
bool path_fax(const struct path *path, struct fax_address *fax);

#endif
