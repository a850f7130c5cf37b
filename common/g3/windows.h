/*
 * What the next bits of a one-dimensional row paint, by table: as many codes as a window of 11
 * bits holds, as pels, so that a row is decoded without ever being a list of runs.
 */
#ifndef G3_WINDOWS_H
#define G3_WINDOWS_H

#include <stdint.h>

enum {
    G3_WINDOW_BITS = 11,
    G3_WINDOW_SHIFT = 6,        /* from here on, in 6 bits, pels - 1, or 63 where they are more */
    G3_WINDOW_OPEN = 1 << 12,   /* ends in a make-up code: the run goes on */
    G3_WINDOW_BLACK = 1 << 14,  /* the next run is black */
    G3_WINDOW_PELS = 17,        /* from here on, in 15 bits, how many pels */
    G3_WINDOW_PATTERN = 32,     /* from here on the last 32 of them, the last one lowest */
    G3_WINDOW_NONE = 1 << 14,   /* as pels: nothing that the table can tell */
};

/*
 * By the colour of the run that starts, white first, and the next 11 bits: the bits used (low 6)
 * and the rest as above. All black pels of an entry are among its last 32; a run of 33 or more
 * black ones, one of none that stands alone, what is longer than a window and what is no code
 * have no entry: G3_WINDOW_NONE pels by 0 bits. Five entries may be added up before what lies
 * below the pels grows into them.
 */
extern const uint64_t g3_windows[2][1 << G3_WINDOW_BITS];

#endif
