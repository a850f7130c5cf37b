/*
 * The codec against libtiff's and spandsp's: we read what they write, they read what we write, in
 * every coding, at every width of facsimile and at odd ones, on random and on structured rows.
 */
#include "../../bench/contender.h"
#include "check.h"
#include "cpu/cpu.h"
#include "g3/kernel.h"
#include "pages.h"

#include <tiffio.h>

enum { ROWS = 20 };

static const unsigned widths[] = {1728, 2048, 2432, 2592, 3072, 3648, 3456, 4096, 4864, 1,  7,
                                  8,    9,    63,   64,   65,   127,  2560, 2561, 10000};
enum { WIDTHS = sizeof widths / sizeof *widths };

static unsigned long long seed = 19881119;
static unsigned long long next_random(void)
{
    return check_random(&seed);
}

static struct image page;
static uint8_t *theirs, *bare, *ours, *pels;
static size_t room;
static unsigned tried, own_unread; /* pages; those that a peer cannot read of its own */

static void make_page(unsigned width, int texture)
{
    size_t stride = (width + 7) / 8;
    page = (struct image){"made", width, ROWS, malloc(stride * ROWS)};
    for (unsigned y = 0; y < ROWS; y++)
        make_row(page.pels + y * stride, y ? page.pels + (y - 1) * stride : NULL, width,
                 texture < 0 ? (enum texture)(next_random() % TEXTURES)
                             : (enum texture)(texture % TEXTURES),
                 next_random);
    room = (ROWS + 2) * g3_row_bound(width) + 4096;
    theirs = malloc(room);
    bare = malloc(room);
    ours = malloc(room);
    pels = malloc(room);
}

static void free_page(void)
{
    free(page.pels);
    free(theirs);
    free(bare);
    free(ours);
    free(pels);
}

/* The bits behind the width are the reader's: libtiff leaves them as they were, we clear them. */
static bool reads(const struct contender *c, enum g3_coding coding, const uint8_t *p, size_t n)
{
    size_t stride = (page.width + 7) / 8;
    memset(pels, 0x55, image_size(&page));
    if (!c->decode(&page, coding, span_of(p, n), pels))
        return false;
    for (unsigned y = 0; y < ROWS && page.width % 8 && c != &with_faxpipe; y++)
        pels[(y + 1) * stride - 1] &= (uint8_t)(0xff00 >> page.width % 8);
    return memcmp(pels, page.pels, image_size(&page)) == 0;
}

static void compare(const struct contender *peer, enum g3_coding coding, int texture)
{
    size_t n = peer->encode(&page, coding, theirs, room);
    size_t k = peer->strip(&page, span_of(theirs, n), bare, room);
    size_t own = with_faxpipe.encode(&page, coding, ours, room);
    bool we = n && k && reads(&with_faxpipe, coding, bare, k);
    if (peer == &with_spandsp && page.width % 8) { /* it gives width / 8 bytes a row */
        CHECK(we);
        return;
    }
    bool they_theirs = reads(peer, coding, theirs, n);
    k = peer->wrap(&page, coding, span_of(ours, own), bare, room);
    bool they_ours = reads(peer, coding, bare, k);
    if (!we || they_ours != they_theirs)
        printf("# %s %s, width %u, texture %d: we read theirs %d, they ours %d, they theirs %d\n",
               peer->name, g3_coding_name(coding), page.width, texture, we, they_ours, they_theirs);
    CHECK(we);
    CHECK(they_ours >= they_theirs);
    tried++;
    own_unread += !they_theirs;
}

/* By the scalar kernel and by the best one in turn. */
static void with(const struct contender *peer)
{
    tried = own_unread = 0;
    for (unsigned i = 0; i < WIDTHS; i++)
        for (int t = -1; t < 2 * TEXTURES; t++) {
            g3_use(t < TEXTURES ? cpu_detect() : 0);
            make_page(widths[i], t);
            for (int c = G3_MH; c <= G3_MMR; c++)
                compare(peer, (enum g3_coding)c, t);
            free_page();
        }
    printf("# %s: %u pages, of which it does not read %u of its own\n", peer->name, tried,
           own_unread);
    CHECK(own_unread * 10 < tried);
}

static void libtiff_and_we_read_each_other(void)
{
    with(&with_libtiff);
}

static void spandsp_and_we_read_each_other(void)
{
    const char *folder = getenv("TMPDIR");
    if (!spandsp_open(folder ? folder : "/tmp")) {
        printf("# spandsp is not here: not tried\n");
        return;
    }
    with(&with_spandsp);
    spandsp_close();
}

int main(void)
{
    TIFFSetWarningHandler(NULL);
    TIFFSetErrorHandler(NULL);
    RUN(libtiff_and_we_read_each_other);
    RUN(spandsp_and_we_read_each_other);
    return check_done();
}
