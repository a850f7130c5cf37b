#include "sending.h"

#include "net/report.h"
#include "part.h"
#include "server.h"
#include "smtp/verdict.h"
#include "submission.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <errno.h>
#include <fcntl.h>
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

/* Keeps the lines of one mail together where several processes tell. */
static void tell_alone(const struct job *j, short how)
{
    struct flock whole = {.l_type = how, .l_whence = SEEK_SET};
    if (j->lock >= 0)
        while (fcntl(j->lock, F_SETLKW, &whole) != 0 && errno == EINTR)
            ;
}

/* Of a hop that cannot be reached it has been said already, for all its recipients at once. */
static enum err tell(struct job *j, size_t mail, const struct sender_result *results,
                     struct hop *const *hops)
{
    enum err e = ERR_NONE;
    tell_alone(j, F_WRLCK);
    for (size_t i = 0; i < addressees_count(&j->to) && !e; i++) {
        const struct sender_result *r = &results[i];
        const char *to = addressees_paths(&j->to)[i];
        char code[40] = "";
        if (r->code)
            snprintf(code, sizeof code, "%u %s%s", r->code, r->enhanced, *r->enhanced ? " " : "");
        if (!r->err)
            diag_trace("%s: %s%s", to, code, r->text);
        else if (!(hops[i] == j->hop ? j->unreachable : hops[i]->unreachable))
            diag_error("%s: %s%s", to, code, r->text);
        j->worst = report_worse(j->worst, r->err);
        if (j->opt->json)
            e = print_json(j, mail, to, r);
    }
    tell_alone(j, F_UNLCK);
    return e;
}

static void warn_of_wishes(const struct job *j)
{
    const struct sender_peer *peer = &j->transfer.sender.peer;
    if (delivery_wants_dsn(&j->delivery) && !peer->dsn)
        diag_warn("the receiver has no DSN: it may send no notices");
    if (j->delivery.by && !peer->deliver_by)
        diag_warn("the receiver has no DELIVERBY: the time is not told");
}

static enum err transfer(struct job *j, struct sender_mail *m, const struct outgoing *content)
{
    struct why why = {""};
    warn_of_wishes(j);
    enum err e = transfer_mail(&j->transfer, m, content, &why);
    return e ? diag_fail(e, &why, "mail") : ERR_NONE;
}

/* A connection that brings no mail to its end is bad luck; two in a row are a server that does
 * not want any, and the rest is spared it. */
static void judge_connection(struct job *j)
{
    if (transfer_is_open(&j->transfer)) {
        j->settled++;
        j->barren = 0;
    } else if (j->settled == 0 && ++j->barren == 2) {
        const struct sender_result *f = &j->transfer.sender.failure;
        if (f->code)
            why_set(&j->reason, f->err, "%u %s%s%s", f->code, f->enhanced,
                    *f->enhanced ? " " : "", f->text);
        else
            why_set(&j->reason, f->err, "%s", f->text);
        j->unreachable = diag_fail(j->transfer.sender.err, &j->reason, "%s", server_shown(j));
    }
}

static bool connect_if_needed(struct job *j)
{
    if (j->connected && !transfer_is_open(&j->transfer))
        server_disconnect(j);
    if (!j->connected && !j->unreachable)
        j->unreachable = server_connect(j);
    return !j->unreachable;
}

/* Nothing of the mail has reached him, and it was not he who was refused. */
static bool undecided(const struct sender_result *r)
{
    return r->err == ERR_AGAIN && !r->at_rcpt && (r->code == 0 || r->code == 421);
}

/*
 * Receivers end connections that have brought enough mails, by 421 or without a word: then the
 * mail at hand, unless its content was out already, goes over a new one to those not decided on.
 */
static enum err send_again(struct job *j, const struct sender_mail *m,
                           const struct outgoing *content)
{
    struct part rest;
    enum err e = part_init(&rest, m);
    for (size_t i = 0; !e && i < m->count; i++)
        if (undecided(&m->results[i]))
            part_add(&rest, i);
    if (!e && rest.mail.count && connect_if_needed(j)) {
        e = transfer(j, &rest.mail, content);
        if (!e) {
            judge_connection(j);
            part_settle(&rest);
        }
    }
    part_release(&rest);
    return e;
}

