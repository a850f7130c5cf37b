/*
 * Passwords at rest: sealed by AES-256-GCM under the home's key (32 bytes in home/key, a random
 * nonce each time, additional data = code and column), and as SCRAM-SHA-256 verifiers (RFC 5802,
 * 7677), which alone serve printing and AUTH.
 */
#ifndef SEAL_PASSWORD_H
#define SEAL_PASSWORD_H

#include "tool/vault.h"

enum { SCRAM_KEY = 32, SCRAM_ITERATIONS = 120000 };

/* The vault that programs hand to store/. */
extern const struct vault seal_vault;

/*
 * Appends nonce, tag and ciphertext to sealed. additional data are code, a NUL, and column. A
 * version byte leads. ERR_OS: no randomness or memory; ERR_DATA: over sealed's cap.
 */
enum err password_seal(const uint8_t key[SCRAM_KEY], const char *code, const char *column,
                       struct span plain, struct buf *sealed, struct why *why);
/* ERR_CONFIG: changed, cut, or sealed by another key or for another user or column; nothing is
 * appended then. */
enum err password_unseal(const uint8_t key[SCRAM_KEY], const char *code, const char *column,
                         struct span sealed, struct buf *plain, struct why *why);

/* What a verifier says: "SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY", base64. */
struct scram {
    unsigned iterations;
    uint8_t salt[64];
    size_t salt_len;
    uint8_t stored[SCRAM_KEY], server[SCRAM_KEY];
};

/* ERR_CONFIG: no verifier. */
enum err scram_parse(struct span verifier, struct scram *s, struct why *why);

/*
 * A verifier for nobody, so that a log-in ID which does not exist looks like one that does: the
 * salt depends on the name and the home's key alone, and no password opens it.
 */
enum err scram_of_nobody(const struct home *h, const char *name, struct scram *s,
                         struct why *why);

/* The server's side of RFC 5802: ERR_AUTH unless proof is the client's for this auth message;
 * signature is what the server answers (v=). */
enum err scram_check(const struct scram *s, struct span auth_message,
                     const uint8_t proof[SCRAM_KEY], uint8_t signature[SCRAM_KEY]);

/* As AUTH PLAIN and LOGIN need it: ERR_AUTH unless the password is the verifier's. Takes the same
 * time for each password. */
enum err scram_password(const struct scram *s, struct span password);

/*
 * The client's side: appends to proof, in base64, what opens the verifier that this salt
 * ("ITERATIONS BASE64") belongs to, over message. ERR_DATA: no such salt.
 */
enum err scram_prove(struct span password, struct span salt, struct span message,
                     struct buf *proof, struct why *why);

#endif
