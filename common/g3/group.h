/*
 * The modes of two-dimensional rows (table 4/T.4) many a look-up: a group is the vertical codes,
 * and the pass codes among them, that the next bits begin with.
 */
#ifndef G3_GROUP_H
#define G3_GROUP_H

#include "bytes/span.h"

enum { G3_GROUP_BITS = 10, G3_GROUP_LANES = 8, G3_GROUP_PLACES = 23 };

/*
 * A lane is a vertical code with the passes before it, or, as the last one, passes alone, which
 * lead to where the last of them ends. Only groups whose lanes all lie in the eight changes from
 * b1 on are made. Where there is none, because another code comes first or the code is longer
 * than the look-up, lanes say one more than can be.
 *
 * Places in lines are told in bytes of them, as pointers move: twice the number.
 */
struct g3_group {
    int8_t shifts[G3_GROUP_LANES]; /* a1 - b1 of each lane; 0 for passes alone */
    uint8_t lanes;                 /* twice */
    uint8_t moves;                 /* twice by how many changes b1 moves on */
    uint8_t changes;               /* twice the lanes that are changes: all but passes alone */
    uint8_t bits;
    uint32_t where; /* bytes into places */
};

struct g3_groups {
    /* By the next bits. */
    struct g3_group group[1 << G3_GROUP_BITS];

    /* The bits of a group once more, to be had sooner: the next look-up waits for nothing else. */
    uint8_t bits[1 << G3_GROUP_BITS];

    /* Which change each lane belongs to, b1 being 0, as its two bytes' numbers, which is what
     * vector shuffles ask for. */
    uint8_t places[G3_GROUP_PLACES][2 * G3_GROUP_LANES];
};
extern const struct g3_groups g3_groups;

/* A group's places. */
static inline const uint8_t *g3_group_places(const struct g3_group *g)
{
    return (const uint8_t *)g3_groups.places + g->where;
}

/* The bits of a group's first n lanes, all of them changes. */
static inline unsigned g3_group_ends(const struct g3_group *g, unsigned n)
{
    static const uint8_t bits[] = {7, 6, 3, 1, 3, 6, 7};
    unsigned passes = n ? (g3_group_places(g)[2 * n - 2] / 2 - (n - 1)) / 2 : 0, sum = 4 * passes;
    for (unsigned i = 0; i < G3_GROUP_LANES; i++)
        sum += bits[g->shifts[i] + 3] & -(unsigned)(i < n);
    return sum;
}

#endif
