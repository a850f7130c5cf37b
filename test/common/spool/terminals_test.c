/* Terminals of ours, and a utmp in $TMPDIR that says who is logged in on them. */
#include "check.h"
#include "spool/terminals.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <utmpx.h>

static char utmp[200], user[64];
static struct why why;

struct terminal {
    int master, slave;
    char name[64];
};

static void open_terminal(struct terminal *t)
{
    t->master = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(t->master >= 0 && grantpt(t->master) == 0 && unlockpt(t->master) == 0);
    CHECK_INT(ptsname_r(t->master, t->name, sizeof t->name), 0);
    t->slave = open(t->name, O_RDWR | O_NOCTTY);
    CHECK(t->slave >= 0);
    CHECK_INT(chmod(t->name, 0620), 0);
}

static void close_terminal(struct terminal *t)
{
    close(t->slave);
    close(t->master);
}

static void add_session(const char *line, const char *who, short type)
{
    struct utmpx entry = {.ut_type = type, .ut_pid = getpid()};
    memcpy(entry.ut_line, line, strnlen(line, sizeof entry.ut_line));
    memcpy(entry.ut_user, who, strnlen(who, sizeof entry.ut_user));
    int fd = open(utmp, O_WRONLY | O_APPEND | O_CREAT, 0600);
    CHECK(fd >= 0 && write(fd, &entry, sizeof entry) == (ssize_t)sizeof entry);
    close(fd);
}

static const char *line_of(const struct terminal *t)
{
    return t->name + strlen("/dev/");
}

static enum err send_text(const char *text)
{
    return terminals_write(utmp, user, span_str(text), &why);
}

/* What the terminal shows so far. */
static const char *shown(const struct terminal *t)
{
    static char text[5000];
    fcntl(t->master, F_SETFL, O_NONBLOCK);
    ssize_t n = read(t->master, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void nobody_is_there(void)
{
    CHECK(!terminals_active(utmp, user));
    CHECK_INT(send_text("x"), ERR_NO);
    CHECK(!terminals_active(utmp, "nobody-of-that-name"));
    CHECK(!terminals_active(utmp, ""));
}

static void all_terminals_of_the_user(void)
{
    struct terminal a, b, c;
    open_terminal(&a);
    open_terminal(&b);
    open_terminal(&c);
    add_session(line_of(&a), user, DEAD_PROCESS);
    CHECK(!terminals_active(utmp, user));
    add_session(line_of(&a), user, USER_PROCESS);
    add_session(line_of(&b), user, USER_PROCESS);
    add_session(line_of(&c), "somebody", USER_PROCESS);
    CHECK(terminals_active(utmp, user));
    CHECK_INT(send_text("hello"), ERR_NONE);
    CHECK_STR(shown(&a), "hello");
    CHECK_STR(shown(&b), "hello");
    CHECK_STR(shown(&c), "");
    close_terminal(&a);
    close_terminal(&b);
    close_terminal(&c);
    CHECK(!terminals_active(utmp, user));
    unlink(utmp);
}

static void messages_refused(void)
{
    struct terminal t;
    open_terminal(&t);
    add_session(line_of(&t), user, USER_PROCESS);
    CHECK_INT(chmod(t.name, 0600), 0);
    CHECK(!terminals_active(utmp, user));
    CHECK_INT(send_text("x"), ERR_NO);
    CHECK_STR(shown(&t), "");
    close_terminal(&t);
    unlink(utmp);
}

static void somebody_elses_terminal(void)
{
    struct terminal t;
    if (geteuid() != 0) {
        puts("# SKIP needs root");
        return;
    }
    open_terminal(&t);
    add_session(line_of(&t), user, USER_PROCESS);
    CHECK_INT(chown(t.name, 12345, 5), 0);
    CHECK(!terminals_active(utmp, user));
    close_terminal(&t);
    unlink(utmp);
}

/* Whoever writes utmp: only what lies below /dev is opened, and only terminals are written on. */
static void names_that_are_none(void)
{
    char file[300], line[310];
    int fd;
    snprintf(file, sizeof file, "%s.txt", utmp);
    fd = open(file, O_WRONLY | O_CREAT, 0660);
    CHECK(fd >= 0 && fchmod(fd, 0660) == 0);
    close(fd);
    snprintf(line, sizeof line, "..%s", file);
    add_session(line, user, USER_PROCESS);
    add_session(file, user, USER_PROCESS);
    add_session("null", user, USER_PROCESS);
    add_session("pts/../null", user, USER_PROCESS);
    add_session("", user, USER_PROCESS);
    CHECK_INT(send_text("x"), ERR_NO);
    struct stat st;
    CHECK(stat(file, &st) == 0 && st.st_size == 0);
    unlink(file);
    unlink(utmp);
}

static void a_stopped_terminal(void)
{
    struct terminal t, u;
    open_terminal(&t);
    open_terminal(&u);
    add_session(line_of(&t), user, USER_PROCESS);
    CHECK_INT(tcflow(t.slave, TCOOFF), 0);
    CHECK(terminals_active(utmp, user));
    CHECK_INT(send_text("x"), ERR_NO);
    /* The others do not wait for it. */
    add_session(line_of(&u), user, USER_PROCESS);
    CHECK_INT(send_text("y"), ERR_NONE);
    CHECK_STR(shown(&u), "y");
    close_terminal(&t);
    close_terminal(&u);
    unlink(utmp);
}

int main(void)
{
    const struct passwd *pw = getpwuid(geteuid());
    const char *tmp = getenv("TMPDIR");
    snprintf(utmp, sizeof utmp, "%s/faxpipe-utmp-%d", tmp ? tmp : "/tmp", (int)getpid());
    if (!pw) {
        puts("1..0 # SKIP an account without a name");
        return 0;
    }
    snprintf(user, sizeof user, "%s", pw->pw_name);
    RUN(nobody_is_there);
    RUN(all_terminals_of_the_user);
    RUN(messages_refused);
    RUN(somebody_elses_terminal);
    RUN(names_that_are_none);
    RUN(a_stopped_terminal);
    return check_done();
}
