/* What mailboxes have given, the journal, older and newer tables, two writers at once. */
#include "store/store.h"

#include "check.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct home home;
static struct why why;

static const char *in_home(const char *name)
{
    static char path[HOME_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", home.path, name);
    return path;
}

static void make_home(void)
{
    const char *tmp = getenv("TMPDIR");
    memset(&home, 0, sizeof home);
    snprintf(home.path, sizeof home.path, "%s/faxpipe-state-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(home.path) != NULL);
    CHECK_INT(mkdir(in_home("db"), 0750), 0);
    CHECK_INT(mkdir(in_home("state"), 0770), 0);
    CHECK_INT(conf_parse(span_str(""), &home.conf, &why), ERR_NONE);
}

static void remove_home(void)
{
    static const char *const names[] = {"db/users.db", "state/state.db", "db", "state", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        remove(in_home(names[i]));
    home_close(&home);
}

static struct store *opened(enum store_access access)
{
    struct store *s = NULL;
    CHECK_INT(store_open(&home, access, &s, &why), ERR_NONE);
    return s;
}

static const struct seen_key one = {"pop3://m", "alice", "", "uid1"};

static enum seen_state state_of(struct store *s, const struct seen_key *key, const char *file)
{
    enum seen_state state = SEEN_DONE;
    struct buf b;
    buf_init(&b, 100);
    CHECK_INT(store_seen_get(s, key, &state, &b, &why), ERR_NONE);
    CHECK(span_eq(buf_span(&b), span_str(file)));
    buf_release(&b);
    return state;
}

static void mails_are_coming_then_seen(void)
{
    make_home();
    struct store *s = opened(STORE_MAKE);
    struct seen_key two = one;
    two.validity = "7";
    CHECK_INT(state_of(s, &one, ""), SEEN_NOT);
    CHECK_INT(store_seen_done(s, &one, &why), ERR_NO);
    CHECK_INT(store_seen_coming(s, &one, "12", "f1", &why), ERR_NONE);
    CHECK_INT(state_of(s, &one, "f1"), SEEN_COMING);
    CHECK_INT(state_of(s, &two, ""), SEEN_NOT);
    CHECK_INT(store_seen_coming(s, &one, "12", "f2", &why), ERR_NONE);
    CHECK_INT(store_seen_done_file(s, "12", "f1", &why), ERR_NONE);
    CHECK_INT(state_of(s, &one, "f2"), SEEN_COMING);
    CHECK_INT(store_seen_done_file(s, "13", "f2", &why), ERR_NONE);
    CHECK_INT(state_of(s, &one, "f2"), SEEN_COMING);
    CHECK_INT(store_seen_done_file(s, "12", "f2", &why), ERR_NONE);
    CHECK_INT(state_of(s, &one, "f2"), SEEN_DONE);
    CHECK_INT(store_seen_forget(s, &one, &why), ERR_NONE);
    CHECK_INT(state_of(s, &one, ""), SEEN_NOT);
    store_close(s);
    remove_home();
}

static enum err join(void *arg, const char *validity, const char *uid, enum seen_state state,
                     int64_t when)
{
    CHECK(when > 1000000000);
    return buf_add_format(arg, "%s/%s/%d ", validity, uid, state);
}

static void a_mailboxs_rows_are_listed(void)
{
    make_home();
    struct store *s = opened(STORE_MAKE);
    struct buf b;
    buf_init(&b, 1000);
    static const struct seen_key keys[] = {
        {"u", "l", "2", "a"}, {"u", "l", "1", "z"}, {"u", "l", "1", "b"}, {"u", "x", "1", "b"}};
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(store_seen_coming(s, &keys[i], "12", "f", &why), ERR_NONE);
    CHECK_INT(store_seen_done(s, &keys[0], &why), ERR_NONE);
    CHECK_INT(store_seen_each(s, "u", "l", join, &b, &why), ERR_NONE);
    CHECK_STR(buf_cstr(&b), "1/b/1 1/z/1 2/a/2 ");
    buf_release(&b);
    store_close(s);
    remove_home();
}

static enum err take(void *arg, const struct journal_row *r)
{
    return buf_add_format(arg, "%s:%s:%s:%s:%d:%s ", r->code, r->mail, r->sender, r->result,
                          r->pages, r->note);
}

static void the_journal_is_filtered(void)
{
    make_home();
    struct store *s = opened(STORE_MAKE);
    struct buf b;
    buf_init(&b, 1000);
    struct journal_row r = {.when = 100, .code = "12", .mail = "m", .sender = "s",
                            .result = "held", .note = "n", .pages = 2};
    CHECK_INT(store_journal_add(s, &r, &why), ERR_NONE);
    r = (struct journal_row){.when = 200, .code = "15", .result = "printed", .pages = -1};
    CHECK_INT(store_journal_add(s, &r, &why), ERR_NONE);
    struct journal_filter f = {.since = 100, .until = 200};
    CHECK_INT(store_journal_list(s, &f, take, &b, &why), ERR_NONE);
    CHECK_STR(buf_cstr(&b), "12:m:s:held:2:n ");
    buf_clear(&b);
    f = (struct journal_filter){.code = "15"};
    CHECK_INT(store_journal_list(s, &f, take, &b, &why), ERR_NONE);
    CHECK_STR(buf_cstr(&b), "15:::printed:-1: ");
    buf_clear(&b);
    f = (struct journal_filter){.result = "nothing"};
    CHECK_INT(store_journal_list(s, &f, take, &b, &why), ERR_NONE);
    CHECK_INT(b.len, 0);
    buf_release(&b);
    store_close(s);
    remove_home();
}

static void sql(const char *file, const char *text)
{
    sqlite3 *db;
    CHECK_INT(sqlite3_open(in_home(file), &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* The tables as they were before there were aliases. */
static void older_tables_are_brought_up_to_date(void)
{
    make_home();
    struct store *s = opened(STORE_MAKE);
    struct user u, got;
    struct alias alias = {.name = "staff"};
    user_defaults(&u);
    snprintf(u.code, sizeof u.code, "12");
    snprintf(u.name, sizeof u.name, "Alice");
    CHECK_INT(store_user_add(s, &u, 0, &why), ERR_NONE);
    store_close(s);
    sql("db/users.db", "DROP TABLE alias_members; DROP TABLE aliases; PRAGMA user_version = 1");
    /* A reader may do it as well, when the file is his to write. */
    s = opened(STORE_WRITE);
    CHECK_INT(store_user_get(s, "12", &got, &why), ERR_NONE);
    CHECK_STR(got.name, "Alice");
    const char *members[] = {"a@b"};
    CHECK_INT(store_alias_set(s, &alias, members, 1, &why), ERR_NONE);
    store_close(s);
    sql("db/users.db", "PRAGMA user_version = 99");
    s = NULL;
    CHECK_INT(store_open(&home, STORE_READ, &s, &why), ERR_CONFIG);
    CHECK(strstr(why.text, "newer") != NULL);
    CHECK(s == NULL);
    remove_home();
}

static void what_is_no_table_is_refused(void)
{
    make_home();
    struct store *s = NULL;
    CHECK_INT(store_open(&home, STORE_READ, &s, &why), ERR_CONFIG);
    CHECK_INT(store_open(&home, STORE_WRITE, &s, &why), ERR_CONFIG);
    FILE *f = fopen(in_home("db/users.db"), "w");
    CHECK(f != NULL);
    if (f) {
        for (int i = 0; i < 5000; i++)
            fputs("no table ", f);
        fclose(f);
    }
    CHECK_INT(store_open(&home, STORE_MAKE, &s, &why), ERR_CONFIG);
    CHECK(s == NULL);
    remove_home();
}

enum { WRITERS = 4, EACH = 12 };

static int write_some(int k)
{
    struct store *s;
    if (store_open(&home, STORE_WRITE, &s, &why))
        return 1;
    for (int i = 0; i < EACH; i++) {
        struct user u;
        user_defaults(&u);
        snprintf(u.code, sizeof u.code, "%d-%d", k, i);
        snprintf(u.name, sizeof u.name, "%d %d", k, i);
        struct journal_row r = {.code = u.code, .result = "x", .pages = -1};
        if (store_user_add(s, &u, 0, &why) || store_journal_add(s, &r, &why))
            return 1;
        /* The same code from all of them: one wins. */
        snprintf(u.code, sizeof u.code, "same-%d", i);
        snprintf(u.name, sizeof u.name, "same %d", i);
        enum err e = store_user_add(s, &u, 0, &why);
        if (e && e != ERR_NO)
            return 1;
    }
    store_close(s);
    return 0;
}

static enum err count_row(void *arg, const struct journal_row *r)
{
    (void)r;
    ++*(int *)arg;
    return ERR_NONE;
}

static void several_writers_lose_nothing(void)
{
    make_home();
    store_close(opened(STORE_MAKE));
    pid_t pid[WRITERS];
    for (int k = 0; k < WRITERS; k++) {
        pid[k] = fork();
        if (pid[k] == 0)
            _exit(write_some(k));
    }
    for (int k = 0; k < WRITERS; k++) {
        int status = -1;
        CHECK(waitpid(pid[k], &status, 0) == pid[k] && status == 0);
    }
    struct store *s = opened(STORE_READ);
    unsigned n = 0;
    int rows = 0;
    struct journal_filter f = {.code = NULL};
    CHECK_INT(store_user_count(s, &n, &why), ERR_NONE);
    CHECK_INT(n, WRITERS * EACH + EACH);
    CHECK_INT(store_journal_list(s, &f, count_row, &rows, &why), ERR_NONE);
    CHECK_INT(rows, WRITERS * EACH);
    CHECK_INT(store_check(s, NULL, NULL, &why), ERR_NONE);
    store_close(s);
    remove_home();
}

int main(void)
{
    RUN(mails_are_coming_then_seen);
    RUN(a_mailboxs_rows_are_listed);
    RUN(the_journal_is_filtered);
    RUN(older_tables_are_brought_up_to_date);
    RUN(what_is_no_table_is_refused);
    RUN(several_writers_lose_nothing);
    return check_done();
}
