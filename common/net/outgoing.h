/*
 * A whole mail, measured and ready to be sent: so that nothing is sent of a mail that breaks off
 * on its way to us, and SIZE (RFC 1870) can be told.
 *
 * A regular file is used where it lies; what comes by a pipe waits in an unlinked temporary file.
 */
#ifndef NET_OUTGOING_H
#define NET_OUTGOING_H

#include "bytes/buf.h"

#include <stdbool.h>

struct outgoing {
    int fd;           /* not owned */
    uint64_t start;   /* where in fd the mail begins */
    uint64_t length;  /* its bytes there */
    uint64_t size;    /* its octets on the wire, without dots doubled and the end mark */
    bool eight_bit;   /* has bytes over 127 */
    bool binary;      /* says Content-Transfer-Encoding: binary, and may have NUL and bare CR */
    bool crlf;        /* its lines end in CR LF, so that it may go byte by byte */
    bool utf8_header; /* its header has UTF-8 beyond ASCII (RFC 6532) */
};

/*
 * Takes everything from fd on. *spooled is the temporary file, which the caller closes, or -1
 * where fd itself stays in use (and open). ERR_DATA: empty, or with a NUL and not binary. ERR_IO,
 * ERR_CREATE.
 */
enum err outgoing_take(int fd, struct outgoing *mail, int *spooled, struct why *why);

/* Fills in the rest about a mail whose place (fd, start, length) is known. Errors as above. */
enum err outgoing_measure(struct outgoing *mail, struct why *why);

/* Appends the header block with its empty line; at most out's cap. ERR_DATA: larger. */
enum err outgoing_header(const struct outgoing *mail, struct buf *out, struct why *why);

/* What a header loses and gets. */
struct outgoing_edit {
    const char *const *drop; /* fields of these names, whatever their case; ended by NULL */
    struct span add;         /* whole fields, lines ended by LF, put behind the last one */
};

/*
 * A copy of the mail with its header changed so, in a new temporary file, which the caller closes;
 * *copy tells of it. Where the header is not ended by an empty line, because a line that is no
 * field stands in it or there is none at all, it gets one there: what follows is text.
 * ERR_DATA: the header is too large. ERR_IO, ERR_CREATE.
 */
enum err outgoing_edit(const struct outgoing *mail, const struct outgoing_edit *edit,
                       struct outgoing *copy, int *spooled, struct why *why);

/* The length of the fields at the start of text, without the empty line; *ended: that line is
 * there. */
size_t outgoing_fields(struct span text, bool *ended);

/* Leaves out the `From ` line (and `>From ` lines) of an mbox that the mail begins with: that is
 * no header field. Errors as outgoing_measure. */
enum err outgoing_skip_from(struct outgoing *mail, struct why *why);

/*
 * A copy without binary parts and, unless keep_8bit, without bytes over 127 (mime/downgrade.h), in
 * a new temporary file, which the caller closes. ERR_DATA: that cannot be. ERR_IO, ERR_CREATE.
 */
enum err outgoing_downgrade(const struct outgoing *mail, bool keep_8bit, struct outgoing *copy,
                            int *spooled, struct why *why);

/* Copies the mail as it stands to a descriptor. ERR_IO. */
enum err outgoing_copy(const struct outgoing *mail, int to, struct why *why);

#endif
