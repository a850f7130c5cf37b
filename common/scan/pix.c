#include "scan/pix.h"

#include "scan/quiet.h"

#include <fcntl.h>
#include <leptonica/allheaders.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FILE_MAX = 256 << 20,
    PELS_MAX = 64 << 20,
    COLOUR_PELS_MAX = 24 << 20,
};

struct pix_source {
    struct buf file;
    enum scan_kind kind;
    int index; /* the next image */
    PIX *pix;  /* the current one, its rows in byte order */
    unsigned row;
    uint8_t *clean; /* one row */
};

static void drop_image(struct pix_source *s)
{
    pixDestroy(&s->pix);
    free(s->clean);
    s->clean = NULL;
}

static void close_source(void *self)
{
    struct pix_source *s = self;
    drop_image(s);
    buf_release(&s->file);
    free(s);
}

/* Fractions that libjpeg can decode at little cost; 0 when none makes it small enough. */
static int jpeg_reduction(uint64_t pels)
{
    for (int r = 1; r <= 8; r *= 2)
        if (pels / (unsigned)(r * r) <= COLOUR_PELS_MAX)
            return r;
    return 0;
}

static PIX *read_jpeg(struct pix_source *s, uint64_t pels)
{
    int warnings = 0, reduction = jpeg_reduction(pels);
    if (!reduction)
        return NULL;
    PIX *pix = pixReadMemJpeg(s->file.data, s->file.len, 0, reduction, &warnings,
                              L_JPEG_READ_LUMINANCE);
    /* A cut file is filled up with gray and only warned of. */
    if (pix && warnings)
        pixDestroy(&pix);
    return pix;
}

static bool header(struct pix_source *s, uint64_t *pels, int *samples)
{
    int w = 0, h = 0, bits = 0, format = 0;
    const uint8_t *data = s->file.data;
    int bad;
    if (s->kind == SCAN_TIFF)
        bad = readHeaderMemTiff(data, s->file.len, s->index, &w, &h, &bits, samples, NULL, NULL,
                                &format);
    else
        bad = pixReadHeaderMem(data, s->file.len, &format, &w, &h, &bits, samples, NULL);
    *pels = (uint64_t)w * (uint64_t)h;
    return !bad && w > 0 && h > 0 && w <= SCAN_WIDTH_MAX;
}

/* Decodes the current image; NULL for anything that is not right with it. */
static PIX *decode(struct pix_source *s)
{
    uint64_t pels;
    int samples = 0;
    if (!header(s, &pels, &samples))
        return NULL;
    if (s->kind == SCAN_JPEG)
        return read_jpeg(s, pels);
    if (pels > (samples > 1 ? COLOUR_PELS_MAX : PELS_MAX))
        return NULL;
    return s->kind == SCAN_TIFF ? pixReadMemTiff(s->file.data, s->file.len, s->index)
                                : pixReadMemPng(s->file.data, s->file.len);
}

static void replace(PIX **pix, PIX *by)
{
    pixDestroy(pix);
    *pix = by;
}

/* To 1 bit a pel where that is what it is, else to gray, on white. */
static PIX *simplify(PIX *pix)
{
    if (pix && pixGetSpp(pix) == 4)
        replace(&pix, pixRemoveAlpha(pix));
    if (pix && pixGetColormap(pix) && pixGetDepth(pix) == 1) {
        int plain = 0;
        pixcmapIsBlackAndWhite(pixGetColormap(pix), &plain);
        replace(&pix, pixRemoveColormap(pix, plain ? REMOVE_CMAP_TO_BINARY
                                                   : REMOVE_CMAP_TO_GRAYSCALE));
    }
    if (pix && pixGetDepth(pix) > 1)
        replace(&pix, pixConvertTo8(pix, 0));
    if (pix)
        pixEndianByteSwap(pix);
    return pix;
}

static enum err next(void *self, struct scan_image *image, struct why *why)
{
    struct pix_source *s = self;
    drop_image(s);
    if (s->index && s->kind != SCAN_TIFF)
        return ERR_NO;
    struct quiet quiet;
    quiet_begin(&quiet);
    uint64_t pels;
    bool over = s->index && !header(s, &pels, &(int){0});
    if (!over)
        s->pix = simplify(decode(s));
    quiet_end(&quiet);
    quiet_release(&quiet);
    if (over)
        return ERR_NO;
    if (!s->pix)
        return why_set(why, ERR_DATA, "a broken, cut or too large %s", scan_kind_name(s->kind));
    s->index++;
    s->row = 0;
    *image = (struct scan_image){
        (unsigned)pixGetWidth(s->pix), (unsigned)pixGetHeight(s->pix), pixGetDepth(s->pix) == 1,
        pixGetXRes(s->pix), pixGetYRes(s->pix),
    };
    s->clean = malloc(scan_row_size(image) + 1);
    return s->clean ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
}

static enum err row(void *self, const uint8_t **bits, struct why *why)
{
    (void)why;
    struct pix_source *s = self;
    if (!s->pix || s->row >= (unsigned)pixGetHeight(s->pix))
        return ERR_NO;
    unsigned width = (unsigned)pixGetWidth(s->pix);
    size_t n = pixGetDepth(s->pix) == 1 ? (width + 7) / 8 : width;
    memcpy(s->clean, pixGetData(s->pix) + (size_t)s->row * (unsigned)pixGetWpl(s->pix), n);
    if (pixGetDepth(s->pix) == 1 && width % 8)
        s->clean[n - 1] &= (uint8_t)(0xff00 >> width % 8);
    s->row++;
    *bits = s->clean;
    return ERR_NONE;
}

