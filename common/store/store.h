/*
 * The station's tables: users, sender rules, the encryption table, aliases (home/db), and its
 * state: what mailboxes have given, password tries, the journal (home/state).
 *
 * Every function that changes something does so in one transaction, durable when it returns.
 * Several processes, of several uids, may have the tables open at once; who must wait longer than
 * ten seconds gets ERR_AGAIN. A table that is damaged, or newer than this program, is ERR_CONFIG.
 * Times are seconds since 1970. Strings that come in are not kept. Not for use by two threads.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "bytes/buf.h"
#include "policy/decide.h"
#include "policy/user.h"
#include "tool/home.h"
#include "tool/vault.h"

struct store;

enum store_access {
    STORE_READ,  /* users and rules are only read; the state may be written all the same */
    STORE_WRITE, /* the owner's: `fuser` */
    STORE_MAKE,  /* as STORE_WRITE, and the tables are made where they are missing */
};

/*
 * Opens the tables of a home (which must stay open as long), bringing older ones up to date when
 * they may be written. ERR_CONFIG: no tables there (`fuser init` makes them), damaged, or not
 * ours to open. Close with store_close (NULL is fine).
 */
enum err store_open(const struct home *h, enum store_access access, struct store **store,
                    struct why *why);
void store_close(struct store *store);

/* The home it was opened with. */
const struct home *store_home(const struct store *s);

/* Whether all of it is well-formed and complete: a line per fault to report (may be NULL).
 * ERR_CONFIG: there are faults. */
enum err store_check(struct store *s, void (*report)(void *arg, const char *fault), void *arg,
                     struct why *why);

/* Copies the users' tables consistently, while others write, into a new file (mode 0600), whole
 * or not at all. ERR_CREATE. */
enum err store_backup(struct store *s, const char *path, struct why *why);

/*
 * Several changes as one: all of what is between begin and commit, or nothing. They do not nest.
 * Only for users, rules, encryption and aliases.
 */
enum err store_begin(struct store *s, struct why *why);
enum err store_commit(struct store *s, struct why *why);
void store_rollback(struct store *s);

/* ---- Users ---- */

/* ERR_NO_USER: nobody has this code (letters whatever their case). */
enum err store_user_get(struct store *s, const char *code, struct user *u, struct why *why);

/*
 * "Local is": whose is this address, in this order: a user's address; for an address of one of
 * domains (a NULL-ended list; NULL: of any) or without '@', a user's address with this local part,
 * a code, a fax number (FAX= form or plain). Letters whatever their case. ERR_NO_USER: nobody's (it
 * may be an alias: store_alias_get). Sub-addresses (FAX=N/T33S=S) prefer the user whose sub-address
 * that is.
 */
enum err store_user_by_address(struct store *s, const char *address, const char *const *domains,
                               struct user *u, struct why *why);

/* Who logs in under this name: a code, else an address, else a log-in ID that only one user has. */
enum err store_user_by_login(struct store *s, const char *login, struct user *u, struct why *why);

/* Calls each for every user in the order of their codes; stops at the first failure and returns
 * it. each may use the store. */
enum err store_users(struct store *s, enum err (*each)(void *arg, const struct user *u), void *arg,
                     struct why *why);
enum err store_user_count(struct store *s, unsigned *count, struct why *why);

/*
 * Adds a user. ERR_NO with why "user code already taken", "user name already taken", … (claim 13)
 * when code, name, address, fax number, or log-in ID with its mailbox is somebody else's, or the
 * address is an alias; "user registration filled" when max (0: none) users are there.
 */
enum err store_user_add(struct store *s, const struct user *u, unsigned max, struct why *why);
/* Changes every column but the code. ERR_NO_USER, ERR_NO as above. */
enum err store_user_edit(struct store *s, const struct user *u, struct why *why);
/* With his rules and secrets. ERR_NO_USER. */
enum err store_user_remove(struct store *s, const char *code, struct why *why);
/* ERR_NO and the words of store_user_add when u could not be added beside the others now. */
enum err store_user_free(struct store *s, const struct user *u, struct why *why);

/* ---- Secrets: columns "password" and "smime-key"; and the certificate, which is none ---- */

/*
 * Sets the log-in password (sealed), and, unless one was set apart, the verifier of the release
 * password. ERR_NO_USER.
 */
enum err store_user_set_password(struct store *s, const struct vault *v, const char *code,
                                 struct span password, struct why *why);
/* Sets the release password apart: from now on store_user_set_password leaves it alone. */
enum err store_user_set_release(struct store *s, const struct vault *v, const char *code,
                                struct span password, struct why *why);
