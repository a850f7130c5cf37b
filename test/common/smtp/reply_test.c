#include "check.h"
#include "smtp/reply.h"

static void writes(void)
{
    struct buf out;
    buf_init(&out, 4096);
    CHECK_INT(reply_add(&out, 250, "2.1.0", "OK"), ERR_NONE);
    CHECK_INT(reply_add(&out, 250, "", "one\ntwo\nthree"), ERR_NONE);
    CHECK_INT(reply_add(&out, 553, "5.1.4", "a\nb\r\x01\xff"), ERR_NONE);
    CHECK_STR(buf_cstr(&out), "250 2.1.0 OK\r\n250-one\r\n250-two\r\n250 three\r\n"
                              "553-5.1.4 a\r\n553 5.1.4 b???\r\n");
    buf_release(&out);
}

static void over_the_cap_nothing(void)
{
    struct buf out;
    buf_init(&out, 20);
    CHECK_INT(reply_add(&out, 250, "", "one"), ERR_NONE);
    CHECK_INT(reply_add(&out, 250, "", "a line\nanother line"), ERR_DATA);
    CHECK_INT(out.len, 9);
    buf_release(&out);
}

static void read_in(const char *text, size_t step, unsigned code, const char *enhanced,
                    const char *want)
{
    struct reply_reader r;
    size_t at = 0, used, n = strlen(text);
    enum reply_state state = REPLY_MORE;
    reply_reader_init(&r);
    while (at < n && state == REPLY_MORE) {
        state = reply_push(&r, span_of(text + at, n - at < step ? n - at : step), &used);
        at += used;
    }
    CHECK_INT(state, REPLY_DONE);
    CHECK_INT(at, n);
    CHECK_INT(r.reply.code, code);
    CHECK_STR(r.reply.enhanced, enhanced);
    CHECK_STR(buf_cstr(&r.reply.text), want);
    reply_reader_release(&r);
}

static void reads(void)
{
    for (size_t step = 1; step < 100; step += 98) {
        read_in("250 OK\r\n", step, 250, "", "OK");
        read_in("250\r\n", step, 250, "", "");
        read_in("550 5.1.1 no such user\n", step, 550, "5.1.1", "no such user");
        read_in("250-one\r\n250-two\r\n250 three\r\n", step, 250, "", "one\ntwo\nthree");
        read_in("550-5.7.1 a\r\n550 5.7.1 b\r\n", step, 550, "5.7.1", "a\nb");
        read_in("550 2.1.1 x\r\n", step, 550, "", "2.1.1 x");
        read_in("550 5.1 x\r\n", step, 550, "", "5.1 x");
    }
}

static void refuses(const char *text)
{
    struct reply_reader r;
    size_t used;
    reply_reader_init(&r);
    CHECK_INT(reply_push(&r, span_str(text), &used), REPLY_BAD);
    CHECK_INT(reply_push(&r, span_str("250 OK\r\n"), &used), REPLY_BAD);
    reply_reader_release(&r);
}

static void what_is_no_reply(void)
{
    refuses("HTTP/1.1 400\r\n");
    refuses("25\r\n");
    refuses("250+x\r\n");
    refuses("150 x\r\n");
    refuses("250-a\r\n251 b\r\n");
}

static void a_line_without_end(void)
{
    struct reply_reader r;
    static char text[100000];
    size_t used;
    memset(text, '2', sizeof text);
    reply_reader_init(&r);
    CHECK_INT(reply_push(&r, span_of(text, sizeof text), &used), REPLY_BAD);
    CHECK(r.line.cap <= REPLY_LINE_MAX);
    reply_reader_release(&r);
}

static void one_after_another(void)
{
    struct reply_reader r;
    struct span in = span_str("250 one\r\n354 two\r\n");
    size_t used;
    reply_reader_init(&r);
    CHECK_INT(reply_push(&r, in, &used), REPLY_DONE);
    CHECK_INT(used, 9);
    CHECK_INT(reply_push(&r, span_skip(in, used), &used), REPLY_DONE);
    CHECK_INT(r.reply.code, 354);
    CHECK_STR(buf_cstr(&r.reply.text), "two");
    reply_reader_release(&r);
}

int main(void)
{
    RUN(writes);
    RUN(over_the_cap_nothing);
    RUN(reads);
    RUN(what_is_no_reply);
    RUN(a_line_without_end);
    RUN(one_after_another);
    return check_done();
}
