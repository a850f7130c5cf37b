/*
 * One try of an entry: smtp-send is run for each next hop, and says what became of whom.
 */
#ifndef QUEUE_ATTEMPT_H
#define QUEUE_ATTEMPT_H

#include "queue/queue.h"
#include "tool/conf.h"

enum fate { FATE_UNTRIED = 0, FATE_SENT, FATE_DEFERRED, FATE_FAILED };

struct attempt {
    const char *sender; /* smtp-send's path or name */
    const struct conf *conf;
    const char *domain; /* recipients of this domain alone; NULL: all */
    int mail;           /* queue_lock's descriptor, which smtp-send reads and keeps locked */
    bool tried;         /* out: somebody was */
};

/*
 * Tries all recipients and fills fates, one for each, and their last words in entry. ERR_OS,
 * ERR_UNAVAILABLE: smtp-send could not be run, and nobody was tried.
 */
enum err attempt_all(struct attempt *a, struct queue_entry *entry, enum fate *fates,
                     struct why *why);

#endif
