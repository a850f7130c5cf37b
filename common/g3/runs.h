/*
 * The two leaves between rows of bits and positions of colour change, where vector kernels go.
 */
#ifndef G3_RUNS_H
#define G3_RUNS_H

#include "g3/g3.h"

/* Finds the changes of a row (white before its first pel); returns how many, without the closing
 * ones. Reads (width + 7) / 8 bytes. */
unsigned g3_find_changes(const uint8_t *row, unsigned width, struct g3_line *line);

/* Closes a line of n changes with its eight times the width. */
void g3_close_line(struct g3_line *line, unsigned n, unsigned width);

/* Paints the row that the changes describe: writes (width + 7) / 8 bytes. */
void g3_paint(const struct g3_line *line, unsigned width, uint8_t *row);

#endif
