/*
 * The tables as listings (policy/listing.h): appended to out, which drain empties now and then
 * (it may leave it alone).
 */
#ifndef STORE_PRINT_H
#define STORE_PRINT_H

#include "policy/listing.h"
#include "store/store.h"

struct print {
    struct store *store;
    enum listing_format format;
    struct buf *out;
    enum err (*drain)(struct buf *out);
};

/* All users: every column in user_columns' order; plain: the functions that FIG. 2a has. */
enum err store_print_users(const struct print *p, struct why *why);

/* Columns code, pattern, auto-print, text-mail, refuse; "" where a row says nothing. code may be
 * NULL: all users'. */
enum err store_print_senders(const struct print *p, const char *code, struct why *why);

/* Columns recipient, method, certificate (on: there is one). */
enum err store_print_encryptions(const struct print *p, struct why *why);

/* Columns name, as, members (joined by ", "). */
enum err store_print_aliases(const struct print *p, struct why *why);

/* Columns id, time (text; in JSON seconds as "time"), code, result, pages, mail, sender, note. */
enum err store_print_journal(const struct print *p, const struct journal_filter *filter,
                             struct why *why);

/* Sums: columns code, result, mails, pages. */
enum err store_print_report(const struct print *p, const struct journal_filter *filter,
                            struct why *why);

/* "list", "forward", "moved". */
const char *alias_kind_name(enum alias_kind kind);
/* False: name is none of them. */
bool alias_kind_of(const char *name, enum alias_kind *kind);

#endif
