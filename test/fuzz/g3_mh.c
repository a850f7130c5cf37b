/* Any bytes as an MH page, with EOLs, with aligned ones and without. */
#include "g3_any.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned flags[4] = {0, G3_ALIGN_EOL, G3_NO_EOL, G3_NO_EOL | G3_ALIGN_ROW};
    any_bytes(G3_MH, flags, data, size);
    return 0;
}
