/*
 * A row of the user registration table (FIG. 2a of EP 0 881 816, and what policy.md adds), its
 * columns by name, and what each of them may hold.
 *
 * Secrets (password, verifier, smime-key) and the certificate are no part of the struct: store/
 * keeps them apart. Everything here is pure: text in, text and fields out.
 */
#ifndef POLICY_USER_H
#define POLICY_USER_H

#include "bytes/buf.h"

enum on_expiry { ON_EXPIRY_PRINT, ON_EXPIRY_DELETE, ON_EXPIRY_FORWARD };
enum notice { NOTICE_PRINT, NOTICE_MAIL, NOTICE_NONE };
enum mdn { MDN_NEVER, MDN_ON_PRINT };

enum { USER_CODE_MAX = 16, USER_ADDRESS_MAX = 320, USER_TEXT_MAX = 255, USER_LONG_MAX = 1023 };

/* All text is UTF-8 without control bytes, "" where nothing is set. */
struct user {
    char code[USER_CODE_MAX + 1]; /* letters, digits, '-', '_', no '-' first */
    char name[USER_TEXT_MAX + 1];
    char address[USER_ADDRESS_MAX + 1];
    char fax_number[32]; /* digits, a '+' may lead; separators are taken out */
    char login[USER_TEXT_MAX + 1];
    char mailbox[USER_LONG_MAX + 1]; /* pop3, pop3s, imap, imaps URL */
    char submit[USER_LONG_MAX + 1];  /* smtp, smtps, lmtp URL */
    bool auto_receive;
    bool auto_print; /* means something only with auto_receive */
    int days;        /* 1 to 31; means something only with auto_receive and without auto_print */
    bool check_on_send;
    bool text_mail;
    bool encrypt;
    int on_expiry; /* enum on_expiry */
    int notice;    /* enum notice */
    bool keep;     /* on the server, after it is durable here */
    int keep_days; /* 0 to 3650; 0 is for ever; means something only with keep */
    char printer[USER_TEXT_MAX + 1];
    char follow[USER_ADDRESS_MAX + 1];
    char expiry_address[USER_ADDRESS_MAX + 1];
    int mdn; /* enum mdn */
    bool sealed;
    char sub_address[32];              /* T33S: digits, '#', '*' */
    char unix_user[33];
    char domains[USER_LONG_MAX + 1];   /* lower case, one blank between two */
    char language[36];
    char password_command[USER_LONG_MAX + 1];
};

enum column_kind { COLUMN_TEXT, COLUMN_SWITCH, COLUMN_NUMBER, COLUMN_WORD };

/* One column: how it is called in options, listings and exports, and where it lies in the row. */
struct column {
    const char *name;
    enum column_kind kind;
    size_t offset, size;                                  /* in struct user */
    int min, max;                                         /* of numbers */
    const char *words;                                    /* of words: "print delete forward" */
    bool (*valid)(struct span value, char *out, size_t n); /* of text; writes the normal form */
    const char *expect;                                   /* what it wants, for the error's words */
    const char *sql;                                      /* the name with '_' for '-' */
};

enum { USER_COLUMNS = 27 };
/* In the fixed order of listings; user_columns[0] is the code. */
extern const struct column user_columns[USER_COLUMNS];

/* The column called name, or NULL. */
const struct column *user_column(struct span name);

/* The row of someone about whom nothing is said: all off, days 7, keep off, notice and on-expiry
 * print, mdn never. */
void user_defaults(struct user *u);

/*
 * Sets a column from its text. "" empties text columns other than the code. ERR_USAGE with a why
 * of "COLUMN: VALUE: not …" when it is not allowed there; u is then unchanged.
 */
enum err user_set(struct user *u, const struct column *c, struct span value, struct why *why);

/* Appends the column's text as user_set would read it. Errors as buf_add. */
enum err user_text(const struct user *u, const struct column *c, struct buf *out);

/* "on", "yes", "y" and their opposites, whatever the case. False: neither. */
bool user_switch(struct span text, bool *on);

/* text is a code: 1 to 16 letters, digits, '-' and '_', no '-' first, and not "postmaster". */
bool user_code_valid(struct span text);

/* text is a mail address of the plain form local@domain (quoted local parts too). */
bool user_address_valid(struct span text);

/* text is an address, or `Name <path>`, as a member of an alias is, whose path may have a source
 * route (RFC 821 3.3's list has one); no control bytes. */
bool user_member_valid(struct span text);

/*
 * Replaces every %l in a default of faxpipe.conf (`address = %l@fax.example`) by login; %% is %.
 * ERR_DATA: another letter behind %, or over out's cap.
 */
enum err user_default_text(struct span pattern, struct span login, struct buf *out);

/*
 * Appends the text with letters made small, for comparing names whatever their case: ASCII,
 * Latin, Greek, Cyrillic, Armenian and full-width letters of Unicode, one to one. What is not
 * UTF-8 is carried over. Errors as buf_add.
 */
enum err user_fold(struct span text, struct buf *out);

#endif
