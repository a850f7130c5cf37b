/*
 * mbox-poll: fetches the mail of a POP3 or IMAP mailbox, into the spool by a user's rules, or into
 * a maildir, a command, or an mbox on stdout.
 *
 * A mail is deleted from the server only once it is durable here. What a mailbox has given is known
 * by (URL, log-in, UIDVALIDITY, UID): `coming` is written down before a mail appears in the spool,
 * `seen` after, so that a run that is killed anywhere neither loses nor doubles one.
 */
#include "mailbox/listing.h"
#include "mailbox/mailbox.h"
#include "mailbox/mbox.h"
#include "policy/decide.h"
#include "seal/password.h"
#include "spool/deliver.h"
#include "spool/maildir.h"
#include "spool/polled.h"
#include "spool/spool.h"
#include "store/store.h"
#include "tool/diag.h"
#include "tool/home.h"
#include "tool/io.h"
#include "tool/program.h"
#include "tool/secret.h"
#include "tool/spawn.h"
#include "tool/status.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DAY = 86400, LISTED_MAX = 4096 };

static struct {
    char *user, *url, *mbox, *maildir, *exec, *text, *max_size, *tls, *ca;
    int check, list, json, keep, delete, keep_days, max, timeout, idle;
    struct secret_source password;
} opt = {.keep_days = -1, .password = {.fd = -1}};

static struct poptOption options[] = {
    {"user", 0, POPT_ARG_STRING, &opt.user, 0, "the mailbox of user CODE, into the spool", "CODE"},
    {"url", 0, POPT_ARG_STRING, &opt.url, 0,
     "this mailbox: pop3s://user@host, imaps://user@host/FOLDER",
     "URL"},
    {"mbox", 0, POPT_ARG_STRING, &opt.mbox, 0, "write an mbox to stdout (-)", "-"},
    {"maildir", 0, POPT_ARG_STRING, &opt.maildir, 0, "deliver into DIR", "DIR"},
    {"exec", 0, POPT_ARG_STRING, &opt.exec, 0, "run COMMAND for each mail, on its stdin",
     "COMMAND"},
    {"check", 0, POPT_ARG_NONE, &opt.check, 0, "only count the new mail; status 1: none", NULL},
    {"list", 0, POPT_ARG_NONE, &opt.list, 0, "only list what is on the server", NULL},
    {"json", 0, POPT_ARG_NONE, &opt.json, 0, "say it in JSON", NULL},
    {"keep", 0, POPT_ARG_NONE, &opt.keep, 0, "leave what is fetched on the server", NULL},
    {"delete", 0, POPT_ARG_NONE, &opt.delete, 0, "delete it there once it is durable here", NULL},
    {"keep-days", 0, POPT_ARG_INT, &opt.keep_days, 0,
     "keep, and delete N days after it was fetched",
     "N"},
    {"text", 0, POPT_ARG_STRING, &opt.text, 0, "fetch mail that is only text: on, off", "SWITCH"},
    {"max", 0, POPT_ARG_INT, &opt.max, 0, "fetch at most N mails", "N"},
    {"max-size", 0, POPT_ARG_STRING, &opt.max_size, 0, "leave mails over SIZE octets (K, M, G)",
     "SIZE"},
    {"idle", 0, POPT_ARG_NONE, &opt.idle, 0, "wait until there is mail to fetch (IMAP)", NULL},
    {"tls", 0, POPT_ARG_STRING, &opt.tls, 0,
     "none, try or require (with a password always require)",
     "MODE"},
    {"ca", 0, POPT_ARG_STRING, &opt.ca, 0, "trust the certificates in FILE", "FILE"},
    {"timeout", 0, POPT_ARG_INT, &opt.timeout, 0, "seconds to wait for the server (60)", "S"},
    SECRET_OPTIONS(opt.password),
    POPT_TABLEEND,
};

