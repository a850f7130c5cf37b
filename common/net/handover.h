/*
 * Mail handed over to a command: the delivery method that needs no spool, and the clerk's queue. A
 * mail waits in an unlinked temporary file until it is whole.
 */
#ifndef NET_HANDOVER_H
#define NET_HANDOVER_H

#include "net/session.h"

/*
 * The command of --exec, run once for each recipient, by the clerk: the mail on stdin, SENDER and
 * RECIPIENT in the environment, no shell. Status 0 is delivered; 75, or no such command, or a
 * signal: try again; any other: refused. The method's arg is the struct clerk.
 */
extern const struct delivery_method handover_exec;

/* The clerk's part: runs the command (of `words`, ended by NULL) with mail as its stdin. */
enum receiver_verdict handover_run(const char *const words[], const struct clerk_question *q,
                                   int mail);

/* The same for the off-ramp, with FAX_NUMBER and T33S (empty without a sub-address) in the
 * environment as well. q->text is not a FAX= address: RECIPIENT_REJECTED. */
enum receiver_verdict handover_offramp(const char *const words[], const struct clerk_question *q,
                                       int mail);

/*
 * A mail that waits for the clerk's queue, in an unlinked file. handover_queue asks for an entry
 * for as many paths at once as fit a question: those lines of the recipients' mailboxes that
 * begin with '>' (the path behind it is relayed to) or '@' (the same, and hostname is grown to the
 * reverse-path, as RFC 821 3.6 has it). What is not queued shows in the verdicts of those whose
 * paths were asked for together; the others' are left alone.
 */
struct handover;
/* Begins one. ERR_CREATE, ERR_OS. */
enum err handover_open(struct handover **h, struct why *why);
enum err handover_write(struct handover *h, struct span piece, struct why *why);
enum err handover_queue(struct handover *h, const struct clerk *clerk,
                        const struct envelope *envelope, const char *hostname,
                        enum receiver_verdict verdicts[], struct why *why);
void handover_close(struct handover *h);

/* Asks q, whose fields are set, with the mail, from its beginning, going along. */
enum err handover_ask(struct handover *h, const struct clerk *clerk,
                      const struct clerk_question *q, enum receiver_verdict *verdict,
                      struct why *why);

/* The whole mail so far, as a descriptor of h's at its beginning. ERR_IO. */
enum err handover_read(struct handover *h, int *fd, struct why *why);

/* The clerk's part: `fax-queue add` from mail, then a `fax-queue flush` that nobody waits for. */
enum receiver_verdict handover_enqueue(const struct clerk_question *q, int mail);

/* The clerk's part: starts a `fax-queue flush`, of all that is due or, due or not, of what waits
 * for the domain, that nobody waits for. False: it cannot be started, or 16 run already. */
bool handover_flush(const char *domain);

#endif
