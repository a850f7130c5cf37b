/*
 * The lines that final delivery puts before a mail (RFC 821 4.1.1, RFC 5321 4.4).
 */
#ifndef SMTP_TRACE_H
#define SMTP_TRACE_H

#include "bytes/buf.h"

struct trace {
    const char *sender;    /* the reverse-path without brackets, "" for <> */
    const char *helo;      /* what the peer called itself */
    const char *client;    /* "[127.0.0.1]"; NULL: the channel has no address */
    const char *hostname;
    const char *protocol;  /* "ESMTP" */
    const char *id;        /* NULL or "": none */
    const char *recipient; /* without brackets; NULL or "": several, who need not know each other */
    int64_t now;           /* seconds since 1970 */
};

/*
 * Appends "Return-Path:" and "Received:" lines with LF ends. Control bytes in any text come out
 * as '?'. Errors as buf_add.
 */
enum err trace_add(struct buf *out, const struct trace *trace);

#endif
