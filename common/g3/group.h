/*
 * The modes of two-dimensional rows (table 4/T.4) many a look-up: a group is the vertical codes,
 * and the pass codes among them, that the next bits begin with.
 */
#ifndef G3_GROUP_H
#define G3_GROUP_H

#include "bytes/span.h"

enum { G3_GROUP_BITS = 10, G3_GROUP_LANES = 8 };

/*
 * A lane is a vertical code with the passes before it, or, as the last one, passes alone, whose
 * place is where the last of them ends. Only groups whose lanes all lie in the eight changes from
 * b1 on are made.
 */
struct g3_group {
    /* a1 - b1 of each lane, eight bits each, the first one lowest; 0 for passes alone. */
    uint64_t shifts;

    /*
     * From the lowest bit: the bits of all (4), lanes (4), by how much b1 moves on (4), changes
     * (4: lanes but for passes alone), where in g3_group_places (8), and then whether another
     * look-up is of no use, because a horizontal code follows, or no lane was found (1); from bit
     * 32 on for each of the first seven lanes the bits up to its end (4 each).
     */
    uint64_t take;
};

/* By the next bits. */
extern const struct g3_group g3_groups[1 << G3_GROUP_BITS];

/* The bits of a group once more, to be had sooner: the next look-up waits for nothing else. */
extern const uint8_t g3_group_lengths[1 << G3_GROUP_BITS];

/* Which change each lane belongs to, b1 being 0; the same as the two byte numbers of it that vector
 * shuffles ask for; and 1 for lanes with passes before the code. */
struct g3_group_places {
    uint8_t places[G3_GROUP_LANES];
    uint8_t bytes[2 * G3_GROUP_LANES];
    uint16_t passed[G3_GROUP_LANES];
};
extern const struct g3_group_places g3_group_places[];

static inline unsigned g3_group_bits(uint64_t take)
{
    return take & 15;
}

static inline unsigned g3_group_lanes(uint64_t take)
{
    return take >> 4 & 15;
}

static inline unsigned g3_group_moves(uint64_t take)
{
    return take >> 8 & 15;
}

static inline unsigned g3_group_changes(uint64_t take)
{
    return take >> 12 & 15;
}

static inline const struct g3_group_places *g3_group_where(uint64_t take)
{
    return &g3_group_places[take >> 16 & 255];
}

static inline bool g3_group_stops(uint64_t take)
{
    return take >> 24 & 1;
}

/* Bits up to the end of the first n lanes, n <= 7. */
static inline unsigned g3_group_ends(uint64_t take, unsigned n)
{
    return n ? take >> (28 + 4 * n) & 15 : 0;
}

#endif
