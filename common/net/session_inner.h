/*
 * A session from within: between net/session.c and net/restart.c, for nobody else.
 */
#ifndef NET_SESSION_INNER_H
#define NET_SESSION_INNER_H

#include "net/checkpoint.h"
#include "net/session.h"

/* A question to the clerk, which idle sessions need no memory for. */
struct asked {
    struct clerk_question question;
    struct clerk_answer answer;
};

struct session {
    const struct session_host *host;
    struct receiver_options options;
    char *client;
    int channel; /* -1: none that has an address */
    struct receiver receiver;
    struct receiver_event event;
    struct tls *tls;
    bool handshake; /* TLS is on and not yet ready */
    bool greet;     /* 220 is due after it */
    bool ended, broken;
    struct buf in;  /* opened bytes, the machine's while it has not asked for more */
    struct buf out; /* as it goes over the channel */
    char sender[PATH_MAX_OCTETS + 1];
    struct mail_parameters asked_for;
    struct envelope envelope;
    void *mail;
    void *delivered; /* a mail that is acknowledged: freed once the reply is out */
    bool prepared;   /* mail is */
    struct checkpoint *checkpoint; /* of a mail with TRANSID; NULL: none */
    uint8_t *replay;               /* what is kept of it goes through this; NULL: it does not */
    /* The work at hand and its outcome. */
    enum receiver_event_kind work;
    struct asked *asked; /* NULL: nothing is */
    struct login *login;
    struct turned turned; /* where a turned connection leads */
    enum receiver_verdict verdict;
    enum receiver_verdict *verdicts;
    /* The rate of mail data. */
    int64_t window;
    uint64_t in_window;
    /* Reads of mail data, handshakes done; and what session_progressed last counted. */
    uint64_t steps, progress;
};

/* Notes an accepted recipient; false when there is no memory for it. orcpt may be NULL. */
bool session_accept(struct envelope *e, const char *path, const char *mailboxes, bool local,
                    unsigned notify, const char *orcpt);

/* With these wishes there may be something to tell, or to know, of who has a mail. */
bool session_tells(unsigned notify, const struct mail_parameters *mail);

/* The acknowledged mail is done with. */
void session_drop_delivered(struct session *s);

#endif
