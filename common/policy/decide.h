/*
 * What happens to a mail: the flow chart of FIG. 5 as one function. `fuser explain`, fax-autorecv
 * and smtp-recv's clerk all ask here, so that what is explained is what is done.
 */
#ifndef POLICY_DECIDE_H
#define POLICY_DECIDE_H

#include "bytes/err.h"
#include "policy/user.h"

enum mail_kind { KIND_TEXT, KIND_FAX, KIND_MIXED }; /* only text; only images; both */

/* Where the mail waits now. */
enum mail_source {
    SOURCE_POLLED, /* in the user's mailbox, on a server */
    SOURCE_PUSHED, /* in new/, where smtp-recv put it */
};

/* What makes us look. */
enum mail_occasion {
    OCCASION_AUTOMATIC, /* fax-autorecv for all users */
    OCCASION_MANUAL,    /* the user himself, with his password: fax-autorecv --user */
    OCCASION_SENT,      /* check-on-send, after a transmission (S49) */
};

/* A row of `fuser sender set`. What a row does not say (-1) the user's column says. */
struct sender_rule {
    int auto_print; /* 0, 1, -1 */
    int text_mail;  /* 0, 1, -1 */
    bool refuse;
};

enum mail_action {
    ACTION_STAY,   /* not downloaded; stays where it is */
    ACTION_WAIT,   /* the spool is full: stays until there is room */
    ACTION_REFUSE, /* its sender is refused: never taken; stays on the server */
    ACTION_PRINT,  /* taken and printed at once */
    ACTION_HOLD,   /* taken and held, confidential, for its days */
    ACTION_FOLLOW, /* taken and passed on to the user's follow address */
};

struct mail_case {
    const struct user *user;
    const struct sender_rule *rule; /* NULL: no row for this sender */
    enum mail_kind kind;
    enum mail_source source;
    enum mail_occasion occasion;
    bool spool_full;     /* over spool-limit */
    bool can_encrypt;    /* there is an encryption row other than `none` for the follow address */
};

/* One sentence of the explanation. step is "S22" and so on, or "" for what is beyond FIG. 5. */
struct step {
    const char *step;
    char text[160];
};

enum { STEPS_MAX = 16 };

struct decision {
    enum mail_action action;
    int days;        /* of ACTION_HOLD */
    int notice;      /* enum notice, of ACTION_HOLD: how the user is told */
    int on_expiry;   /* enum on_expiry, of ACTION_HOLD */
    bool keep;       /* of what is downloaded: stays on the server too */
    bool encrypt;    /* of ACTION_FOLLOW: only encrypted */
    int steps;
    struct step step[STEPS_MAX];
};

/* Decides. Every case has an answer; nothing fails. */
void decide(const struct mail_case *c, struct decision *d);

/* "stay", "wait", "refuse", "print", "hold", "follow". */
const char *action_name(enum mail_action action);

/* "text", "fax", "mixed"; "polled", "pushed"; "automatic", "manual", "sent". False: none of
 * them. */
bool kind_of(struct span name, enum mail_kind *kind);
bool source_of(struct span name, enum mail_source *source);
bool occasion_of(struct span name, enum mail_occasion *occasion);
/* All three into c, where they are not NULL. ERR_USAGE: none of them, and which. */
enum err case_words(struct mail_case *c, const char *kind, const char *source,
                    const char *occasion, struct why *why);

/*
 * Claims 5 and 10: 0 for users who are served first (automatic reception and printing), 1 for
 * the others with automatic reception, 2 for those who are passed over.
 */
int user_priority(const struct user *u);

/* What smtp-recv does at RCPT, when the mail's kind is not known yet. */
enum admission {
    ADMIT,
    ADMIT_LATER,  /* 452 4.2.2: the spool is full, and this would have to be held */
    ADMIT_REFUSE, /* 550 5.7.1: the user refuses this sender */
};
/* rule may be NULL. */
enum admission decide_admission(const struct user *u, const struct sender_rule *rule,
                                bool spool_full);

/*
 * How well a sender pattern fits an address: 3 the address itself, 2 the fax number of a FAX=
 * address, 1 its @domain, 0 not at all. Letters whatever their case. "" as address (a notice's
 * sender) fits only the pattern "<>".
 */
int sender_match(struct span pattern, struct span address);

/* A rule from words, "on", "off" or NULL. ERR_USAGE: other words, or nothing is set. */
enum err sender_words(struct sender_rule *rule, const char *auto_print, const char *text_mail,
                      bool refuse, struct why *why);

/* Writes the normal form (trimmed) of a pattern into out[n]: an address, @domain, a fax number,
 * or "<>". False: it is none of them. */
bool sender_pattern(struct span text, char *out, size_t n);

/* The number in a FAX= local part ("FAX=+81751234567/T33S=9@host" gives +81751234567), empty
 * when the address is none. Points into address. */
struct span fax_number_of(struct span address);

#endif
