#include "net/warrants.h"

#include "bytes/hash.h"
#include "net/serve.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void warrants_note_login(struct warrants *w)
{
    w->proved[clerk_asker()] = true;
}

bool warrants_may_relay(const struct warrants *w, int connection)
{
    char client[64];
    if (w->stdin_may || w->proved[clerk_asker()])
        return true;
    return w->relay && connection >= 0 && serve_client(connection, client, sizeof client) &&
           networks_have(w->relay, client);
}

/* A path in its chain, and in the ring of them all, oldest first. */
struct warrant {
    char *path;
    uint32_t next; /* its number, from 1 */
};

struct warrants_given {
    struct warrant ring[WARRANTS_MAX];
    uint32_t chains[WARRANTS_MAX]; /* by hash: the youngest's number; 0: empty */
    uint32_t oldest;               /* its index */
};

/* Several threads ask. */
static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;

/* A hash finds the chain; what is compared is the path itself. */
static uint32_t chain_of(struct span path)
{
    uint64_t h = hash_bytes(HASH_START, path.p, path.n);
    return (uint32_t)((h ^ h >> 32) % WARRANTS_MAX);
}

/* Out of its chain. */
static void forget(struct warrants_given *g, uint32_t index)
{
    struct warrant *old = &g->ring[index];
    if (!old->path)
        return;
    uint32_t *at = &g->chains[chain_of(span_str(old->path))];
    while (*at != index + 1)
        at = &g->ring[*at - 1].next;
    *at = old->next;
    free(old->path);
    old->path = NULL;
}

static void add(struct warrants_given *g, struct span path)
{
    char *copy = strndup((const char *)path.p, path.n);
    uint32_t *chain = &g->chains[chain_of(path)];
    if (!copy)
        return;
    forget(g, g->oldest);
    g->ring[g->oldest] = (struct warrant){copy, *chain};
    *chain = g->oldest + 1;
    g->oldest = (g->oldest + 1) % WARRANTS_MAX;
}

static void give(struct warrants *w, struct span path)
{
    if (!w->given)
        w->given = calloc(1, sizeof *w->given);
    if (w->given)
        add(w->given, path);
}

void warrants_give(struct warrants *w, struct span lines, const char *marks)
{
    pthread_mutex_lock(&looking);
    while (lines.n) {
        struct span line = span_take(lines, span_find(lines, '\n'));
        lines = span_skip(lines, line.n + 1);
        if (line.n > 1 && strchr(marks, line.p[0]))
            give(w, span_skip(line, 1));
    }
    pthread_mutex_unlock(&looking);
}

/* take: and from now on it has not. */
static bool has(const struct warrants *w, struct span path, bool take)
{
    uint32_t n = 0;
    pthread_mutex_lock(&looking);
    if (w->given)
        for (n = w->given->chains[chain_of(path)]; n; n = w->given->ring[n - 1].next)
            if (span_eq(path, span_str(w->given->ring[n - 1].path)))
                break;
    if (n && take)
        forget(w->given, n - 1);
    pthread_mutex_unlock(&looking);
    return n != 0;
}

/* The next path in brackets; empty, and so nobody's, where they are not closed. */
static bool next_path(struct span *left, struct span *path)
{
    while (left->n) {
        struct span line = span_take(*left, span_find(*left, '\n'));
        *left = span_skip(*left, line.n + 1);
        if (!line.n || line.p[0] != '<')
            continue;
        *path = line.n < 3 ? span_of(NULL, 0) : span_of(line.p + 1, line.n - 2);
        return true;
    }
    return false;
}

bool warrants_have(const struct warrants *w, const char *text)
{
    struct span left = span_str(text), path;
    bool any = false;
    if (span_find(left, '\n') == left.n && left.n && left.p[0] != '<')
        return has(w, left, false);
    while (next_path(&left, &path)) {
        any = true;
        if (!has(w, path, false))
            return false;
    }
    return any;
}

enum { NOTICE_MAX = 2 * PATH_MAX_OCTETS + 32 };

/* "WORKER sender\npath", which no path is: none has a line's end. Empty: it is too long. */
static struct span notice(char out[NOTICE_MAX], const char *sender, struct span path)
{
    int n = path.n > PATH_MAX_OCTETS ? NOTICE_MAX
                                     : snprintf(out, NOTICE_MAX, "%u %s\n%.*s", clerk_asker(),
                                                sender, (int)path.n, (const char *)path.p);
    return n < NOTICE_MAX ? span_of(out, (size_t)n) : span_of(NULL, 0);
}

void warrants_give_notice(struct warrants *w, const char *sender, const char *path)
{
    char text[NOTICE_MAX];
    struct span all = notice(text, sender, span_str(path));
    pthread_mutex_lock(&looking);
    if (all.n)
        give(w, all);
    pthread_mutex_unlock(&looking);
}

bool warrants_take_notice(struct warrants *w, const char *sender, const char *text)
{
    struct span left = span_str(text), path;
    char one[NOTICE_MAX];
    bool any = false;
    while (next_path(&left, &path)) {
        any = true;
        if (!path.n || !has(w, notice(one, sender, path), true))
            return false;
    }
    return any;
}

void warrants_release(struct warrants *w)
{
    for (uint32_t i = 0; w->given && i < WARRANTS_MAX; i++)
        free(w->given->ring[i].path);
    free(w->given);
    w->given = NULL;
}
