/* smtp-send: the sender-SMTP. Mail in, a reply for every recipient out. */
#include "mime/address.h"
#include "net/addressees.h"
#include "net/mailbag.h"
#include "net/report.h"
#include "net/transfer.h"
#include "seal/password.h"
#include "store/store.h"
#include "tool/diag.h"
#include "tool/home.h"
#include "tool/io.h"
#include "tool/program.h"
#include "tool/secret.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEADER_MAX = 1 << 20 };

static struct {
    char *vrfy, *expn, *oauth;
    char *dsn, *ret, *envid, *by, **orcpts;
    char *url, *user, *host, *from, *tls, *ca, *helo, *verb, *compatible, **files;
    int headers, dots, stdio, mbox, json, timeout, help_peer;
    struct secret_source secret;
} opt = {.secret = {NULL, -1, NULL}};

static struct poptOption options[] = {
    {"url", 0, POPT_ARG_STRING, &opt.url, 0, "the server: smtp, smtps or lmtp://[user@]host[:port]",
     "URL"},
    {"user", 0, POPT_ARG_STRING, &opt.user, 0, "URL, log-in and password of this user", "CODE"},
    {"host", 0, POPT_ARG_STRING, &opt.host, 0, "the next hop by its name, port 25", "HOST"},
    {"from", 'f', POPT_ARG_STRING, &opt.from, 0, "the reverse-path; <> for none", "PATH"},
    {NULL, 't', POPT_ARG_NONE, &opt.headers, 0, "also the recipients of To, Cc and Bcc", NULL},
    {NULL, 'i', POPT_ARG_NONE, &opt.dots, 0, "a lone dot ends nothing (it never does)", NULL},
    {NULL, 'o', POPT_ARG_STRING, &opt.compatible, 0, "sendmail's: i, e and m are understood", "X"},
    {"tls", 0, POPT_ARG_STRING, &opt.tls, 0, "none, try or require", "HOW"},
    {"ca", 0, POPT_ARG_STRING, &opt.ca, 0, "trust the certificates in FILE", "FILE"},
    SECRET_OPTIONS(opt.secret),
    {"oauth-command", 0, POPT_ARG_STRING, &opt.oauth, 0, "run COMMAND to print an OAuth token",
     "COMMAND"},
    {"helo", 0, POPT_ARG_STRING, &opt.helo, 0, "our name", "NAME"},
    {"verb", 0, POPT_ARG_STRING, &opt.verb, 0, "mail, send, soml or saml", "VERB"},
    {"dsn", 0, POPT_ARG_STRING, &opt.dsn, 0, "notices: never, or success,failure,delay", "LIST"},
    {"ret", 0, POPT_ARG_STRING, &opt.ret, 0, "what they return: full or hdrs", "WHAT"},
    {"envid", 0, POPT_ARG_STRING, &opt.envid, 0, "the envelope's ID, which they tell", "ID"},
    {"orcpt", 0, POPT_ARG_ARGV, &opt.orcpts, 0, "the next recipient's first name, or none...",
     "TYPE;ADDRESS"},
    {"by", 0, POPT_ARG_STRING, &opt.by, 0, "deliver within; else N a notice, R return it",
     "SECONDS[N|R]"},
    {"vrfy", 0, POPT_ARG_STRING, &opt.vrfy, 0, "send no mail: ask who NAME is", "NAME"},
    {"expn", 0, POPT_ARG_STRING, &opt.expn, 0, "send no mail: ask who is on LIST", "LIST"},
    {"help-peer", 0, POPT_ARG_NONE, &opt.help_peer, 0, "send no mail: ask for the server's help",
     NULL},
    {"stdio", 0, POPT_ARG_NONE, &opt.stdio, 0, "speak on stdin and stdout; mail by --file", NULL},
    {"file", 0, POPT_ARG_ARGV, &opt.files, 0, "a mail, instead of stdin's...", "FILE"},
    {"mbox", 0, POPT_ARG_NONE, &opt.mbox, 0, "the input is an mbox of several mails", NULL},
    {"timeout", 0, POPT_ARG_INT, &opt.timeout, 0, "wait so long for each answer (300)", "SECONDS"},
    {"json", 0, POPT_ARG_NONE, &opt.json, 0, "an object a recipient on stdout", NULL},
    POPT_TABLEEND,
};

