/*
 * Images from a stream of Netpbm bytes: a file's, or what a child program prints.
 */
#ifndef SCAN_PNM_SOURCE_H
#define SCAN_PNM_SOURCE_H

#include "scan/input.h"
#include "scan/source.h"

/* Where bytes come from. read: as scan_input_read; close may be NULL. */
struct scan_bytes {
    enum err (*read)(void *self, void *p, size_t n, size_t *got, struct why *why);
    void (*close)(void *self);
    void *self;
};

/*
 * source gives the images in bytes, with xdpi and ydpi (0: unknown) for all of them. Takes bytes
 * over, also when it fails. ERR_OS.
 */
enum err scan_pnm_open(struct scan_source *source, struct scan_bytes bytes, double xdpi,
                       double ydpi, struct why *why);

/* The bytes of in, which stays the caller's. */
struct scan_bytes scan_bytes_of(struct scan_input *in);

#endif
