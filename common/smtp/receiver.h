/*
 * The receiver-SMTP of RFC 821 and 5321 as a pure machine; also LMTP's (RFC 2033).
 *
 * Bytes of the peer go in by receiver_push; receiver_next tells, one after another, what is to be
 * done; replies gather in receiver_output and are sent by the caller, at the latest at
 * RECEIVER_NEED, RECEIVER_WAIT and RECEIVER_FLUSH. Questions (events marked "ask") are answered
 * whenever the caller is able to; until then receiver_next says RECEIVER_WAIT. Memory is bounded
 * by the limits below whatever comes in. There is no clock in here: receiver_clock tells the time.
 *
 * The commands are one table in smtp/commands.c. Extensions: PIPELINING, SIZE, 8BITMIME,
 * ENHANCEDSTATUSCODES, STARTTLS, AUTH (smtp/auth.c), TURN and ATRN (smtp/turn.c), CHUNKING,
 * BINARYMIME, SMTPUTF8, DSN, DELIVERBY, NO-SOLICITING, MTRK, CHECKPOINT.
 *
 * Deviations from RFC 821: NUL and bare CR and LF are refused in commands and in what DATA brings
 * (BDAT brings octets); VRFY and EXPN may answer 252.
 */
#ifndef SMTP_RECEIVER_H
#define SMTP_RECEIVER_H

#include "smtp/content.h"
#include "smtp/parameters.h"
#include "smtp/path.h"

enum {
    RECEIVER_LINE_MAX = 2048, /* a command line with its CR LF */
    RECEIVER_AUTH_LINE_MAX = 12288, /* RFC 4954 4: those of AUTH */
    RECEIVER_AUTH_TRIES = 3,
    RECEIVER_RECEIVED_MAX = 50,
    RECEIVER_ERRORS_MAX = 20,
    RECEIVER_IDLE_MAX = 100,
    RECEIVER_RECIPIENTS_MIN = 1000, /* what max_recipients should at least be */
    RECEIVER_CONTENT = 65536,       /* the largest piece of mail given out at once */
};

/* Whose business the peer is. All of it outlives the machine. */
struct receiver_options {
    const char *hostname;
    const char *const *domains; /* ours, ended by NULL; literals in their brackets */
    const char *client;         /* "[127.0.0.1]" for Received; NULL where there is no address */
    uint64_t max_size;          /* octets of a mail; 0: no limit */
    unsigned max_recipients;
    bool lmtp;         /* LHLO, and a reply per recipient after the data */
    bool vrfy;         /* VRFY and EXPN are asked; else 252 */
    bool relay;        /* this peer may name foreign recipients, logged in or not */
    bool tls_offered;  /* STARTTLS */
    bool tls_required; /* no mail before it */
    bool tls_on;       /* it begins under TLS */
    bool trace;        /* RECEIVER_LINE is wanted */
    bool auth;         /* AUTH, under TLS */
    bool etrn;         /* ETRN (RFC 1985) */
    bool turn, atrn;   /* TURN (RFC 821), ATRN (RFC 2645): for whoever has logged in under TLS */
    const char *trusted; /* and for this peer, who is known without a log-in; NULL: nobody */
    bool terminals;    /* SEND, SOML and SAML; else 502 */
    bool no_mail;      /* 521 to everything but QUIT (RFC 1846, 7504) */
    unsigned offer;    /* OFFER_DSN, OFFER_BY: who offers them keeps what RFC 3461 and 2852 say */
    const char *no_soliciting; /* classes refused (RFC 3865), with commas; NULL: not offered */
};

/* What begins a transaction: whether its mail goes into mailboxes, on terminals, on terminals or
 * else into mailboxes, or to both (RFC 821 3.4). */
enum receiver_verb { RECEIVER_MAIL, RECEIVER_SEND, RECEIVER_SOML, RECEIVER_SAML };

