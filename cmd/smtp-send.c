/* smtp-send: the sender-SMTP. Mail in, a reply for every recipient out. */
#include "smtp-send/batch.h"
#include "smtp-send/entries.h"
#include "smtp-send/jobs.h"
#include "smtp-send/letters.h"
#include "smtp-send/questions.h"
#include "smtp-send/sending.h"
#include "smtp-send/server.h"
#include "smtp-send/submission.h"
#include "smtp-send/turning.h"
#include "tool/diag.h"
#include "tool/program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct settings opt = {.jobs = 1, .secret = {NULL, -1, NULL}};

static struct poptOption options[] = {
    {"url", 0, POPT_ARG_STRING, &opt.url, 0, "the server: smtp, smtps or lmtp://[user@]host[:port]",
     "URL"},
    {"user", 0, POPT_ARG_STRING, &opt.user, 0, "URL, log-in and password of this user", "CODE"},
    {"host", 0, POPT_ARG_STRING, &opt.host, 0, "the next hop: MX of this domain, or [HOST] itself",
     "MX"},
    {"from", 'f', POPT_ARG_STRING, &opt.from, 0, "the reverse-path; <> for none", "PATH"},
    {NULL, 'r', POPT_ARG_STRING, &opt.from, 0, "the same", "PATH"},
    {NULL, 't', POPT_ARG_NONE, &opt.headers, 0, "also the recipients of To, Cc and Bcc", NULL},
    {NULL, 'i', POPT_ARG_NONE, &opt.dots, 0, "a lone dot ends nothing (it never does)", NULL},
    {NULL, 'o', POPT_ARG_ARGV, &opt.compatible, 0, "sendmail's: i, e, m and d are understood", "X"},
    {NULL, 'e', POPT_ARG_ARGV, &opt.idle_words, 0, "sendmail's: the status tells of errors", "X"},
    {NULL, 'O', POPT_ARG_ARGV, &opt.idle_words, 0, "sendmail's: it changes nothing", "X=Y"},
    {NULL, 'A', POPT_ARG_ARGV, &opt.idle_words, 0, "the same", "X"},
    {NULL, 'L', POPT_ARG_ARGV, &opt.idle_words, 0, "the same", "TAG"},
    {NULL, 'G', POPT_ARG_NONE, &opt.idle, 0, "the same", NULL},
    {NULL, 'U', POPT_ARG_NONE, &opt.idle, 0, "the same", NULL},
    {NULL, 'n', POPT_ARG_NONE, &opt.idle, 0, "the same", NULL},
    {NULL, 'm', POPT_ARG_NONE, &opt.idle, 0, "the same", NULL},
    {NULL, 'b', POPT_ARG_STRING, &opt.mode, 0, "m: send mail; s: be smtp-recv on stdin", "X"},
    {NULL, 'B', POPT_ARG_STRING, &opt.body_type, 0, "sendmail's: it is found out", "TYPE"},
    {NULL, 'F', POPT_ARG_STRING, &opt.full_name, 0, "the author's, where the mail names none",
     "NAME"},
    {"tls", 0, POPT_ARG_STRING, &opt.tls, 0, "none, try or require", "HOW"},
    {"ca", 0, POPT_ARG_STRING, &opt.ca, 0, "trust the certificates in FILE", "FILE"},
    SECRET_OPTIONS(opt.secret),
    {"oauth-command", 0, POPT_ARG_STRING, &opt.oauth, 0, "run COMMAND to print an OAuth token",
     "COMMAND"},
    {"helo", 0, POPT_ARG_STRING, &opt.helo, 0, "our name", "NAME"},
    {"verb", 0, POPT_ARG_STRING, &opt.verb, 0, "mail, send, soml or saml", "VERB"},
    {"dsn", 'N', POPT_ARG_STRING, &opt.dsn, 0, "notices: never, or success,failure,delay", "LIST"},
    {"ret", 'R', POPT_ARG_STRING, &opt.ret, 0, "what they return: full or hdrs", "WHAT"},
    {"envid", 'V', POPT_ARG_STRING, &opt.envid, 0, "the envelope's ID, which they tell", "ID"},
    {"orcpt", 0, POPT_ARG_ARGV, &opt.orcpts, 0, "the next recipient's first name, or none...",
     "TYPE;ADDRESS"},
    {"by", 0, POPT_ARG_STRING, &opt.by, 0, "deliver within; else N a notice, R return it; T trace",
     "SECONDS[N|R][T]"},
    {"mtrk", 0, POPT_ARG_STRING, &opt.mtrk, 0, "have the mail tracked, by its envelope's ID",
     "CERTIFIER[:SECONDS]"},
    {"vrfy", 0, POPT_ARG_STRING, &opt.vrfy, 0, "send no mail: ask who NAME is", "NAME"},
    {"expn", 0, POPT_ARG_STRING, &opt.expn, 0, "send no mail: ask who is on LIST", "LIST"},
    {"help-peer", 0, POPT_ARG_NONE, &opt.help_peer, 0, "send no mail: ask for the server's help",
     NULL},
    {"turn", 0, POPT_ARG_NONE, &opt.turn, 0,
     "then receive what the server has for us, over the same connection", NULL},
    {"atrn", 0, POPT_ARG_STRING, &opt.atrn, 0, "the same, for these domains", "DOMAIN,.."},
    {"etrn", 0, POPT_ARG_STRING, &opt.etrn, 0, "then let the server send what waits for DOMAIN",
     "DOMAIN"},
    {"stdio", 0, POPT_ARG_NONE, &opt.stdio, 0, "speak on stdin and stdout; mail by --file", NULL},
    {"batch", 0, POPT_ARG_NONE, &opt.batch, 0, "send nothing: batch SMTP on stdout", NULL},
    {"file", 0, POPT_ARG_ARGV, &opt.files, 0, "a mail, instead of stdin's...", "FILE"},
    {"mbox", 0, POPT_ARG_NONE, &opt.mbox, 0, "the input is an mbox of several mails", NULL},
    {"jobs", 0, POPT_ARG_INT, &opt.jobs, 0, "send several mails by N connections at once", "N"},
    {"timeout", 0, POPT_ARG_INT, &opt.timeout, 0, "wait so long for each answer (300)", "SECONDS"},
    {"entries", 0, POPT_ARG_NONE, &opt.entries, 0, "mails and envelopes from fax-queue, on stdin",
     NULL},
    {"json", 0, POPT_ARG_NONE, &opt.json, 0, "an object a recipient on stdout", NULL},
    POPT_TABLEEND,
};

