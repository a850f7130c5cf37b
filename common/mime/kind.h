/*
 * What a mail is for a fax machine: text, fax, or both (policy.md's --kind).
 */
#ifndef MIME_KIND_H
#define MIME_KIND_H

#include "bytes/span.h"

enum mime_kind {
    MIME_KIND_TEXT,  /* no image and no document */
    MIME_KIND_FAX,   /* images or documents and no text */
    MIME_KIND_MIXED, /* both */
};

/* Gathers a mail's parts. All zero: none yet. */
struct mime_kind_parts {
    bool text;
    bool document;
};

/*
 * Adds a part by its type and subtype, whatever their case, as IMAP's BODYSTRUCTURE gives them,
 * and its file name (may be empty). Text is text/... and the machine-readable parts of reports;
 * a document is an image, application/... but signatures, keys and resource forks, and a text part
 * whose name says that it is an image or a PDF. Containers, audio and video count for nothing.
 */
void mime_kind_add(struct mime_kind_parts *parts, struct span type, struct span subtype,
                   struct span name);

/* As mime_kind_add, of "type/subtype" in one: mime_part's type. */
void mime_kind_add_type(struct mime_kind_parts *parts, const char *type, struct span name);

/* What the parts make; text for a mail that has none. */
enum mime_kind mime_kind_of(const struct mime_kind_parts *parts);

/* "text", "fax", "mixed". */
const char *mime_kind_name(enum mime_kind kind);

/* The reverse. False: another word. */
bool mime_kind_parse(struct span word, enum mime_kind *kind);

/* The types that carry a fax: image/tiff, image/tif, image/x-tiff, image/tiff-fx, image/g3fax. */
bool mime_type_is_fax(const char *type);

/* application/octet-stream whose name ends in .tif, .tiff or .g3, or whose first
 * bytes (at least 4) are a TIFF's: II*\0 or MM\0*. */
bool mime_octets_are_fax(const char *type, struct span name, struct span first);

/* The bytes begin as a TIFF does (4 are enough). */
bool mime_content_is_tiff(struct span first);

#endif
