/*
 * base64 in memory on data larger than the caches, beside memcpy of the same data in the same run:
 * lines of 76 characters with CR LF made and opened, by every kernel this machine has. The median
 * of the repetitions; each goes through all ways in turn, so that drift hits them alike.
 */
#include "base64/base64.h"
#include "base64/kernel.h"
#include "cpu/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIZE = 100000000, PIECE = 65536, REPEATS = 7, KERNELS = 8 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t encode(const uint8_t *in, uint8_t *out)
{
    struct base64_encoder e;
    size_t n = 0;
    base64_encoder_init(&e, BASE64_MIME_WRAP, BASE64_CRLF);
    for (size_t at = 0; at < SIZE; at += PIECE)
        n += base64_encode(&e, span_take(span_of(in + at, SIZE - at), PIECE), out + n);
    return n + base64_encode_end(&e, out + n);
}

static size_t decode(const uint8_t *in, size_t size, uint8_t *out)
{
    struct base64_decoder d;
    size_t n = 0;
    base64_decoder_init(&d, BASE64_PLAIN);
    for (size_t at = 0; at < size; at += PIECE)
        n += base64_decode(&d, span_take(span_of(in + at, size - at), PIECE), out + n);
    return n + base64_decode_end(&d, out + n);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *t)
{
    qsort(t, REPEATS, sizeof *t, by_value);
    return t[REPEATS / 2];
}

int main(void)
{
    static double copied[REPEATS], made[KERNELS][REPEATS], opened[KERNELS][REPEATS];
    const struct base64_kernel *kernel[KERNELS];
    size_t room = SIZE / 3 * 4 / 76 * 78 + 1024, kernels = 0;
    uint8_t *data = malloc(SIZE), *text = malloc(room), *back = malloc(SIZE + 1024);
    if (!data || !text || !back)
        return 1;
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    memset(text, 1, room);
    memset(back, 1, SIZE + 1024);
    unsigned mask = cpu_detect();
    for (unsigned cap = 0; kernels < KERNELS; cap = cap * 2 + 1) {
        const struct base64_kernel *k = base64_kernel_for(mask & cap);
        if (!kernels || kernel[kernels - 1] != k)
            kernel[kernels++] = k;
        if (cap >= mask)
            break;
    }
    for (int r = 0; r < REPEATS; r++) {
        double t = now();
        memcpy(back, data, SIZE);
        copied[r] = now() - t;
        for (size_t i = 0; i < kernels; i++) {
            base64_use(kernel[i]->needs);
            t = now();
            size_t n = encode(data, text);
            made[i][r] = now() - t;
            t = now();
            size_t got = decode(text, n, back);
            opened[i][r] = now() - t;
            if (got != SIZE || memcmp(data, back, SIZE) != 0) {
                fprintf(stderr, "base64_bench: %s: not what went in\n", kernel[i]->name);
                return 1;
            }
        }
    }
    double copy = median(copied);
    printf("%-10s %8.0f MB/s\n", "memcpy", SIZE / copy / 1e6);
    for (size_t i = 0; i < kernels; i++) {
        double e = median(made[i]), d = median(opened[i]);
        printf("%-10s %8.0f MB/s made %5.2f of memcpy %8.0f MB/s opened %5.2f of memcpy\n",
               kernel[i]->name, SIZE / e / 1e6, copy / e, SIZE / d / 1e6, copy / d);
    }
    free(data);
    free(text);
    free(back);
    return 0;
}
