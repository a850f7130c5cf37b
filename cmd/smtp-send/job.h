/*
 * One run of smtp-send: what its options say, what is sent, to whom, where, and how it goes.
 */
#ifndef SMTP_SEND_JOB_H
#define SMTP_SEND_JOB_H

#include "by_mx.h"
#include "hops.h"
#include "net/addressees.h"
#include "net/mailbag.h"
#include "net/transfer.h"
#include "store/store.h"
#include "tool/home.h"
#include "tool/secret.h"

/* The options as they were given; NULL and 0 where they were not. */
struct settings {
    char *vrfy, *expn, *oauth;
    char *dsn, *ret, *envid, *by, *mtrk, **orcpts;
    char *atrn, *etrn;
    char *url, *user, *host, *from, *tls, *ca, *helo, *verb, **files;
    char **compatible, *mode, *body_type, *full_name; /* sendmail's -o, -b, -B and -F */
    char **idle_words; /* sendmail's that change nothing here, with a word */
    int idle;          /* and without */
    int headers, dots, stdio, mbox, json, entries, timeout, help_peer, turn, jobs, batch;
    struct secret_source secret;
};

struct job {
    const struct settings *opt;
    struct home home;
    const char *helo;
    char name[256];
    struct hops hops;
    struct hop *only;       /* where every recipient's mail goes; NULL: each his own way */
    struct hop *hop;        /* where the connection is, or is to be */
    unsigned long round;    /* a mail each: which hops have had their turn */
    struct by_mx by_mx;
    char url[USER_LONG_MAX + 1]; /* the hop's; "" where it is a domain */
    char login[USER_TEXT_MAX + 1];
    char from[USER_ADDRESS_MAX + 1];
    bool from_given;
    struct mailbag bag;
    struct addressees to;
    size_t operands;        /* so many of them are the command line's */
    enum sender_verb verb;
    struct delivery delivery;
    char transid[TRANSID_MAX + 1]; /* of delivery */
    struct buf orcpts;      /* of const char *, for each recipient, where any is given */
    enum channel_tls tls;
    struct buf password;
    struct transfer transfer;
    bool connected;
    size_t settled;       /* mails that this connection has brought to their end */
    unsigned barren;      /* connections in a row that have brought none */
    int lock;             /* a file that is locked while results are told; -1: nobody else tells */
    enum err unreachable; /* nobody can be reached at the hop: the first failure to connect */
    struct why reason;
    struct sender_result fault; /* the same for a recipient, where it is settled */
    struct buf line;
    enum err worst;
};

/* Nothing yet; opt must outlive the job. job_release frees. */
void job_init(struct job *j, const struct settings *opt);
/* Ends the connection, frees, and closes the home. */
void job_release(struct job *j);

/* Says that what was given is wrong; gives ERR_USAGE. */
enum err job_usage(const char *what, const char *words);

#endif
