/* fuser: the shared user-registration database. See fuser(1). */
#include "policy/decide.h"
#include "policy/explain.h"
#include "seal/cms.h"
#include "seal/guard.h"
#include "seal/password.h"
#include "store/enrol.h"
#include "store/keys.h"
#include "store/print.h"
#include "store/store.h"
#include "store/transfer.h"
#include "tool/ask.h"
#include "tool/diag.h"
#include "tool/next.h"
#include "tool/program.h"
#include "tool/secret.h"
#include "tool/station.h"
#include "tool/status.h"
#include "tool/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_MAX = 64 << 20, OUT_FULL = 1 << 16 };

static struct {
    char *column[USER_COLUMNS]; /* in the order of user_columns; the code is an operand */
    struct secret_source password;
    char *release, *smime_key, *certificate, *cert, *as, *kind, *sender, *source, *occasion;
    char *user, *since, *until, *result, *id, *note, *with_secrets, *type;
    int json, tsv, csv, report, refuse, system, purge, spool_full, pages, valid, request, replace;
} opt = {.password = {.fd = -1}, .pages = -1};

#define COLUMN(i, name, words, arg) {name, 0, POPT_ARG_STRING, &opt.column[i], 0, words, arg}
#define TEXT(name, field, words, arg) {name, 0, POPT_ARG_STRING, &opt.field, 0, words, arg}
#define FLAG(name, field, words) {name, 0, POPT_ARG_NONE, &opt.field, 0, words, NULL}

static struct poptOption options[] = {
    COLUMN(1, "name", "display name, unique", "NAME"),
    COLUMN(2, "address", "mail address, unique", "ADDRESS"),
    COLUMN(3, "fax-number", "number of FAX= addresses", "NUMBER"),
    COLUMN(4, "login", "log-in ID of the mailbox", "LOGIN"),
    COLUMN(5, "mailbox", "pop3, pop3s, imap or imaps URL", "URL"),
    COLUMN(6, "submit", "smtp, smtps or lmtp URL", "URL"),
    COLUMN(7, "auto-receive", "automatic reception", "on|off"),
    COLUMN(8, "auto-print", "automatic printing", "on|off"),
    COLUMN(9, "days", "days to be saved, 1 to 31", "N"),
    COLUMN(10, "check-on-send", "check mail on transmission", "on|off"),
    COLUMN(11, "text-mail", "text mail reception", "on|off"),
    COLUMN(12, "encrypt", "encryption", "on|off"),
    COLUMN(13, "on-expiry", "when the days are over", "print|delete|forward"),
    COLUMN(14, "notice", "the reception notification", "print|mail|none"),
    COLUMN(15, "keep", "leave mail on the server", "on|off"),
    COLUMN(16, "keep-days", "for so long, 0: for ever", "N"),
    COLUMN(17, "printer", "queue, ipp URL or directory", "NAME"),
    COLUMN(18, "follow", "pass everything on to ADDRESS", "ADDRESS"),
    COLUMN(19, "expiry-address", "where on-expiry forwards to", "ADDRESS"),
    COLUMN(20, "mdn", "message disposition notifications", "never|on-print"),
    COLUMN(21, "sealed", "sealed", "on|off"),
    COLUMN(22, "sub-address", "T33S sub-address", "DIGITS"),
    COLUMN(23, "unix-user", "whose terminals SEND looks for", "NAME"),
    COLUMN(24, "domains", "domains the user may ask for", "LIST"),
    COLUMN(25, "language", "language of notices", "TAG"),
    SECRET_OPTIONS(opt.password),
    TEXT("release-password-file", release, "set the release password apart", "FILE"),
    TEXT("smime-key", smime_key, "the user's S/MIME key (PEM)", "FILE"),
    TEXT("certificate", certificate, "the user's certificate (PEM)", "FILE"),
    TEXT("cert", cert, "the recipient's certificate (PEM)", "FILE"),
    TEXT("type", type, "key make: of this kind", "rsa3072|p256"),
    {"valid-days", 0, POPT_ARG_INT, &opt.valid, 0, "key make: valid for N days (1095)", "N"},
    FLAG("request", request, "key make, export: a request for a CA"),
    FLAG("replace", replace, "key make, import: instead of the key that is there"),
    TEXT("as", as, "what the alias is", "list|forward|moved"),
    FLAG("refuse", refuse, "take no mail from this sender"),
    TEXT("kind", kind, "of mail to explain", "text|fax|mixed"),
    TEXT("sender", sender, "of mail to explain, of a journal row", "ADDRESS"),
    TEXT("source", source, "where it waits", "polled|pushed"),
    TEXT("occasion", occasion, "what makes us look", "automatic|manual|sent"),
    FLAG("spool-full", spool_full, "as if the spool were over its limit"),
    TEXT("user", user, "only this user's rows", "CODE"),
    TEXT("since", since, "rows from TIME on", "TIME"),
    TEXT("until", until, "rows before TIME", "TIME"),
    TEXT("result", result, "only these rows; of a new row", "WORD"),
    TEXT("id", id, "of the mail, of a new row", "ID"),
    {"pages", 0, POPT_ARG_INT, &opt.pages, 0, "of the mail, of a new row", "N"},
    TEXT("note", note, "of a new row", "TEXT"),
    FLAG("json", json, "print JSON"),
    FLAG("tsv", tsv, "print tab-separated columns"),
    FLAG("csv", csv, "print comma-separated columns"),
    FLAG("report", report, "print sums for each user and result"),
    TEXT("with-secrets", with_secrets, "export, key export: secrets too, into FILE (0600)", "FILE"),
    FLAG("system", system, "init: the station of the whole machine"),
    FLAG("purge", purge, "remove: the user's mail too"),
    POPT_TABLEEND,
};

