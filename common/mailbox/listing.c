#include "mailbox/listing.h"

#include "bytes/json.h"

enum err listing_taken(const char *id, uint64_t size, const char *from, bool json, struct buf *out)
{
    struct json j;
    if (!json)
        return buf_add_format(out, "%s %llu %s\n", id, (unsigned long long)size,
                              *from ? from : "-");
    json_init(&j, out);
    json_open(&j, NULL, '{');
    json_add_str(&j, "id", id);
    json_add_int(&j, "size", (long long)size);
    json_add_str(&j, "from", from);
    json_close(&j, '}');
    return j.err ? j.err : buf_add_byte(out, '\n');
}

enum err listing_row(const struct mailbox_mail *mail, const struct mailbox_look *look, bool seen,
                     bool json, struct buf *out)
{
    const char *kind = look ? mime_kind_name(look->kind) : "-";
    const char *state = seen ? "seen" : mail->marked ? "deleted" : "new";
    const char *from = look ? look->from : "";
    struct json j;
    if (!json)
        return buf_add_format(out, "%-20s %10llu %-7s %-5s %s\n", mail->uid,
                              (unsigned long long)mail->size, state, kind, *from ? from : "-");
    json_init(&j, out);
    json_open(&j, NULL, '{');
    json_add_str(&j, "uid", mail->uid);
    json_add_int(&j, "size", (long long)mail->size);
    json_add_str(&j, "state", state);
    json_add_str(&j, "kind", kind);
    json_add_str(&j, "from", from);
    json_close(&j, '}');
    return j.err;
}
