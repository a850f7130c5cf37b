/*
 * Address lists of From, To, Cc and their like (RFC 5322 §3.4, with the obsolete forms of §4.4).
 */
#ifndef MIME_ADDRESS_H
#define MIME_ADDRESS_H

#include "mime/header.h"

/* A mailbox. Both are terminated UTF-8, "" where absent; what is longer is left out. */
struct mime_address {
    char name[512]; /* display name, decoded; else the comment behind the address */
    char addr[512]; /* local@domain, quotes of the local part kept, comments and blanks gone */
};

/*
 * Takes the next mailbox from *rest (start with a field's raw value). Groups give their members;
 * entries without an address are passed over; a source route in <@a:u@b> is dropped. False at
 * the end. conv may be NULL. All calls together are linear in the list.
 */
bool mime_address_next(struct span *rest, const struct mime_converter *conv,
                       struct mime_address *address);

/*
 * The first mailbox of the first field called name in a header block. False: no field, or no
 * address in it.
 */
bool mime_address_first(struct span block, const char *name, const struct mime_converter *conv,
                        struct mime_address *address);

#endif
