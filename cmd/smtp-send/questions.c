#include "questions.h"

#include "net/report.h"
#include "server.h"
#include "tool/diag.h"

#include <stdio.h>

static enum err ask(struct job *j, const char *verb, const char *words)
{
    struct why why = {""};
    buf_clear(&j->line);
    enum err e = transfer_ask(&j->transfer, verb, words, &j->line, &why);
    if (e)
        return diag_fail(e, &why, "%s%s%s", verb, *words ? " " : "", words);
    fwrite(j->line.data, 1, j->line.len, stdout);
    return ERR_NONE;
}

/* All that was asked for, by one connection; the worst answer counts. */
enum err questions_ask(struct job *j)
{
    const struct {
        const char *verb, *words;
    } questions[] = {{"VRFY", j->opt->vrfy},
                     {"EXPN", j->opt->expn},
                     {"HELP", j->opt->help_peer ? "" : NULL}};
    enum { QUESTIONS = sizeof questions / sizeof *questions };
    struct why why = {""};
    for (size_t i = 0; i < QUESTIONS; i++)
        if (questions[i].words && sender_check_question(questions[i].words, &why))
            return diag_fail(ERR_DATA, &why, "%s", questions[i].verb);
    enum err worst = server_connect(j);
    for (size_t i = 0; i < QUESTIONS && j->connected; i++)
        if (questions[i].words && transfer_is_open(&j->transfer))
            worst = report_worse(worst, ask(j, questions[i].verb, questions[i].words));
    return worst;
}
