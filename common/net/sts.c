#include "net/sts.h"

#include "net/sts_fetch.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { DAY = 86400, AGAIN_AFTER = 300, FILE_OCTETS = STS_TEXT + 512, STS_PATH = 4096 };

/* A policy's file: three lines, an empty one, and the policy as it came. */
struct kept {
    char id[STS_ID];       /* of the policy; "" where there is none */
    int64_t fetched;
    char failed_id[STS_ID]; /* of the last one that could not be had */
    int64_t failed;
    struct buf text;
};

void sts_init(struct sts *s)
{
    memset(s, 0, sizeof *s);
    buf_init(&s->text, STS_TEXT);
}

void sts_release(struct sts *s)
{
    buf_release(&s->text);
    sts_init(s);
}

static bool kept_path(const struct sts_options *o, const char *domain, char *out, size_t size)
{
    /* resolver_name let letters, digits, '-', '_' and single dots between them through. */
    int n = o->directory ? snprintf(out, size, "%s/%s", o->directory, domain) : -1;
    return n > 0 && (size_t)n < size && *domain != '.' && !strchr(domain, '/');
}

/* "ID SECONDS" of a line behind its word. */
static bool stamp(struct span *text, const char *word, char id[STS_ID], int64_t *when)
{
    size_t end = span_find(*text, '\n');
    struct span line = span_take(*text, end), key = span_str(word);
    uint64_t seconds;
    *text = span_skip(*text, end + 1);
    if (!span_starts(line, key))
        return false;
    line = span_skip(line, key.n);
    size_t blank = span_find(line, ' ');
    if (!span_copy(span_take(line, blank), id, STS_ID) ||
        !span_number(span_skip(line, blank + 1), INT64_MAX, &seconds))
        return false;
    *when = (int64_t)seconds;
    return true;
}

/* What is remembered; nothing of it where the file is not ours. */
static void recall(const struct sts_options *o, const char *domain, struct kept *k)
{
    char path[STS_PATH];
    struct buf file;
    memset(k, 0, sizeof *k);
    buf_init(&k->text, STS_TEXT);
    if (!kept_path(o, domain, path, sizeof path))
        return;
    buf_init(&file, FILE_OCTETS);
    struct span text;
    if (!io_read_file(path, &file, NULL)) {
        text = buf_span(&file);
        if (!stamp(&text, "policy ", k->id, &k->fetched) ||
            !stamp(&text, "failed ", k->failed_id, &k->failed) || text.n == 0 ||
            text.p[0] != '\n' || buf_add_span(&k->text, span_skip(text, 1)))
            k->id[0] = k->failed_id[0] = '\0';
    }
    buf_release(&file);
}

static void remember(const struct sts_options *o, const char *domain, const struct kept *k)
{
    char path[STS_PATH], stamps[2 * STS_ID + 100];
    struct outfile f;
    struct why why = {""};
    if (!kept_path(o, domain, path, sizeof path))
        return;
    /* Root's smtp-send and the queue's share it, as they do what it stands in. */
    if (mkdir(o->directory, 0770) == 0 && chmod(o->directory, 02770) != 0)
        diag_trace("%s: its mode cannot be set", o->directory);
    int n = snprintf(stamps, sizeof stamps, "policy %s %lld\nfailed %s %lld\n\n", k->id,
                     (long long)k->fetched, k->failed_id, (long long)k->failed);
    enum err e = outfile_open(&f, path, &why);
    if (!e) {
        e = io_write(f.fd, stamps, (size_t)n, &why);
        if (!e)
            e = io_write(f.fd, k->text.data, k->text.len, &why);
        if (!e)
            e = outfile_commit(&f, &why);
        else
            outfile_abort(&f);
    }
    if (e)
        diag_trace("mta-sts of %s is not kept: %s", domain, why.text);
}

/* A TXT record that is one of MTA-STS, well-formed or not. */
static bool is_ours(const char *text)
{
    static const char begin[] = "v=STSv1";
    size_t n = sizeof begin - 1;
    return strncmp(text, begin, n) == 0 && (text[n] == '\0' || strchr("; \t", text[n]));
}

/* The id that the DNS tells. More than one record is as none (3.1). */
static bool announced(struct resolver *r, const char *domain, char id[STS_ID])
{
    char name[DNS_NAME + 16], text[1024], one[STS_ID] = "";
    struct dns_answer a;
    struct dns_record record;
    struct why why = {""};
    unsigned records = 0;
    snprintf(name, sizeof name, "_mta-sts.%s", domain);
    if (resolver_ask(r, name, DNS_TXT, &a, &why)) {
        diag_trace("mta-sts: %s", why.text);
        return false;
    }
    while (dns_answer_next(&a, &record))
        if (dns_text(record.data, text, sizeof text) && is_ours(text)) {
            records += sts_record_id(text, one) ? 1 : 2;
            memcpy(id, one, sizeof one);
        }
    return records == 1;
}

/* The policy that the DNS tells of, where it is new, or to be looked at again. */
static void renew(const struct sts_options *o, const char *domain, const char *id, int64_t now,
                  struct kept *k, bool holds)
{
    struct sts_policy policy;
    struct why why = {""};
    struct buf text;
    if (holds && strcmp(id, k->id) == 0 && now - k->fetched < DAY)
        return;
    if (strcmp(id, k->failed_id) == 0 && now >= k->failed && now - k->failed < AGAIN_AFTER)
        return;
    buf_init(&text, STS_TEXT);
    enum err e = sts_fetch(o, domain, &text, &why);
    e = e ? e : sts_policy_read(&policy, buf_span(&text), &why);
    if (e) {
        diag_trace("mta-sts policy of %s: %s", domain, why.text);
        memcpy(k->failed_id, id, strlen(id) + 1);
        k->failed = now;
        buf_release(&text);
    } else {
        memcpy(k->id, id, strlen(id) + 1);
        k->fetched = now;
        buf_release(&k->text);
        k->text = text;
    }
    remember(o, domain, k);
}

/* What is remembered is a policy, and has not grown too old. */
static bool in_force(struct sts_policy *policy, const struct kept *k, int64_t now)
{
    return *k->id && !sts_policy_read(policy, buf_span(&k->text), NULL) && now >= k->fetched &&
           now - k->fetched < (int64_t)policy->max_age;
}

void sts_find(struct sts *s, const struct sts_options *o, const char *domain)
{
    struct kept k;
    char id[STS_ID];
    int64_t now = time(NULL);
    sts_release(s);
    recall(o, domain, &k);
    bool holds = in_force(&s->policy, &k, now);
    if (announced(o->resolver, domain, id)) {
        renew(o, domain, id, now, &k, holds);
        holds = in_force(&s->policy, &k, now);
    }
    s->found = holds && s->policy.mode != STS_NONE;
    s->text = k.text;
    if (s->found)
        diag_trace("mta-sts policy of %s: %s", domain,
                   s->policy.mode == STS_ENFORCE ? "enforce" : "testing");
}
