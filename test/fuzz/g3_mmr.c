/* Any bytes as an MMR page, rows on a byte or not. */
#include "g3_any.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned flags[4] = {0, G3_ALIGN_ROW};
    any_bytes(G3_MMR, flags, data, size);
    return 0;
}
