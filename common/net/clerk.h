/*
 * The clerk: who answers the questions of the process that reads the network.
 *
 * That process (the worker) has no database and no key; it asks over a socket pair, and the clerk,
 * another process of another uid, answers. Where one user plays both, the same call goes straight
 * to the answering function. A question is a fixed struct in one packet, cut off behind the text
 * that ends it: nothing is parsed.
 */
#ifndef NET_CLERK_H
#define NET_CLERK_H

#include "smtp/receiver.h"

enum { CLERK_TEXT_MAX = 32768, CLERK_QUESTION_MAX = 4096 };

enum clerk_kind {
    CLERK_RECIPIENT, /* text is the forward-path without brackets; where the peer may relay by its
                      * address, the connection comes along */
    CLERK_VERIFY,    /* text is VRFY's argument */
    CLERK_EXPAND,    /* text is EXPN's argument */
    CLERK_EXEC,      /* text is the forward-path; a descriptor of the mail comes along */
    CLERK_FLUSH,     /* text is ETRN's domain */
    CLERK_SALT,      /* text is who wants to log in; the answer's text "ITERATIONS SALT" */
    CLERK_PROVE,     /* text is his name, the proof and SCRAM's AuthMessage, a line each; the
                      * answer's text the signature; verdict RECIPIENT_REFUSED: wrong */
    CLERK_QUEUE,     /* text is <path>s, a line each, to relay to, and wishes (net/wishes.h); the
                      * same */
    CLERK_NOTICE,    /* text is wishes, of what is to be told of whom to the sender; the mail, or
                      * its header, comes along: RECIPIENT_OK, it is in the queue. The paths are
                      * those of CLERK_RECIPIENTs of the same sender, with notice */
    CLERK_ACTIVE,    /* text is a user of the machine: RECIPIENT_OK if a terminal of his takes
                      * messages, else RECIPIENT_INACTIVE */
    CLERK_SHOW,      /* text is the code of whose terminals the mail that comes along is for;
                      * RECIPIENT_INACTIVE, or RECIPIENT_REJECTED: it does not fit on them */
    CLERK_OFFRAMP,   /* text is the path of a FAX= address; the mail comes along */
    CLERK_TURN,      /* text is a list of domains, or empty; sender is who asks for their mail */
};

struct clerk_question {
    enum clerk_kind kind;
    uint8_t local; /* CLERK_RECIPIENT: not 0: the domain is ours; 0: the peer may relay */
    uint8_t relay; /* CLERK_RECIPIENT: not 0: the peer may relay */
    uint8_t notice; /* CLERK_RECIPIENT: not 0: CLERK_NOTICE may follow, once, about him */
    uint8_t verb;  /* CLERK_RECIPIENT, CLERK_SHOW: an enum receiver_verb */
    char sender[PATH_MAX_OCTETS + 1];
    char text[CLERK_QUESTION_MAX]; /* the last: what is behind its NUL is not sent */
};

struct clerk_answer {
    enum receiver_verdict verdict; /* of all but CLERK_VERIFY and CLERK_EXPAND */
    unsigned code;                 /* CLERK_VERIFY, CLERK_EXPAND: 250, 252, 550, 551, 553;
                                    * CLERK_FLUSH: 250, 458, 459;
                                    * CLERK_TURN: 250, 450 not his, 451 */
    int channel;                   /* CLERK_TURN, 250: whom the peer then speaks with
                                    * (net/turned.h), the asker's to close; else -1 */
    char text[CLERK_TEXT_MAX];     /* CLERK_RECIPIENT: the mailboxes, a line each; else the
                                    * reply. The last, as in a question */
};

/*
 * Answers q into a, which is all zero, channel -1, but for the bytes behind text's first. mail is
 * the descriptor that came along, else -1; the caller closes it. q's strings are terminated, and
 * otherwise whatever the worker chose to send.
 */
typedef void clerk_fn(void *arg, const struct clerk_question *q, int mail,
                      struct clerk_answer *a);

/* How to reach the clerk. Zero it and set fn and arg, or fd. */
struct clerk {
    clerk_fn *fn; /* in this process; NULL: over fd */
    void *arg;
    int fd; /* the worker's end of clerk_pair */
    bool quick; /* nobody else asks over fd, and no question but CLERK_EXEC, CLERK_QUEUE,
                 * CLERK_NOTICE and the log-ins takes its time: clerk_ask_quick may be tried */
    /* Another number after every change of what answers about recipients rest on; 0, or NULL
     * here: nobody can tell. Mailboxes once named are remembered, for a second at most. */
    uint64_t (*version)(void *arg);
    void *version_arg;
};

/* A socket pair for a worker and its clerk. ERR_OS. */
enum err clerk_pair(int fds[2], struct why *why);

/*
 * Asks and waits for the answer; mail is a descriptor to go along, or -1. Callable by several
 * threads: one question is out at a time, but for CLERK_EXEC, CLERK_QUEUE, CLERK_NOTICE and
 * CLERK_OFFRAMP, which fn must bear at the same time as others. ERR_UNAVAILABLE: the clerk has
 * gone.
 */
enum err clerk_ask(const struct clerk *clerk, const struct clerk_question *q, int mail,
                   struct clerk_answer *a, struct why *why);

/*
 * Asks like clerk_ask where the answer comes at once: it is remembered, or the clerk is quick and
 * nobody's question is out. False: it is not, or has gone; nothing was asked that clerk_ask may
 * not ask again.
 */
bool clerk_ask_quick(const struct clerk *clerk, const struct clerk_question *q, int mail,
                     struct clerk_answer *a);

/* While an answer is made, in its thread: whose question it is, an index of clerk_serve's fds; 0
 * where the worker is the clerk. */
enum { CLERK_ASKERS_MAX = 64, CLERK_SLOW_MAX = 64 };
unsigned clerk_asker(void);

/* The worker behind fds[i] of clerk_serve has gone. */
typedef void clerk_gone_fn(void *arg, unsigned i);

/*
 * The clerk's life: answers what comes in on the count descriptors until all of their other ends
 * are closed; gone (which may be NULL) is called for each. fn is called by one thread, but for
 * CLERK_EXEC, CLERK_QUEUE, CLERK_NOTICE and CLERK_OFFRAMP: each of these has a thread of its own,
 * so that nobody waits for another's command; CLERK_SLOW_MAX of a worker at once, what is over
 * that is RECIPIENT_LATER. They are waited for in the end, but not after an error: then fn, arg and
 * the process may still be theirs. ERR_OS; ERR_PROTOCOL: a worker sent something that is no
 * question, which it never does by itself.
 */
enum err clerk_serve(const int fds[], unsigned count, clerk_fn *fn, void *arg, clerk_gone_fn *gone,
                     void *gone_arg, struct why *why);

#endif
