/*
 * fax-spool: the spool's doorkeeper. Installed root:faxpipe 2755 on a system station: it is the one
 * program that lets a person who is not the station's owner at mail, his own, against his password.
 */
#include "bytes/json.h"
#include "seal/password.h"
#include "spool/spool.h"
#include "store/store.h"
#include "tool/diag.h"
#include "tool/io.h"
#include "tool/program.h"
#include "tool/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DAY = 24 * 3600, NEW_DAYS = 30 };

static struct {
    int json, undecodable, opened, days, lock_fd, pages;
    long long until;
    char *after, *result;
    /* No --password-file and --password-command: they would be read and run with our group. */
    struct secret_source password;
} opt = {.days = -1, .lock_fd = -1, .pages = -1, .until = -1, .password = {NULL, -1, NULL}};

static struct poptOption options[] = {
    {"json", 0, POPT_ARG_NONE, &opt.json, 0, "list: print JSON", NULL},
    {"days", 0, POPT_ARG_INT, &opt.days, 0, "hold: for N days (the user's)", "N"},
    {"until", 0, POPT_ARG_LONGLONG, &opt.until, 0, "hold: until this second since 1970", "EPOCH"},
    {"undecodable", 0, POPT_ARG_NONE, &opt.undecodable, 0, "hold: mark as not to be decoded", NULL},
    {"opened", 0, POPT_ARG_NONE, &opt.opened, 0,
     "hold: stdin is what was sealed in it: in its place",
     NULL},
    {"after", 0, POPT_ARG_STRING, &opt.after, 0, "take: only what arrived after ID", "ID"},
    {"lock-fd", 0, POPT_ARG_INT, &opt.lock_fd, 0, "take: descriptor N holds the user's lock", "N"},
    {"result", 0, POPT_ARG_STRING, &opt.result, 0, "done: what the journal says (done)", "WORD"},
    {"pages", 0, POPT_ARG_INT, &opt.pages, 0, "done: pages for the journal", "N"},
    {"password-fd", 0, POPT_ARG_INT, &opt.password.fd, 0, "read the password from descriptor N",
     "N"},
    POPT_TABLEEND,
};

struct request {
    struct home home;
    struct store *store;
    struct spool *spool;
    struct user user;      /* the row of code; the postmaster has none */
    const char *code, *id; /* id may be NULL */
};

/* What the spool says failed, with the mail it is about. */
static enum err fail(const struct request *r, enum err e, const struct why *why)
{
    return diag_fail(e, why, "%s%s%s", r->code, r->id ? ": " : "", r->id ? r->id : "");
}

static const char *state_word(const struct spool_mail *mail)
{
    static const char *const words[] = {"new", "taken", "held"};
    return mail->undecodable ? "undecodable" : words[mail->state];
}

static void show_time(int64_t when, char out[20])
{
    time_t t = (time_t)when;
    struct tm tm;
    if (when <= 0 || !localtime_r(&t, &tm) || !strftime(out, 20, "%Y-%m-%d %H:%M", &tm))
        snprintf(out, 20, "-");
}

static void list_text(const struct spool_list *list)
{
    char arrived[20], until[20];
    for (size_t i = 0; i < list->count; i++) {
        const struct spool_mail *m = &list->mails[i];
        show_time(m->arrived, arrived);
        show_time(m->until, until);
        printf("%-50s %-11s %10llu  %-16s  %s\n", m->id, state_word(m),
               (unsigned long long)m->octets, arrived, until);
    }
}

