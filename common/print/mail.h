/*
 * A mail taken apart for printing; document.c's own.
 */
#ifndef PRINT_MAIL_H
#define PRINT_MAIL_H

#include "mime/parse.h"
#include "print/document.h"

enum { MAIL_HEADER_MAX = MIME_HEADER_MAX + 64 };

/* Adds the printable parts of the mail in file to doc. Errors as document_open. */
enum err mail_open(int file, const struct mime_converter *conv, struct document *doc,
                   struct why *why);

/* A document's kind by its first bytes; false where they do not tell. */
bool document_sniff(struct span head, enum document_kind *kind);

/* A new part at the end; NULL: no memory, or too many. Valid until the next call. */
struct document_part *document_add(struct document *doc, enum document_kind kind,
                                   const char *name);

#endif
