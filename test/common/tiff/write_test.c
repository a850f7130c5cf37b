/* What the writer writes, the reader reads: tags, bits, rows, and what must not be written. */
#include "../g3/pages.h"
#include "check.h"
#include "tiff/check.h"
#include "tiff/fax.h"
#include "tiff/write.h"
#include "tool/spill.h"

static unsigned long long seed = 77;
static unsigned long long next_random(void)
{
    return check_random(&seed);
}

static struct g3_encoder encoder;

struct document {
    int fd;
    char path[64];
    struct tiff_writer *w;
};

static void begin(struct document *d)
{
    static const struct tiff_writer_options options = {
        .software = "test", .datetime = "2026:01:02 03:04:05", .description = "abc"};
    strcpy(d->path, "/tmp/faxpipe-write-XXXXXX");
    d->fd = mkstemp(d->path);
    CHECK(tiff_writer_open(d->fd, &options, &d->w, NULL) == ERR_NONE);
}

static void finish(struct document *d)
{
    tiff_writer_free(d->w);
    close(d->fd);
    unlink(d->path);
}

/* A page of rows; its bits go in as pieces. */
static uint8_t *add_page(struct document *d, const struct page *p, unsigned rows)
{
    size_t stride = (p->width + 7) / 8, n = 0;
    uint8_t *pels = malloc(stride * rows), *bits = malloc((rows + 1) * g3_row_bound(p->width));
    struct tiff_page_facts facts = {.rows = rows};
    g3_encoder_init(&encoder, p->coding, p->width, 4, 0);
    for (unsigned y = 0; y < rows; y++) {
        make_row(pels + y * stride, NULL, p->width, y % 3 ? TEXT : NOISE, next_random);
        n += g3_encode_row(&encoder, pels + y * stride, bits + n);
    }
    n += p->coding == G3_MMR ? g3_encode_end(&encoder, bits + n) : g3_encode_flush(&encoder, bits + n);
    CHECK(tiff_page_begin(d->w, p, NULL) == ERR_NONE);
    for (size_t at = 0; at < n; at += 5000)
        CHECK(tiff_page_add(d->w, span_of(bits + at, n - at < 5000 ? n - at : 5000), NULL) == ERR_NONE);
    CHECK(tiff_page_end(d->w, &facts, NULL) == ERR_NONE);
    free(bits);
    return pels;
}

static void expect_page(struct fax *f, const struct page *p, const uint8_t *pels, unsigned rows)
{
    struct fax_page got;
    struct why why = {""};
    size_t stride = (p->width + 7) / 8;
    uint8_t *row = guarded(stride);
    CHECK_INT(fax_next(f, &got, &why), ERR_NONE);
    CHECK_STR(why.text, "");
    CHECK(got.rows == rows && got.carried && got.bad_rows == 0 && got.warnings == 0);
    CHECK(got.page.width == p->width && got.page.coding == p->coding && got.page.ydpi == p->ydpi);
    for (int twice = 0; twice < 2; twice++) {
        unsigned good = 0;
        CHECK(fax_rewind(f, &why) == ERR_NONE);
        while (fax_row(f, row, &why) == ERR_NONE && memcmp(row, pels + good * stride, stride) == 0)
            good++;
        CHECK_INT(good, rows);
    }
    guarded_free(row, stride);
}

