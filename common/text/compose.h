/*
 * A mail made from files: mime/write.h around descriptors.
 */
#ifndef TEXT_COMPOSE_H
#define TEXT_COMPOSE_H

#include "bytes/err.h"

#include <stdbool.h>

/*
 * What a mail is made of. Strings are UTF-8 and may be NULL (lists too; they end with NULL).
 * "-" is stdin for a file and stdout for output. date is RFC 5322's, or "@" and seconds; without
 * it and message_id, now and a random one are taken.
 */
struct compose {
    const char *from, *subject, *type, *name, *date, *message_id, *text, *output;
    char **to, **cc, **headers; /* headers are "Name: value" */
    const char **files;         /* what is attached; without any, text is the whole mail */
    bool notify;                /* Disposition-Notification-To: from */
    bool crlf;
};

/*
 * Reads the files and writes the mail; says on stderr what went wrong. Every file is opened and
 * its beginning read before the first byte is written, and each one's type is found from its
 * content and name where type does not say it. ERR_DATA: an empty file, CR LF or NUL in a field,
 * a bad address or date; ERR_NO_INPUT, ERR_CREATE, ERR_IO. Memory: 16 KiB a file.
 */
enum err compose_mail(const struct compose *c);

/* 32 random digits of base 16, for identifiers and boundaries. False: there are none. */
bool compose_random(char hex[33]);

#endif
