/*
 * Any bytes as a page stream: split or whole, the same pages with the same data come out.
 */
#include "page/stream.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct page_stream stream;

static uint64_t read_all(const uint8_t *data, size_t size, size_t step)
{
    struct page_event event = {.whole = false};
    struct why why;
    uint64_t hash = 5381;
    size_t at = 0;
    bool in_page = false;
    page_stream_init(&stream, NULL);
    for (;;) {
        enum page_event_type type = page_stream_next(&stream, &event, &why);
        if (type == PAGE_MORE) {
            size_t n = size - at < step ? size - at : step;
            if (n)
                page_stream_push(&stream, (struct span){data + at, n});
            else
                page_stream_finish(&stream);
            at += n;
            continue;
        }
        if (type == PAGE_OVER || type == PAGE_ERROR)
            return hash * 33 + type;
        /* Pages do not nest, and data is within them. */
        if (in_page != (type != PAGE_BEGIN))
            abort();
        in_page = type != PAGE_END;
        if (type != PAGE_DATA)
            hash = hash * 33 + type;
        else
            for (size_t i = 0; i < event.data.n; i++)
                hash = hash * 33 + event.data.p[i];
        if (type == PAGE_BEGIN && (event.page.width == 0 || event.page.ydpi == 0))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t whole = read_all(data, size, size ? size : 1);
    if (read_all(data, size, 1) != whole || read_all(data, size, 37) != whole)
        abort();
    return 0;
}
