/*
 * What a mail's sender asked for (DSN, RFC 3461; DELIVERBY, RFC 2852), as lines of a question's
 * text, each a letter and its value:
 *
 *     Rfull             RET, or hdrs
 *     EQ1               ENVID, in plain text
 *     B120RT            seconds that are left, N or R, T
 *     Mabc:86400        MTRK (RFC 3885), and how many seconds
 *     <bob@there>       a recipient; the lines behind are his
 *     Nsuccess,failure  NOTIFY
 *     Orfc822;b@here    ORCPT, in plain text
 *     Adelivered        what became of it, where a notice is to tell that
 *
 * A line is there only where there is something to say. No text in it has control bytes.
 */
#ifndef NET_WISHES_H
#define NET_WISHES_H

#include "net/session.h"

/* The lines about the mail, now being the second it is; returns their length, 0 as well where
 * there are none. Never over WISHES_MAIL_MAX; terminated. */
enum { WISHES_MAIL_MAX = 300, WISHES_RECIPIENT_MAX = 1100 };
size_t wishes_mail(const struct envelope *e, int64_t now, char out[WISHES_MAIL_MAX]);

/* The lines about one who gets it by path, as notify has it; action may be NULL. An ORCPT that
 * nobody gave is made of what he was called by when he came, where DSN was asked for. Returns their
 * length; terminated. */
size_t wishes_recipient(const struct envelope *e, const struct envelope_recipient *r,
                        struct span path, unsigned notify, const char *action,
                        char out[WISHES_RECIPIENT_MAX]);

/* NOTIFY for the members of a list that r is: RFC 3461 5.2.7.3 (c), without SUCCESS. */
unsigned wishes_of_members(unsigned notify);

/* A line of the text: its letter and value; of '<' the path with its brackets. */
struct wish {
    char letter;
    struct span value;
};

/* The next line; false at the end. */
bool wishes_next(struct span *left, struct wish *wish);

#endif
