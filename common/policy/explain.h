/*
 * Users and decisions as text: what `fuser list`, `show` and `explain` print.
 */
#ifndef POLICY_EXPLAIN_H
#define POLICY_EXPLAIN_H

#include "policy/decide.h"
#include "policy/listing.h"

/* The names of all columns in their order, for listing_begin. */
extern const char *const user_column_names[USER_COLUMNS];

/* Adds the user as a row: all columns, or the count columns of which. */
void user_list_row(struct listing *l, const struct user *u, const struct column *const *which,
                   unsigned count);

/* "name: value" lines of what is set, for people. Errors as buf_add. */
enum err user_show(const struct user *u, struct buf *out);

/* The steps, one a line, the last one being the action. Errors as buf_add. */
enum err explain_plain(const struct decision *d, struct buf *out);

/*
 * One object on one line: code, action, days, notice, on-expiry (these three null unless it is
 * held), keep, encrypt, priority, follow, printer, and steps, an array of objects of step and
 * text. Errors as buf_add.
 */
enum err explain_json(const struct user *u, const struct decision *d, struct buf *out);

#endif
