/*
 * Takes a CMS message apart in one pass: its content, which may be gigabytes, and the rest of the
 * message around it, which is small, so that OpenSSL need never hold the first.
 *
 * The message is a claim: lengths are bounded by what is there, depth by 16, the rest by its cap.
 */
#ifndef SEAL_CMS_SPLIT_H
#define SEAL_CMS_SPLIT_H

#include "bytes/buf.h"

/* Where a message comes from: at most n bytes at a time; *got is 0 only at the end. */
struct cms_source {
    enum err (*read)(void *ctx, void *p, size_t n, size_t *got, struct why *why);
    void *ctx;
};

/* Where its content goes. */
struct cms_sink {
    enum err (*write)(void *ctx, const void *p, size_t n, struct why *why);
    void *ctx;
};

/*
 * Reads the ContentInfo (EnvelopedData, AuthEnvelopedData or SignedData, DER or BER) that source
 * gives. The octets of its content go to content, out of whatever strings they came in;
 * everything else is appended to rest, which is again a ContentInfo, with the content detached
 * and the lengths around it indefinite. What stands behind the message is not read to its end.
 * ERR_DATA: another structure, cut short, or rest's cap; else what source and content return.
 */
enum err cms_split(const struct cms_source *source, const struct cms_sink *content,
                   struct buf *rest, struct why *why);

#endif
