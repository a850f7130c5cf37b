#include "check.h"
#include "net/clerk.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Answers with what was asked; an exec question with the first bytes of the mail. */
static void echo(void *arg, const struct clerk_question *q, int mail, struct clerk_answer *a)
{
    (void)arg;
    a->verdict = q->local ? RECIPIENT_OK : RECIPIENT_FOREIGN;
    a->code = 250;
    if (mail >= 0 && read(mail, a->text, 5) == 5) {
        a->text[5] = '\0';
        return;
    }
    snprintf(a->text, sizeof a->text, "%s/%s", q->sender, q->text);
}

static struct clerk_question question(enum clerk_kind kind, bool local)
{
    struct clerk_question q = {.kind = kind, .local = local};
    strcpy(q.sender, "s@x");
    strcpy(q.text, "u@y");
    return q;
}

static struct clerk_answer a;

static void ask_all(const struct clerk *clerk)
{
    struct why why = {""};
    struct clerk_question q = question(CLERK_RECIPIENT, true);
    CHECK_INT(clerk_ask(clerk, &q, -1, &a, &why), ERR_NONE);
    CHECK_INT(a.verdict, RECIPIENT_OK);
    CHECK_STR(a.text, "s@x/u@y");
    q = question(CLERK_RECIPIENT, false);
    CHECK_INT(clerk_ask(clerk, &q, -1, &a, &why), ERR_NONE);
    CHECK_INT(a.verdict, RECIPIENT_FOREIGN);
    FILE *f = tmpfile();
    fputs("hello", f);
    rewind(f);
    q = question(CLERK_EXEC, true);
    CHECK_INT(clerk_ask(clerk, &q, fileno(f), &a, &why), ERR_NONE);
    CHECK_STR(a.text, "hello");
    fclose(f);
}

static void in_this_process(void)
{
    const struct clerk here = {.fn = echo, .fd = -1};
    ask_all(&here);
}

static void over_a_socket_pair(void)
{
    int pairs[2][2], ends[2], status;
    struct why why = {""};
    for (int i = 0; i < 2; i++) {
        CHECK_INT(clerk_pair(pairs[i], &why), ERR_NONE);
        ends[i] = pairs[i][0];
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(pairs[0][1]);
        close(pairs[1][1]);
        _exit(clerk_serve(ends, 2, echo, NULL, NULL, NULL, &why));
    }
    for (int i = 0; i < 2; i++) {
        const struct clerk there = {.fd = pairs[i][1]};
        close(pairs[i][0]);
        ask_all(&there);
    }
    /* The clerk goes when the last of them has gone. */
    close(pairs[0][1]);
    close(pairs[1][1]);
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == ERR_NONE);
}

/* Waits, told to run a command, for what is in the mail; says how many wait. */
static void wait_for_mail(void *arg, const struct clerk_question *q, int mail,
                          struct clerk_answer *out)
{
    char byte = 0;
    if (q->kind == CLERK_EXEC) {
        CHECK_INT(write(*(int *)arg, "x", 1), 1);
        CHECK_INT(read(mail, &byte, 1), 1);
    }
    snprintf(out->text, sizeof out->text, "%u %s %c", clerk_asker(), q->text, byte ? byte : '-');
}

/* Sends a question as clerk_ask does, without waiting for the answer; its channel. */
static int begin_exec(int fd, const char *text, int mail)
{
    struct clerk_question q = question(CLERK_EXEC, true);
    struct msghdr message = {0};
    struct iovec iov = {&q, offsetof(struct clerk_question, text) + strlen(text) + 1};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    strcpy(q.text, text);
    message.msg_iov = &iov;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &mail, sizeof mail);
    CHECK(sendmsg(fd, &message, 0) > 0);
    iov = (struct iovec){&a, sizeof a};
    message.msg_controllen = sizeof control.bytes;
    int channel = -1;
    CHECK(recvmsg(fd, &message, 0) > 0);
    if ((c = CMSG_FIRSTHDR(&message)))
        memcpy(&channel, CMSG_DATA(c), sizeof channel);
    return channel;
}

/* Commands run at the same time, and others are answered meanwhile; but not any number of them. */
static void commands_at_once(void)
{
    int pair[2], mail[2], started[2], status, channels[CLERK_SLOW_MAX + 1];
    struct why why = {""};
    char byte, text[16];
    struct clerk_question q = question(CLERK_RECIPIENT, true);
    CHECK_INT(clerk_pair(pair, &why), ERR_NONE);
    CHECK_INT(pipe(mail), 0);
    CHECK_INT(pipe(started), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[1]);
        close(mail[1]);
        _exit(clerk_serve(pair, 1, wait_for_mail, &started[1], NULL, NULL, &why) || check_bad != 0);
    }
    close(pair[0]);
    const struct clerk there = {.fd = pair[1]};
    for (int i = 0; i < CLERK_SLOW_MAX; i++) {
        snprintf(text, sizeof text, "%d", i);
        channels[i] = begin_exec(pair[1], text, mail[0]);
        CHECK(channels[i] >= 0);
    }
    for (int i = 0; i < CLERK_SLOW_MAX; i++)
        CHECK_INT(read(started[0], &byte, 1), 1);
    CHECK_INT(clerk_ask(&there, &q, -1, &a, &why), ERR_NONE);
    CHECK_STR(a.text, "0 u@y -");
    CHECK_INT(begin_exec(pair[1], "one too many", mail[0]), -1);
    CHECK_INT(a.verdict, RECIPIENT_LATER);
    /* The worker goes; they are not left. */
    for (int i = 1; i < CLERK_SLOW_MAX; i++) {
        close(channels[i]);
        CHECK_INT(write(mail[1], "m", 1), 1);
    }
    close(pair[1]);
    CHECK_INT(write(mail[1], "m", 1), 1);
    CHECK(recv(channels[0], &a, sizeof a, 0) > 0);
    CHECK_STR(a.text, "0 0 m");
    close(channels[0]);
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == ERR_NONE);
    for (int i = 0; i < 2; i++) {
        close(mail[i]);
        close(started[i]);
    }
}

