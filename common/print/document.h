/*
 * What is to be printed, told from its content: a mail with its parts, a TIFF, a G3 page stream, a
 * PDF, or text.
 */
#ifndef PRINT_DOCUMENT_H
#define PRINT_DOCUMENT_H

#include "bytes/buf.h"
#include "mime/header.h"

enum document_kind { DOCUMENT_MAIL, DOCUMENT_TIFF, DOCUMENT_G3, DOCUMENT_PDF, DOCUMENT_TEXT };

enum {
    DOCUMENT_TEXT_MAX = 32 << 20,
    DOCUMENT_PARTS_MAX = 1000,
};

/* A piece that makes pages, in the order of the mail; never DOCUMENT_MAIL. */
struct document_part {
    enum document_kind kind;
    int fd;          /* TIFF, G3, PDF: an own seekable descriptor, at its start; else -1 */
    struct buf text; /* TEXT: UTF-8 */
    char name[80];   /* "part 1.2", or what the document was called */
};

struct document {
    enum document_kind kind;
    struct buf header; /* of a mail: its header block */
    struct document_part *parts;
    size_t count;
    unsigned passed_over; /* parts of a mail that nothing here can print */
};

/*
 * Reads a document from fd (a pipe too), which stays the caller's. A mail's parts are decoded into
 * unlinked temporary files, text into memory as UTF-8 by conv. A text-only mail's text begins with
 * its From, To, Date and Subject. name is for messages. ERR_DATA: empty; none of the kinds; a
 * mail without anything to print, or sealed; over the limits. ERR_IO, ERR_OS, ERR_CREATE.
 * Close with document_close, also after a failure.
 */
enum err document_open(int fd, const char *name, const struct mime_converter *conv,
                       struct document *doc, struct why *why);
void document_close(struct document *doc);


#endif
