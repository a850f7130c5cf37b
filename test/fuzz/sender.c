/* The sender against a receiver that says anything: it must never say two mails for one, leave a
 * recipient unsettled at the end, or grow. */
#include "smtp/sender.h"

#include "clean_wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the receiver can, each by a bit. */
static void capabilities(uint8_t bits, char out[200])
{
    static const char *const words[] = {"PIPELINING\n", "CHUNKING\n", "8BITMIME\n", "DSN\n",
                                        "SIZE 100\n", "SMTPUTF8\n", "BINARYMIME\n", "DELIVERBY 5\n"};
    strcpy(out, "x\n");
    for (int i = 0; i < 8; i++)
        if (bits >> i & 1)
            strcat(out, words[i]);
}

/* Runs until the sender wants to hear something; the first byte of what follows cuts the input, the
 * second says what has been offered, where it is not 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const to[] = {"a@x.example", "b@y.example", "c@z.example"};
    static const char content[] = "Subject: x\n\n.\r\n..\rx\n";
    struct sender_result results[3];
    struct wire_encoder wire;
    uint8_t room[100];
    wire_init(&wire, WIRE_LINES);
    size_t octets = wire_encode(&wire, span_of(content, sizeof content - 1), room);
    octets += wire_end(&wire, room);
    /* Every fourth mail is of another size than was told. */
    struct sender_mail mail = {.from = "me@x", .recipients = to, .count = 3, .results = results,
                               .size = octets + size % 4 / 3, .eight_bit = size & 1,
                               .delivery = {.notify = NOTIFY_FAILURE, .ret = RET_HDRS,
                                            .envid = "a+b=", .by = size & 2, .by_seconds = 9,
                                            .by_mode = 'N'}};
    char offered[200];
    struct sender s;
    struct span in = span_of(data, size);
    unsigned mails = 0, given = 0;
    if (size < 2 || sender_init(&s, data[0] & 1, "me.example", NULL))
        return 0;
    size_t step = (data[0] >> 1) + 1u;
    capabilities(data[1], offered);
    if (data[1])
        sender_begin_at_ready(&s, span_str(offered));
    in = span_skip(in, 2);
    for (;;) {
        enum sender_event e = sender_next(&s);
        if (e == SENDER_WRITE) {
            check_clean(sender_output(&s));
            sender_written(&s);
        } else if (e == SENDER_READ && in.n) {
            sender_push(&s, span_take(in, step));
            in = span_skip(in, step);
        } else if (e == SENDER_READ) {
            sender_lost(&s, ERR_AGAIN, "end");
        } else if (e == SENDER_CONTENT) {
            bool first = given++ == 0;
            if (first ? sender_content(&s, span_of(content, sizeof content - 1))
                      : sender_content_end(&s))
                abort();
        } else if (e == SENDER_READY && mails++ < 3) {
            given = 0;
            if (sender_mail(&s, &mail, NULL))
                abort();
        } else if (e == SENDER_READY) {
            sender_quit(&s);
        } else {
            break;
        }
    }
    for (int i = 0; i < 3 && mails; i++)
        if (!results[i].settled)
            abort();
    sender_release(&s);
    return 0;
}
