#include "check.h"
#include "net/undo.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[32], path[64];
static int mbox, look, undo;

static void set_up(const char *before)
{
    struct why why = {""};
    snprintf(directory, sizeof directory, "/tmp/undo_test.XXXXXX");
    CHECK(mkdtemp(directory) != NULL);
    snprintf(path, sizeof path, "%s/box", directory);
    mbox = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    look = open(path, O_RDONLY);
    CHECK(write(mbox, before, strlen(before)) == (ssize_t)strlen(before));
    CHECK_INT(undo_open(path, &undo, &why), ERR_NONE);
}

static void tear_down(void)
{
    close(mbox);
    close(look);
    close(undo);
    unlink(path);
    snprintf(path, sizeof path, "%s/.box.faxpipe", directory);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(rmdir(directory), 0);
}

static long long size_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? (long long)st.st_size : -1;
}

static void append(const char *text, size_t n)
{
    CHECK(write(mbox, text, n) == (ssize_t)n);
}

static const char before[] = "From a Thu Jan  1 00:00:00 1970\nold\n\n";
static const char foreign[] = "From b Thu Jan  1 00:00:00 1970\n\n";
static char mail[200];

static void make_mail(void)
{
    int n = snprintf(mail, sizeof mail, "From s@x Thu Jan  1 00:00:00 1970\nSubject: %s\n\n", "new");
    memset(mail + n, 'x', sizeof mail - (size_t)n);
}

static void begin(void)
{
    struct why why = {""};
    off_t at = (off_t)size_of(mbox);
    CHECK_INT(undo_begin(undo, at, -1, span_of(mail, sizeof mail), &why), ERR_NONE);
}

/* Cut anywhere, the part goes; a whole mail stays. */
static void every_part(void)
{
    set_up(before);
    make_mail();
    long long old = size_of(mbox);
    for (size_t n = 0; n < sizeof mail; n++) {
        begin();
        append(mail, n);
        CHECK_INT(undo_recover(undo, look, mbox), n > 0);
        CHECK_INT(size_of(mbox), old);
        CHECK_INT(size_of(undo), 0);
        CHECK(!undo_recover(undo, look, mbox));
    }
    begin();
    append(mail, sizeof mail);
    CHECK(!undo_recover(undo, look, mbox));
    CHECK_INT(size_of(mbox), old + (long long)sizeof mail);
    tear_down();
}

/* Another program has put its mail behind the part: nothing of that is touched. */
static void others_behind_it(void)
{
    set_up(before);
    make_mail();
    long long old = size_of(mbox);
    for (size_t n = 0; n < sizeof mail - sizeof foreign; n++) {
        begin();
        append(mail, n);
        append(foreign, sizeof foreign - 1);
        CHECK(!undo_recover(undo, look, mbox));
        CHECK_INT(size_of(mbox), old + (long long)(n + sizeof foreign - 1));
        CHECK_INT(size_of(undo), 0);
        CHECK_INT(ftruncate(mbox, (off_t)old), 0);
    }
    tear_down();
}

/* Or has rewritten the mbox, shorter or with other octets there. */
static void others_within(void)
{
    set_up(before);
    make_mail();
    begin();
    append(mail, 100);
    CHECK_INT(ftruncate(mbox, 20), 0);
    CHECK(!undo_recover(undo, look, mbox));
    CHECK_INT(size_of(mbox), 20);
    begin();
    append(foreign, sizeof foreign - 1);
    append(mail, 100);
    CHECK(!undo_recover(undo, look, mbox));
    CHECK_INT(size_of(mbox), 20 + (long long)sizeof foreign - 1 + 100);
    tear_down();
}

/* A mail that came over a file; more than is hashed at once. */
static void a_big_mail(void)
{
    enum { BIG = 300001 };
    static char text[BIG];
    struct why why = {""};
    FILE *f = tmpfile();
    set_up(before);
    for (int i = 0; i < BIG; i++)
        text[i] = (char)('a' + i % 23);
    fwrite(text, 1, BIG - 1000, f);
    fflush(f);
    off_t at = (off_t)size_of(mbox);
    for (size_t n = BIG - 1500; n < BIG; n += 499) {
        CHECK_INT(undo_begin(undo, at, fileno(f), span_of(text + BIG - 1000, 1000), &why), ERR_NONE);
        append(text, n);
        CHECK(undo_recover(undo, look, mbox));
        CHECK_INT(size_of(mbox), at);
    }
    CHECK_INT(undo_begin(undo, at, fileno(f), span_of(text + BIG - 1000, 1000), &why), ERR_NONE);
    append(text, 70000);
    append("other", 5);
    append(text + 70005, 70000);
    CHECK(!undo_recover(undo, look, mbox));
    fclose(f);
    tear_down();
}

/* What is no log of ours, or one that was cut, takes nothing away. */
static void no_log(void)
{
    char head[80];
    set_up(before);
    make_mail();
    for (size_t n = 1; n < 56; n += 6) {
        begin();
        append(mail, 100);
        CHECK(pread(undo, head, sizeof head, 0) == sizeof head);
        CHECK_INT(ftruncate(undo, (off_t)n), 0);
        CHECK(!undo_recover(undo, look, mbox));
    }
    begin();
    append(mail, 100);
    CHECK(pwrite(undo, "X", 1, 0) == 1);
    CHECK(!undo_recover(undo, look, mbox));
    begin();
    append(mail, 100);
    CHECK_INT(ftruncate(undo, 58), 0); /* the hashes are not there */
    CHECK(!undo_recover(undo, look, mbox));
    tear_down();
}

static void nowhere(void)
{
    struct why why = {""};
    int fd = -1;
    char longest[5000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    CHECK_INT(undo_open("/no/such/box", &fd, &why), ERR_CREATE);
    CHECK_INT(undo_open(longest, &fd, &why), ERR_DATA);
}

int main(void)
{
    RUN(every_part);
    RUN(others_behind_it);
    RUN(others_within);
    RUN(a_big_mail);
    RUN(no_log);
    RUN(nowhere);
    return check_done();
}
