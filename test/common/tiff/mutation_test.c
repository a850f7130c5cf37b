/*
 * Damaged and lying TIFFs by the thousand (TIFF_MUTANTS): tags falsified, strips damaged, bytes
 * changed anywhere. Never a crash, never more pages and rows than the file's size allows, and of
 * the rows whose own bits are whole nearly all come out in MH and MR. The figures are printed.
 */
#include "../g3/mutate.h"
#include "../g3/pages.h"
#include "check.h"
#include "tiff/fax.h"
#include "tiff/tags.h"
#include "tiff/write.h"


enum { WIDTH = 1728, STRIDE = WIDTH / 8, ROWS = 80, K = 4, ROWS_MOST = 4 * ROWS };

static unsigned long long seed = 1988;
static unsigned long long next_random(void)
{
    return check_random(&seed);
}

static struct g3_encoder encoder;
static struct g3_decoder decoder;
static uint8_t page[ROWS][STRIDE], got[ROWS_MOST][STRIDE];
static uint8_t strip[ROWS * 4 * STRIDE], file[sizeof strip + 4096];
static size_t strip_size, file_size, row_end[ROWS];

/* Text and white; each row has its number in the margin, so that no two are alike. */
static void make_strip(enum g3_coding coding)
{
    uint8_t row[STRIDE], out[4 * STRIDE + 4096];
    g3_encoder_init(&encoder, coding, WIDTH, K, 0);
    strip_size = 0;
    for (unsigned y = 0; y < ROWS; y++) {
        make_row(page[y], y ? page[y - 1] : NULL, WIDTH,
                 y % 24 < 8 ? BLANK : y % 4 ? LIKE_ABOVE : TEXT, next_random);
        memset(page[y], 0, 8);
        for (unsigned bit = 0; bit < 8; bit++)
            if (y >> bit & 1)
                page[y][bit] = 0x3c;
        size_t n = g3_encode_row(&encoder, page[y], out);
        memcpy(strip + strip_size, out, n);
        strip_size += n;
    }
    strip_size += coding == G3_MMR ? g3_encode_end(&encoder, strip + strip_size)
                                   : g3_encode_flush(&encoder, strip + strip_size);
    g3_decoder_init(&decoder, coding, WIDTH, 0);
    g3_decoder_push(&decoder, span_of(strip, strip_size));
    g3_decoder_finish(&decoder);
    for (unsigned y = 0; y < ROWS; y++) {
        if (g3_decoder_next(&decoder, row) != G3_ROW)
            abort();
        row_end[y] = decoder.end_of_rows;
    }
}

/* The page as a TIFF in file[], written by our writer round any strip. */
static void make_file(enum g3_coding coding, const uint8_t *bytes, size_t n)
{
    struct page p = {.number = 1, .total = 1, .width = WIDTH, .xdpi = 204, .ydpi = 196,
                     .coding = coding};
    struct tiff_page_facts facts = {.rows = ROWS};
    struct tiff_writer_options options = {0};
    struct tiff_writer *w;
    struct why why;
    int fd = memfd_create("mutation", 0);
    if (fd < 0 || tiff_writer_open(fd, &options, &w, &why) || tiff_page_begin(w, &p, &why) ||
        tiff_page_add(w, span_of(bytes, n), &why) || tiff_page_end(w, &facts, &why) ||
        tiff_writer_finish(w, &why))
        abort();
    tiff_writer_free(w);
    file_size = (size_t)lseek(fd, 0, SEEK_END);
    if (pread(fd, file, sizeof file, 0) != (ssize_t)file_size)
        abort();
    close(fd);
}

/* Reads all pages; of the last one the rows are in got. A document's rows are counted against
 * what its size allows: a row a bit, and some. */
