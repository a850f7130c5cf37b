#include "base64/base64.h"
#include "base64/kernel.h"
#include "check.h"
#include "cpu/cpu.h"

#include <stdint.h>

/*
 * What holds for any bytes: they come back whatever the length, the lines, the pieces they are
 * pushed in and the kernel, and through noise as well, each of which is counted.
 * PROPERTY_ROUNDS (400) rounds a kernel; the numbers are the same every time.
 */

enum { BYTES = 6000, ROOM = 8 * BYTES };

static unsigned long long seed = 7;
static uint8_t bytes[2 * BYTES + 8], back[ROOM], text[ROOM], noisy[ROOM];

static size_t below(size_t n)
{
    return (size_t)(check_random(&seed) >> 8) % n;
}

static unsigned rounds(void)
{
    const char *n = getenv("PROPERTY_ROUNDS");
    return n ? (unsigned)atoi(n) : 400;
}

/* Runs a property on every kernel that this machine has. */
static void on_each_kernel(void (*property)(void))
{
    unsigned mask = cpu_detect();
    const struct base64_kernel *last = NULL;
    for (unsigned cap = 0; cap <= 2 * CPU_NEON; cap = cap * 2 + 1) {
        const struct base64_kernel *k = base64_kernel_for(mask & cap);
        base64_use(k->needs);
        for (unsigned i = 0; k != last && i < rounds(); i++)
            property();
        last = k;
    }
    base64_use(0);
}

/* Often short, sometimes many lines. */
static size_t any_length(void)
{
    return below(below(3) ? 200 : BYTES);
}

static size_t any_bytes(void)
{
    size_t n = any_length();
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)below(256);
    return n;
}

static size_t any_wrap(void)
{
    return below(2) ? BASE64_MIME_WRAP : below(120);
}

/* A piece of at most n: all, some, or a byte; in memory of its own, whose end is its end. */
static size_t any_piece(size_t n)
{
    size_t k = below(3) ? 1 + below(n) : below(2) ? n : 1;
    return k < n ? k : n;
}

static size_t encode(const uint8_t *in, size_t n, size_t wrap, unsigned flags, uint8_t *out)
{
    struct base64_encoder e;
    size_t len = 0;
    base64_encoder_init(&e, wrap, flags);
    for (size_t k; n; n -= k, in += k) {
        k = any_piece(n);
        size_t room = base64_encode_bound(&e, k);
        uint8_t *piece = malloc(k), *to = malloc(room ? room : 1);
        memcpy(piece, in, k);
        size_t got = base64_encode(&e, span_of(piece, k), to);
        CHECK(got <= room);
        memcpy(out + len, to, got);
        len += got;
        free(piece);
        free(to);
    }
    return len + base64_encode_end(&e, out + len);
}

static size_t decode(const uint8_t *in, size_t n, unsigned flags, struct base64_decoder *d,
                     uint8_t *out)
{
    size_t len = 0;
    base64_decoder_init(d, flags);
    for (size_t k; n; n -= k, in += k) {
        k = any_piece(n);
        size_t room = base64_decode_bound(k);
        uint8_t *piece = malloc(k), *to = malloc(room);
        memcpy(piece, in, k);
        size_t got = base64_decode(d, span_of(piece, k), to);
        CHECK(got <= room);
        memcpy(out + len, to, got);
        len += got;
        free(piece);
        free(to);
    }
    return len + base64_decode_end(d, out + len);
}

/* As RFC 4648 says it, bit by bit; lines as RFC 2045 does. */
static size_t plainly(const uint8_t *in, size_t n, size_t wrap, unsigned flags, uint8_t *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = 0, column = 0;
    for (size_t bit = 0; bit < 8 * n || (bit / 6) % 4; bit += 6) {
        unsigned value = 0;
        for (size_t b = bit; b < bit + 6; b++)
            value = value << 1 | (b < 8 * n ? in[b / 8] >> (7 - b % 8) & 1u : 0);
        if (wrap && column == wrap) {
            len += (size_t)sprintf((char *)out + len, flags & BASE64_CRLF ? "\r\n" : "\n");
            column = 0;
        }
        out[len++] = bit < 8 * n ? (uint8_t)alphabet[value] : '=';
        column++;
    }
    if (wrap && column)
        len += (size_t)sprintf((char *)out + len, flags & BASE64_CRLF ? "\r\n" : "\n");
    return len;
}

