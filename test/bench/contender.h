/*
 * What the codec's benchmark measures: pages, and those who code them.
 *
 * A contender keeps a coded page in a form of its own (libtiff a whole TIFF); only encode and
 * decode are timed. wrap and strip change between that form and bare T.4 or T.6, most significant
 * bit first, so that each can be given what another wrote.
 */
#ifndef BENCH_CONTENDER_H
#define BENCH_CONTENDER_H

#include "g3/g3.h"

struct image {
    const char *name; /* the file's, without its folder */
    unsigned width, rows;
    uint8_t *pels; /* packed, 1 = black */
};

static inline size_t image_size(const struct image *p)
{
    return (size_t)(p->width + 7) / 8 * p->rows;
}

enum { BENCH_K = 4 }; /* MR: what the peers take at 196 lines an inch */

struct contender {
    const char *name;

    /* Codes a page into out, where there is room for any page; the bytes it took, 0: failed. */
    size_t (*encode)(const struct image *p, enum g3_coding coding, uint8_t *out, size_t room);

    /* Decodes it into image_size(p) bytes; false where it says that it cannot. */
    bool (*decode)(const struct image *p, enum g3_coding coding, struct span coded, uint8_t *pels);

    /* To bare T.4 and from it, both into out; the bytes it took. */
    size_t (*strip)(const struct image *p, struct span coded, uint8_t *out, size_t room);
    size_t (*wrap)(const struct image *p, enum g3_coding coding, struct span bare, uint8_t *out,
                   size_t room);
};

extern const struct contender with_faxpipe, with_libtiff, with_spandsp;

/* Gets with_spandsp ready, its files in that folder; false where it was not built in. */
bool spandsp_open(const char *folder);
void spandsp_close(void);

#endif
