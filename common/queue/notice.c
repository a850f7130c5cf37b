#include "queue/notice.h"

#include "mime/report_write.h"

#include <stdio.h>
#include <stdlib.h>

enum err notice_write(const struct notice *n, struct buf *out)
{
    char boundary[QUEUE_ID_SIZE + 40], id[QUEUE_ID_SIZE + 40];
    struct mime_dsn_recipient *recipients = calloc(n->count + 1, sizeof *recipients);
    if (!recipients)
        return ERR_OS;
    for (size_t i = 0; i < n->count; i++) {
        const struct queue_recipient *r = &n->failed[i];
        recipients[i] = (struct mime_dsn_recipient){
            .original = *r->orcpt ? r->orcpt : NULL, .path = r->path, .expired = n->expired[i], .status = r->enhanced, .code = r->code,
            .text = r->text, .attempt = n->now,
        };
    }
    /* The boundary looks like nothing that the parts hold: they are our own lines and a header. */
    snprintf(boundary, sizeof boundary, "=_%.40s_%llx", n->entry->id, (long long)n->now);
    snprintf(id, sizeof id, "%s.%u.%llx", n->entry->id, n->entry->tries, (long long)n->now);
    const struct mime_dsn dsn = {
        .head = {.hostname = n->hostname, .from = n->from, .to = n->entry->from,
                 .message_id = id, .boundary = boundary, .date = n->now, .original = n->header},
        .envelope_id = *n->entry->envid ? n->entry->envid : NULL,
        .arrival = n->entry->created, .recipients = recipients, .count = n->count,
    };
    enum err e = mime_dsn_write(&dsn, out);
    free(recipients);
    return e;
}
