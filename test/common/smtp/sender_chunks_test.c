#include "smtp/sender.h"
#include "check.h"

/* The content by BDAT: a script as in sender_test.c, with the content given in small pieces. */
static struct sender s;
static struct sender_result results[3];
static const char *const three[] = {"a@x", "b@x", "c@x"};
static struct sender_mail mail;
static const char *content;
static size_t given, length;
static char *said;
static size_t said_n;
enum { ROOM = 4 * SENDER_CHUNK };

static size_t on_the_wire(const char *text, size_t n)
{
    size_t lines = 0;
    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    return n + lines;
}

static void begin(bool lmtp, const char *ehlo, const char *text, size_t n)
{
    CHECK(sender_init(&s, lmtp, "me.example", NULL) == ERR_NONE);
    sender_begin_at_ready(&s, span_str(ehlo));
    mail = (struct sender_mail){.from = "me@y", .recipients = three, .count = 3,
                                .results = results, .size = on_the_wire(text, n)};
    content = text;
    length = n;
    given = said_n = 0;
    CHECK(sender_mail(&s, &mail, NULL) == ERR_NONE);
}

static enum sender_event turn(void)
{
    for (;;) {
        enum sender_event e = sender_next(&s);
        if (e == SENDER_WRITE) {
            struct span out = sender_output(&s);
            CHECK(said_n + out.n < ROOM);
            memcpy(said + said_n, out.p, out.n);
            said_n += out.n;
            sender_written(&s);
        } else if (e == SENDER_CONTENT && given < length) {
            size_t n = length - given < 1000 ? length - given : 1000;
            CHECK(sender_content(&s, span_of(content + given, n)) == ERR_NONE);
            given += n;
        } else if (e == SENDER_CONTENT) {
            CHECK(sender_content_end(&s) == ERR_NONE);
        } else {
            said[said_n] = '\0';
            return e;
        }
    }
}

static enum sender_event reply(const char *lines)
{
    struct span in = span_str(lines);
    enum sender_event e = SENDER_READ;
    for (; in.n; in = span_skip(in, 1)) {
        sender_push(&s, span_take(in, 1));
        e = turn();
    }
    return e;
}

static const char *heard(void)
{
    said_n = 0;
    return said;
}

#define PIPES "x\nPIPELINING\nCHUNKING\nSIZE\n"
#define FLIGHT_OF(n, text) "MAIL FROM:<me@y> SIZE=" n "\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\n" \
                           "RCPT TO:<c@x>\r\nBDAT " n " LAST\r\n" text

static void all_of_it_in_one_flight(void)
{
    begin(false, PIPES, "Hi\n.\n", 5);
    CHECK(turn() == SENDER_READ);
    CHECK_STR(heard(), FLIGHT_OF("7", "Hi\r\n.\r\n"));
    CHECK(!sender_awaits_verdict(&s));
    reply("250 ok\r\n250 a\r\n550 5.1.1 b\r\n250 c\r\n");
    CHECK(sender_awaits_verdict(&s));
    CHECK(reply("250 2.0.0 taken\r\n") == SENDER_READY);
    CHECK_INT(results[0].err, ERR_NONE);
    CHECK_STR(results[0].text, "taken");
    CHECK_INT(results[1].err, ERR_NO_USER);
    CHECK_INT(results[2].err, ERR_NONE);
    CHECK(!s.dirty);
    sender_release(&s);
}

/* The content's own bytes are not among what may be shown. */
static void what_may_be_shown(void)
{
    begin(false, PIPES, "Hi\n.\n", 5);
    while (sender_next(&s) == SENDER_CONTENT)
        sender_content(&s, span_str("Hi\n.\n"));
    struct span shown = sender_shown(&s);
    CHECK_INT(sender_output(&s).n - shown.n, 7);
    CHECK(shown.n > 8 && memcmp(shown.p + shown.n - 8, "7 LAST\r\n", 8) == 0);
    sender_release(&s);
}