enum receiver_event_kind {
    RECEIVER_NEED,      /* all bytes are used up: push more */
    RECEIVER_WAIT,      /* a question has no answer yet */
    RECEIVER_FLUSH,     /* too many replies unsent: send before going on */
    RECEIVER_LINE,      /* text is the command line about to be carried out: for traces */
    RECEIVER_RECIPIENT, /* ask: path, local, rcpt → receiver_recipient */
    RECEIVER_VERIFY,    /* ask: text, expand → receiver_verified */
    RECEIVER_ETRN,      /* ask: send what waits for the domain in text → receiver_queued */
    RECEIVER_BEGIN,     /* ask: a mail is about to come → receiver_begun */
    RECEIVER_DATA,      /* text is a piece of it: the first one our trace, then what came, with LF
                         * line ends from DATA, octet by octet from BDAT */
    RECEIVER_END,       /* ask: it is whole; make it durable → receiver_settled per recipient */
    RECEIVER_ABORT,     /* after BEGIN: the mail is not to be delivered, forget it */
    RECEIVER_SENDER,    /* a transaction begins with verb; path is its reverse-path, mail its
                         * parameters; where they have a TRANSID, ask → receiver_resumed */
    RECEIVER_PASSWORD,  /* ask: is text the password of name? → receiver_authenticated */
    RECEIVER_SALT,      /* ask: the salt of name's verifier → receiver_salted */
    RECEIVER_PROOF,     /* ask: is proof (base64) name's over text? → receiver_authenticated */
    RECEIVER_STARTTLS,  /* ask: → receiver_tls, then the handshake, then receiver_tls_started */
    RECEIVER_TURN,      /* ask: may name have what waits for the domains in text, or, where that is
                         * empty, for all of his? → receiver_turned */
    RECEIVER_TURNED,    /* send the replies; then the peer is the receiver, and this machine,
                         * whatever comes, is over */
    RECEIVER_CLOSE,     /* send the replies and close */
};

struct receiver_event {
    enum receiver_event_kind kind;
    struct path path; /* spans valid until the next push or answer */
    bool local;       /* the path's domain is ours, and its local part names no other host */
    bool expand;      /* EXPN, not VRFY */
    enum receiver_verb verb; /* of RECEIVER_SENDER and _RECIPIENT */
    struct span text;
    struct span raw; /* of RECEIVER_DATA, with TRANSID: what came over the wire for this, which may
                      * be something where text is nothing */
    const char *name; /* of RECEIVER_PASSWORD, _SALT, _PROOF and _TURN */
    struct span proof;
    const struct mail_parameters *mail; /* both without solicit; valid as long as the path is */
    const struct rcpt_parameters *rcpt;
};

/* How it went with a recipient, at RCPT and, where so marked, again at the end of the data. */
enum receiver_verdict {
    RECIPIENT_OK,       /* also at the end: his mail is durable */
    RECIPIENT_UNKNOWN,  /* 550 5.1.1 */
    RECIPIENT_FOREIGN,  /* 550 5.7.1: not ours, and no relaying */
    RECIPIENT_REFUSED,  /* 550 5.7.1: he does not want it; also at the end */
    RECIPIENT_FULL,     /* 452 4.2.2: his spool is over its limit; also at the end */
    RECIPIENT_NO_ROOM,  /* 452 4.3.1: no space left; also at the end */
    RECIPIENT_LATER,    /* 451 4.3.0: trouble of ours; also at the end */
    RECIPIENT_REJECTED, /* 554 5.3.0: he can never be given this mail; only at the end */
    RECIPIENT_FORWARDED, /* 251: accepted, and passed on to another path */
    RECIPIENT_MOVED,     /* 551 5.1.6: the sender is to try another path */
    RECIPIENT_INACTIVE,  /* 450 4.2.1: no terminal of his takes messages; at the end 451 */
    RECIPIENT_MAILED,    /* 250: it takes none, so his mailbox will have it */
};

enum receiver_auth_answer {
    RECEIVER_AUTH_YES,   /* 235 */
    RECEIVER_AUTH_WRONG, /* 535 5.7.8; the third time 421 */
    RECEIVER_AUTH_LATER, /* 454 4.7.0 */
};

/* What the peer's next line is about, between two steps of AUTH (smtp/auth.c). */
enum auth_step {
    AUTH_NONE, /* it is a command */
    AUTH_PLAIN,
    AUTH_LOGIN_NAME,
    AUTH_LOGIN_PASSWORD,
    AUTH_SCRAM_FIRST,
    AUTH_SCRAM_FINAL,
    AUTH_SCRAM_DONE,
};

