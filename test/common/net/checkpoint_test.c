#include "net/checkpoint.h"
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/faxpipe-checkpoint-XXXXXX";
static const struct checkpoint_key key = {"[192.0.2.1]", "", "me.example", "<1@me>"};
static struct why why;

static struct checkpoint *make(const struct checkpoint_key *k, const char *wire)
{
    struct checkpoint *c = NULL;
    CHECK(checkpoint_create(dir, k, span_str("Fa@x\nR1 0 - u@y\n"), &c, &why) == ERR_NONE);
    if (c)
        CHECK(checkpoint_write(c, span_str(wire), &why) == ERR_NONE);
    return c;
}

/* What is kept of wire: so many octets, and this. */
static void kept(const char *wire, uint64_t octets, const char *rest)
{
    struct checkpoint *c = make(&key, wire);
    char got[200];
    size_t n;
    checkpoint_keep(c);
    CHECK(checkpoint_find(dir, &key, &c, &why) == ERR_NONE);
    CHECK(span_eq(checkpoint_envelope(c), span_str("Fa@x\nR1 0 - u@y\n")));
    CHECK(!checkpoint_is_whole(c));
    CHECK_INT(checkpoint_octets(c), octets);
    CHECK(checkpoint_read(c, got, sizeof got, &n, &why) == ERR_NONE);
    CHECK(span_eq(span_of(got, n), span_str(rest)));
    checkpoint_discard(c);
    CHECK(checkpoint_find(dir, &key, &c, &why) == ERR_NO);
}

static void whole_lines_are_kept(void)
{
    kept("", 0, "");
    kept("half", 0, "");
    kept("a\r\n", 3, "a\r\n");
    kept("a\r\nhalf\r", 3, "a\r\n");
    kept("a\r\n.", 3, "a\r\n");
    kept("a\r\n..b\r\n", 7, "a\r\n..b\r\n");
    kept("a\r\n.\r\n", 3, "a\r\n"); /* nothing of the end mark */
    kept(".\r\n", 0, "");
}

/* Written to after it was found, and killed without an end. */
static void it_goes_on(void)
{
    struct checkpoint *c = make(&key, "a\r\nhal"), *d;
    checkpoint_keep(c);
    CHECK(checkpoint_find(dir, &key, &c, &why) == ERR_NONE);
    CHECK(checkpoint_find(dir, &key, &d, &why) == ERR_NO); /* one session at a time */
    CHECK(checkpoint_write(c, span_str("b\r\n"), &why) == ERR_NONE);
    checkpoint_keep(c);
    CHECK(checkpoint_find(dir, &key, &c, &why) == ERR_NONE);
    CHECK_INT(checkpoint_octets(c), 6);
    checkpoint_finish(c, 77);
    CHECK(checkpoint_find(dir, &key, &c, &why) == ERR_NONE);
    CHECK(checkpoint_is_whole(c));
    CHECK_INT(checkpoint_octets(c), 77);
    checkpoint_discard(c);
}

static void of_one_client_alone(void)
{
    static const struct checkpoint_key others[] = {{"[192.0.2.2]", "", "me.example", "<1@me>"},
                                                   {"[192.0.2.1]", "12", "me.example", "<1@me>"},
                                                   {"[192.0.2.1]", "", "you.example", "<1@me>"},
                                                   {"[192.0.2.1]", "", "me.example", "<2@me>"},
                                                   {"", "", "", ""}};
    struct checkpoint *c = make(&key, "a\r\n"), *d;
    checkpoint_keep(c);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(checkpoint_find(dir, &others[i], &d, &why) == ERR_NO);
    for (int i = 0; i < 200; i++) {
        char name[40];
        snprintf(name, sizeof name, "<%d@you>", i);
        const struct checkpoint_key k = {"[192.0.2.2]", "", "x", name};
        checkpoint_keep(make(&k, "a\r\n"));
    }
    /* The other one's many names have cost this client nothing. */
    CHECK(checkpoint_find(dir, &key, &c, &why) == ERR_NONE);
    checkpoint_discard(c);
}

int main(void)
{
    if (!mkdtemp(dir))
        return 1;
    RUN(whole_lines_are_kept);
    RUN(it_goes_on);
    RUN(of_one_client_alone);
    char command[200];
    snprintf(command, sizeof command, "rm -r %s", dir);
    CHECK_INT(system(command), 0);
    return check_done();
}
