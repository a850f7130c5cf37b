/*
 * The codec beside libtiff's, in memory, over PBM files of one page each:
 *
 *     g3_bench [-n REPEATS] PAGE.pbm...
 *
 * Every repetition goes through all pages, so that none is hot in the caches, and the two take
 * turns, so that both see the same machine. Prints the medians in Mpel/s and their ratio.
 * FAXPIPE_CPU caps the kernel as in the programs.
 */
#include "cpu/cpu.h"
#include "g3/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <time.h>

enum { PAGES_MAX = 256, REPEATS_MAX = 101 };

struct image {
    unsigned width, rows;
    uint8_t *pels;
};

static struct image pages[PAGES_MAX];
static int page_count;
static struct g3_encoder encoder;
static struct g3_decoder decoder;

/* A TIFF in memory. */
struct memory {
    uint8_t *bytes;
    size_t size, at, cap;
};

static tmsize_t mem_read(thandle_t h, void *p, tmsize_t n)
{
    struct memory *m = h;
    size_t k = m->at < m->size ? m->size - m->at : 0;
    if ((size_t)n < k)
        k = (size_t)n;
    memcpy(p, m->bytes + m->at, k);
    m->at += k;
    return (tmsize_t)k;
}

static tmsize_t mem_write(thandle_t h, void *p, tmsize_t n)
{
    struct memory *m = h;
    if (m->at + (size_t)n > m->cap)
        return 0;
    memcpy(m->bytes + m->at, p, (size_t)n);
    m->at += (size_t)n;
    if (m->at > m->size)
        m->size = m->at;
    return n;
}

static toff_t mem_seek(thandle_t h, toff_t to, int whence)
{
    struct memory *m = h;
    m->at = (size_t)to + (whence == SEEK_CUR ? m->at : whence == SEEK_END ? m->size : 0);
    return m->at;
}

static int mem_close(thandle_t h)
{
    (void)h;
    return 0;
}

static toff_t mem_size(thandle_t h)
{
    return ((struct memory *)h)->size;
}

static TIFF *open_memory(struct memory *m, const char *mode)
{
    return TIFFClientOpen("memory", mode, m, mem_read, mem_write, mem_seek, mem_close, mem_size,
                          NULL, NULL);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return v[n / 2];
}

static void load(const char *path)
{
    struct image *p = &pages[page_count];
    FILE *f = fopen(path, "rb");
    char line[128];
    if (!f || page_count == PAGES_MAX || !fgets(line, sizeof line, f) || strcmp(line, "P4\n") != 0 ||
        !fgets(line, sizeof line, f) || sscanf(line, "%u %u", &p->width, &p->rows) != 2) {
        fprintf(stderr, "g3_bench: %s: not a raw PBM\n", path);
        exit(65);
    }
    size_t size = (size_t)(p->width + 7) / 8 * p->rows;
    p->pels = malloc(size);
    if (!p->pels || fread(p->pels, 1, size, f) != size) {
        fprintf(stderr, "g3_bench: %s: cut short\n", path);
        exit(65);
    }
    fclose(f);
    page_count++;
}

static size_t encode(const struct image *p, enum g3_coding coding, uint8_t *out)
{
    size_t n = 0, stride = (p->width + 7) / 8;
    g3_encoder_init(&encoder, coding, p->width, 4, 0);
    for (unsigned y = 0; y < p->rows; y++)
        n += g3_encode_row(&encoder, p->pels + y * stride, out + n);
    return n + g3_encode_end(&encoder, out + n);
}

static void decode(const struct image *p, enum g3_coding coding, const uint8_t *in, size_t n,
                   uint8_t *rows)
{
    size_t stride = (p->width + 7) / 8;
    unsigned y = 0;
    g3_decoder_init(&decoder, coding, p->width, 0);
    g3_decoder_push(&decoder, span_of(in, n));
    g3_decoder_finish(&decoder);
    while (y < p->rows && g3_decoder_next(&decoder, rows + y * stride) == G3_ROW)
        y++;
    if (y != p->rows || memcmp(rows, p->pels, stride * p->rows) != 0)
        abort();
}

