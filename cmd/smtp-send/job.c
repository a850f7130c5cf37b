#include "job.h"

#include "server.h"
#include "tool/diag.h"

#include <string.h>

void job_init(struct job *j, const struct settings *opt)
{
    memset(j, 0, sizeof *j);
    j->opt = opt;
    j->lock = -1;
    mailbag_init(&j->bag);
    addressees_init(&j->to);
    hops_init(&j->hops);
    buf_init(&j->line, 2 * REPLY_TEXT_MAX);
    buf_init(&j->orcpts, ADDRESSEES_MAX * sizeof(char *));
    buf_init(&j->password, SECRET_MAX);
}

void job_release(struct job *j)
{
    server_disconnect(j);
    mailbag_release(&j->bag);
    addressees_release(&j->to);
    hops_release(&j->hops);
    by_mx_release(&j->by_mx);
    buf_release(&j->line);
    buf_release(&j->orcpts);
    buf_wipe(&j->password);
    home_close(&j->home);
}

enum err job_usage(const char *what, const char *words)
{
    diag_error("%s: %s", what, words);
    return ERR_USAGE;
}
