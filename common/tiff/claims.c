#include "tiff/fax_parts.h"

#include <stdlib.h>

/* Samples that guesses are made from may take so many times the bytes of the file, and some more;
 * each stands for a hundred ways to read it. */
enum { SAMPLES_A_FILE = 2, SAMPLES_FREE = 1 << 18 };

/*
 * 4: every row good, as many as ImageLength says. 3: every row good, and the bits end after them.
 * 2: the bits go on to something else behind the rows that ImageLength asks for. 1: damaged rows.
 */
static int grade(const struct fax *f, const struct fax_pass *t)
{
    uint64_t good = t->rows - t->bad_rows;
    if (t->rows == 0 || t->bad_rows >= t->rows)
        return 0;
    if (t->lost && t->bad_rows && good < FAX_GOOD_ROWS_MIN && good * 2 < t->rows)
        return 0;
    if (t->bad_rows)
        return 1;
    if (t->all_rows > t->rows || t->lost)
        return 2;
    return t->rows == f->coded_rows ? 4 : 3;
}

static bool better(const struct fax_pass *a, const struct fax_pass *b)
{
    if (a->grade != b->grade)
        return a->grade > b->grade;
    return a->rows - a->bad_rows > b->rows - b->bad_rows;
}

/* What a pass cost: bytes, strips, and rows, of which a bit of T.6 or a strip's end makes many;
 * a damaged one of few bits takes what it lacks from the row above. */
static enum err spend(struct fax *f, struct why *why)
{
    const struct fax_walk *w = &f->walk;
    uint64_t mended = w->bad_rows * f->way.coded.width / FAX_COST_MEND;
    return fax_spend(f, w->bytes + (uint64_t)w->strip * FAX_COST_STRIP + w->rows / 2 + mended, why);
}

/* Reads the page that way, which becomes the best if it is better. */
static enum err try_way(struct fax *f, const struct fax_way *way, bool keep,
                        struct fax_pass *best, struct why *why)
{
    struct fax_pass pass;
    enum err e = fax_go_through(f, way, keep, &pass, why);
    if (e && e != ERR_DATA)
        return e;
    pass.grade = e ? 0 : grade(f, &pass);
    /* Each pass fills the bitmap anew, or empties it. */
    best->kept = false;
    if (pass.grade && better(&pass, best))
        *best = pass;
    return spend(f, why);
}

struct fax_way fax_claimed_way(const struct fax *f)
{
    const struct tiff_ifd *d = &f->ifd;
    struct fax_way way = {.coded = {.width = f->coded_width, .lsb = d->fill_order == 2}};
    if (d->compression == TIFF_T6)
        way.coded.coding = G3_MMR;
    else if (d->compression == TIFF_RLE)
        way.coded.flags = G3_NO_EOL | G3_ALIGN_ROW;
    else if (d->compression == TIFF_RLE_WORD)
        way.coded.flags = G3_NO_EOL | PAGE_ALIGN_WORD;
    else if (d->t4_options & TIFF_T4_2D)
        way.coded.coding = G3_MR;
    return way;
}

static bool same_way(const struct fax_way *a, const struct fax_way *b)
{
    return a->coded.coding == b->coded.coding && a->coded.flags == b->coded.flags &&
           a->coded.lsb == b->coded.lsb && a->coded.width == b->coded.width &&
           a->uncounted == b->uncounted && a->unshared == b->unshared;
}

/* The bytes of the page's largest strip, of the first ones, into chunk as they lie in the file. */
static enum err take_sample(struct fax *f, struct span *sample, bool *whole, struct why *why)
{
    uint64_t at = 0, end = 0, from = 0, size = 0;
    uint32_t n = f->strips < 64 ? f->strips : 64;
    for (uint32_t i = 0; i < n; i++) {
        if (fax_strip_extent(f, i, &at, &end, NULL) == ERR_NONE && at < end && end - at > size) {
            from = at;
            size = end - at;
        }
    }
    *whole = size <= PAGE_SAMPLE;
    size = *whole ? size : PAGE_SAMPLE;
    f->chunk_size = 0;
    *sample = span_of(f->chunk, (size_t)size);
    f->guessed += size;
    return size ? tiff_pread(&f->file, from, f->chunk, (size_t)size, why) : ERR_NONE;
}

