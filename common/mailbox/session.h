/*
 * The inside of a mailbox, shared by mailbox.c, pop3.c and imap.c alone.
 */
#ifndef MAILBOX_SESSION_H
#define MAILBOX_SESSION_H

#include "mailbox/imap_response.h"
#include "mailbox/mailbox.h"
#include "mailbox/pop3_reply.h"

struct mailbox {
    struct channel *channel;
    struct url url;
    bool imap, read_only, broken;
    char validity[24];
    unsigned tag;          /* IMAP: of the last command */
    unsigned unanswered;   /* POP3: DELEs sent or gathered whose replies have not been read */
    bool undeleted;        /* something that was to be deleted was not */
    bool marked;           /* IMAP without UIDPLUS: EXPUNGE is still to be said */
    size_t capacity;       /* of the list being made */
    unsigned beyond;       /* mails that the list had no room for */
    int64_t waited;        /* milliseconds for this reply so far */
    uint64_t came;         /* octets of it, in them */
    struct buf out;        /* POP3: commands that go with the next one */
    struct pop3_parser pop3;
    struct imap_parser imap_in;
    uint8_t bytes[65536];
};

/* Commands whose answers a POP3 server takes in one go; IMAP servers always do. */
bool session_can(const struct mailbox *m, const char *capability);

/* Writes a line (traced). ERR_AGAIN as channel_write. */
enum err session_write(struct mailbox *m, struct span bytes, struct why *why);

/* Reads what comes next into *bytes (m's own memory). ERR_AGAIN: the server has closed, or within
 * one reply lets us wait for the whole time-out with less than 100 octets a second. */
enum err session_read(struct mailbox *m, struct span *bytes, struct why *why);

/* As session_read, for at most the given time. ERR_NO: nothing has come. */
enum err session_read_for(struct mailbox *m, struct span *bytes, int milliseconds, struct why *why);

/* Marks the connection as of no use, and returns e. */
enum err session_break(struct mailbox *m, enum err e);

/* Appends a mail to the list. ERR_NO: the list is full, and is marked as cut. ERR_PROTOCOL: and so
 * many more have come that there will be no end. */
enum err session_add(struct mailbox *m, struct mailbox_list *list, const struct mailbox_mail *mail,
                     struct why *why);

/* The verbs of each protocol, as in mailbox.h. */
enum err pop3_list(struct mailbox *m, struct mailbox_list *list, struct why *why);
enum err pop3_look(struct mailbox *m, const struct mailbox_mail *mail, struct mailbox_look *look,
                   struct why *why);
enum err pop3_fetch(struct mailbox *m, const struct mailbox_mail *mail, mailbox_sink *sink,
                    void *arg, struct why *why);
enum err pop3_delete(struct mailbox *m, const struct mailbox_mail *mail, struct why *why);
enum err pop3_quit(struct mailbox *m, struct why *why);

/* The same over IMAP; imap_select is what opens the folder. */
enum err imap_select(struct mailbox *m, struct why *why);
enum err imap_list(struct mailbox *m, struct mailbox_list *list, struct why *why);
enum err imap_look(struct mailbox *m, const struct mailbox_mail *mail, struct mailbox_look *look,
                   struct why *why);
enum err imap_fetch(struct mailbox *m, const struct mailbox_mail *mail, mailbox_sink *sink,
                    void *arg, struct why *why);
enum err imap_delete(struct mailbox *m, const struct mailbox_mail *mail, struct why *why);
enum err imap_idle(struct mailbox *m, struct why *why);
enum err imap_quit(struct mailbox *m, struct why *why);

#endif
