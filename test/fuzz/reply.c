/* Replies: read whole and byte by byte they are the same; what is read can be written again. */
#include "smtp/reply.h"
#include "smtp/verdict.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

/* Up to the end of one reply, in pieces of step; *in is behind it then. */
static enum reply_state take(struct reply_reader *r, struct span *in, size_t step)
{
    enum reply_state state = REPLY_MORE;
    while (state == REPLY_MORE && in->n) {
        size_t used, n = in->n < step ? in->n : step;
        state = reply_push(r, span_take(*in, n), &used);
        check(used <= n && (used == n || state != REPLY_MORE));
        *in = span_skip(*in, used);
    }
    return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reply_reader whole, split;
    struct span a = span_of(data, size), b = a;
    char words[512];
    reply_reader_init(&whole);
    reply_reader_init(&split);
    while (a.n) {
        enum reply_state state = take(&whole, &a, SIZE_MAX);
        check(take(&split, &b, 1) == state);
        check(state == REPLY_BAD || a.n == b.n);
        check(whole.reply.text.len <= REPLY_TEXT_MAX && whole.line.len <= REPLY_LINE_MAX);
        if (state != REPLY_DONE)
            break;
        const struct reply *r = &whole.reply;
        check(r->code == split.reply.code && r->code >= 200 && r->code < 600);
        check(strcmp(r->enhanced, split.reply.enhanced) == 0);
        check(!*r->enhanced || (unsigned)(r->enhanced[0] - '0') == r->code / 100);
        check(span_eq(buf_span(&r->text), buf_span(&split.reply.text)));
        verdict_words(r, words, sizeof words);
        for (const char *c = words; *c; c++)
            check((unsigned char)*c >= ' ' && *c != 0x7f);
        verdict_class(r, false);
    }
    reply_reader_release(&whole);
    reply_reader_release(&split);
    return 0;
}
