#include "scan/paper.h"

#include <math.h>

bool scan_same_dpi(double a, double b)
{
    return a > 0 && b > 0 && fabs(a - b) <= 0.05 * (a > b ? a : b);
}

enum page_paper scan_paper_for(const struct scan_image *image, const struct scan_resolution *r)
{
    for (unsigned i = 0; i < PAGE_PAPERS && image->bilevel; i++)
        if (image->width == page_width((enum page_paper)i, r->xdpi))
            return (enum page_paper)i;
    if (image->xdpi <= 0 || image->ydpi <= 0)
        return PAGE_A4;
    double width = image->width * 254 / image->xdpi, height = image->height * 254 / image->ydpi;
    static const enum page_paper order[] = {PAGE_A4, PAGE_LETTER, PAGE_LEGAL, PAGE_B4, PAGE_A3};
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++) {
        unsigned w, h;
        page_paper_size(order[i], &w, &h);
        /* Two per cent of tolerance: nobody's renderer or scanner is exact. */
        if (width <= w * 1.02 && height <= h * 1.02)
            return order[i];
    }
    return PAGE_A3;
}

bool scan_resolution_of(const struct scan_image *image, struct scan_resolution *r)
{
    static const struct scan_resolution table[] = {
        {204, 98}, {204, 196}, {204, 391}, {300, 300}, {408, 391},
    };
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        if (scan_same_dpi(image->xdpi, table[i].xdpi) &&
            scan_same_dpi(image->ydpi, table[i].ydpi)) {
            *r = table[i];
            return true;
        }
    return false;
}
