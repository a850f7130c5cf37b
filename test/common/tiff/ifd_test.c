/* Directories as they lie in a file: both kinds of TIFF, both byte orders, and what must not be
 * believed. */
#include "check.h"
#include "bytes/endian.h"
#include "tiff/ifd.h"

#include <sys/mman.h>
#include <unistd.h>

static int made(const void *p, size_t n)
{
    int fd = memfd_create("ifd", 0);
    if (fd < 0 || write(fd, p, n) != (ssize_t)n)
        abort();
    return fd;
}

static void both_kinds_in_both_orders(void)
{
    static const char ii[] = "II*\0\x08\0\0\0\x02\0" "\x00\x01\x03\0\x01\0\0\0\xc0\x06\0\0"
                             "\x1a\x01\x05\0\x01\0\0\0\x26\0\0\0" "\0\0\0\0" "\xcc\0\0\0\x01\0\0\0";
    static const char mm[] = "MM\0*\0\0\0\x08\0\x02" "\x01\x00\0\x03\0\0\0\x01\x06\xc0\0\0"
                             "\x01\x1a\0\x05\0\0\0\x01\0\0\0\x26" "\0\0\0\0" "\0\0\0\xcc\0\0\0\x01";
    static const char big[] = "II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" "\x02\0\0\0\0\0\0\0"
        "\x00\x01\x10\0\x01\0\0\0\0\0\0\0\xc0\x06\0\0\0\0\0\0"
        "\x1a\x01\x05\0\x01\0\0\0\0\0\0\0\xcc\0\0\0\x01\0\0\0" "\0\0\0\0\0\0\0\0";
    static const struct {
        const char *bytes;
        size_t n;
    } files[] = {{ii, sizeof ii - 1}, {mm, sizeof mm - 1}, {big, sizeof big - 1}};
    for (unsigned i = 0; i < 3; i++) {
        struct tiff_file f;
        struct tiff_ifd d;
        unsigned pages = 0;
        int fd = made(files[i].bytes, files[i].n);
        CHECK(tiff_is(span_of(files[i].bytes, files[i].n)));
        CHECK_INT(tiff_file_open(&f, fd, NULL), ERR_NONE);
        CHECK_INT(tiff_count_pages(&f, &pages, NULL), ERR_NONE);
        CHECK_INT(pages, 1);
        CHECK_INT(tiff_ifd_read(&f, f.first, &d, NULL), ERR_NONE);
        CHECK_INT(d.width, 1728);
        CHECK(d.xdpi > 203.9 && d.xdpi < 204.1 && d.ydpi < 1);
        CHECK_INT(tiff_seen(&d, TIFF_WIDTH)->count, 1);
        CHECK_INT(tiff_seen(&d, TIFF_LENGTH)->count, 0);
        CHECK(!d.unsorted && !d.dirty && d.next == 0 && d.samples == 1);
        close(fd);
        /* Cut anywhere it is refused, or has nothing beyond the cut. */
        for (size_t n = 0; n < files[i].n; n++) {
            fd = made(files[i].bytes, n);
            if (tiff_file_open(&f, fd, NULL) == ERR_NONE &&
                tiff_count_pages(&f, &pages, NULL) == ERR_NONE)
                CHECK(tiff_ifd_read(&f, f.first, &d, NULL) == ERR_NONE && d.next == 0);
            close(fd);
        }
    }
}

/* A chain of so many directories of one entry; the last one points to `last`. */
static int chain(unsigned directories, uint32_t last)
{
    size_t n = 8 + (size_t)directories * 18;
    uint8_t *p = calloc(1, n);
    memcpy(p, "II*\0\x08\0\0\0", 8);
    for (unsigned i = 0; i < directories; i++) {
        uint8_t *d = p + 8 + (size_t)i * 18;
        put_le16(d, 1);
        put_le16(d + 2, 256);
        put_le32(d + 14, i + 1 < directories ? 8 + (i + 1) * 18 : last);
    }
    int fd = made(p, n);
    free(p);
    return fd;
}

static void chains_are_capped_and_do_not_loop(void)
{
    static const struct {
        unsigned directories;
        uint32_t last;
        enum err want;
    } chains[] = {
        {1, 0, ERR_NONE}, {65535, 0, ERR_NONE}, {65536, 0, ERR_DATA}, {100000, 0, ERR_DATA},
        {1, 8, ERR_DATA}, {2, 8, ERR_DATA}, {1000, 26, ERR_DATA}, {1000, 8 + 18 * 999, ERR_DATA},
        {3, 0x7fffffff, ERR_DATA},
    };
    for (unsigned i = 0; i < sizeof chains / sizeof *chains; i++) {
        struct tiff_file f;
        unsigned pages = 0;
        int fd = chain(chains[i].directories, chains[i].last);
        CHECK_INT(tiff_file_open(&f, fd, NULL), ERR_NONE);
        CHECK_INT(tiff_count_pages(&f, &pages, NULL), chains[i].want);
        if (chains[i].want == ERR_NONE)
            CHECK_INT(pages, chains[i].directories);
        close(fd);
    }
}

/* A count is no more than the bytes that there are. */
static void counts_are_claims(void)
{
    static const uint8_t types[] = {1, 2, 3, 4, 5, 11, 12, 16};
    for (unsigned i = 0; i < sizeof types; i++) {
        uint8_t p[200] = "II*\0\x08\0\0\0";
        struct tiff_file f;
        struct tiff_ifd d;
        uint64_t value;
        put_le16(p + 8, 1);
        put_le16(p + 10, TIFF_STRIP_OFFSETS);
        put_le16(p + 12, types[i]);
        put_le32(p + 14, 0xffffffff);
        put_le32(p + 18, 100);
        int fd = made(p, sizeof p);
        CHECK_INT(tiff_file_open(&f, fd, NULL), ERR_NONE);
        CHECK_INT(tiff_ifd_read(&f, 8, &d, NULL), ERR_NONE);
        CHECK(d.strip_offsets.count >= 12 && d.strip_offsets.count <= 100);
        CHECK_INT(tiff_value(&f, &d.strip_offsets, d.strip_offsets.count, &value, NULL), ERR_DATA);
        close(fd);
    }
    /* BigTIFF: more entries than any file has bytes. */
    static const char big[] = "MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10\xff\xff\xff\xff\xff\xff\xff\xff";
    struct tiff_file f;
    struct tiff_ifd d;
    unsigned pages;
    int fd = made(big, sizeof big - 1);
    CHECK_INT(tiff_file_open(&f, fd, NULL), ERR_NONE);
    CHECK_INT(tiff_count_pages(&f, &pages, NULL), ERR_DATA);
    CHECK_INT(tiff_ifd_read(&f, 16, &d, NULL), ERR_DATA);
    close(fd);
}

int main(void)
{
    RUN(both_kinds_in_both_orders);
    RUN(chains_are_capped_and_do_not_loop);
    RUN(counts_are_claims);
    return check_done();
}
