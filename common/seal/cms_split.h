/*
 * Takes a sealed CMS message apart in one pass: the encrypted bytes, which may be gigabytes, and
 * the rest of the message around them, which is small, so that OpenSSL need never hold the first.
 *
 * The message is a claim: lengths are bounded by what is there, depth by 16, the rest by its cap.
 */
#ifndef SEAL_CMS_SPLIT_H
#define SEAL_CMS_SPLIT_H

#include "bytes/buf.h"

/*
 * Reads the ContentInfo (EnvelopedData or AuthEnvelopedData, DER or BER) in fd from where it
 * stands. The octets of encryptedContent go to content_fd, out of whatever strings they came in;
 * everything else is appended to rest, which is again a ContentInfo, with the content detached
 * and the lengths around it indefinite. ERR_DATA: another structure, cut short, or rest's cap.
 */
enum err cms_split(int fd, int content_fd, struct buf *rest, struct why *why);

#endif
