/* Any bytes as an MR page. */
#include "g3_any.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned flags[4] = {0, G3_ALIGN_EOL, G3_ALIGN_ROW, G3_NO_EOL};
    any_bytes(G3_MR, flags, data, size);
    return 0;
}
