/* Every kind of stream, whole and split at every byte, tells the same pages with the same data. */
#include "check.h"
#include "page/stream.h"

static struct page_stream stream;

/* "[1 1728x196 mh]" "<hex data>" "." or "!" for a page not whole; "over" or the error at the end. */
static const char *tell(const uint8_t *p, size_t n, size_t step, const struct page_hints *hints)
{
    static char text[65536];
    static const char *const codings[] = {"mh", "mr", "mmr"};
    struct page_event event;
    struct why why;
    size_t at = 0, used = 0;
    page_stream_init(&stream, hints);
    while (used < sizeof text - 1000) {
        switch (page_stream_next(&stream, &event, &why)) {
        case PAGE_MORE: {
            size_t k = n - at < step ? n - at : step;
            if (k)
                page_stream_push(&stream, span_of(p + at, k));
            else
                page_stream_finish(&stream);
            at += k;
            break;
        }
        case PAGE_BEGIN:
            used += (size_t)sprintf(text + used, "[%u/%u %ux%u %s]", event.page.number,
                                    event.page.total, event.page.width, event.page.ydpi,
                                    codings[event.page.coding]);
            break;
        case PAGE_DATA:
            for (size_t i = 0; i < event.data.n && used < sizeof text - 1000; i++)
                used += (size_t)sprintf(text + used, "%02x", event.data.p[i]);
            break;
        case PAGE_END:
            used += (size_t)sprintf(text + used, event.whole ? "." : "!");
            break;
        case PAGE_OVER:
            sprintf(text + used, "over");
            return text;
        default:
            sprintf(text + used, "%s", why.text);
            return text;
        }
    }
    return "too long";
}

static void expect(const void *p, size_t n, const struct page_hints *hints, const char *want)
{
    uint8_t *copy = malloc(n ? n : 1); /* so that a read beyond it is seen */
    memcpy(copy, p, n);
    for (size_t step = 1; step <= n + 1; step++)
        CHECK_STR(tell(copy, n, step, hints), want);
    free(copy);
}

static size_t put_page(uint8_t *out, unsigned number, const char *data, size_t n)
{
    struct page p = {.number = number, .total = 2, .width = 1728, .xdpi = 204, .ydpi = 98,
                     .length = (uint32_t)n};
    page_header_build(&p, out);
    memcpy(out + PAGE_HEADER_SIZE, data, n);
    return PAGE_HEADER_SIZE + n;
}

static void our_stream(void)
{
    uint8_t s[1024];
    size_t n = put_page(s, 1, "abc", 3);
    n += put_page(s + n, 2, "\0PC Research, Inc", 17);
    page_header_close(s + n);
    expect(s, n + 64, NULL,
           "[1/2 1728x98 mh]616263.[2/2 1728x98 mh]0050432052657365617263682c20496e63.over");
    expect(s, n, NULL, "[1/2 1728x98 mh]616263.[2/2 1728x98 mh]0050432052657365617263682c20496e63."
                       "no closing header: its writer did not finish");
    expect(s, n + 63, NULL, "[1/2 1728x98 mh]616263.[2/2 1728x98 mh]"
                            "0050432052657365617263682c20496e63.cut short within a page header");
    expect(s, 66, NULL, "[1/2 1728x98 mh]6162cut short within a page");
    expect(s + n, 64, NULL, "no pages");
    expect(s, 30, NULL, "cut short within a page header");
}

static size_t put_digifax(uint8_t *out, const char *data, size_t n)
{
    memset(out, 0, 64);
    memcpy(out, "\0PC Research, Inc", 17);
    out[26] = 1;
    memcpy(out + 64, data, n);
    return 64 + n;
}

/* Without lengths: up to the RTC, wherever it ends, or up to the next header. */
static void digifax_without_lengths(void)
{
    static const char rtc[] = "\x55\x00\x10\x01\x00\x10\x01\x00\x10\x01";
    uint8_t s[1024];
    size_t n = put_digifax(s, rtc, 10);
    n += put_digifax(s + n, rtc, 10);
    expect(s, n, NULL, "[1/0 1728x98 mh]55001001001001001001.[1/0 1728x98 mh]55001001001001001001.over");
    n = put_digifax(s, "\x55\x00\x00PC\x66", 6);
    n += put_digifax(s + n, rtc, 10);
    memcpy(s + n, "\0\0\0", 3);
    expect(s, n + 3, NULL, "[1/0 1728x98 mh]550000504366.[1/0 1728x98 mh]55001001001001001001.over");
    n = put_digifax(s, "\x55\x00PC Res", 8);
    expect(s, n, NULL, "[1/0 1728x98 mh]5500504320526573!over");
    n = put_digifax(s, rtc, 10);
    memcpy(s + n, "junk", 4);
    expect(s, n + 4, NULL, "[1/0 1728x98 mh]55001001001001001001.data behind a page's end");
}

