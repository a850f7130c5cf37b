#include "scan/tone.h"
#include "check.h"

enum { W = 320, H = 256, STRIDE = W / 8 };
static uint8_t gray[W * H], rows[STRIDE * H];

static unsigned black(unsigned left, unsigned top, unsigned right, unsigned bottom)
{
    unsigned n = 0;
    for (unsigned y = top; y < bottom; y++)
        for (unsigned x = left; x < right; x++)
            n += (rows[y * STRIDE + x / 8] & 0x80 >> x % 8) != 0;
    return n;
}

static void run_tone(enum scan_tone tone, unsigned threshold)
{
    struct scan_bitmap page = {rows, W, H};
    memset(rows, 0xaa, sizeof rows);
    CHECK(scan_tone(tone, threshold, gray, &page, NULL) == ERR_NONE);
}

static void white_paper_stays_white(void)
{
    static const enum scan_tone tones[] = {SCAN_TONE_AUTO, SCAN_TONE_SAUVOLA, SCAN_TONE_DITHER};
    for (unsigned i = 0; i < 3; i++) {
        memset(gray, 255, sizeof gray);
        run_tone(tones[i], 0);
        CHECK_INT(black(0, 0, W, H), 0);
    }
}

static void a_threshold_cuts(void)
{
    for (unsigned i = 0; i < sizeof gray; i++)
        gray[i] = (uint8_t)(i % W % 256);
    run_tone(SCAN_TONE_THRESHOLD, 100);
    CHECK_INT(black(0, 0, 100, H), 100 * H);
    CHECK_INT(black(100, 0, 256, H), 0);
}

static void dither_keeps_the_mean(void)
{
    for (unsigned v = 15; v < 255; v += 48) {
        memset(gray, (int)v, sizeof gray);
        run_tone(SCAN_TONE_DITHER, 0);
        int want = (int)((255 - v) * W * H / 255), got = (int)black(0, 0, W, H);
        CHECK(abs(got - want) < W * H / 50);
    }
}

static void auto_dithers_a_picture_and_cuts_text(void)
{
    memset(gray, 255, sizeof gray);
    for (unsigned y = 0; y < H; y++)
        for (unsigned x = 0; x < W; x++) {
            if (x < 128 && y < 128)
                gray[y * W + x] = (uint8_t)(60 + x);
            else if (x >= 192 && x % 20 < 3)
                gray[y * W + x] = x % 20 == 1 ? 0 : 120; /* a stroke with soft edges */
        }
    run_tone(SCAN_TONE_AUTO, 0);
    unsigned n = black(0, 0, 128, 128);
    CHECK(n > 128 * 128 * 40 / 100 && n < 128 * 128 * 60 / 100);
    CHECK_INT(black(200, 140, 300, 141), 15);
}

static void gray_paper_becomes_white(void)
{
    memset(gray, 190, sizeof gray);
    for (unsigned y = 100; y < 104; y++)
        memset(gray + y * W + 20, 30, 200);
    run_tone(SCAN_TONE_AUTO, 0);
    CHECK_INT(black(0, 0, W, H), 4 * 200);
}

static void uneven_paper_for_sauvola(void)
{
    for (unsigned y = 0; y < H; y++)
        for (unsigned x = 0; x < W; x++)
            gray[y * W + x] = (uint8_t)((x % 40 < 4 ? 20 : 90) + x / 3);
    run_tone(SCAN_TONE_SAUVOLA, 0);
    unsigned n = black(40, 40, 280, 216);
    CHECK(n > 176 * 24 * 8 / 10 && n < 176 * 24 * 14 / 10);
}

int main(void)
{
    RUN(white_paper_stays_white);
    RUN(a_threshold_cuts);
    RUN(dither_keeps_the_mean);
    RUN(auto_dithers_a_picture_and_cuts_text);
    RUN(gray_paper_becomes_white);
    RUN(uneven_paper_for_sauvola);
    return check_done();
}
