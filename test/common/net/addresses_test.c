#include "check.h"
#include "net/addresses.h"

static void is(const char *domain, const char *want)
{
    char out[ADDRESS_SIZE];
    CHECK(address_literal(domain, out));
    CHECK_STR(out, want);
}

static void literals(void)
{
    is("[127.0.0.1]", "127.0.0.1");
    is("127.0.0.1", "127.0.0.1");
    is("[IPv6:2001:DB8::1]", "2001:db8::1");
    is("[ipv6:::1]", "::1");
    is("::1", "::1");
    is("[::1]", "::1");
    is("#2130706433", "127.0.0.1");
    is("#0", "0.0.0.0");
    is("#4294967295", "255.255.255.255");
}

static void names(void)
{
    static const char *const others[] = {"", "[]", "[", "a.example", "[a.example]", "127.0.0",
                                         "127.0.0.256", "[127.0.0.1", "127.0.0.1]", "#", "#-1",
                                         "#4294967296", "#1x", "[IPv6:127.0.0.1]", "[X400:c=us]",
                                         "[IPv6:1:2:3:4:5:6:7:8:9]", "[ 127.0.0.1]",
                                         "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"};
    char out[ADDRESS_SIZE];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (address_literal(others[i], out)) {
            CHECK(false);
            printf("# %s\n", others[i]);
        }
}

int main(void)
{
    RUN(literals);
    RUN(names);
    return check_done();
}