/*
 * The log-in password: unsealed, or what the user's password-command prints (split into words,
 * no shell, never as root: ERR_CONFIG). ERR_AUTH: none is set. Wipe out with buf_wipe.
 */
enum err store_user_password(struct store *s, const struct vault *v, const char *code,
                             struct buf *out, struct why *why);
/* The verifier's text, for AUTH SCRAM (seal/password.h's scram_parse); empty for unknown users and
 * those without one. */
enum err store_user_verifier(struct store *s, const char *code, struct buf *out, struct why *why);
/* Puts a verifier's text as it is (import). apart: it is a release password set apart. */
enum err store_user_set_verifier(struct store *s, const char *code, struct span verifier,
                                 bool apart, struct why *why);
/* Whether the verifier is a release password set apart. */
enum err store_user_release_apart(struct store *s, const char *code, bool *apart,
                                  struct why *why);

/*
 * Is this the user's release password? ERR_AUTH: no, or no such user, both after the same time;
 * or too many wrong tries (then without looking). Wrong tries are counted and journalled. The
 * caller lets store_try_delay's milliseconds pass before it answers no.
 */
enum err store_user_verify(struct store *s, const struct vault *v, const char *code,
                           struct span password, struct why *why);
/* The same, and at a no those milliseconds have passed: for who has nobody else to serve. */
enum err store_user_admit(struct store *s, const struct vault *v, const char *code,
                          struct span password, struct why *why);

/*
 * Around a check that is made elsewhere (AUTH SCRAM): claim counts the try as a wrong one before
 * the check, so that many at once, or a kill, gain nothing; ERR_AUTH while too many block, and then
 * there is no check. settle says how it went: ERR_NONE clears the count, ERR_AUTH is journalled
 * where the claim was counted (at most store's own limit of names are). Returns result, or what
 * went wrong in clearing.
 */
enum err store_try_claim(struct store *s, const char *code, bool *counted, struct why *why);
enum err store_try_settle(struct store *s, const char *code, enum err result, bool counted,
                          struct why *why);
/* What the next "no" to this code should wait, in milliseconds: grows with the tries, at most
 * 3000. */
unsigned store_try_delay(struct store *s, const char *code);

/* The user's own S/MIME key (PEM, sealed) and certificate (PEM). An empty span unsets. ERR_NO on
 * reading: there is none. */
enum err store_user_set_smime_key(struct store *s, const struct vault *v, const char *code,
                                  struct span pem, struct why *why);
enum err store_user_smime_key(struct store *s, const struct vault *v, const char *code,
                              struct buf *pem, struct why *why);
enum err store_user_set_certificate(struct store *s, const char *code, struct span pem,
                                    struct why *why);
enum err store_user_certificate(struct store *s, const char *code, struct buf *pem,
                                struct why *why);

/* ERR_AUTH: he has both, and none of the certificates is the key's. */
enum err store_user_pair(struct store *s, const struct vault *v, const char *code,
                         struct why *why);

/* ---- Sender rules: a reception mode per sender ---- */

struct sender_row {
    char code[USER_CODE_MAX + 1];
    char pattern[USER_ADDRESS_MAX + 1]; /* normal form of policy/decide.h's sender_pattern */
    struct sender_rule rule;
};

/* The row that fits sender best; ERR_NO: none does. */
enum err store_sender_rule(struct store *s, const char *code, const char *sender,
                           struct sender_rule *rule, struct why *why);
/* Adds or replaces. ERR_NO_USER. */
enum err store_sender_set(struct store *s, const struct sender_row *row, struct why *why);
/* ERR_NO: there was none. */
enum err store_sender_remove(struct store *s, const char *code, const char *pattern,
                             struct why *why);
/* Rows of one user (code NULL: of all), by code and pattern. */
enum err store_senders(struct store *s, const char *code,
                       enum err (*each)(void *arg, const struct sender_row *row), void *arg,
                       struct why *why);

/* The rows that a struct mail_case points to. */
struct mail_rows {
    struct user user;
    struct sender_rule rule;
};

/* Fills user, rule (sender may be NULL: not known) and can_encrypt of c; the rest is the caller's.
 * ERR_NO_USER. */
enum err store_mail_case(struct store *s, const char *code, const char *sender,
                         struct mail_rows *rows, struct mail_case *c, struct why *why);

/* ---- The encryption table (FIG. 2b) ---- */

enum { STORE_METHOD_MAX = 63, STORE_CERT_MAX = 64 * 1024 };

