#include "smtp/wire.h"
#include "check.h"

static uint8_t wire[4096];

/* Encodes in pieces of n bytes (0: whole), with the end mark. */
static size_t encode(struct span in, size_t n)
{
    struct wire_encoder e;
    size_t out = 0;
    wire_init(&e, WIRE_DOTS);
    while (in.n) {
        struct span piece = n ? span_take(in, n) : in;
        size_t k = wire_encode(&e, piece, wire + out);
        CHECK(k <= wire_bound(piece.n));
        out += k;
        in = span_skip(in, piece.n);
    }
    out += wire_end(&e, wire + out);
    return out;
}

static void goes_out_as(const char *in, const char *want)
{
    for (size_t n = 0; n <= strlen(in); n++)
        if (!span_eq(span_of(wire, encode(span_str(in), n)), span_str(want))) {
            CHECK_STR((wire[encode(span_str(in), n)] = '\0', (char *)wire), want);
            return;
        }
}

static void line_ends(void)
{
    goes_out_as("", ".\r\n");
    goes_out_as("a", "a\r\n.\r\n");
    goes_out_as("a\n", "a\r\n.\r\n");
    goes_out_as("a\r\n", "a\r\n.\r\n");
    goes_out_as("a\n\nb\r\n\r\n", "a\r\n\r\nb\r\n\r\n.\r\n");
}

static void bare_cr_is_a_blank(void)
{
    goes_out_as("a\rb\n", "a b\r\n.\r\n");
    goes_out_as("a\r", "a \r\n.\r\n");
    goes_out_as("a\r\r\n", "a \r\n.\r\n");
    goes_out_as("\r\r\r\n\n", "  \r\n\r\n.\r\n");
    goes_out_as("\r.\n", " .\r\n.\r\n");
}

static void dots_are_doubled(void)
{
    goes_out_as(".\n", "..\r\n.\r\n");
    goes_out_as(".", "..\r\n.\r\n");
    goes_out_as("..a\n.b\r\n c.\n", "...a\r\n..b\r\n c.\r\n.\r\n");
}

/* The known endings by which one mail was made to look like two. */
static void nothing_is_smuggled(void)
{
    goes_out_as("a\n.\nMAIL FROM:<x>\n", "a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n");
    goes_out_as("a\n.\r\nQUIT\n", "a\r\n..\r\nQUIT\r\n.\r\n");
    goes_out_as("a\r.\r\nQUIT\n", "a .\r\nQUIT\r\n.\r\n");
    goes_out_as("a\r\n.\rQUIT\n", "a\r\n.. QUIT\r\n.\r\n");
    goes_out_as("a\r\n\r.\r\nb", "a\r\n .\r\nb\r\n.\r\n");
}

/* What a receiver makes of it: lines, ended by LF, one dot less at their start. */
static size_t receive(size_t n, uint8_t *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        bool start = i == 0 || wire[i - 1] == '\n';
        if (start && n - i == 3)
            return k;
        if ((start && wire[i] == '.') || wire[i] == '\r')
            continue;
        out[k++] = wire[i];
    }
    return (size_t)-1;
}

/* What went in, as the contract promises it to arrive. */
static size_t expected(struct span in, uint8_t *out)
{
    size_t k = 0;
    for (size_t i = 0; i < in.n; i++) {
        bool ends = i + 1 < in.n && in.p[i + 1] == '\n';
        if (in.p[i] == '\r' && ends)
            continue;
        out[k++] = in.p[i] == '\r' ? ' ' : in.p[i];
    }
    if (in.n && out[k - 1] != '\n')
        out[k++] = '\n';
    return k;
}

static void any_bytes_leave_clean_and_reversible(void)
{
    static const uint8_t alphabet[] = {'\r', '\n', '.', 'a', 0, 0xff};
    unsigned long long state = 821;
    uint8_t in[64], got[512], want[512];
    for (int round = 0; round < 20000; round++) {
        size_t n = check_random(&state) % sizeof in;
        for (size_t i = 0; i < n; i++)
            in[i] = alphabet[check_random(&state) % sizeof alphabet];
        size_t k = encode(span_of(in, n), check_random(&state) % 9);
        bool clean = true;
        for (size_t i = 0; i < k; i++)
            clean &= wire[i] == '\r' ? i + 1 < k && wire[i + 1] == '\n'
                     : wire[i] != '\n' || (i && wire[i - 1] == '\r');
        size_t back = receive(k, got), due = expected(span_of(in, n), want);
        if (!clean || back != due || memcmp(got, want, due) != 0) {
            CHECK(!"the bytes of this round");
            printf("# round %d\n", round);
            return;
        }
    }
}

static void behind_bdat_dots_and_bytes_stay(void)
{
    static const char in[] = ".a\n..\r\nx\ry\r";
    uint8_t out[80];
    struct wire_encoder e;
    for (size_t cut = 0; cut <= sizeof in - 1; cut++) {
        wire_init(&e, WIRE_LINES);
        size_t n = wire_encode(&e, span_of(in, cut), out);
        n += wire_encode(&e, span_of(in + cut, sizeof in - 1 - cut), out + n);
        n += wire_end(&e, out + n);
        out[n] = 0;
        CHECK_STR((char *)out, ".a\r\n..\r\nx y \r\n");
        wire_init(&e, WIRE_BYTES);
        n = wire_encode(&e, span_of(in, cut), out);
        n += wire_encode(&e, span_of(in + cut, sizeof in - 1 - cut), out + n);
        n += wire_end(&e, out + n);
        out[n] = 0;
        CHECK_STR((char *)out, in);
    }
}

int main(void)
{
    RUN(line_ends);
    RUN(bare_cr_is_a_blank);
    RUN(dots_are_doubled);
    RUN(nothing_is_smuggled);
    RUN(any_bytes_leave_clean_and_reversible);
    RUN(behind_bdat_dots_and_bytes_stay);
    return check_done();
}
