#include "tool/spawn.h"
#include "check.h"

#include <unistd.h>

static void splits_like_plain_shell_words(void)
{
    struct words w;
    struct why why = {""};
    CHECK(words_split("  a 'b c' \"d 'e'\" f\\ g h''i $X `y` ", &w, &why) == ERR_NONE);
    static const char *const want[] = {"a", "b c", "d 'e'", "f g", "hi", "$X", "`y`"};
    CHECK_INT(w.count, 7);
    for (int i = 0; i < 7 && i < w.count; i++)
        CHECK_STR(w.list[i], want[i]);
    CHECK(w.list[w.count] == NULL);
    words_free(&w);
    CHECK(words_split("a 'b", &w, &why) == ERR_CONFIG);
    CHECK(words_split(" \t", &w, &why) == ERR_CONFIG);
}

static void finds_what_stands_beside_us(void)
{
    char path[4096], tight[4];
    CHECK(spawn_beside("spawn_test", path, sizeof path) == path);
    CHECK(path[0] == '/' && strcmp(strrchr(path, '/'), "/spawn_test") == 0);
    CHECK_STR(spawn_beside("nothing-of-this-name", path, sizeof path), "nothing-of-this-name");
    CHECK_STR(spawn_beside("spawn_test", tight, sizeof tight), "spawn_test");
}

static void tells_status_signal_and_missing_program(void)
{
    struct why why = {""};
    pid_t pid;
    int status;
    const char *fails[] = {"sh", "-c", "exit 7", NULL};
    CHECK(spawn(fails, -1, -1, NULL, &pid, &why) == ERR_NONE);
    CHECK(spawn_wait(pid, &status, &why) == ERR_NONE);
    CHECK_INT(status, 7);
    const char *dies[] = {"sh", "-c", "kill -9 $$", NULL};
    CHECK(spawn(dies, -1, -1, NULL, &pid, &why) == ERR_NONE);
    CHECK(spawn_wait(pid, &status, &why) == ERR_NONE);
    CHECK_INT(status, 137);
    const char *missing[] = {"no-such-program-here", NULL};
    CHECK(spawn(missing, -1, -1, NULL, &pid, &why) == ERR_UNAVAILABLE);
    CHECK_STR(why.text, "no-such-program-here: No such file or directory");
}

static void gives_no_descriptor_but_three(void)
{
    struct why why = {""};
    pid_t pid;
    int fd, status, stray = dup(0);
    char text[256] = "";
    const char *list[] = {"sh", "-c", "echo /proc/self/fd/*; echo $EXTRA", NULL};
    CHECK(spawn_pipe(list, &pid, &fd, &why) == ERR_NONE);
    ssize_t n = read(fd, text, sizeof text - 1);
    CHECK(n > 0);
    CHECK(strstr(text, "/proc/self/fd/2") != NULL);
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d ", stray);
    CHECK(strstr(text, name) == NULL);
    close(fd);
    close(stray);
    spawn_wait(pid, &status, &why);
}

int main(void)
{
    RUN(splits_like_plain_shell_words);
    RUN(finds_what_stands_beside_us);
    RUN(tells_status_signal_and_missing_program);
    RUN(gives_no_descriptor_but_three);
    return check_done();
}
