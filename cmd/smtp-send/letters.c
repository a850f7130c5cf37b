#include "letters.h"

#include "mime/address.h"
#include "submission.h"
#include "tool/diag.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { HEADER_MAX = 1 << 20 };

static enum err take_file(struct job *j, const char *path)
{
    struct why why = {""};
    enum err e = mailbag_add(&j->bag, path, j->opt->mbox, &why);
    return e ? diag_fail(e, &why, "%s", strcmp(path, "-") ? path : "stdin") : ERR_NONE;
}

/* Every mail stays open until it is sent: the usual limit is one for programs that forget. */
static void allow_many_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

enum err letters_take(struct job *j)
{
    if (!j->opt->files)
        return take_file(j, "-");
    allow_many_files();
    enum err e = ERR_NONE;
    for (char **file = j->opt->files; *file && !e; file++)
        e = j->opt->stdio && strcmp(*file, "-") == 0 ? job_usage("--stdio", "stdin is the channel")
                                                 : take_file(j, *file);
    return e;
}

enum err letters_operands(struct job *j, const struct operands *operands)
{
    enum err e = ERR_NONE;
    for (int i = 0; i < operands->count && !e; i++)
        e = submission(j->opt) ? submission_recipient(j, operands->list[i])
                               : addressees_add(&j->to, operands->list[i]);
    j->operands = addressees_count(&j->to);
    return e ? diag_fail(e, NULL, "recipients") : ERR_NONE;
}

/* Whoever gives no path means the author; where there is none, whoever runs us. */
static enum err default_from(struct job *j, struct span header)
{
    struct mime_address *author = malloc(sizeof *author);
    if (!author)
        return ERR_OS;
    if (mime_address_first(header, "Sender", NULL, author) ||
        mime_address_first(header, "From", NULL, author))
        snprintf(j->from, sizeof j->from, "%.*s", (int)sizeof j->from - 1, author->addr);
    const struct passwd *we = *j->from ? NULL : getpwuid(getuid());
    if (we && submission(j->opt)) /* the domain is put behind it */
        snprintf(j->from, sizeof j->from, "%.60s", we->pw_name);
    else if (we)
        snprintf(j->from, sizeof j->from, "%.60s@%.250s", we->pw_name, j->helo);
    free(author);
    return ERR_NONE;
}

/* What the nth mail's own header says: recipients, and a reverse-path where none was given. */
static enum err read_header(struct job *j, size_t n, struct why *why)
{
    struct buf header;
    bool recipients = j->opt->headers || j->operands == 0;
    if (!recipients && j->from_given)
        return ERR_NONE;
    buf_init(&header, HEADER_MAX);
    enum err e = outgoing_header(mailbag_get(&j->bag, n), &header, why);
    j->from[0] = j->from_given ? j->from[0] : '\0';
    if (!e && !j->from_given)
        e = default_from(j, buf_span(&header));
    if (!e && recipients)
        e = addressees_add_header(&j->to, buf_span(&header));
    buf_release(&header);
    return e;
}

/* The --orcpt options, in the order of the operands; nobody else has one. */
static enum err pair_orcpts(struct job *j, struct why *why)
{
    char **given = j->opt->orcpts;
    if (!given)
        return ERR_NONE;
    buf_clear(&j->orcpts);
    for (size_t i = 0; i < addressees_count(&j->to); i++) {
        const char *orcpt = *given && strcmp(*given, "none") ? *given : NULL;
        given += *given != NULL;
        if (buf_add(&j->orcpts, &orcpt, sizeof orcpt))
            return why_set(why, ERR_OS, "out of memory");
    }
    if (*given)
        return why_set(why, ERR_USAGE, "more of --orcpt than recipients");
    j->delivery.orcpts = (const char *const *)(const void *)j->orcpts.data;
    return ERR_NONE;
}

/* The nth mail's envelope: everything about it that can be known before a byte is sent. */
enum err letters_address(struct job *j, size_t n)
{
    struct why why = {""};
    addressees_cut(&j->to, j->operands);
    enum err e = read_header(j, n, &why);
    if (!e && submission(j->opt))
        e = submission_qualify(j);
    if (!e)
        e = pair_orcpts(j, &why);
    struct sender_mail mail = {.from = j->from,
                               .recipients = addressees_paths(&j->to),
                               .count = addressees_count(&j->to),
                               .delivery = j->delivery};
    if (!e && mail.count == 0)
        return job_usage("recipients", "there are none");
    if (!e)
        e = sender_check(&mail, &why);
    return e ? diag_fail(e, &why, "address") : ERR_NONE;
}
