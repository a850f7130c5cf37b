/*
 * deliver DIR...: delivers stdin into the maildirs and prints the name it has there: what a
 * receiver does, for the tests of what follows. Status 0 only after the commit.
 */
#include "spool/deliver.h"
#include "tool/io.h"

#include <stdio.h>

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

int main(int argc, char **argv)
{
    struct why why = {""};
    enum err e = run((const char *const *)argv + 1, (size_t)argc - 1, &why);
    if (e)
        fprintf(stderr, "deliver: %s\n", why.text);
    return e != ERR_NONE;
}
