/*
 * Damage for tests: coded bytes with bits flipped, bytes dropped, added, blotted out or cut off, and
 * which of the original bits that hit.
 */
#ifndef TEST_G3_MUTATE_H
#define TEST_G3_MUTATE_H

#include "check.h"

#include <stdint.h>

enum mutation { FLIP, DROP, ADD, BLOT, CUT, MUTATIONS };

enum { MUTATE_HITS = 8, MUTATE_GROWS = 64 };

struct mutant {
    uint8_t *bytes; /* room for MUTATE_GROWS more than there were */
    size_t n;
    unsigned hits;
    struct {
        size_t from, to; /* original bits; from == to: something was put in there */
    } hit[MUTATE_HITS];
};

static inline void mutant_hit(struct mutant *m, size_t from, size_t to)
{
    m->hit[m->hits].from = from;
    m->hit[m->hits++].to = to;
}

/* Damages m once or, bits flipped, a few times; *state as check_random has it. */
static inline void mutate(struct mutant *m, enum mutation how, unsigned long long *state)
{
    size_t at = check_random(state) % m->n, len = 1 + check_random(state) % 40;
    if (len > m->n - at)
        len = m->n - at;
    m->hits = 0;
    switch (how) {
    case FLIP:
        for (size_t k = 1 + check_random(state) % MUTATE_HITS; k; k--) {
            size_t bit = check_random(state) % (m->n * 8);
            m->bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            mutant_hit(m, bit, bit + 1);
        }
        return;
    case DROP:
        memmove(m->bytes + at, m->bytes + at + len, m->n - at - len);
        m->n -= len;
        break;
    case ADD:
        memmove(m->bytes + at + len, m->bytes + at, m->n - at);
        for (size_t i = 0; i < len; i++)
            m->bytes[at + i] = (uint8_t)check_random(state);
        m->n += len;
        len = 0;
        break;
    case BLOT:
        memset(m->bytes + at, check_random(state) % 2 ? 0xff : 0, len);
        break;
    default:
        len = m->n - at;
        m->n = at;
        break;
    }
    mutant_hit(m, at * 8, (at + len) * 8);
}

/* Of the original bits from..to - 1 none was hit, nor was anything put between them. */
static inline bool mutant_spares(const struct mutant *m, size_t from, size_t to)
{
    for (unsigned i = 0; i < m->hits; i++) {
        size_t end = m->hit[i].to > m->hit[i].from ? m->hit[i].to : m->hit[i].from + 1;
        if (m->hit[i].from < to && end > from)
            return false;
    }
    return true;
}

#endif
