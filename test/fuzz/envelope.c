/* Envelopes of the queue: whatever is in the file, what parses is written again the same way. */
#include "queue/envelope.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct queue_entry entry, again;
    struct buf once, twice;
    queue_entry_init(&entry);
    queue_entry_init(&again);
    buf_init(&once, 1 << 24);
    buf_init(&twice, 1 << 24);
    if (envelope_parse(span_of(data, size), &entry, NULL) == ERR_NONE) {
        if (envelope_write(&entry, &once) || envelope_parse(buf_span(&once), &again, NULL) ||
            envelope_write(&again, &twice) || !span_eq(buf_span(&once), buf_span(&twice)))
            abort();
    }
    buf_release(&once);
    buf_release(&twice);
    queue_entry_release(&entry);
    queue_entry_release(&again);
    return 0;
}
