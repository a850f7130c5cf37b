/*
 * The codec beside libtiff's and spandsp's, one thread, in memory, over PBM files of a page each:
 *
 *     g3_bench [-n REPEATS] [-c mh|mr|mmr] [-o] [-v] PAGE.pbm...
 *
 * Every repetition goes through all pages, so that none is hot in the caches or known to the branch
 * predictor, and the contenders take turns in it, so that all see the same machine. Prints the
 * medians in Mpel/s and ours as a multiple of the best peer's, for all pages and without those
 * whose name has "photo" or "halftone" in it. -o: ours alone; -v: page by page.
 * FAXPIPE_CPU caps the kernel as in the programs. Everyone decodes what we wrote; before that it is
 * asserted that we read what the others write, and the reverse.
 */
#include "contender.h"
#include "cpu/cpu.h"
#include "g3/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <time.h>
#include <unistd.h>

enum { PAGES_MAX = 256, REPEATS_MAX = 101, CONTENDERS_MAX = 3, ENCODE = 0, DECODE = 1 };

static struct image pages[PAGES_MAX];
static unsigned page_count, contenders, repeats = 7;
static const struct contender *const all[CONTENDERS_MAX] = {&with_faxpipe, &with_libtiff,
                                                            &with_spandsp};
static double seconds[CONTENDERS_MAX][2][PAGES_MAX][REPEATS_MAX];
static bool cannot[CONTENDERS_MAX][PAGES_MAX]; /* decode that page of the coding at hand */
static struct span coded[CONTENDERS_MAX][PAGES_MAX];
static uint8_t *room, *pels;
static size_t room_size;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *who, const char *page, const char *reason)
{
    fprintf(stderr, "g3_bench: %s: %s: %s\n", who, page, reason);
    exit(1);
}

static void load(const char *path)
{
    struct image *p = &pages[page_count];
    FILE *f = fopen(path, "rb");
    char line[128];
    if (!f || page_count == PAGES_MAX || !fgets(line, sizeof line, f) || strcmp(line, "P4\n") != 0)
        fail(path, "", "not a raw PBM");
    do
        if (!fgets(line, sizeof line, f))
            line[0] = '\0';
    while (line[0] == '#');
    if (sscanf(line, "%u %u", &p->width, &p->rows) != 2 || p->width > G3_WIDTH_MAX)
        fail(path, "", "not a raw PBM");
    p->pels = malloc(image_size(p));
    if (!p->pels || fread(p->pels, 1, image_size(p), f) != image_size(p))
        fail(path, "", "cut short");
    fclose(f);
    p->name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    page_count++;
    size_t most = (p->rows + 2) * g3_row_bound(p->width) + 4096;
    room_size = most > room_size ? most : room_size;
}

static bool dotted(const struct image *p)
{
    return strstr(p->name, "photo") || strstr(p->name, "halftone");
}

static struct span keep(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy)
        abort();
    memcpy(copy, p, n);
    return span_of(copy, n);
}

static bool reads(const struct contender *c, const struct image *p, enum g3_coding coding,
                  struct span in)
{
    memset(pels, 0x55, image_size(p));
    return c->decode(p, coding, in, pels) && memcmp(pels, p->pels, image_size(p)) == 0;
}

/* We read what they write, they read what we write; only what they themselves write and cannot
 * read is forgiven them. */
static void agree(unsigned c, unsigned i, enum g3_coding coding, struct span ours)
{
    const struct contender *they = all[c];
    const struct image *p = &pages[i];
    size_t n = they->encode(p, coding, room, room_size);
    struct span theirs = keep(room, n);
    struct span bare = keep(room, they->strip(p, theirs, room, room_size));
    if (!n || !reads(&with_faxpipe, p, coding, bare))
        fail(they->name, p->name, "we do not read it as they wrote it");
    n = they->wrap(p, coding, ours, room, room_size);
    coded[c][i] = keep(room, n);
    cannot[c][i] = !reads(they, p, coding, coded[c][i]);
    if (cannot[c][i] && reads(they, p, coding, theirs))
        fail(they->name, p->name, "they do not read what we wrote, only their own");
    if (cannot[c][i])
        printf("%s %s: %s does not read its own: left out of its decoding\n",
               g3_coding_name(coding), p->name, they->name);
    free((void *)(uintptr_t)theirs.p);
    free((void *)(uintptr_t)bare.p);
}

static void prepare(enum g3_coding coding)
{
    for (unsigned i = 0; i < page_count; i++) {
        size_t n = with_faxpipe.encode(&pages[i], coding, room, room_size);
        coded[0][i] = keep(room, n);
        if (!reads(&with_faxpipe, &pages[i], coding, coded[0][i]))
            fail("faxpipe", pages[i].name, "we do not read our own");
        for (unsigned c = 1; c < contenders; c++)
            agree(c, i, coding, coded[0][i]);
    }
}

