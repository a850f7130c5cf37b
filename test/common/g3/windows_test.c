#include "g3/windows.h"

#include "check.h"
#include "g3/codes.h"

struct code {
    unsigned run, bits, word;
};
#define CODE(run, bits, word) {run, bits, word},
static const struct code white[] = {
    G3_WHITE_TERMINATING(CODE) G3_WHITE_MAKE_UP(CODE) G3_COMMON_MAKE_UP(CODE)
};
static const struct code black[] = {
    G3_BLACK_TERMINATING(CODE) G3_BLACK_MAKE_UP(CODE) G3_COMMON_MAKE_UP(CODE)
};

/* The code that the left ones of these bits are, of `valid` bits. */
static const struct code *code_at(bool is_black, unsigned bits, unsigned valid)
{
    const struct code *codes = is_black ? black : white;
    size_t n = is_black ? sizeof black / sizeof *black : sizeof white / sizeof *white;
    for (size_t i = 0; i < n; i++)
        if (codes[i].bits <= valid && bits >> (valid - codes[i].bits) == codes[i].word)
            return &codes[i];
    return NULL;
}

/* Code by code, as long as they are whole and the black pels stay among the last 32. */
static uint64_t entry(bool is_black, unsigned window)
{
    unsigned left = G3_WINDOW_BITS, pels = 0;
    uint64_t pattern = 0;
    bool open = false, next = is_black;
    for (const struct code *c; (c = code_at(next, window & ((1U << left) - 1), left));) {
        if (c->run == 0 && pels)
            break;
        if (c->run > 32 && (next || pattern))
            break;
        uint64_t p = c->run < 64 ? pattern << c->run : 0;
        if (next)
            p |= (UINT64_C(1) << c->run) - 1;
        if (p >> 32)
            break;
        pattern = p;
        pels += c->run;
        left -= c->bits;
        open = c->run >= 64;
        next = next != !open;
    }
    if (pels == 0)
        return (uint64_t)G3_WINDOW_NONE << G3_WINDOW_PELS | 63 << G3_WINDOW_SHIFT |
               (is_black ? G3_WINDOW_BLACK : 0);
    return pattern << G3_WINDOW_PATTERN | (uint64_t)pels << G3_WINDOW_PELS |
           (pels > 64 ? 63 : pels - 1) << G3_WINDOW_SHIFT | (next ? G3_WINDOW_BLACK : 0) |
           (open ? G3_WINDOW_OPEN : 0) | (G3_WINDOW_BITS - left);
}

static void entries_are_of_tables_2_and_3(void)
{
    for (unsigned window = 0; window < 1 << G3_WINDOW_BITS; window++) {
        CHECK(g3_windows[0][window] == entry(false, window));
        CHECK(g3_windows[1][window] == entry(true, window));
    }
}

int main(void)
{
    RUN(entries_are_of_tables_2_and_3);
    return check_done();
}
