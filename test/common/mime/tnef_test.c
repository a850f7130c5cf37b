#include "check.h"
#include "mime/tnef.h"

#include <stdlib.h>

/* TNEF in the making. */
static struct buf made;

static void le(uint32_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++, v >>= 8)
        buf_add_byte(&made, (uint8_t)v);
}

static void start(void)
{
    buf_release(&made);
    buf_init(&made, 16 << 20);
    le(0x223e9f78, 4);
    le(0x5555, 2);
}

static void attribute(uint8_t level, uint32_t id, const void *data, size_t n)
{
    uint16_t sum = 0;
    buf_add_byte(&made, level);
    le(id, 4);
    le((uint32_t)n, 4);
    buf_add(&made, data, n);
    for (size_t i = 0; i < n; i++)
        sum = (uint16_t)(sum + ((const uint8_t *)data)[i]);
    le(sum, 2);
}

#define TEXT(level, id, text) attribute(level, id, text, sizeof(text) - 1)

static void file(const char *data, const char *title)
{
    TEXT(2, 0x00069002, "\1\0\377\377\377\377\40\0\40\0\0\0\0\0");
    attribute(2, 0x0006800f, data, strlen(data));
    attribute(2, 0x00018010, title, strlen(title) + 1);
}

/* The events as text: "<name type|bytes>". */
static const char *trace(struct span in, size_t split, struct buf *out, bool *damaged)
{
    struct tnef t;
    struct tnef_event e;
    size_t at = 0;
    tnef_init(&t, NULL);
    buf_clear(out);
    while (tnef_next(&t, &e) == ERR_NONE && e.kind != TNEF_DONE) {
        if (e.kind == TNEF_NEED_MORE) {
            size_t n = at < split ? split - at : in.n - at;
            if (n)
                tnef_push(&t, span_of(in.p + at, n));
            else
                tnef_end(&t);
            at += n;
        } else if (e.kind == TNEF_BEGIN) {
            buf_add_format(out, "<%s %s|", e.name, e.type);
        } else if (e.kind == TNEF_BODY) {
            CHECK(e.body.n > 0);
            buf_add_span(out, e.body);
        } else {
            buf_add_str(out, ">");
        }
    }
    *damaged = t.damaged;
    tnef_release(&t);
    return buf_cstr(out);
}

/* Whole, and split at every byte. */
static void expect(struct span in, const char *want, bool want_damaged)
{
    struct buf out;
    bool damaged;
    buf_init(&out, 1 << 24);
    for (size_t split = 0; split <= in.n; split++) {
        const char *got = trace(in, split, &out, &damaged);
        if (strcmp(got, want) != 0 || damaged != want_damaged) {
            printf("# split at %zu\n", split);
            CHECK_STR(got, want);
            CHECK_INT(damaged, want_damaged);
            break;
        }
    }
    buf_release(&out);
}

static void files_in_order(void)
{
    start();
    TEXT(1, 0x0002800c, "the message's own text");
    file("II*", "page.tif");
    file("x", "two.txt");
    file("", "empty");
    expect(buf_span(&made), "<page.tif |II*><two.txt |x><empty |>", false);
}

static void title_first_and_no_title(void)
{
    start();
    TEXT(2, 0x00069002, "\1\0");
    TEXT(2, 0x00018010, "a.tif\0junk");
    TEXT(2, 0x0006800f, "data");
    TEXT(2, 0x00069002, "\1\0");
    TEXT(2, 0x0006800f, "more");
    TEXT(2, 0x00069002, "\1\0");
    TEXT(2, 0x00018010, "no bytes");
    expect(buf_span(&made), "<a.tif |data>< |more>", false);
}

/* Properties: the long name and the type win over the title; what else there is is stepped over. */
static void properties(void)
{
    static const char props[] =
        "\6\0\0\0"
        "\3\0\5\67\1\0\0\0"
        "\x40\0\x07\x30\1\2\3\4\5\6\7\10"
        "\x02\1\x09\x37\1\0\0\0\5\0\0\0helloXXX"
        "\3\0\1\200GUIDguidGUIDguid\1\0\0\0\6\0\0\0w\0o\0\0\0..\7\0\0\0"
        "\x1f\0\x07\x37\1\0\0\0\14\0\0\0\x46\0\xe4\0\x3d\xd8\xe0\xdc.\0\0\0"
        "\x1e\0\x0e\x37\1\0\0\0\13\0\0\0Image/TIFF\0.";
    start();
    TEXT(2, 0x00069002, "\1\0");
    TEXT(2, 0x0006800f, "data");
    TEXT(2, 0x00069005, props);
    TEXT(2, 0x00018010, "SHORT~1.TIF");
    expect(buf_span(&made), "<Fä\xf0\x9f\x93\xa0. image/tiff|data>", false);
}

static void attached_message(void)
{
    static const char props[] = "\1\0\0\0\x0d\0\1\67\1\0\0\0\25\0\0\0"
                                "\7\3\2\0\0\0\0\0\300\0\0\0\0\0\0\106inner...";
    start();
    TEXT(2, 0x00069002, "\1\0");
    TEXT(2, 0x00018010, "a mail");
    TEXT(2, 0x00069005, props);
    expect(buf_span(&made), "<a mail application/ms-tnef|inner>", false);
}

