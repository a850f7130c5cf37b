/*
 * One try of an entry: smtp-send is run for each next hop, and says what became of whom.
 */
#ifndef QUEUE_ATTEMPT_H
#define QUEUE_ATTEMPT_H

#include "queue/queue.h"
#include "tool/conf.h"

enum fate { FATE_UNTRIED = 0, FATE_SENT, FATE_DEFERRED, FATE_FAILED };

/*
 * One mail over a connection that is open already, to the count recipients whose replies go into
 * code, enhanced, text, dsn and in_time of each, who all want the same notices, and how it went, as an exit status of smtp-send's, into
 * statuses. mail is the descriptor of queue_lock, at any place. A failure: nobody was tried;
 * ERR_PIPE: nor can anybody be any more.
 */
typedef enum err attempt_give_fn(void *arg, const struct queue_entry *entry, int mail,
                                 struct queue_recipient *const to[], int statuses[], size_t count,
                                 struct why *why);

struct attempt {
    const char *sender; /* smtp-send's path or name */
    const struct conf *conf;
    const char *domain; /* recipients of these domains alone, as hop_is_of has them; NULL: all */
    attempt_give_fn *give; /* instead of smtp-send and of every hop; NULL: smtp-send */
    void *give_arg;
    int64_t now;
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
