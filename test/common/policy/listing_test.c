#include "policy/listing.h"

#include "check.h"

static const char *const names[] = {"code", "n", "on"};

static const char *listed(enum listing_format format, int rows)
{
    static struct buf out;
    struct listing l;
    buf_release(&out);
    buf_init(&out, 1 << 20);
    listing_begin(&l, format, names, 3, &out);
    for (int i = 0; i < rows; i++) {
        listing_text(&l, span_str(i ? "a,\"b\"\tc" : "日本"));
        listing_number(&l, i ? 12345 : -1);
        listing_switch(&l, i);
    }
    CHECK_INT(listing_end(&l), ERR_NONE);
    return buf_cstr(&out) ? buf_cstr(&out) : "";
}

static void json_is_one_document(void)
{
    CHECK_STR(listed(LISTING_JSON, 0), "[]\n");
    CHECK_STR(listed(LISTING_JSON, 2),
              "[{\"code\": \"日本\", \"n\": null, \"on\": false}, "
              "{\"code\": \"a,\\\"b\\\"\\u0009c\", \"n\": 12345, \"on\": true}]\n");
}

static void tsv_has_a_header_and_no_tab_within(void)
{
    CHECK_STR(listed(LISTING_TSV, 2), "code\tn\ton\n日本\t\toff\na,\"b\" c\t12345\ton\n");
}

static void csv_is_quoted(void)
{
    CHECK_STR(listed(LISTING_CSV, 2), "code,n,on\r\n日本,,off\r\n\"a,\"\"b\"\" c\",12345,on\r\n");
}

static void columns_are_aligned(void)
{
    CHECK_STR(listed(LISTING_PLAIN, 2), "code     n      on\n"
                                        "日本            off\n"
                                        "a,\"b\" c  12345  on\n");
    CHECK_STR(listed(LISTING_PLAIN, 0), "");
}

/* More rows than are kept at once: none is lost. */
static void long_listings_come_whole(void)
{
    const char *text = listed(LISTING_PLAIN, 1234);
    int lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    CHECK_INT(lines, 1235);
}

static void a_full_buffer_is_told(void)
{
    struct buf out;
    struct listing l;
    buf_init(&out, 20);
    listing_begin(&l, LISTING_TSV, names, 3, &out);
    listing_text(&l, span_str("longer than there is room"));
    listing_number(&l, 1);
    listing_switch(&l, true);
    CHECK_INT(listing_end(&l), ERR_DATA);
    buf_release(&out);
}

int main(void)
{
    RUN(json_is_one_document);
    RUN(tsv_has_a_header_and_no_tab_within);
    RUN(csv_is_quoted);
    RUN(columns_are_aligned);
    RUN(long_listings_come_whole);
    RUN(a_full_buffer_is_told);
    return check_done();
}
