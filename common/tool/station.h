/*
 * A station's directories and files: their owners and modes, made and checked from one table.
 *
 * A system station belongs to the system user faxpipe, and its new/ directories to the group
 * faxrecv, in which the process that reads the network runs. Any other station belongs whole to
 * the person who made it.
 */
#ifndef TOOL_STATION_H
#define TOOL_STATION_H

#include "tool/home.h"

/*
 * Makes what is missing and puts right what differs: home, key, db/, state/, queue/, spool/ and
 * spool/postmaster/. Safe to run again; nothing is emptied or replaced. h->path is the home
 * (home_find). system: as root, makes the users and groups faxpipe and faxrecv with groupadd and
 * useradd where they are missing, gives the station to faxpipe, and the fax-spool beside this
 * program its set-gid (root:faxpipe 2755). *made_key (may be NULL) is
 * true when there was no key. ERR_CREATE, ERR_AUTH (not ours), ERR_OS, ERR_UNAVAILABLE.
 */
enum err station_make(struct home *h, bool system, bool *made_key, struct why *why);

/* Makes spool/CODE with tmp/, new/ and cur/. Safe to run again. ERR_CREATE. */
enum err station_user_make(const struct home *h, const char *code, struct why *why);

/* How many mails lie in spool/CODE; 0 when it is not there. */
enum err station_user_mails(const struct home *h, const char *code, unsigned *count,
                            struct why *why);

/* Removes spool/CODE with everything in it. ERR_IO: something stays. */
enum err station_user_remove(const struct home *h, const char *code, struct why *why);

/* Calls report with a line ("queue: mode 0755, not 0700") for each thing of the table, and of
 * the users' spools, that differs, each file there that is open to others, and a fax-spool that
 * is not privileged as it should be; *faults counts them. */
enum err station_check(const struct home *h, void (*report)(void *arg, const char *fault),
                       void *arg, unsigned *faults, struct why *why);

#endif
