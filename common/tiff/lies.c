#include "tiff/fax_parts.h"

const char *fax_way_name(const struct page_way *way)
{
    bool rle = way->coding == G3_MH && way->flags & G3_NO_EOL;
    return rle && way->flags & (G3_ALIGN_ROW | PAGE_ALIGN_WORD) ? "rle"
                                                                : g3_coding_name(way->coding);
}

static void warn_of_coding(struct fax *f, const struct page_way *way)
{
    const struct tiff_ifd *d = &f->ifd;
    bool t4 = d->compression == TIFF_T4, rle = !t4 && d->compression != TIFF_T6;
    bool led = way->coding != G3_MMR && !(way->flags & G3_NO_EOL);
    if ((d->compression == TIFF_T6) != (way->coding == G3_MMR) || (rle && led))
        fax_warn(f, "Compression %u is really %s", d->compression, fax_way_name(way));
    else if (t4 && (way->coding == G3_MR) != !!(d->t4_options & TIFF_T4_2D))
        fax_warn(f, "T4Options says %s, the data is %s", d->t4_options & TIFF_T4_2D ? "mr" : "mh",
                 g3_coding_name(way->coding));
    else if (rle && way->flags != fax_claimed_way(f).coded.flags)
        fax_warn(f, "Compression %u, but its rows start on %s", d->compression,
                 way->flags & PAGE_ALIGN_WORD ? "words"
                 : way->flags & G3_ALIGN_ROW  ? "bytes" : "bits");
    if (t4 && way->flags & G3_NO_EOL)
        fax_warn(f, "Compression 3 without EOLs%s",
                 way->flags & PAGE_ALIGN_WORD ? ", its rows start on words"
                 : way->flags & G3_ALIGN_ROW  ? ", its rows start on bytes" : "");
    if (way->coding == G3_MMR && way->flags & G3_ALIGN_ROW)
        fax_warn(f, "T.6 whose rows start on bytes");
    else if (led && way->flags & G3_ALIGN_ROW)
        fax_warn(f, "T.4 with fill behind its EOLs, so that rows start on bytes");
    if (way->lsb != (d->fill_order == 2))
        fax_warn(f, "FillOrder is wrong");
    if (way->width != f->coded_width)
        fax_warn(f, "ImageWidth is %u, the rows are %u wide", f->coded_width, way->width);
}

void fax_warn_of_lies(struct fax *f, const struct fax_pass *t)
{
    warn_of_coding(f, &t->way.coded);
    if (f->ifd.bits != 1)
        fax_warn(f, "BitsPerSample is %u", f->ifd.bits);
    if (f->ifd.samples != 1)
        fax_warn(f, "SamplesPerPixel is %u", f->ifd.samples);
    if ((f->ifd.t4_options & TIFF_T4_ALIGNED) && f->ifd.compression == TIFF_T4 && !t->aligned &&
        t->led && f->strips == 1 && t->bad_rows == 0)
        fax_warn(f, "T4Options says that EOLs end on bytes, and they do not");
    if (t->way.unshared)
        fax_warn(f, "RowsPerStrip is wrong");
    if (t->way.uncounted)
        fax_warn(f, "StripByteCounts are too small");
    if (f->coded_rows != t->rows)
        fax_warn(f, "ImageLength is %llu, the rows are %llu", (unsigned long long)f->coded_rows,
                 (unsigned long long)t->rows);
    else if (t->all_rows > t->rows)
        fax_warn(f, "data behind the last row");
    if (f->clipped)
        fax_warn(f, "StripByteCounts reach beyond the file");
    if (t->bad_rows)
        fax_warn(f, "%llu damaged rows repaired", (unsigned long long)t->bad_rows);
}
