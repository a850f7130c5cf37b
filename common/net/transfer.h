/*
 * A sender-SMTP at work: the machine of smtp/sender.h over a channel.
 */
#ifndef NET_TRANSFER_H
#define NET_TRANSFER_H

#include "net/channel.h"
#include "net/outgoing.h"
#include "smtp/sender.h"

struct transfer {
    struct channel *channel;
    struct sender sender;
    int reply_ms;  /* how long a whole reply may take */
    int64_t since; /* when the wait for it began, by the monotonic clock */
    uint64_t written; /* octets, for the progress that is shown */
};

struct transfer_options {
    bool lmtp;
    bool greeted;     /* channel_open has said greeting and EHLO already */
    const char *helo; /* must outlive the transfer */
    unsigned timeout; /* seconds, as the channel's; the verdict on a mail may take twice as long
                         (RFC 5321 §4.5.3.2.6) */
};

/*
 * Takes the channel over, and speaks until mails may be sent. Whatever it returns, transfer_close
 * ends it. ERR_DATA: the helo. Else the class of what went wrong: see sender.h.
 */
enum err transfer_open(struct transfer *t, struct channel *channel,
                       const struct transfer_options *options, struct why *why);

/*
 * Sends one mail to all its recipients; mail->size and mail->eight_bit are filled in here. Those
 * whom the receiver puts off as too many for one mail (452, 552 at RCPT) get it in further ones.
 * ERR_NONE: every recipient is settled, each with his own fate. Anything else: nothing was sent
 * (ERR_DATA: a path; ERR_OS).
 */
enum err transfer_mail(struct transfer *t, struct sender_mail *mail,
                       const struct outgoing *content, struct why *why);

/*
 * Asks as sender_ask, and appends the answer's lines to out, each ended by LF, control bytes as
 * '?'. ERR_NONE: 2yz. Else the reply's class (smtp/verdict.h) or what became
 * of the dialogue, and why has its words.
 */
enum err transfer_ask(struct transfer *t, const char *verb, const char *words, struct buf *out,
                      struct why *why);

/* The dialogue has not ended: another mail may follow. */
bool transfer_is_open(struct transfer *t);

/* QUIT, and its reply, where the dialogue has not ended. */
void transfer_quit(struct transfer *t);

/* Closes the channel and frees. */
void transfer_close(struct transfer *t);

#endif