static int word(const char *text, const char *const words[], int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    return -1;
}

/* A run that asks, and sends nothing. */
static bool asking(void)
{
    return opt.vrfy || opt.expn || opt.help_peer;
}

static enum err check_numbers(void)
{
    if (opt.timeout < 0 || opt.timeout > 86400)
        return job_usage("--timeout", "not a number of seconds up to 86400");
    if (opt.jobs < 1 || opt.jobs > JOBS_MAX)
        return job_usage("--jobs", "not a number from 1 to 100");
    return opt.jobs > 1 && opt.stdio ? job_usage("--stdio", "it is one connection") : ERR_NONE;
}

static enum err check_options(struct job *j)
{
    static const char *const how[] = {[CHANNEL_TLS_TRY] = "try", [CHANNEL_TLS_NONE] = "none",
                                      [CHANNEL_TLS_REQUIRE] = "require"};
    static const char *const verbs[] = {"mail", "send", "soml", "saml"};
    int tls = opt.tls ? word(opt.tls, how, 3) : CHANNEL_TLS_TRY;
    int verb = opt.verb ? word(opt.verb, verbs, 4) : SENDER_MAIL;
    int wheres = !!opt.url + !!opt.user + !!opt.host + opt.stdio + opt.batch;
    if (tls < 0)
        return job_usage(opt.tls, "not none, try or require");
    if (verb < 0)
        return job_usage(opt.verb, "not mail, send, soml or saml");
    if (wheres > 1)
        return job_usage("--url, --user, --host, --stdio, --batch", "only one of them");
    if (asking() && (turning_wanted(&opt) || opt.files || opt.json || opt.stdio || opt.mbox ||
                     opt.headers))
        return job_usage("--vrfy, --expn, --help-peer", "they send no mail");
    if (opt.entries && (asking() || turning_wanted(&opt) || opt.files || opt.stdio || opt.mbox ||
                        opt.headers))
        return job_usage("--entries", "the mails are fax-queue's");
    if (opt.oauth && (opt.user || secret_given(&opt.secret)))
        return job_usage("--oauth-command", opt.user ? "the log-in is the table's"
                                                     : "there is a password already");
    bool nothing = !opt.files && !turning_wanted(&opt);
    if (opt.batch && (opt.json || opt.jobs > 1 || asking() || turning_wanted(&opt) || opt.entries))
        return job_usage("--batch", "it sends nothing: no --json, no --jobs");
    if (opt.stdio && (nothing || opt.json || tls == CHANNEL_TLS_REQUIRE))
        return job_usage("--stdio", nothing ? "the mail must come by --file"
                                    : opt.json ? "stdout is the channel: no --json"
                                               : "the channel has no TLS of its own");
    if (opt.user && secret_given(&opt.secret))
        return job_usage("--user", "the password is the table's");
    j->tls = (enum channel_tls)tls;
    j->verb = (enum sender_verb)verb;
    enum err e = check_numbers();
    return e ? e : submission_check(&opt);
}

