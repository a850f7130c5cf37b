/*
 * deliver DIR...: delivers stdin into the maildirs and prints the name it has there: what a
 * receiver does, for the tests of what follows. Status 0 only after the commit.
 * deliver --each DIR...: a mail of its own into each, all of them committed together; the names of
 * those that were. Status 0 when they all were.
 */
#include "spool/deliver.h"
#include "tool/io.h"

#include <stdio.h>
#include <string.h>

static enum err run(const char *const dirs[], size_t count, struct why *why)
{
    struct spool_delivery *d;
    char chunk[4096];
    size_t got;
    enum err e = spool_delivery_begin(dirs, count, SPOOL_OURS, &d, why);
    if (e)
        return e;
    while (!(e = io_read(0, chunk, sizeof chunk, &got, why)) && got)
        if ((e = spool_delivery_write(d, chunk, got, why)))
            break;
    if (!e)
        e = spool_delivery_commit(d, why);
    if (!e)
        puts(spool_delivery_name(d));
    spool_delivery_free(d);
    return e;
}

enum { EACH_MAX = 200 };

/* Stands in nobody's way when it fails: the other mails are judged by themselves. */
static enum err run_each(const char *const dirs[], size_t count, struct why *why)
{
    static struct spool_commit batch[EACH_MAX];
    struct buf mail;
    enum err e = count <= EACH_MAX ? ERR_NONE : why_set(why, ERR_USAGE, "too many");
    buf_init(&mail, 1 << 24);
    if (!e)
        e = io_read_all(0, &mail, why);
    for (size_t i = 0; !e && i < count; i++) {
        e = spool_delivery_begin(&dirs[i], 1, SPOOL_OURS | SPOOL_LATE, &batch[i].mail, why);
        if (!e)
            e = spool_delivery_write(batch[i].mail, mail.data, mail.len, why);
    }
    if (!e)
        spool_delivery_commit_all(batch, count);
    enum err first = e;
    for (size_t i = 0; i < count; i++) {
        if (!e && !batch[i].err)
            puts(spool_delivery_name(batch[i].mail));
        else if (!first)
            first = why_set(why, batch[i].err, "%s: %s", dirs[i], batch[i].why.text);
        spool_delivery_free(batch[i].mail);
    }
    buf_release(&mail);
    return first;
}

int main(int argc, char **argv)
{
    struct why why = {""};
    bool each = argc > 1 && strcmp(argv[1], "--each") == 0;
    enum err e = each ? run_each((const char *const *)argv + 2, (size_t)argc - 2, &why)
                      : run((const char *const *)argv + 1, (size_t)argc - 1, &why);
    if (e)
        fprintf(stderr, "deliver: %s\n", why.text);
    return e != ERR_NONE;
}