/* The octets have gone; every reply is awaited, and RSET goes before the next mail. */
static void nobody_is_taken(void)
{
    static const char *const refusals[] = {
        "250 ok\r\n550 5.1.1 a\r\n450 4.2.1 b\r\n550 5.1.1 c\r\n503 5.5.1 nobody\r\n",
        "250 ok\r\n550 5.1.1 a\r\n450 4.2.1 b\r\n550 5.1.1 c\r\n250 2.0.0 for nobody\r\n",
        "452 4.3.1 full\r\n503 5.5.1 a\r\n503 5.5.1 b\r\n503 5.5.1 c\r\n503 5.5.1 d\r\n",
        "552 5.3.4 full\r\n503 5.5.1 a\r\n503 5.5.1 b\r\n503 5.5.1 c\r\n503 5.5.1 d\r\n"};
    static const enum err first[] = {ERR_NO_USER, ERR_NO_USER, ERR_AGAIN, ERR_UNAVAILABLE};
    static const enum err second[] = {ERR_AGAIN, ERR_AGAIN, ERR_AGAIN, ERR_UNAVAILABLE};
    for (size_t i = 0; i < 4; i++) {
        begin(i % 2, PIPES, "Hi\n", 3);
        turn();
        CHECK(reply(refusals[i]) == SENDER_READY);
        CHECK_INT(results[0].err, first[i]);
        CHECK_INT(results[1].err, second[i]);
        given = 0;
        heard();
        CHECK(sender_mail(&s, &mail, NULL) == ERR_NONE);
        CHECK(turn() == SENDER_READ);
        CHECK_STR(heard(), "RSET\r\n");
        CHECK(reply("250 ok\r\n") == SENDER_READ);
        CHECK_STR(heard(), FLIGHT_OF("4", "Hi\r\n"));
        sender_release(&s);
    }
}

/* Without PIPELINING nothing is said for nobody. */
static void one_at_a_time(void)
{
    begin(false, "x\nCHUNKING\n", "Hi\n", 3);
    turn();
    CHECK_STR(heard(), "MAIL FROM:<me@y>\r\n");
    reply("250 ok\r\n");
    reply("550 a\r\n");
    reply("250 b\r\n");
    heard();
    reply("550 c\r\n");
    CHECK_STR(heard(), "BDAT 4 LAST\r\nHi\r\n");
    CHECK(reply("250 ok\r\n") == SENDER_READY);
    CHECK_INT(results[1].err, ERR_NONE);
    CHECK_INT(results[0].err, ERR_NO_USER);
    sender_release(&s);
    begin(false, "x\nCHUNKING\n", "Hi\n", 3);
    turn();
    reply("250 ok\r\n");
    reply("550 a\r\n");
    reply("550 b\r\n");
    heard();
    CHECK(reply("550 c\r\n") == SENDER_READY);
    CHECK_STR(heard(), "");
    sender_release(&s);
}

/* Lines such that the chunk's end falls between a line's CR and its LF. */
static char *big(size_t lines, size_t *n)
{
    char *text = malloc(lines * 8 + 1);
    for (size_t i = 0; i < lines; i++)
        memcpy(text + 8 * i, i ? ".234567\n" : "S: 4567\n", 8);
    *n = lines * 8;
    return text;
}

/* Undoes BDAT; the content's length. */
static size_t assembled(const char *from, char *to, unsigned *chunks)
{
    size_t n = 0;
    *chunks = 0;
    for (unsigned long k; sscanf(from, "BDAT %lu", &k) == 1 && ++*chunks; from += k) {
        from = strstr(from, "\r\n") + 2;
        memcpy(to + n, from, k);
        n += k;
    }
    return n;
}

static void a_large_mail_in_chunks(void)
{
    size_t n;
    unsigned chunks;
    char *text = big(300000, &n), *back = malloc(ROOM);
    begin(false, PIPES, text, n);
    CHECK(turn() == SENDER_READ);
    /* The second chunk waits until somebody is taken, and the memory stays small meanwhile. */
    const char *bdat = strstr(heard(), "BDAT 1048576\r\n");
    CHECK(bdat != NULL);
    size_t got = assembled(bdat, back, &chunks);
    CHECK_INT(got, SENDER_CHUNK);
    CHECK_INT(chunks, 1);
    CHECK(s.out.cap <= 4 * SENDER_PIECE && s.over.cap <= 4 * SENDER_PIECE);
    CHECK(reply("250 ok\r\n250 a\r\n550 b\r\n") == SENDER_READ);
    CHECK_INT(said_n, 0);
    CHECK(reply("250 c\r\n") == SENDER_READ);
    got += assembled(heard(), back + got, &chunks);
    CHECK_INT(chunks, 2);
    CHECK_INT(got, on_the_wire(text, n));
    CHECK(memcmp(back, "S: 4567\r\n.234567\r\n", 18) == 0);
    for (size_t i = 9; i < got; i += 9)
        if (memcmp(back + i, ".234567\r\n", 9) != 0)
            CHECK(!"line by line");
    reply("250 1048576 octets\r\n250 more\r\n");
    CHECK(reply("250 2.0.0 taken\r\n") == SENDER_READY);
    CHECK_INT(results[0].err, ERR_NONE);
    CHECK_INT(results[1].err, ERR_NO_USER);
    sender_release(&s);
    free(back);
    free(text);
}

