/*
 * The recipients of a mail: as operands name them, and as its header does.
 */
#ifndef NET_ADDRESSEES_H
#define NET_ADDRESSEES_H

#include "bytes/buf.h"

enum { ADDRESSEES_MAX = 1000000 };

/* Strings of its own, each once, in the order they came. */
struct addressees {
    struct buf list;
};

/* None yet; addressees_release frees. */
void addressees_init(struct addressees *a);
/* Frees them all. */
void addressees_release(struct addressees *a);

/* Adds a path, without its angle brackets where it has them. ERR_DATA: too many. ERR_OS. */
enum err addressees_add(struct addressees *a, const char *path);

/*
 * Adds those of a header block: of Resent-To, Resent-Cc and Resent-Bcc where there is any of
 * these, else of To, Cc and Bcc (RFC 5322 §3.6.3, §3.6.6). Errors as addressees_add.
 */
enum err addressees_add_header(struct addressees *a, struct span header);

/* Puts @domain behind each that has none. ERR_OS. */
enum err addressees_qualify(struct addressees *a, const char *domain);

/* Keeps the first n and forgets the rest. */
void addressees_cut(struct addressees *a, size_t n);

/* How many, and the paths; valid until the next change. */
size_t addressees_count(const struct addressees *a);
const char *const *addressees_paths(const struct addressees *a);

#endif
