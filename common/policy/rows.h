/*
 * The text in which the users' tables are exported and imported:
 *
 *     # faxpipe users 1
 *     [user 12]
 *     name = Alice
 *     auto-print = on
 *     [sender 12 @example.org]
 *     refuse = on
 *     [encryption bob@example.org]
 *     method = smime-aes256-cbc
 *     certificate = -----BEGIN CERTIFICATE-----\nMIIB…
 *     [alias staff]
 *     as = list
 *     member = Alice <alice@fax.example>
 *
 * Blank lines and # lines say nothing here (an export ends with "# end", for its reader to know
 * that it is whole). In values \\ \n \r \t and \s (a blank at either end) stand for what a line
 * cannot hold. A parser of lines: linear, and without memory of its own.
 */
#ifndef POLICY_ROWS_H
#define POLICY_ROWS_H

#include "bytes/buf.h"

enum row_event { ROW_END, ROW_SECTION, ROW_VALUE };

/* What a line says; the spans lie in the text. */
struct row_line {
    enum row_event event;
    unsigned number;   /* of the line, from 1 */
    struct span kind;  /* of a section: "user" */
    struct span one;   /* its first name; of a value the key */
    struct span two;   /* what follows it, may be empty; of a value the text, still escaped */
};

struct rows {
    struct span rest;
    unsigned number;
};

/* The text must live as long as it is read. */
void rows_init(struct rows *r, struct span text);

/* The next line that says something. ERR_DATA with "line N: …"; the machine must not be asked
 * again then. */
enum err rows_next(struct rows *r, struct row_line *line, struct why *why);

/* Appends the value with its escapes undone. ERR_DATA: an unknown one; over out's cap. */
enum err rows_value(struct span escaped, struct buf *out);

/* Append a section's line (two may be NULL), and a line "key = value". Errors as buf_add. */
enum err rows_add_section(struct buf *out, const char *kind, const char *one, const char *two);
enum err rows_add_value(struct buf *out, const char *key, struct span value);

#endif
