/*
 * Our decode beside libtiff's: any bytes as a strip of MH, MR, MMR or RLE. The rows up to our first
 * damaged one must be those of the model, and are asked of libtiff too; where it gives them without
 * a word of warning they must be the same. More cannot be asked: it skips what stands between a
 * row and the next EOL, it fails on dense rows that are in order, and a run of nothing within a row
 * is a changing element to it, though no pel changes there.
 */
#include "g3/g3.h"
#include "g3_model.h"
#include "../lib/tiff_memory.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS_MAX = 512, ROOM = 1 << 17 };

static const struct way {
    enum g3_coding coding;
    unsigned flags, compression;
    uint32_t options;
} ways[] = {
    {G3_MH, 0, COMPRESSION_CCITTFAX3, 0},
    {G3_MR, 0, COMPRESSION_CCITTFAX3, GROUP3OPT_2DENCODING},
    {G3_MMR, 0, COMPRESSION_CCITTFAX4, 0},
    {G3_MH, G3_NO_EOL | G3_ALIGN_ROW, COMPRESSION_CCITTRLE, 0},
};

static uint8_t room[ROOM];
static struct memory memory = {room, 0, 0, ROOM};
static unsigned words; /* of libtiff, errors and warnings */

static void count_words(const char *module, const char *format, va_list ap)
{
    (void)module, (void)format, (void)ap;
    words++;
}

/* libtiff's rows; false where it had anything to say. */
static bool their_rows(const struct way *way, unsigned width, unsigned rows, struct span strip,
                       uint8_t *pels)
{
    memory.size = memory.at = 0;
    words = 0;
    TIFF *tif = open_memory(&memory, "wl");
    if (!tif)
        return false;
    set_fax_fields(tif, width, rows);
    TIFFSetField(tif, TIFFTAG_COMPRESSION, way->compression);
    if (way->compression == COMPRESSION_CCITTFAX3)
        TIFFSetField(tif, TIFFTAG_GROUP3OPTIONS, way->options);
    tmsize_t n = TIFFWriteRawStrip(tif, 0, (void *)(uintptr_t)strip.p, (tmsize_t)strip.n);
    TIFFClose(tif);
    memory.at = 0;
    if (n != (tmsize_t)strip.n || words || !(tif = open_memory(&memory, "r")))
        return false;
    tmsize_t size = (tmsize_t)((width + 7) / 8 * rows);
    n = TIFFReadEncodedStrip(tif, 0, pels, size);
    TIFFClose(tif);
    return n == size && words == 0;
}

/* Where the row behind that bit begins, and whether it is a two-dimensional one. */
static size_t begin(const struct way *way, struct span strip, size_t at, bool *two_d)
{
    struct model m = {.bytes = strip, .at = at};
    *two_d = way->coding == G3_MMR;
    if (way->coding == G3_MMR)
        return at;
    if (way->flags & G3_NO_EOL)
        return (at + 7) / 8 * 8;
    unsigned zeros = 0;
    while (m.at < strip.n * 8 && (model_bit(&m) == 0 || zeros < G3_EOL_ZEROS))
        zeros = strip.p[(m.at - 1) / 8] >> (7 - (m.at - 1) % 8) & 1 ? 0 : zeros + 1;
    if (way->coding == G3_MR)
        *two_d = !model_bit(&m);
    return m.at;
}

/*
 * Our rows up to the first that is not good, or as many as asked for; *even how many come before
 * one that libtiff may take otherwise. Each is as the model has it.
 */
static unsigned our_rows(const struct way *way, unsigned width, struct span strip, uint8_t *pels,
                         unsigned *even)
{
    static struct g3_decoder d;
    static uint8_t want[(G3_WIDTH_MAX + 7) / 8];
    struct model m = {.bytes = strip, .width = width, .row = want};
    size_t stride = (width + 7) / 8;
    unsigned rows = 0;
    bool two_d, odd = false;
    *even = 0;
    g3_decoder_init(&d, way->coding, width, way->flags);
    g3_decoder_push(&d, strip);
    g3_decoder_finish(&d);
    while (rows < ROWS_MAX) {
        uint8_t *row = pels + stride * rows;
        size_t end = d.end_of_rows;
        if (g3_decoder_next(&d, row) != G3_ROW)
            break;
        if (!d.led && !way->flags && way->coding != G3_MMR)
            break; /* each its own way with a first row that no EOL leads */
        m.at = begin(way, strip, end, &two_d);
        if (!(two_d ? model_row_2d(&m) : model_row_1d(&m)) || memcmp(row, want, stride) != 0)
            abort();
        odd |= m.odd;
        m.above = row;
        rows++;
        *even += !odd;
    }
    return rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > ROOM / 2)
        return 0;
    TIFFSetErrorHandler(count_words);
    TIFFSetWarningHandler(count_words);
    const struct way *way = &ways[data[0] & 3];
    unsigned width = data[1] + 1u + (data[0] & 0x80 ? 1700 : 0);
    struct span strip = span_of(data + 2, size - 2);
    size_t stride = (width + 7) / 8;
    uint8_t *ours = malloc(stride * (ROWS_MAX + 1)), *theirs = malloc(stride * (ROWS_MAX + 1));
    unsigned even, rows = our_rows(way, width, strip, ours, &even);
    if (rows && their_rows(way, width, rows, strip, theirs))
        for (unsigned y = 0; y < even; y++) {
            if (width & 7) /* the bits behind the width are not libtiff's to clear */
                theirs[y * stride + stride - 1] &= (uint8_t)(0xff00 >> (width & 7));
            if (memcmp(ours + y * stride, theirs + y * stride, stride) != 0)
                abort();
        }
    free(ours);
    free(theirs);
    return 0;
}
