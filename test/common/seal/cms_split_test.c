#include "check.h"
#include "seal/cms_split.h"


/* ContentInfo { 1.2, [0] Enveloped { 0, SET {}, SEQ { 1.2, SEQ {}, [0] "abc" } } }: first with all
 * lengths known, then with none and the content in pieces. */
static const unsigned char known[] = {0x30, 0x16, 6, 1, 42, 0xa0, 0x11, 0x30, 0x0f, 2, 1, 0, 0x31, 0,
                                      0x30, 0x08, 6, 1, 42, 0x80, 3, 'a', 'b', 'c'};
static const unsigned char unknown[] = {
    0x30, 0x80, 6, 1, 42, 0xa0, 0x80, 0x30, 0x80, 2, 1, 0, 0x31, 0, 0x30, 0x80, 6, 1, 42,
    0xa0, 0x80, 4, 1, 'a', 0x24, 0x80, 4, 2, 'b', 'c', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
/* What is left around the content. */
static const unsigned char around[] = {0x30, 0x80, 6, 1, 42, 0xa0, 0x80, 0x30, 0x80, 2, 1, 0, 0x31, 0,
                                       0x30, 0x80, 6, 1, 42, 0, 0, 0, 0, 0, 0, 0, 0};

struct input {
    const unsigned char *p;
    size_t n, step; /* at most step bytes at a time */
};

static enum err give(void *ctx, void *p, size_t n, size_t *got, struct why *why)
{
    struct input *in = ctx;
    (void)why;
    *got = in->n < in->step ? in->n : in->step;
    *got = *got < n ? *got : n;
    memcpy(p, in->p, *got);
    in->p += *got;
    in->n -= *got;
    return ERR_NONE;
}

static enum err take(void *ctx, const void *p, size_t n, struct why *why)
{
    (void)why;
    return buf_add(ctx, p, n);
}

static enum err split_by(const unsigned char *p, size_t n, size_t step, char content[64],
                         struct buf *rest)
{
    struct input in = {p, n, step};
    struct buf out;
    buf_init(&out, 63);
    enum err e = cms_split(&(struct cms_source){give, &in}, &(struct cms_sink){take, &out}, rest, NULL);
    CHECK(span_copy(buf_span(&out), content, 64));
    buf_release(&out);
    return e;
}

static enum err split(const unsigned char *p, size_t n, char content[64], struct buf *rest)
{
    return split_by(p, n, n ? n : 1, content, rest);
}

static void check_split(const unsigned char *p, size_t n)
{
    char content[64];
    struct buf rest;
    buf_init(&rest, 1000);
    CHECK(!split(p, n, content, &rest));
    CHECK_STR(content, "abc");
    CHECK(span_eq(buf_span(&rest), span_of(around, sizeof around)));
    buf_release(&rest);
}

static void takes_out_the_content(void)
{
    unsigned char more[sizeof known + 3];
    check_split(known, sizeof known);
    check_split(unknown, sizeof unknown);
    /* What stands behind the message is nobody's. */
    memcpy(more, known, sizeof known);
    memcpy(more + sizeof known, "abc", 3);
    check_split(more, sizeof more);
}

static void takes_bytes_one_by_one(void)
{
    for (size_t step = 1; step < 8; step++) {
        char content[64];
        struct buf rest;
        buf_init(&rest, 1000);
        CHECK(!split_by(unknown, sizeof unknown, step, content, &rest));
        CHECK_STR(content, "abc");
        CHECK(span_eq(buf_span(&rest), span_of(around, sizeof around)));
        buf_release(&rest);
    }
}

/* What is signed stands as a string within [0], not as [0] itself. */
static void takes_out_what_is_signed(void)
{
    static const unsigned char in[] = {0x30, 0x16, 6, 1, 42, 0xa0, 0x11, 0x30, 0x0f, 2, 1, 1, 0x31, 0,
                                       0x30, 0x08, 6, 1, 42, 0xa0, 3, 4, 1, 'x', 0x31, 0};
    static unsigned char message[sizeof in];
    char content[64];
    struct buf rest;
    memcpy(message, in, sizeof in);
    message[1] += 2; /* the signers behind it */
    message[6] += 2;
    message[8] += 2;
    buf_init(&rest, 1000);
    CHECK(!split(message, sizeof message, content, &rest));
    CHECK_STR(content, "x");
    CHECK(rest.len > 4 && rest.data[rest.len - 8] == 0x31);
    buf_release(&rest);
}

static void cut_anywhere_is_refused(void)
{
    const struct {
        const unsigned char *p;
        size_t n;
    } whole[] = {{known, sizeof known}, {unknown, sizeof unknown}};
    for (int i = 0; i < 2; i++) {
        for (size_t cut = 0; cut < whole[i].n; cut++) {
            char content[64];
            struct buf rest;
            buf_init(&rest, 1000);
            CHECK_INT(split(whole[i].p, cut, content, &rest), ERR_DATA);
            buf_release(&rest);
        }
    }
}

static void no_room_is_refused(void)
{
    char content[64];
    struct buf rest;
    buf_init(&rest, sizeof around - 1);
    CHECK_INT(split(known, sizeof known, content, &rest), ERR_DATA);
    buf_release(&rest);
}

static void depth_is_bounded(void)
{
    static unsigned char deep[100000];
    char content[64];
    struct buf rest;
    memcpy(deep, unknown, 9);
    for (size_t i = 9; i < sizeof deep; i++)
        deep[i] = i % 2 ? 0x30 : 0x80;
    buf_init(&rest, 1 << 20);
    CHECK_INT(split(deep, sizeof deep, content, &rest), ERR_DATA);
    CHECK(rest.len < 100);
    buf_release(&rest);
}

int main(void)
{
    RUN(takes_out_the_content);
    RUN(takes_bytes_one_by_one);
    RUN(takes_out_what_is_signed);
    RUN(cut_anywhere_is_refused);
    RUN(no_room_is_refused);
    RUN(depth_is_bounded);
    return check_done();
}
