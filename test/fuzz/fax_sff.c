/*
 * Any bytes behind the first four of a CAPI SFF, up to its rows: as the reader gives them, page by
 * page, whose number and length the size of the file must bound.
 */
#include "tiff/fax.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t read_rows(struct fax *f, const struct fax_page *page)
{
    struct why why;
    uint64_t rows = 0;
    uint8_t *row = malloc((page->page.width + 7) / 8);
    if (fax_rewind(f, &why) == ERR_NONE)
        while (fax_row(f, row, &why) == ERR_NONE)
            rows++;
    if (rows != page->rows || page->bad_rows > rows)
        abort();
    free(row);
    return rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fax *f = NULL;
    struct fax_page page;
    struct why why;
    uint64_t rows = 0, pages = 0;
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, "Sfff", 4) != 4 || write(fd, data, size) != (ssize_t)size ||
        lseek(fd, 0, SEEK_SET) != 0)
        abort();
    enum err e = fax_open_fd(fd, NULL, &f, &why);
    while (!e && !(e = fax_next(f, &page, &why))) {
        rows += read_rows(f, &page);
        if (++pages > size || rows > size * 256 + 65536) /* a byte skips up to 254 rows */
            abort();
    }
    fax_close(f);
    close(fd);
    return 0;
}