/* One poll of one mailbox. */
struct poll {
    struct home home;
    struct store *store;  /* NULL: --url */
    struct spool *spool;  /* the user's */
    struct user user;
    const char *url, *login;
    struct buf password;
    struct mailbox *box;
    struct mailbox_list list;
    uint8_t *gone;        /* for each mail of the list: deletion was asked for */
    const char *dir;       /* where mail is delivered */
    char spool_dir[HOME_PATH_MAX];
    uint64_t spool_limit, spool_used, max_size;
    bool keep, text;
    int keep_days, taken, lock;
    enum err worst;       /* of mails that failed by themselves */
};

/* A mail on its way: into a delivery, or into an unlinked file. */
struct arrival {
    struct spool_delivery *delivery;
    int fd;
    uint64_t size, most; /* most: 0 for any */
};

static enum err arrive(void *arg, struct span bytes, struct why *why)
{
    struct arrival *a = arg;
    a->size += bytes.n;
    if (a->most && a->size > a->most)
        return why_set(why, ERR_PROTOCOL, "a mail far larger than the server said");
    if (a->delivery)
        return spool_delivery_write(a->delivery, bytes.p, bytes.n, why);
    return io_write(a->fd, bytes.p, bytes.n, why);
}

static struct seen_key key_of(const struct poll *p, const struct mailbox_mail *mail)
{
    return (struct seen_key){p->url, p->login, mailbox_validity(p->box), mail->uid};
}

static enum err seen(struct poll *p, const struct mailbox_mail *mail, enum seen_state *state,
                     struct why *why)
{
    struct seen_key key = key_of(p, mail);
    *state = SEEN_NOT;
    return p->store ? polled_state(p->spool, p->store, &key, state, why) : ERR_NONE;
}

/* What the user's row, the sender's row and the room in the spool make of this mail. Who shall be
 * polled at all (S22) is the caller's question: being asked is an occasion of its own. */
static enum err decide_for_user(struct poll *p, const struct mailbox_look *look,
                                struct decision *d, struct why *why)
{
    struct mail_rows rows;
    struct mail_case c = {.kind = look->kind == MIME_KIND_TEXT  ? KIND_TEXT
                                  : look->kind == MIME_KIND_FAX ? KIND_FAX
                                                                : KIND_MIXED,
                          .source = SOURCE_POLLED,
                          .occasion = OCCASION_MANUAL,
                          .spool_full = p->spool_limit && p->spool_used >= p->spool_limit};
    enum err e = store_mail_case(p->store, p->user.code, look->from, &rows, &c, why);
    if (e)
        return e;
    if (opt.text) {
        rows.user.text_mail = p->text;
        rows.rule.text_mail = -1;
    }
    decide(&c, d);
    return ERR_NONE;
}

/* May this mail be fetched? ERR_NO: it stays. */
static enum err allowed(struct poll *p, const struct mailbox_mail *mail,
                        struct mailbox_look *look, struct why *why)
{
    struct decision d;
    if (p->max_size && mail->size > p->max_size) {
        diag_warn("%s: %llu octets: left on the server", mail->uid,
                  (unsigned long long)mail->size);
        return ERR_NO;
    }
    if (!p->store && p->text)
        return ERR_NONE;
    enum err e = mailbox_look(p->box, mail, look, why);
    if (e == ERR_NO) {
        /* It cannot be looked at: to fetch it is better than never to. */
        diag_trace("%s: %s", mail->uid, why->text);
        look->kind = MIME_KIND_MIXED;
        e = ERR_NONE;
    }
    if (e)
        return e;
    if (!p->store)
        return look->kind == MIME_KIND_TEXT ? ERR_NO : ERR_NONE;
    e = decide_for_user(p, look, &d, why);
    if (e)
        return e;
    diag_trace("%s: %s, from %s: %s", mail->uid, mime_kind_name(look->kind), look->from,
               action_name(d.action));
    bool stays = d.action == ACTION_STAY || d.action == ACTION_WAIT || d.action == ACTION_REFUSE;
    return stays ? ERR_NO : ERR_NONE;
}