/* One that is too large to be gathered streams; what stands behind it is passed over. */
static void large_attached_message(void)
{
    static const char head[] = "\3\0\0\0\x1e\0\7\67\1\0\0\0\4\0\0\0big\0\x0d\0\1\67\1\0\0\0";
    static const char id[] = "\7\3\2\0\0\0\0\0\300\0\0\0\0\0\0\106";
    const size_t size = TNEF_HELD_MAX + 12345;
    struct buf value, out;
    bool damaged;
    buf_init(&value, 16 << 20);
    buf_init(&out, 16 << 20);
    buf_add(&value, head, sizeof head - 1);
    for (unsigned i = 0, n = (unsigned)size + 16; i < 4; i++, n >>= 8)
        buf_add_byte(&value, (uint8_t)n);
    buf_add(&value, id, sizeof id - 1);
    for (size_t i = 0; i < size; i++)
        buf_add_byte(&value, (uint8_t)('a' + i % 26));
    buf_add(&value, "\3\0\5\67\1\0\0\0", 8);
    start();
    TEXT(2, 0x00069002, "\1\0");
    attribute(2, 0x00069005, value.data, value.len);
    for (size_t split = 0; split < made.len; split += made.len / 7) {
        const char *got = trace(buf_span(&made), split, &out, &damaged);
        CHECK(strncmp(got, "<big application/ms-tnef|abc", 28) == 0);
        CHECK_INT(out.len, strlen("<big application/ms-tnef|>") + size);
        CHECK(!damaged);
    }
    buf_release(&value);
    buf_release(&out);
}

static void damage(void)
{
    struct buf whole;
    start();
    file("data", "a");
    made.data[made.len - 1] ^= 1;
    expect(buf_span(&made), "<a |data>", true);
    start();
    file("data", "a");
    buf_add_str(&made, "\3what is this");
    expect(buf_span(&made), "<a |data>", true);
    buf_init(&whole, 1 << 16);
    start();
    file("data", "a");
    buf_add_span(&whole, buf_span(&made));
    /* Cut in the middle of the bytes, of the title, of an attribute's head. */
    size_t body = 6 + 11 + 14 + 9;
    expect(span_take(buf_span(&whole), body + 2), "< |da>", true);
    expect(span_take(buf_span(&whole), body + 4 + 2 + 9 + 1), "< |data>", true);
    expect(span_take(buf_span(&whole), body + 4 + 2 + 3), "< |data>", true);
    for (size_t n = 4; n < body; n++)
        expect(span_take(buf_span(&whole), n), "", n != 6 && n != 6 + 11 + 14);
    buf_release(&whole);
}

static void no_tnef_at_all(void)
{
    expect(span_of("II*\0rest", 8), "< |II*", true);
    expect(span_of("hello world", 11), "< |hello world>", true);
    expect(span_of("ab", 2), "< |ab>", true);
    expect(span_of("", 0), "", false);
}

/* Properties that lie about their sizes end in nothing but damage. */
static void lies(void)
{
    static const char *const props[] = {
        "\377\377\377\377", "\1\0\0\0\x1e\0\7\67\377\377\377\377", "\1\0\0\0\x1e\0\7\67\1\0\0\0\377\377\377\377x",
        "\1\0\0\0\3\20\7\67\377\377\377\377", "\1\0\0\0\3\0\1\200GUIDguidGUIDguid\1\0\0\0\377\377\377\377",
    };
    static const size_t sizes[] = {4, 12, 17, 12, 32};
    for (size_t i = 0; i < sizeof props / sizeof *props; i++) {
        start();
        TEXT(2, 0x00069002, "\1\0");
        TEXT(2, 0x0006800f, "data");
        attribute(2, 0x00069005, props[i], sizes[i]);
        expect(buf_span(&made), "< |data>", true);
    }
    start();
    buf_add_str(&made, "\2");
    le(0x6800f, 4);
    le(0xffffffff, 4);
    buf_add_str(&made, "all there is");
    expect(buf_span(&made), "< |all there is>", true);
}

/* A file over the limit begins under the name known by then, and comes whole. */
static void large(void)
{
    size_t n = TNEF_HELD_MAX + 100000;
    char *data = malloc(n + 1);
    struct buf out;
    bool damaged;
    memset(data, 'x', n);
    data[n] = '\0';
    start();
    file(data, "late");
    buf_init(&out, 1 << 24);
    const char *got = trace(buf_span(&made), 0, &out, &damaged);
    CHECK(strncmp(got, "< |x", 4) == 0 && strlen(got) == n + 4 && !damaged);
    start();
    TEXT(2, 0x00069002, "\1\0");
    TEXT(2, 0x00018010, "early");
    attribute(2, 0x0006800f, data, n);
    got = trace(buf_span(&made), 7, &out, &damaged);
    CHECK(strncmp(got, "<early |x", 9) == 0 && strlen(got) == n + 9 && !damaged);
    buf_release(&out);
    free(data);
}

int main(void)
{
    RUN(files_in_order);
    RUN(title_first_and_no_title);
    RUN(properties);
    RUN(attached_message);
    RUN(large_attached_message);
    RUN(damage);
    RUN(no_tnef_at_all);
    RUN(lies);
    RUN(large);
    buf_release(&made);
    return check_done();
}
