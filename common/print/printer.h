/*
 * Printers: CUPS queues and IPP printers (RFC 8011).
 *
 * A job counts as printed when the printer says that its state is `completed`, and not before.
 */
#ifndef PRINT_PRINTER_H
#define PRINT_PRINTER_H

#include "bytes/err.h"

#include <stdbool.h>

enum { PRINTER_TIMEOUT = 600 };

struct printer_job {
    const char *printer; /* a queue of the CUPS server, or ipp://host[:port]/path, ipps://… */
    int fd;              /* a PDF in a regular file, printed from its start */
    const char *title;   /* the job's name */
    unsigned copies;     /* from 1 */
    const char *media;   /* PWG 5101.1 name, or NULL for the printer's own choice */
    unsigned timeout;    /* seconds for the whole job; 0: PRINTER_TIMEOUT */
};

/*
 * Prints and waits. When the time is over, or the job is held or stopped, it is cancelled.
 * ERR_AGAIN: printer out of reach, busy, stopped, or the job was aborted or cancelled. ERR_NO_HOST.
 * ERR_UNAVAILABLE: no such queue, or it takes no PDF. ERR_AUTH: it wants a password. ERR_USAGE: not
 * a printer's name.
 */
enum err printer_print(const struct printer_job *job, struct why *why);

#endif
