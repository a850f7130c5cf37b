/* Random bytes as what a POP3 or IMAP server says, in spans of random sizes. */
#include "mailbox/bodystructure.h"
#include "mailbox/imap_response.h"
#include "mailbox/pop3_reply.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_pop3(struct span in, size_t step)
{
    static struct pop3_parser p;
    struct pop3_event ev;
    unsigned n = 0;
    pop3_init(&p);
    pop3_expect(&p, POP3_MAIL);
    while (in.n) {
        pop3_push(&p, span_take(in, step));
        in = span_skip(in, step);
        do {
            if (pop3_next(&p, &ev))
                return;
            if (ev.kind == POP3_END || ev.kind == POP3_ERR)
                pop3_expect(&p, (enum pop3_expect)(n++ % 3));
        } while (ev.kind != POP3_NEED_MORE);
    }
}

static void read_response(struct span s)
{
    struct mime_kind_parts parts = {false, false};
    struct span rest = s;
    while (imap_skip(&rest))
        ;
    (void)bodystructure_read(&s, &parts);
}

static void as_imap(struct span in, size_t step)
{
    struct imap_parser p;
    struct imap_event ev = {IMAP_NEED_MORE, {NULL, 0}, 0};
    enum err e = ERR_NONE;
    imap_init(&p);
    while (in.n && !e) {
        imap_push(&p, span_take(in, step));
        in = span_skip(in, step);
        do {
            e = imap_next(&p, &ev);
            if (!e && ev.kind == IMAP_RESPONSE)
                read_response(ev.text);
        } while (!e && ev.kind != IMAP_NEED_MORE);
    }
    imap_release(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct span in = span_of(data + 1, size - 1);
    as_pop3(in, data[0] % 64 + 1u);
    as_imap(in, data[0] + 1u);
    read_response(in);
    return 0;
}
