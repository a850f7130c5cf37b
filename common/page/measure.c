#include "page/guess.h"

#include "g3/codes.h"

/* So many rows are asked; one has no more codes than pels. */
enum { ROWS = 32, EOL_ZEROS = 11, WIDTH_MAX = G3_WIDTH_MAX };

struct code {
    uint16_t run, word;
    uint8_t bits;
};
#define CODE(run, bits, word) {run, word, bits},
static const struct code white[] = {
    G3_WHITE_TERMINATING(CODE) G3_WHITE_MAKE_UP(CODE) G3_COMMON_MAKE_UP(CODE)};
static const struct code black[] = {
    G3_BLACK_TERMINATING(CODE) G3_BLACK_MAKE_UP(CODE) G3_COMMON_MAKE_UP(CODE)};

struct bits {
    struct span bytes;
    size_t at; /* in bits */
};

/* The next n <= 13 bits; zeros behind the end. */
static unsigned peek(const struct bits *b, unsigned n)
{
    uint32_t w = 0;
    size_t byte = b->at / 8;
    for (size_t i = byte; i < byte + 3; i++)
        w = w << 8 | (i < b->bytes.n ? b->bytes.p[i] : 0u);
    return w << (8 + b->at % 8) >> (32 - n);
}

static bool at_end(const struct bits *b)
{
    return b->at + 13 > b->bytes.n * 8;
}

/* Behind the next EOL; false: there is none. */
static bool find_eol(struct bits *b)
{
    while (!at_end(b) && peek(b, EOL_ZEROS) != 0)
        b->at++;
    while (!at_end(b) && peek(b, 1) == 0)
        b->at++;
    b->at++;
    return !at_end(b);
}

/* A run of that colour with all its make-up codes; -1 for no code. */
static int read_run(struct bits *b, bool is_black)
{
    const struct code *codes = is_black ? black : white;
    size_t count = is_black ? sizeof black / sizeof *black : sizeof white / sizeof *white;
    int run = 0;
    for (;;) {
        size_t i = 0;
        while (i < count && peek(b, codes[i].bits) != codes[i].word)
            i++;
        if (i == count || run > WIDTH_MAX || at_end(b))
            return -1;
        b->at += codes[i].bits;
        run += codes[i].run;
        if (codes[i].run < 64)
            return run;
    }
}

/* What a row adds up to whose codes end at an EOL; 0 where they do not. */
static unsigned read_row(struct bits *b)
{
    unsigned sum = 0;
    bool is_black = false;
    while (peek(b, EOL_ZEROS) != 0) {
        int run = read_run(b, is_black);
        if (run < 0 || (sum += (unsigned)run) > WIDTH_MAX)
            return 0;
        is_black = !is_black;
    }
    return at_end(b) ? 0 : sum;
}

unsigned page_measure(struct span sample, bool two_d)
{
    struct bits b = {sample, 0};
    unsigned sums[ROWS], rows = 0, best = 0, votes = 0;
    while (rows < ROWS && find_eol(&b)) {
        if (two_d && peek(&b, 1) == 0)
            continue;
        b.at += two_d;
        unsigned sum = read_row(&b);
        if (sum)
            sums[rows++] = sum;
    }
    for (unsigned i = 0; i < rows; i++) {
        unsigned same = 0;
        for (unsigned j = 0; j < rows; j++)
            same += sums[j] == sums[i];
        if (same > votes) {
            votes = same;
            best = sums[i];
        }
    }
    return votes * 2 > rows ? best : 0;
}
