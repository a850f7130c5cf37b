#include "sending.h"

#include "net/report.h"
#include "server.h"
#include "smtp/verdict.h"
#include "tool/diag.h"

#include <stdio.h>
#include <stdlib.h>

static enum err print_json(struct job *j, size_t mail, const char *to,
                           const struct sender_result *r)
{
    buf_clear(&j->line);
    enum err e = report_json(&j->line, to, mail, r);
    if (e)
        return diag_fail(e, NULL, "results");
    /* At once: who reads this may act on it though we are killed later. */
    fwrite(j->line.data, 1, j->line.len, stdout);
    fflush(stdout);
    return ERR_NONE;
}

static enum err tell(struct job *j, size_t mail, const struct sender_result *results)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; i < addressees_count(&j->to) && !e; i++) {
        const struct sender_result *r = &results[i];
        const char *to = addressees_paths(&j->to)[i];
        char code[40] = "";
        if (r->code)
            snprintf(code, sizeof code, "%u %s%s", r->code, r->enhanced, *r->enhanced ? " " : "");
        if (!r->err)
            diag_trace("%s: %s%s", to, code, r->text);
        else if (j->unreachable == ERR_NONE)
            diag_error("%s: %s%s", to, code, r->text);
        j->worst = report_worse(j->worst, r->err);
        if (j->opt->json)
            e = print_json(j, mail, to, r);
    }
    return e;
}

static enum err transfer(struct job *j, size_t mail, struct sender_result *results)
{
    struct why why = {""};
    struct sender_mail m = {.from = j->from,
                            .recipients = addressees_paths(&j->to),
                            .count = addressees_count(&j->to),
                            .results = results,
                            .verb = j->verb,
                            .delivery = j->delivery};
    if (delivery_wants_dsn(&j->delivery) && !j->transfer.sender.peer.dsn)
        diag_warn("the receiver has no DSN: it may send no notices");
    if (j->delivery.by && !j->transfer.sender.peer.deliver_by)
        diag_warn("the receiver has no DELIVERBY: the time is not told");
    enum err e = transfer_mail(&j->transfer, &m, mailbag_get(&j->bag, mail), &why);
    return e ? diag_fail(e, &why, "mail %zu", mail + 1) : ERR_NONE;
}

/* Nobody could be told of any mail. Where a reply is the reason, it is each recipient's. */
static void refuse(const struct job *j, struct sender_result *r)
{
    struct reply_reader reader;
    char line[sizeof j->reason.text + 2];
    size_t used;
    r->err = j->unreachable;
    snprintf(r->text, sizeof r->text, "%s", j->reason.text);
    snprintf(line, sizeof line, "%s\n", j->reason.text);
    reply_reader_init(&reader);
    if (reply_push(&reader, span_str(line), &used) == REPLY_DONE) {
        r->code = reader.reply.code;
        snprintf(r->enhanced, sizeof r->enhanced, "%s", reader.reply.enhanced);
        verdict_words(&reader.reply, r->text, sizeof r->text);
    }
    reply_reader_release(&reader);
}

enum err sending_one(struct job *j, size_t mail)
{
    size_t n = addressees_count(&j->to);
    struct sender_result *results = calloc(n, sizeof *results);
    enum err e = results ? ERR_NONE : diag_fail(ERR_OS, NULL, "recipients");
    if (!e && j->connected && !transfer_is_open(&j->transfer))
        server_disconnect(j);
    if (!e && !j->connected && !j->unreachable)
        j->unreachable = server_connect(j);
    if (!e && !j->unreachable)
        e = transfer(j, mail, results);
    for (size_t i = 0; !e && j->unreachable && i < n; i++)
        refuse(j, &results[i]);
    if (!e)
        e = tell(j, mail + 1, results);
    free(results);
    return e;
}
