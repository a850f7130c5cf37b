/* Random bytes as a sealed CMS message, and as the header around one. */
#include "seal/cms_split.h"
#include "seal/wrapper.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_header(struct span s)
{
    struct buf a, b;
    enum wrapper_coding coding;
    bool binary;
    buf_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    (void)wrapper_sealed(s, &coding, NULL);
    if (!wrapper_divide(s, &a, &b, &binary, NULL)) {
        buf_clear(&a);
        (void)wrapper_join(s, buf_span(&b), &a, &binary, NULL);
    }
    buf_release(&a);
    buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int in = memfd_create("in", 0), out = memfd_create("out", 0);
    struct buf rest;
    buf_init(&rest, 1 << 16);
    if (in >= 0 && out >= 0 && write(in, data, size) == (ssize_t)size && lseek(in, 0, SEEK_SET) == 0)
        (void)cms_split(in, out, &rest, NULL);
    buf_release(&rest);
    close(in);
    close(out);
    as_header(span_of(data, size));
    return 0;
}