static void their_encode(const struct image *p, enum g3_coding coding, struct memory *m)
{
    m->size = m->at = 0;
    TIFF *tif = open_memory(m, "wl");
    TIFFSetField(tif, TIFFTAG_IMAGEWIDTH, p->width);
    TIFFSetField(tif, TIFFTAG_IMAGELENGTH, p->rows);
    TIFFSetField(tif, TIFFTAG_ROWSPERSTRIP, p->rows);
    TIFFSetField(tif, TIFFTAG_BITSPERSAMPLE, 1);
    TIFFSetField(tif, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tif, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
    TIFFSetField(tif, TIFFTAG_YRESOLUTION, 196.0);
    TIFFSetField(tif, TIFFTAG_COMPRESSION,
                 coding == G3_MMR ? COMPRESSION_CCITTFAX4 : COMPRESSION_CCITTFAX3);
    if (coding != G3_MMR)
        TIFFSetField(tif, TIFFTAG_GROUP3OPTIONS, coding == G3_MR ? GROUP3OPT_2DENCODING : 0);
    TIFFWriteEncodedStrip(tif, 0, p->pels, (tmsize_t)((p->width + 7) / 8 * (size_t)p->rows));
    TIFFClose(tif);
}

static void their_decode(const struct image *p, struct memory *m, uint8_t *rows)
{
    m->at = 0;
    TIFF *tif = open_memory(m, "r");
    TIFFReadEncodedStrip(tif, 0, rows, (tmsize_t)((p->width + 7) / 8 * (size_t)p->rows));
    TIFFClose(tif);
}

static void bench(enum g3_coding coding, int repeats, double mpel)
{
    static double times[4][REPEATS_MAX];
    static struct memory coded[PAGES_MAX];
    static uint8_t *ours[PAGES_MAX];
    static size_t sizes[PAGES_MAX];
    size_t most = 0;
    for (int i = 0; i < page_count; i++) {
        size_t room = (size_t)(pages[i].rows + 2) * g3_row_bound(pages[i].width) + 4096;
        coded[i] = (struct memory){.bytes = malloc(room), .cap = room};
        ours[i] = malloc(room);
        most = room > most ? room : most;
    }
    uint8_t *rows = malloc(most);
    for (int r = 0; r < repeats; r++) {
        double t0 = now();
        for (int i = 0; i < page_count; i++)
            sizes[i] = encode(&pages[i], coding, ours[i]);
        double t1 = now();
        for (int i = 0; i < page_count; i++)
            their_encode(&pages[i], coding, &coded[i]);
        double t2 = now();
        for (int i = 0; i < page_count; i++)
            decode(&pages[i], coding, ours[i], sizes[i], rows);
        double t3 = now();
        for (int i = 0; i < page_count; i++)
            their_decode(&pages[i], &coded[i], rows);
        double t4 = now();
        times[0][r] = t1 - t0, times[1][r] = t2 - t1, times[2][r] = t3 - t2, times[3][r] = t4 - t3;
    }
    for (int k = 0; k < 4; k += 2) {
        double we = median(times[k], repeats), they = median(times[k + 1], repeats);
        printf("%-4s %s  %8.0f  %8.0f  %5.2f\n", g3_coding_name(coding), k ? "dec" : "enc",
               mpel / we, mpel / they, they / we);
    }
    free(rows);
    for (int i = 0; i < page_count; i++) {
        free(coded[i].bytes);
        free(ours[i]);
    }
}

int main(int argc, char **argv)
{
    int repeats = 7, first = 1;
    if (argc > 2 && strcmp(argv[1], "-n") == 0) {
        repeats = atoi(argv[2]);
        first = 3;
    }
    if (repeats < 1 || repeats > REPEATS_MAX || first >= argc) {
        fprintf(stderr, "usage: g3_bench [-n REPEATS] PAGE.pbm...\n");
        return 64;
    }
    const char *level = getenv("FAXPIPE_CPU");
    unsigned cap = ~0u;
    if (level && !cpu_level(span_str(level), &cap)) {
        fprintf(stderr, "g3_bench: FAXPIPE_CPU: %s: no such level\n", level);
        return 64;
    }
    g3_use(cpu_detect() & cap);
    TIFFSetWarningHandler(NULL);
    TIFFSetErrorHandler(NULL);
    double mpel = 0;
    for (int i = first; i < argc; i++)
        load(argv[i]);
    for (int i = 0; i < page_count; i++)
        mpel += (double)pages[i].width * pages[i].rows / 1e6;
    printf("%d pages, %.0f Mpel, median of %d, Mpel/s, kernel %s\n", page_count, mpel, repeats,
           g3_kernel_used()->name);
    printf("          faxpipe   libtiff  ratio\n");
    for (int c = G3_MH; c <= G3_MMR; c++)
        bench((enum g3_coding)c, repeats, mpel);
    for (int i = 0; i < page_count; i++)
        free(pages[i].pels);
    return 0;
}
