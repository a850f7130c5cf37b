/*
 * The reception notification: that a mail waits, and nothing of what is in it.
 */
#ifndef PRINT_NOTICE_H
#define PRINT_NOTICE_H

#include "bytes/buf.h"
#include "mime/header.h"

struct notice {
    const char *whom;   /* NULL: the mail's To */
    const char *id;     /* NULL: not known */
    long long arrived;  /* seconds; 0: the mail's Date */
    long long until;    /* seconds; 0: not known */
    unsigned pages;     /* 0: it could not be decoded */
};

/* Appends the words, UTF-8 of a few lines. header is the mail's header block. ERR_OS, ERR_DATA. */
enum err notice_text(const struct notice *n, struct span header, const struct mime_converter *conv,
                     struct buf *out);

#endif
