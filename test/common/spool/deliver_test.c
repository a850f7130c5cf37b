#include "spool/deliver.h"
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <utime.h>
#include <time.h>
#include <unistd.h>

static char top[256];

static const char *at(const char *below)
{
    static char path[8][512];
    static unsigned n;
    n = (n + 1) % 8;
    snprintf(path[n], sizeof path[n], "%s/%s", top, below);
    return path[n];
}

static void make_maildir(const char *name)
{
    static const char *const subs[] = {"", "/tmp", "/new", "/cur"};
    for (int i = 0; i < 4; i++) {
        char sub[64];
        snprintf(sub, sizeof sub, "%s%s", name, subs[i]);
        mkdir(at(sub), 0700);
    }
}

static int files_in(const char *sub)
{
    int n = 0;
    DIR *dir = opendir(at(sub));
    const struct dirent *d;
    while (dir && (d = readdir(dir)))
        n += d->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return n;
}

static long file_size(const char *sub, const char *name, mode_t *mode)
{
    char path[600];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", at(sub), name);
    if (stat(path, &st) != 0)
        return -1;
    if (mode)
        *mode = st.st_mode & 07777;
    return (long)st.st_size;
}

static void delivers_to_one(void)
{
    struct spool_delivery *d;
    struct why why = {""};
    mode_t mode = 0;
    make_maildir("a");
    const char *dirs[] = {at("a")};
    mode_t mask = umask(077);
    CHECK_INT(spool_delivery_begin(dirs, 1, SPOOL_OURS, &d, &why), ERR_NONE);
    umask(mask);
    char name[SPOOL_NAME_MAX + 1];
    snprintf(name, sizeof name, "%s", spool_delivery_name(d));
    CHECK_INT(spool_delivery_write(d, "hello\n", 6, &why), ERR_NONE);
    CHECK_INT(files_in("a/new"), 0);
    CHECK_INT(spool_delivery_sync(d, &why), ERR_NONE);
    CHECK_INT(files_in("a/new"), 0);
    CHECK_INT(file_size("a/tmp", name, NULL), 6);
    CHECK_INT(spool_delivery_commit(d, &why), ERR_NONE);
    CHECK_INT(spool_delivery_size(d), 6);
    CHECK_INT(files_in("a/tmp"), 0);
    CHECK_INT(file_size("a/new", name, &mode), 6);
    CHECK_INT(mode, 0640);
    CHECK_INT(spool_delivery_commit(d, &why), ERR_BUG);
    spool_delivery_free(d);
    CHECK_INT(files_in("a/new"), 1);
    CHECK(!strpbrk(name, "/:,") && name[0] != '.' && name[0] != '-');
}

static void delivers_to_many_once_each(void)
{
    struct spool_delivery *d;
    struct why why = {""};
    static char page[200000];
    make_maildir("m1");
    make_maildir("m2");
    make_maildir("m3");
    const char *dirs[] = {at("m1"), at("m2"), at("m1"), at("m3")};
    CHECK_INT(spool_delivery_begin(dirs, 4, SPOOL_FOREIGN, &d, &why), ERR_NONE);
    char name[SPOOL_NAME_MAX + 1];
    snprintf(name, sizeof name, "%s", spool_delivery_name(d));
    for (size_t i = 0; i < sizeof page; i += 1000)
        CHECK_INT(spool_delivery_write(d, page + i, 1000, &why), ERR_NONE);
    CHECK_INT(spool_delivery_commit(d, &why), ERR_NONE);
    spool_delivery_free(d);
    static const char *const news[] = {"m1/new", "m2/new", "m3/new"};
    for (int i = 0; i < 3; i++) {
        mode_t mode = 0;
        CHECK_INT(files_in(news[i]), 1);
        CHECK_INT(file_size(news[i], name, &mode), sizeof page);
        CHECK_INT(mode, 0600);
    }
    CHECK_INT(files_in("m1/tmp") + files_in("m2/tmp") + files_in("m3/tmp"), 0);
}

static void aborted_leaves_nothing(void)
{
    struct spool_delivery *d;
    struct why why = {""};
    make_maildir("b");
    const char *dirs[] = {at("b")};
    CHECK_INT(spool_delivery_begin(dirs, 1, SPOOL_OURS, &d, &why), ERR_NONE);
    CHECK_INT(spool_delivery_write(d, "x", 1, &why), ERR_NONE);
    spool_delivery_free(d);
    CHECK_INT(files_in("b/new") + files_in("b/tmp"), 0);
    CHECK_INT(spool_delivery_begin(dirs, 1, SPOOL_OURS, &d, &why), ERR_NONE);
    CHECK_INT(spool_delivery_sync(d, &why), ERR_NONE);
    spool_delivery_free(d);
    CHECK_INT(files_in("b/new") + files_in("b/tmp"), 0);
    spool_delivery_free(NULL);
}

/* The second spool cannot take it: the first must not have it either. */
static void all_or_none(void)
{
    struct spool_delivery *d;
    struct why why = {""};
    make_maildir("c1");
    make_maildir("c2");
    const char *dirs[] = {at("c1"), at("c2")};
    rmdir(at("c2/new"));
    CHECK_INT(spool_delivery_begin(dirs, 2, SPOOL_OURS, &d, &why), ERR_NONE);
    CHECK_INT(spool_delivery_commit(d, &why), ERR_CREATE);
    CHECK(why.text[0] != '\0');
    spool_delivery_free(d);
    CHECK_INT(files_in("c1/new") + files_in("c1/tmp") + files_in("c2/tmp"), 0);
    const char *missing[] = {at("nowhere")};
    CHECK_INT(spool_delivery_begin(missing, 1, SPOOL_OURS, &d, &why), ERR_CREATE);
    CHECK(d == NULL);
}

