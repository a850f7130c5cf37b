#include "check.h"
#include "net/networks.h"

static bool within(const char *list, const char *client)
{
    struct networks n = {0};
    struct why why = {""};
    CHECK_INT(networks_add(&n, list, &why), ERR_NONE);
    return networks_have(&n, client);
}

static void prefixes(void)
{
    CHECK(within("127.0.0.0/8", "[127.1.2.3]"));
    CHECK(!within("127.0.0.0/8", "[128.0.0.1]"));
    CHECK(within("192.0.2.8/29,10.0.0.0/8", "[192.0.2.15]"));
    CHECK(!within("192.0.2.8/29,10.0.0.0/8", "[192.0.2.16]"));
    CHECK(within("192.0.2.8/29,10.0.0.0/8", "[10.9.9.9]"));
    CHECK(within("0.0.0.0/0", "[203.0.113.1]"));
    CHECK(!within("0.0.0.0/0", "[IPv6:2001:db8::1]"));
}

static void single_addresses(void)
{
    CHECK(within("192.0.2.7", "[192.0.2.7]"));
    CHECK(!within("192.0.2.7", "[192.0.2.6]"));
    CHECK(within("::1", "[IPv6:::1]"));
    CHECK(within("[::1]", "[IPv6:::1]"));
    CHECK(within("2001:db8::/32", "[IPv6:2001:db8:1::9]"));
    CHECK(!within("2001:db8::/32", "[IPv6:2001:db9::1]"));
}

static void who_has_no_address(void)
{
    CHECK(!within("0.0.0.0/0,::/0", NULL));
    CHECK(!within("0.0.0.0/0", ""));
    CHECK(!within("0.0.0.0/0", "[x]"));
}

static void what_is_no_network(void)
{
    static const char *const bad[] = {"", "x", "127.0.0.1/8", "1.2.3.4/33", "1.2.3.4/", "::1/129",
                                      "127.0.0.1,,", "1.2.3.4/-1", "1.2.3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct networks n = {0};
        struct why why = {""};
        CHECK_INT(networks_add(&n, bad[i], &why), ERR_USAGE);
    }
}

int main(void)
{
    RUN(prefixes);
    RUN(single_addresses);
    RUN(who_has_no_address);
    RUN(what_is_no_network);
    return check_done();
}