/* One run: what is sent, to whom, where, and how it goes. */
struct job {
    struct home home;
    const char *helo;
    char name[256];
    char url[USER_LONG_MAX + 1];
    char login[USER_TEXT_MAX + 1];
    char from[USER_ADDRESS_MAX + 1];
    bool from_given;
    struct mailbag bag;
    struct addressees to;
    size_t operands;        /* so many of them are the command line's */
    enum sender_verb verb;
    struct delivery delivery;
    struct buf orcpts;      /* of const char *, for each recipient, where any is given */
    enum channel_tls tls;
    struct buf password;
    struct transfer transfer;
    bool connected;
    enum err unreachable; /* nobody can be reached: the first failure to connect */
    struct why reason;
    struct buf line;
    enum err worst;
};

/* ---- The command line ---- */

static int word(const char *text, const char *const words[], int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    return -1;
}

static enum err usage(const char *what, const char *words)
{
    diag_error("%s: %s", what, words);
    return ERR_USAGE;
}

/* A run that asks, and sends nothing. */
static bool asking(void)
{
    return opt.vrfy || opt.expn || opt.help_peer;
}

static enum err check_options(struct job *j)
{
    static const char *const how[] = {[CHANNEL_TLS_TRY] = "try", [CHANNEL_TLS_NONE] = "none",
                                      [CHANNEL_TLS_REQUIRE] = "require"};
    static const char *const verbs[] = {"mail", "send", "soml", "saml"};
    int tls = opt.tls ? word(opt.tls, how, 3) : CHANNEL_TLS_TRY;
    int verb = opt.verb ? word(opt.verb, verbs, 4) : SENDER_MAIL;
    int wheres = !!opt.url + !!opt.user + !!opt.host + opt.stdio;
    if (tls < 0)
        return usage(opt.tls, "not none, try or require");
    if (verb < 0)
        return usage(opt.verb, "not mail, send, soml or saml");
    if (wheres > 1)
        return usage("--url, --user, --host, --stdio", "only one of them");
    if (opt.compatible && !strchr("iem", *opt.compatible))
        return usage("-o", "an option of sendmail's that is not understood");
    if (asking() && (opt.files || opt.json || opt.stdio || opt.mbox || opt.headers))
        return usage("--vrfy, --expn, --help-peer", "they send no mail");
    if (opt.oauth && (opt.user || secret_given(&opt.secret)))
        return usage("--oauth-command", opt.user ? "the log-in is the table's"
                                                 : "there is a password already");
    if (opt.stdio && (!opt.files || opt.json || tls == CHANNEL_TLS_REQUIRE))
        return usage("--stdio", !opt.files ? "the mail must come by --file"
                                : opt.json ? "stdout is the channel: no --json"
                                           : "the channel has no TLS of its own");
    if (opt.timeout < 0 || opt.timeout > 86400)
        return usage("--timeout", "not a number of seconds up to 86400");
    if (opt.user && secret_given(&opt.secret))
        return usage("--user", "the password is the table's");
    j->tls = (enum channel_tls)tls;
    j->verb = (enum sender_verb)verb;
    return ERR_NONE;
}

static enum err check_delivery(struct delivery *d)
{
    struct why why = {""};
    d->envid = opt.envid;
    if (opt.dsn && !delivery_notify(opt.dsn, &d->notify))
        return usage("--dsn", "not never, nor of success,failure,delay");
    if (opt.ret && !delivery_ret(opt.ret, &d->ret))
        return usage("--ret", "not full or hdrs");
    if (opt.by && !delivery_by(opt.by, d))
        return usage("--by", "not SECONDS, SECONDSN or SECONDSR");
    enum err e = delivery_check(d, 0, &why);
    return e ? diag_fail(e, &why, "--envid") : ERR_NONE;
}

/* ---- Mails and recipients ---- */

static enum err take_file(struct job *j, const char *path)
{
    struct why why = {""};
    enum err e = mailbag_add(&j->bag, path, opt.mbox, &why);
    return e ? diag_fail(e, &why, "%s", strcmp(path, "-") ? path : "stdin") : ERR_NONE;
}

static enum err take_mails(struct job *j)
{
    if (!opt.files)
        return take_file(j, "-");
    enum err e = ERR_NONE;
    for (char **file = opt.files; *file && !e; file++)
        e = opt.stdio && strcmp(*file, "-") == 0 ? usage("--stdio", "stdin is the channel")
                                                 : take_file(j, *file);
    return e;
}

