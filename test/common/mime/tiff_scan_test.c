#include "check.h"
#include "mime/tiff_scan.h"

struct tiff {
    uint8_t bytes[2000];
    size_t n;
    bool big;
};

static void put(struct tiff *t, uint32_t v, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        t->bytes[t->n++] = (uint8_t)(v >> (8 * (t->big ? size - 1 - i : i)));
}

/* A chain of pages with two entries each and 7 bytes of image between. */
static struct tiff make(bool big, unsigned pages, uint32_t last_link)
{
    struct tiff t = {.big = big};
    put(&t, big ? 0x4d4d002a : 0x002a4949, 4);
    put(&t, 8, 4);
    for (unsigned i = 0; i < pages; i++) {
        put(&t, 2, 2);
        put(&t, 256, 2);
        put(&t, 3, 2);
        put(&t, 1, 4);
        put(&t, 1728, 2);
        put(&t, 0, 2);
        put(&t, 259, 2);
        put(&t, 3, 2);
        put(&t, 1, 4);
        put(&t, 3, 2);
        put(&t, 0, 2);
        put(&t, i + 1 < pages ? (uint32_t)t.n + 4 + 7 : last_link, 4);
        for (int k = 0; k < 7; k++)
            put(&t, 0xff, 1);
    }
    return t;
}

static struct tiff_scan scan(const struct tiff *t, size_t split)
{
    struct tiff_scan s;
    tiff_scan_init(&s);
    tiff_scan_add(&s, span_of(t->bytes, split));
    tiff_scan_add(&s, span_of(t->bytes + split, t->n - split));
    return s;
}

static void counts_in_either_order(void)
{
    for (unsigned pages = 1; pages < 6; pages++) {
        for (int big = 0; big < 2; big++) {
            struct tiff t = make(big, pages, 0);
            for (size_t split = 0; split <= t.n; split++) {
                struct tiff_scan s = scan(&t, split);
                CHECK_INT(tiff_scan_pages(&s), pages);
                CHECK(tiff_scan_is_fax(&s));
            }
        }
    }
}

static void loops_and_cuts_are_not_counted(void)
{
    struct tiff t = make(false, 3, 8);
    struct tiff_scan s = scan(&t, 5);
    CHECK_INT(tiff_scan_pages(&s), 0);
    t = make(false, 3, 100000);
    s = scan(&t, 5);
    CHECK_INT(tiff_scan_pages(&s), 0);
    t = make(false, 3, 0);
    t.n = 60;
    s = scan(&t, 5);
    CHECK_INT(tiff_scan_pages(&s), 0);
}

static void what_is_no_tiff(void)
{
    struct tiff t = {.bytes = "%PDF-1.4 and so on", .n = 18};
    struct tiff_scan s = scan(&t, 3);
    CHECK_INT(tiff_scan_pages(&s), 0);
    CHECK(!tiff_scan_is_fax(&s));
    t.n = 0;
    s = scan(&t, 0);
    CHECK_INT(tiff_scan_pages(&s), 0);
}

int main(void)
{
    RUN(counts_in_either_order);
    RUN(loops_and_cuts_are_not_counted);
    RUN(what_is_no_tiff);
    return check_done();
}
