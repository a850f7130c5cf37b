/*
 * Mails sealed, opened, signed and verified, from one descriptor to another: what seal/cms.h and
 * seal/sign.h do to bytes, with seal/wrapper.h's header around them.
 *
 * Mails have LF on descriptors, CR LF within what is sealed or signed. What comes in sealed or
 * signed goes out when all of it has been found genuine, and not before.
 */
#ifndef SEAL_MAIL_H
#define SEAL_MAIL_H

#include "seal/cms.h"
#include "seal/sign.h"

/* A mail being read: its header block is in head, and behind it the body's first bytes. */
struct mail {
    int fd;
    struct buf head;
    size_t head_n;
    bool lost; /* what failed was the writing */
};

/* Reads the header block from fd, which stays the caller's. ERR_DATA: not a mail, or empty. End
 * with mail_end, also after a failure. */
enum err mail_begin(struct mail *m, int fd, struct why *why);
void mail_end(struct mail *m);
/* The next bytes of the body, at most n; *got is 0 at the end. ERR_IO. */
enum err mail_body(struct mail *m, uint8_t *p, size_t n, size_t *got, struct why *why);

/* How a mail is to go: seal.method NONE without a signer lets it through as it is. */
struct mail_sealing {
    struct cms_sealing seal;
    const struct cms_key *signer; /* NULL: unsigned */
    bool pss;
};

/*
 * Writes the mail signed (multipart/signed), sealed, or signed and then sealed, to out. ERR_DATA:
 * not a mail; a binary body, which cannot be signed unless it is sealed as well; the key or a
 * certificate cannot do it.
 */
enum err mail_seal(struct mail *m, const struct mail_sealing *how, int out, struct why *why);

/* Writes the mail that is sealed in this one. Errors of cms_open, and ERR_DATA: not sealed. */
enum err mail_unseal(struct mail *m, const struct cms_key *key, int out, struct why *why);

/*
 * Writes the mail that is signed in this one, without the signature: verified against ca,
 * and every address of its From is a signer's. ERR_AUTH: it is not. Other errors of cms_verify;
 * ERR_DATA: not signed, or no single From.
 */
enum err mail_verify(struct mail *m, const struct cms_certs *ca, int out, struct why *why);

/* Writes the mail that is signed in this one, whoever may have signed it and whatever became of it
 * since: for reading, as one reads what is not signed. ERR_DATA: not signed, or cut short. */
enum err mail_unsign(struct mail *m, int out, struct why *why);

#endif