/* 4yz and 5yz to a chunk, on time or before its octets have gone: the rest is not said. */
static void a_chunk_is_refused(void)
{
    size_t n;
    char *text = big(300000, &n);
    for (int late = 0; late < 2; late++) {
        begin(false, PIPES, text, n);
        turn();
        reply("250 ok\r\n250 a\r\n550 b\r\n");
        heard();
        if (late) {
            reply("250 c\r\n");
            reply("452 4.3.1 full\r\n");
            reply("503 no\r\n");
            CHECK(reply("503 no\r\n") == SENDER_READY);
        } else {
            sender_push(&s, span_str("250 c\r\n452 4.3.1 full\r\n"));
            CHECK(turn() == SENDER_READY);
            CHECK_INT(said_n, 0);
        }
        CHECK_INT(results[0].err, ERR_AGAIN);
        CHECK_STR(results[2].text, "full");
        CHECK_INT(results[1].err, ERR_NO_USER);
        CHECK(s.dirty);
        sender_release(&s);
    }
    begin(false, PIPES, text, n);
    while (sender_next(&s) != SENDER_CONTENT)
        sender_written(&s);
    sender_push(&s, span_str("250 ok\r\n250 a\r\n250 b\r\n250 c\r\n552 5.3.4 too large\r\n"));
    CHECK(turn() == SENDER_READY);
    unsigned chunks;
    char *back = malloc(ROOM);
    CHECK_INT(assembled(strstr(said, "BDAT"), back, &chunks), SENDER_CHUNK);
    CHECK_INT(chunks, 1);
    CHECK_INT(results[0].err, ERR_UNAVAILABLE);
    sender_release(&s);
    free(back);
    free(text);
}

static void the_last_chunk_is_refused(void)
{
    static const char *const words[] = {"450 4.2.0 later\r\n", "554 5.6.0 never\r\n"};
    static const enum err want[] = {ERR_AGAIN, ERR_UNAVAILABLE};
    for (int i = 0; i < 2; i++) {
        begin(false, PIPES, "Hi\n", 3);
        turn();
        reply("250 ok\r\n250 a\r\n250 b\r\n550 5.1.1 c\r\n");
        CHECK(reply(words[i]) == SENDER_READY);
        CHECK_INT(results[0].err, want[i]);
        CHECK_INT(results[2].err, ERR_NO_USER);
        CHECK(s.dirty);
        sender_release(&s);
    }
}

static void lmtp_answers_for_each(void)
{
    size_t n;
    char *text = big(200000, &n);
    begin(true, PIPES, text, n);
    turn();
    heard();
    CHECK(reply("250 ok\r\n250 a\r\n550 5.1.1 b\r\n250 c\r\n") == SENDER_READ);
    /* Chunk by chunk, so that it is known to whom the replies belong. */
    CHECK_INT(said_n, 0);
    CHECK(reply("250 octets\r\n") == SENDER_READ);
    CHECK(strstr(heard(), "LAST") != NULL);
    CHECK(reply("250 2.0.0 saved a\r\n") == SENDER_READ);
    CHECK(reply("452 4.2.2 full c\r\n") == SENDER_READY);
    CHECK_STR(results[0].text, "saved a");
    CHECK_STR(results[1].text, "b");
    CHECK_STR(results[2].text, "full c");
    sender_release(&s);
    free(text);
}

