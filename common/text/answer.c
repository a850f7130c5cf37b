/* The part of text/open.h that answers a mail: a disposition notification about it. */
#include "text/open.h"

#include "mime/address.h"
#include "mime/encode.h"
#include "text/compose.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ANSWER_MAX = 1 << 20 };

struct answer {
    const char *from; /* an address alone, of which the domain is host */
    const char *host;
    enum mime_disposition disposition;
    struct buf out;
    bool asked;
};

static enum err answer_event(void *ctx, const struct mime_event *event, bool *stop,
                             struct why *why)
{
    struct answer *a = ctx;
    char to[512], agent[600], hex[33], boundary[40];
    if (event->kind != MIME_PART_BEGIN)
        return ERR_NONE;
    *stop = true;
    a->asked = mime_mdn_asked(event->header, to) == ERR_NONE;
    if (!a->asked)
        return ERR_NONE;
    if (!compose_random(hex))
        return why_set(why, ERR_OS, "no random numbers");
    snprintf(agent, sizeof agent, "%s; faxpipe", a->host);
    snprintf(boundary, sizeof boundary, "=_%.24s", hex);
    const struct mime_mdn mdn = {
        .head = {.hostname = a->host, .from = a->from, .to = to, .message_id = hex,
                 .boundary = boundary, .date = (int64_t)time(NULL), .original = event->header},
        .recipient = a->from, .agent = agent, .disposition = a->disposition,
    };
    enum err e = mime_mdn_write(&mdn, &a->out);
    return e ? why_set(why, e, "header too large") : ERR_NONE;
}

enum err mail_answer(const struct mail_open *m, enum mime_disposition disposition,
                     const char *from)
{
    struct answer a = {.disposition = disposition};
    struct mime_address address;
    struct span rest = span_str(from);
    struct why why = {""};
    if (!header_safe(rest) || !mime_address_next(&rest, NULL, &address) ||
        !(a.host = strrchr(address.addr, '@')) || !a.host[1])
        return diag_fail(ERR_DATA, NULL, "--from: %s: no address", from);
    a.from = address.addr;
    a.host++;
    buf_init(&a.out, ANSWER_MAX);
    enum err e = mail_each(m, answer_event, &a, &why);
    if (e) {
        diag_fail(e, &why, "%s", mail_shown(m));
    } else if (!a.asked) {
        diag_warn("%s: nobody asked for a notification, or none may be sent", mail_shown(m));
        e = ERR_NO;
    } else {
        e = mail_put_out(m, buf_span(&a.out));
    }
    buf_release(&a.out);
    return e;
}