enum err scan_pix_open(struct scan_source *source, struct scan_input *in, struct why *why)
{
    setMsgSeverity(L_SEVERITY_NONE);
    struct pix_source *s = calloc(1, sizeof *s);
    if (!s)
        return why_set(why, ERR_OS, "out of memory");
    s->kind = in->kind;
    buf_init(&s->file, FILE_MAX);
    enum err e = scan_input_all(in, &s->file, why);
    if (e) {
        close_source(s);
        return e;
    }
    *source = (struct scan_source){next, row, close_source, s};
    return ERR_NONE;
}

bool scan_tiff_has_shades(int fd)
{
    int bits = 0, samples = 0, own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    FILE *file = own < 0 ? NULL : fdopen(own, "rb");
    if (!file)
        return false;
    struct quiet quiet;
    setMsgSeverity(L_SEVERITY_NONE);
    quiet_begin(&quiet);
    int bad = freadHeaderTiff(file, 0, NULL, NULL, &bits, &samples, NULL, NULL, NULL);
    quiet_end(&quiet);
    quiet_release(&quiet);
    fclose(file);
    lseek(fd, 0, SEEK_SET);
    return !bad && bits * samples > 1;
}

static PIX *pix_of(const uint8_t *rows, unsigned width, unsigned count, int depth)
{
    setMsgSeverity(L_SEVERITY_NONE);
    PIX *pix = pixCreate((int)width, (int)count, depth);
    if (!pix)
        return NULL;
    size_t n = depth == 1 ? (width + 7) / 8 : width;
    for (unsigned y = 0; y < count; y++)
        memcpy(pixGetData(pix) + (size_t)y * (unsigned)pixGetWpl(pix), rows + y * n, n);
    pixEndianByteSwap(pix);
    return pix;
}

/* Copies a 1-bit pix of the page's size back to it, and frees it. */
static enum err give_back(PIX *pix, struct scan_bitmap *page, struct why *why)
{
    if (!pix)
        return why_set(why, ERR_OS, "image processing failed");
    pixSetPadBits(pix, 0);
    pixEndianByteSwap(pix);
    size_t n = (page->width + 7) / 8;
    for (unsigned y = 0; y < page->count; y++)
        memcpy(page->rows + y * n, pixGetData(pix) + (size_t)y * (unsigned)pixGetWpl(pix), n);
    pixDestroy(&pix);
    return ERR_NONE;
}

enum err scan_deskew(struct scan_bitmap *page, double pel_ratio, struct why *why)
{
    PIX *pix = pix_of(page->rows, page->width, page->count, 1);
    if (!pix)
        return why_set(why, ERR_OS, "out of memory");
    float degrees = 0, confidence = 0;
    bool found = pixFindSkew(pix, &degrees, &confidence) == 0 && confidence >= 3 &&
                 fabsf(degrees) >= 0.05f;
    if (!found) {
        pixDestroy(&pix);
        return ERR_NONE;
    }
    /* Two shears make the turn. The angle was measured in rows over pels; columns lean by the
     * same angle on paper, which in pels over rows is larger by the ratio on both sides. */
    double angle = degrees * (3.14159265358979 / 180);
    PIX *sheared = pixHShearCenter(NULL, pix, (float)(angle * pel_ratio * pel_ratio),
                                   L_BRING_IN_WHITE);
    PIX *turned = sheared ? pixVShearCenter(NULL, sheared, (float)angle, L_BRING_IN_WHITE) : NULL;
    pixDestroy(&pix);
    pixDestroy(&sheared);
    return give_back(turned, page, why);
}

enum err scan_despeckle(struct scan_bitmap *page, struct why *why)
{
    PIX *pix = pix_of(page->rows, page->width, page->count, 1);
    if (!pix)
        return why_set(why, ERR_OS, "out of memory");
    PIX *kept = pixSelectBySize(pix, 3, 3, 8, L_SELECT_IF_EITHER, L_SELECT_IF_GTE, NULL);
    pixDestroy(&pix);
    return give_back(kept, page, why);
}

enum err scan_otsu(const uint8_t *gray, struct scan_bitmap *page, struct why *why)
{
    PIX *pix = pix_of(gray, page->width, page->count, 8), *bits = NULL;
    if (pix)
        pixOtsuAdaptiveThreshold(pix, (int)page->width, (int)page->count, 0, 0, 0.1f, NULL, &bits);
    pixDestroy(&pix);
    return give_back(bits, page, why);
}

enum err scan_sauvola(const uint8_t *gray, struct scan_bitmap *page, struct why *why)
{
    PIX *pix = pix_of(gray, page->width, page->count, 8), *bits = NULL;
    /* Windows of 8 mm at fine resolution; tiles bound the memory of the integral images. */
    int tiles = 1 + (int)page->count / 600;
    if (pix)
        pixSauvolaBinarizeTiled(pix, 30, 0.34f, 1 + (int)page->width / 900, tiles, NULL, &bits);
    pixDestroy(&pix);
    return give_back(bits, page, why);
}
