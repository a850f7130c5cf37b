#include "check.h"
#include "spool/maildir.h"
#include "spool/polled.h"
#include "tool/io.h"

#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/faxpipe-polled-XXXXXX";
static struct home home;
static struct store *store;
static struct spool *spool;
static char dir[HOME_PATH_MAX];
static const struct seen_key key = {"pop3s://mail.example", "alice", "", "uid-1"};

/* A station with the user 12, all in a directory of its own. */
static bool set_up(void)
{
    char path[HOME_PATH_MAX];
    struct user u;
    if (!mkdtemp(root) || setenv("FAXPIPE_HOME", root, 1) != 0)
        return false;
    snprintf(path, sizeof path, "%s/db", root);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/state", root);
    mkdir(path, 0700);
    user_defaults(&u);
    snprintf(u.code, sizeof u.code, "12");
    snprintf(u.login, sizeof u.login, "alice");
    return !home_open(&home, HOME_ANY, NULL) && !store_open(&home, STORE_MAKE, &store, NULL) &&
           !store_user_add(store, &u, 0, NULL) && !spool_make(&home, "12", NULL) &&
           !spool_open(&home, "12", &spool, NULL) && !spool_dir(&home, "12", dir, NULL);
}

static struct spool_delivery *begin(void)
{
    const char *dirs[] = {dir};
    struct spool_delivery *d;
    if (spool_delivery_begin(dirs, 1, SPOOL_OURS, &d, NULL))
        return NULL;
    spool_delivery_write(d, "mail\n", 5, NULL);
    return d;
}

static enum seen_state state(void)
{
    enum seen_state s = SEEN_COMING;
    CHECK(!polled_state(spool, store, &key, &s, NULL));
    return s;
}

static void a_mail_comes_once(void)
{
    CHECK_INT(state(), SEEN_NOT);
    struct spool_delivery *d = begin();
    CHECK(!polled_commit(d, store, &key, "12", NULL));
    CHECK(spool_has(spool, spool_delivery_name(d)));
    spool_delivery_free(d);
    CHECK_INT(state(), SEEN_DONE);
    CHECK(!store_seen_forget(store, &key, NULL));
    CHECK_INT(state(), SEEN_NOT);
}

/* As if killed between the row and the file. */
static void a_row_without_its_file_counts_for_nothing(void)
{
    CHECK(!store_seen_coming(store, &key, "12", "1.never.came", NULL));
    CHECK_INT(state(), SEEN_NOT);
    CHECK(!store_seen_forget(store, &key, NULL));
}

/* As if killed between the file and `seen`: the row is completed, also once the mail is held. */
static void a_row_with_its_file_is_completed(void)
{
    enum seen_state s;
    struct spool_delivery *d = begin();
    const char *name = spool_delivery_name(d);
    CHECK(!spool_delivery_sync(d, NULL));
    CHECK(!store_seen_coming(store, &key, "12", name, NULL));
    CHECK(!spool_delivery_commit(d, NULL));
    CHECK(!store_seen_get(store, &key, &s, NULL, NULL) && s == SEEN_COMING);
    CHECK(!spool_hold(spool, name, 4000000000, false, NULL));
    CHECK_INT(state(), SEEN_DONE);
    CHECK(!store_seen_get(store, &key, &s, NULL, NULL) && s == SEEN_DONE);
    spool_delivery_free(d);
}

static void one_polls_at_a_time(void)
{
    int first, second;
    CHECK(!polled_lock(&home, "12", &first, NULL));
    CHECK_INT(polled_lock(&home, "12", &second, NULL), ERR_AGAIN);
    CHECK_INT(second, -1);
    close(first);
    CHECK(!polled_lock(&home, "12", &second, NULL));
    close(second);
}

static void makes_a_maildir(void)
{
    char path[HOME_PATH_MAX], part[HOME_PATH_MAX + 8];
    struct stat st;
    snprintf(path, sizeof path, "%s/Maildir", root);
    CHECK(!spool_maildir_make(path, NULL));
    CHECK(!spool_maildir_make(path, NULL));
    snprintf(part, sizeof part, "%s/new", path);
    CHECK(stat(part, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700);
    CHECK_INT(spool_maildir_make("/dev/null/x", NULL), ERR_CREATE);
}

int main(void)
{
    if (!set_up()) {
        printf("not ok 1 - set up\n1..1\n");
        return 1;
    }
    RUN(a_mail_comes_once);
    RUN(a_row_without_its_file_counts_for_nothing);
    RUN(a_row_with_its_file_is_completed);
    RUN(one_polls_at_a_time);
    RUN(makes_a_maildir);
    spool_close(spool);
    store_close(store);
    home_close(&home);
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command) != 0 || check_done();
}
