/*
 * Documents that other programs render: PDF by pdftoppm, PostScript by gs, page after page as
 * gray Netpbm images through a pipe.
 */
#ifndef SCAN_CHILD_H
#define SCAN_CHILD_H

#include "scan/input.h"
#include "scan/paper.h"
#include "scan/source.h"

/*
 * Starts the renderer of in (SCAN_PDF or SCAN_POSTSCRIPT) at resolution r. ERR_UNAVAILABLE: the
 * program is not installed; ERR_DATA: a PDF without its end. The source ends with ERR_DATA and
 * the program's first words when it fails (broken, protected by a password), or gave no page.
 */
enum err scan_document_open(struct scan_source *source, struct scan_input *in,
                            const struct scan_resolution *r, struct why *why);

#endif