/*
 * The recipient's method: the row of the address, else of its @domain, else `default`. method
 * is "none", "smime-aes256-gcm", "smime-aes256-cbc"; cert (may be NULL) gets the PEM, if any.
 * ERR_NO: no row.
 */
enum err store_encryption(struct store *s, const char *recipient,
                          char method[STORE_METHOD_MAX + 1], struct buf *cert, struct why *why);
/* recipient is an address, @domain or "default"; cert may be empty. Adds or replaces. */
enum err store_encryption_set(struct store *s, const char *recipient, const char *method,
                              struct span cert, struct why *why);
/* ERR_NO: there was none. */
enum err store_encryption_remove(struct store *s, const char *recipient, struct why *why);
enum err store_encryptions(struct store *s,
                           enum err (*each)(void *arg, const char *recipient, const char *method,
                                            struct span cert),
                           void *arg, struct why *why);

/* ---- Aliases ---- */

enum alias_kind {
    ALIAS_LIST,    /* EXPN, and delivery to every member */
    ALIAS_FORWARD, /* 251 user not local; will forward */
    ALIAS_MOVED,   /* 551 user not local; please try */
};

enum { STORE_MEMBERS_MAX = 1000 };

struct alias {
    char name[USER_ADDRESS_MAX + 1];
    enum alias_kind kind;
};

/* name is a local part or a whole address; an address is also looked for by its local part.
 * each (may be NULL) gets the members, "address" or "Name <address>", in their order. ERR_NO. */
enum err store_alias_get(struct store *s, const char *name, struct alias *alias,
                         enum err (*each)(void *arg, const char *member), void *arg,
                         struct why *why);
/* Adds or replaces. ERR_NO: the name is a user's address or code. */
enum err store_alias_set(struct store *s, const struct alias *alias, const char *const *members,
                         unsigned count, struct why *why);
/* The same from words: as is "list", "forward" or "moved", members ends with NULL. ERR_USAGE: they
 * are no alias. */
enum err store_alias_define(struct store *s, const char *name, const char *as,
                            const char *const *members, struct why *why);
/* ERR_NO: there was none. */
enum err store_alias_remove(struct store *s, const char *name, struct why *why);
enum err store_aliases(struct store *s, enum err (*each)(void *arg, const struct alias *alias),
                       void *arg, struct why *why);

/* ---- What a mailbox has given ---- */

/* A mail on a server. validity is IMAP's UIDVALIDITY, "" for POP3; uid the UID or UIDL. */
struct seen_key {
    const char *url, *login, *validity, *uid;
};

enum seen_state { SEEN_NOT, SEEN_COMING, SEEN_DONE };

/* file (may be NULL) gets the name the row gives; "" when SEEN_NOT. */
enum err store_seen_get(struct store *s, const struct seen_key *key, enum seen_state *state,
                        struct buf *file, struct why *why);
/* Before link(): the mail comes as this file of the user's spool. Replaces an older row. */
enum err store_seen_coming(struct store *s, const struct seen_key *key, const char *code,
                           const char *file, struct why *why);
/* After link() and its sync: `coming` becomes `seen`. ERR_NO: no such row. */
enum err store_seen_done(struct store *s, const struct seen_key *key, struct why *why);
/* The `coming` row, if any, that names this file of this user becomes `seen`. */
enum err store_seen_done_file(struct store *s, const char *code, const char *file,
                              struct why *why);
/* No row any more (deleted on the server). */
enum err store_seen_forget(struct store *s, const struct seen_key *key, struct why *why);
/* Every row of a mailbox; when is the time it came (for keep-days). each may not change them. */
enum err store_seen_each(struct store *s, const char *url, const char *login,
                         enum err (*each)(void *arg, const char *validity, const char *uid,
                                          enum seen_state state, int64_t when),
                         void *arg, struct why *why);

/* ---- The journal ---- */

struct journal_row {
    int64_t id;   /* given by the store */
    int64_t when; /* 0: now */
    const char *code, *mail, *sender, *result, *note; /* NULL is "" */
    int pages;    /* -1: not known */
};

/* What to list; NULL, 0: whatever. result and code are compared whole. */
struct journal_filter {
    const char *code, *result;
    int64_t since, until; /* since <= when < until */
};

/* Adds a row; row->id is not looked at. */
enum err store_journal_add(struct store *s, const struct journal_row *row, struct why *why);
/* Oldest first. The row's strings live during the call. */
enum err store_journal_list(struct store *s, const struct journal_filter *filter,
                            enum err (*each)(void *arg, const struct journal_row *row), void *arg,
                            struct why *why);

#endif
