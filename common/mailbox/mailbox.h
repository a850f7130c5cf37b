/*
 * One log-in to a mailbox over POP3 (RFC 1939, 2449) or IMAP (RFC 3501, 4315): list, look, fetch,
 * delete. Nothing here stores anything or decides; the caller does, and deletes only what he has
 * made durable.
 *
 *     open → list → (look, fetch, delete of a mail)… → close
 *
 * After ERR_AGAIN, ERR_PROTOCOL, and after a failure of the caller's own sink, the connection is
 * of no more use: every call gives ERR_AGAIN, and mailbox_close ends it without a word.
 * Memory: 128 KiB, IMAP's 256 KiB for a response, and 96 bytes for each mail.
 */
#ifndef MAILBOX_MAILBOX_H
#define MAILBOX_MAILBOX_H

#include "mime/kind.h"
#include "net/channel.h"

/* The most mails of a mailbox that are seen in one log-in, and the longest UIDL. */
enum { MAILBOX_MAILS_MAX = 250000, MAILBOX_UID_MAX = 70 };

struct mailbox_options {
    struct channel_options channel; /* a URL of pop3, pop3s, imap, imaps; its path: the folder */
    bool read_only;                 /* nothing will be deleted */
};

/* A mail on the server. */
struct mailbox_mail {
    uint64_t size;                 /* octets as the server says; 0 where it does not */
    uint32_t number;               /* POP3's, or IMAP's UID */
    bool marked;                   /* IMAP: \Deleted, but still there */
    bool twin;                     /* another mail of the list has the same UIDL */
    bool later_twin;               /* and that one stands before it */
    char uid[MAILBOX_UID_MAX + 1]; /* UIDL or UID; "" where a POP3 server has no UIDL */
};

struct mailbox_list {
    struct mailbox_mail *mails; /* in the server's order, oldest first */
    size_t count;
    struct mailbox_mail **by_uid; /* the same in the order of their UIDs */
    bool cut;                     /* there are more than MAILBOX_MAILS_MAX */
};

/* What can be known without downloading. */
struct mailbox_look {
    enum mime_kind kind; /* POP3 sees only the mail's own header: multipart/mixed may be either,
                            and counts as mixed */
    char from[512];      /* first address of From; "" where there is none */
};

struct mailbox;

/*
 * Connects, logs in, selects the folder (IMAP; INBOX without one). Errors as channel_open;
 * ERR_UNAVAILABLE: no such folder; ERR_USAGE: not a mailbox's URL.
 */
enum err mailbox_open(const struct mailbox_options *options, struct mailbox **m, struct why *why);

/* IMAP's UIDVALIDITY in digits, "" for POP3: lives as long as m. */
const char *mailbox_validity(const struct mailbox *m);

/* Lists what is there. Free with mailbox_list_free (also after a failure). */
enum err mailbox_list(struct mailbox *m, struct mailbox_list *list, struct why *why);
void mailbox_list_free(struct mailbox_list *list);

/* The mail of this UID, of twins any; NULL: none is. */
const struct mailbox_mail *mailbox_find(const struct mailbox_list *list, const char *uid);

/* Looks at a mail: BODYSTRUCTURE, or TOP n 0. ERR_NO: it has gone, or the server cannot. */
enum err mailbox_look(struct mailbox *m, const struct mailbox_mail *mail,
                      struct mailbox_look *look, struct why *why);

/* Where a mail goes: its bytes in order, lines ended by LF. A failure ends the fetch. */
typedef enum err mailbox_sink(void *arg, struct span bytes, struct why *why);

/*
 * Fetches a mail whole. ERR_NONE: all of it has been given to sink, and the server has said so.
 * look->from is filled from its header where it was "". ERR_NO: it has gone, or the server will
 * not give it; the sink has got nothing.
 */
enum err mailbox_fetch(struct mailbox *m, const struct mailbox_mail *mail, mailbox_sink *sink,
                       void *arg, struct mailbox_look *look, struct why *why);

/* Asks for a mail's deletion; it is done for sure when mailbox_close says so. */
enum err mailbox_delete(struct mailbox *m, const struct mailbox_mail *mail, struct why *why);

/*
 * Waits (IMAP IDLE, RFC 2177) until the server tells of new mail, or half an hour is nearly over,
 * for as long as servers keep an idle log-in. ERR_UNAVAILABLE: the server cannot, or POP3.
 */
enum err mailbox_idle(struct mailbox *m, struct why *why);

/*
 * Says goodbye and frees m (NULL is fine). ERR_NONE: whatever was to be deleted is deleted.
 * Otherwise some of it may still be there.
 */
enum err mailbox_close(struct mailbox *m, struct why *why);

/* What mailbox_look makes of a header block alone. */
void mailbox_look_at_header(struct span header, struct mailbox_look *look);

#endif
