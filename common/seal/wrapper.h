/*
 * The mail around a sealed entity (RFC 8551): which header fields stay outside, which go inside,
 * and how the two become one mail again.
 *
 * Fields outside (From, To, Subject, Date, Message-ID, everything that is not Content-*) are what
 * mail servers need; Content-* describe what is sealed and go inside with it.
 */
#ifndef SEAL_WRAPPER_H
#define SEAL_WRAPPER_H

#include "bytes/buf.h"

/* The most that a header block may have. */
enum { WRAPPER_HEAD_MAX = 1 << 20 };

/*
 * Length of the header block at the start of mail with the empty line that ends it, whatever the
 * line ends; 0 while that line has not come.
 */
size_t wrapper_head(struct span mail);

/*
 * Divides a mail's header block: fields that stay outside are appended to outer, with LF, and
 * MIME-Version where there was none; Content-* fields to inner, with CR LF, and the empty line
 * behind them. *binary: the Content-Transfer-Encoding is binary, so the body's line ends are
 * data. ERR_DATA: not a header block.
 */
enum err wrapper_divide(struct span head, struct buf *outer, struct buf *inner, bool *binary,
                        struct why *why);

/* What a header block says of the body behind it. */
enum wrapper_coding {
    WRAPPER_BASE64,
    WRAPPER_BINARY, /* 8bit, 7bit or none as well: the bytes as they are */
};

/* ERR_DATA: not a header block, or not that of a sealed S/MIME mail. */
enum err wrapper_sealed(struct span head, enum wrapper_coding *coding, struct why *why);

enum { WRAPPER_BOUNDARY_MAX = 250 };

/*
 * The same for a signed one: a multipart/signed, whose boundary is then given, or an S/MIME
 * message that holds what is signed (boundary is "").
 */
enum err wrapper_signed(struct span head, enum wrapper_coding *coding,
                        char boundary[WRAPPER_BOUNDARY_MAX + 1], struct why *why);

/* ERR_DATA unless it is the header block of a multipart/signed's second part. */
enum err wrapper_signature(struct span head, enum wrapper_coding *coding, struct why *why);

/*
 * The header block of an opened mail, appended to out with LF and the empty line: outer's fields
 * but Content-* and those that inner has as well, then inner's. inner may be empty (what was
 * sealed had no header). *binary as in wrapper_divide, for the inner part.
 */
enum err wrapper_join(struct span outer, struct span inner, struct buf *out, bool *binary,
                      struct why *why);

/* s begins like a header field, or with the empty line of an empty header. */
bool wrapper_is_head(struct span s);

/*
 * Line ends between pipes (LF) and sealed parts (CR LF). state is 0 at the start and belongs to
 * the call; out has room for 2 n (to_crlf) or n + 1 bytes (to_lf). Gives the bytes written.
 * wrapper_to_lf holds a CR back until it has seen what follows; at the end, call it with n 0,
 * which gives the one that is held.
 */
size_t wrapper_to_crlf(const uint8_t *p, size_t n, uint8_t *out, int *state);
size_t wrapper_to_lf(const uint8_t *p, size_t n, uint8_t *out, int *state);

#endif
