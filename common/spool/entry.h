/*
 * File names of the spool, and the walk over them: what spool.c and move.c share.
 */
#ifndef SPOOL_ENTRY_H
#define SPOOL_ENTRY_H

#include "spool/spool.h"

struct spool {
    char code[SPOOL_CODE_MAX + 1];
    char dir[HOME_PATH_MAX];  /* spool/CODE */
    char lock[HOME_PATH_MAX]; /* db/CODE.lock */
    int lock_fd;              /* opened by us, or -1 */
    bool locked;
};

enum { ENTRY_NAME_MAX = 255, ENTRY_PATH_MAX = HOME_PATH_MAX + ENTRY_NAME_MAX + 8 };

/* A file: its mail as told by this one name. */
struct entry {
    struct spool_mail mail;
    bool in_cur;
    char name[ENTRY_NAME_MAX + 1];
};

/* The name in cur/ of a held mail. */
void entry_held_name(const char *id, int64_t until, bool undecodable,
                     char out[ENTRY_NAME_MAX + 1]);

/* Of two names of one ID, whether a counts and not b. */
bool entry_outranks(const struct entry *a, const struct entry *b);

/* spool/CODE/SUB/NAME; name may be "". Always fits. */
void entry_path(const struct spool *s, bool in_cur, const char *name, char out[ENTRY_PATH_MAX]);

/*
 * Calls see for every regular file of new/ and cur/ whose name is one of ours; see returns
 * anything but ERR_NONE to end the walk with that. new/ is passed over where it may not be read.
 */
enum err entry_walk(const struct spool *s, enum err (*see)(void *context, const struct entry *e),
                    void *context, struct why *why);

/* All names of one mail, the one that counts first. More than this many are found by looking
 * again once these are gone. */
struct entries {
    size_t count;
    struct entry list[8];
};

/* ERR_DATA: not an ID. ERR_NO_INPUT: no such mail. */
enum err entry_find(const struct spool *s, const char *id, struct entries *found, struct why *why);

#endif
