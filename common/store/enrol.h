/*
 * Registration as one act: a row, its secrets and its spool, all there or nothing; by options or
 * by the dialogue of FIG. 3 and 4; and the station as a whole, its tables included.
 */
#ifndef STORE_ENROL_H
#define STORE_ENROL_H

#include "store/store.h"
#include "tool/secret.h"

/* What comes with a row. An empty password is none; the others count when their flag is set. */
struct enrolment {
    struct user user;
    struct buf password, release, key, cert;
    bool has_release, has_key, has_cert;
};

/* Defaults and empty secrets; release wipes. */
void enrolment_init(struct enrolment *n);
void enrolment_release(struct enrolment *n);

/* Where the secrets are; NULL, and a source without anything, is none. */
struct enrolment_files {
    struct secret_source password;
    const char *release, *key, *cert; /* "" as key or cert unsets */
    bool any_form;                    /* key and cert need not be PEM */
};

/* Reads them. ERR_USAGE: two sources of the password, or an empty release password; the rest as
 * secret_read and enrolment_read_pem. */
enum err enrolment_read(struct enrolment *n, const struct enrolment_files *f, struct why *why);

/* Appends a PEM file; nothing when path is NULL or "". ERR_DATA: not PEM. ERR_NO_INPUT. */
enum err enrolment_read_pem(const char *path, struct buf *b, struct why *why);

/* The same of any form. ERR_DATA: empty. */
enum err enrolment_read_file(const char *path, struct buf *b, struct why *why);

/* Asks for n's password on the terminal, twice. ERR_AUTH: they differ, or nobody to ask. */
enum err enrolment_ask_password(struct enrolment *n, struct why *why);

/* ERR_USAGE unless what the row says goes together: on-expiry forward needs an expiry-address. */
enum err enrolment_check(const struct enrolment *n, struct why *why);

/*
 * Fills address, mailbox, submit where the row has none, and on-expiry unless on_expiry_given,
 * from faxpipe.conf (%l is the log-in ID). ERR_CONFIG: a default is no value for its column.
 */
enum err enrolment_defaults(struct enrolment *n, const struct home *h, bool on_expiry_given,
                            struct why *why);

/* S18: adds the user, in one transaction, with max-users as the cap. Errors of store_user_add
 * and enrolment_check. */
enum err store_enrol(struct store *s, const struct vault *v, const struct enrolment *n,
                     struct why *why);

/* Changes the row and the secrets that are given, in one transaction. Errors as above. */
enum err store_enrol_edit(struct store *s, const struct vault *v, const struct enrolment *n,
                          struct why *why);

/*
 * S1 to S19 on the terminal, word for word, user after user. ERR_NO "user registration filled";
 * ERR_AUTH: the password differed three times; ERR_NO: the end of input.
 */
enum err store_enrol_dialogue(struct store *s, const struct vault *v, struct why *why);

/* max-users of the settings, 0 for none. */
enum err store_max_users(struct store *s, unsigned *max, struct why *why);

/*
 * Makes the station (tool/station.h), its tables, and the spool of every user; brings older
 * tables up to date. Safe to run again. h is found, not open; it is open afterwards.
 */
enum err store_make_station(struct home *h, bool system, struct why *why);

/*
 * Checks owners, modes, tables, and that every sealed password opens: a line per fault to report;
 * *faults counts them.
 */
enum err store_check_station(const struct home *h, const struct vault *v,
                             void (*report)(void *arg, const char *fault), void *arg,
                             unsigned *faults, struct why *why);

#endif