/* Mail is sent: who names nobody, and no file, wants what the server has, and no more. */
static bool sending(const struct operands *operands)
{
    return !asking() && !opt.entries &&
           (!turning_wanted(&opt) || operands->count || opt.files || opt.headers || opt.mbox);
}

static enum err check_delivery(struct delivery *d)
{
    struct why why = {""};
    d->envid = opt.envid;
    if (opt.dsn && !delivery_notify(opt.dsn, &d->notify))
        return job_usage("--dsn", "not never, nor of success,failure,delay");
    if (opt.ret && !delivery_ret(opt.ret, &d->ret))
        return job_usage("--ret", "not full or hdrs");
    if (opt.by && !delivery_by(opt.by, d))
        return job_usage("--by", "not SECONDS, with N or R, and T");
    if (opt.mtrk && !mtrk_parse(span_str(opt.mtrk), d->mtrk, &d->mtrk_seconds))
        return job_usage("--mtrk", "not CERTIFIER or CERTIFIER:SECONDS");
    enum err e = delivery_check(d, 0, &why);
    return e ? diag_fail(e, &why, "--envid") : ERR_NONE;
}

static enum err set_from(struct job *j)
{
    struct span path = span_str(opt.from ? opt.from : "");
    if (!opt.from)
        return ERR_NONE;
    if (path.n >= 2 && path.p[0] == '<' && path.p[path.n - 1] == '>')
        path = span_take(span_skip(path, 1), path.n - 2);
    j->from_given = true;
    if (!span_copy(path, j->from, sizeof j->from))
        return diag_fail(ERR_DATA, NULL, "--from: too long");
    return ERR_NONE;
}

static enum err prepare(struct job *j, const struct operands *operands)
{
    struct why why = {""};
    enum err e = check_options(j);
    if (!e)
        e = check_delivery(&j->delivery);
    if (!e && !opt.user && !opt.host && !opt.url && !opt.stdio && !opt.batch)
        diag_trace("no --url, --user or --host: by the settings, or to the recipients' own hosts");
    if (!e && asking() && operands->count)
        e = job_usage("--vrfy, --expn, --help-peer", "they have no recipients");
    if (!e && opt.entries && operands->count)
        e = job_usage("--entries", "the recipients are fax-queue's");
    if (!e)
        e = turning_check(&opt);
    if (!e && opt.stdio && !opt.files && operands->count)
        e = job_usage("--stdio", "the mail must come by --file");
    if (!e && sending(operands))
        e = letters_take(j);
    if (e)
        return e;
    /* A filter's uid stays; who reads the table becomes its owner. */
    enum home_flags flags = opt.user ? HOME_ANY : HOME_KEEP_ROOT;
    e = opt.user ? home_open(&j->home, flags, &why) : home_open_maybe(&j->home, flags, &why);
    if (e)
        return diag_fail(e, &why, "settings");
    server_own_name(j);
    e = letters_operands(j, operands);
    if (!e && !opt.batch)
        e = server_find(j);
    return e ? e : set_from(j);
}

static enum err run(const struct operands *operands)
{
    static struct job job;
    job_init(&job, &opt);
    if (opt.mode && strcmp(opt.mode, "s") == 0)
        return submission_serve(&opt);
    enum err e = prepare(&job, operands);
    if (!e && asking())
        e = questions_ask(&job);
    else if (!e && opt.entries)
        e = entries_serve(&job);
    /* Nothing is sent of a run in which one mail cannot be. */
    for (size_t i = mailbag_count(&job.bag); i > 0 && !e; i--) {
        e = letters_address(&job, i - 1);
        e = e || opt.batch ? e : sending_check(&job);
    }
    if (!e && mailbag_count(&job.bag))
        e = opt.batch ? batch_write(&job) : jobs_send(&job);
    if (!e && turning_wanted(&opt))
        e = turning_run(&job);
    job_release(&job);
    return e ? e : job.worst;
}

static const struct program program = {
    .name = "smtp-send",
    .operands = "[RECIPIENT...]",
    .options = options,
    .run = run,
};

/* A link by this name stands in /usr/sbin, and not everybody who calls it says -i. */
static bool called_sendmail(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return strcmp(name, "sendmail") == 0 || strcmp(name, "send-mail") == 0;
}

int main(int argc, char **argv)
{
    opt.dots = argc > 0 && called_sendmail(argv[0]);
    int status = program_main(&program, argc, argv);
#ifndef __SANITIZE_ADDRESS__
    /* All is written and closed: what libcurl's thirty libraries would still tidy up is memory,
     * and takes as long as the mail did. */
    _exit(status);
#endif
    return status;
}
