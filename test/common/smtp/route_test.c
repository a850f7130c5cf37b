#include "check.h"
#include "smtp/route.h"

static const char *const ours[] = {"us.example", "[192.0.2.9]", NULL};

static const char *onward(const char *text)
{
    static char out[600];
    struct buf line;
    struct path path;
    buf_init(&line, 500);
    CHECK_INT(path_parse_bare(span_str(text), 0, &path), PATH_OK);
    CHECK_INT(route_onward(&path, ours, &line), ERR_NONE);
    CHECK(span_copy(buf_span(&line), out, sizeof out));
    buf_release(&line);
    return out;
}

static void routes(void)
{
    CHECK_STR(onward("joe@there"), ">joe@there");
    CHECK_STR(onward("@us.example:joe@there"), "@joe@there");
    CHECK_STR(onward("@US.example,@next:joe@there"), "@@next:joe@there");
    CHECK_STR(onward("@us.example,@[192.0.2.9],@next,@us.example:joe@there"),
              "@@next,@us.example:joe@there");
    CHECK_STR(onward("@next:joe@there"), ">@next:joe@there");
}

static void whose(void)
{
    CHECK(route_is_ours(ours, span_str("US.EXAMPLE")));
    CHECK(!route_is_ours(ours, span_str("x.us.example")));
    CHECK(!route_is_ours(ours, span_str("")));
}

int main(void)
{
    RUN(routes);
    RUN(whose);
    return check_done();
}