static void pages_of_every_coding_come_back(void)
{
    struct page pages[] = {
        {.width = 1728, .xdpi = 204, .ydpi = 98, .coding = G3_MH, .total = 4},
        {.width = 2048, .xdpi = 204, .ydpi = 196, .coding = G3_MR, .total = 4},
        {.width = 4864, .xdpi = 408, .ydpi = 391, .coding = G3_MMR, .total = 4},
        {.width = 2592, .xdpi = 300, .ydpi = 300, .coding = G3_MH, .total = 4},
    };
    struct document d;
    struct fax *f;
    uint8_t *pels[4];
    begin(&d);
    for (int i = 0; i < 4; i++)
        pels[i] = add_page(&d, &pages[i], 30 + (unsigned)i);
    CHECK(tiff_writer_finish(d.w, NULL) == ERR_NONE);
    CHECK_INT(fax_open(d.path, NULL, &f, NULL), ERR_NONE);
    CHECK(fax_is_tiff(f));
    CHECK_INT(fax_total(f), 4);
    for (int i = 0; i < 4; i++) {
        expect_page(f, &pages[i], pels[i], 30 + (unsigned)i);
        free(pels[i]);
    }
    struct fax_page none;
    CHECK_INT(fax_next(f, &none, NULL), ERR_NO);
    fax_close(f);
    struct buf reasons;
    buf_init(&reasons, 4096);
    CHECK_INT(tiff_check(d.path, TIFF_PROFILE_F, &reasons, NULL), ERR_NONE);
    CHECK_INT(tiff_check(d.path, TIFF_PROFILE_S, &reasons, NULL), ERR_NO);
    CHECK(strstr(buf_cstr(&reasons), "page 2: T4Options says mr, which is not of profile S\n") != NULL);
    buf_release(&reasons);
    finish(&d);
}

/* Over 4 MiB of code: the page waits in the temporary file, and is the same. */
static void a_large_page_waits_in_a_file(void)
{
    struct page p = {.width = 4864, .xdpi = 408, .ydpi = 391, .coding = G3_MH};
    struct document d;
    struct fax *f;
    begin(&d);
    size_t stride = (p.width + 7) / 8;
    unsigned rows = 2600;
    uint8_t *row = malloc(stride), *bits = malloc(g3_row_bound(p.width));
    uint64_t size = 0;
    memset(row, 0xaa, stride);
    g3_encoder_init(&encoder, p.coding, p.width, 0, 0);
    CHECK(tiff_page_begin(d.w, &p, NULL) == ERR_NONE);
    for (unsigned y = 0; y < rows; y++) {
        size_t n = g3_encode_row(&encoder, row, bits);
        size += n;
        CHECK(tiff_page_add(d.w, span_of(bits, n), NULL) == ERR_NONE);
    }
    CHECK(tiff_page_add(d.w, span_of(bits, g3_encode_flush(&encoder, bits)), NULL) == ERR_NONE);
    CHECK(size > SPILL_MEMORY);
    struct tiff_page_facts facts = {.rows = rows, .bad_rows = 7, .bad_in_a_row = 3};
    CHECK(tiff_page_end(d.w, &facts, NULL) == ERR_NONE);
    CHECK(tiff_writer_finish(d.w, NULL) == ERR_NONE);
    struct fax_page got;
    CHECK(fax_open(d.path, NULL, &f, NULL) == ERR_NONE && fax_next(f, &got, NULL) == ERR_NONE);
    CHECK(got.rows == rows && got.bad_rows == 0);
    uint8_t *back = malloc(stride);
    unsigned good = 0;
    while (fax_row(f, back, NULL) == ERR_NONE && memcmp(back, row, stride) == 0)
        good++;
    CHECK_INT(good, rows);
    fax_close(f);
    free(row);
    free(back);
    free(bits);
    finish(&d);
}

static void refuses_what_tiff_f_cannot_carry(void)
{
    struct document d;
    struct page p = {.width = 1700, .xdpi = 204, .ydpi = 98};
    begin(&d);
    CHECK_INT(tiff_writer_finish(d.w, NULL), ERR_DATA);
    CHECK_INT(tiff_page_begin(d.w, &p, NULL), ERR_DATA);
    p.width = 1728;
    p.ydpi = 150;
    CHECK_INT(tiff_page_begin(d.w, &p, NULL), ERR_DATA);
    p.ydpi = 98;
    CHECK_INT(tiff_page_begin(d.w, &p, NULL), ERR_NONE);
    CHECK_INT(tiff_page_end(d.w, &(struct tiff_page_facts){.rows = 0}, NULL), ERR_DATA);
    finish(&d);
}

int main(void)
{
    RUN(pages_of_every_coding_come_back);
    RUN(a_large_page_waits_in_a_file);
    RUN(refuses_what_tiff_f_cannot_carry);
    return check_done();
}
