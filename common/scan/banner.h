/*
 * The line at the top of each page, as T.30's transmit terminal identification is printed: a
 * target that draws it and passes the page on.
 *
 * In the text %d is the date, %t the time, %p the page, %P the number of pages, %f the sender,
 * %% a percent sign.
 */
#ifndef SCAN_BANNER_H
#define SCAN_BANNER_H

#include "scan/source.h"

#include <time.h>

struct scan_banner_options {
    const char *text;   /* UTF-8 */
    const char *sender; /* UTF-8, "" for none */
    time_t now;         /* in local time on the page */
    bool inside;        /* over the page's first rows; else above them, and the page grows */
    /* Draws a line of text as count rows of the page. ERR_OS. */
    enum err (*draw)(const char *text, const struct scan_page *page, unsigned count, uint8_t *rows,
                     struct why *why);
};

struct scan_banner;

/*
 * target receives pages for next (borrowed). options and what they point at must outlive it.
 * ERR_USAGE: the text is not UTF-8, too long, or has an unknown % letter; ERR_OS.
 */
enum err scan_banner_open(struct scan_banner **banner, const struct scan_banner_options *options,
                          struct scan_target *next, struct scan_target *target, struct why *why);

/* Frees; NULL is harmless. */
void scan_banner_free(struct scan_banner *banner);

#endif
