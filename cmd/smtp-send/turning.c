#include "turning.h"

#include "bytes/json.h"
#include "net/channel_turned.h"
#include "net/report.h"
#include "server.h"
#include "smtp/path.h"
#include "smtp/verdict.h"
#include "tool/diag.h"
#include "tool/program.h"
#include "tool/spawn.h"
#include "tool/status.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool turning_wanted(const struct settings *opt)
{
    return opt->turn || opt->atrn || opt->etrn;
}

/* Domains with commas between; at least one. */
static bool is_list(struct span s)
{
    struct span one;
    do {
        one = span_take(s, span_find(s, ','));
        if (path_check_domain(one, 0))
            return false;
        bool last = one.n == s.n;
        s = span_skip(s, one.n + 1);
        if (last)
            return true;
    } while (s.n);
    return false;
}

enum err turning_check(const struct settings *opt)
{
    struct span etrn = span_str(opt->etrn ? opt->etrn : "");
    /* RFC 1985: "@domain" has the domains below it as well, "#name" is a queue. */
    bool more = etrn.n && (etrn.p[0] == '@' || etrn.p[0] == '#');
    if (opt->turn && opt->atrn)
        return job_usage("--turn, --atrn", "only one of them");
    if (opt->atrn && !is_list(span_str(opt->atrn)))
        return diag_fail(ERR_DATA, NULL, "--atrn %s: not a list of domains", opt->atrn);
    if (opt->etrn && path_check_domain(span_skip(etrn, more), 0))
        return diag_fail(ERR_DATA, NULL, "--etrn %s: not a domain", opt->etrn);
    return ERR_NONE;
}

/* The reply for who reads --json, and what became of it. */
static enum err print_json(struct job *j, const char *command, const struct sender_result *r)
{
    struct json json;
    buf_clear(&j->line);
    json_init(&json, &j->line);
    json_open(&json, NULL, '{');
    json_add_str(&json, "command", command);
    json_add_int(&json, "code", r->code);
    json_add_str(&json, "enhanced", r->enhanced);
    json_add_str(&json, "text", r->text);
    json_add_int(&json, "exit", status_of(r->err));
    json_close(&json, '}');
    enum err e = json.err ? json.err : buf_add_byte(&j->line, '\n');
    if (e)
        return diag_fail(e, NULL, "results");
    fwrite(j->line.data, 1, j->line.len, stdout);
    fflush(stdout);
    return ERR_NONE;
}

static enum err tell(struct job *j, const char *command, const struct sender_result *r)
{
    char code[40] = "";
    if (r->code)
        snprintf(code, sizeof code, "%u %s%s", r->code, r->enhanced, *r->enhanced ? " " : "");
    if (r->err)
        diag_error("%s: %s%s", command, code, r->text);
    else
        diag_trace("%s: %s%s", command, code, r->text);
    j->worst = report_worse(j->worst, r->err);
    return j->opt->json ? print_json(j, command, r) : ERR_NONE;
}

/* Asks, and takes down what the answer is. */
static void ask(struct job *j, const char *verb, const char *words, struct sender_result *r)
{
    struct why why = {""};
    buf_clear(&j->line);
    r->err = transfer_ask(&j->transfer, verb, words, &j->line, &why);
    if (!transfer_is_open(&j->transfer)) {
        *r = j->transfer.sender.failure;
        return;
    }
    const struct reply *a = sender_answer(&j->transfer.sender);
    r->code = a->code;
    snprintf(r->enhanced, sizeof r->enhanced, "%s", a->enhanced);
    verdict_words(a, r->text, sizeof r->text);
}

/* ---- The receiver ---- */

struct receiver {
    pid_t pid;
    int fd;
};

/* Its greeting is there: it has a station, and will take mail. */
static bool has_greeted(int fd, int timeout_ms)
{
    struct pollfd p = {fd, POLLIN, 0};
    char start[3];
    int r;
    do
        r = poll(&p, 1, timeout_ms);
    while (r < 0 && errno == EINTR);
    return r > 0 && recv(fd, start, sizeof start, MSG_PEEK | MSG_WAITALL) == sizeof start &&
           memcmp(start, "220", 3) == 0;
}

