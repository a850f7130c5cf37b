#include "batch.h"

#include "letters.h"
#include "submission.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The receiver that nobody hears: what it would offer are the extensions that change only what
 * MAIL and RCPT say. Without PIPELINING, so that commands come one by one, as they shall stand. */
#define OFFER "250-batch\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 DELIVERBY\r\n"

struct batch {
    struct sender sender;
    struct writer out;
    const char *reply; /* to what was written last */
};

static void write_command(struct batch *b)
{
    struct span s = sender_output(&b->sender);
    writer_add(&b->out, s.p, s.n);
    b->reply = span_starts(s, span_str("EHLO ")) ? OFFER
               : span_eq(s, span_str("DATA\r\n")) ? "354 go on\r\n"
               : span_eq(s, span_str("QUIT\r\n")) ? "221 bye\r\n"
                                                  : "250 ok\r\n";
    sender_written(&b->sender);
}

/* The next piece of the content; behind the last one its end. */
static enum err give(struct batch *b, const struct outgoing *content, uint64_t *at)
{
    uint8_t piece[SENDER_PIECE];
    uint64_t left = content->length - *at;
    size_t want = left < sizeof piece ? (size_t)left : sizeof piece;
    ssize_t k = want ? pread(content->fd, piece, want, (off_t)(content->start + *at)) : 0;
    if (k < 0 && errno == EINTR)
        return ERR_NONE;
    if (k < 0 || (k == 0 && want))
        return diag_fail(ERR_IO, NULL, "%s",
                         k ? strerror(errno) : "the mail's file became shorter");
    *at += (uint64_t)k;
    return k ? sender_content(&b->sender, span_of(piece, (size_t)k))
             : sender_content_end(&b->sender);
}

/* Turns until the machine is ready for a mail, or over. */
static enum err turn(struct batch *b, const struct outgoing *content)
{
    uint64_t at = 0;
    enum err e = ERR_NONE;
    while (!e && !(e = b->out.err)) {
        enum sender_event event = sender_next(&b->sender);
        if (event == SENDER_READY || event == SENDER_CLOSED)
            break;
        if (event == SENDER_WRITE)
            write_command(b);
        else if (event == SENDER_READ)
            sender_push(&b->sender, span_str(b->reply));
        else
            e = content ? give(b, content, &at) : ERR_BUG;
    }
    return e;
}

static enum err write_mail(struct batch *b, struct job *j, struct outgoing *content)
{
    struct why why = {""};
    int spooled = -1;
    size_t n = addressees_count(&j->to);
    struct sender_result *results = calloc(n, sizeof *results);
    struct outgoing lines = *content;
    enum err e = results ? ERR_NONE : ERR_OS;
    if (!e && content->binary)
        e = outgoing_downgrade(content, true, &lines, &spooled, &why);
    struct sender_mail m = {.from = j->from,
                            .recipients = addressees_paths(&j->to),
                            .count = n,
                            .results = results,
                            .size = lines.size,
                            .eight_bit = lines.eight_bit,
                            .utf8 = lines.utf8_header,
                            .verb = j->verb,
                            .delivery = j->delivery};
    if (!e)
        e = sender_mail(&b->sender, &m, &why);
    if (e)
        e = diag_fail(e, &why, "mail");
    else
        e = turn(b, &lines);
    io_close(spooled, NULL);
    free(results);
    return e;
}

static enum err write_all(struct batch *b, struct job *j)
{
    enum err e = turn(b, NULL);
    for (size_t i = 0; i < mailbag_count(&j->bag) && !e; i++) {
        struct outgoing content;
        int spooled = -1;
        e = letters_address(j, i);
        if (!e)
            e = submission_complete(j, i, &content, &spooled);
        if (!e)
            e = write_mail(b, j, &content);
        io_close(spooled, NULL);
    }
    if (e)
        return e;
    sender_quit(&b->sender);
    return turn(b, NULL);
}

enum err batch_write(struct job *j)
{
    struct why why = {""};
    struct batch *b = calloc(1, sizeof *b);
    if (!b)
        return diag_fail(ERR_OS, NULL, "--batch");
    enum err e = sender_init(&b->sender, false, j->helo, &why);
    if (e)
        e = diag_fail(e, &why, "--helo");
    writer_init(&b->out, STDOUT_FILENO);
    b->reply = "220 batch\r\n";
    if (!e)
        e = write_all(b, j);
    enum err flushed = writer_flush(&b->out, &why);
    if (flushed && (!e || e == b->out.err))
        e = flushed == ERR_PIPE ? flushed : diag_fail(flushed, &why, "stdout");
    sender_release(&b->sender);
    free(b);
    return e;
}