/* What every command works on. */
static struct home home;
static struct store *store;
static struct buf out;
static struct enrolment given;

static enum err drain(struct buf *b)
{
    if (b->len >= OUT_FULL) {
        fwrite(b->data, 1, b->len, stdout);
        buf_clear(b);
    }
    return ferror(stdout) ? ERR_IO : ERR_NONE;
}

static enum listing_format format(void)
{
    return opt.json ? LISTING_JSON : opt.tsv ? LISTING_TSV : opt.csv ? LISTING_CSV : LISTING_PLAIN;
}

static const struct print *printer(void)
{
    static struct print p;
    p = (struct print){store, format(), &out, drain};
    return &p;
}

/* ---- Users ---- */

static enum err apply_options(struct user *u, struct why *why)
{
    enum err e = ERR_NONE;
    /* fuser never runs the command: it is the column. */
    opt.column[USER_COLUMNS - 1] = opt.password.command;
    for (int i = 1; i < USER_COLUMNS && !e; i++)
        if (opt.column[i])
            e = user_set(u, &user_columns[i], span_str(opt.column[i]), why);
    return e;
}

/* The secrets and files that options name: read before root becomes the station's owner. */
static enum err read_given(bool any_form, struct why *why)
{
    const char *cert = opt.certificate ? opt.certificate : opt.cert;
    struct enrolment_files files = {opt.password, opt.release, opt.smime_key, cert,
                                    any_form};
    struct why reason = {""};
    files.password.command = NULL;
    enum err e = enrolment_read(&given, &files, why);
    if (e || any_form)
        return e;
    if (given.key.len && seal_vault.pem(buf_span(&given.key), false, &reason))
        e = why_set(why, ERR_DATA, "%.300s: %.200s", opt.smime_key, reason.text);
    if (!e && given.cert.len && seal_vault.pem(buf_span(&given.cert), true, &reason))
        e = why_set(why, ERR_DATA, "%.300s: %.200s", cert, reason.text);
    return e;
}

/* Where it is not the column, --password-command is run as well. */
static enum err run_given(struct why *why)
{
    return opt.password.command ? secret_read(&opt.password, NULL, &given.password, why) : ERR_NONE;
}

static const char no_password[] = "no password: --password-file, --password-fd or "
                                  "--password-command";
static enum err not_empty(struct why *why)
{
    bool is_read = opt.password.file || opt.password.fd >= 0;
    return is_read && given.password.len == 0 ? why_set(why, ERR_USAGE, "the password is empty")
                                              : ERR_NONE;
}

static const char no_release[] = "--password-command needs a --release-password-file";