static void comes_back(void)
{
    static uint8_t want[ROOM];
    struct base64_decoder d;
    size_t n = any_bytes(), wrap = any_wrap();
    unsigned flags = below(2) ? BASE64_CRLF : BASE64_PLAIN;
    size_t len = encode(bytes, n, wrap, flags, text);
    CHECK_INT(len, plainly(bytes, n, wrap, flags, want));
    CHECK(memcmp(text, want, len) == 0);
    CHECK_INT(decode(text, len, BASE64_PLAIN, &d, back), n);
    CHECK(memcmp(back, bytes, n) == 0);
    CHECK(!base64_repaired(&d));
    CHECK_INT(d.characters, (8 * n + 5) / 6);
}

/* Copies len characters to noisy with strays and white space between; how long that is. */
static size_t with_noise(size_t len, uint64_t *strays)
{
    static const char blanks[] = " \t\r\n\f\v";
    static const uint8_t foreign[] = "!-_*:\0\x7f\x80\xff.~";
    size_t n = 0, often = below(4) ? 20 + below(2000) : 3;
    *strays = 0;
    for (size_t i = 0; i < len; i++) {
        while (below(often) == 0 && n < ROOM - 2 * BYTES) {
            bool blank = below(2);
            noisy[n++] = blank ? (uint8_t)blanks[below(sizeof blanks - 1)]
                               : foreign[below(sizeof foreign - 1)];
            *strays += !blank;
        }
        noisy[n++] = text[i];
    }
    return n;
}

static void comes_back_through_noise(void)
{
    struct base64_decoder d;
    uint64_t strays;
    size_t n = any_bytes(), len = encode(bytes, n, any_wrap(), below(2), text);
    bool bare = below(2) && n % 3;
    if (bare) {
        /* The end without its padding, or with half of it, and without its line end. */
        while (len && base64_values[text[len - 1]] == 0xff)
            len--;
    }
    size_t long_one = with_noise(len, &strays);
    CHECK_INT(decode(noisy, long_one, BASE64_PLAIN, &d, back), n);
    CHECK(memcmp(back, bytes, n) == 0);
    CHECK_INT(d.defects.strays, strays);
    CHECK_INT(d.defects.no_padding, bare);
    CHECK_INT(d.defects.trailing, 0);
    CHECK(!d.defects.cut);
}

/* What follows padding is a stranger's, or more data where the caller says so. */
static void ends_at_its_padding(void)
{
    struct base64_decoder d;
    size_t n = any_length() + 1, more = any_length();
    n -= n % 3 == 0;
    for (size_t i = 0; i < n + more; i++)
        bytes[i] = (uint8_t)below(256);
    size_t len = encode(bytes, n, any_wrap(), below(2), text);
    size_t all = len + encode(bytes + n, more, any_wrap(), below(2), text + len);
    CHECK_INT(decode(text, all, BASE64_JOINED, &d, back), n + more);
    CHECK(memcmp(back, bytes, n + more) == 0);
    CHECK(!base64_repaired(&d));
    CHECK_INT(decode(text, all, BASE64_PLAIN, &d, back), n);
    CHECK(memcmp(back, bytes, n) == 0);
    CHECK_INT(d.defects.trailing, (8 * more + 5) / 6);
}

/* Cut anywhere, what came whole before the cut comes out. */
static void cut_is_told(void)
{
    struct base64_decoder d;
    size_t n = any_bytes(), len = encode(bytes, n, any_wrap(), below(2), text);
    size_t cut = below(len + 1), characters = 0;
    for (size_t i = 0; i < cut; i++)
        characters += base64_values[text[i]] != 0xff;
    size_t got = decode(text, cut, BASE64_PLAIN, &d, back);
    CHECK_INT(got, characters * 6 / 8);
    CHECK(memcmp(back, bytes, got) == 0);
    CHECK_INT(d.defects.cut, characters % 4 == 1);
    CHECK_INT(d.defects.strays + d.defects.trailing, 0);
}

#define FOR_EACH_KERNEL(property)               \
    static void property##_in_each_kernel(void) \
    {                                           \
        on_each_kernel(property);               \
    }

FOR_EACH_KERNEL(comes_back)
FOR_EACH_KERNEL(comes_back_through_noise)
FOR_EACH_KERNEL(ends_at_its_padding)
FOR_EACH_KERNEL(cut_is_told)

int main(void)
{
    RUN(comes_back_in_each_kernel);
    RUN(comes_back_through_noise_in_each_kernel);
    RUN(ends_at_its_padding_in_each_kernel);
    RUN(cut_is_told_in_each_kernel);
    return check_done();
}
