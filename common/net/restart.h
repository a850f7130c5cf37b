/*
 * A session's part of CHECKPOINT (RFC 1845): a mail with TRANSID goes into a checkpoint on its way,
 * and one that broke is gone on with. None of these does anything without a TRANSID.
 */
#ifndef NET_RESTART_H
#define NET_RESTART_H

#include "net/session.h"

/* Work, after MAIL: what is known of the TRANSID. The recipients are asked about again; where one
 * of them is refused now, nothing is known. */
void restart_look(struct session *s);
/* And the answer to the machine. */
void restart_answer(struct session *s);

/* The mail was delivered already, and only its 250 was lost. */
bool restart_is_done(const struct session *s);

/* The mail begins: from here on what comes is kept, where there is room. ERR_OS: what was kept
 * cannot be gone on with now. */
enum err restart_begin(struct session *s, struct why *why);

/* Keeps the event's octets. */
void restart_take(struct session *s);

/* Gives the machine the next of what was kept; false: there is none. */
bool restart_replay(struct session *s);

/* At the end of a mail that was delivered already: ERR_PROTOCOL: it is another. */
enum err restart_check(const struct session *s, struct why *why);

/* The mail is settled, as the session's verdicts say. */
void restart_end(struct session *s);

/* It was aborted: kept, if that is since the connection ends. */
void restart_abort(struct session *s);

/* The session, or the transaction, is over: what broke is kept. */
void restart_leave(struct session *s);

#endif
