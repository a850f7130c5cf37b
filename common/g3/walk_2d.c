/*
 * Two-dimensional rows as T.4 4.2 tells their coding, from code to code, over the lists of both
 * rows' changes.
 *
 * Rows with few changes are coded quicker so than by the masks of encode_2d.c, on a plain machine
 * in half the steps: nothing is paid for a word, whether it has changes or not. Each code is a
 * guess of the branch predictor's, though, which in a photograph mostly goes wrong.
 *
 * The lists hold changes of either colour in turn, so that what would be a0's colour is whether a1
 * stands at an even place, and b1 always stands at a place as even as a1's. Behind the edge comes
 * the edge again and again, which is b1 where no change is left.
 */
#include "g3/walk_2d.h"
#include "g3/words_2d.h"

/* Table 4/T.4 by a1 - b1 + 3: the words at the left. */
enum { VERTICAL_MOST = 6 };
#define LEFT(word, bits) (uint64_t)(word) << (64 - (bits))
static const uint64_t vertical_words[VERTICAL_MOST + 1] = {
    LEFT(2, 7), LEFT(2, 6), LEFT(2, 3), LEFT(1, 1), LEFT(3, 3), LEFT(3, 6), LEFT(3, 7),
};
#undef LEFT
static const uint8_t vertical_bits[VERTICAL_MOST + 1] = {7, 6, 3, 1, 3, 6, 7};
enum { PASS_WORD = 1, PASS_BITS = 4 };

/* Horizontal mode and its two runs, the first one of that colour. */
static inline void put_horizontal(struct g3_sink *s, unsigned colour, unsigned first,
                                  unsigned second)
{
    g3_put(s, G3_HORIZONTAL_WORD, G3_HORIZONTAL_BITS);
    g3_drain(s);
    if ((first | second) < 64) {
        const struct g3_code *one = &g3_terminating[colour][first];
        const struct g3_code *two = &g3_terminating[colour ^ 1][second];
        g3_put(s, (uint32_t)one->word << two->bits | two->word, (unsigned)one->bits + two->bits);
        return;
    }
    g3_put_run(s, colour, first);
    g3_drain(s);
    g3_put_run(s, colour ^ 1, second);
}

void g3_walk_2d(struct g3_sink *sink, const struct g3_line *above, const struct g3_line *row,
                unsigned width)
{
    enum { ROOM_FOR_ONE = 56 - 7 };
    struct g3_sink s = *sink;
    const uint16_t *a = row->change + 1, *b = above->change + 1;
    unsigned a0 = 0;
    while (a0 < width) {
        unsigned a1 = a[0], b2 = b[1], shift = a1 - b[0] + 3;
        if (b2 < a1) {
            g3_put(&s, PASS_WORD, PASS_BITS);
            a0 = b2;
            b += 2;
        } else if (shift <= VERTICAL_MOST) {
            s.acc |= vertical_words[shift] >> s.bits;
            s.bits += vertical_bits[shift];
            a0 = a1;
            a++;
            /* The next b1 mostly is the next change: foreseeing it is quicker than reckoning. */
            b++;
            if (__builtin_expect((b2 == a1) | (b[-2] > a1), 0))
                b += b2 == a1 ? 2 : -2;
        } else {
            put_horizontal(&s, (a - row->change - 1) & 1, a1 - a0, a[1] - a1);
            a0 = a[1];
            a += 2;
            while (b[0] <= a0 && a0 < width)
                b += 2;
        }
        if (s.bits > ROOM_FOR_ONE)
            g3_drain(&s);
    }
    g3_drain(&s);
    *sink = s;
}
