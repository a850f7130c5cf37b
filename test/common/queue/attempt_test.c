#include "queue/attempt.h"
#include "check.h"

#include "smtp/delivery.h"

#include <stdio.h>
#include <string.h>

static struct queue_entry entry;
static enum fate fates[3000];
static struct attempt_group group;

static void start(size_t count)
{
    char path[40];
    queue_entry_init(&entry);
    memset(fates, 0, sizeof fates);
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "r%zu@%s", i, i % 3 ? "a" : "b");
        CHECK(queue_add_recipient(&entry, path, NULL) == ERR_NONE);
    }
    group = (struct attempt_group){.entry = &entry, .fates = fates};
}

/* All of one hop, a thousand at once, those who want the same notices together. */
static void groups(void)
{
    struct conf *conf;
    CHECK(conf_parse(span_str("route.a = smtp://one\n"), &conf, NULL) == ERR_NONE);
    struct attempt a = {.conf = conf};
    size_t mails = 0, members = 0;
    start(3000);
    for (size_t i = 0; i < 3000; i += 7)
        queue_recipient(&entry, i)->notify = NOTIFY_NEVER;
    while (attempt_gather(&a, &group, "smtp://one")) {
        mails++;
        members += group.count;
        CHECK(group.count <= ATTEMPT_AT_ONCE);
        for (size_t i = 0; i < group.count; i++) {
            CHECK_INT(queue_recipient(&entry, group.members[i])->notify, group.notify);
            CHECK(group.members[i] % 3 != 0);
            CHECK_INT(fates[group.members[i]], FATE_UNTRIED);
            fates[group.members[i]] = FATE_SENT;
        }
    }
    CHECK_INT(members, 2000);
    CHECK_INT(mails, 3);
    queue_entry_release(&entry);
    conf_free(conf);
}

static void envelopes(void)
{
    struct attempt a = {.now = 1000};
    struct buf out;
    start(2);
    snprintf(entry.from, sizeof entry.from, "me@x");
    snprintf(entry.envid, sizeof entry.envid, "E 1");
    snprintf(queue_recipient(&entry, 1)->orcpt, 20, "rfc822;c@z");
    entry.by.at = 1060;
    entry.by.mode = 'R';
    group.notify = NOTIFY_SUCCESS | NOTIFY_DELAY;
    group.count = 2;
    group.members[1] = 1;
    buf_init(&out, 4096);
    CHECK(attempt_envelope(&a, &group, &out) == ERR_NONE);
    CHECK_STR(buf_cstr(&out), "from me@x\ndsn success,delay\nby 60R\nenvid E 1\nto r0@b\nto r1@a\n"
                              "orcpt rfc822;c@z\n\n");
    buf_release(&out);
    queue_entry_release(&entry);
}

static enum fate fate_after(const char *object)
{
    fates[0] = FATE_UNTRIED;
    attempt_take(&group, span_str(object));
    return fates[0];
}

static void what_is_said(void)
{
    start(1);
    group.count = 1;
    const struct queue_recipient *r = queue_recipient(&entry, 0);
    CHECK_INT(fate_after("{\"recipient\": \"r0@b\", \"code\": 450, \"enhanced\": \"4.2.1\", "
                         "\"text\": \"a\\u001bb\", \"exit\": 75}"),
              FATE_DEFERRED);
    CHECK_INT(r->code, 450);
    CHECK_STR(r->text, "a?b");
    CHECK_INT(fate_after("{\"recipient\": \"r0@b\", \"code\": 250, \"exit\": 0}"), FATE_SENT);
    CHECK_INT(fate_after("{\"recipient\": \"r0@b\", \"code\": 550, \"exit\": 67}"), FATE_FAILED);
    CHECK_INT(fate_after("{\"recipient\": \"r0@b\", \"code\": 554, \"exit\": 69}"), FATE_FAILED);
    CHECK_INT(fate_after("{\"recipient\": \"r0@b\", \"code\": 0, \"exit\": 69}"), FATE_DEFERRED);
    for (int status = 70; status < 79; status++) {
        char object[100];
        snprintf(object, sizeof object, "{\"recipient\": \"r0@b\", \"exit\": %d}", status);
        CHECK_INT(fate_after(object), FATE_DEFERRED);
    }
    CHECK_INT(fate_after("{\"recipient\": \"else@b\", \"exit\": 0}"), FATE_UNTRIED);
    CHECK_INT(fate_after("{\"recipient\": \"r0@b\", \"exit\": 999}"), FATE_UNTRIED);
    CHECK_INT(fate_after("nonsense"), FATE_UNTRIED);
    attempt_silent(&group, 75, "");
    CHECK_INT(fates[0], FATE_DEFERRED);
    fates[0] = FATE_UNTRIED;
    attempt_silent(&group, 65, "no mail");
    CHECK_INT(fates[0], FATE_FAILED);
    CHECK_STR(r->text, "no mail");
    queue_entry_release(&entry);
}

int main(void)
{
    RUN(groups);
    RUN(envelopes);
    RUN(what_is_said);
    return check_done();
}
