/*
 * Dates of mail (RFC 5322 §3.3). Times are seconds since 1970-01-01 00:00 UTC.
 */
#ifndef MIME_DATE_H
#define MIME_DATE_H

#include "bytes/span.h"

enum { MIME_DATE_SIZE = 40 };

/*
 * "Sat, 21 Nov 2026 22:54:08 +0900" for time and the local offset from UTC in seconds (whole
 * minutes count). False, and out is "", for years outside 1900 to 9999 or offsets over a day.
 */
bool mime_date_format(int64_t time, long offset, char out[MIME_DATE_SIZE]);

/*
 * Reads a Date field's value, with the obsolete forms (two-digit years, named zones, comments).
 * *offset (may be NULL) gets the zone in seconds. False: no date.
 */
bool mime_date_parse(struct span raw, int64_t *time, long *offset);

#endif
