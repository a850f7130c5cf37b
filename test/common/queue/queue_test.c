#include "queue/host.h"
#include "queue/plan.h"
#include "queue/queue.h"
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static struct queue q;

static void start(void)
{
    struct home home = {.owner = 0};
    snprintf(dir, sizeof dir, "/tmp/queue_test.XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    snprintf(home.path, sizeof home.path, "%s", dir);
    CHECK(queue_open(&q, &home, NULL) == ERR_NONE);
}

static void end(void)
{
    char command[100];
    close(q.at);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    CHECK(system(command) == 0);
}

/* An entry to these recipients (a list with blanks between), due then. */
static void put(const char *id, const char *recipients, int64_t next)
{
    struct queue_entry entry;
    char list[200], *at = list, *one;
    int fd;
    snprintf(list, sizeof list, "%s", recipients);
    queue_entry_init(&entry);
    snprintf(entry.id, sizeof entry.id, "%s", id);
    entry.created = entry.next = next;
    while ((one = strsep(&at, " ")))
        CHECK(queue_add_recipient(&entry, one, NULL) == ERR_NONE);
    CHECK(queue_begin(&q, &entry, &fd, NULL) == ERR_NONE);
    CHECK(write(fd, "x\n", 2) == 2);
    CHECK(queue_commit(&q, &entry, fd, NULL) == ERR_NONE);
    queue_entry_release(&entry);
}

static enum err collect(void *arg, const char *id)
{
    char *all = arg;
    strcat(all, id);
    strcat(all, " ");
    return ERR_NONE;
}

static const char *due(int64_t now)
{
    static char all[400];
    all[0] = '\0';
    CHECK(queue_each_due(&q, now, collect, all, NULL) == ERR_NONE);
    return all;
}

static void index_says_who_is_due(void)
{
    int64_t now = 2000000000; /* later than any file's own time */
    struct queue_entry entry;
    int lock;
    start();
    put("b-1", "x@y", now - 5);
    put("a-2", "x@y", now + 300);
    put("a-1", "x@y", now);
    CHECK_STR(due(now), "a-1 b-1 ");
    CHECK_STR(due(now + 300), "a-1 a-2 b-1 ");
    CHECK(queue_postpone(&q, "a-1", now + 60, NULL) == ERR_NONE);
    CHECK_STR(due(now), "b-1 ");
    /* What does not look at the index comes as ever. */
    char all[100] = "";
    CHECK(queue_each(&q, collect, all, NULL) == ERR_NONE);
    CHECK_STR(all, "a-1 a-2 b-1 ");
    /* The envelope stands as it was, and says again what the index is. */
    queue_remind(&q, "a-1");
    CHECK_STR(due(now), "a-1 b-1 ");
    queue_entry_init(&entry);
    CHECK(queue_lock(&q, "b-1", &lock, NULL) == ERR_NONE);
    CHECK(queue_read(&q, "b-1", &entry, NULL) == ERR_NONE);
    CHECK_INT(entry.look, now - 5);
    entry.held = true;
    CHECK(queue_write(&q, &entry, NULL) == ERR_NONE);
    CHECK_STR(due(now + 10000000), "a-1 a-2 ");
    CHECK(queue_delete(&q, "b-1", NULL) == ERR_NONE);
    CHECK(queue_read(&q, "b-1", &entry, NULL) == ERR_NO);
    close(lock);
    queue_entry_release(&entry);
    end();
}

/* Files are of now; to a clock that is years behind they come from a time that was not yet. */
static void index_of_a_wrong_clock_says_nothing(void)
{
    start();
    put("a-1", "x@y", 4000000000);
    CHECK_STR(due(3900000000), "");
    CHECK_STR(due(1000000000), "a-1 ");
    end();
}

static void times_of_tries(void)
{
    struct queue_entry entry = {.next = 100};
    bool varies = false;
    int64_t first = queue_next_try(5, 0);
    for (unsigned tries = 1; tries < 12; tries++)
        for (int i = 0; i < 50; i++) {
            int64_t next = queue_next_try(tries, 1000) - 1000, whole = queue_interval(tries);
            CHECK(next <= whole && next > whole - whole / 8);
            varies |= queue_next_try(5, 0) != first;
        }
    CHECK(varies);
    CHECK(queue_is_due(&entry, 100));
    CHECK(!queue_is_due(&entry, 99));
    CHECK(queue_is_due(&entry, 100 - 4 * 3600 - 1));
    entry.at = 100;
    CHECK(!queue_is_due(&entry, 100 - 4 * 3600 - 1));
    CHECK_INT(queue_since(&entry), 100);
    entry.created = 200;
    CHECK_INT(queue_since(&entry), 200);
}

static void hosts_that_are_down(void)
{
    static const char hop[] = "smtp://there.example:25";
    struct queue_host host;
    start();
    host_read(&q, hop, 1000, &host);
    CHECK_INT(host.failures, 0);
    host_failed(&q, hop, 1000, "refused \"so\"", &host);
    CHECK_INT(host.until, 1300);
    memset(&host, 1, sizeof host);
    host_read(&q, hop, 1001, &host);
    CHECK_INT(host.failures, 1);
    CHECK_INT(host.until, 1300);
    CHECK_STR(host.words, "refused \"so\"");
    for (int i = 0; i < 20; i++)
        host_failed(&q, hop, 1000, "refused", &host);
    CHECK_INT(host.until, 1000 + 3600);
    /* A clock that was set back. */
    host_read(&q, hop, 500, &host);
    CHECK_INT(host.until, 500);
    host_read(&q, "smtp://other.example:25", 1000, &host);
    CHECK_INT(host.failures, 0);
    host_read(&q, hop, 1000, &host);
    host_reached(&q, hop, &host);
    host_read(&q, hop, 1000, &host);
    CHECK_INT(host.failures, 0);
    CHECK(host_sweep(&q, "0123456789abcdef.host", 0));
    CHECK(!host_sweep(&q, "0123-4567.env", 0));
    end();
}

static void damaged_hosts_count_as_none(void)
{
    static const char *const bad[] = {"", "{", "{\"hop\": \"h\"}", "\x01\x02",
                                      "{\"hop\": \"other\", \"failures\": 1, \"until\": 5, \"words\": \"\"}"};
    struct queue_host host;
    char command[300];
    start();
    host_read(&q, "h", 1, &host);
    host_failed(&q, "h", 1, "x", &host);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(command, sizeof command, "f=$(ls %s/queue/*.host); printf '%%s' '%s' >\"$f\"", dir,
                 bad[i]);
        CHECK(system(command) == 0);
        host_read(&q, "h", 1, &host);
        CHECK_INT(host.failures, 0);
        CHECK_INT(host.until, 0);
    }
    end();
}

