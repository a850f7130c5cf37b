#include "print/press.h"
#include "check.h"
#include "tool/io.h"

#include <unistd.h>

enum { ROWS = 1000, WIDTH = 1728, STRIDE = WIDTH / 8 };

static uint8_t rows[ROWS * STRIDE];

static void draw(void)
{
    unsigned long long state = 5;
    for (unsigned y = 0; y < ROWS; y++)
        for (unsigned x = 0; x < STRIDE; x++)
            rows[y * STRIDE + x] = (uint8_t)(y / 40 % 2 ? 0 : x / 10 % 2 ? 0xff : check_random(&state) & 0x18);
}

static struct sheet plain(void)
{
    return (struct sheet){.width = WIDTH, .rows = ROWS, .xdpi = 204, .ydpi = 196,
                          .data = {rows, sizeof rows}};
}

static struct buf code(enum g3_coding coding)
{
    static struct g3_encoder e;
    struct buf out;
    uint8_t *room;
    buf_init(&out, SHEET_BYTES_MAX);
    g3_encoder_init(&e, coding, WIDTH, 4, 0);
    for (unsigned y = 0; y < ROWS; y++) {
        CHECK(buf_reserve(&out, g3_row_bound(WIDTH), &room) == ERR_NONE);
        out.len += g3_encode_row(&e, rows + y * STRIDE, room);
    }
    CHECK(buf_reserve(&out, g3_row_bound(WIDTH), &room) == ERR_NONE);
    out.len += coding == G3_MMR ? g3_encode_end(&e, room) : g3_encode_flush(&e, room);
    return out;
}

static struct sheet coded(const struct buf *strip, enum g3_coding coding)
{
    struct sheet s = plain();
    s.coded = true;
    s.coding = coding;
    s.data = buf_span(strip);
    return s;
}

static void reads_page_lists(void)
{
    struct page_range r[3];
    size_t n = 3;
    CHECK(page_ranges_parse(span_str("1-3,5,8-"), r, &n) && n == 3);
    CHECK(r[0].first == 1 && r[0].last == 3 && r[1].first == 5 && r[1].last == 5);
    CHECK(r[2].first == 8 && r[2].last == UINT32_MAX);
    static const char *const bad[] = {"", "0", "3-2", "a", "1,,2", "-3", "1-2-3", "1,2,3,4"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        n = 3;
        CHECK(!page_ranges_parse(span_str(bad[i]), r, &n));
    }
}

static void finds_the_paper(void)
{
    struct sheet s = {.width = 1728, .rows = 1143, .xdpi = 204, .ydpi = 98};
    CHECK_STR(paper_of(&s).name, "a4");
    struct placement at = paper_place(paper_find(span_str("A4")), &s, true);
    CHECK(at.width <= 595.3 && at.width > 590 && at.height > 810 && at.height <= 842);
    at = paper_place(paper_find(span_str("a4")), &s, false);
    CHECK(at.scale == 1 && at.x < 0);
    s.rows = 1078;
    CHECK_STR(paper_of(&s).name, "letter");
    s.rows = 400;
    CHECK_STR(paper_of(&s).name, "a4");
    at = paper_place(paper_find(span_str("a4")), &s, true);
    CHECK(at.scale < 1);
    s.rows = 5000;
    CHECK(paper_of(&s).media == NULL && paper_of(&s).height > 2000);
    s = (struct sheet){.width = 2048, .rows = 2700, .xdpi = 204, .ydpi = 196};
    CHECK_STR(paper_of(&s).name, "b4");
    s = (struct sheet){.width = 2432, .rows = 3200, .xdpi = 204, .ydpi = 196};
    CHECK_STR(paper_of(&s).name, "a3");
    at = paper_place(paper_find(span_str("a4")), &s, true);
    CHECK(at.width < 596);
    CHECK(paper_find(span_str("a5")) == NULL);
}

static void codes_and_decodes(void)
{
    for (int c = G3_MH; c <= G3_MMR; c++) {
        struct buf strip = code((enum g3_coding)c), got;
        struct sheet s = coded(&strip, (enum g3_coding)c);
        buf_init(&got, SHEET_BYTES_MAX);
        CHECK_INT(sheet_bitmap(&s, &got, NULL), ERR_NONE);
        CHECK(got.len == sizeof rows && memcmp(got.data, rows, sizeof rows) == 0);
        buf_release(&got);
        buf_release(&strip);
    }
    struct sheet s = plain();
    struct buf strip, got;
    buf_init(&strip, SHEET_BYTES_MAX);
    buf_init(&got, SHEET_BYTES_MAX);
    CHECK_INT(sheet_code(&s, &strip, NULL), ERR_NONE);
    s = coded(&strip, G3_MMR);
    CHECK_INT(sheet_bitmap(&s, &got, NULL), ERR_NONE);
    CHECK(got.len == sizeof rows && memcmp(got.data, rows, sizeof rows) == 0);
    s.data.n = 0;
    CHECK_INT(sheet_bitmap(&s, &got, NULL), ERR_DATA);
    s.rows = SHEET_ROWS_MAX + 1;
    CHECK_INT(sheet_bitmap(&s, &got, NULL), ERR_DATA);
    buf_release(&got);
    buf_release(&strip);
}