/* Guesses from a sample, and goes through the whole page as the best of them say. */
static enum err try_guesses(struct fax *f, const struct fax_way *claimed, unsigned freedom,
                            struct fax_pass *best, struct why *why)
{
    struct page_guess guesses[PAGE_GUESSES];
    struct span sample;
    bool whole;
    if (f->guessed > f->file.size * SAMPLES_A_FILE + SAMPLES_FREE)
        return ERR_NONE;
    if (!f->guesser && !(f->guesser = malloc(sizeof *f->guesser)))
        return why_set(why, ERR_OS, "out of memory");
    f->way = *claimed;
    enum err e = take_sample(f, &sample, &whole, why);
    if (e || sample.n == 0)
        return e == ERR_DATA ? ERR_NONE : e;
    unsigned n = page_guess(f->guesser, sample, whole, &claimed->coded, freedom, guesses);
    for (unsigned i = 0; !e && i < n && best->grade < 4; i++) {
        struct fax_way way = *claimed;
        way.coded = guesses[i].way;
        if (!same_way(&way, claimed))
            e = try_way(f, &way, false, best, why);
    }
    return e;
}

bool fax_shares_badly(const struct fax *f)
{
    return f->strips > 1 && f->ifd.tile_width == 0 &&
           (f->strip_rows == 0 || (f->coded_rows + f->strip_rows - 1) / f->strip_rows != f->strips);
}

/* The page ended before its rows did, and its last strip's bytes may go on. */
static bool falls_short(const struct fax *f, const struct fax_pass *best)
{
    return best->grade == 0 || best->bad_rows || best->rows < f->coded_rows;
}

bool fax_has_more(struct fax *f)
{
    uint64_t at = 0, end[2] = {0, 0};
    bool before = f->way.uncounted;
    for (int i = 0; i < 2; i++) {
        f->way.uncounted = i == 1;
        if (f->strips == 0 || fax_strip_extent(f, f->strips - 1, &at, &end[i], NULL))
            end[i] = 0;
    }
    f->way.uncounted = before;
    return end[1] > end[0];
}

/* Lies that cannot be told from the first rows: about strips. */
static enum err try_strips(struct fax *f, const struct fax_way *first, struct fax_pass *best,
                           struct why *why)
{
    enum err e = ERR_NONE;
    struct fax_way way = *first;
    if (f->strips > 1 && f->ifd.tile_width == 0 && !way.unshared && best->grade < 4) {
        /* A strip that lacks a row is no proof: all must add up. */
        struct fax_pass pass = {.grade = 0};
        way.unshared = true;
        e = try_way(f, &way, false, &pass, why);
        if (!e && (pass.grade == 4 || best->grade == 0))
            *best = pass;
        way.unshared = best->way.unshared;
    }
    if (!e && best->grade < 4 && falls_short(f, best) && !way.uncounted && !f->clipped &&
        fax_has_more(f)) {
        way.uncounted = true;
        e = try_way(f, &way, false, best, why);
    }
    return e;
}

