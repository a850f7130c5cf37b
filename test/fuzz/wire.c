/* A mail's content on its way out, in pieces: no CR or LF outside CR LF, no end before the end, and
 * whoever undoes the dots has the lines that went in. */
#include "smtp/wire.h"

#include "clean_wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next line that went in, as it must arrive: a CR that ends no line is a blank. */
static struct span next_line(struct span *in, uint8_t *room)
{
    size_t n = span_find(*in, '\n');
    struct span line = span_take(*in, n);
    if (n < in->n && n && line.p[n - 1] == '\r')
        line.n--;
    for (size_t i = 0; i < line.n; i++)
        room[i] = line.p[i] == '\r' ? ' ' : line.p[i];
    *in = span_skip(*in, n + 1);
    return span_of(room, line.n);
}

/* The wire's next line without its CR LF. */
static struct span next_wire(struct span *out)
{
    size_t n = span_find(*out, '\n');
    if (n == out->n || n == 0)
        abort();
    struct span line = span_take(*out, n - 1);
    *out = span_skip(*out, n + 1);
    return line;
}

static void check_reversible(struct span in, struct span out, bool dots)
{
    uint8_t *room = malloc(in.n + 1);
    while (room && in.n) {
        struct span got = next_wire(&out), want = next_line(&in, room);
        if (dots && got.n && got.p[0] == '.') {
            got = span_skip(got, 1);
            if (got.n == 0) /* the end, too early */
                abort();
        }
        if (!span_eq(got, want))
            abort();
    }
    free(room);
    if (dots ? !span_eq(out, span_str(".\r\n")) : out.n != 0)
        abort();
}

/* The first byte says how, and into which pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_encoder e;
    if (size == 0)
        return 0;
    struct span in = span_of(data + 1, size - 1), rest = in;
    uint8_t *out = malloc(wire_bound(in.n) + 2 * in.n + WIRE_END);
    size_t n = 0, step = (size_t)(data[0] >> 1) + 1;
    bool dots = data[0] & 1;
    if (!out)
        return 0;
    wire_init(&e, dots ? WIRE_DOTS : WIRE_LINES);
    for (; rest.n; rest = span_skip(rest, step)) {
        size_t k = wire_encode(&e, span_take(rest, step), out + n);
        if (k > wire_bound(span_take(rest, step).n))
            abort();
        n += k;
    }
    size_t k = wire_end(&e, out + n);
    if (k > WIRE_END)
        abort();
    check_clean(span_of(out, n + k));
    check_reversible(in, span_of(out, n + k), dots);
    free(out);
    return 0;
}
