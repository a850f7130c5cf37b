/*
 * Listings: the same rows as aligned columns for people, tab-separated or comma-separated text
 * (RFC 4180) or JSON for programs. Everything is appended to a buffer that the caller writes out
 * when he likes.
 *
 *     listing_begin(&l, LISTING_TSV, names, count, out);
 *     each row: listing_text / listing_number / listing_switch, once for each column
 *     listing_end(&l)
 */
#ifndef POLICY_LISTING_H
#define POLICY_LISTING_H

#include "bytes/buf.h"
#include "bytes/json.h"

enum listing_format { LISTING_PLAIN, LISTING_JSON, LISTING_TSV, LISTING_CSV };

enum { LISTING_COLUMNS = 40 };

struct listing {
    enum listing_format format;
    const char *const *names;
    unsigned count, at; /* columns; the one that comes next */
    uint64_t rows;
    struct buf *out;
    struct json json;
    struct buf cells; /* of PLAIN: up to 500 rows, each cell ended by a NUL */
    unsigned waiting; /* rows in cells */
    size_t width[LISTING_COLUMNS];
    enum err err; /* the first failure sticks */
};

/* Starts: the header line (CSV, TSV), or the array's bracket. names live as long as l. */
void listing_begin(struct listing *l, enum listing_format format, const char *const *names,
                   unsigned count, struct buf *out);
/* The next cell. Control bytes become blanks. In JSON a string, a number (below 0: null), true or
 * false. */
void listing_text(struct listing *l, struct span text);
void listing_number(struct listing *l, long long number);
void listing_switch(struct listing *l, bool on);
/* Ends it; nothing else frees its memory. The first failure of all: ERR_OS, ERR_DATA (out's
 * cap). A JSON listing without rows is "[]"; a plain one is nothing at all. */
enum err listing_end(struct listing *l);

#endif
