/*
 * How coded data is to be read where nobody is to be believed: every way of the field is tried on
 * a sample of it, and they are ranked by how much of the sample adds up to rows.
 */
#ifndef PAGE_GUESS_H
#define PAGE_GUESS_H

#include "g3/g3.h"

/* Beside enum g3_flags: every row starts on a word of 16 bits (TIFF compression 32771). */
enum { PAGE_ALIGN_WORD = 1 << 8 };

/* What of a page is looked at, and how many guesses are worth a closer look. */
enum { PAGE_SAMPLE = 16384, PAGE_GUESSES = 4 };

struct page_way {
    enum g3_coding coding;
    unsigned flags; /* of enum g3_flags, and PAGE_ALIGN_WORD */
    bool lsb;       /* least significant bit first */
    unsigned width;
};

struct page_guess {
    struct page_way way;
    uint64_t rows, bad_rows;
    unsigned score; /* of 1,024 bits those that good rows account for */
    bool led;       /* the first row was led by an EOL */
};

/* What of a claimed way may be another than it says. */
enum page_freedom { PAGE_FREE_CODING = 1, PAGE_FREE_ORDER = 2, PAGE_FREE_WIDTH = 4 };

/* Where guesses are made: some 280 kB, static or heap, without release. */
struct page_guesser {
    struct g3_decoder decoder;
    uint8_t turned[PAGE_SAMPLE];
};

/*
 * Tries one way on a sample, most significant bit first. whole: the data ends where the sample
 * does. Work is linear in the sample.
 */
void page_try(struct g3_decoder *d, struct span sample, bool whole, const struct page_way *way,
              struct page_guess *guess);

/*
 * The guesses that explain at least a quarter of the sample (of which PAGE_SAMPLE bytes are looked
 * at), best first; how many. Where two are as good as each other, the one closer to what is
 * claimed comes first. How rows follow each other is free in any case; freedom (of enum
 * page_freedom) says what else. With PAGE_FREE_WIDTH the widths of facsimile and what the rows
 * themselves add up to are tried too.
 */
unsigned page_guess(struct page_guesser *g, struct span sample, bool whole,
                    const struct page_way *claimed, unsigned freedom,
                    struct page_guess out[PAGE_GUESSES]);

/*
 * The width that most of the first rows between EOLs add up to, MH or, with two_d, the
 * one-dimensional ones of MR; 0 where they do not agree. Most significant bit first.
 */
unsigned page_measure(struct span sample, bool two_d);

#endif
