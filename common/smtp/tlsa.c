#include "smtp/tlsa.h"

#include <string.h>

enum { FULL = 0, SHA256 = 1, SHA512 = 2 };

bool tlsa_read(struct span rdata, struct tlsa *t)
{
    memset(t, 0, sizeof *t);
    if (rdata.n < 4)
        return false;
    t->usage = rdata.p[0];
    t->selector = rdata.p[1];
    t->matching = rdata.p[2];
    t->data = span_skip(rdata, 3);
    if (t->usage < 2 || t->usage > 3 || t->selector > 1)
        return false;
    switch (t->matching) {
    case FULL:
        return true;
    case SHA256:
        return t->data.n == 32;
    case SHA512:
        return t->data.n == 64;
    default:
        return false;
    }
}