/* One line a mail, at once, so that what reads can go on. */
static void report(const char *id, uint64_t size, const char *from)
{
    struct buf out;
    buf_init(&out, LISTED_MAX);
    (void)listing_taken(id, size, from, opt.json, &out);
    fwrite(out.data, 1, out.len, stdout);
    fflush(stdout);
    buf_release(&out);
}

/* Into the user's spool, or a maildir. */
static enum err deliver(struct poll *p, const struct mailbox_mail *mail,
                        struct mailbox_look *look, struct arrival *a, struct why *why)
{
    struct seen_key key = key_of(p, mail);
    diag_progress("a mail of %llu octets", (unsigned long long)mail->size);
    enum err e = spool_delivery_begin(&p->dir, 1, p->store ? SPOOL_OURS : SPOOL_FOREIGN,
                                      &a->delivery, why);
    if (!e)
        e = mailbox_fetch(p->box, mail, arrive, a, look, why);
    if (!e)
        e = p->store ? polled_commit(a->delivery, p->store, &key, p->user.code, why)
                     : spool_delivery_commit(a->delivery, why);
    if (!e) {
        p->spool_used += a->size;
        report(spool_delivery_name(a->delivery), a->size, look->from);
    }
    spool_delivery_free(a->delivery);
    return e;
}

static enum err run_command(struct arrival *a, struct why *why)
{
    struct words words;
    pid_t pid;
    int status = 0;
    enum err e = words_split(opt.exec, &words, why);
    if (e)
        return e;
    e = spawn(words.list, a->fd, 1, NULL, &pid, why);
    words_free(&words);
    if (!e)
        e = spawn_wait(pid, &status, why);
    if (e || status == 0)
        return e;
    diag_error("%s: status %d: the mail stays on the server", opt.exec, status);
    return ERR_NO;
}

/* To stdout or to a command: whole in a file first, so that no part of a mail gets out. */
static enum err pass_on(struct poll *p, const struct mailbox_mail *mail,
                        struct mailbox_look *look, struct arrival *a, struct why *why)
{
    enum err e = io_temp(&a->fd, why);
    if (e)
        return e;
    e = mailbox_fetch(p->box, mail, arrive, a, look, why);
    if (!e && lseek(a->fd, 0, SEEK_SET) < 0)
        e = why_errno(why, ERR_IO, "temporary file");
    if (!e && opt.mbox) {
        e = mbox_put(a->fd, 1, look->from, time(NULL), why);
    } else if (!e) {
        e = run_command(a, why);
        if (e == ERR_NO) {
            p->worst = ERR_AGAIN;
            why->text[0] = '\0'; /* it has been said */
        }
    }
    close(a->fd);
    return e;
}

/* Fetches one mail. ERR_NO: it stays, or has gone. */
static enum err take(struct poll *p, const struct mailbox_mail *mail, struct mailbox_look *look,
                     struct why *why)
{
    struct arrival a = {.fd = -1, .most = p->max_size};
    bool filed = p->store || opt.maildir;
    enum err e = filed ? deliver(p, mail, look, &a, why) : pass_on(p, mail, look, &a, why);
    if (e == ERR_NO && *why->text)
        diag_warn("%s: passed over: %s", mail->uid, why->text);
    p->taken += !e;
    return e;
}

static enum err remove_there(struct poll *p, size_t i, struct why *why)
{
    p->gone[i] = 1;
    return mailbox_delete(p->box, &p->list.mails[i], why);
}

/* What was fetched by an earlier run is still there: kept, or its deletion did not come about. */
static enum err treat_seen(struct poll *p, size_t i, struct why *why)
{
    const struct mailbox_mail *mail = &p->list.mails[i];
    if (mail->twin && !p->keep) {
        diag_warn("%s: two mails have this identifier: both stay on the server", mail->uid);
        return ERR_NONE;
    }
    return p->keep && p->gone[i] != 2 ? ERR_NONE : remove_there(p, i, why);
}

