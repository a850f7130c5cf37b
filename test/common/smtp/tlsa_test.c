#include "check.h"
#include "smtp/tlsa.h"

static bool usable(uint8_t usage, uint8_t selector, uint8_t matching, size_t n)
{
    uint8_t rdata[3 + 100] = {usage, selector, matching};
    struct tlsa t;
    bool yes = tlsa_read(span_of(rdata, 3 + n), &t);
    if (yes)
        CHECK(t.usage == usage && t.selector == selector && t.matching == matching &&
              t.data.n == n && t.data.p == rdata + 3);
    return yes;
}

static void usages(void)
{
    CHECK(!usable(0, 1, 1, 32));
    CHECK(!usable(1, 1, 1, 32));
    CHECK(usable(2, 1, 1, 32));
    CHECK(usable(3, 1, 1, 32));
    CHECK(!usable(4, 1, 1, 32));
    CHECK(!usable(255, 1, 1, 32));
}

static void selectors(void)
{
    CHECK(usable(3, 0, 1, 32));
    CHECK(!usable(3, 2, 1, 32));
    CHECK(!usable(3, 255, 1, 32));
}

static void digests(void)
{
    CHECK(usable(3, 1, 0, 1));
    CHECK(usable(3, 1, 0, 100));
    CHECK(!usable(3, 1, 0, 0));
    CHECK(!usable(3, 1, 1, 31));
    CHECK(!usable(3, 1, 1, 33));
    CHECK(usable(3, 1, 2, 64));
    CHECK(!usable(3, 1, 2, 32));
    CHECK(!usable(3, 1, 3, 32));
}

static void cut(void)
{
    struct tlsa t;
    for (size_t n = 0; n <= 3; n++)
        CHECK(!tlsa_read(span_of("\3\1\0", n), &t));
}

int main(void)
{
    RUN(usages);
    RUN(selectors);
    RUN(digests);
    RUN(cut);
    return check_done();
}
