/*
 * Whose mail is it: smtp-recv's questions about recipients, answered from the users' table, the
 * aliases and the state of the spool.
 */
#ifndef SPOOL_RECIPIENTS_H
#define SPOOL_RECIPIENTS_H

#include "bytes/buf.h"
#include "store/store.h"

struct recipients {
    const struct home *home;
    struct store *store;
    const char *const *domains; /* ours, ended by NULL; at least one */
    uint64_t spool_limit;       /* octets; 0: none */
    int64_t looked;             /* when the spool was walked last, at most once a second */
    bool full;
};

/* What the answer is about. */
enum recipients_fate {
    RECIPIENTS_HERE,      /* codes has the users, and outside members of lists */
    RECIPIENTS_FORWARDED, /* an alias that passes everything on: one line, RECIPIENTS_OUTSIDE */
    RECIPIENTS_MOVED,     /* an alias that is no more than a hint: the new address, bare */
};

/* What leads a line of codes that is an address elsewhere. */
enum { RECIPIENTS_OUTSIDE = '>' };

/*
 * Appends to codes, a line each, the users whose address this is ("local@domain" without quotes,
 * of one of our domains, or "postmaster"): one user, every member of a list, or "postmaster"
 * where nobody else is. The codes are names of directories in the spool. ERR_NO_USER: nobody's.
 * ERR_NO: refuses this sender. ERR_AGAIN: the spool is full. Other errors are our trouble. After
 * an error codes holds what is of no use.
 */
enum err recipients_find(struct recipients *r, const char *address, const char *sender,
                         enum recipients_fate *fate, struct buf *codes, struct why *why);

/*
 * VRFY and EXPN: what matches by code, local part, address or any word of the name, or a list
 * (expand: its members). Returns the SMTP reply code, 250, 251 (forwarded), 550, 551 (moved), 553
 * (several) or 451 (our trouble, in why), and appends the reply's lines to text, within its cap.
 */
unsigned recipients_verify(struct recipients *r, struct span wanted, bool expand,
                           struct buf *text, struct why *why);

#endif
