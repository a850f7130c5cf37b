#include "check.h"
#include "mime/qp.h"

static void decode(const char *in, const char *want, unsigned defects)
{
    size_t n = strlen(in);
    for (size_t split = 0; split <= n; split++) {
        uint8_t out[4096];
        struct qp_decoder d;
        qp_decoder_init(&d);
        size_t len = qp_decode(&d, span_of(in, split), out);
        len += qp_decode(&d, span_of(in + split, n - split), out + len);
        len += qp_decode_end(&d, out + len);
        out[len] = '\0';
        CHECK_STR((char *)out, want);
        CHECK_INT(d.defects, defects);
    }
}

static size_t encode(const char *in, size_t n, size_t split, bool crlf, char *out)
{
    struct qp_encoder e;
    qp_encoder_init(&e, crlf);
    size_t len = qp_encode(&e, span_of(in, split), (uint8_t *)out);
    len += qp_encode(&e, span_of(in + split, n - split), (uint8_t *)out + len);
    len += qp_encode_end(&e, (uint8_t *)out + len);
    out[len] = '\0';
    return len;
}

static void encoded(const char *in, const char *want)
{
    char out[4096];
    for (size_t split = 0; split <= strlen(in); split++) {
        encode(in, strlen(in), split, false, out);
        CHECK_STR(out, want);
    }
}

static void decodes(void)
{
    decode("a=3Db", "a=b", 0);
    decode("a=\nb=\r\nc", "abc", 0);
    decode("a  \nb \t\r\nc ", "a\nb\r\nc", 0);
    decode("a =\nb", "a b", 0);
    decode("a=  \nb", "ab", 0);
    decode("=c3=bc", "\xc3\xbc", 0);
    decode("end=", "end", 0);
}

static void keeps_what_means_nothing(void)
{
    decode("=zz", "=zz", 1);
    decode("==3D", "==", 1);
    decode("=4", "=4", 1);
    decode("=3=3D", "=3=", 1);
}

static void encodes(void)
{
    encoded("a=b\n", "a=3Db\n");
    encoded("a \nb\t", "a=20\nb=09");
    encoded("From x\n.\n", "=46rom x\n=2E\n");
    encoded("\xc3\xbc\r\nx", "=C3=BC\nx");
    encoded("a\rb", "a=0Db");
    encoded("a\r", "a=0D");
}

static void round_trips_within_76(void)
{
    unsigned long long random = 11;
    static const char set[] = "abc =\t\n.\r\x80\xff" "F";
    for (int round = 0; round < 300; round++) {
        char in[400], text[4000];
        uint8_t back[5000];
        size_t n = check_random(&random) % sizeof in, column = 0;
        for (size_t i = 0; i < n; i++) {
            in[i] = set[check_random(&random) % (sizeof set - 1)];
            if (i && in[i] == '\n' && in[i - 1] == '\r')
                in[i] = 'x'; /* CR LF is a line end, and comes back as LF */
        }
        size_t len = encode(in, n, n / 3, false, text);
        CHECK(len <= qp_encode_bound(n));
        for (size_t i = 0; i < len; i++) {
            column = text[i] == '\n' ? 0 : column + 1;
            CHECK(column <= 76);
        }
        struct qp_decoder d;
        qp_decoder_init(&d);
        size_t got = qp_decode(&d, span_of(text, len), back);
        got += qp_decode_end(&d, back + got);
        CHECK(got == n && memcmp(back, in, n) == 0);
        CHECK_INT(d.defects, 0);
    }
}

int main(void)
{
    RUN(decodes);
    RUN(keeps_what_means_nothing);
    RUN(encodes);
    RUN(round_trips_within_76);
    return check_done();
}