static enum err take_operands(struct job *j, const struct operands *operands)
{
    enum err e = ERR_NONE;
    for (int i = 0; i < operands->count && !e; i++)
        e = addressees_add(&j->to, operands->list[i]);
    j->operands = addressees_count(&j->to);
    return e ? diag_fail(e, NULL, "recipients") : ERR_NONE;
}

/* Whoever gives no path means the author; where there is none, whoever runs us. */
static enum err default_from(struct job *j, struct span header)
{
    struct mime_address *author = malloc(sizeof *author);
    if (!author)
        return ERR_OS;
    if (mime_address_first(header, "Sender", NULL, author) ||
        mime_address_first(header, "From", NULL, author))
        snprintf(j->from, sizeof j->from, "%.*s", (int)sizeof j->from - 1, author->addr);
    const struct passwd *we = *j->from ? NULL : getpwuid(getuid());
    if (we)
        snprintf(j->from, sizeof j->from, "%.60s@%.250s", we->pw_name, j->helo);
    free(author);
    return ERR_NONE;
}

/* What the nth mail's own header says: recipients, and a reverse-path where none was given. */
static enum err read_header(struct job *j, size_t n, struct why *why)
{
    struct buf header;
    bool recipients = opt.headers || j->operands == 0;
    if (!recipients && j->from_given)
        return ERR_NONE;
    buf_init(&header, HEADER_MAX);
    enum err e = outgoing_header(mailbag_get(&j->bag, n), &header, why);
    j->from[0] = j->from_given ? j->from[0] : '\0';
    if (!e && !j->from_given)
        e = default_from(j, buf_span(&header));
    if (!e && recipients)
        e = addressees_add_header(&j->to, buf_span(&header));
    if (!e && recipients)
        e = mailbag_drop_field(&j->bag, n, buf_span(&header), "Bcc", why);
    if (!e && recipients)
        e = mailbag_drop_field(&j->bag, n, buf_span(&header), "Resent-Bcc", why);
    buf_release(&header);
    return e;
}

/* The --orcpt options, in the order of the operands; nobody else has one. */
static enum err pair_orcpts(struct job *j, struct why *why)
{
    char **given = opt.orcpts;
    if (!given)
        return ERR_NONE;
    buf_clear(&j->orcpts);
    for (size_t i = 0; i < addressees_count(&j->to); i++) {
        const char *orcpt = *given && strcmp(*given, "none") ? *given : NULL;
        given += *given != NULL;
        if (buf_add(&j->orcpts, &orcpt, sizeof orcpt))
            return why_set(why, ERR_OS, "out of memory");
    }
    if (*given)
        return why_set(why, ERR_USAGE, "more of --orcpt than recipients");
    j->delivery.orcpts = (const char *const *)(const void *)j->orcpts.data;
    return ERR_NONE;
}

/* The nth mail's envelope: everything about it that can be known before a byte is sent. */
static enum err address(struct job *j, size_t n)
{
    struct why why = {""};
    addressees_cut(&j->to, j->operands);
    enum err e = read_header(j, n, &why);
    if (!e)
        e = pair_orcpts(j, &why);
    struct sender_mail mail = {.from = j->from,
                               .recipients = addressees_paths(&j->to),
                               .count = addressees_count(&j->to),
                               .delivery = j->delivery};
    if (!e && mail.count == 0)
        return usage("recipients", "there are none");
    if (!e)
        e = sender_check(&mail, &why);
    return e ? diag_fail(e, &why, "address") : ERR_NONE;
}

/* ---- Where to ---- */

static enum err from_table(struct job *j, struct why *why)
{
    struct store *store = NULL;
    struct user user;
    enum err e = store_open(&j->home, STORE_READ, &store, why);
    if (!e)
        e = store_user_get(store, opt.user, &user, why);
    if (!e && !*user.submit)
        e = why_set(why, ERR_CONFIG, "no submission URL is set");
    if (!e) {
        snprintf(j->url, sizeof j->url, "%s", user.submit);
        /* "smtp://@host", and LMTP: a server that wants no log-in, and so is shown no password. */
        bool anonymous = strstr(user.submit, "://@") != NULL ||
                         span_starts_nocase(span_str(user.submit), span_str("lmtp:"));
        snprintf(j->login, sizeof j->login, "%s", anonymous ? "" : user.login);
        snprintf(j->from, sizeof j->from, "%s", user.address);
        j->from_given = *user.address;
        if (!anonymous)
            e = store_user_password(store, &seal_vault, opt.user, &j->password, why);
        /* A next hop that asks for none needs none; a command that failed is another matter. */
        if (e == ERR_AUTH && !*user.password_command)
            e = ERR_NONE;
    }
    store_close(store);
    return e;
}

