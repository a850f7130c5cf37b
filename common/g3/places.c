#include "g3/places.h"

/* The lists of the upper four pels, and of the lower ones. */
#define U0
#define U1 3,
#define U2 2,
#define U3 2, 3,
#define U4 1,
#define U5 1, 3,
#define U6 1, 2,
#define U7 1, 2, 3,
#define U8 0,
#define U9 0, 3,
#define UA 0, 2,
#define UB 0, 2, 3,
#define UC 0, 1,
#define UD 0, 1, 3,
#define UE 0, 1, 2,
#define UF 0, 1, 2, 3,
#define L1 7,
#define L2 6,
#define L3 6, 7,
#define L4 5,
#define L5 5, 7,
#define L6 5, 6,
#define L7 5, 6, 7,
#define L8 4,
#define L9 4, 7,
#define LA 4, 6,
#define LB 4, 6, 7,
#define LC 4, 5,
#define LD 4, 5, 7,
#define LE 4, 5, 6,
#define LF 4, 5, 6, 7,
/* Behind upper ones any lower ones but none. */
#define SOME(u)                                                                                   \
    {U##u L1}, {U##u L2}, {U##u L3}, {U##u L4}, {U##u L5}, {U##u L6}, {U##u L7}, {U##u L8},       \
        {U##u L9}, {U##u LA}, {U##u LB}, {U##u LC}, {U##u LD}, {U##u LE}, {U##u LF}
#define ALL(u) {U##u}, SOME(u)

alignas(16) const uint16_t g3_places[256][8] = {
    {0},    SOME(0), ALL(1), ALL(2), ALL(3), ALL(4), ALL(5), ALL(6), ALL(7),
    ALL(8), ALL(9),  ALL(A), ALL(B), ALL(C), ALL(D), ALL(E), ALL(F),
};

#define COUNT_4(n) n, (n) + 1, (n) + 1, (n) + 2
#define COUNT_16(n) COUNT_4(n), COUNT_4((n) + 1), COUNT_4((n) + 1), COUNT_4((n) + 2)
#define COUNT_64(n) COUNT_16(n), COUNT_16((n) + 1), COUNT_16((n) + 1), COUNT_16((n) + 2)
const uint8_t g3_place_count[256] = {COUNT_64(0), COUNT_64(1), COUNT_64(1), COUNT_64(2)};