static unsigned read_file(void)
{
    struct fax *f = NULL;
    struct fax_page p;
    struct why why;
    static uint8_t row[(G3_WIDTH_MAX + 7) / 8];
    unsigned rows = 0, pages = 0;
    uint64_t all = 0;
    int fd = memfd_create("mutant", 0);
    if (fd < 0 || write(fd, file, file_size) != (ssize_t)file_size || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    enum err e = fax_open_fd(fd, NULL, &f, &why);
    while (!e && !(e = fax_next(f, &p, &why))) {
        CHECK(++pages <= file_size);
        rows = 0;
        if (!fax_rewind(f, &why))
            while (!(e = fax_row(f, row, &why))) {
                if (rows < ROWS_MOST && (p.page.width + 7) / 8 == STRIDE)
                    memcpy(got[rows], row, STRIDE);
                rows++;
                CHECK(++all <= file_size * 8 + 65536);
            }
        e = e == ERR_NO ? ERR_NONE : e;
        if (p.page.width != WIDTH)
            rows = 0;
    }
    fax_close(f);
    close(fd);
    return rows < ROWS_MOST ? rows : ROWS_MOST;
}

struct score {
    unsigned long pages, spared, found;
};

static void judge(enum g3_coding coding, const struct mutant *m, unsigned rows, struct score *s)
{
    unsigned at = 0;
    s->pages++;
    for (unsigned y = 0; y < ROWS; y++) {
        unsigned first = coding == G3_MH ? y : coding == G3_MR ? y - y % K : 0;
        if (!mutant_spares(m, first ? row_end[first - 1] : 0, row_end[y]))
            continue;
        s->spared++;
        for (unsigned i = at; i < rows; i++)
            if (memcmp(got[i], page[y], STRIDE) == 0) {
                s->found++;
                at = i + 1;
                break;
            }
    }
}

static double percent(const struct score *s)
{
    return 100.0 * (double)s->found / (double)(s->spared ? s->spared : 1);
}

static unsigned mutants(unsigned share)
{
    const char *count = getenv("TIFF_MUTANTS");
    return (count ? (unsigned)atoi(count) : 2000) / share + 1;
}

static void damaged_strips(void)
{
    for (enum g3_coding c = G3_MH; c <= G3_MMR; c++) {
        struct score s = {0};
        for (unsigned i = 0; i < mutants(6); i++) {
            uint8_t bytes[sizeof strip + MUTATE_GROWS];
            struct mutant m = {.bytes = bytes};
            if (i % 20 == 0)
                make_strip(c);
            memcpy(bytes, strip, strip_size);
            m.n = strip_size;
            mutate(&m, (enum mutation)(i % MUTATIONS), &seed);
            if (m.n == 0)
                continue;
            make_file(c, m.bytes, m.n);
            judge(c, &m, read_file(), &s);
        }
        printf("# strips damaged, %-3s %6lu pages: of %lu rows unhurt %.2f %% come out\n",
               g3_coding_name(c), s.pages, s.spared, percent(&s));
        CHECK(c == G3_MMR || s.found * 100 >= s.spared * 95);
    }
}

/* Where the entry of a tag stands in file[], whose directory begins at 8; 0: there is none. */
static size_t entry(unsigned tag)
{
    unsigned n = file[8] | file[9] << 8;
    for (unsigned i = 0; i < n; i++)
        if ((file[10 + 12 * i] | file[11 + 12 * i] << 8) == (int)tag)
            return 10 + 12 * i;
    return 0;
}

/* Lies that the data gives away; the picture is the same whatever they say. */
static const unsigned lies[] = {TIFF_WIDTH, TIFF_BITS, TIFF_SAMPLES, TIFF_LENGTH, TIFF_COMPRESSION, TIFF_FILL_ORDER,
                                TIFF_ROWS_PER_STRIP, TIFF_STRIP_COUNTS, TIFF_T4_OPTIONS,
                                TIFF_X_RESOLUTION, TIFF_Y_RESOLUTION, TIFF_RESOLUTION_UNIT,
                                TIFF_PAGE_NUMBER, TIFF_SUBFILE_TYPE};
enum { LIES = sizeof lies / sizeof *lies };

/* A value as devices write it: of the wrong kind, nothing, too much, too little. */
static void falsify(unsigned tag)
{
    size_t at = entry(tag);
    uint32_t old, value;
    if (!at)
        return;
    memcpy(&old, file + at + 8, 4);
    switch (next_random() % 5) {
    case 0:
        value = 0;
        break;
    case 1:
        value = (uint32_t)next_random() % 5;
        break;
    case 2:
        value = old + (uint32_t)next_random() % 9;
        break;
    case 3:
        value = UINT32_MAX;
        break;
    default: /* no such tag: what it was is one that nobody knows */
        memcpy(file + at, &(uint16_t){(uint16_t)(60000 + next_random() % 5000)}, 2);
        return;
    }
    memcpy(file + at + 8, &value, 4);
}

static void falsified_tags(void)
{
    for (enum g3_coding c = G3_MH; c <= G3_MMR; c++) {
        struct score all = {0};
        for (unsigned k = 0; k < LIES; k++) {
            struct score s = {0};
            struct mutant none = {.hits = 0};
            make_strip(c);
            for (unsigned i = 0; i < mutants(6 * LIES); i++) {
                make_file(c, strip, strip_size);
                falsify(lies[k]);
                if (i % 4 == 3) /* two lies */
                    falsify(lies[next_random() % LIES]);
                judge(c, &none, read_file(), &s);
            }
            if (s.found != s.spared)
                printf("#   tag %u: of %lu rows %.2f %%\n", lies[k], s.spared, percent(&s));
            all.pages += s.pages, all.spared += s.spared, all.found += s.found;
        }
        printf("# tags falsified, %-3s %6lu pages: of %lu rows %.2f %% come out\n",
               g3_coding_name(c), all.pages, all.spared, percent(&all));
        CHECK(c == G3_MMR || all.found * 100 >= all.spared * 95);
    }
}

/* Bytes changed, gone and added anywhere in the file. */
static void damaged_files(void)
{
    for (unsigned i = 0; i < mutants(3); i++) {
        enum g3_coding c = (enum g3_coding)(i % 3);
        struct mutant m = {.bytes = file};
        if (i % 60 < 3)
            make_strip(c);
        make_file(c, strip, strip_size);
        m.n = file_size;
        if (i % 2) { /* in its directory */
            m.n = 200;
            mutate(&m, FLIP, &seed);
            m.n = file_size;
        }
        mutate(&m, (enum mutation)(next_random() % MUTATIONS), &seed);
        file_size = m.n;
        read_file();
    }
    CHECK(true);
}

int main(void)
{
    RUN(damaged_strips);
    RUN(falsified_tags);
    RUN(damaged_files);
    return check_done();
}