static enum err list_json(const struct spool_list *list)
{
    struct buf out;
    struct json j;
    buf_init(&out, (list->count + 1) * 512);
    json_init(&j, &out);
    json_open(&j, NULL, '[');
    for (size_t i = 0; i < list->count; i++) {
        const struct spool_mail *m = &list->mails[i];
        json_open(&j, NULL, '{');
        json_add_str(&j, "id", m->id);
        json_add_str(&j, "state", state_word(m));
        json_add_int(&j, "octets", (long long)m->octets);
        json_add_int(&j, "arrived", m->arrived);
        if (m->state == SPOOL_HELD)
            json_add_int(&j, "until", m->until);
        else
            json_add_str(&j, "until", NULL);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    if (!j.err)
        j.err = buf_add_byte(&out, '\n');
    if (!j.err)
        fwrite(out.data, 1, out.len, stdout);
    buf_release(&out);
    return j.err;
}

static enum err run_list(struct request *r)
{
    struct spool_list list;
    struct why why = {""};
    enum err e = spool_list(r->spool, &list, &why);
    if (e)
        return fail(r, e, &why);
    if (opt.json)
        e = list_json(&list);
    else
        list_text(&list);
    spool_list_free(&list);
    return e ? diag_fail(e, NULL, "list") : ERR_NONE;
}

static enum err run_take(struct request *r)
{
    struct spool_mail mail;
    struct why why = {""};
    enum err e = spool_lock(r->spool, opt.lock_fd, &why);
    if (!e)
        e = spool_take(r->spool, r->store, r->id, opt.after, &mail, &why);
    if (e == ERR_NO)
        return e;
    if (e)
        return fail(r, e, &why);
    printf("%s\n", mail.id);
    return ERR_NONE;
}

/* The second at which the mail's days are over. */
static enum err end_of_days(struct request *r, int64_t *until, struct why *why)
{
    if (opt.until >= 0 && opt.days >= 0)
        return why_set(why, ERR_USAGE, "--days and --until exclude each other");
    *until = opt.until;
    if (opt.until >= 0)
        return ERR_NONE;
    int days = opt.days < 0 ? r->user.days : opt.days;
    if (opt.days < 0 && !r->user.code[0])
        return why_set(why, ERR_USAGE, "no user of the table: --days or --until must say");
    if (days > 36500)
        return why_set(why, ERR_USAGE, "%d days: too many", days);
    *until = (int64_t)time(NULL) + (int64_t)days * DAY;
    return ERR_NONE;
}

struct wanted_row {
    const char *mail, *note;
    bool found;
};

static enum err look_at_row(void *context, const struct journal_row *row)
{
    struct wanted_row *wanted = context;
    if (strcmp(row->mail, wanted->mail) == 0 &&
        (!wanted->note || strcmp(row->note, wanted->note) == 0))
        wanted->found = true;
    return ERR_NONE;
}

/* Whether the journal has this row: a step that was killed and is repeated writes it once. */
static enum err journalled(struct request *r, const char *result, const char *note, bool *yes,
                           struct why *why)
{
    struct wanted_row wanted = {r->id, note, false};
    const struct journal_filter filter = {r->code, result, 0, 0};
    enum err e = store_journal_list(r->store, &filter, look_at_row, &wanted, why);
    *yes = wanted.found;
    return e;
}

/* The reverse-path that final delivery wrote first; "" where there is none. */
static void read_sender(struct request *r, char out[256])
{
    char head[1024];
    size_t got;
    int fd;
    out[0] = '\0';
    if (spool_read(r->spool, r->id, &fd, NULL) != ERR_NONE)
        return;
    if (io_read(fd, head, sizeof head, &got, NULL) == ERR_NONE) {
        struct span line = span_of(head, got), key = span_str("Return-Path:");
        line = span_take(line, span_find(line, '\n'));
        struct span path = span_trim(span_skip(line, key.n));
        if (path.n >= 2 && path.p[0] == '<' && path.p[path.n - 1] == '>')
            path = span_take(span_skip(path, 1), path.n - 2);
        if (span_starts_nocase(line, key))
            span_copy(path, out, 256);
    }
    close(fd);
}

static enum err journal_once(struct request *r, const char *result, const char *note,
                             struct why *why)
{
    char sender[256];
    bool there;
    enum err e = journalled(r, result, note, &there, why);
    if (e || there)
        return e;
    read_sender(r, sender);
    const struct journal_row row = {.code = r->code, .mail = r->id, .sender = sender,
                                    .result = result, .note = note, .pages = opt.pages};
    return store_journal_add(r->store, &row, why);
}

static enum err run_hold(struct request *r)
{
    int64_t until = 0;
    struct why why = {""};
    struct spool_mail mail;
    char note[40];
    enum err e = end_of_days(r, &until, &why);
    if (!e && opt.opened && opt.undecodable)
        e = why_set(&why, ERR_USAGE, "--opened and --undecodable exclude each other");
    if (!e)
        e = opt.opened ? spool_hold_opened(r->spool, r->id, until, STDIN_FILENO, &why)
                       : spool_hold(r->spool, r->id, until, opt.undecodable, &why);
    if (!e)
        e = spool_find(r->spool, r->id, &mail, &why);
    if (!e) {
        snprintf(note, sizeof note, "until %lld", (long long)mail.until);
        e = journal_once(r, state_word(&mail), note, &why);
    }
    return e ? fail(r, e, &why) : ERR_NONE;
}

static enum err run_cat(struct request *r)
{
    struct why why = {""};
    int fd;
    enum err e = spool_read(r->spool, r->id, &fd, &why);
    if (e)
        return fail(r, e, &why);
    e = io_copy(fd, STDOUT_FILENO, NULL, &why);
    close(fd);
    return e ? fail(r, e, &why) : ERR_NONE;
}

static bool word(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n <= 20 && strspn(s, "abcdefghijklmnopqrstuvwxyz-") == n;
}

/* Journalled first: a kill in between leaves a mail that is there and a row that says more. */
static enum err run_done(struct request *r)
{
    struct why why = {""};
    struct spool_mail mail;
    const char *result = opt.result ? opt.result : "done";
    bool before = false;
    if (!word(result))
        return diag_fail(ERR_USAGE, NULL, "--result: letters a to z and '-' only");
    enum err e = spool_find(r->spool, r->id, &mail, &why);
    if (e == ERR_NO_INPUT && journalled(r, result, NULL, &before, &why) == ERR_NONE && before)
        return ERR_NONE;
    if (!e)
        e = journal_once(r, result, NULL, &why);
    if (!e)
        e = spool_remove(r->spool, r->id, &why);
    return e ? fail(r, e, &why) : ERR_NONE;
}

static enum err run_due(struct request *r)
{
    struct spool_list list;
    struct why why = {""};
    uint64_t new_days;
    int64_t now = time(NULL);
    enum err e = conf_number(r->home.conf, "new-days", NEW_DAYS, 36500, &new_days, &why);
    if (!e)
        e = spool_list(r->spool, &list, &why);
    if (e)
        return fail(r, e, &why);
    for (size_t i = 0; i < list.count; i++) {
        const struct spool_mail *m = &list.mails[i];
        /* What is claimed may have been left by its claimant: its days count as if it were new. */
        int64_t end = m->state == SPOOL_HELD ? m->until : m->arrived + (int64_t)new_days * DAY;
        if (end <= now)
            printf("%s\n", m->id);
    }
    spool_list_free(&list);
    return ERR_NONE;
}

static const struct command {
    const char *name;
    int min, max; /* operands, the command word included */
    bool for_persons;
    enum err (*run)(struct request *r);
} commands[] = {
    {"list", 2, 2, true, run_list},  {"take", 2, 3, false, run_take},
    {"hold", 3, 3, false, run_hold}, {"cat", 3, 3, true, run_cat},
    {"done", 3, 3, true, run_done},  {"due", 2, 2, false, run_due},
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Whoever is not the station's owner shows that the mail is his, as does who gives a password
 * unasked; a no is slow in coming. */
static enum err check_password(struct request *r, struct why *why)
{
    struct buf password;
    buf_init(&password, SECRET_MAX);
    enum err e = secret_read(&opt.password, "password: ", &password, why);
    if (!e)
        e = store_user_admit(r->store, &seal_vault, r->code, buf_span(&password), why);
    buf_wipe(&password);
    return e;
}

static enum err serve(struct request *r, const struct command *command)
{
    struct why why = {""};
    bool ours = home_is_ours(&r->home);
    if (!ours && !command->for_persons)
        return diag_fail(ERR_AUTH, NULL, "%s: only for the station's owner", command->name);
    enum err e = store_open(&r->home, STORE_READ, &r->store, &why);
    if (e)
        return diag_fail(e, &why, "%s", r->home.path);
    if (!ours || opt.password.fd >= 0)
        e = check_password(r, &why);
    /* As the row has it, which the directory is called after: letters of either case are meant. */
    if (!e && store_user_get(r->store, r->code, &r->user, NULL) == ERR_NONE)
        r->code = r->user.code;
    if (!e)
        e = spool_open(&r->home, r->code, &r->spool, &why);
    e = e ? diag_fail(e, &why, "%s", r->code) : command->run(r);
    spool_close(r->spool);
    store_close(r->store);
    return e;
}

static enum err run(const struct operands *operands)
{
    struct request r = {.code = "", .id = NULL};
    struct why why = {""};
    enum err e = operands_check(operands, 1, 3);
    if (e)
        return e;
    const struct command *command = find_command(operands->list[0]);
    if (!command)
        return diag_fail(ERR_USAGE, NULL, "%s: unknown command", operands->list[0]);
    e = operands_check(operands, command->min, command->max);
    if (e)
        return e;
    r.code = operands->list[1];
    r.id = operands->count > 2 ? operands->list[2] : NULL;
    if (!spool_code_valid(span_str(r.code)))
        return diag_fail(ERR_USAGE, NULL, "%s: not a user code", r.code);
    if ((r.id && !spool_id_valid(span_str(r.id))) ||
        (opt.after && !spool_id_valid(span_str(opt.after))))
        return diag_fail(ERR_USAGE, NULL, "not an ID");
    e = home_open(&r.home, HOME_ANY, &why);
    if (e)
        return diag_fail(e, &why, "home");
    e = serve(&r, command);
    home_close(&r.home);
    return e;
}

int main(int argc, char **argv)
{
    static const struct program program = {"fax-spool", "COMMAND CODE [ID]", options, run, NULL};
    return program_main(&program, argc, argv);
}