static void turn(unsigned c, enum g3_coding coding, unsigned r)
{
    for (unsigned i = 0; i < page_count; i++) {
        double from = now();
        all[c]->encode(&pages[i], coding, room, room_size);
        seconds[c][ENCODE][i][r] = now() - from;
    }
    for (unsigned i = 0; i < page_count; i++) {
        double from = now();
        if (!cannot[c][i])
            all[c]->decode(&pages[i], coding, coded[c][i], pels);
        seconds[c][DECODE][i][r] = now() - from;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/*
 * The rate of contender c, as the median of the repetitions, over the pages that `like` reads;
 * plain: without the dotted ones. 0: there are none.
 */
static double rate(unsigned c, int what, unsigned like, bool plain, int only)
{
    double sum[REPEATS_MAX] = {0}, mpel = 0;
    for (unsigned i = 0; i < page_count; i++) {
        if ((plain && dotted(&pages[i])) || (what == DECODE && cannot[like][i]) ||
            (only >= 0 && i != (unsigned)only))
            continue;
        mpel += (double)pages[i].width * pages[i].rows / 1e6;
        for (unsigned r = 0; r < repeats; r++)
            sum[r] += seconds[c][what][i][r];
    }
    qsort(sum, repeats, sizeof *sum, by_value);
    return mpel > 0 ? mpel / sum[repeats / 2] : 0;
}

static double to_best(int what, bool plain)
{
    double least = 0;
    for (unsigned c = 1; c < contenders; c++) {
        double ratio = rate(0, what, c, plain, -1) / rate(c, what, c, plain, -1);
        least = c == 1 || ratio < least ? ratio : least;
    }
    return least;
}

/* What this project set itself with AVX-512; 0.6 of it with AVX2, and less without both. */
static double wanted(enum g3_coding coding, int what, bool plain)
{
    static const double bars[3][2][2] = {{{5, 5}, {4, 5}}, {{4, 4}, {2, 3}}, {{5, 5}, {2, 3.5}}};
    const char *kernel = g3_kernel_used()->name;
    double bar = bars[coding][what][plain], least = what == ENCODE ? 2 : 1.5;
    return strcmp(kernel, "avx512") == 0 ? bar : strcmp(kernel, "avx2") == 0 ? 0.6 * bar : least;
}

static void print(enum g3_coding coding, int what)
{
    printf("%-4s%s", g3_coding_name(coding), what == ENCODE ? "enc" : "dec");
    for (unsigned c = 0; c < contenders; c++)
        printf("  %7.0f /%6.0f", rate(c, what, c, false, -1), rate(c, what, c, true, -1));
    if (contenders > 1)
        printf("   %5.2f /%5.2f  (%.2g / %.2g)", to_best(what, false), to_best(what, true),
               wanted(coding, what, false), wanted(coding, what, true));
    putchar('\n');
}

static void print_pages(enum g3_coding coding)
{
    for (unsigned i = 0; i < page_count; i++) {
        printf("    %-4s %-18s", g3_coding_name(coding), pages[i].name);
        for (int what = ENCODE; what <= DECODE; what++) {
            printf("  %s", what == ENCODE ? "enc" : "dec");
            for (unsigned c = 0; c < contenders; c++)
                printf(" %7.0f", rate(c, what, c, false, (int)i));
        }
        printf("  %.1f bits/row\n", (double)coded[0][i].n * 8 / pages[i].rows);
    }
}

static void bench(enum g3_coding coding, bool page_by_page)
{
    prepare(coding);
    for (unsigned r = 0; r < repeats; r++)
        for (unsigned c = 0; c < contenders; c++)
            turn((r + c) % contenders, coding, r);
    print(coding, ENCODE);
    print(coding, DECODE);
    if (page_by_page)
        print_pages(coding);
    fflush(stdout);
    for (unsigned c = 0; c < contenders; c++)
        for (unsigned i = 0; i < page_count; i++) {
            free((void *)(uintptr_t)coded[c][i].p);
            cannot[c][i] = false;
        }
}

static void choose_kernel(void)
{
    const char *level = getenv("FAXPIPE_CPU");
    unsigned cap = ~0u;
    if (level && !cpu_level(span_str(level), &cap))
        fail("FAXPIPE_CPU", level, "no such level");
    g3_use(cpu_detect() & cap);
}

static void head(bool alone)
{
    double mpel = 0;
    const char *folder = getenv("TMPDIR");
    contenders = alone ? 1 : 2;
    if (!alone && spandsp_open(folder ? folder : "/tmp"))
        contenders = 3;
    else if (!alone)
        printf("spandsp is not here: it takes no part\n");
    for (unsigned i = 0; i < page_count; i++)
        mpel += (double)pages[i].width * pages[i].rows / 1e6;
    printf("%u pages, %.0f Mpel; kernel %s; medians of %u in Mpel/s, all pages / without "
           "photographs and halftone\n       ", page_count, mpel, g3_kernel_used()->name, repeats);
    for (unsigned c = 0; c < contenders; c++)
        printf("  %-15s", all[c]->name);
    printf("%s\n", contenders > 1 ? "   to the best peer (wanted)" : "");
}

int main(int argc, char **argv)
{
    bool alone = false, page_by_page = false;
    enum g3_coding first = G3_MH, last = G3_MMR;
    for (int o; (o = getopt(argc, argv, "n:c:ov")) != -1;) {
        if (o == 'n')
            repeats = (unsigned)atoi(optarg);
        else if (o == 'c' && g3_coding_parse(span_str(optarg), &first))
            last = first;
        else if (o == 'o')
            alone = true;
        else if (o == 'v')
            page_by_page = true;
        else
            repeats = 0;
    }
    if (repeats < 1 || repeats > REPEATS_MAX || optind >= argc) {
        fprintf(stderr, "usage: g3_bench [-n REPEATS] [-c mh|mr|mmr] [-o] [-v] PAGE.pbm...\n");
        return 64;
    }
    choose_kernel();
    TIFFSetWarningHandler(NULL);
    TIFFSetErrorHandler(NULL);
    for (int i = optind; i < argc; i++)
        load(argv[i]);
    room = malloc(room_size);
    pels = malloc(room_size);
    if (!room || !pels)
        abort();
    memset(room, 1, room_size);
    memset(pels, 1, room_size);
    head(alone);
    for (enum g3_coding c = first; c <= last; c++)
        bench(c, page_by_page);
    spandsp_close();
    for (unsigned i = 0; i < page_count; i++)
        free(pages[i].pels);
    free(room);
    free(pels);
    return 0;
}
