#include "submission.h"

#include "mime/address.h"
#include "mime/date.h"
#include "mime/encode.h"
#include "smtp/path.h"
#include "tool/diag.h"
#include "tool/program.h"
#include "tool/spawn.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { HEADER_MAX = 1 << 20 };

bool submission(const struct settings *opt)
{
    return opt->headers || opt->dots || opt->compatible || opt->mode || opt->body_type ||
           opt->full_name || opt->idle || opt->idle_words;
}

enum err submission_check(const struct settings *opt)
{
    static const char *const types[] = {"7BIT", "8BITMIME", "BINARYMIME"};
    bool known = !opt->body_type;
    for (size_t i = 0; i < sizeof types / sizeof *types && !known; i++)
        known = span_eq_nocase(span_str(opt->body_type), span_str(types[i]));
    if (opt->full_name && !header_safe(span_str(opt->full_name)))
        return diag_fail(ERR_DATA, NULL, "-F: a name has no line ends");
    if (!known)
        return job_usage("-B", "not 7BIT, 8BITMIME or BINARYMIME");
    /* -oi and -oem and their like: what they ask for is so in any case. */
    for (char **o = opt->compatible; o && *o; o++)
        if (!**o || !strchr("iemdM78", **o))
            return job_usage("-o", "an option of sendmail's that is not understood");
    if (!opt->mode || strcmp(opt->mode, "m") == 0 || strcmp(opt->mode, "s") == 0)
        return ERR_NONE;
    return job_usage("-b", strcmp(opt->mode, "p") == 0 ? "fax-queue list shows the queue"
                                                       : "only -bm and -bs are understood");
}

enum err submission_serve(const struct settings *opt)
{
    char program[4096];
    const char *argv[10];
    int n = 0;
    argv[n++] = spawn_beside("smtp-recv", program, sizeof program);
    argv[n++] = "--relay";
    argv[n++] = "stdin";
    if (opt->helo) {
        argv[n++] = "--hostname";
        argv[n++] = opt->helo;
    }
    n = program_pass_config(argv, n);
    if (diag_verbose())
        argv[n++] = "-v";
    argv[n] = NULL;
    execvp(argv[0], (char *const *)(const void *)argv);
    return diag_fail(errno == ENOENT ? ERR_UNAVAILABLE : ERR_OS, NULL, "smtp-recv: %s",
                     strerror(errno));
}

/* ---- The envelope ---- */

static const char *own_domain(const struct job *j)
{
    const char *domain = conf_nth(j->home.conf, "domain", 0);
    return domain ? domain : j->helo;
}

