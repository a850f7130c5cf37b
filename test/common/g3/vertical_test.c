#include "g3/vertical.h"

#include "check.h"

#include <string.h>

/* Table 4/T.4: the vertical codes as they are printed there. */
static const struct {
    const char *code;
    int shift;
} table4[] = {{"1", 0},       {"011", 1},   {"000011", 2},  {"0000011", 3},
              {"010", -1},    {"000010", -2}, {"0000010", -3}};

/* The code that these bits, as 0 and 1, begin with; -1: none that is whole. */
static int code_at(const char *bits)
{
    for (int i = 0; i < (int)(sizeof table4 / sizeof *table4); i++)
        if (strncmp(bits, table4[i].code, strlen(table4[i].code)) == 0)
            return i;
    return -1;
}

static void entries_are_of_table_4(void)
{
    for (unsigned at = 0; at < 1 << G3_VERTICAL_BITS; at++) {
        char bits[G3_VERTICAL_BITS + 1] = {0};
        uint64_t shifts = 0;
        unsigned n = 0, used = 0;
        for (unsigned i = 0; i < G3_VERTICAL_BITS; i++)
            bits[i] = at >> (G3_VERTICAL_BITS - 1 - i) & 1 ? '1' : '0';
        for (int c; n < 4 && (c = code_at(bits + used)) >= 0; n++) {
            shifts |= (uint64_t)(uint16_t)table4[c].shift << 16 * n;
            used += (unsigned)strlen(table4[c].code);
        }
        CHECK_INT(g3_vertical_lengths[at], used << 3 | n);
        CHECK(g3_vertical_shifts[at] == shifts);
    }
}

int main(void)
{
    RUN(entries_are_of_table_4);
    return check_done();
}
