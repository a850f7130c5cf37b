#include "queue/owed.h"

#include "queue/hop.h"

#include <time.h>

struct search {
    const struct queue *q;
    const char *domains;
    int64_t now;
    bool found;
};

/* ERR_NO ends the search. */
static enum err look(void *arg, const char *id)
{
    struct search *s = arg;
    struct queue_entry entry;
    queue_entry_init(&entry);
    if (!queue_read(s->q, id, &entry, NULL) && !entry.held && entry.at <= s->now)
        for (size_t i = 0; i < queue_count(&entry) && !s->found; i++)
            s->found = hop_is_of(queue_recipient(&entry, i)->path, s->domains);
    queue_entry_release(&entry);
    return s->found ? ERR_NO : ERR_NONE;
}

bool queue_owes(const struct queue *q, const char *domains)
{
    struct search s = {q, domains, (int64_t)time(NULL), false};
    queue_each(q, look, &s, NULL);
    return s.found;
}
