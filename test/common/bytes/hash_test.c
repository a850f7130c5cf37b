#include "bytes/hash.h"
#include "check.h"

/* Files have their names by it: it stays what it is. */
static void known_values(void)
{
    CHECK(hash_bytes(HASH_START, "", 0) == UINT64_C(0xcbf29ce484222325));
    CHECK(hash_bytes(HASH_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    CHECK(hash_bytes(HASH_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
}

static void in_pieces(void)
{
    static const char text[] = "foobar";
    for (size_t n = 0; n <= 6; n++)
        CHECK(hash_bytes(hash_bytes(HASH_START, text, n), text + n, 6 - n) ==
              UINT64_C(0x85944171f73967e8));
}

int main(void)
{
    RUN(known_values);
    RUN(in_pieces);
    return check_done();
}
