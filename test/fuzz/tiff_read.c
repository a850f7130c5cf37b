/*
 * Any bytes as a fax document, TIFF above all: every page is examined, its rows are read, and
 * where it can be carried its bits are.
 */
#include "tiff/fax.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err swallow(void *context, struct span bytes, struct why *why)
{
    (void)why;
    *(size_t *)context += bytes.n;
    return ERR_NONE;
}

static void read_page(struct fax *f, const struct fax_page *page)
{
    struct why why;
    size_t size = 0;
    uint64_t rows = 0;
    uint8_t *row = malloc((page->page.width + 7) / 8);
    if (page->bad_rows > page->rows || page->rows == 0)
        abort();
    struct span all = fax_rows(f);
    if (all.n && all.n != (page->page.width + 7) / 8 * page->rows)
        abort();
    if (fax_rewind(f, &why) == ERR_NONE)
        while (rows < 3000 && fax_row(f, row, &why) == ERR_NONE)
            rows++;
    if (rows < 3000 && rows != page->rows)
        abort();
    if (page->carried && fax_carry(f, true, swallow, &size, &why))
        abort();
    free(row);
}

static void read_document(int fd, unsigned wants)
{
    struct fax *f = NULL;
    struct fax_page page;
    struct why why;
    if (lseek(fd, 0, SEEK_SET) != 0)
        abort();
    enum err e = fax_open_fd(fd, NULL, &f, &why);
    if (!e)
        fax_want(f, wants);
    for (int i = 0; !e && i < 20 && !(e = fax_next(f, &page, &why)); i++)
        read_page(f, &page);
    fax_close(f);
}

/* Rows that are kept and rows that are decoded as they are asked for; greys and without. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    read_document(fd, 0);
    read_document(fd, FAX_WANT_ROWS | FAX_WANT_BILEVEL);
    close(fd);
    return 0;
}