enum receiver_tls_answer {
    RECEIVER_TLS_GO,          /* 220 */
    RECEIVER_TLS_EARLY,       /* bytes came before the 220 was sent: 554 5.5.0 and closed */
    RECEIVER_TLS_UNAVAILABLE, /* 454 4.7.0 */
};

enum receiver_drop {
    RECEIVER_DROP_IDLE,     /* 421 4.4.2 */
    RECEIVER_DROP_SLOW,     /* 421 4.4.2 */
    RECEIVER_DROP_SHUTDOWN, /* 421 4.3.2 */
    RECEIVER_DROP_FULL,     /* 421 4.7.0: too many connections */
    RECEIVER_DROP_EARLY,    /* 554 5.5.0: it spoke before the greeting */
};

enum receiver_phase {
    RECEIVER_COMMANDS,
    RECEIVER_ASKED,    /* a question is out; asked says which */
    RECEIVER_IN_DATA,  /* between 354 and the end mark */
    RECEIVER_IN_CHUNK, /* in the octets of a BDAT */
    RECEIVER_SETTLING, /* between END and the last receiver_settled */
    RECEIVER_HANDSHAKE,
    RECEIVER_REVERSED, /* after TURN or ATRN */
    RECEIVER_CLOSED,
};

/* The machine; its fields are for smtp/ alone. */
struct receiver {
    const struct receiver_options *options;
    enum receiver_phase phase;
    enum receiver_event_kind asked;
    struct receiver_event event; /* to be told next, when told is false */
    bool told;
    struct span in;
    struct buf line;
    bool line_ready; /* line is whole and not yet carried out */
    bool line_done; /* line has been carried out; its spans may still be looked at */
    bool skipping;  /* the rest of an overlong line */
    struct buf out;
    struct content content;
    struct buf text;
    struct buf helo;  /* the name it gave, for Received */
    bool greeted, extended, tls, spoken;
    bool resumed; /* TRANSID's envelope and part of the mail are there already */
    bool in_mail; /* after MAIL or one of its sisters: verb */
    enum receiver_verb verb;
    struct mail_parameters mail;
    int64_t by; /* BY with R: the second after which the mail must not be delivered; else 0 */
    struct rcpt_parameters rcpt; /* of the last RCPT */
    struct {
        uint64_t left;
        bool last, pending; /* pending: from the BDAT line to its last octet */
        bool answered;      /* its reply has been said; what is left of it is only taken */
    } chunk;
    char sender[PATH_MAX_OCTETS + 1];
    char recipient[PATH_MAX_OCTETS + 1]; /* the first one accepted */
    struct {
        enum auth_step step;
        bool done; /* somebody has logged in: name */
        unsigned wrong;
        char name[256];
        struct buf text;      /* a line decoded, or the password in it */
        struct buf exchange;  /* SCRAM: gs2 header and AuthMessage (RFC 5802 3) */
        size_t gs2, server_first; /* where the AuthMessage and its second part begin */
    } auth;
    unsigned recipients, refused, settled;
    enum receiver_verdict worst;
    enum receiver_verdict trouble; /* what ended a mail early: its writer's */
    bool begun;                    /* BEGIN was told and neither END nor ABORT */
    bool atrn; /* the turn that is asked for is ATRN's */
    unsigned errors, idle;
    uint64_t commands; /* carried out */
    int64_t now;
    unsigned worst_reply;
    bool failed; /* no memory */
};

/* options outlive the machine. Released by receiver_release; nothing is said yet. */
void receiver_init(struct receiver *r, const struct receiver_options *options);
void receiver_release(struct receiver *r);

/* Seconds since 1970, for Received. Called as often as the caller likes. */
void receiver_clock(struct receiver *r, int64_t now);

/* Says 220. */
void receiver_greet(struct receiver *r);

/*
 * Gives bytes, in the caller's memory, where they stay untouched until receiver_next has said
 * RECEIVER_NEED or RECEIVER_CLOSE. Only called after RECEIVER_NEED (or at the start).
 */
void receiver_push(struct receiver *r, struct span in);

