/*
 * A PDF's pages to the press, through pdftoppm.
 */
#ifndef PRINT_PDFPAGES_H
#define PRINT_PDFPAGES_H

#include "print/press.h"

/*
 * Prints a PDF's pages as fine fax pages. ERR_UNAVAILABLE: pdftoppm is not installed. ERR_DATA: it
 * cannot be read, or asks for a password.
 */
enum err pdf_pages(struct press *press, int fd, struct why *why);

/* What claims to be a PDF has its end, too. ERR_DATA. The descriptor's offset is 0 afterwards. */
enum err pdf_pages_check(int fd, struct why *why);

#endif
