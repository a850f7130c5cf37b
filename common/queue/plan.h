/*
 * What a run of the queue has before it: for each next hop the entries that go there, in the
 * order of their arrival. An entry whose recipients go by several hops stands with each.
 */
#ifndef QUEUE_PLAN_H
#define QUEUE_PLAN_H

#include "queue/attempt.h"
#include "queue/host.h"

struct plan_entry {
    char id[QUEUE_ID_SIZE];
    int64_t until; /* of the hops that are down, the first one's time to be tried */
    unsigned hops; /* at which it still has to be tried in this run */
    bool busy;     /* one of them has it just now */
    bool tried;    /* one of them has had it */
    bool partial;  /* some of its recipients are not asked for */
};

struct plan_hop {
    char *name; /* as attempt_hop has it; "" for those who go nowhere */
    struct buf waiting; /* of uint32_t, numbers of entries; those before `at` have been taken */
    size_t at;
    bool active; /* a lane leads there */
    bool done;
    struct queue_host host;
};

struct plan {
    struct buf entries; /* of struct plan_entry */
    struct buf hops;    /* of struct plan_hop * */
    void *names;        /* the hops by their names, as tsearch(3) has it */
};

/* Nothing; plan_release frees. */
void plan_init(struct plan *p);
/* Frees all. */
void plan_release(struct plan *p);

/*
 * Adds an entry that was read, to the hops of all of its recipients who are asked for. ERR_NO:
 * there are none. ERR_OS.
 */
enum err plan_add(struct plan *p, const struct attempt *a, struct queue_entry *entry,
                  struct why *why);

/* The hops, and an entry; the entry's place holds until the next plan_add. */
size_t plan_hops(const struct plan *p);
struct plan_hop *plan_hop(const struct plan *p, size_t n);
struct plan_entry *plan_entry(const struct plan *p, uint32_t n);

/*
 * Takes the next of the hop's entries that is not busy. ERR_NO: there is none any more. ERR_AGAIN:
 * all that are left are busy.
 */
enum err plan_take(const struct plan *p, struct plan_hop *hop, struct plan_entry **entry);

#endif
