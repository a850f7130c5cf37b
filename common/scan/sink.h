/*
 * The last station of a scan: bilevel pages coded and written as a G3 page stream (formats as in
 * page/page.h), or bare T.4 or T.6 data one page behind the other.
 *
 * A page is written when it is whole, since its header states its length; of a coded page the
 * first 4 MiB are kept in memory and the rest in an unlinked file.
 */
#ifndef SCAN_SINK_H
#define SCAN_SINK_H

#include "g3/g3.h"
#include "scan/source.h"

struct scan_sink_options {
    enum g3_coding coding;
    unsigned k; /* 0: T.4's own for the resolution */
    bool raw;   /* no headers, and no closing one */
    bool trim;  /* the last page ends with its last row that is not white */
};

struct scan_sink;

/* target writes to fd (not owned). ERR_OS. Errors of target: ERR_IO, ERR_PIPE, ERR_OS; ERR_DATA:
 * a page of over 4 GiB, or over 65535 pages. end writes the last page and the closing header. */
enum err scan_sink_open(struct scan_sink **sink, int fd, const struct scan_sink_options *options,
                        struct scan_target *target, struct why *why);

/* Frees it; without end before, the stream stays without its closing header. */
void scan_sink_free(struct scan_sink *sink);

#endif
