/*
 * Which part of a mail is meant: by number, by type, or the fax.
 */
#ifndef MIME_SELECT_H
#define MIME_SELECT_H

#include "mime/parse.h"

enum mime_choice {
    MIME_CHOICE_NO,
    MIME_CHOICE_YES,
    MIME_CHOICE_CONTENT, /* it depends on the first four bytes of the body */
};

/* number and type are NULL where they do not matter; both NULL: the fax (mime/kind.h). */
struct mime_wanted {
    const char *number; /* "1.2"; a part inside a multipart, or a whole message/rfc822 */
    const char *type;   /* "image/tiff", "image/..." spelt with a star, or "image" */
};

/* What is known of the part when it begins. Containers are never chosen. */
enum mime_choice mime_choose(const struct mime_wanted *wanted, const struct mime_part *part);

/* The type is what the pattern (as in struct mime_wanted) says, whatever its case. */
bool mime_type_matches(const char *pattern, const char *type);

#endif
