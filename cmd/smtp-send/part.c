#include "part.h"

#include "tool/diag.h"

#include <stdlib.h>

enum err part_init(struct part *p, const struct sender_mail *whole)
{
    size_t n = whole->count;
    *p = (struct part){.mail = *whole,
                       .whole = whole,
                       .places = calloc(n, sizeof *p->places),
                       .paths = calloc(n, sizeof *p->paths),
                       .orcpts = calloc(n, sizeof *p->orcpts),
                       .results = calloc(n, sizeof *p->results)};
    p->mail.count = 0;
    p->mail.recipients = p->paths;
    p->mail.results = p->results;
    p->mail.delivery.orcpts = whole->delivery.orcpts ? p->orcpts : NULL;
    return p->places && p->paths && p->orcpts && p->results
               ? ERR_NONE
               : diag_fail(ERR_OS, NULL, "recipients");
}

void part_release(struct part *p)
{
    free(p->places);
    free(p->paths);
    free(p->orcpts);
    free(p->results);
}

void part_add(struct part *p, size_t n)
{
    size_t at = p->mail.count++;
    p->places[at] = n;
    p->paths[at] = p->whole->recipients[n];
    p->orcpts[at] = p->whole->delivery.orcpts ? p->whole->delivery.orcpts[n] : NULL;
    p->results[at] = (struct sender_result){.err = ERR_NONE};
}

void part_settle(struct part *p)
{
    for (size_t i = 0; i < p->mail.count; i++)
        p->whole->results[p->places[i]] = p->results[i];
    p->mail.count = 0;
}