/* From what the tags say to what is ever less likely, until a way is perfect. */
static enum err find_way(struct fax *f, struct fax_pass *best, struct why *why)
{
    struct fax_way claimed = fax_claimed_way(f);
    bool tiled = f->ifd.tile_width != 0;
    claimed.unshared = fax_shares_badly(f);
    *best = (struct fax_pass){.grade = 0};
    enum err e = try_way(f, &claimed, f->wants & FAX_WANT_ROWS && !tiled, best, why);
    if (!e && best->grade < 4 && f->habit.coded.width && !same_way(&f->habit, &claimed))
        e = try_way(f, &f->habit, false, best, why);
    if (!e && best->grade < 4)
        e = try_strips(f, &claimed, best, why);
    if (!e && best->grade < 4)
        e = try_guesses(f, &claimed, PAGE_FREE_CODING | PAGE_FREE_ORDER, best, why);
    if (!e && !tiled && best->bad_rows * 2 >= best->rows)
        e = try_guesses(f, &claimed, PAGE_FREE_CODING | PAGE_FREE_ORDER | PAGE_FREE_WIDTH,
                        best, why);
    if (!e && best->grade && best->grade < 4 && !same_way(&best->way, &claimed))
        e = try_strips(f, &best->way, best, why);
    if (!e && best->grade < 4 && falls_short(f, best) && !f->clipped && fax_has_more(f)) {
        claimed.uncounted = true;
        e = try_guesses(f, &claimed, PAGE_FREE_CODING | PAGE_FREE_ORDER, best, why);
        claimed.uncounted = false;
    }
    if (!e && best->grade == 0)
        e = why_set(why, ERR_DATA, "page %u: %s", f->page.page.number,
                    f->clipped ? "cut short" : "damaged beyond repair");
    f->habit = best->way;
    if (e || same_way(&best->way, &claimed))
        f->habit.coded.width = 0;
    return e;
}

enum err fax_count_page(struct fax *f, uint64_t rows, uint64_t bytes, struct why *why)
{
    unsigned n = f->page.page.number;
    f->rows += rows;
    f->coded += bytes;
    if (f->coded > f->file.size * FAX_SHARED + FAX_SHARED_FREE)
        return why_set(why, ERR_DATA, "page %u: the pages share their bytes", n);
    if (f->rows > f->file.size * FAX_ROWS_A_BYTE + FAX_ROWS_FREE)
        return why_set(why, ERR_DATA, "page %u: more rows than the file has bits", n);
    return ERR_NONE;
}

static enum err judge(struct fax *f, const struct fax_pass *t, struct why *why)
{
    /* Cut: fewer rows than claimed, from a strip of which bytes are missing. */
    bool short_of = t->rows < f->coded_rows || (t->lost && t->bad_rows);
    if (f->clipped && short_of && !(t->whole && t->grade == 3 && t->closed))
        return why_set(why, ERR_DATA, "page %u: cut short", f->page.page.number);
    return fax_count_page(f, t->rows, t->bytes, why);
}

enum err fax_examine_tiff(struct fax *f, struct why *why)
{
    struct fax_pass t;
    enum err e = find_way(f, &t, why);
    if (!e)
        e = judge(f, &t, why);
    if (e)
        return e;
    struct fax_page *p = &f->page;
    const struct page_way *way = &t.way.coded;
    p->page.coding = way->coding;
    p->page.k = way->coding == G3_MR ? (t.longest_2d < 254 ? t.longest_2d + 1 : 255) : 0;
    p->coding_name = fax_way_name(way);
    p->rows = t.rows;
    p->bad_rows = t.bad_rows;
    p->bad_in_a_row = t.bad_in_a_row;
    p->eols_aligned = t.aligned;
    p->carried = f->strips == 1 && way->flags == 0 && t.bad_rows == 0 && t.all_rows == t.rows &&
                 !f->invert && p->orientation == 1 && (t.led || way->coding == G3_MMR);
    if (f->ifd.tile_width == 0)
        p->page.width = way->width;
    else
        p->carried = false;
    f->end_of_rows = t.end_of_rows;
    f->way = t.way;
    f->closed = t.closed;
    fax_warn_of_lies(f, &t);
    if (t.kept)
        fax_use_bitmap(f, t.rows);
    else
        buf_clear(&f->bitmap);
    return ERR_NONE;
}
