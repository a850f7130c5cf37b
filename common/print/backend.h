/*
 * Inside the press: what press.c asks of pdf.c and raster.c.
 */
#ifndef PRINT_BACKEND_H
#define PRINT_BACKEND_H

#include "print/press.h"

struct layout;
struct pdf;

struct press {
    struct press_options options;
    unsigned given, printed;
    bool failed;
    struct buf coded, rows; /* the current page's */
    struct pdf *pdf;        /* made with the first page */
};

/* The stamp's words for the current page, in out; NULL where no stamp is wanted. */
const char *press_stamp(const struct press *p, char out[256]);

/* A PDF page of each kind; pdf_finish ends the document (also one without pages) and frees. */
enum err pdf_fax(struct press *p, const struct sheet *s, struct why *why);
enum err pdf_text(struct press *p, const struct layout *layout, struct why *why);
enum err pdf_finish(struct press *p, struct why *why);

/* One page as pels. raster_stamped gives print the sheet as rows with the stamp in them, or, when
 * no stamp is wanted, as it is. */
enum err raster_png(struct press *p, const struct sheet *s, struct why *why);
enum err raster_pbm(struct press *p, const struct sheet *s, struct why *why);
enum err raster_preview(struct press *p, const struct sheet *s, struct why *why);
enum err raster_stamped(struct press *p, const struct sheet *s,
                        enum err (*print)(struct press *p, const struct sheet *s,
                                          struct why *why),
                        struct why *why);

#endif
