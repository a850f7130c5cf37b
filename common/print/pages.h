/*
 * From files to the press: G3 page streams, and PDF through pdftoppm. (TIFF is tiff/'s to read:
 * the program hands its pages over.)
 */
#ifndef PRINT_PAGES_H
#define PRINT_PAGES_H

#include "print/press.h"

/*
 * Prints a coded page whose rows are not counted yet: decodes it once for that, and prints the
 * bytes themselves where no row was damaged, the repaired rows where some were (*bad says how
 * many; may be NULL). s->rows is not looked at. ERR_DATA: not a row. Errors as press_fax.
 */
enum err pages_coded(struct press *press, const struct sheet *s, uint64_t *bad, struct why *why);

/*
 * Prints the pages of a G3 page stream, SFF or bare T.4. Damaged rows are warned of. ERR_DATA:
 * none of these, cut, or a page over sheet.h's limits.
 */
enum err pages_g3(struct press *press, int fd, struct why *why);

/*
 * Prints a PDF's pages as fine fax pages. ERR_UNAVAILABLE: pdftoppm is not installed. ERR_DATA: it
 * cannot be read, or asks for a password.
 */
enum err pages_pdf(struct press *press, int fd, struct why *why);

/* What claims to be a PDF has its end, too. ERR_DATA. The descriptor's offset is 0 afterwards. */
enum err pages_pdf_check(int fd, struct why *why);

#endif
