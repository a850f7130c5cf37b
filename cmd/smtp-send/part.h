/*
 * A mail for some of its recipients: those of one next hop, or those not decided on yet.
 */
#ifndef SMTP_SEND_PART_H
#define SMTP_SEND_PART_H

#include "smtp/sender.h"

struct part {
    struct sender_mail mail; /* what may be sent; of it only count changes */
    const struct sender_mail *whole;
    size_t *places;          /* of its recipients among the whole's */
    const char **paths, **orcpts;
    struct sender_result *results;
};

/* Of nobody yet; whole must outlive it. ERR_OS, and has said so. part_release frees in any case. */
enum err part_init(struct part *p, const struct sender_mail *whole);
/* Frees. */
void part_release(struct part *p);

/* Adds the whole's nth recipient. */
void part_add(struct part *p, size_t n);

/* Hands the results over to the whole, and is of nobody again. */
void part_settle(struct part *p);

#endif