static void never_overwrites(void)
{
    struct spool_delivery *d;
    struct why why = {""};
    char path[600];
    make_maildir("o");
    const char *dirs[] = {at("o")};
    CHECK_INT(spool_delivery_begin(dirs, 1, SPOOL_OURS, &d, &why), ERR_NONE);
    CHECK_INT(spool_delivery_write(d, "second", 6, &why), ERR_NONE);
    snprintf(path, sizeof path, "%s/%s", at("o/new"), spool_delivery_name(d));
    FILE *f = fopen(path, "w");
    CHECK(f && fputs("first!!", f) >= 0 && fclose(f) == 0);
    CHECK_INT(spool_delivery_commit(d, &why), ERR_CREATE);
    CHECK_INT(file_size("o/new", spool_delivery_name(d), NULL), 7);
    spool_delivery_free(d);
    CHECK_INT(files_in("o/new"), 1);
}

static void a_full_disk_is_told(void)
{
    struct spool_delivery *d;
    struct why why = {""};
    static char page[300000];
    struct rlimit old, small = {100000, 100000};
    make_maildir("f");
    const char *dirs[] = {at("f")};
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    signal(SIGXFSZ, SIG_IGN);
    CHECK_INT(spool_delivery_begin(dirs, 1, SPOOL_OURS, &d, &why), ERR_NONE);
    spool_delivery_write(d, page, sizeof page, &why);
    CHECK_INT(spool_delivery_commit(d, &why), ERR_IO);
    spool_delivery_free(d);
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK_INT(files_in("f/new") + files_in("f/tmp"), 0);
}

static void clears_what_is_stale(void)
{
    struct spool_delivery *d;
    struct why why = {""};
    struct utimbuf old = {time(NULL) - 37 * 3600, time(NULL) - 37 * 3600};
    make_maildir("s");
    const char *dirs[] = {at("s")};
    close(open(at("s/tmp/old"), O_CREAT | O_WRONLY, 0600));
    close(open(at("s/tmp/young"), O_CREAT | O_WRONLY, 0600));
    utime(at("s/tmp/old"), &old);
    CHECK_INT(spool_delivery_begin(dirs, 1, SPOOL_OURS, &d, &why), ERR_NONE);
    CHECK(access(at("s/tmp/old"), F_OK) != 0);
    CHECK(access(at("s/tmp/young"), F_OK) == 0);
    spool_delivery_free(d);
}

/* A mail to one has no name before its last; a mail to two has. */
static void without_syncs(void)
{
    static char page[200000];
    make_maildir("n1");
    make_maildir("n2");
    for (size_t count = 1; count <= 2; count++) {
        for (int commit = 0; commit < 2; commit++) {
            struct spool_delivery *d;
            struct why why = {""};
            mode_t mode = 0, mask = umask(077);
            unsigned flags = SPOOL_NO_SYNC | (commit ? SPOOL_LATE : 0);
            int before = files_in("n1/new");
            const char *dirs[] = {at("n1"), at("n2")};
            CHECK_INT(spool_delivery_begin(dirs, count, flags, &d, &why), ERR_NONE);
            CHECK_INT(spool_delivery_write(d, page, sizeof page, &why), ERR_NONE);
            CHECK_INT(spool_delivery_write(d, "x", 1, &why), ERR_NONE);
            umask(mask);
            CHECK_INT(spool_delivery_sync(d, &why), ERR_NONE);
            CHECK_INT(files_in("n1/new"), before);
            if (commit) {
                CHECK_INT(spool_delivery_commit(d, &why), ERR_NONE);
                CHECK_INT(file_size("n1/new", spool_delivery_name(d), &mode), sizeof page + 1);
                CHECK_INT(mode, 0640);
            }
            spool_delivery_free(d);
            CHECK_INT(files_in("n1/new"), before + commit);
            CHECK_INT(files_in("n1/tmp") + files_in("n2/tmp"), 0);
        }
    }
    CHECK_INT(files_in("n2/new"), 1);
}

static void names_differ_and_sort(void)
{
    char last[SPOOL_NAME_MAX + 1] = "", name[SPOOL_NAME_MAX + 1];
    for (int i = 0; i < 1000; i++) {
        CHECK_INT(spool_name_make(name, NULL), ERR_NONE);
        CHECK(strcmp(name, last) != 0);
        CHECK(strncmp(name, last, 10) >= 0);
        memcpy(last, name, sizeof last);
    }
}

int main(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(top, sizeof top, "%s/deliver_test.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(top))
        return 1;
    RUN(delivers_to_one);
    RUN(delivers_to_many_once_each);
    RUN(aborted_leaves_nothing);
    RUN(all_or_none);
    RUN(never_overwrites);
    RUN(a_full_disk_is_told);
    RUN(clears_what_is_stale);
    RUN(without_syncs);
    RUN(names_differ_and_sort);
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", top);
    return check_done() | (system(command) != 0);
}