static void a_clerk_that_has_gone(void)
{
    int pair[2];
    struct why why = {""};
    struct clerk_question q = question(CLERK_RECIPIENT, true);
    CHECK_INT(clerk_pair(pair, &why), ERR_NONE);
    close(pair[0]);
    const struct clerk there = {.fd = pair[1]};
    CHECK_INT(clerk_ask(&there, &q, -1, &a, &why), ERR_UNAVAILABLE);
    close(pair[1]);
}

/* A worker that was taken over may send anything: the clerk refuses to guess. */
static void what_is_no_question(void)
{
    int pair[2];
    struct why why = {""};
    CHECK_INT(clerk_pair(pair, &why), ERR_NONE);
    CHECK_INT(send(pair[1], "hello", 5, 0), 5);
    CHECK_INT(clerk_serve(pair, 1, echo, NULL, NULL, NULL, &why), ERR_PROTOCOL);
    close(pair[0]);
    close(pair[1]);
}

static size_t longest;

static void measure(void *arg, const struct clerk_question *q, int mail, struct clerk_answer *out)
{
    (void)arg;
    (void)mail;
    (void)out;
    longest = strlen(q->text) > strlen(q->sender) ? strlen(q->text) : strlen(q->sender);
}

static void strings_without_an_end(void)
{
    static struct clerk_question q;
    int pair[2];
    struct why why = {""};
    memset(&q, 'x', sizeof q);
    CHECK_INT(clerk_pair(pair, &why), ERR_NONE);
    CHECK_INT(send(pair[1], &q, sizeof q, 0), sizeof q);
    shutdown(pair[1], SHUT_WR);
    CHECK_INT(clerk_serve(pair, 1, measure, NULL, NULL, NULL, &why), ERR_NONE);
    CHECK_INT(longest, CLERK_QUESTION_MAX - 1);
    close(pair[0]);
    close(pair[1]);
}

static uint64_t version_now;
static unsigned asked;

static uint64_t version_of_now(void *arg)
{
    (void)arg;
    return version_now;
}

/* Answers with how often it was asked. */
static void count(void *arg, const struct clerk_question *q, int mail, struct clerk_answer *answer)
{
    (void)arg;
    (void)mail;
    answer->verdict = q->local ? RECIPIENT_OK : RECIPIENT_UNKNOWN;
    snprintf(answer->text, sizeof answer->text, "%u", ++asked);
    if (strcmp(q->text, "changes@y") == 0)
        version_now++;
}

static const char *said(const struct clerk *clerk, const struct clerk_question *q, bool quick)
{
    memset(&a, 'x', sizeof a);
    if (quick)
        CHECK(clerk_ask_quick(clerk, q, -1, &a));
    else
        CHECK_INT(clerk_ask(clerk, q, -1, &a, NULL), ERR_NONE);
    return a.text;
}

static void what_is_remembered(void)
{
    const struct clerk clerk = {.fn = count, .fd = -1, .quick = true, .version = version_of_now};
    struct clerk_question q = question(CLERK_RECIPIENT, true), other = q;
    strcpy(other.sender, "t@x");
    version_now = 7;
    asked = 0;
    CHECK_STR(said(&clerk, &q, true), "1");
    for (int quick = 0; quick < 2; quick++) {
        CHECK_STR(said(&clerk, &q, quick), "1");
        CHECK_INT(a.verdict, RECIPIENT_OK);
        CHECK_INT(a.code, 0);
    }
    CHECK_STR(said(&clerk, &other, true), "2");
    CHECK_STR(said(&clerk, &q, true), "1");
    q.relay = 1;
    CHECK_STR(said(&clerk, &q, true), "3");
    version_now++;
    CHECK_STR(said(&clerk, &q, true), "4");
    CHECK_STR(said(&clerk, &other, true), "5");
}

/* SEND's and refused recipients, other questions, where nobody can tell what has changed, and
 * where something did while it was asked. */
static void what_is_not(void)
{
    struct clerk clerk = {.fn = count, .fd = -1, .quick = true, .version = version_of_now};
    struct clerk_question never[5];
    version_now = 0x100;
    asked = 0;
    for (int i = 0; i < 5; i++)
        never[i] = question(CLERK_RECIPIENT, true);
    never[0].verb = RECEIVER_SEND;
    never[1].kind = CLERK_VERIFY;
    never[2].local = 0;
    strcpy(never[3].text, "changes@y");
    memset(never[4].text, 'x', 2000);
    never[4].text[2000] = '\0';
    for (int i = 0; i < 5; i++) {
        unsigned before = asked;
        said(&clerk, &never[i], true);
        said(&clerk, &never[i], false);
        CHECK_INT(asked, before + 2);
    }
    struct clerk_question q = question(CLERK_RECIPIENT, true);
    version_now = 0;
    said(&clerk, &q, true);
    said(&clerk, &q, true);
    CHECK_INT(asked, 12);
    clerk.version = NULL;
    said(&clerk, &q, true);
    CHECK_INT(asked, 13);
}

int main(void)
{
    RUN(in_this_process);
    RUN(over_a_socket_pair);
    RUN(commands_at_once);
    RUN(a_clerk_that_has_gone);
    RUN(what_is_no_question);
    RUN(strings_without_an_end);
    RUN(what_is_remembered);
    RUN(what_is_not);
    return check_done();
}
