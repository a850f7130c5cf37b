#include "tiff/fax_parts.h"

/* What reading a page one way gave. */
struct trial {
    struct fax_way way;
    int grade; /* 0 nothing … 4 as good as can be */
    uint64_t rows, bad_rows, bad_in_a_row;
    uint64_t all_rows, end_of_rows;
    unsigned longest_2d;
    bool led, aligned, whole, closed;
};

/*
 * 4: every row good, as many as ImageLength says. 3: every row good, and the bits end after them.
 * 2: the bits go on to something else behind the rows that ImageLength asks for. 1: damaged rows.
 */
static int grade(const struct fax *f, const struct trial *t)
{
    const struct fax_walk *w = &f->walk;
    uint64_t claimed = f->ifd.rows;
    if (t->rows == 0 || t->bad_rows >= t->rows)
        return 0;
    if (w->lost && (claimed == 0 || t->rows < claimed))
        return 0;
    if (t->bad_rows)
        return 1;
    if (t->all_rows > t->rows || w->lost)
        return 2;
    return t->rows == claimed ? 4 : 3;
}

/* Rows beyond ImageLength count only when all is well with them. */
static enum err try_way(struct fax *f, struct trial *t, struct why *why)
{
    uint64_t claimed = f->ifd.rows, bad = 0, bad_in_a_row = 0;
    enum g3_event event;
    fax_walk_start(f, &t->way);
    do {
        enum err e = fax_walk_row(f, NULL, &event, why);
        if (e)
            return e;
        if (claimed && f->walk.rows == claimed) {
            bad = f->walk.bad_rows;
            bad_in_a_row = f->walk.bad_in_a_row;
        }
    } while (event != G3_END);
    t->rows = t->all_rows = f->walk.rows;
    t->bad_rows = f->walk.bad_rows;
    t->bad_in_a_row = f->walk.bad_in_a_row;
    t->whole = f->decoder.closed || !f->walk.cut;
    if (claimed && t->rows > claimed && (f->walk.lost || f->walk.bad_rows > bad)) {
        t->rows = claimed;
        t->bad_rows = bad;
        t->bad_in_a_row = bad_in_a_row;
        t->whole = true;
    }
    t->led = f->decoder.led;
    t->closed = f->decoder.closed;
    t->aligned = f->decoder.eols_aligned;
    t->longest_2d = f->decoder.longest_2d;
    t->end_of_rows = f->decoder.end_of_rows;
    t->grade = grade(f, t);
    return ERR_NONE;
}

static bool better(const struct trial *a, const struct trial *b)
{
    if (a->grade != b->grade)
        return a->grade > b->grade;
    return a->rows - a->bad_rows > b->rows - b->bad_rows;
}

/* The ways of a T.4 or T.6 page in the field, by what its Compression claims. */
static const struct {
    unsigned coding, flags;
} ways[][6] = {
    [0] = {{G3_MH, G3_NO_EOL | G3_ALIGN_ROW}, {G3_MH, G3_NO_EOL}, {G3_MH, 0}, {G3_MR, 0},
           {G3_MMR, 0}, {G3_MMR, G3_ALIGN_ROW}},
    [1] = {{G3_MH, 0}, {G3_MR, 0}, {G3_MH, G3_NO_EOL}, {G3_MH, G3_NO_EOL | G3_ALIGN_ROW},
           {G3_MMR, 0}, {G3_MMR, G3_ALIGN_ROW}},
    [2] = {{G3_MR, 0}, {G3_MH, 0}, {G3_MH, G3_NO_EOL}, {G3_MH, G3_NO_EOL | G3_ALIGN_ROW},
           {G3_MMR, 0}, {G3_MMR, G3_ALIGN_ROW}},
    [3] = {{G3_MMR, 0}, {G3_MMR, G3_ALIGN_ROW}, {G3_MR, 0}, {G3_MH, 0}, {G3_MH, G3_NO_EOL},
           {G3_MH, G3_NO_EOL | G3_ALIGN_ROW}},
};
enum { WAYS = sizeof *ways / sizeof **ways };

static unsigned claimed_ways(const struct tiff_ifd *d)
{
    if (d->compression == TIFF_T6)
        return 3;
    if (d->compression == TIFF_RLE)
        return 0;
    return d->t4_options & TIFF_T4_2D ? 2 : 1;
}

