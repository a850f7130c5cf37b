/* Where spandsp is not installed: nobody of that name takes part. */
#include "contender.h"

bool spandsp_open(const char *folder)
{
    (void)folder;
    return false;
}

void spandsp_close(void)
{
}

const struct contender with_spandsp = {.name = "spandsp"};
