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

/* The last k bytes that were encoded are clean, end once, and give what went in. */
static bool holds(struct span in, size_t k)
{
    uint8_t got[2048], want[1024];
    for (size_t i = 0; i < k; i++) {
        bool clean = wire[i] == '\r' ? i + 1 < k && wire[i + 1] == '\n'
                                     : wire[i] != '\n' || (i && wire[i - 1] == '\r');
        bool end = i + 3 < k && (i == 0 || wire[i - 1] == '\n') && !memcmp(wire + i, ".\r\n", 3);
        if (!clean || end)
            return false;
    }
    size_t back = receive(k, got), due = expected(in, want);
    return back == due && memcmp(got, want, due) == 0;
}

static void any_bytes_leave_clean_and_reversible(void)
{
    static const uint8_t alphabet[] = {'\r', '\n', '.', 'a', 0, 0xff};
    unsigned long long state = 821;
    uint8_t in[400];
    for (int round = 0; round < 20000; round++) {
        size_t n = check_random(&state) % (round % 100 ? 64 : sizeof in);
        for (size_t i = 0; i < n; i++)
            in[i] = round % 3 ? alphabet[check_random(&state) % sizeof alphabet]
                              : (uint8_t)check_random(&state);
        if (!holds(span_of(in, n), encode(span_of(in, n), check_random(&state) % 9))) {
            CHECK(!"the bytes of this round");
            printf("# round %d\n", round);
            return;
        }
    }
}

/* No other bytes count, and nothing depends on more than its neighbours: so this is nearly a proof. */
static void all_short_texts_at_every_split(void)
{
    static const uint8_t alphabet[] = {'\r', '\n', '.', 'a'};
    uint8_t in[8], whole[64];
    for (size_t n = 0; n <= 7; n++)
        for (unsigned which = 0; which < 1u << (2 * n); which++) {
            for (size_t i = 0; i < n; i++)
                in[i] = alphabet[which >> (2 * i) & 3];
            size_t k = encode(span_of(in, n), 0);
            bool good = holds(span_of(in, n), k);
            memcpy(whole, wire, k);
            for (size_t cut = 0; cut <= n && good; cut++) {
                struct wire_encoder e;
                wire_init(&e, WIRE_DOTS);
                size_t m = wire_encode(&e, span_of(in, cut), wire);
                m += wire_encode(&e, span_of(in + cut, n - cut), wire + m);
                m += wire_end(&e, wire + m);
                good = m == k && memcmp(wire, whole, k) == 0;
            }
            if (!good || encode(span_of(in, n), 1) != k || memcmp(wire, whole, k) != 0) {
                CHECK(!"a text");
                printf("# length %zu, number %u\n", n, which);
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
    RUN(all_short_texts_at_every_split);
    RUN(behind_bdat_dots_and_bytes_stay);
    return check_done();
}
