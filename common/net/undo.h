/*
 * What lies beside an mbox, "DIRECTORY/.NAME.faxpipe", while a mail is appended to it: from where
 * on, and by what the mail is known. Who dies on the way leaves it there, and whoever opens or
 * appends next takes the part of the mail away again. It is empty while nobody appends.
 *
 * Nothing but a beginning of that mail is ever taken away, not even its last octets when all of it
 * is there: other programs know nothing of this, and may have appended to the part or rewritten
 * the mbox meanwhile. Of the mail there are its first octets and a hash of each UNDO_BLOCK; a mail
 * that somebody else has put behind the part is longer than a block (its From line alone is), and
 * so the last block that is whole shows it.
 *
 * All but undo_open are called under the mbox's locks.
 */
#ifndef NET_UNDO_H
#define NET_UNDO_H

#include "bytes/err.h"
#include "bytes/span.h"

#include <stdbool.h>
#include <sys/types.h>

enum { UNDO_BLOCK = 32 };

/* Opens the file for an mbox's path, made where it is not there. ERR_CREATE; ERR_DATA: the path is
 * too long. */
enum err undo_open(const char *mbox, int *fd, struct why *why);

/* A mail is about to be appended at this offset: first what file holds from its beginning on (-1:
 * none), then rest. ERR_IO: this cannot be kept, and nothing should be appended. */
enum err undo_begin(int undo, off_t at, int file, struct span rest, struct why *why);

/* It is there, or has been taken back. */
void undo_end(int undo);

/* Takes a part of a mail that undo knows of away from the mbox's end. look reads the mbox, mbox
 * writes it. True: there was one. */
bool undo_recover(int undo, int look, int mbox);

#endif