static enum err do_add(const char **arg, struct why *why)
{
    struct user *u = &given.user;
    if (!arg[0] && ask_possible())
        return store_enrol_dialogue(store, &seal_vault, why);
    if (!arg[0])
        return why_set(why, ERR_USAGE, "user code missing");
    enum err e = user_set(u, &user_columns[0], span_str(arg[0]), why);
    if (!e)
        e = apply_options(u, why);
    if (!e && !u->login[0])
        e = why_set(why, ERR_USAGE, "--login missing");
    if (!e && !secret_given(&opt.password))
        e = why_set(why, ERR_USAGE, no_password);
    if (!e && u->password_command[0] && !opt.release)
        e = why_set(why, ERR_USAGE, no_release);
    if (!e && !u->name[0])
        e = user_set(u, &user_columns[1], span_str(u->code), why);
    if (!e)
        e = enrolment_defaults(&given, &home, opt.column[13] != NULL, why);
    if (!e)
        e = not_empty(why);
    return e ? e : store_enrol(store, &seal_vault, &given, why);
}

static enum err do_edit(const char **arg, struct why *why)
{
    struct user *u = &given.user;
    bool apart = false;
    enum err e = store_user_get(store, arg[0], u, why);
    if (!e)
        e = apply_options(u, why);
    if (!e)
        e = store_user_release_apart(store, u->code, &apart, why);
    if (!e && u->password_command[0] && !apart && !opt.release)
        e = why_set(why, ERR_USAGE, no_release);
    if (!e)
        e = not_empty(why);
    return e ? e : store_enrol_edit(store, &seal_vault, &given, why);
}

/* Twice on the terminal, or as options say. */
static enum err new_password(struct why *why)
{
    if (secret_given(&opt.password) || opt.release)
        return run_given(why);
    return ask_possible() ? enrolment_ask_password(&given, why)
                          : why_set(why, ERR_USAGE, no_password);
}

static enum err do_passwd(const char **arg, struct why *why)
{
    enum err e = store_user_get(store, arg[0], &given.user, why);
    if (!e)
        e = new_password(why);
    if (!e && given.password.len == 0 && !opt.release)
        e = why_set(why, ERR_USAGE, "the password is empty");
    return e ? e : store_enrol_edit(store, &seal_vault, &given, why);
}

static enum err do_remove(const char **arg, struct why *why)
{
    struct user u;
    unsigned mails = 0;
    enum err e = store_user_get(store, arg[0], &u, why);
    if (!e)
        e = station_user_mails(&home, u.code, &mails, why);
    /* Who gets the code next must not find another's mail. */
    if (!e && mails && !opt.purge)
        e = why_set(why, ERR_NO, "%u mails in the spool: --purge removes them too", mails);
    if (!e)
        e = store_user_remove(store, u.code, why);
    return e ? e : station_user_remove(&home, u.code, why);
}

static enum err do_list(const char **arg, struct why *why)
{
    (void)arg;
    return store_print_users(printer(), why);
}

static enum err do_show(const char **arg, struct why *why)
{
    struct user u;
    struct listing l;
    enum err e = store_user_get(store, arg[0], &u, why);
    if (e)
        return e;
    if (format() == LISTING_PLAIN)
        return user_show(&u, &out);
    listing_begin(&l, format(), user_column_names, USER_COLUMNS, &out);
    user_list_row(&l, &u, NULL, 0);
    return listing_end(&l);
}

static enum err do_get(const char **arg, struct why *why)
{
    struct user u;
    const struct column *c = user_column(span_str(arg[1]));
    if (strcmp(arg[1], "password") == 0 || strcmp(arg[1], "smime-key") == 0)
        return why_set(why, ERR_USAGE, "%s: is not shown", arg[1]);
    if (strcmp(arg[1], "certificate") == 0)
        return store_user_certificate(store, arg[0], &out, why);
    if (!c)
        return why_set(why, ERR_USAGE, "%s: no such field", arg[1]);
    enum err e = store_user_get(store, arg[0], &u, why);
    if (!e)
        e = user_text(&u, c, &out);
    return e ? e : buf_add_byte(&out, '\n');
}

static enum err do_verify(const char **arg, struct why *why)
{
    struct buf *password = &given.password;
    bool is_read = opt.password.file || opt.password.fd >= 0;
    enum err e = is_read ? ERR_NONE : secret_read(&opt.password, "password: ", password, why);
    return e ? e : store_user_admit(store, &seal_vault, arg[0], buf_span(password), why);
}

