#include "g3/group.h"

#include "check.h"

#include <string.h>

/* Table 4/T.4: the codes as they are printed there. */
static const struct {
    const char *code;
    int shift;
} verticals[] = {{"1", 0},       {"011", 1},   {"000011", 2},  {"0000011", 3},
                 {"010", -1},    {"000010", -2}, {"0000010", -3}};
static const char pass[] = "0001";

static bool starts(const char *bits, const char *code)
{
    return strncmp(bits, code, strlen(code)) == 0;
}

/* The vertical code that these bits, as 0 and 1, begin with; -1: none that is whole. */
static int vertical_at(const char *bits)
{
    for (int i = 0; i < (int)(sizeof verticals / sizeof *verticals); i++)
        if (starts(bits, verticals[i].code))
            return i;
    return -1;
}

/* What a group says, spelled out. */
struct spelled {
    unsigned lanes, changes, place[8], ends[8], bits;
    int shift[8];
};

/* As many lanes as there are, none beyond the eighth change from b1 on. */
static void spell(struct spelled *s, const char *bits)
{
    unsigned used = 0, b = 0, passes = 0;
    memset(s, 0, sizeof *s);
    while (s->lanes < G3_GROUP_LANES) {
        int v = vertical_at(bits + used);
        if (b + 2 * passes + (v < 0) > 7 || (v < 0 && !starts(bits + used, pass)))
            break;
        if (v < 0) {
            passes++;
            used += 4;
            continue;
        }
        used += (unsigned)strlen(verticals[v].code);
        s->place[s->lanes] = b + 2 * passes;
        s->shift[s->lanes] = verticals[v].shift;
        s->ends[s->lanes++] = s->bits = used;
        b += 2 * passes + 1;
        passes = 0;
    }
    s->changes = s->lanes;
    if (passes && s->lanes < G3_GROUP_LANES) {
        s->place[s->lanes++] = b + 2 * passes - 1;
        s->bits = used;
    }
}

static void entries_are_of_table_4(void)
{
    for (unsigned at = 0; at < 1 << G3_GROUP_BITS; at++) {
        const struct g3_group *g = &g3_groups.group[at];
        const uint8_t *places = g3_group_places(g);
        char bits[G3_GROUP_BITS + 1] = {0};
        struct spelled s;
        for (unsigned i = 0; i < G3_GROUP_BITS; i++)
            bits[i] = at >> (G3_GROUP_BITS - 1 - i) & 1 ? '1' : '0';
        spell(&s, bits);
        CHECK_INT(g->bits, s.bits);
        CHECK_INT(g3_groups.bits[at], s.bits);
        CHECK_INT(g->lanes, s.lanes ? 2 * s.lanes : 2 * (G3_GROUP_LANES + 1));
        CHECK_INT(g->changes, 2 * s.changes);
        CHECK_INT(g->moves, s.lanes ? 2 * (s.place[s.lanes - 1] + 1) : 0);
        CHECK(g->where % sizeof *g3_groups.places == 0 && g->where < sizeof g3_groups.places);
        CHECK_INT(g3_group_ends(g, 0), 0);
        for (unsigned i = 0; i < s.changes; i++)
            CHECK_INT(g3_group_ends(g, i + 1), s.ends[i]);
        for (unsigned i = 0; i < 8; i++)
            CHECK_INT(g->shifts[i], s.shift[i]);
        for (unsigned i = 0; i < s.lanes; i++) {
            CHECK_INT(places[2 * i], 2 * s.place[i]);
            CHECK_INT(places[2 * i + 1], 2 * s.place[i] + 1);
        }
    }
}

/* The scalar kernel takes it for granted, and vectors read eight changes of any places. */
static void the_first_places_are_in_order(void)
{
    for (unsigned i = 0; i < 2 * G3_GROUP_LANES; i++)
        CHECK_INT(g3_groups.places[0][i], i);
    for (unsigned p = 0; p < G3_GROUP_PLACES; p++)
        for (unsigned i = 0; i < 2 * G3_GROUP_LANES; i++)
            CHECK(g3_groups.places[p][i] < 2 * G3_GROUP_LANES);
}

int main(void)
{
    RUN(entries_are_of_table_4);
    RUN(the_first_places_are_in_order);
    return check_done();
}
