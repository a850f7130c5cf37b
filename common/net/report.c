#include "net/report.h"

#include "bytes/json.h"
#include "tool/status.h"

enum { FINAL = 4 };

static int badness(enum err e)
{
    switch (e) {
    case ERR_NONE:
        return 0;
    case ERR_AGAIN:
        return 1;
    case ERR_NO_HOST:
    case ERR_PROTOCOL:
    case ERR_IO:
    case ERR_OS:
        return 2;
    case ERR_AUTH:
    case ERR_CONFIG:
        return 3;
    case ERR_UNAVAILABLE:
        return FINAL;
    default:
        return FINAL + 1;
    }
}

enum err report_worse(enum err a, enum err b)
{
    return badness(b) > badness(a) ? b : a;
}

/* What becomes of it: sent, to be tried again, or given up. */
static const char *fate_of(enum err e)
{
    return e == ERR_NONE ? "sent" : badness(e) < FINAL ? "deferred" : "failed";
}

enum err report_json(struct buf *out, const char *recipient, size_t mail,
                     const struct sender_result *r)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, NULL, '{');
    json_add_str(&json, "recipient", recipient);
    json_add_str(&json, "status", fate_of(r->err));
    json_add_int(&json, "code", r->code);
    json_add_str(&json, "enhanced", r->enhanced);
    json_add_str(&json, "text", r->text);
    json_add_int(&json, "exit", status_of(r->err));
    json_add_int(&json, "mail", (long long)mail);
    if (r->err && r->accepted)
        json_add_bool(&json, "accepted", true);
    if (!r->err) {
        json_add_bool(&json, "dsn", r->dsn);
        json_add_bool(&json, "by", r->in_time);
        json_add_bool(&json, "mtrk", r->mtrk);
    }
    json_close(&json, '}');
    return json.err ? json.err : buf_add_byte(out, '\n');
}
