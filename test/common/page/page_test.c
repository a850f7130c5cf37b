#include "check.h"
#include "page/list.h"
#include "page/page.h"

static void builds_the_header_byte_for_byte(void)
{
    uint8_t h[PAGE_HEADER_SIZE];
    struct page p = {.number = 3, .total = 258, .width = 1728, .xdpi = 204, .ydpi = 196,
                     .coding = G3_MH, .length = 0x01020304};
    page_header_build(&p, h);
    CHECK(memcmp(h, "\0PC Research, Inc\0\0\0\0\0\0\0\2\1\3\0\1\1", 30) == 0);
    CHECK(h[45] == 0x40 && memcmp(h + 46, "FXP1\xc0\x06\xcc\0\xc4\0\0\0\4\3\2\1\0\0", 18) == 0);
    for (int i = 30; i < 45; i++)
        CHECK_INT(h[i], 0);
    p.ydpi = 98;
    page_header_build(&p, h);
    CHECK(h[29] == 0 && h[45] == 0 && h[1] == 'P');
    p.coding = G3_MR;
    p.k = 4;
    page_header_build(&p, h);
    CHECK(memcmp(h, "\0faxpipe G3 page\0", 17) == 0 && h[56] == 1 && h[57] == 4);
    page_header_close(h);
    CHECK(memcmp(h, "\0faxpipe G3 page\0", 17) == 0 && h[26] == 0 && h[58] == 0);
}

static void reads_what_it_built(void)
{
    uint8_t h[PAGE_HEADER_SIZE];
    struct page p = {.number = 7, .total = 9, .width = 2432, .xdpi = 204, .ydpi = 391,
                     .coding = G3_MMR, .length = 77}, q;
    page_header_build(&p, h);
    CHECK(page_header_is(span_of(h, sizeof h)) && page_header_parse(h, &q, NULL) == ERR_NONE);
    CHECK(q.ours && q.number == 7 && q.total == 9 && q.width == 2432 && q.xdpi == 204 &&
          q.ydpi == 391 && q.coding == G3_MMR && q.length == 77);
    h[56] = 3;
    CHECK_INT(page_header_parse(h, &q, NULL), ERR_DATA);
    h[56] = 0;
    h[50] = h[51] = 0;
    CHECK_INT(page_header_parse(h, &q, NULL), ERR_DATA);
    memcpy(h + 46, "xxxx", 4);
    CHECK_INT(page_header_parse(h, &q, NULL), ERR_DATA);
    memcpy(h, "\0PC Research, Inc", 17);
    CHECK(page_header_parse(h, &q, NULL) == ERR_NONE && !q.ours && q.width == 1728 && q.ydpi == 196);
    h[0] = 1;
    CHECK(!page_header_is(span_of(h, sizeof h)));
}

static void knows_the_tables(void)
{
    static const unsigned widths[] = {1728, 2048, 2432, 2592, 3072, 3648, 3456, 4096, 4864};
    static const enum page_paper papers[] = {PAGE_A4, PAGE_B4, PAGE_A3};
    static const unsigned dpi[] = {204, 300, 408};
    for (int i = 0; i < 9; i++)
        CHECK_INT(page_width(papers[i % 3], dpi[i / 3]), widths[i]);
    CHECK_INT(page_width(PAGE_LEGAL, 204), 1728);
    CHECK_INT(page_width(PAGE_A4, 203), 0);
    CHECK_INT(page_nominal_rows(PAGE_A4, 98), 1143);
    CHECK_INT(page_nominal_rows(PAGE_A4, 196), 2287);
    CHECK_INT(page_nominal_k(98), 2);
    CHECK_INT(page_nominal_k(200), 4);
    CHECK_INT(page_nominal_k(391), 8);
    unsigned d = 200;
    CHECK(page_nominal_xdpi(&d) && d == 204);
    d = 100;
    CHECK(page_nominal_ydpi(&d) && d == 98);
    d = 150;
    CHECK(!page_nominal_ydpi(&d) && d == 150);
}

static void tells_profiles(void)
{
    struct page p = {.width = 1728, .xdpi = 200, .ydpi = 100, .coding = G3_MH};
    CHECK(page_is_profile_s(&p) && page_is_profile_f(&p));
    p.coding = G3_MR;
    CHECK(!page_is_profile_s(&p) && page_is_profile_f(&p));
    p = (struct page){.width = 2592, .xdpi = 300, .ydpi = 300};
    CHECK(!page_is_profile_s(&p) && page_is_profile_f(&p));
    p.ydpi = 196;
    CHECK(!page_is_profile_f(&p));
    p = (struct page){.width = 1729, .xdpi = 204, .ydpi = 196};
    CHECK(!page_is_profile_f(&p));
}

static void reads_lists_of_pages(void)
{
    struct page_list l;
    CHECK_INT(page_list_parse(span_str("1,3-5,8-"), &l, NULL), ERR_NONE);
    CHECK(page_list_has(&l, 1) && !page_list_has(&l, 2) && page_list_has(&l, 4) &&
          !page_list_has(&l, 7) && page_list_has(&l, 4000000));
    CHECK_INT(page_list_parse(span_str("2"), &l, NULL), ERR_NONE);
    CHECK_INT(page_list_last(&l), 2);
    static const char *const bad[] = {"", "0", "x", "1,", ",1", "3-2", "1--2", "-3", "1 2",
                                      "99999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(page_list_parse(span_str(bad[i]), &l, NULL), ERR_USAGE);
    struct page_list none = {.count = 0};
    CHECK(page_list_has(&none, 5));
}

int main(void)
{
    RUN(builds_the_header_byte_for_byte);
    RUN(reads_what_it_built);
    RUN(knows_the_tables);
    RUN(tells_profiles);
    RUN(reads_lists_of_pages);
    return check_done();
}
