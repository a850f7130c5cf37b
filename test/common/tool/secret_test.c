/* Passwords from a command: what it prints, what it fails with, and how long it may take. */
#include "check.h"
#include "tool/secret.h"
#include "tool/when.h"

#include <string.h>

static enum err run(const char *command, int seconds, char text[100])
{
    struct buf out;
    struct why why = {""};
    buf_init(&out, SECRET_MAX);
    enum err e = secret_run(command, seconds, &out, &why);
    span_copy(buf_span(&out), text, 100);
    buf_wipe(&out);
    return e;
}

static void its_first_line_is_the_password(void)
{
    char text[100];
    CHECK(run("printf 'tea at five\\nmore\\n'", 60, text) == ERR_NONE);
    CHECK(strcmp(text, "tea at five") == 0);
    CHECK(run("printf wonderland", 60, text) == ERR_NONE);
    CHECK(strcmp(text, "wonderland") == 0);
}

static void a_failure_is_one_of_logging_in(void)
{
    char text[100];
    CHECK(run("false", 60, text) == ERR_AUTH);
    CHECK(run("/nonexistent/command", 60, text) == ERR_UNAVAILABLE);
    CHECK(run("'", 60, text) == ERR_CONFIG);
}

/* It is killed: else this would take ten minutes. */
static void one_that_hangs_is_ended(void)
{
    char text[100];
    CHECK(run("sleep 600", 1, text) == ERR_AGAIN);
    CHECK(run("sh -c 'printf half; exec sleep 600'", 1, text) == ERR_AGAIN);
    CHECK(run("sh -c 'echo whole; exec sleep 600'", 1, text) == ERR_AUTH);
}

int main(void)
{
    RUN(its_first_line_is_the_password);
    RUN(a_failure_is_one_of_logging_in);
    RUN(one_that_hangs_is_ended);
    return check_done();
}