static enum err do_explain(const char **arg, struct why *why)
{
    struct mail_rows rows;
    struct decision d;
    struct mail_case c = {.kind = KIND_FAX, .spool_full = opt.spool_full};
    enum err e = case_words(&c, opt.kind, opt.source, opt.occasion, why);
    if (!e)
        e = store_mail_case(store, arg[0], opt.sender, &rows, &c, why);
    if (e)
        return e;
    decide(&c, &d);
    return opt.json ? explain_json(&rows.user, &d, &out) : explain_plain(&d, &out);
}

/* ---- Rules ---- */

static enum err pattern_of(const char *text, char *pattern, size_t size, struct why *why)
{
    if (sender_pattern(span_str(text), pattern, size))
        return ERR_NONE;
    return why_set(why, ERR_USAGE, "%s: not an address, @domain, fax number or <>", text);
}

static enum err sender_set(const char **arg, struct why *why)
{
    struct sender_row row;
    enum err e = pattern_of(arg[0], row.pattern, sizeof row.pattern, why);
    if (!e)
        e = sender_words(&row.rule, opt.column[8], opt.column[11], opt.refuse, why);
    if (!e && !user_code_valid(span_str(arg[1])))
        return why_set(why, ERR_NO_USER, "%s: no such user", arg[1]);
    snprintf(row.code, sizeof row.code, "%s", arg[1]);
    return e ? e : store_sender_set(store, &row, why);
}

static enum err sender_list(const char **arg, struct why *why)
{
    return store_print_senders(printer(), arg[0], why);
}

static enum err sender_remove(const char **arg, struct why *why)
{
    char pattern[USER_ADDRESS_MAX + 1];
    enum err e = pattern_of(arg[0], pattern, sizeof pattern, why);
    return e ? e : store_sender_remove(store, arg[1], pattern, why);
}

static enum err encryption_set(const char **arg, struct why *why)
{
    char pattern[USER_ADDRESS_MAX + 1] = "";
    enum cms_method method;
    if (!cms_method_named(span_str(arg[1]), &method))
        return why_set(why, ERR_USAGE, "%s: not none, smime-aes256-gcm or smime-aes256-cbc",
                       arg[1]);
    if (strcmp(arg[0], "default") != 0 &&
        (!sender_pattern(span_str(arg[0]), pattern, sizeof pattern) || !strchr(pattern, '@')))
        return why_set(why, ERR_USAGE, "%s: not an address, @domain or default", arg[0]);
    if (method != CMS_METHOD_NONE && !opt.cert)
        return why_set(why, ERR_USAGE, "%s needs a --cert", arg[1]);
    enum err e = given.cert.len ? cms_certs_check(buf_span(&given.cert), arg[0], 0, why) : ERR_NONE;
    return e ? e : store_encryption_set(store, arg[0], arg[1], buf_span(&given.cert), why);
}

static enum err encryption_list(const char **arg, struct why *why)
{
    (void)arg;
    return store_print_encryptions(printer(), why);
}

static enum err encryption_remove(const char **arg, struct why *why)
{
    return store_encryption_remove(store, arg[0], why);
}

static enum err alias_set(const char **arg, struct why *why)
{
    return store_alias_define(store, arg[0], opt.as ? opt.as : "list", arg + 1, why);
}

static enum err alias_list(const char **arg, struct why *why)
{
    (void)arg;
    return store_print_aliases(printer(), why);
}

static enum err alias_remove(const char **arg, struct why *why)
{
    return store_alias_remove(store, arg[0], why);
}

/* ---- Keys ---- */

static enum err key_make_pair(const char **arg, struct why *why)
{
    const struct key_order order = {opt.type, opt.valid, opt.replace, opt.request};
    return store_key_make(store, &seal_vault, &seal_keys, arg[0], &order, &out, why);
}

static enum err key_take(const char **arg, struct why *why)
{
    enum err e = run_given(why);
    const struct key_gift gift = {buf_span(&given.key), buf_span(&given.cert),
                                  buf_span(&given.password), opt.replace};
    if (!gift.key.n && !gift.certs.n)
        return why_set(why, ERR_USAGE, "nothing to import: --smime-key, --certificate");
    return e ? e : store_key_import(store, &seal_vault, &seal_keys, arg[0], &gift, why);
}