/* What a way cost: bytes, strips, and rows, of which a bit of T.6 or a strip's end makes many. */
static enum err spend(struct fax *f, struct why *why)
{
    const struct fax_walk *w = &f->walk;
    return fax_spend(f, w->bytes + (uint64_t)w->strip * FAX_COST_STRIP + w->rows / 2, why);
}

/* Tries until a way is perfect; else the best of all. Each is one pass: linear. */
static enum err find_way(struct fax *f, struct trial *best, struct why *why)
{
    unsigned row = claimed_ways(&f->ifd);
    bool lsb = f->ifd.fill_order == 2;
    *best = (struct trial){.grade = 0};
    for (unsigned i = 0; i < 2 * WAYS && best->grade < 4; i++) {
        unsigned column = i % WAYS;
        struct trial t = {.way = {(enum g3_coding)ways[row][column].coding,
                                  ways[row][column].flags, i < WAYS ? lsb : !lsb}};
        enum err e = try_way(f, &t, why);
        if (e && e != ERR_DATA)
            return e;
        if (!e && better(&t, best))
            *best = t;
        if ((e = spend(f, why)))
            return e;
    }
    if (best->grade == 0)
        return why_set(why, ERR_DATA, "page %u: %s", f->page.page.number,
                       f->clipped ? "cut short" : "damaged beyond repair");
    return ERR_NONE;
}

static void warn_of_lies(struct fax *f, const struct trial *t)
{
    const struct tiff_ifd *d = &f->ifd;
    bool t4 = d->compression == TIFF_T4;
    if ((d->compression == TIFF_T6) != (t->way.coding == G3_MMR))
        fax_warn(f, "Compression %u is really %s", d->compression,
                 g3_coding_name(t->way.coding));
    else if (t4 && (t->way.coding == G3_MR) != !!(d->t4_options & TIFF_T4_2D))
        fax_warn(f, "T4Options says %s, the data is %s", d->t4_options & TIFF_T4_2D ? "mr" : "mh",
                 g3_coding_name(t->way.coding));
    if (t4 && (t->way.flags & G3_NO_EOL))
        fax_warn(f, "Compression 3 without EOLs");
    if (t->way.lsb != (d->fill_order == 2))
        fax_warn(f, "FillOrder is wrong");
    if (d->rows != t->rows)
        fax_warn(f, "ImageLength is %u, the rows are %llu", d->rows,
                 (unsigned long long)t->rows);
    else if (t->all_rows > t->rows)
        fax_warn(f, "data behind the last row");
    if (f->clipped)
        fax_warn(f, "StripByteCounts reach beyond the file");
    if (t->bad_rows)
        fax_warn(f, "%llu damaged rows repaired", (unsigned long long)t->bad_rows);
}

enum err fax_examine_tiff(struct fax *f, struct why *why)
{
    struct trial t;
    enum err e = find_way(f, &t, why);
    if (e)
        return e;
    /* Cut: fewer rows than claimed, from a strip of which bytes are missing. */
    if (f->clipped && t.rows < f->ifd.rows && !(t.whole && t.grade == 3 && t.closed))
        return why_set(why, ERR_DATA, "page %u: cut short", f->page.page.number);
    f->rows += t.rows;
    if (f->rows > f->file.size * FAX_ROWS_A_BYTE + FAX_ROWS_FREE)
        return why_set(why, ERR_DATA, "page %u: more rows than the file has bits",
                       f->page.page.number);
    struct fax_page *p = &f->page;
    p->page.coding = t.way.coding;
    p->page.k = t.way.coding == G3_MR ? (t.longest_2d < 254 ? t.longest_2d + 1 : 255) : 0;
    p->coding_name = g3_coding_name(t.way.coding);
    p->rows = t.rows;
    p->bad_rows = t.bad_rows;
    p->bad_in_a_row = t.bad_in_a_row;
    p->eols_aligned = t.aligned;
    p->carried = f->strips == 1 && t.way.flags == 0 && t.bad_rows == 0 && t.all_rows == t.rows &&
                 !f->invert && p->orientation == 1 && (t.led || t.way.coding == G3_MMR);
    f->end_of_rows = t.end_of_rows;
    f->way = t.way;
    f->closed = t.closed;
    warn_of_lies(f, &t);
    return ERR_NONE;
}