/* No path, and no attempt to write one: "Bob <bob@x>, carol@x". */
static bool is_list(const char *operand)
{
    struct path path;
    size_t used, n = strlen(operand);
    for (const char *c = operand; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    unsigned flags = PATH_NO_DOMAIN | PATH_UTF8;
    return strpbrk(operand, ",< ") &&
           path_parse_bare(span_str(operand), flags, &path) != PATH_OK &&
           (path_parse(span_str(operand), flags, &path, &used) != PATH_OK || used < n);
}

enum err submission_recipient(struct job *j, const char *operand)
{
    struct mime_address *address = malloc(sizeof *address);
    struct span rest = span_str(operand);
    enum err e = address ? ERR_NONE : ERR_OS;
    size_t before = addressees_count(&j->to);
    while (!e && is_list(operand) && mime_address_next(&rest, NULL, address))
        e = addressees_add(&j->to, address->addr);
    if (!e && addressees_count(&j->to) == before)
        e = addressees_add(&j->to, operand);
    free(address);
    return e;
}

enum err submission_qualify(struct job *j)
{
    const char *domain = own_domain(j);
    size_t n = strlen(j->from), more = strlen(domain) + 1;
    if (n && !strchr(j->from, '@') && n + 1 + more <= sizeof j->from) {
        j->from[n] = '@';
        memcpy(j->from + n + 1, domain, more);
    }
    return addressees_qualify(&j->to, domain);
}

/* ---- The header ---- */

/* The name of whoever runs us, as he or his entry in the system's table tells it. */
static void own_full_name(const struct job *j, char *out, size_t size)
{
    const char *name = j->opt->full_name ? j->opt->full_name : getenv("NAME");
    const struct passwd *we = name ? NULL : getpwuid(getuid());
    if (!name)
        name = we && we->pw_gecos ? we->pw_gecos : "";
    size_t n = j->opt->full_name ? strlen(name) : strcspn(name, ",\r\n");
    snprintf(out, size, "%.*s", n < size ? (int)n : (int)size - 1, name);
}

static enum err add_from(const struct job *j, struct buf *out)
{
    char name[300], list[1000], login[600];
    const struct passwd *we = getpwuid(getuid());
    size_t n = 0;
    snprintf(login, sizeof login, "%.60s@%.250s", we ? we->pw_name : "nobody", own_domain(j));
    own_full_name(j, name, sizeof name);
    /* In quotes whatever it is: a comma or a dot in it is none of the list's. */
    for (const char *c = name; *c && n + 2 < sizeof list; c++) {
        if (*c == '"' || *c == '\\')
            list[n++] = '\\';
        list[n++] = *c;
    }
    list[n] = '\0';
    char quoted[2000];
    snprintf(quoted, sizeof quoted, n ? "\"%s\" <%s>" : "%s<%s>", list,
             *j->from ? j->from : login);
    return header_put_addresses(out, "From", span_str(quoted), false);
}

static enum err add_date(struct buf *out)
{
    char date[MIME_DATE_SIZE];
    struct tm tm;
    time_t now = time(NULL);
    long offset = localtime_r(&now, &tm) ? tm.tm_gmtoff : 0;
    mime_date_format((int64_t)now, offset, date);
    return header_put_plain(out, "Date", span_str(date), false);
}

static enum err add_message_id(const struct job *j, struct buf *out)
{
    uint64_t random[2];
    char id[400], host[256];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return ERR_OS;
    snprintf(host, sizeof host, "%s", j->helo);
    for (char *c = host; *c; c++)
        if (!ascii_alnum((uint8_t)*c) && *c != '-' && *c != '.')
            *c = '-';
    snprintf(id, sizeof id, "<%016llx%016llx@%s>", (unsigned long long)random[0],
             (unsigned long long)random[1], host);
    return header_put_plain(out, "Message-ID", span_str(id), false);
}

static enum err missing(const struct job *j, struct span header, struct buf *out)
{
    enum err e = ERR_NONE;
    if (header_count(header, "From") + header_count(header, "Resent-From") == 0)
        e = add_from(j, out);
    if (!e && header_count(header, "Date") == 0)
        e = add_date(out);
    if (!e && header_count(header, "Message-ID") == 0)
        e = add_message_id(j, out);
    return e;
}

enum err submission_complete(struct job *j, size_t n, struct outgoing *content, int *spooled)
{
    static const char *const blind[] = {"Bcc", "Resent-Bcc", NULL};
    struct buf header, add;
    struct why why = {""};
    struct outgoing copy;
    bool ended;
    *content = *mailbag_get(&j->bag, n);
    *spooled = -1;
    bool complete = submission(j->opt);
    if (!complete && (j->operands || j->opt->entries)) /* nobody was taken from its header */
        return ERR_NONE;
    buf_init(&header, HEADER_MAX);
    buf_init(&add, HEADER_MAX);
    enum err e = outgoing_header(content, &header, &why);
    struct span fields = span_take(buf_span(&header), outgoing_fields(buf_span(&header), &ended));
    if (!e && complete)
        e = missing(j, fields, &add);
    bool hides = header_count(fields, blind[0]) + header_count(fields, blind[1]) > 0;
    if (!e && (hides || add.len || (complete && !ended))) {
        const struct outgoing_edit edit = {blind, buf_span(&add)};
        e = outgoing_edit(content, &edit, &copy, spooled, &why);
        if (!e)
            *content = copy;
    }
    buf_release(&add);
    buf_release(&header);
    return e ? diag_fail(e, &why, "mail %zu", n + 1) : ERR_NONE;
}