static enum err treat(struct poll *p, size_t i, struct why *why)
{
    const struct mailbox_mail *mail = &p->list.mails[i];
    struct mailbox_look look = {MIME_KIND_MIXED, ""};
    enum seen_state state;
    enum err e = seen(p, mail, &state, why);
    if (e || state == SEEN_DONE)
        return e ? e : treat_seen(p, i, why);
    /* The other of the two first, and this one when that has gone from the server. */
    if (mail->marked || (p->store && mail->later_twin) || (opt.max && p->taken >= opt.max))
        return ERR_NONE;
    e = allowed(p, mail, &look, why);
    if (!e)
        e = take(p, mail, &look, why);
    if (e)
        return e == ERR_NO ? ERR_NONE : e;
    return p->keep ? ERR_NONE : remove_there(p, i, why);
}

struct aged {
    struct poll *p;
    int64_t before;
};

static enum err mark_aged(void *arg, const char *validity, const char *uid, enum seen_state state,
                          int64_t when)
{
    struct aged *a = arg;
    const struct mailbox_mail *mail = mailbox_find(&a->p->list, uid);
    if (mail && state == SEEN_DONE && when <= a->before &&
        strcmp(validity, mailbox_validity(a->p->box)) == 0)
        a->p->gone[mail - a->p->list.mails] = 2;
    return ERR_NONE;
}

/* Marks what was fetched more than keep-days ago. */
static enum err find_aged(struct poll *p, struct why *why)
{
    struct aged a = {p, (int64_t)time(NULL) - (int64_t)p->keep_days * DAY};
    if (!p->keep || p->keep_days <= 0)
        return ERR_NONE;
    return store_seen_each(p->store, p->url, p->login, mark_aged, &a, why);
}

static enum err identify(struct poll *p, struct why *why)
{
    if (p->list.cut)
        diag_warn("more than %d mails: the first ones are treated", MAILBOX_MAILS_MAX);
    if (p->store && p->list.count && !*p->list.mails[0].uid)
        return why_set(why, ERR_UNAVAILABLE, "the server has no UIDL: mail cannot be told apart");
    free(p->gone);
    p->gone = calloc(p->list.count + 1, 1);
    return p->gone ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
}

/* The rows of what has gone from the server for sure are of no more use. */
static enum err forget_rows(struct poll *p, const char *validity, struct why *why)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; p->store && i < p->list.count && !e; i++) {
        struct seen_key key = {p->url, p->login, validity, p->list.mails[i].uid};
        if (p->gone[i] == 1)
            e = store_seen_forget(p->store, &key, why);
    }
    return e;
}

/* --idle: what stays there by the rules is no news, so it waits until something was taken. */
static enum err fetch_some(struct poll *p, struct why *why)
{
    enum err e = find_aged(p, why);
    for (;;) {
        for (size_t i = 0; i < p->list.count && !e; i++)
            e = treat(p, i, why);
        if (e || !opt.idle || p->taken)
            return e;
        e = mailbox_idle(p->box, why);
        mailbox_list_free(&p->list);
        if (!e)
            e = mailbox_list(p->box, &p->list, why);
        if (!e)
            e = identify(p, why);
    }
}

static enum err fetch_all(struct poll *p, struct why *why)
{
    char validity[32];
    struct why closing = {""};
    enum err e = fetch_some(p, why);
    snprintf(validity, sizeof validity, "%s", mailbox_validity(p->box));
    /* Also after a failure of one mail: what was deleted before it is to be deleted. */
    enum err closed = mailbox_close(p->box, &closing);
    p->box = NULL;
    if (!closed)
        closed = forget_rows(p, validity, &closing);
    if (!e && closed)
        e = why_set(why, closed, "%s", closing.text);
    return e ? e : p->worst;
}

static enum err check(struct poll *p, struct why *why)
{
    unsigned long long mails = 0, octets = 0;
    enum seen_state state;
    enum err e = ERR_NONE;
    for (size_t i = 0; i < p->list.count && !e; i++) {
        e = seen(p, &p->list.mails[i], &state, why);
        if (e || state == SEEN_DONE || p->list.mails[i].marked)
            continue;
        mails++;
        octets += p->list.mails[i].size;
    }
    if (!e)
        printf(opt.json ? "{\"mails\":%llu,\"octets\":%llu}\n" : "%llu mails, %llu octets\n",
               mails, octets);
    return e || mails ? e : ERR_NO;
}

