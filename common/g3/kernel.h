/*
 * The inner loops of the codec that vector instructions make much faster: finding where a row's
 * colour changes, coding the runs between, coding a row by what differs from the one above, and
 * decoding and painting such rows.
 *
 * A kernel for an instruction set has exactly this signature and gives exactly what the scalar
 * one gives; it is one more row of the table in kernel.c.
 */
#ifndef G3_KERNEL_H
#define G3_KERNEL_H

#include "g3/g3.h"

struct g3_decoder;
struct g3_sink;

struct g3_kernel {
    const char *name; /* as cpu/cpu.h calls the level */
    unsigned needs;   /* cpu features, all of them */

    /*
     * The positions of the row's changes, white before its first pel, into change; how many.
     * Reads (width + 7) / 8 bytes; may write up to G3_LINE_SLACK places beyond the last change.
     */
    unsigned (*find)(const uint8_t *row, unsigned width, uint16_t *change);

    /*
     * Codes runs (at least one) that end at change[0], change[1] and so on, white and black in
     * turn; the first begins at change[-1]. None but the first is of no pels. The sink is drained.
     * Reads up to G3_LINE_SLACK places beyond the last run, whatever they hold.
     */
    void (*pack)(struct g3_sink *s, const uint16_t *change, unsigned runs);

    /* The fast way through a two-dimensional row: quick_2d.h. */
    void (*quick_2d)(struct g3_decoder *d);

    /* Paints the row of these changes, closed by the width: writes (width + 7) / 8 bytes. */
    void (*paint)(const uint16_t *change, unsigned width, uint8_t *row);

    /* A row's masks. Reads (width + 7) / 8 bytes; out->change[0] and out->closing must be 0
     * before the first one. */
    void (*load)(const uint8_t *row, unsigned width, struct g3_row *out);

    /* Codes a row by what differs from the row above (T.4 4.2), both as load gives them. The sink
     * is drained before and after. */
    void (*row_2d)(struct g3_sink *s, const struct g3_row *above, const struct g3_row *row,
                   unsigned width);

    /* Where of so many pels no more than one is a change, walk_2d.h is quicker than row_2d. */
    unsigned walked;
};

/* The scalar pack, for kernels that have none of their own or meet a run too long for it. */
void g3_pack_scalar(struct g3_sink *s, const uint16_t *change, unsigned runs);

/* The scalar paint. */
void g3_paint_scalar(const uint16_t *change, unsigned width, uint8_t *row);

/* The scalar load. */
void g3_load_scalar(const uint8_t *row, unsigned width, struct g3_row *out);

/* The scalar row_2d. */
void g3_row_2d_scalar(struct g3_sink *s, const struct g3_row *above, const struct g3_row *row,
                      unsigned width);

/* The best kernel that a mask of cpu/cpu.h allows; the scalar one for 0. Never NULL. */
const struct g3_kernel *g3_kernel_for(unsigned mask);

/*
 * Chooses the kernel for the whole program from a mask (tool/cpu_env.h gives it). Once, at start,
 * before any thread; without it the scalar kernel is used. All give the same bytes.
 */
void g3_use(unsigned mask);

/* The kernel in use. */
const struct g3_kernel *g3_kernel_used(void);

#endif
