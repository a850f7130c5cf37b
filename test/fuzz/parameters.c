/* The parameters of MAIL and RCPT, and xtext: what is taken is valid and can be said again. */
#include "smtp/delivery.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

/* A value that was taken goes into envelopes and headers. */
static void check_word(const char *text)
{
    for (const char *c = text; *c; c++)
        check((unsigned char)*c > ' ' && *c != 0x7f);
}

/* Plain text of ours, told to a receiver of our own: it means the same there. */
static void tell(struct span text)
{
    char envid[ENVID_MAX + 1], back[ENVID_MAX + 1];
    struct mail_parameters m;
    struct buf out;
    if (!span_copy(text, envid, sizeof envid) || !*envid)
        return;
    struct delivery d = {.envid = envid, .ret = RET_HDRS};
    if (delivery_check(&d, 0, NULL))
        return;
    buf_init(&out, 4096);
    check(!delivery_add_mail(&d, &out));
    check(mail_parameters_parse(buf_span(&out), ~0u, &m).code == 0 && m.ret == RET_HDRS);
    check(xtext_decode(span_str(m.envid), back, sizeof back) && strcmp(back, envid) == 0);
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mail_parameters mail;
    struct rcpt_parameters rcpt;
    char plain[2048];
    struct span text = span_of(data, size);
    for (struct span left = span_take(text, 3000); left.n;) {
        struct span line = span_take(left, span_find(left, '\n'));
        left = span_skip(left, line.n + 1);
        if (mail_parameters_parse(line, ~0u, &mail).code == 0) {
            check(strlen(mail.envid) <= ENVID_MAX && xtext_valid(span_str(mail.envid)));
            check_word(mail.envid);
            check_word(mail.mtrk);
            check(!mail.by || (mail.by_seconds <= BY_MAX && mail.by_seconds >= -BY_MAX));
            check(!mail.solicit.n || solicit_valid(mail.solicit));
        }
        if (rcpt_parameters_parse(line, ~0u, &rcpt).code == 0) {
            check_word(rcpt.orcpt);
            check(!*rcpt.orcpt || strchr(rcpt.orcpt, ';'));
            check(!(rcpt.notify & NOTIFY_NEVER) || rcpt.notify == NOTIFY_NEVER);
        }
        if (xtext_decode(line, plain, sizeof plain)) {
            check(xtext_valid(line));
            for (char *c = plain; *c; c++)
                check(*c >= ' ' && *c <= '~');
        }
        tell(line);
    }
    return 0;
}
