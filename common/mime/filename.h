/*
 * File names that strangers chose, made harmless.
 */
#ifndef MIME_FILENAME_H
#define MIME_FILENAME_H

#include "bytes/span.h"

enum { MIME_FILENAME_SIZE = 201 };

/*
 * Makes name (UTF-8) a plain file name in out, terminated, at most 200 bytes, cut between
 * characters but with its extension kept: the last component of a path (/ and \ both separate),
 * control bytes, bytes that are not UTF-8 and characters with a meaning elsewhere (: * ? " < > |)
 * become _, so do leading dots and dashes; blanks at the ends go. Where nothing is left, fallback
 * stands in. The result never contains / or NUL, and is never "", "." or "..".
 */
void mime_filename(struct span name, const char *fallback, char out[MIME_FILENAME_SIZE]);

/* "tif" for image/tiff and its like, "pdf", "txt" …; "bin" for what is not known. */
const char *mime_extension(const char *type);

/* The type that a name's extension says ("image/tiff" for x.TIF); NULL where it says nothing. */
const char *mime_type_of_name(struct span name);

#endif
