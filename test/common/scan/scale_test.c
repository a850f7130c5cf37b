#include "scan/scale.h"
#include "check.h"

/* Scales h rows of w pels; returns how many rows came, which lie in out. */
static unsigned scale(const uint8_t *in, unsigned w, unsigned h, unsigned to, unsigned up,
                      unsigned down, uint8_t *out)
{
    struct scaler s;
    unsigned n = 0;
    const uint8_t *row;
    CHECK(scaler_init(&s, w, to, up, down) == ERR_NONE);
    for (unsigned y = 0; y < h; y++) {
        scaler_push(&s, in + (size_t)y * w);
        while ((row = scaler_next(&s)))
            memcpy(out + (size_t)n++ * to, row, to);
    }
    while ((row = scaler_finish(&s)))
        memcpy(out + (size_t)n++ * to, row, to);
    scaler_release(&s);
    return n;
}

static void one_to_one_is_the_same(void)
{
    static const uint8_t in[] = {1, 2, 3, 4, 5, 6};
    uint8_t out[6];
    CHECK_INT(scale(in, 3, 2, 3, 1, 1, out), 2);
    CHECK(memcmp(in, out, 6) == 0);
}

static void halving_is_the_mean(void)
{
    static const uint8_t in[] = {0, 100, 10, 20, 50, 50, 30, 40};
    uint8_t out[8];
    CHECK_INT(scale(in, 4, 2, 2, 1, 2, out), 1);
    CHECK_INT(out[0], 50);
    CHECK_INT(out[1], 25);
}

static void uneven_ratios_keep_the_mean(void)
{
    static uint8_t in[700 * 900], out[700 * 900];
    double before = 0, after = 0;
    for (unsigned i = 0; i < sizeof in; i++)
        before += in[i] = (uint8_t)(i * 2654435761u >> 24);
    unsigned n = scale(in, 700, 900, 431, 389, 900, out);
    CHECK_INT(n, 389);
    for (unsigned i = 0; i < n * 431; i++)
        after += out[i];
    CHECK(before / sizeof in - after / (n * 431) < 1 && after / (n * 431) - before / sizeof in < 1);
}

static void doubling_rows_of_black_and_white_doubles_them(void)
{
    static const uint8_t in[] = {0, 255, 0, 0, 255};
    uint8_t out[16];
    CHECK_INT(scale(in, 1, 5, 1, 2, 1, out), 10);
    for (unsigned y = 0; y < 10; y++)
        CHECK_INT(out[y] < 128, in[y / 2] < 128);
}

static void growing_is_smooth(void)
{
    static const uint8_t in[] = {0, 200};
    uint8_t out[4 * 10];
    unsigned n = scale(in, 2, 1, 8, 4, 1, out);
    CHECK_INT(n, 4);
    for (unsigned x = 1; x < 8; x++)
        CHECK(out[x] >= out[x - 1]);
    CHECK_INT(out[0], 0);
    CHECK_INT(out[7], 200);
    CHECK(memcmp(out, out + 8, 8) == 0);
}

static void never_no_row_at_all(void)
{
    static const uint8_t in[] = {9};
    uint8_t out[4];
    CHECK_INT(scale(in, 1, 1, 1, 1, 1000, out), 1);
    CHECK_INT(out[0], 9);
    CHECK_INT(scale(in, 1, 0, 1, 1, 1, out), 0);
}

static void the_number_of_rows_is_the_ratio(void)
{
    static uint8_t in[997 * 2], out[4000 * 2];
    CHECK_INT(scale(in, 2, 997, 2, 1, 2, out), 499);
    CHECK_INT(scale(in, 2, 997, 2, 3, 2, out), 1496);
    CHECK_INT(scale(in, 2, 997, 2, 4, 1, out), 3988);
    CHECK_INT(scale(in, 2, 997, 2, 196, 204, out), 958);
}

int main(void)
{
    RUN(one_to_one_is_the_same);
    RUN(halving_is_the_mean);
    RUN(uneven_ratios_keep_the_mean);
    RUN(doubling_rows_of_black_and_white_doubles_them);
    RUN(growing_is_smooth);
    RUN(never_no_row_at_all);
    RUN(the_number_of_rows_is_the_ratio);
    return check_done();
}
