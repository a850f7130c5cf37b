/*
 * What the clerk has said about recipients, for as long as it holds. For clerk.c alone.
 */
#ifndef NET_CLERK_MEMORY_H
#define NET_CLERK_MEMORY_H

#include "net/clerk.h"

/*
 * The answer to the same question under the same version, not older than a second, in a. Callable
 * by several threads, as is the other.
 */
bool clerk_recall(uint64_t version, const struct clerk_question *q, struct clerk_answer *a);

/* Keeps an answer in place of another one; a long one is not kept. */
void clerk_remember(uint64_t version, const struct clerk_question *q,
                    const struct clerk_answer *a);

#endif
