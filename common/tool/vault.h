/*
 * What keeps passwords: the interface between the database, which stores what is sealed, and
 * seal/, which seals. A program hands seal/password.h's `seal_vault` to the functions of store/
 * that need one; neither folder knows of the other.
 *
 * What makes and reads users' keys, in the same way: seal/key.h's `seal_keys`. It stands apart, so
 * that programs which only look at passwords have none of it in them.
 */
#ifndef TOOL_VAULT_H
#define TOOL_VAULT_H

#include "bytes/buf.h"
#include "tool/home.h"

enum { VAULT_SEALED_MAX = 128 * 1024, VAULT_VERIFIER_MAX = 256 };

struct vault {
    /*
     * Seals plain for that user's column with the home's key and appends it to sealed; unseal
     * does the reverse. What was sealed for another user or column does not open. ERR_CONFIG: no
     * key, or not ours to read, or the bytes are not what this key sealed.
     */
    enum err (*seal)(const struct home *h, const char *code, const char *column, struct span plain,
                     struct buf *sealed, struct why *why);
    enum err (*unseal)(const struct home *h, const char *code, const char *column,
                       struct span sealed, struct buf *plain, struct why *why);
    /* Appends a new SCRAM-SHA-256 verifier of password; iterations from the settings. */
    enum err (*verifier)(const struct home *h, struct span password, struct buf *out,
                         struct why *why);
    /*
     * ERR_AUTH when password is not the verifier's. With an empty verifier it takes as long as
     * with one, and says ERR_AUTH. ERR_CONFIG: the text is no verifier.
     */
    enum err (*verify)(const struct home *h, struct span verifier, struct span password,
                       struct why *why);
    /* SCRAM's salt: "ITERATIONS BASE64" appended to out; for an empty verifier one that belongs to
     * the name alone, so that nobody can tell. */
    enum err (*salt)(const struct home *h, struct span verifier, const char *name,
                     struct buf *out, struct why *why);
    /* ERR_AUTH unless proof (base64) over message is the verifier's; else appends the server's
     * signature, base64. An empty verifier takes as long, and says ERR_AUTH. */
    enum err (*prove)(const struct home *h, struct span verifier, const char *name,
                      struct span message, struct span proof, struct buf *signature,
                      struct why *why);
    /* ERR_CONFIG unless the text is a verifier. */
    enum err (*check)(struct span verifier, struct why *why);
    /* ERR_DATA unless the text is whole PEM and has in it, as is said, certificates that can be
     * read or a private key (which may be under a password). */
    enum err (*pem)(struct span text, bool certificate, struct why *why);
    /* ERR_AUTH unless one of the certificates is the key's; a key under a password is not asked.
     * Both are what pem found good. */
    enum err (*pair)(struct span key, struct span certs, struct why *why);
};

/* Whose certificate it is to be. */
struct key_owner {
    const char *name, *address; /* UTF-8; the address ASCII */
    unsigned days;              /* of validity */
};

/* The functions of seal/key.h by the same names, which see. */
struct key_works {
    enum err (*make)(struct span kind, const struct key_owner *owner, struct buf *key,
                     struct buf *cert, struct why *why);
    enum err (*request)(struct span key, const struct key_owner *owner, struct buf *request,
                        struct why *why);
    enum err (*import)(struct span key_text, struct span cert_text, struct span password,
                       const char *prompt, struct buf *key, struct buf *certs, struct why *why);
    enum err (*export)(struct span key, struct span password, struct buf *out, struct why *why);
    enum err (*matches)(struct span key, struct span text, struct why *why);
    enum err (*first)(struct span text, struct buf *pem, struct why *why);
    /* cms_certs_check of seal/cert.h. */
    enum err (*check)(struct span text, const char *recipient, bool past, struct why *why);
};

#endif
