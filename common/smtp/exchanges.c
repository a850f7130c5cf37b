#include "smtp/exchanges.h"

#include <stdlib.h>
#include <string.h>

static struct span without_dot(const char *name)
{
    struct span s = span_str(name);
    return s.n > 1 && s.p[s.n - 1] == '.' ? span_take(s, s.n - 1) : s;
}

bool exchange_same_name(const char *a, const char *b)
{
    return span_eq_nocase(without_dot(a), without_dot(b));
}

void exchanges_add(struct exchanges *x, const char *name, unsigned preference)
{
    if (strcmp(name, ".") == 0) {
        x->null = true;
        return;
    }
    if (x->count == EXCHANGES_MAX)
        return;
    struct exchange *e = &x->list[x->count];
    if (span_copy(span_str(name), e->name, sizeof e->name)) {
        e->preference = preference;
        x->count++;
    }
}

static int by_preference(const void *a, const void *b)
{
    const struct exchange *x = a, *y = b;
    return (x->preference > y->preference) - (x->preference < y->preference);
}

/* xorshift64*: enough to spread load, and a test can foresee it. */
static uint64_t roll(uint64_t *seed)
{
    uint64_t s = *seed;
    s ^= s >> 12;
    s ^= s << 25;
    s ^= s >> 27;
    *seed = s;
    return s * UINT64_C(2685821657736338717) >> 33;
}

static void shuffle(struct exchange *list, size_t n, uint64_t *seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)(roll(seed) % i);
        struct exchange swap = list[i - 1];
        list[i - 1] = list[j];
        list[j] = swap;
    }
}

static bool is_own(const struct exchange *e, const char *const *own)
{
    for (; own && *own; own++)
        if (exchange_same_name(e->name, *own))
            return true;
    return false;
}

enum err exchanges_order(struct exchanges *x, const char *const *own, uint64_t seed)
{
    size_t same;
    if (x->count == 0)
        return x->null ? ERR_NO_USER : ERR_NO;
    qsort(x->list, x->count, sizeof *x->list, by_preference);
    for (size_t i = 0; i < x->count; i++)
        if (is_own(&x->list[i], own)) {
            unsigned limit = x->list[i].preference;
            while (i && x->list[i - 1].preference == limit)
                i--;
            x->count = i;
        }
    seed = seed ? seed : 1;
    for (size_t i = 0; i < x->count; i += same) {
        for (same = 1; i + same < x->count; same++)
            if (x->list[i + same].preference != x->list[i].preference)
                break;
        shuffle(x->list + i, same, &seed);
    }
    return x->count ? ERR_NONE : ERR_UNAVAILABLE;
}
