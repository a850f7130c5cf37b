/*
 * The decoder takes anything in any pieces, the same way by the best kernel as by the scalar one;
 * the encoder's output comes back.
 */
#include "base64/base64.h"
#include "base64/kernel.h"
#include "cpu/cpu.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t decode(struct span in, size_t step, uint8_t *out)
{
    struct base64_decoder d;
    size_t n = 0;
    base64_decoder_init(&d, step & 1 ? BASE64_JOINED : BASE64_PLAIN);
    for (size_t k; in.n; in = span_skip(in, k)) {
        k = step && step < in.n ? step : in.n;
        n += base64_decode(&d, span_take(in, k), out + n);
    }
    return n + base64_decode_end(&d, out + n);
}

static void round_trip(struct span in, size_t wrap, unsigned flags)
{
    struct base64_encoder e;
    base64_encoder_init(&e, wrap, flags);
    size_t bound = base64_encode_bound(&e, in.n);
    uint8_t *text = malloc(bound), *back = malloc(base64_decode_bound(bound));
    size_t n = base64_encode(&e, in, text);
    n += base64_encode_end(&e, text + n);
    if (n > bound)
        abort();
    size_t m = decode(span_of(text, n), 0, back);
    if (m != in.n || (m && memcmp(back, in.p, m) != 0))
        abort();
    free(text);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t step = data[0], wrap = data[1];
    struct span in = span_of(data + 2, size - 2);
    /* Exactly the room that is promised for one call, so that ASan sees a byte too many. */
    uint8_t *whole = malloc(base64_decode_bound(in.n)), *pieces = malloc(2 * in.n + 64);
    struct base64_decoder d;
    base64_decoder_init(&d, step & 1 ? BASE64_JOINED : BASE64_PLAIN);
    base64_use(cpu_detect());
    size_t n = base64_decode(&d, in, whole);
    n += base64_decode_end(&d, whole + n);
    size_t m = decode(in, step ? step : 1, pieces);
    if (step && (n != m || memcmp(whole, pieces, n) != 0))
        abort();
    base64_use(0);
    struct base64_decoder scalar;
    base64_decoder_init(&scalar, step & 1 ? BASE64_JOINED : BASE64_PLAIN);
    m = base64_decode(&scalar, in, pieces);
    m += base64_decode_end(&scalar, pieces + m);
    if (n != m || memcmp(whole, pieces, n) != 0 || d.characters != scalar.characters ||
        d.defects.strays != scalar.defects.strays ||
        d.defects.trailing != scalar.defects.trailing || d.defects.cut != scalar.defects.cut ||
        d.defects.no_padding != scalar.defects.no_padding)
        abort();
    base64_use(cpu_detect());
    free(whole);
    free(pieces);
    round_trip(in, wrap, step & 2 ? BASE64_CRLF : 0);
    return 0;
}