static void add(struct plan *plan, const struct attempt *a, const char *id, const char *recipients)
{
    struct queue_entry entry;
    char list[200], *at = list, *one;
    snprintf(list, sizeof list, "%s", recipients);
    queue_entry_init(&entry);
    snprintf(entry.id, sizeof entry.id, "%s", id);
    while ((one = strsep(&at, " ")))
        CHECK(queue_add_recipient(&entry, one, NULL) == ERR_NONE);
    CHECK(plan_add(plan, a, &entry, NULL) == ERR_NONE);
    queue_entry_release(&entry);
}

static void plans_by_hop(void)
{
    struct conf *conf;
    struct plan plan;
    struct plan_entry *entry;
    CHECK(conf_parse(span_str("route.a = smtp://one\nroute.b = smtp://one\nroute.c = smtp://two\n"),
                     &conf, NULL) == ERR_NONE);
    struct attempt all = {.conf = conf}, some = {.conf = conf, .domain = "a"};
    plan_init(&plan);
    add(&plan, &all, "1", "x@a y@b z@c");
    add(&plan, &all, "2", "x@c nowhere");
    add(&plan, &some, "3", "x@a y@c");
    CHECK_INT(plan_hops(&plan), 3);
    struct plan_hop *one = plan_hop(&plan, 0), *two = plan_hop(&plan, 1);
    CHECK_STR(one->name, "smtp://one");
    CHECK_STR(two->name, "smtp://two");
    CHECK_STR(plan_hop(&plan, 2)->name, "");
    CHECK(plan_take(&plan, one, &entry) == ERR_NONE);
    CHECK_STR(entry->id, "1");
    CHECK_INT(entry->hops, 2);
    CHECK(!entry->partial);
    /* Who is at another hop is passed over, and comes when he is back. */
    entry->busy = true;
    CHECK(plan_take(&plan, two, &entry) == ERR_NONE);
    CHECK_STR(entry->id, "2");
    CHECK(plan_take(&plan, two, &entry) == ERR_AGAIN);
    plan_entry(&plan, 0)->busy = false;
    CHECK(plan_take(&plan, two, &entry) == ERR_NONE);
    CHECK_STR(entry->id, "1");
    CHECK(plan_take(&plan, two, &entry) == ERR_NO);
    CHECK(plan_take(&plan, one, &entry) == ERR_NONE);
    CHECK_STR(entry->id, "3");
    CHECK(entry->partial);
    plan_release(&plan);
    conf_free(conf);
}

int main(void)
{
    RUN(index_says_who_is_due);
    RUN(index_of_a_wrong_clock_says_nothing);
    RUN(times_of_tries);
    RUN(hosts_that_are_down);
    RUN(damaged_hosts_count_as_none);
    RUN(plans_by_hop);
    return check_done();
}
