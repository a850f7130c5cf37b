/*
 * The text of a queue entry's envelope: `key value` lines, the version first, `end` last.
 *
 *     faxpipe-queue 1
 *     from alice@fax.example
 *     user 12
 *     ret hdrs                           (this and the next three where they are asked for)
 *     envid Q1
 *     by 1795302642 RT                   (the second; R or N; T: with a trace)
 *     mtrk aBc 1795302642                (certifier, and until when; 0: unsaid)
 *     at 1795310000                      (not before)
 *     at 1795310000                      (not before; where it is asked for)
 *     created 1795302042
 *     next 1795302342
 *     tries 1
 *     held 0
 *     to bob@there.example
 *     orcpt rfc822;bob@here.example      (of the `to` above, as are the lines behind it)
 *     notify success,failure
 *     cut <06b02.1@fax.example>          (the transaction that broke with his mail)
 *     told 1                             (he knows that it takes its time)
 *     reply 450 4.2.2 mailbox full       ("-" where there is no enhanced code)
 *     end
 *
 * `dsn success,failure`, which faxpipe once wrote before `created`, is `notify` of every `to`.
 */
#ifndef QUEUE_ENVELOPE_H
#define QUEUE_ENVELOPE_H

#include "queue/queue.h"

/* Appends the text. Errors as buf_add. */
enum err envelope_write(const struct queue_entry *entry, struct buf *out);

/* Fills an initialised entry but for id and size. ERR_CONFIG: it is damaged, or newer than we. */
enum err envelope_parse(struct span text, struct queue_entry *entry, struct why *why);

#endif