static enum err list_one(struct poll *p, const struct mailbox_mail *mail, bool first,
                         struct why *why)
{
    struct mailbox_look look;
    struct buf out;
    enum seen_state state;
    enum err e = seen(p, mail, &state, why);
    if (!e)
        e = mailbox_look(p->box, mail, &look, why);
    if (e && e != ERR_NO)
        return e;
    buf_init(&out, LISTED_MAX);
    if (opt.json && !first)
        (void)buf_add_str(&out, ",\n");
    (void)listing_row(mail, e ? NULL : &look, state == SEEN_DONE, opt.json, &out);
    fwrite(out.data, 1, out.len, stdout);
    buf_release(&out);
    return ERR_NONE;
}

static enum err list_all(struct poll *p, struct why *why)
{
    enum err e = ERR_NONE;
    fputs(opt.json ? "[" : "", stdout);
    for (size_t i = 0; i < p->list.count && !e; i++)
        e = list_one(p, &p->list.mails[i], i == 0, why);
    /* Without its end, no program takes a part for the whole. */
    if (!e && opt.json)
        fputs("]\n", stdout);
    return e;
}

static enum err connect_and_list(struct poll *p, struct why *why)
{
    const char *ca = opt.ca ? opt.ca : conf_get(p->home.conf, "ca");
    struct mailbox_options o = {
        .channel = {.url = p->url, .user = p->login, .password = &p->password, .ca = ca,
                    .tls = opt.tls && *opt.tls == 'n' ? CHANNEL_TLS_NONE : CHANNEL_TLS_REQUIRE,
                    .timeout = opt.timeout > 0 ? (unsigned)opt.timeout : 60},
        .read_only = opt.check || opt.list};
    enum err e = mailbox_open(&o, &p->box, why);
    buf_wipe(&p->password);
    if (!e)
        e = mailbox_list(p->box, &p->list, why);
    return e ? e : identify(p, why);
}

static enum err work(struct poll *p, struct why *why)
{
    enum err e = connect_and_list(p, why);
    return e ? e : opt.check ? check(p, why) : opt.list ? list_all(p, why) : fetch_all(p, why);
}

static enum err open_spool(struct poll *p, struct why *why)
{
    const char *code = p->user.code;
    enum err e = spool_dir(&p->home, code, p->spool_dir, why);
    p->dir = p->spool_dir;
    if (!e)
        e = spool_open(&p->home, code, &p->spool, why);
    if (e == ERR_NO_USER && !(e = spool_make(&p->home, code, why)))
        e = spool_open(&p->home, code, &p->spool, why);
    if (!e)
        e = conf_number(p->home.conf, "spool-limit", 0, UINT64_MAX, &p->spool_limit, why);
    if (!e && p->spool_limit)
        e = spool_usage(&p->home, &p->spool_used, why);
    return e;
}

static enum err set_up_user(struct poll *p, struct why *why)
{
    enum err e = home_open(&p->home, HOME_ANY, why);
    if (!e)
        e = store_open(&p->home, STORE_READ, &p->store, why);
    if (!e)
        e = store_user_get(p->store, opt.user, &p->user, why);
    if (!e && !*p->user.mailbox)
        e = why_set(why, ERR_CONFIG, "no mailbox is set");
    if (!e)
        e = store_user_password(p->store, &seal_vault, p->user.code, &p->password, why);
    if (!e && !opt.check && !opt.list)
        e = polled_lock(&p->home, p->user.code, &p->lock, why);
    if (!e)
        e = open_spool(p, why);
    p->url = p->user.mailbox;
    p->login = p->user.login;
    p->keep = p->user.keep;
    p->keep_days = p->user.keep_days;
    return e;
}

