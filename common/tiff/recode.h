/*
 * A page's coded bits: its own where nothing about them must change, else coded afresh. And its
 * pels.
 */
#ifndef TIFF_RECODE_H
#define TIFF_RECODE_H

#include "tiff/fax.h"
#include "tool/spill.h"

/* How pages are to be coded. */
struct fax_coding {
    bool any;    /* as they are; MH or the like where they cannot be carried over */
    enum g3_coding coding;
    unsigned k;  /* MR: 0: the resolution's */
    bool closed; /* with RTC; MMR always has its EOFB */
};

/*
 * Of the page at hand: does it keep its own bits? Sets target's coding and k to what it will have.
 */
bool fax_keeps_bits(const struct fax_page *p, const struct fax_coding *want, struct page *target);

/* Gives the page's coded bits, MSB first, as fax_keeps_bits says. Errors are fax_row's, fax_carry's
 * and the sink's; ERR_OS. */
enum err fax_put(struct fax *f, const struct fax_page *p, const struct fax_coding *want,
                 fax_sink *sink, void *context, struct why *why);

/*
 * Writes the page to fd as a G3 page stream has it, number `number` of total (0: unknown): the
 * header, which tells the length, and the bits of fax_put, which wait in spill for it. Errors are
 * fax_put's and those of writing; ERR_DATA: over 4 GiB, or 65,535 pages.
 */
enum err fax_put_framed(struct fax *f, const struct fax_page *p, const struct fax_coding *want,
                        unsigned number, unsigned total, struct spill *spill, int fd,
                        struct why *why);

/* Gives the page as a raw PBM. Errors are fax_row's and the sink's; ERR_OS. */
enum err fax_put_pbm(struct fax *f, const struct fax_page *p, fax_sink *sink, void *context,
                     struct why *why);

#endif
