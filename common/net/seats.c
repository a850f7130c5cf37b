#include "net/seats.h"

#include "tool/diag.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ANY_NUMBER = 1 << 16 }; /* more than a process has descriptors */

struct seat {
    _Atomic uint32_t owner;  /* 0: free */
    _Atomic uint32_t unused;
    _Atomic uint64_t client; /* a keyed hash; 0: none */
};

struct seats {
    uint64_t key;
    uint32_t room, max, max_per_client;
    _Atomic uint32_t used; /* no seat from here on has ever been taken */
    struct seat seat[];
};

enum err seats_make(unsigned max, unsigned max_per_client, int *fd, struct why *why)
{
    struct seats head = {.room = max && max < ANY_NUMBER ? max : ANY_NUMBER,
                         .max = max,
                         .max_per_client = max_per_client};
    off_t size = (off_t)(sizeof head + (size_t)head.room * sizeof(struct seat));
    if (getrandom(&head.key, sizeof head.key, 0) != sizeof head.key)
        return why_errno(why, ERR_OS, "random numbers");
    *fd = memfd_create("seats", MFD_CLOEXEC);
    if (*fd < 0 || ftruncate(*fd, size) != 0 ||
        pwrite(*fd, &head, sizeof head, 0) != (ssize_t)sizeof head) {
        enum err e = why_errno(why, ERR_OS, "shared memory");
        if (*fd >= 0)
            close(*fd);
        return e;
    }
    return ERR_NONE;
}

static size_t size_of(const struct seats *s)
{
    return sizeof *s + (size_t)s->room * sizeof s->seat[0];
}

enum err seats_map(int fd, struct seats **seats, struct why *why)
{
    struct stat st;
    void *at = MAP_FAILED;
    if (fstat(fd, &st) == 0 && (size_t)st.st_size >= sizeof(struct seats))
        at = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return why_errno(why, ERR_OS, "shared memory");
    *seats = at;
    if (size_of(*seats) != (size_t)st.st_size) {
        munmap(at, (size_t)st.st_size);
        return why_set(why, ERR_OS, "shared memory of another version");
    }
    return ERR_NONE;
}

void seats_unmap(struct seats *seats)
{
    if (seats)
        munmap(seats, size_of(seats));
}

/* FNV-1a from a key that no client knows, and then mixed: a stranger cannot choose to be taken
 * for another. */
static uint64_t hash(uint64_t key, const char *client)
{
    uint64_t h = key ^ 0xcbf29ce484222325;
    if (!*client)
        return 0;
    for (; *client; client++)
        h = (h ^ (uint8_t)*client) * 0x100000001b3;
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9;
    h ^= h >> 32;
    return h ? h : 1;
}

/* The first free seat. */
static bool sit_down(struct seats *s, uint32_t owner, uint64_t client, unsigned *seat)
{
    for (uint32_t i = 0; i < s->room; i++) {
        uint32_t nobody = 0;
        if (atomic_load(&s->seat[i].owner) ||
            !atomic_compare_exchange_strong(&s->seat[i].owner, &nobody, owner))
            continue;
        atomic_store(&s->seat[i].client, client);
        uint32_t used = atomic_load(&s->used);
        while (used < i + 1 && !atomic_compare_exchange_weak(&s->used, &used, i + 1))
            continue;
        *seat = i;
        return true;
    }
    return false;
}

bool seats_take(struct seats *seats, uint32_t owner, const char *client, unsigned *seat)
{
    uint64_t who = hash(seats->key, client);
    uint32_t taken = 0, same = 0;
    if (!sit_down(seats, owner, who, seat))
        return false;
    uint32_t used = atomic_load(&seats->used);
    for (uint32_t i = 0; i < used; i++) {
        if (!atomic_load(&seats->seat[i].owner))
            continue;
        taken++;
        same += who && atomic_load(&seats->seat[i].client) == who;
    }
    if ((!seats->max || taken <= seats->max) &&
        (!seats->max_per_client || same <= seats->max_per_client))
        return true;
    seats_leave(seats, owner, *seat);
    return false;
}

void seats_leave(struct seats *seats, uint32_t owner, unsigned seat)
{
    if (atomic_load(&seats->seat[seat].owner) != owner)
        return; /* it has been swept */
    atomic_store(&seats->seat[seat].client, 0);
    atomic_compare_exchange_strong(&seats->seat[seat].owner, &owner, 0);
}

uint32_t seats_owner(unsigned generation, unsigned worker)
{
    return (generation & 0x7fff) << 16 | (worker & 0xffff);
}

void seats_pass(struct seats *seats, uint32_t owner, unsigned seat, uint32_t to)
{
    atomic_compare_exchange_strong(&seats->seat[seat].owner, &owner, to);
}

/* A worker's has this bit clear. */
static const uint32_t alone = 0x80000000;

uint32_t seats_owner_alone(pid_t pid)
{
    return alone | (uint32_t)pid;
}

/* Of another user he may be out of reach, but he is there. */
static bool is_dead(uint32_t owner)
{
    return (owner & alone) && kill((pid_t)(owner & ~alone), 0) != 0 && errno == ESRCH;
}

void seats_sweep(int fd, unsigned generation, unsigned worker)
{
    const uint32_t whose = seats_owner(generation, worker), mask = worker ? ~0u : 0xffff0000;
    struct seats *s;
    struct why why = {""};
    if (seats_map(fd, &s, &why))
        return;
    uint32_t used = atomic_load(&s->used);
    for (uint32_t i = 0; i < used && i < s->room; i++) {
        uint32_t has = atomic_load(&s->seat[i].owner);
        if (has && ((has & mask) == whose || is_dead(has)))
            atomic_compare_exchange_strong(&s->seat[i].owner, &has, 0);
    }
    seats_unmap(s);
}

unsigned seats_taken(const struct seats *seats)
{
    unsigned taken = 0;
    uint32_t used = atomic_load(&seats->used);
    for (uint32_t i = 0; i < used && i < seats->room; i++)
        taken += atomic_load(&seats->seat[i].owner) != 0;
    return taken;
}