static enum err key_give(const char **arg, struct why *why)
{
    enum err e = run_given(why);
    if (!e && opt.with_secrets)
        return store_key_export_file(store, &seal_vault, &seal_keys, arg[0],
                                     buf_span(&given.password), opt.with_secrets, why);
    return e ? e : store_key_export(store, &seal_vault, &seal_keys, arg[0], opt.request, &out, why);
}

/* ---- The journal ---- */

static enum err journal_list(const char **arg, struct why *why)
{
    struct journal_filter f = {.code = opt.user, .result = opt.result};
    (void)arg;
    enum err e = opt.since ? when_parse(opt.since, &f.since, why) : ERR_NONE;
    if (!e && opt.until)
        e = when_parse(opt.until, &f.until, why);
    if (e)
        return e;
    return opt.report ? store_print_report(printer(), &f, why)
                      : store_print_journal(printer(), &f, why);
}

static enum err journal_add(const char **arg, struct why *why)
{
    struct user u;
    if (!opt.result || !*opt.result)
        return why_set(why, ERR_USAGE, "--result missing");
    enum err e = store_user_get(store, arg[0], &u, why);
    struct journal_row row = {.code = u.code, .mail = opt.id, .sender = opt.sender,
                              .result = opt.result, .note = opt.note, .pages = opt.pages};
    return e ? e : store_journal_add(store, &row, why);
}

/* ---- All of it ---- */

static enum err do_export(const char **arg, struct why *why)
{
    (void)arg;
    return opt.with_secrets ? store_export_file(store, &seal_vault, opt.with_secrets, why)
                            : store_export(store, NULL, &out, why);
}

static enum err do_import(const char **arg, struct why *why)
{
    return store_import_file(store, &seal_vault, &seal_keys, arg[0] ? arg[0] : "-", why);
}

static enum err do_backup(const char **arg, struct why *why)
{
    return store_backup(store, arg[0], why);
}

static enum err do_init(const char **arg, struct why *why)
{
    (void)arg;
    const char *name = getenv("FAXPIPE_HOME");
    bool named = name && *name;
    bool system = opt.system || (geteuid() == 0 && !named);
    enum err e = home_find(&home, why);
    if (!e && system && !named)
        snprintf(home.path, sizeof home.path, "%s", "/var/lib/faxpipe");
    return e ? e : store_make_station(&home, system, why);
}

static enum err do_setting(const char **arg, struct why *why)
{
    return conf_show(home.conf, arg[0], &out, why);
}

static void report(void *arg, const char *fault)
{
    (void)arg;
    if (!buf_add_str(&out, fault))
        buf_add_byte(&out, '\n');
}

static enum err do_check(const char **arg, struct why *why)
{
    unsigned faults = 0;
    (void)arg;
    enum err e = store_check_station(&home, &seal_vault, report, NULL, &faults, why);
    if (!e && faults)
        e = why_set(why, ERR_NO, "%u fault%s", faults, faults == 1 ? "" : "s");
    return e;
}

/* ---- Which command ---- */

enum opens { OPENS_NOTHING, OPENS_HOME, OPENS_TO_READ, OPENS_TO_WRITE };

