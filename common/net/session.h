/*
 * One SMTP session without its channel: the receiver machine, TLS, the questions to the clerk and
 * the delivery of mail, joined. Whoever has a channel (net/serve.h, net/listener.h) moves bytes.
 *
 *     session_received    bytes from the peer
 *     session_run         what is to be done next
 *     session_output      bytes for the peer; session_sent says how many went
 */
#ifndef NET_SESSION_H
#define NET_SESSION_H

#include "net/login.h"
#include "net/tls.h"
#include "net/turned.h"
#include "smtp/receiver.h"

/* A mail about to be delivered. */
struct envelope {
    const char *sender; /* without brackets, "" for <> */
    size_t count;
    struct envelope_recipient {
        char *path;      /* the forward-path without brackets */
        char *mailboxes; /* what the clerk said: a line each */
        unsigned notify; /* of enum notify; 0: unsaid */
        char *orcpt;     /* as it came, in xtext; NULL: none */
        bool local;      /* the question to the clerk about him said so */
    } *recipients;
    const struct mail_parameters *mail; /* what was asked for it, as it came, without solicit */
    int64_t by;                         /* the second by which, where BY was */
};

/* How a mail is to be committed. */
enum delivery_way {
    DELIVERY_ALONE,    /* by itself: it may take any time */
    DELIVERY_TOGETHER, /* with others that wait for the same disk: commit_all */
    DELIVERY_AT_ONCE,  /* it waits for nothing */
};

/* A mail of a batch: what goes in and comes out as with commit. */
struct delivery_commit {
    void *mail;
    enum receiver_verdict *verdicts;
    enum err err;
    struct why why;
};

/* Where mail goes: into maildirs, a command, an mbox. commit and commit_all may be called by
 * several threads, each with other mails; the others wait for nothing. */
struct delivery_method {
    /* Begins *mail. envelope lives as long as the mail. Errors: ERR_CREATE, ERR_IO, ERR_OS. */
    enum err (*begin)(void *arg, const struct envelope *envelope, void **mail, struct why *why);
    /* A name for the Received field, or NULL. */
    const char *(*id)(void *mail);
    enum err (*write)(void *mail, struct span piece, struct why *why);
    /* Makes it durable; a verdict per recipient. What it says has happened is on disk. */
    enum err (*commit)(void *mail, enum receiver_verdict verdicts[], struct why *why);
    /* How, once all is written. NULL: always DELIVERY_ALONE. */
    enum delivery_way (*way)(void *mail);
    /* NULL: way never says DELIVERY_TOGETHER. */
    void (*commit_all)(struct delivery_commit list[], size_t count);
    /* Does ahead of the first write what commit would do; may be NULL, need not be called. */
    void (*prepare)(void *mail);
    /* Clears away what commit_all has left behind; may be NULL. free does it as well. */
    void (*tidy)(void *mail);
    /* In every case the last call; without a successful commit nothing stays. */
    void (*free)(void *mail);
};

/* What all sessions share; outlives them. */
struct session_host {
    struct receiver_options options; /* client, relay and tls_on are set per session */
    struct clerk clerk;
    login_prove_fn *prove; /* for AUTH; with options.auth */
    const struct delivery_method *method;
    void *method_arg;
    const char *checkpoints; /* the directory for them, with OFFER_CHECKPOINT */
    const struct tls_server *tls; /* NULL: none */
    bool implicit_tls;            /* TLS from the first byte */
};

enum session_state {
    SESSION_READ,  /* send the output; more bytes are needed */
    SESSION_FLUSH, /* send all of the output, then run again */
    SESSION_WORK,  /* session_work, perhaps in another thread; then session_resume, then run */
    SESSION_COMMIT, /* the same with session_commit, which takes many sessions */
    SESSION_PEEK,  /* STARTTLS: session_starttls, then run */
    SESSION_TURNED, /* send the output; then session_turn, and the session is over */
    SESSION_CLOSE, /* send the output and close */
};

struct session;

/* client as in receiver_options, copied; relay: it may name foreign recipients. ERR_OS. */
enum err session_open(const struct session_host *host, const char *client, bool relay,
                      struct session **session, struct why *why);
void session_free(struct session *s);

/* Says 220; under implicit TLS once the handshake is done. */
void session_greet(struct session *s);

/*
 * Gives bytes of the peer; now_ms is any steady clock's time. Only while session_run says
 * SESSION_READ, and at most SESSION_INPUT bytes at once.
 */
enum { SESSION_INPUT = 65536 };
void session_received(struct session *s, struct span bytes, int64_t now_ms);

/*
 * Since the last call a command has been carried out, mail data has come or a handshake has
 * ended: the peer's time starts anew. Bytes alone are no progress, or a byte now and then would
 * keep a connection for ever.
 */
bool session_progressed(struct session *s);

/* The peer sends no more. */
void session_ended(struct session *s);

/* Goes on until something is to be done from outside. */
enum session_state session_run(struct session *s);

/* The blocking part of SESSION_WORK: questions and disk. Nothing else of s is called meanwhile. */
void session_work(struct session *s);
/* The blocking part of SESSION_COMMIT: the mails of count sessions, of one host, become durable
 * together. Nothing else of them is called meanwhile. */
void session_commit(struct session *const sessions[], size_t count);
/* Clears away what session_commit has left, in its thread; else that is done behind the reply. */
void session_tidy(struct session *const sessions[], size_t count);
/* Nothing is to be done until bytes come: what can be done ahead for the mail that will. */
void session_prepare(struct session *s);
/* After either of them. */
void session_resume(struct session *s);

/* early: bytes were there before the 220 was sent. */
void session_starttls(struct session *s, bool early);

/* For this session ATRN is on. */
void session_offer_atrn(struct session *s);

/* After SESSION_TURNED, when all output has gone: the channel and whom it now leads to are t's,
 * for turned_pump or turned_release. */
void session_turn(struct session *s, struct turned *t);

/* The descriptor of its channel, while that is open, for the clerk to see whose address it has. */
void session_channel(struct session *s, int fd);

/* Between MAIL and the reply to the end of that mail. */
bool session_in_mail(const struct session *s);

/* Ends it from outside, with a reply. Not during SESSION_WORK. */
void session_drop(struct session *s, enum receiver_drop reason);

/* What is to go to the peer, and how much of it has gone. */
struct span session_output(const struct session *s);
void session_sent(struct session *s, size_t n);

/* How it went: ERR_NONE, or ERR_PROTOCOL when the peer went away within a mail. */
enum err session_result(const struct session *s);
/* For batches: whether the input ended between MAIL and the end of that mail. */
bool session_unfinished(const struct session *s);
/* receiver_worst_reply's, for batches. */
unsigned session_worst_reply(const struct session *s);

#endif