/* Prints with the options and appends the file to out. */
static enum err print(struct press_options o, const struct sheet *s, const char *text,
                      struct buf *out)
{
    struct press *p;
    struct why why = {""};
    CHECK_INT(io_temp(&o.fd, &why), ERR_NONE);
    enum err e = press_open(&o, &p, &why);
    if (!e && s)
        e = press_fax(p, s, &why);
    if (!e && text)
        e = press_text(p, span_str(text), &why);
    enum err closed = press_close(p, &why);
    CHECK(lseek(o.fd, 0, SEEK_SET) == 0);
    CHECK_INT(io_read_all(o.fd, out, &why), ERR_NONE);
    close(o.fd);
    return e ? e : closed;
}

static void pdf_holds_the_strip_itself(void)
{
    for (int c = G3_MH; c <= G3_MMR; c++) {
        struct buf strip = code((enum g3_coding)c), pdf;
        struct sheet s = coded(&strip, (enum g3_coding)c);
        buf_init(&pdf, 16 << 20);
        CHECK_INT(print((struct press_options){.kind = PRESS_PDF}, &s, "Grüße\n", &pdf), ERR_NONE);
        CHECK(memmem(pdf.data, pdf.len, strip.data, strip.len) != NULL);
        CHECK(memmem(pdf.data, pdf.len, "/CCITTFaxDecode", 15) != NULL);
        CHECK(pdf.len < strip.len + 40000);
        buf_release(&pdf);
        buf_release(&strip);
    }
}

static void pbm_is_the_page(void)
{
    struct buf pbm;
    struct sheet s = plain();
    buf_init(&pbm, 16 << 20);
    CHECK_INT(print((struct press_options){.kind = PRESS_PBM}, &s, NULL, &pbm), ERR_NONE);
    CHECK(pbm.len == 13 + sizeof rows && memcmp(pbm.data, "P4\n1728 1000\n", 13) == 0);
    CHECK(memcmp(pbm.data + 13, rows, sizeof rows) == 0);
    buf_clear(&pbm);
    s.ydpi = 98;
    CHECK_INT(print((struct press_options){.kind = PRESS_PBM}, &s, NULL, &pbm), ERR_NONE);
    CHECK(pbm.len == 13 + 2 * sizeof rows && memcmp(pbm.data, "P4\n1728 2000\n", 13) == 0);
    CHECK(memcmp(pbm.data + 13, rows, STRIDE) == 0);
    CHECK(memcmp(pbm.data + 13 + STRIDE, rows, STRIDE) == 0);
    buf_clear(&pbm);
    /* The stamp changes the foot and nothing else. */
    s.ydpi = 196;
    CHECK_INT(print((struct press_options){.kind = PRESS_PBM, .stamp = "today", .total = 1}, &s, NULL,
                    &pbm), ERR_NONE);
    CHECK(memcmp(pbm.data + 13, rows, sizeof rows - 30 * STRIDE) == 0);
    CHECK(memcmp(pbm.data + 13, rows, sizeof rows) != 0);
    buf_release(&pbm);
}

static void counts_and_chooses_pages(void)
{
    struct press *p;
    struct page_range second = {2, 2};
    struct press_options o = {.kind = PRESS_COUNT, .ranges = &second, .range_count = 1};
    struct sheet s = plain();
    CHECK_INT(press_open(&o, &p, NULL), ERR_NONE);
    CHECK_INT(press_fax(p, &s, NULL), ERR_NONE);
    CHECK_INT(press_text(p, span_str("one\n\ftwo\n"), NULL), ERR_NONE);
    CHECK_INT(press_given(p), 3);
    CHECK_INT(press_printed(p), 1);
    s.rows = 0;
    CHECK_INT(press_fax(p, &s, NULL), ERR_DATA);
    CHECK_INT(press_close(p, NULL), ERR_NONE);
    CHECK_INT(press_close(NULL, NULL), ERR_NONE);
}

static void previews_in_blocks(void)
{
    struct buf out;
    struct sheet s = {.width = 1728, .rows = 2287, .xdpi = 204, .ydpi = 196, .data = {rows, 0}};
    buf_init(&out, 1 << 20);
    CHECK_INT(print((struct press_options){.kind = PRESS_PREVIEW, .terminal = {.columns = 40}}, &s, NULL, &out),
              ERR_NONE);
    size_t lines = 0;
    for (size_t i = 0; i < out.len; i++)
        lines += out.data[i] == '\n';
    CHECK_INT(lines, 29);
    CHECK_INT(out.len, 29);
    buf_clear(&out);
    s = plain();
    CHECK_INT(print((struct press_options){.kind = PRESS_PREVIEW, .terminal = {.columns = 40}}, &s, NULL, &out),
              ERR_NONE);
    CHECK(memmem(out.data, out.len, "█", 3) != NULL);
    buf_release(&out);
}

int main(void)
{
    draw();
    RUN(reads_page_lists);
    RUN(finds_the_paper);
    RUN(codes_and_decodes);
    RUN(pdf_holds_the_strip_itself);
    RUN(pbm_is_the_page);
    RUN(counts_and_chooses_pages);
    RUN(previews_in_blocks);
    return check_done();
}
