#include "base64/base64.h"
#include "check.h"

#include <stdint.h>

/* RFC 4648 §10. */
static const char *const vectors[][2] = {
    {"", ""},         {"f", "Zg=="},     {"fo", "Zm8="},         {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
};

static size_t encode(const char *in, size_t n, size_t step, size_t wrap, unsigned flags, char *out)
{
    struct base64_encoder e;
    size_t len = 0;
    base64_encoder_init(&e, wrap, flags);
    for (size_t at = 0, k; at < n; at += k) {
        k = step < n - at ? step : n - at;
        size_t bound = base64_encode_bound(&e, k);
        size_t got = base64_encode(&e, span_of(in + at, k), (uint8_t *)out + len);
        CHECK(got <= bound);
        len += got;
    }
    len += base64_encode_end(&e, (uint8_t *)out + len);
    out[len] = '\0';
    return len;
}

static struct base64_decoder decode(const char *in, size_t step, unsigned flags, char *out)
{
    struct base64_decoder d;
    size_t len = 0, n = strlen(in);
    base64_decoder_init(&d, flags);
    for (size_t at = 0, k; at < n; at += k) {
        k = step < n - at ? step : n - at;
        /* A piece of its own, so that a read beyond it is seen. */
        char *piece = malloc(k);
        memcpy(piece, in + at, k);
        len += base64_decode(&d, span_of(piece, k), (uint8_t *)out + len);
        free(piece);
    }
    len += base64_decode_end(&d, (uint8_t *)out + len);
    out[len] = '\0';
    return d;
}

static void rfc_vectors_both_ways(void)
{
    char out[64];
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        for (size_t step = 1; step < 8; step++) {
            encode(vectors[i][0], strlen(vectors[i][0]), step, 0, 0, out);
            CHECK_STR(out, vectors[i][1]);
            struct base64_decoder d = decode(vectors[i][1], step, 0, out);
            CHECK_STR(out, vectors[i][0]);
            CHECK(!base64_repaired(&d));
        }
    }
}

static void lines_of_any_length(void)
{
    char in[300], out[2000], back[400];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (char)('a' + i % 26);
    for (size_t wrap = 1; wrap < 90; wrap++) {
        for (size_t step = 1; step < 60; step += 7) {
            size_t n = encode(in, sizeof in, step, wrap, 0, out), column = 0;
            for (size_t i = 0; i < n; i++) {
                column = out[i] == '\n' ? 0 : column + 1;
                CHECK(column <= wrap);
                CHECK(out[i] != '\n' || i + 1 == n || i % (wrap + 1) == wrap);
            }
            CHECK(out[n - 1] == '\n');
            struct base64_decoder d = decode(out, step, 0, back);
            CHECK(memcmp(back, in, sizeof in) == 0);
            CHECK(!base64_repaired(&d));
        }
    }
}

static void crlf_lines(void)
{
    char out[64];
    encode("foobar", 6, 6, 4, BASE64_CRLF, out);
    CHECK_STR(out, "Zm9v\r\nYmFy\r\n");
}

static void stray_bytes_are_counted(void)
{
    char out[64];
    for (size_t step = 1; step < 20; step++) {
        struct base64_decoder d = decode("> Zm9v\r\n> Ym!Fy\t\n", step, 0, out);
        CHECK_STR(out, "foobar");
        CHECK_INT(d.defects.strays, 3);
        CHECK(!d.defects.cut && !d.defects.no_padding);
    }
}

static void missing_padding_and_cut_input(void)
{
    char out[64];
    struct base64_decoder d = decode("Zm9vYmE", 3, 0, out);
    CHECK_STR(out, "fooba");
    CHECK(d.defects.no_padding && !d.defects.cut);
    d = decode("Zm9vYg=", 3, 0, out);
    CHECK_STR(out, "foob");
    CHECK(d.defects.no_padding);
    d = decode("Zm9vY", 2, 0, out);
    CHECK_STR(out, "foo");
    CHECK(d.defects.cut);
}

static void what_follows_padding(void)
{
    char out[64];
    for (size_t step = 1; step < 12; step++) {
        struct base64_decoder d = decode("Zg==\nfooter\n", step, BASE64_PLAIN, out);
        CHECK_STR(out, "f");
        CHECK_INT(d.defects.trailing, 6);
        d = decode("Zg==Zm8=\nZm9v", step, BASE64_JOINED, out);
        CHECK_STR(out, "ffofoo");
        CHECK(!base64_repaired(&d));
    }
}

static void never_writes_beyond_its_bound(void)
{
    unsigned long long random = 7;
    for (int round = 0; round < 3000; round++) {
        static const char set[] = "ABab09+/==\n\r !";
        uint8_t in[80];
        size_t n = check_random(&random) % sizeof in;
        for (size_t i = 0; i < n; i++)
            in[i] = (uint8_t)set[check_random(&random) % (sizeof set - 1)];
        struct base64_decoder d;
        base64_decoder_init(&d, BASE64_JOINED);
        uint8_t *out = malloc(base64_decode_bound(n)); /* ASan sees a byte too many */
        size_t got = base64_decode(&d, span_of(in, n), out);
        CHECK(got <= base64_decode_bound(n));
        free(out);
    }
}

int main(void)
{
    RUN(rfc_vectors_both_ways);
    RUN(lines_of_any_length);
    RUN(crlf_lines);
    RUN(stray_bytes_are_counted);
    RUN(missing_padding_and_cut_input);
    RUN(what_follows_padding);
    RUN(never_writes_beyond_its_bound);
    return check_done();
}
