#include "queue/plan.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 10000000 };

void plan_init(struct plan *p)
{
    buf_init(&p->entries, ENTRIES_MAX * sizeof(struct plan_entry));
    buf_init(&p->hops, ENTRIES_MAX * sizeof(struct plan_hop *));
    p->names = NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct plan_hop *)a)->name, ((const struct plan_hop *)b)->name);
}

void plan_release(struct plan *p)
{
    for (size_t i = 0; i < plan_hops(p); i++) {
        struct plan_hop *hop = plan_hop(p, i);
        tdelete(hop, &p->names, by_name);
        buf_release(&hop->waiting);
        free(hop->name);
        free(hop);
    }
    buf_release(&p->hops);
    buf_release(&p->entries);
}

size_t plan_hops(const struct plan *p)
{
    return p->hops.len / sizeof(struct plan_hop *);
}

struct plan_hop *plan_hop(const struct plan *p, size_t n)
{
    return ((struct plan_hop **)(void *)p->hops.data)[n];
}

struct plan_entry *plan_entry(const struct plan *p, uint32_t n)
{
    return (struct plan_entry *)(void *)p->entries.data + n;
}

/* The hop of this name, which is made where it is new. NULL: no memory. */
static struct plan_hop *find(struct plan *p, const char *name)
{
    struct plan_hop key = {.name = (char *)(uintptr_t)name};
    void *found = tfind(&key, &p->names, by_name);
    if (found)
        return *(struct plan_hop **)found;
    struct plan_hop *hop = calloc(1, sizeof *hop);
    char *copy = strdup(name);
    if (hop && copy) {
        hop->name = copy;
        buf_init(&hop->waiting, ENTRIES_MAX * sizeof(uint32_t));
        if (buf_add(&p->hops, &hop, sizeof hop) == ERR_NONE) {
            if (tsearch(hop, &p->names, by_name))
                return hop;
            p->hops.len -= sizeof hop;
        }
    }
    free(copy);
    free(hop);
    return NULL;
}

/* The entry stands with a hop once. */
static enum err stand(struct plan *p, uint32_t number, const char *name)
{
    uint32_t last;
    struct plan_hop *hop = find(p, name);
    if (!hop)
        return ERR_OS;
    if (hop->waiting.len) {
        memcpy(&last, hop->waiting.data + hop->waiting.len - sizeof last, sizeof last);
        if (last == number)
            return ERR_NONE;
    }
    plan_entry(p, number)->hops++;
    return buf_add(&hop->waiting, &number, sizeof number);
}

enum err plan_add(struct plan *p, const struct attempt *a, struct queue_entry *entry,
                  struct why *why)
{
    struct plan_entry planned = {.hops = 0};
    uint32_t number = (uint32_t)(p->entries.len / sizeof planned);
    size_t n = queue_count(entry);
    char hop[ATTEMPT_HOP];
    enum fate *fates = calloc(n + 1, sizeof *fates);
    memcpy(planned.id, entry->id, sizeof planned.id);
    if (!fates || buf_add(&p->entries, &planned, sizeof planned)) {
        free(fates);
        return why_set(why, ERR_OS, "out of memory");
    }
    enum err e = ERR_NONE;
    for (size_t i = 0; i < n && !e; i++) {
        if (attempt_hop(a, entry, i, fates, hop))
            e = stand(p, number, hop);
        else if (fates[i] == FATE_UNTRIED)
            plan_entry(p, number)->partial = true;
        else
            e = stand(p, number, "");
    }
    free(fates);
    if (e)
        return why_set(why, ERR_OS, "out of memory");
    return plan_entry(p, number)->hops ? ERR_NONE : ERR_NO;
}

enum err plan_take(const struct plan *p, struct plan_hop *hop, struct plan_entry **entry)
{
    uint32_t *numbers = (uint32_t *)(void *)hop->waiting.data;
    size_t count = hop->waiting.len / sizeof *numbers;
    for (size_t i = hop->at; i < count; i++) {
        uint32_t number = numbers[i];
        if (plan_entry(p, number)->busy)
            continue;
        /* Those passed over keep their order. */
        memmove(numbers + hop->at + 1, numbers + hop->at, (i - hop->at) * sizeof *numbers);
        numbers[hop->at++] = number;
        *entry = plan_entry(p, number);
        return ERR_NONE;
    }
    return hop->at < count ? ERR_AGAIN : ERR_NO;
}