static void structured_fax_files(void)
{
    static const uint8_t doc[] = {
        'S', 'f', 'f', 'f', 1, 0, 0, 0, 1, 0, 22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9, /* 2 more */
        254, 16, 1, 0, 0, 0, 0xc0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        2, 0x80, 0x01,       /* a row of two bytes */
        218,                 /* two white rows */
        255, 3, 7, 7, 7,     /* somebody's own */
        255, 0,              /* a row known to be bad */
        0, 1, 0, 0xf0,       /* a row of the long form */
        254, 0,
    };
    expect(doc, sizeof doc, NULL, "[1/1 1728x196 mh]00010180" "00014d9a80" "00014d9a80" "00011c"
                                  "00010f" "000100010001000100010001.over");
    expect(doc, sizeof doc - 1, NULL, "[1/1 1728x196 mh]00010180" "00014d9a80" "00014d9a80" "00011c"
                                      "00010f" "000100010001000100010001.cut short");
    expect(doc, 15, NULL, "cut short within the SFF header");
}

static struct g3_encoder encoder;

static size_t bare(enum g3_coding coding, uint8_t *out)
{
    uint8_t row[6] = {0x0f, 0, 0xff, 0x31, 0, 0};
    size_t n = 0;
    g3_encoder_init(&encoder, coding, 48, 2, 0);
    for (int y = 0; y < 3; y++) {
        row[y] ^= 0x18;
        n += g3_encode_row(&encoder, row, out + n);
    }
    return n + g3_encode_end(&encoder, out + n);
}

static void bare_data_in_either_order(void)
{
    static const char *const names[] = {"mh", "mr", "mmr"};
    uint8_t s[1024];
    char want[4096];
    for (int c = G3_MH; c <= G3_MMR; c++) {
        struct page_hints hints = {.width = 48, .bare = c == G3_MMR, .coding = (enum g3_coding)c};
        size_t n = bare((enum g3_coding)c, s);
        int k = sprintf(want, "[1/0 48x196 %s]", names[c]);
        for (size_t i = 0; i < n; i++)
            k += sprintf(want + k, "%02x", s[i]);
        sprintf(want + k, ".over");
        expect(s, n, &hints, want);
        g3_reverse_bits(s, n);
        hints.order = c == G3_MMR ? PAGE_ORDER_LSB : PAGE_ORDER_FIND;
        expect(s, n, &hints, want);
    }
}

/* Pages one after another, and EOLs too many, at every split. */
static void bare_pages(void)
{
    uint8_t s[1024];
    struct page_hints hints = {.width = 48};
    size_t n = bare(G3_MH, s);
    memcpy(s + n, s, n);
    char *want = strdup(tell(s, 2 * n, 2 * n, &hints));
    CHECK(strstr(want, "[1/0 48x196 mh]") && strstr(want, ".[2/0 48x196 mh]") &&
          strstr(want, ".over"));
    expect(s, 2 * n, &hints, want);
    free(want);
    memcpy(s + n, "\x00\x10\x00\x00\x01\x00\x00", 7);
    want = strdup(tell(s, n + 7, n + 7, &hints));
    CHECK(!strstr(want, "[2/") && strstr(want, ".over"));
    expect(s, n + 7, &hints, want);
    free(want);
}

/* An EOL too many before the header of the next page belongs to neither. */
static void digifax_with_eols_to_spare(void)
{
    uint8_t s[1024];
    size_t n = put_digifax(s, "\x55\x00\x10\x01\x00\x10\x01\x00\x10\x01\x00\x10\x00", 13);
    n += put_digifax(s + n, "\x77\x00\x10\x01\x00\x10\x01\x00\x10\x01", 10);
    expect(s, n, NULL, "[1/0 1728x98 mh]55001001001001001001.[1/0 1728x98 mh]77001001001001001001.over");
}

static void nothing_and_noise(void)
{
    uint8_t noise[20000];
    unsigned long long seed = 99;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(check_random(&seed) >> 32);
    CHECK_STR(tell(noise, sizeof noise, 700, NULL), "neither TIFF nor any G3 data that is known");
    CHECK_STR(tell(noise, 0, 700, NULL), "empty input");
    memset(noise, 0, sizeof noise);
    CHECK_STR(tell(noise, sizeof noise, 700, NULL), "neither TIFF nor any G3 data that is known");
}

int main(void)
{
    RUN(our_stream);
    RUN(digifax_without_lengths);
    RUN(structured_fax_files);
    RUN(bare_data_in_either_order);
    RUN(bare_pages);
    RUN(digifax_with_eols_to_spare);
    RUN(nothing_and_noise);
    return check_done();
}
