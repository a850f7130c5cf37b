#include "bytes/json.h"
#include "check.h"

static void writes_nested_values_with_their_commas(void)
{
    struct buf b;
    struct json j;
    buf_init(&b, 1000);
    json_init(&j, &b);
    json_open(&j, NULL, '[');
    for (int i = 0; i < 2; i++) {
        json_open(&j, NULL, '{');
        json_add_int(&j, "n", i);
        json_add_str(&j, "s", i ? "a\"b\\\n\x01" : NULL);
        json_add_bool(&j, "b", i);
        json_open(&j, "l", '[');
        json_close(&j, ']');
        json_close(&j, '}');
    }
    json_close(&j, ']');
    CHECK(j.err == ERR_NONE);
    CHECK_STR(buf_cstr(&b), "[{\"n\": 0, \"s\": null, \"b\": false, \"l\": []}, "
                            "{\"n\": 1, \"s\": \"a\\\"b\\\\\\n\\u0001\", \"b\": true, \"l\": []}]");
    buf_release(&b);
}

static void replaces_what_is_not_utf8(void)
{
    struct buf b;
    buf_init(&b, 100);
    CHECK(json_string(&b, span_str("\xc3\xa9\xff\xed\xa0\x80")) == ERR_NONE);
    CHECK_STR(buf_cstr(&b), "\"\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    buf_release(&b);
}

static enum err member(const char *text, const char *key, char out[64])
{
    struct buf b;
    buf_init(&b, 60);
    enum err e = json_member(span_str(text), key, &b);
    snprintf(out, 64, "%s", e ? "" : buf_cstr(&b));
    buf_release(&b);
    return e;
}

static void reads_members_of_flat_objects(void)
{
    char v[64];
    const char *text = " {\"a\": \"x\\u00e9\\ud83d\\ude00\\n\", \"b\" : -1.5e3 ,\"c\":true}\n";
    CHECK(member(text, "a", v) == ERR_NONE);
    CHECK_STR(v, "x\xc3\xa9\xf0\x9f\x98\x80\n");
    CHECK(member(text, "b", v) == ERR_NONE);
    CHECK_STR(v, "-1.5e3");
    CHECK(member(text, "c", v) == ERR_NONE);
    CHECK_STR(v, "true");
    CHECK(member(text, "d", v) == ERR_NO);
    CHECK(member("{}", "d", v) == ERR_NO);
}

static void refuses_what_is_not_flat_or_cut(void)
{
    char v[64];
    const char *whole = "{\"a\": \"x\", \"b\": 1}";
    char cut[64];
    for (size_t n = 0; n < strlen(whole); n++) {
        snprintf(cut, sizeof cut, "%.*s", (int)n, whole);
        CHECK(member(cut, "a", v) == ERR_DATA);
    }
    CHECK(member("{\"a\": {}}", "a", v) == ERR_DATA);
    CHECK(member("{\"a\": 1} x", "a", v) == ERR_DATA);
    CHECK(member("{\"a\": \"\\q\"}", "a", v) == ERR_DATA);
}

int main(void)
{
    RUN(writes_nested_values_with_their_commas);
    RUN(replaces_what_is_not_utf8);
    RUN(reads_members_of_flat_objects);
    RUN(refuses_what_is_not_flat_or_cut);
    return check_done();
}
