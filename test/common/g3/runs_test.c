#include "g3/runs.h"

#include "check.h"
#include "cpu/cpu.h"
#include "g3/kernel.h"
#include "pages.h"

static unsigned long long state = 88172645463325252u;
static unsigned long long next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* The row's changes, found pel by pel, painted into `got`, behind which nothing may be touched. */
static void paints_the_row(const uint8_t *row, unsigned width, uint8_t *got)
{
    static struct g3_line line;
    size_t bytes = (width + 7) / 8;
    unsigned n = 0, left = 0;
    for (unsigned x = 0; x < width; x++) {
        unsigned pel = row[x / 8] >> (7 - x % 8) & 1;
        if (pel != left)
            line.change[1 + n++] = (uint16_t)x;
        left = pel;
    }
    g3_close_line(&line, n, width);
    memset(got, 0xa5, bytes);
    g3_paint(&line, width, got);
    CHECK(memcmp(got, row, bytes) == 0);
}

static void rows_of_every_texture(void)
{
    static const unsigned more[] = {1728, 2048, 2432, 2560, 2561, 4864, 10000, 65528, 65535};
    static uint8_t row[(G3_WIDTH_MAX + 7) / 8];
    for (unsigned i = 1; i < 700 + sizeof more / sizeof *more; i++) {
        unsigned width = i < 700 ? i : more[i - 700];
        uint8_t *got = guarded((width + 7) / 8);
        for (int t = 0; t < 2 * TEXTURES; t++) {
            make_row(row, NULL, width, t / 2, next);
            paints_the_row(row, width, got);
        }
        guarded_free(got, (width + 7) / 8);
    }
}

static void one_run_anywhere(void)
{
    uint8_t row[32];
    for (unsigned width = 1; width < 200; width++) {
        uint8_t *got = guarded((width + 7) / 8);
        for (unsigned from = 0; from < width; from++)
            for (unsigned to = from + 1; to <= width; to += 1 + to % 5) {
                memset(row, 0, sizeof row);
                set_run(row, from, to);
                paints_the_row(row, width, got);
            }
        guarded_free(got, (width + 7) / 8);
    }
}

/* With the scalar kernel, and with the best that this machine has. */
int main(void)
{
    const unsigned masks[] = {0, cpu_detect()};
    for (unsigned i = 0; i < 2; i++) {
        g3_use(masks[i]);
        printf("# kernel %s\n", g3_kernel_used()->name);
        RUN(rows_of_every_texture);
        RUN(one_run_anywhere);
    }
    return check_done();
}