static enum err ask_password(struct job *j, const struct url *url, struct why *why)
{
    char prompt[600];
    bool login = *url->user;
    struct secret_source token = {NULL, -1, opt.oauth};
    if (!login && (opt.oauth || secret_given(&opt.secret)))
        return why_set(why, ERR_USAGE, "a password, and no log-in name in the URL");
    if (!login || opt.user)
        return ERR_NONE;
    snprintf(prompt, sizeof prompt, "password of %s at %s: ", url->user, url->host);
    return secret_read(opt.oauth ? &token : &opt.secret, prompt, &j->password, why);
}

/* Sets j->url, log-in and password. */
static enum err find_server(struct job *j)
{
    struct why why = {""};
    struct url url;
    enum err e = ERR_NONE;
    const char *smarthost = conf_get(j->home.conf, "smarthost");
    /* An IPv6 address, which a URL has in brackets. */
    bool colons = opt.host && strchr(opt.host, ':') != strrchr(opt.host, ':') && *opt.host != '[';
    if (opt.user) {
        e = from_table(j, &why);
        if (e)
            return diag_fail(e, &why, "user %s", opt.user);
    } else if (!opt.host && !opt.url && !smarthost) {
        return usage("--url, --user, --host", "one of them must say where the mail goes");
    } else {
        int n = opt.host ? snprintf(j->url, sizeof j->url, "smtp://%s%s%s:25", colons ? "[" : "",
                                    opt.host, colons ? "]" : "")
                         : snprintf(j->url, sizeof j->url, "%s", opt.url ? opt.url : smarthost);
        if (n < 0 || (size_t)n >= sizeof j->url)
            return usage("--url", "too long");
    }
    e = url_parse(j->url, &url, &why);
    if (!e && url.scheme > URL_LMTP)
        e = why_set(&why, ERR_USAGE, "mail is not sent by %s", url_scheme_name(url.scheme));
    if (!e && (url.scheme != URL_LMTP || *url.user))
        e = ask_password(j, &url, &why);
    if (!e && !j->login[0])
        snprintf(j->login, sizeof j->login, "%s", url.user);
    /* The URL itself is not shown: it may hold a password, wrongly. */
    return e ? diag_fail(e, &why, "%s", opt.host   ? opt.host
                                        : opt.url  ? "--url"
                                        : opt.user ? "--user"
                                                   : "smarthost")
             : ERR_NONE;
}

static void find_own_name(struct job *j)
{
    const char *set = conf_get(j->home.conf, "hostname");
    if (opt.helo || set) {
        j->helo = opt.helo ? opt.helo : set;
        return;
    }
    if (gethostname(j->name, sizeof j->name) != 0 || !j->name[0])
        snprintf(j->name, sizeof j->name, "localhost");
    j->name[sizeof j->name - 1] = '\0';
    j->helo = j->name;
}

/* ---- Connecting ---- */

static enum err open_channel(struct job *j, struct channel **channel, bool *lmtp, struct why *why)
{
    if (opt.stdio) {
        *lmtp = false;
        return channel_open_fds(0, 1, (unsigned)opt.timeout, channel, why);
    }
    struct channel_options o = {
        .url = j->url,
        .user = j->login,
        .password = &j->password,
        .bearer = opt.oauth != NULL,
        .tls = j->tls,
        .ca = opt.ca ? opt.ca : conf_get(j->home.conf, "ca"),
        .timeout = (unsigned)opt.timeout,
        .helo = j->helo,
    };
    struct url url;
    enum err e = url_parse(j->url, &url, why);
    *lmtp = url.scheme == URL_LMTP;
    return e ? e : channel_open(&o, channel, why);
}

static enum err connect_now(struct job *j)
{
    struct channel *channel;
    bool lmtp;
    struct why *why = &j->reason;
    enum err e = open_channel(j, &channel, &lmtp, why);
    if (!e) {
        struct transfer_options o = {lmtp, !lmtp && !opt.stdio, j->helo, (unsigned)opt.timeout};
        e = transfer_open(&j->transfer, channel, &o, why);
        j->connected = !e;
        if (e)
            transfer_close(&j->transfer);
    }
    return e ? diag_fail(e, why, "%s", opt.stdio ? "stdio" : j->url) : ERR_NONE;
}

