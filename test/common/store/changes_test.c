/* What a process without the tables sees of their changes. */
#include "store/changes.h"

#include "check.h"
#include "store/store.h"

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
    struct store *s = NULL;
    snprintf(home.path, sizeof home.path, "%s/faxpipe-changes-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(home.path) != NULL);
    CHECK_INT(mkdir(in_home("db"), 0750), 0);
    CHECK_INT(mkdir(in_home("state"), 0770), 0);
    CHECK_INT(conf_parse(span_str(""), &home.conf, &why), ERR_NONE);
    CHECK_INT(store_open(&home, STORE_MAKE, &s, &why), ERR_NONE);
    store_close(s);
}

static void remove_home(void)
{
    static const char *const names[] = {"db/users.db", "state/state.db", "db", "state", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        remove(in_home(names[i]));
    home_close(&home);
}

/* Another process writes, or is about to. */
static void in_another(const char *sql)
{
    int status;
    if (fork() == 0) {
        sqlite3 *db;
        int bad = sqlite3_open(in_home("db/users.db"), &db) ||
                  sqlite3_exec(db, sql, NULL, NULL, NULL);
        _exit(bad);
    }
    CHECK(wait(&status) > 0 && status == 0);
}

static const char insert[] = "INSERT INTO aliases (name, name_key, kind) VALUES ('a', 'a', 0);";
static const char taken_back[] = "BEGIN; DELETE FROM users; ROLLBACK;";

static void every_change_shows(void)
{
    make_home();
    struct store_changes *c = store_changes_open(&home);
    CHECK(c != NULL);
    uint64_t first = store_changes_count(c);
    CHECK(first != 0);
    in_another("SELECT count(*) FROM users;");
    in_another(taken_back);
    CHECK_INT(store_changes_count(c), first);
    in_another(insert);
    uint64_t second = store_changes_count(c);
    CHECK(second != 0 && second != first);
    in_another("DELETE FROM aliases;");
    CHECK(store_changes_count(c) != second && store_changes_count(c) != first);
    remove_home();
}

static void nothing_is_said_of_another_journal(void)
{
    make_home();
    struct store_changes *c = store_changes_open(&home);
    CHECK(store_changes_count(c) != 0);
    in_another("PRAGMA journal_mode = WAL; DELETE FROM aliases;");
    CHECK_INT(store_changes_count(c), 0);
    CHECK(store_changes_open(&home) == NULL);
    remove(in_home("db/users.db-wal"));
    remove(in_home("db/users.db-shm"));
    remove_home();
}

static void a_file_cut_off(void)
{
    make_home();
    struct store_changes *c = store_changes_open(&home);
    CHECK(store_changes_count(c) != 0);
    CHECK_INT(truncate(in_home("db/users.db"), 0), 0);
    CHECK_INT(store_changes_count(c), 0);
    CHECK_INT(store_changes_count(c), 0);
    CHECK(store_changes_open(&home) == NULL);
    remove_home();
    CHECK(store_changes_open(&home) == NULL);
}

int main(void)
{
    RUN(every_change_shows);
    RUN(nothing_is_said_of_another_journal);
    RUN(a_file_cut_off);
    return check_done();
}
