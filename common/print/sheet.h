/*
 * A fax page on its way to paper: its geometry, and its coded strip or its rows.
 */
#ifndef PRINT_SHEET_H
#define PRINT_SHEET_H

#include "bytes/buf.h"
#include "g3/g3.h"

enum {
    SHEET_ROWS_MAX = 1 << 20,
    SHEET_BYTES_MAX = 64 << 20, /* of a page's rows */
};

/*
 * With coded: data is T.4 or T.6, most significant bit first, no rows to be repaired, with or
 * without RTC or EOFB; MH and MR rows are led by EOL. Without: data is `rows` packed rows of
 * (width + 7) / 8 bytes, 1 = black. The bytes are borrowed.
 */
struct sheet {
    unsigned width, rows;
    double xdpi, ydpi;
    bool coded;
    enum g3_coding coding;
    struct span data;
};

/*
 * Appends the sheet's rows to out, as many as it says: missing ones are white, damaged ones the
 * row before. ERR_DATA: over the limits above, or not one row. ERR_OS.
 */
enum err sheet_bitmap(const struct sheet *s, struct buf *out, struct why *why);

/* Appends an uncoded sheet's rows as T.6 to out. Errors as sheet_bitmap. */
enum err sheet_code(const struct sheet *s, struct buf *out, struct why *why);

/* The bytes of its rows; 0 when it is over the limits. */
size_t sheet_size(const struct sheet *s);

#endif
