/*
 * One input file, recognised by its first bytes, whether or not it can be read twice.
 */
#ifndef SCAN_INPUT_H
#define SCAN_INPUT_H

#include "bytes/buf.h"

enum scan_kind {
    SCAN_EMPTY,
    SCAN_PNM,
    SCAN_PNG,
    SCAN_JPEG,
    SCAN_TIFF,
    SCAN_FAX, /* a G3 page stream, digifax or SFF */
    SCAN_PDF,
    SCAN_POSTSCRIPT,
    SCAN_MAIL,    /* text that begins with the fields of a mail */
    SCAN_TEXT,    /* UTF-8 without control bytes, as far as the first bytes tell */
    SCAN_UNKNOWN,
};

/* What bytes that begin with head are. whole: there are no others. Pure. */
enum scan_kind scan_sniff(struct span head, bool whole);

/* A few words for it: "PNG image". */
const char *scan_kind_name(enum scan_kind kind);

struct scan_input {
    int fd; /* owned; 0 is left alone */
    const char *path;
    enum scan_kind kind;
    struct buf head; /* read already, and not yet given */
    bool ended;
};

/* Opens path ("-" or NULL is stdin) and looks at its first 64 KiB. ERR_NO_INPUT, ERR_IO, ERR_OS. */
enum err scan_input_open(struct scan_input *in, const char *path, struct why *why);

/* Closes it; harmless twice. */
void scan_input_close(struct scan_input *in);

/* The next bytes, at most n; *got is 0 only at the end. */
enum err scan_input_read(struct scan_input *in, void *p, size_t n, size_t *got, struct why *why);

/* Everything, appended to all. ERR_DATA: over its cap. */
enum err scan_input_all(struct scan_input *in, struct buf *all, struct why *why);

/*
 * A descriptor, owned by the caller, that reads the whole input from offset 0 and can seek: a
 * copy in an unlinked temporary file unless the input is a plain file.
 */
enum err scan_input_seekable(struct scan_input *in, int *fd, struct why *why);

#endif
