#include "queue/host.h"

#include "bytes/hash.h"
#include "bytes/json.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME = HOME_PATH_MAX + 64, HOST_MAX = 8192, LONGEST = 3600, FORGOTTEN = 2 * 86400 };

static const char suffix[] = ".host";

/* Hops are longer than file names may be. The file says whose it is. */
static void name_of(const struct queue *q, const char *hop, char out[NAME])
{
    snprintf(out, NAME, "%s/%016" PRIx64 "%s", q->dir,
             hash_bytes(HASH_START, hop, strlen(hop)), suffix);
}

static bool member(struct span text, const char *key, char *out, size_t size)
{
    struct buf value;
    buf_init(&value, HOST_MAX);
    bool found = !json_member(text, key, &value) && span_copy(buf_span(&value), out, size);
    buf_release(&value);
    return found;
}

static bool parse(struct span text, const char *hop, struct queue_host *host)
{
    char whose[HOST_MAX], number[24];
    uint64_t failures, until;
    if (!member(text, "hop", whose, sizeof whose) || strcmp(whose, hop) != 0 ||
        !member(text, "failures", number, sizeof number) ||
        !span_number(span_str(number), 1000000, &failures) ||
        !member(text, "until", number, sizeof number) ||
        !span_number(span_str(number), INT64_MAX, &until) ||
        !member(text, "words", host->words, sizeof host->words))
        return false;
    host->failures = (unsigned)failures;
    host->until = (int64_t)until;
    return true;
}

void host_read(const struct queue *q, const char *hop, int64_t now, struct queue_host *host)
{
    char name[NAME];
    struct buf text;
    memset(host, 0, sizeof *host);
    name_of(q, hop, name);
    buf_init(&text, HOST_MAX);
    if (io_read_file(name, &text, NULL) || !parse(span_trim(buf_span(&text)), hop, host))
        memset(host, 0, sizeof *host);
    buf_release(&text);
    /* Nothing is ever put off for longer: the clock has been set back. */
    if (host->until - now > LONGEST)
        host->until = now;
}

/* Aside and renamed, so that nobody reads a half; not synced. */
static void write_down(const struct queue *q, const char *hop, const struct queue_host *host)
{
    char name[NAME], aside[NAME + 32];
    struct buf text;
    struct json j;
    name_of(q, hop, name);
    snprintf(aside, sizeof aside, "%s.%ld", name, (long)getpid());
    buf_init(&text, HOST_MAX);
    json_init(&j, &text);
    json_open(&j, NULL, '{');
    json_add_str(&j, "hop", hop);
    json_add_int(&j, "failures", host->failures);
    json_add_int(&j, "until", host->until);
    json_add_str(&j, "words", host->words);
    json_close(&j, '}');
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        bool bad = j.err || buf_add_byte(&text, '\n') || io_write(fd, text.data, text.len, NULL);
        bad |= io_close(fd, NULL) != ERR_NONE;
        if (bad || rename(aside, name) != 0)
            unlink(aside);
    }
    buf_release(&text);
}

void host_failed(const struct queue *q, const char *hop, int64_t now, const char *words,
                 struct queue_host *host)
{
    host->failures += host->failures < 1000000;
    int64_t seconds = queue_interval(host->failures);
    host->until = now + (seconds < LONGEST ? seconds : LONGEST);
    snprintf(host->words, sizeof host->words, "%s", words);
    write_down(q, hop, host);
    diag_trace("%s: is not tried for %lld seconds: %s", hop, (long long)(host->until - now), words);
}

void host_reached(const struct queue *q, const char *hop, struct queue_host *host)
{
    char name[NAME];
    if (host->failures == 0)
        return;
    memset(host, 0, sizeof *host);
    name_of(q, hop, name);
    unlink(name);
}

bool host_sweep(const struct queue *q, const char *file, int64_t now)
{
    char name[NAME];
    struct stat st;
    if (!strstr(file, suffix) || strlen(file) > 50)
        return false;
    snprintf(name, sizeof name, "%s/%s", q->dir, file);
    if (lstat(name, &st) == 0 && S_ISREG(st.st_mode) && now - st.st_mtime > FORGOTTEN)
        unlink(name);
    return true;
}