static const struct command {
    const char *name, *second; /* second: "sender set"; NULL when there is none */
    int min, max;              /* operands behind the words; max -1: any number */
    enum opens opens;
    enum err (*run)(const char **arg, struct why *why);
} commands[] = {
    {"init", NULL, 0, 0, OPENS_NOTHING, do_init},
    {"check", NULL, 0, 0, OPENS_HOME, do_check},
    {"setting", NULL, 1, 1, OPENS_HOME, do_setting},
    {"backup", NULL, 1, 1, OPENS_TO_READ, do_backup},
    {"add", NULL, 0, 1, OPENS_TO_WRITE, do_add},
    {"edit", NULL, 1, 1, OPENS_TO_WRITE, do_edit},
    {"remove", NULL, 1, 1, OPENS_TO_WRITE, do_remove},
    {"list", NULL, 0, 0, OPENS_TO_READ, do_list},
    {"show", NULL, 1, 1, OPENS_TO_READ, do_show},
    {"get", NULL, 2, 2, OPENS_TO_READ, do_get},
    {"passwd", NULL, 1, 1, OPENS_TO_WRITE, do_passwd},
    {"verify", NULL, 1, 1, OPENS_TO_READ, do_verify},
    {"explain", NULL, 1, 1, OPENS_TO_READ, do_explain},
    {"import", NULL, 0, 1, OPENS_TO_WRITE, do_import},
    {"export", NULL, 0, 0, OPENS_TO_READ, do_export},
    {"sender", "set", 2, 2, OPENS_TO_WRITE, sender_set},
    {"sender", "list", 0, 1, OPENS_TO_READ, sender_list},
    {"sender", "remove", 2, 2, OPENS_TO_WRITE, sender_remove},
    {"encryption", "set", 2, 2, OPENS_TO_WRITE, encryption_set},
    {"encryption", "list", 0, 0, OPENS_TO_READ, encryption_list},
    {"encryption", "remove", 1, 1, OPENS_TO_WRITE, encryption_remove},
    {"key", "make", 1, 1, OPENS_TO_WRITE, key_make_pair},
    {"key", "import", 1, 1, OPENS_TO_WRITE, key_take},
    {"key", "export", 1, 1, OPENS_TO_READ, key_give},
    {"alias", "set", 2, -1, OPENS_TO_WRITE, alias_set},
    {"alias", "list", 0, 0, OPENS_TO_READ, alias_list},
    {"alias", "remove", 1, 1, OPENS_TO_WRITE, alias_remove},
    {"journal", "add", 1, 1, OPENS_TO_READ, journal_add},
    {"journal", NULL, 0, 0, OPENS_TO_READ, journal_list},
};

static const struct command *command_of(const struct operands *o)
{
    for (size_t i = 0; o->count && i < sizeof commands / sizeof *commands; i++) {
        const struct command *c = &commands[i];
        if (strcmp(c->name, o->list[0]) == 0 &&
            (!c->second || (o->count > 1 && strcmp(c->second, o->list[1]) == 0)))
            return c;
    }
    return NULL;
}

static enum err run_command(const struct command *c, const char **arg, struct why *why)
{
    enum err e = read_given(c->run == key_take, why);
    if (!e && c->opens != OPENS_NOTHING)
        e = home_open(&home, c->opens == OPENS_HOME ? HOME_KEEP_ROOT : HOME_ANY, why);
    if (!e && c->opens >= OPENS_TO_READ)
        e = store_open(&home, c->opens == OPENS_TO_WRITE ? STORE_WRITE : STORE_READ, &store, why);
    return e ? e : c->run(arg, why);
}

static enum err run(const struct operands *o)
{
    struct why why = {""};
    const struct command *c = command_of(o);
    if (!c) {
        diag_error(o->count ? "%s: no such command (this is faxpipe's fuser)"
                            : "%scommand missing (this is faxpipe's fuser)",
                   o->count ? o->list[0] : "");
        return ERR_USAGE;
    }
    int words = c->second ? 2 : 1;
    struct operands rest = {o->count - words, o->list + words};
    enum err e = operands_check(&rest, c->min, c->max < 0 ? rest.count : c->max);
    if (e)
        return e;
    guard_keys();
    buf_init(&out, OUT_MAX);
    enrolment_init(&given);
    e = run_command(c, rest.list, &why);
    if (out.len && (!e || e == ERR_NO))
        fwrite(out.data, 1, out.len, stdout);
    store_close(store);
    home_close(&home);
    enrolment_release(&given);
    buf_wipe(&out);
    return diag_fail(e, &why, "%s%s%s", c->name, c->second ? " " : "", c->second ? c->second : "");
}

/* psmisc's fuser takes options first, paths, and N/tcp: what cannot be a command of ours is its. */
static bool is_psmisc(const char *first)
{
    static const char *const ours[] = {"--help", "--usage", "--version", "--list-options"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcmp(first, ours[i]) == 0)
            return false;
    return first[0] == '-' || strchr(first, '/') != NULL;
}

int main(int argc, char **argv)
{
    static const struct program program = {"fuser", "COMMAND [CODE] [OPTIONS]", options, run, NULL};
    if (argc > 1 && is_psmisc(argv[1])) {
        struct why why = {""};
        diag_init("fuser", false, false);
        next_program("fuser", argv, &why);
        diag_error("%s: this is faxpipe's fuser, and there is %s", argv[1], why.text);
        return status_of(ERR_USAGE);
    }
    return program_main(&program, argc, argv);
}