/* RFC 2033 §4.2, §4.3: as many replies as recipients were taken, refusals too, early or late. */
static void lmtp_refuses_the_last_chunk_for_each(void)
{
    for (int early = 0; early < 2; early++) {
        size_t n;
        char *text = big(60000, &n);
        begin(true, PIPES, text, n);
        if (early)
            while (sender_next(&s) != SENDER_WRITE)
                CHECK(sender_content(&s, span_of(text + given++, 1)) == ERR_NONE);
        else
            turn();
        sender_written(&s);
        const char *words = "250 ok\r\n250 a\r\n550 5.1.1 b\r\n250 c\r\n552 5.3.4 large a\r\n";
        sender_push(&s, span_str(words));
        CHECK(!results[2].settled);
        sender_push(&s, span_str("452 4.2.2 full c\r\n"));
        CHECK(turn() == SENDER_READY);
        CHECK_STR(results[0].text, "large a");
        CHECK_STR(results[1].text, "b");
        CHECK_STR(results[2].text, "full c");
        CHECK(s.dirty);
        /* And the next mail goes on from there. */
        given = 0;
        CHECK(sender_mail(&s, &mail, NULL) == ERR_NONE);
        turn();
        CHECK(reply("250 reset\r\n250 ok\r\n250 a\r\n250 b\r\n250 c\r\n250 one\r\n550 two\r\n") ==
              SENDER_READ);
        CHECK(reply("250 three\r\n") == SENDER_READY);
        CHECK_STR(results[1].text, "two");
        CHECK_STR(results[2].text, "three");
        sender_release(&s);
        free(text);
    }
}

/* 421, the line's end and nonsense, at each reply. */
static void ends_badly(const char *what, enum err want)
{
    static const char *const steps[] = {"250 ok\r\n", "250 a\r\n", "550 5.1.1 b\r\n", "250 c\r\n"};
    for (int step = 0; step <= 4; step++) {
        begin(false, PIPES, "Hi\n", 3);
        turn();
        for (int i = 0; i < step; i++)
            reply(steps[i]);
        if (what)
            reply(what);
        else
            sender_lost(&s, ERR_AGAIN, "connection lost");
        CHECK(turn() == SENDER_CLOSED);
        for (int i = 0; i < 3; i++) {
            CHECK(results[i].settled);
            CHECK_INT(results[i].err, i == 1 && step > 2 ? ERR_NO_USER : want);
        }
        sender_release(&s);
    }
}

static void replies_that_are_none(void)
{
    ends_badly("421 4.3.2 closing\r\n", ERR_AGAIN);
    ends_badly(NULL, ERR_AGAIN);
    ends_badly("no reply\r\n", ERR_PROTOCOL);
    begin(false, PIPES, "Hi\n", 3);
    turn();
    CHECK(reply("250 ok\r\n250 a\r\n250 b\r\n250 c\r\n354 go\r\n") == SENDER_CLOSED);
    CHECK_INT(s.err, ERR_PROTOCOL);
    sender_release(&s);
    /* A yes to octets that have not gone. */
    begin(false, PIPES, "Hi\n", 3);
    while (sender_next(&s) == SENDER_WRITE)
        sender_written(&s);
    sender_push(&s, span_str("250 ok\r\n250 a\r\n250 b\r\n250 c\r\n250 taken\r\n"));
    CHECK_INT(s.err, ERR_PROTOCOL);
    sender_release(&s);
}

/* Somebody writes to the mail's file while it is sent. */
static void a_mail_that_changes_never_becomes_whole(void)
{
    for (int longer = 0; longer < 2; longer++) {
        begin(false, PIPES, "Hi\n", 3);
        mail.size = longer ? 3 : 5;
        turn();
        CHECK_INT(s.err, ERR_IO);
        CHECK(strstr(said, "Hi\r\n") == NULL);
        CHECK_INT(results[0].err, ERR_IO);
        sender_release(&s);
    }
}

int main(void)
{
    said = malloc(ROOM);
    RUN(all_of_it_in_one_flight);
    RUN(what_may_be_shown);
    RUN(nobody_is_taken);
    RUN(one_at_a_time);
    RUN(a_large_mail_in_chunks);
    RUN(a_chunk_is_refused);
    RUN(the_last_chunk_is_refused);
    RUN(lmtp_answers_for_each);
    RUN(lmtp_refuses_the_last_chunk_for_each);
    RUN(replies_that_are_none);
    RUN(a_mail_that_changes_never_becomes_whole);
    free(said);
    return check_done();
}
