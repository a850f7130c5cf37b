#include "hops.h"

#include "queue/hop.h"
#include "tool/secret.h"

#include <stdlib.h>
#include <string.h>

void hops_init(struct hops *h)
{
    buf_init(&h->list, HOPS_MAX * sizeof(struct hop *));
}

static struct hop **all(const struct hops *h, size_t *count)
{
    *count = h->list.len / sizeof(struct hop *);
    return (struct hop **)(void *)h->list.data;
}

void hops_release(struct hops *h)
{
    size_t count;
    struct hop **list = all(h, &count);
    for (size_t i = 0; i < count; i++) {
        free((char *)(uintptr_t)list[i]->where);
        buf_wipe(&list[i]->password);
        free(list[i]);
    }
    buf_release(&h->list);
}

struct hop *hops_get(struct hops *h, const char *where)
{
    size_t count;
    struct hop **list = all(h, &count), *hop;
    for (size_t i = count; i > 0; i--)
        if (strcmp(list[i - 1]->where, where) == 0)
            return list[i - 1];
    hop = calloc(1, sizeof *hop);
    char *copy = hop ? strdup(where) : NULL;
    if (!copy || buf_add(&h->list, &hop, sizeof hop)) {
        free(copy);
        free(hop);
        return NULL;
    }
    hop->where = copy;
    buf_init(&hop->password, SECRET_MAX);
    return hop;
}

enum err hops_find(struct hops *h, const struct conf *conf, const char *const *paths, size_t count,
                   struct hop **out, struct why *why)
{
    char where[HOP_SIZE];
    for (size_t i = 0; i < count; i++) {
        enum err e = hop_find(conf, paths[i], where, why);
        if (e)
            return e;
        out[i] = hops_get(h, where);
        if (!out[i])
            return why_set(why, ERR_OS, "out of memory");
    }
    return ERR_NONE;
}
