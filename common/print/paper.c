#include "print/paper.h"

#include <math.h>

static const struct paper papers[] = {
    {"a4", "iso_a4_210x297mm", 595.276, 841.890},
    {"letter", "na_letter_8.5x11in", 612, 792},
    {"legal", "na_legal_8.5x14in", 612, 1008},
    {"b4", "iso_b4_250x353mm", 708.661, 1000.630},
    {"a3", "iso_a3_297x420mm", 841.890, 1190.551},
};

const struct paper *paper_find(struct span name)
{
    for (size_t i = 0; i < sizeof papers / sizeof *papers; i++)
        if (span_eq_nocase(name, span_str(papers[i].name)))
            return &papers[i];
    return NULL;
}

static double mm(double points)
{
    return points / 72 * 25.4;
}

struct paper paper_of(const struct sheet *s)
{
    double width = s->width / s->xdpi * 72, height = s->rows / s->ydpi * 72;
    /* T.4's lines are 215, 255 and 303 mm, a little over the papers'. */
    struct paper p = papers[mm(width) < 235 ? 0 : mm(width) < 280 ? 3 : 4];
    if (mm(width) < 235 && fabs(mm(height) - mm(792)) < 2)
        p = papers[1];
    else if (mm(width) < 235 && fabs(mm(height) - mm(1008)) < 4)
        p = papers[2];
    if (height > p.height * 1.03) {
        p.height = height * fmin(1, p.width / width);
        p.media = NULL;
    }
    return p;
}

struct placement paper_place(const struct paper *paper, const struct sheet *s, bool fit)
{
    struct placement at = {.scale = 1};
    double width = s->width / s->xdpi * 72, height = s->rows / s->ydpi * 72;
    struct paper own = paper_of(s);
    if (fit) {
        at.scale = fmin(paper->width / width, paper->height / height);
        if (own.width >= paper->width && at.scale > 1)
            at.scale = 1;
    }
    at.width = width * at.scale;
    at.height = height * at.scale;
    at.x = (paper->width - at.width) / 2;
    return at;
}
