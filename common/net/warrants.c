#include "net/warrants.h"

#include "net/serve.h"

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

/* FNV-1a. Who finds two paths of one hash has one that he was given. */
static uint64_t hash(struct span path)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < path.n; i++)
        h = (h ^ path.p[i]) * 0x100000001b3;
    h ^= h >> 32;
    return h ? h : 1;
}

void warrants_give(struct warrants *w, struct span lines, const char *marks)
{
    while (lines.n) {
        struct span line = span_take(lines, span_find(lines, '\n'));
        lines = span_skip(lines, line.n + 1);
        if (line.n < 2 || !strchr(marks, line.p[0]))
            continue;
        if (!w->given && !(w->given = calloc(WARRANTS_MAX, sizeof *w->given)))
            return;
        uint64_t h = hash(span_skip(line, 1));
        w->given[h % WARRANTS_MAX] = h;
    }
}

static bool has(const struct warrants *w, struct span path)
{
    uint64_t h = hash(path);
    return w->given && w->given[h % WARRANTS_MAX] == h;
}

bool warrants_have(const struct warrants *w, const char *text)
{
    struct span left = span_str(text);
    bool any = false;
    if (span_find(left, '\n') == left.n && left.n && left.p[0] != '<')
        return has(w, left);
    while (left.n) {
        struct span line = span_take(left, span_find(left, '\n'));
        left = span_skip(left, line.n + 1);
        if (line.n < 3 || line.p[0] != '<')
            continue;
        any = true;
        if (!has(w, span_of(line.p + 1, line.n - 2)))
            return false;
    }
    return any;
}
