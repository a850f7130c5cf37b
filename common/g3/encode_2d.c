#include "g3/runs.h"
#include "g3/sink.h"

/* Table 4/T.4: pass, horizontal, and vertical by a1 - b1 + 3. */
static const struct g3_code pass = {0x1, 4}, horizontal = {0x1, 3};
static const struct g3_code vertical[7] = {
    {0x2, 7}, {0x2, 6}, {0x2, 3}, {0x1, 1}, {0x3, 3}, {0x3, 6}, {0x3, 7},
};

/*
 * T.4 4.2.1.3: *b is the first change of the row above that is right of a0 and opposite in
 * colour. Parity of the index is the colour, so that after a vertical code the search starts one
 * to the left; the left edge in [0] never is right of a0 and turns the search by itself.
 */
static void put_changes(struct g3_sink *s, const uint16_t *change, const uint16_t *b,
                        unsigned width)
{
    unsigned a0 = 0, colour = 0;
    while (a0 < width) {
        unsigned a1 = *change;
        if (b[1] < a1) {
            g3_put(s, pass.word, pass.bits);
            a0 = b[1];
            b += 2;
        } else if (a1 - *b + 3 <= 6) {
            const struct g3_code *v = &vertical[a1 - *b + 3];
            g3_put(s, v->word, v->bits);
            a0 = a1;
            change++;
            colour ^= 1;
            b--;
            while (*b <= a0 && *b < width)
                b += 2;
        } else {
            g3_put(s, horizontal.word, horizontal.bits);
            g3_put_run(s, colour, a1 - a0);
            g3_drain(s);
            g3_put_run(s, colour ^ 1, change[1] - a1);
            a0 = change[1];
            change += 2;
            while (*b <= a0 && *b < width)
                b += 2;
        }
        g3_drain(s);
    }
}

void g3_put_row_2d(struct g3_encoder *e, struct g3_sink *s, const uint8_t *row)
{
    struct g3_line *line = &e->lines[e->reference ^ 1];
    const struct g3_line *above = &e->lines[e->reference];
    g3_find_changes(row, e->width, line);
    put_changes(s, line->change + 1, above->change + 1, e->width);
}