static enum err set_up_url(struct poll *p, struct why *why)
{
    struct url url;
    char prompt[600];
    /* A filter for whoever runs it: it stays who it is, and needs no station. */
    enum err e = home_open_maybe(&p->home, HOME_KEEP_ROOT, why);
    if (!e)
        e = url_parse(opt.url, &url, why);
    if (!e && !*url.user)
        e = why_set(why, ERR_USAGE, "the URL names no user");
    if (e)
        return e;
    snprintf(prompt, sizeof prompt, "password of %s@%s: ", url.user, url.host);
    e = secret_read(&opt.password, prompt, &p->password, why);
    if (!e && p->password.len == 0)
        e = why_set(why, ERR_AUTH, "empty password");
    if (!e && opt.maildir && !opt.check && !opt.list)
        e = spool_maildir_make(opt.maildir, why);
    p->url = opt.url;
    p->dir = opt.maildir;
    p->keep = opt.mbox != NULL; /* a pipe is nothing durable */
    return e;
}

static enum err check_options(struct poll *p)
{
    int targets = !!opt.mbox + !!opt.maildir + !!opt.exec;
    const char *wrong = NULL;
    p->text = true;
    if (!opt.user == !opt.url)
        wrong = "one of --user and --url is needed";
    else if (opt.user && targets)
        wrong = "--user delivers into the spool: no --mbox, --maildir, --exec";
    else if (opt.url && !opt.check && !opt.list && targets != 1)
        wrong = "one of --mbox, --maildir and --exec must say where the mail goes";
    else if (opt.mbox && strcmp(opt.mbox, "-") != 0)
        wrong = "--mbox: only - (stdout)";
    else if (opt.check && opt.list)
        wrong = "--check and --list exclude each other";
    else if (opt.keep && opt.delete)
        wrong = "--keep and --delete exclude each other";
    else if (opt.keep_days != -1 && (opt.keep_days < 1 || !opt.user || opt.delete))
        wrong = "--keep-days: a number of days from 1, with --user, without --delete";
    else if (opt.user && secret_given(&opt.password))
        wrong = "--user has its password in the table";
    else if (opt.tls && strcmp(opt.tls, "none") && strcmp(opt.tls, "try") &&
             strcmp(opt.tls, "require"))
        wrong = "--tls: none, try or require";
    else if (opt.idle && (opt.check || opt.list))
        wrong = "--idle waits for mail to fetch: no --check, no --list";
    else if (opt.text && !user_switch(span_str(opt.text), &p->text))
        wrong = "--text: on or off";
    else if (opt.max < 0 || opt.timeout < 0)
        wrong = "--max and --timeout: a number from 1";
    else if (opt.max_size && !conf_size(opt.max_size, UINT64_MAX, &p->max_size))
        wrong = "--max-size: a number of octets, with K, M or G";
    if (wrong)
        diag_error("%s", wrong);
    return wrong ? ERR_USAGE : ERR_NONE;
}

static enum err run(const struct operands *operands)
{
    struct why why = {""};
    struct poll *p = calloc(1, sizeof *p);
    if (!p)
        return diag_fail(ERR_OS, NULL, "poll");
    buf_init(&p->password, SECRET_MAX);
    p->lock = -1;
    enum err e = operands_check(operands, 0, 0);
    if (!e)
        e = check_options(p);
    if (!e) {
        e = opt.user ? set_up_user(p, &why) : set_up_url(p, &why);
        p->keep = opt.delete ? false : opt.keep || opt.keep_days > 0 || p->keep;
        p->keep_days = opt.keep_days > 0 ? opt.keep_days : p->keep_days;
        if (!e)
            e = work(p, &why);
        if (e != ERR_NO && !(e && e == p->worst && !*why.text))
            diag_fail(e, &why, "%s", opt.user ? opt.user : opt.url);
    }
    mailbox_close(p->box, NULL);
    mailbox_list_free(&p->list);
    spool_close(p->spool);
    store_close(p->store);
    home_close(&p->home);
    buf_wipe(&p->password);
    free(p->gone);
    if (p->lock >= 0)
        close(p->lock);
    free(p);
    return e;
}

int main(int argc, char **argv)
{
    static const struct program program = {"mbox-poll", "", options, run, NULL};
    return program_main(&program, argc, argv);
}
