#include "check.h"
#include "mailbox/mbox.h"

#include <sys/mman.h>
#include <unistd.h>

static void check_mbox(const char *mail, const char *from, const char *want)
{
    char got[4096] = "";
    int in = memfd_create("in", 0), out = memfd_create("out", 0);
    CHECK(write(in, mail, strlen(mail)) == (ssize_t)strlen(mail));
    lseek(in, 0, SEEK_SET);
    CHECK(!mbox_put(in, out, from, 0, NULL));
    CHECK(pread(out, got, sizeof got - 1, 0) >= 0);
    CHECK_STR(got, want);
    close(in);
    close(out);
}

#define FIRST(who) "From " who " Thu Jan  1 00:00:00 1970\n"

static void one_entry(void)
{
    check_mbox("A: b\n\nc\n", "a@b.c", FIRST("a@b.c") "A: b\n\nc\n\n");
    check_mbox("A: b\n\nc", "", FIRST("MAILER-DAEMON") "A: b\n\nc\n\n");
    check_mbox("A: b\n", "a b", FIRST("MAILER-DAEMON") "A: b\n\n");
}

static void from_lines_are_marked(void)
{
    check_mbox("From x\n>From y\n>>From z\n xFrom\nFro m\nFrom\n>F>From \n", "a",
               FIRST("a") ">From x\n>>From y\n>>>From z\n xFrom\nFro m\nFrom\n>F>From \n\n");
    check_mbox("\nFrom", "a", FIRST("a") "\nFrom\n\n");
    check_mbox("From ", "a", FIRST("a") ">From \n\n");
    check_mbox("FFrom \n", "a", FIRST("a") "FFrom \n\n");
}

int main(void)
{
    RUN(one_entry);
    RUN(from_lines_are_marked);
    return check_done();
}
