/*
 * Notices of success (DSN, RFC 3461 and 3464) about mail that smtp-recv has delivered itself: that
 * it is in a mailbox or on a terminal, went to the members of a list, or to the off-ramp, which
 * tells nobody; and the same for what is known of a mail that is tracked. What is passed on to one
 * other path has its notices from the queue or from behind it; what is refused, from whoever sent
 * it.
 *
 * The worker asks for them, the clerk makes them and puts them into the queue. They are asked for
 * once the mail is delivered for good, and before its 250: a crash between the two leaves a mail
 * that its sender sends again, never a mail that was said to be delivered and is not, nor a 250
 * whose notice is not durable.
 */
#ifndef SMTP_RECV_NOTICES_H
#define SMTP_RECV_NOTICES_H

#include "answers.h"
#include "net/session.h"

struct handover;

/* There will be something to tell once the mail is delivered. */
bool notices_wanted(const struct envelope *envelope);

/*
 * The worker's part: tells the sender of those whose verdict is RECIPIENT_OK, and waits until that
 * is durable. header is the mail's. ERR_IO, ERR_AGAIN, ERR_UNAVAILABLE: it may not be.
 */
enum err notices_send(const struct clerk *clerk, const struct envelope *envelope,
                      const enum receiver_verdict verdicts[], struct handover *header,
                      struct why *why);

/* The clerk's part: CLERK_NOTICE. mail holds the header. */
enum receiver_verdict notices_answer(const struct answers *own, const struct clerk_question *q,
                                     int mail);

#endif
