#include "check.h"
#include "smtp/exchanges.h"

static struct exchanges x;

static void add(const char *name, unsigned preference)
{
    exchanges_add(&x, name, preference);
}

static void preferred_first(void)
{
    x = (struct exchanges){.count = 0};
    add("c.example", 30);
    add("a.example", 10);
    add("b.example", 20);
    CHECK_INT(exchanges_order(&x, NULL, 1), ERR_NONE);
    CHECK_STR(x.list[0].name, "a.example");
    CHECK_STR(x.list[1].name, "b.example");
    CHECK_STR(x.list[2].name, "c.example");
}

/* Each of three equals comes first about as often, and never before one that is preferred. */
static void equals_are_shuffled(void)
{
    int first[3] = {0, 0, 0};
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        x = (struct exchanges){.count = 0};
        add("a.example", 10);
        add("0.example", 20);
        add("1.example", 20);
        add("2.example", 20);
        CHECK_INT(exchanges_order(&x, NULL, seed * UINT64_C(0x9e3779b97f4a7c15)), ERR_NONE);
        CHECK_STR(x.list[0].name, "a.example");
        first[x.list[1].name[0] - '0']++;
    }
    for (int i = 0; i < 3; i++)
        CHECK(first[i] > 800 && first[i] < 1200);
}

static void null_mx(void)
{
    x = (struct exchanges){.count = 0};
    CHECK_INT(exchanges_order(&x, NULL, 1), ERR_NO);
    add(".", 0);
    CHECK_INT(exchanges_order(&x, NULL, 1), ERR_NO_USER);
    add("a.example", 10); /* RFC 7505 3: with others it means nothing */
    CHECK_INT(exchanges_order(&x, NULL, 1), ERR_NONE);
    CHECK_INT(x.count, 1);
}

/* RFC 5321 5.1: our own preference and what is not preferred to it. */
static void we_ourselves(void)
{
    const char *const own[] = {"other.example", "ME.example.", NULL};
    x = (struct exchanges){.count = 0};
    add("d.example", 30);
    add("c.example", 20);
    add("me.example", 20);
    add("a.example", 10);
    CHECK_INT(exchanges_order(&x, own, 1), ERR_NONE);
    CHECK_INT(x.count, 1);
    CHECK_STR(x.list[0].name, "a.example");

    x = (struct exchanges){.count = 0};
    add("me.example", 10);
    add("d.example", 10);
    CHECK_INT(exchanges_order(&x, own, 1), ERR_UNAVAILABLE);
    CHECK_INT(x.count, 0);
}

static void too_many(void)
{
    x = (struct exchanges){.count = 0};
    for (unsigned i = 0; i < EXCHANGES_MAX + 10; i++)
        add("a.example", i);
    CHECK_INT(x.count, EXCHANGES_MAX);
    CHECK_INT(exchanges_order(&x, NULL, 0), ERR_NONE);
}

static void same_names(void)
{
    CHECK(exchange_same_name("a.Example", "A.example."));
    CHECK(!exchange_same_name("a.example", "a.example.org"));
    CHECK(!exchange_same_name("", "."));
}

int main(void)
{
    RUN(preferred_first);
    RUN(equals_are_shuffled);
    RUN(null_mx);
    RUN(we_ourselves);
    RUN(too_many);
    RUN(same_names);
    return check_done();
}
