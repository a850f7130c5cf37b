/*
 * The mails of one run: from files or stdin, one in each or an mbox, all of them whole and
 * measured (net/outgoing.h) before the first one is sent.
 */
#ifndef NET_MAILBAG_H
#define NET_MAILBAG_H

#include "net/outgoing.h"

enum { MAILBAG_MAX = 100000 };

struct mailbag {
    struct buf mails;       /* of struct outgoing */
    struct buf descriptors; /* of int: what they lie in */
};

/* Empty; mailbag_release closes and frees. */
void mailbag_init(struct mailbag *bag);
/* Closes what was opened. */
void mailbag_release(struct mailbag *bag);

/* Adds what path ("-": stdin) holds; a `From ` line in front of a mail is left out. ERR_NO_INPUT,
 * and as outgoing_take and mbox_take. */
enum err mailbag_add(struct mailbag *bag, const char *path, bool mbox, struct why *why);

/* The same of an open descriptor, which is the bag's from then on, whatever comes of it. */
enum err mailbag_take(struct mailbag *bag, int fd, bool mbox, struct why *why);

/* How many, and the nth one (from 0); valid until the next change. */
size_t mailbag_count(const struct mailbag *bag);
const struct outgoing *mailbag_get(const struct mailbag *bag, size_t n);

#endif