/* Nobody could be told of any mail. Where a reply is the reason, it is each recipient's. */
static void refuse(const struct job *j, struct sender_result *r)
{
    struct reply_reader reader;
    char line[sizeof j->reason.text + 2];
    size_t used;
    if (j->fault.settled) {
        *r = j->fault;
        return;
    }
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

static enum err send_content(struct job *j, struct sender_mail *m, const struct outgoing *content)
{
    if (!connect_if_needed(j)) {
        for (size_t i = 0; i < m->count; i++)
            refuse(j, &m->results[i]);
        return ERR_NONE;
    }
    enum err e = transfer(j, m, content);
    if (e)
        return e;
    bool worn = j->settled > 0 && !transfer_is_open(&j->transfer) && !j->opt->stdio;
    judge_connection(j);
    if (worn && j->transfer.sender.err == ERR_AGAIN && !j->transfer.sender.in_doubt) {
        diag_trace("the connection has ended: once more over a new one");
        e = send_again(j, m, content);
    }
    return e;
}

/*
 * Another host of the domain may take the mail for him now. Where nobody knows whether this one
 * has taken it, none is asked: he would get it twice.
 */
static bool put_off(const struct job *j, const struct sender_result *r)
{
    return r->err == ERR_AGAIN &&
           (r->code / 100 == 4 || (!r->code && !j->transfer.sender.in_doubt));
}

/* To those of the mail whose hop it is, host by host where it is a domain. */
static enum err send_to_hop(struct job *j, struct hop *hop, struct hop *const *hops,
                            const struct sender_mail *m, const struct outgoing *content)
{
    struct part part;
    enum err e = part_init(&part, m);
    for (size_t i = 0; !e && i < m->count; i++)
        if (hops[i] == hop)
            part_add(&part, i);
    if (!e)
        server_use(j, hop);
    while (!e && part.mail.count) {
        e = send_content(j, &part.mail, content);
        part_settle(&part);
        for (size_t i = 0; !e && !j->unreachable && i < m->count; i++)
            if (hops[i] == hop && put_off(j, &m->results[i]))
                part_add(&part, i);
        if (e || !part.mail.count || !server_next_host(j))
            break;
    }
    part_release(&part);
    return e;
}

/* All hops of a mail, each once; first the one where the connection is. */
static enum err send_to_all(struct job *j, struct hop *const *hops, const struct sender_mail *m,
                            const struct outgoing *content)
{
    unsigned long round = ++j->round;
    enum err e = ERR_NONE;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; !e && i < m->count; i++)
            if (hops[i]->round != round && (pass || (j->connected && hops[i] == j->hop))) {
                hops[i]->round = round;
                e = send_to_hop(j, hops[i], hops, m, content);
            }
    return e;
}

static enum err find_hops(struct job *j, struct hop **hops)
{
    struct why why = {""};
    size_t n = addressees_count(&j->to);
    enum err e = ERR_NONE;
    if (!j->only)
        e = hops_find(&j->hops, j->home.conf, addressees_paths(&j->to), n, hops, &why);
    for (size_t i = 0; j->only && i < n; i++)
        hops[i] = j->only;
    return e ? diag_fail(e, &why, "next hop") : ERR_NONE;
}

enum err sending_check(struct job *j)
{
    struct hop **hops = calloc(addressees_count(&j->to), sizeof *hops);
    enum err e = hops ? find_hops(j, hops) : diag_fail(ERR_OS, NULL, "recipients");
    free(hops);
    return e;
}

enum err sending_one(struct job *j, size_t mail)
{
    struct outgoing content;
    int spooled;
    size_t n = addressees_count(&j->to);
    struct sender_result *results = calloc(n, sizeof *results);
    struct hop **hops = calloc(n, sizeof *hops);
    enum err e = results && hops ? find_hops(j, hops) : diag_fail(ERR_OS, NULL, "recipients");
    if (!e)
        e = submission_complete(j, mail, &content, &spooled);
    if (!e) {
        struct sender_mail m = {.from = j->from,
                                .recipients = addressees_paths(&j->to),
                                .count = n,
                                .results = results,
                                .verb = j->verb,
                                .delivery = j->delivery};
        e = send_to_all(j, hops, &m, &content);
        io_close(spooled, NULL);
    }
    if (!e)
        e = tell(j, mail + 1, results, hops);
    free(hops);
    free(results);
    return e;
}