/* smtp-recv, ready to take mail; nothing that it knows is the peer's doing. */
static enum err start(struct job *j, struct receiver *r, struct why *why)
{
    char program[4096], timeout[32];
    const char *argv[12] = {spawn_beside("smtp-recv", program, sizeof program), "--tls", "none",
                            timeout};
    int n = 4, ends[2], status;
    snprintf(timeout, sizeof timeout, "--timeout=%d", j->opt->timeout ? j->opt->timeout : 300);
    if (diag_verbose())
        argv[n++] = "-v";
    n = program_pass_config(argv, n);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return why_errno(why, ERR_OS, "socket pair");
    enum err e = spawn(argv, ends[1], ends[1], NULL, &r->pid, why);
    close(ends[1]);
    r->fd = ends[0];
    if (!e && !has_greeted(r->fd, channel_timeout(j->transfer.channel))) {
        shutdown(r->fd, SHUT_RDWR);
        spawn_wait(r->pid, &status, NULL);
        e = status ? status_to_err(status) : ERR_UNAVAILABLE;
        why_set(why, e, "smtp-recv takes no mail here");
    }
    if (e)
        close(r->fd);
    return e;
}

/* Its own failure, but for a peer's going, is the worse one. */
static enum err finish(struct receiver *r, enum err e, struct why *why)
{
    int status = 0;
    close(r->fd);
    enum err waited = spawn_wait(r->pid, &status, NULL);
    if (!waited && status)
        waited = status_to_err(status);
    if (waited == ERR_PROTOCOL) /* and it has said so */
        return e ? e : why_set(why, ERR_AGAIN, "the peer went away within a mail");
    return waited && !e ? why_set(why, waited, "smtp-recv ended with status %d", status) : e;
}

/* The peer has said 250, and nothing more may have come. */
static enum err receive(struct job *j, struct receiver *r, struct why *why)
{
    if (sender_in_reply(&j->transfer.sender))
        return why_set(why, ERR_PROTOCOL, "the peer spoke before it was greeted");
    return channel_turned(j->transfer.channel, r->fd, why);
}

static enum err turn(struct job *j)
{
    struct sender_result result = {0};
    struct receiver receiver;
    struct why why = {""};
    char command[64];
    enum err e = start(j, &receiver, &why);
    snprintf(command, sizeof command, "%s", j->opt->atrn ? "ATRN" : "TURN");
    if (e)
        return diag_fail(e, &why, "%s", command);
    ask(j, command, j->opt->atrn ? j->opt->atrn : "", &result);
    bool turned = !result.err && result.code == 250;
    if (turned)
        result.err = receive(j, &receiver, &why);
    else if (result.code == 453)
        result.err = ERR_NONE; /* RFC 2645: there is no mail, and all is well */
    else if (!result.err)
        result.err = ERR_PROTOCOL;
    shutdown(receiver.fd, SHUT_RDWR);
    e = finish(&receiver, turned ? result.err : ERR_NONE, &why);
    if (turned && e)
        snprintf(result.text, sizeof result.text, "%.*s", SENDER_WORDS - 1, why.text);
    result.err = turned ? e : result.err;
    if (turned) {
        transfer_close(&j->transfer);
        j->connected = false;
    }
    return tell(j, command, &result);
}

enum err turning_run(struct job *j)
{
    struct sender_result result = {0};
    enum err e = ERR_NONE;
    if (j->connected && !transfer_is_open(&j->transfer))
        server_disconnect(j);
    if (!j->connected && !j->unreachable)
        j->unreachable = server_connect(j);
    if (!j->connected) {
        j->worst = report_worse(j->worst, j->unreachable);
        return ERR_NONE;
    }
    if (j->opt->etrn) {
        ask(j, "ETRN", j->opt->etrn, &result);
        e = tell(j, "ETRN", &result);
    }
    if (!e && (j->opt->turn || j->opt->atrn) && transfer_is_open(&j->transfer))
        e = turn(j);
    return e;
}