/* The next event; its spans are valid until the next call of receiver_next, answer or push. */
enum receiver_event_kind receiver_next(struct receiver *r, struct receiver_event *event);

/* The replies not yet sent, and how many of their bytes have now been sent. */
struct span receiver_output(const struct receiver *r);
void receiver_sent(struct receiver *r, size_t n);

/*
 * Answers RECEIVER_RECIPIENT. The caller keeps the list of those accepted: he said RECIPIENT_OK,
 * RECIPIENT_FORWARDED or RECIPIENT_MAILED to them. path is the other path, without brackets, where
 * the verdict has one; else NULL.
 */
void receiver_recipient(struct receiver *r, enum receiver_verdict verdict, const char *path);

/* Answers RECEIVER_VERIFY: 250, 251, 550, 551, 553 or 252, and lines joined by '\n'. To EXPN 251 is
 * said as 250, and 551 and 553 as 550. */
void receiver_verified(struct receiver *r, unsigned code, const char *lines);

/* Answers RECEIVER_ETRN: 250 started, 458 not possible now, 459 not for this domain. */
void receiver_queued(struct receiver *r, unsigned code);

/*
 * Answers RECEIVER_SENDER of a TRANSID (RFC 1845): nothing is known of it (recipients is 0), and
 * the transaction goes on like any other; or so many recipients have been accepted and octets of
 * the mail kept. After BEGIN these come first: the caller pushes them, as they came over the wire,
 * at RECEIVER_NEED, and then what the peer sends. path is the only recipient's, or NULL.
 */
void receiver_resumed(struct receiver *r, unsigned recipients, uint64_t octets, const char *path);

/*
 * Answers RECEIVER_BEGIN: RECIPIENT_OK starts the data, any other is said and the mail is over
 * (no ABORT follows). id names the mail in its Received field: letters, digits, '.', '-', '_'.
 */
void receiver_begun(struct receiver *r, enum receiver_verdict verdict, const char *id);

/*
 * Between BEGIN and END: the mail cannot be written. The rest of it is taken and forgotten, the
 * verdict is said after its end; ABORT follows at once.
 */
void receiver_unwritable(struct receiver *r, enum receiver_verdict verdict);

/* Answers RECEIVER_END, once for each accepted recipient in the order of acceptance. */
void receiver_settled(struct receiver *r, enum receiver_verdict verdict);

/*
 * Answers RECEIVER_SALT, whoever the name is: our part of the nonce and the salt, printable ASCII
 * without a comma (base64 is), and the iterations. answer: _YES, or _LATER where there is none.
 */
void receiver_salted(struct receiver *r, enum receiver_auth_answer answer, const char *nonce,
                     const char *salt, unsigned iterations);

/* Answers RECEIVER_PASSWORD and RECEIVER_PROOF; signature is the server's, in base64, for _PROOF
 * and _YES. */
void receiver_authenticated(struct receiver *r, enum receiver_auth_answer answer,
                            const char *signature);

/* Who has logged in; NULL: nobody. */
const char *receiver_identity(const struct receiver *r);

/*
 * Answers RECEIVER_TURN: 250 there is mail, 453 there is none (of which TURN, having no reply for
 * it, makes an empty session), 450 those domains are not his (502 for TURN), 451 not now.
 */
void receiver_turned(struct receiver *r, unsigned code);

/* Answers RECEIVER_STARTTLS; after GO and the handshake receiver_tls_started, for a new state. */
void receiver_tls(struct receiver *r, enum receiver_tls_answer answer);
void receiver_tls_started(struct receiver *r);

/* Ends the session from outside; ABORT, where one is due, and CLOSE follow. */
void receiver_drop(struct receiver *r, enum receiver_drop reason);

/* Between DATA's 354 and its end, or within a BDAT: where the minimum rate holds. */
bool receiver_in_data(const struct receiver *r);

/* Command lines so far, those refused among them: a part of one is none. */
uint64_t receiver_commands(const struct receiver *r);

/* The first reply of the worst class, 5yz before 4yz, so far; 0: all went well. For batch files,
 * whose exit status it is. */
unsigned receiver_worst_reply(const struct receiver *r);

#endif
