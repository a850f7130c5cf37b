#include "spool/flush.h"

#include "tool/io.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* A thread costs some 20 us; flushes that take much longer are better waited for together. */
enum { SLOW_NS = 200000, THREADS_MAX = 64, STACK = 65536 };

struct queue {
    struct flushed *list;
    size_t count, next;
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* How long the last flush took: the next will take much the same. */
static int64_t took;

static void flush_one(struct flushed *f)
{
    int64_t begin = now_ns();
    f->err = io_sync(f->fd, &f->why);
    __atomic_store_n(&took, now_ns() - begin, __ATOMIC_RELAXED);
}

static void *flush_rest(void *arg)
{
    struct queue *q = arg;
    size_t i;
    while ((i = __atomic_fetch_add(&q->next, 1, __ATOMIC_RELAXED)) < q->count)
        flush_one(&q->list[i]);
    return NULL;
}

/* As many threads as there are; where one cannot be had, there is one less. */
static void side_by_side(struct queue *q)
{
    pthread_t threads[THREADS_MAX];
    pthread_attr_t attr;
    size_t started = 0;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    while (started < THREADS_MAX && started + q->next + 1 < q->count &&
           pthread_create(&threads[started], &attr, flush_rest, q) == 0)
        started++;
    flush_rest(q);
    while (started)
        pthread_join(threads[--started], NULL);
    pthread_attr_destroy(&attr);
}

void spool_flush(struct flushed list[], size_t count)
{
    struct queue q = {list, count, 0};
    while (q.next < count &&
           (count - q.next == 1 || __atomic_load_n(&took, __ATOMIC_RELAXED) < SLOW_NS))
        flush_one(&list[q.next++]);
    if (q.next < count)
        side_by_side(&q);
}