static void disconnect(struct job *j)
{
    if (!j->connected)
        return;
    transfer_quit(&j->transfer);
    transfer_close(&j->transfer);
    j->connected = false;
}

/* ---- Results ---- */

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
        if (opt.json)
            e = print_json(j, mail, to, r);
    }
    return e;
}

/* ---- Sending ---- */

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

static enum err send_one(struct job *j, size_t mail)
{
    size_t n = addressees_count(&j->to);
    struct sender_result *results = calloc(n, sizeof *results);
    enum err e = results ? ERR_NONE : diag_fail(ERR_OS, NULL, "recipients");
    if (!e && j->connected && !transfer_is_open(&j->transfer))
        disconnect(j);
    if (!e && !j->connected && !j->unreachable)
        j->unreachable = connect_now(j);
    if (!e && !j->unreachable)
        e = transfer(j, mail, results);
    for (size_t i = 0; !e && j->unreachable && i < n; i++) {
        results[i].err = j->unreachable;
        snprintf(results[i].text, sizeof results[i].text, "%s", j->reason.text);
    }
    if (!e)
        e = tell(j, mail + 1, results);
    free(results);
    return e;
}

static enum err ask(struct job *j, const char *verb, const char *words)
{
    struct why why = {""};
    buf_clear(&j->line);
    enum err e = transfer_ask(&j->transfer, verb, words, &j->line, &why);
    if (e)
        return diag_fail(e, &why, "%s%s%s", verb, *words ? " " : "", words);
    fwrite(j->line.data, 1, j->line.len, stdout);
    return ERR_NONE;
}

/* All that was asked for, by one connection; the worst answer counts. */
static enum err ask_all(struct job *j)
{
    const struct {
        const char *verb, *words;
    } questions[] = {{"VRFY", opt.vrfy}, {"EXPN", opt.expn}, {"HELP", opt.help_peer ? "" : NULL}};
    enum err worst = connect_now(j);
    for (size_t i = 0; i < sizeof questions / sizeof *questions && j->connected; i++)
        if (questions[i].words && transfer_is_open(&j->transfer))
            worst = report_worse(worst, ask(j, questions[i].verb, questions[i].words));
    return worst;
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
    if (!e && !opt.user && !opt.host && !opt.url && !opt.stdio)
        diag_trace("no --url, --user or --host: the settings' smarthost");
    if (!e && asking() && operands->count)
        e = usage("--vrfy, --expn, --help-peer", "they have no recipients");
    if (!e && !asking())
        e = take_mails(j);
    if (!e)
        e = take_operands(j, operands);
    if (e)
        return e;
    /* A filter's uid stays; who reads the table becomes its owner. */
    enum home_flags flags = opt.user ? HOME_ANY : HOME_KEEP_ROOT;
    e = opt.user ? home_open(&j->home, flags, &why) : home_open_maybe(&j->home, flags, &why);
    if (e)
        return diag_fail(e, &why, "settings");
    find_own_name(j);
    if (!opt.stdio)
        e = find_server(j);
    return e ? e : set_from(j);
}

static void release(struct job *j)
{
    disconnect(j);
    mailbag_release(&j->bag);
    addressees_release(&j->to);
    buf_release(&j->line);
    buf_release(&j->orcpts);
    buf_wipe(&j->password);
    home_close(&j->home);
}

static enum err run(const struct operands *operands)
{
    static struct job job;
    mailbag_init(&job.bag);
    addressees_init(&job.to);
    buf_init(&job.line, 2 * REPLY_TEXT_MAX);
    buf_init(&job.orcpts, ADDRESSEES_MAX * sizeof(char *));
    buf_init(&job.password, SECRET_MAX);
    enum err e = prepare(&job, operands);
    if (!e && asking())
        e = ask_all(&job);
    /* Nothing is sent of a run in which one mail cannot be. */
    for (size_t i = mailbag_count(&job.bag); i > 0 && !e; i--)
        e = address(&job, i - 1);
    for (size_t i = 0; i < mailbag_count(&job.bag) && !e; i++) {
        e = i ? address(&job, i) : ERR_NONE;
        if (!e)
            e = send_one(&job, i);
    }
    release(&job);
    return e ? e : job.worst;
}

static const struct program program = {
    .name = "smtp-send",
    .operands = "[RECIPIENT...]",
    .options = options,
    .run = run,
};

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv);
}
