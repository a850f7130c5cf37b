#include "smtp/sender.h"
#include "check.h"

/* A dialogue played from a script: "<" lines are the receiver's, ">" lines are due from us. */
static struct sender s;
static char said[65536];
static size_t said_n;
static const char *content;

static struct sender_result results[8];
static const char *const three[] = {"a@x", "b@x", "c@x"};
static struct sender_mail mail;

static void begin(bool lmtp, const char *const *recipients, size_t count)
{
    CHECK(sender_init(&s, lmtp, "me.example", NULL) == ERR_NONE);
    mail = (struct sender_mail){.from = "me@y", .recipients = recipients, .count = count,
                                .results = results};
    said_n = 0;
    content = "Hi\n.\n";
}

/* Turns until the machine waits for the receiver or for us. */
static enum sender_event turn(void)
{
    for (;;) {
        enum sender_event e = sender_next(&s);
        if (e == SENDER_WRITE) {
            struct span out = sender_output(&s);
            CHECK(said_n + out.n < sizeof said);
            memcpy(said + said_n, out.p, out.n);
            said_n += out.n;
            sender_written(&s);
        } else if (e == SENDER_CONTENT && content) {
            sender_content(&s, span_str(content));
            content = NULL;
            sender_content_end(&s);
        } else {
            said[said_n] = '\0';
            return e;
        }
    }
}

/* Everything said since the last time. */
static const char *heard(void)
{
    said_n = 0;
    return said;
}

static bool split;

static enum sender_event reply(const char *lines)
{
    struct span in = span_str(lines);
    if (!split)
        sender_push(&s, in);
    for (; split && in.n; in = span_skip(in, 1)) {
        sender_push(&s, span_take(in, 1));
        turn();
    }
    return turn();
}

static void greet(const char *ehlo)
{
    CHECK(turn() == SENDER_READ);
    CHECK(reply("220-two\r\n220 lines\r\n") == SENDER_READ);
    CHECK_STR(heard(), s.lmtp ? "LHLO me.example\r\n" : "EHLO me.example\r\n");
    CHECK(reply(ehlo) == SENDER_READY);
}

static void one_at_a_time(void)
{
    begin(false, three, 2);
    greet("250 x\r\n");
    CHECK(sender_mail(&s, &mail, NULL) == ERR_NONE);
    CHECK(turn() == SENDER_READ);
    CHECK_STR(heard(), "MAIL FROM:<me@y>\r\n");
    reply("250 ok\r\n");
    CHECK_STR(heard(), "RCPT TO:<a@x>\r\n");
    reply("251 will forward\r\n");
    CHECK_STR(heard(), "RCPT TO:<b@x>\r\n");
    reply("550 5.1.1 nobody\r\n");
    CHECK_STR(heard(), "DATA\r\n");
    reply("354 go\r\n");
    CHECK_STR(heard(), "Hi\r\n..\r\n.\r\n");
    CHECK(reply("250 2.0.0 taken\r\n") == SENDER_READY);
    CHECK_INT(results[0].err, ERR_NONE);
    CHECK_INT(results[0].code, 250);
    CHECK_INT(results[1].err, ERR_NO_USER);
    CHECK_STR(results[1].enhanced, "5.1.1");
    CHECK_STR(results[1].text, "nobody");
    sender_quit(&s);
    turn();
    CHECK_STR(heard(), "QUIT\r\n");
    CHECK(reply("221 bye\r\n") == SENDER_CLOSED);
    CHECK_INT(s.err, ERR_NONE);
    sender_release(&s);
}

static void one_flight(void)
{
    begin(false, three, 3);
    greet("250-x\r\n250-PIPELINING\r\n250-size 1000\r\n250 8BITMIME\r\n");
    mail.size = 77;
    mail.eight_bit = true;
    sender_mail(&s, &mail, NULL);
    turn();
    CHECK_STR(heard(), "MAIL FROM:<me@y> SIZE=77 BODY=8BITMIME\r\nRCPT TO:<a@x>\r\n"
                       "RCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n");
    reply("250 ok\r\n250 ok\r\n450 4.2.1 later\r\n550 5.7.1 no\r\n354 go\r\n");
    CHECK_STR(heard(), "Hi\r\n..\r\n.\r\n");
    CHECK(reply("250 taken\r\n") == SENDER_READY);
    CHECK_INT(results[0].err, ERR_NONE);
    CHECK_INT(results[1].err, ERR_AGAIN);
    CHECK_INT(results[2].err, ERR_UNAVAILABLE);
    sender_release(&s);
}

/* RFC 2920 §3.1: nobody was taken, and still 354 came. */
static void nobody_is_left(void)
{
    begin(false, three, 2);
    greet("250-x\r\n250 PIPELINING\r\n");
    sender_mail(&s, &mail, NULL);
    turn();
    heard();
    reply("250 ok\r\n550 5.1.1 a\r\n550 5.1.1 b\r\n354 go\r\n");
    CHECK_STR(heard(), ".\r\n");
    CHECK(reply("554 no recipients\r\n") == SENDER_READY);
    CHECK_INT(results[0].err, ERR_NO_USER);
    CHECK_STR(results[1].text, "b");
    /* The next mail is told apart from this one. */
    content = "Hi\n.\n";
    sender_mail(&s, &mail, NULL);
    turn();
    CHECK_STR(heard(), "RSET\r\n");
    reply("250 ok\r\n");
    CHECK(strncmp(heard(), "MAIL", 4) == 0);
    sender_release(&s);
}

static void mail_is_refused(void)
{
    for (int pipelining = 0; pipelining < 2; pipelining++) {
        begin(false, three, 2);
        greet(pipelining ? "250-x\r\n250 PIPELINING\r\n" : "250 x\r\n");
        sender_mail(&s, &mail, NULL);
        turn();
        CHECK(reply(pipelining ? "452 4.3.1 full\r\n503 5.5.1 a\r\n503 5.5.1 b\r\n503 5.5.1 c\r\n"
                               : "452 4.3.1 full\r\n") == SENDER_READY);
        for (int i = 0; i < 2; i++) {
            CHECK_INT(results[i].err, ERR_AGAIN);
            CHECK_STR(results[i].text, "full");
        }
        sender_release(&s);
    }
}

static void lmtp_answers_for_each(void)
{
    begin(true, three, 3);
    greet("250-x\r\n250 PIPELINING\r\n");
    sender_mail(&s, &mail, NULL);
    turn();
    reply("250 ok\r\n250 ok\r\n550 5.1.1 no b\r\n250 ok\r\n354 go\r\n");
    CHECK(reply("250 2.0.0 saved a\r\n") == SENDER_READ);
    CHECK(reply("452 4.2.2 full c\r\n") == SENDER_READY);
    CHECK_STR(results[0].text, "saved a");
    CHECK_STR(results[1].text, "no b");
    CHECK_INT(results[2].err, ERR_AGAIN);
    CHECK_STR(results[2].text, "full c");
    sender_release(&s);
}

static void helo_where_ehlo_is_unknown(void)
{
    begin(false, three, 1);
    turn();
    reply("220 old\r\n");
    heard();
    reply("502 what\r\n");
    CHECK_STR(heard(), "HELO me.example\r\n");
    CHECK(reply("250 old\r\n") == SENDER_READY);
    mail.eight_bit = true;
    sender_mail(&s, &mail, NULL);
    CHECK(turn() == SENDER_READY);
    CHECK_INT(results[0].err, ERR_UNAVAILABLE);
    CHECK_STR(results[0].enhanced, "5.6.3");
    sender_release(&s);
}

static void what_the_peer_cannot_take_is_not_sent(void)
{
    static const char *const utf8[] = {"\xc3\xa9@x"};
    begin(false, utf8, 1);
    greet("250-x\r\n250-SIZE 10\r\n250 PIPELINING\r\n");
    heard();
    sender_mail(&s, &mail, NULL);
    CHECK(turn() == SENDER_READY);
    CHECK_STR(results[0].enhanced, "5.6.7");
    mail.recipients = three;
    mail.size = 11;
    sender_mail(&s, &mail, NULL);
    CHECK(turn() == SENDER_READY);
    CHECK_STR(results[0].enhanced, "5.3.4");
    said[said_n] = '\0';
    CHECK_STR(heard(), "");
    sender_release(&s);
}

/* Headers beyond ASCII want SMTPUTF8 as addresses do. */
static void utf8_headers(void)
{
    begin(false, three, 1);
    greet("250-x\r\n250 PIPELINING\r\n");
    heard();
    mail.utf8 = mail.eight_bit = true;
    sender_mail(&s, &mail, NULL);
    CHECK(turn() == SENDER_READY);
    CHECK_STR(results[0].enhanced, "5.6.7");
    sender_release(&s);
    begin(false, three, 1);
    greet("250-x\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING\r\n");
    heard();
    mail.utf8 = mail.eight_bit = true;
    sender_mail(&s, &mail, NULL);
    turn();
    CHECK(strncmp(heard(), "MAIL FROM:<me@y> BODY=8BITMIME SMTPUTF8\r\n", 41) == 0);
    sender_release(&s);
    begin(false, three, 1);
    greet("250-x\r\n250-8BITMIME\r\n250 PIPELINING\r\n");
    heard();
    mail.utf8 = mail.eight_bit = true;
    sender_mail(&s, &mail, NULL);
    turn();
    CHECK(strncmp(heard(), "MAIL FROM:<me@y> BODY=8BITMIME\r\n", 32) == 0);
    sender_release(&s);
}

static void questions(void)
{
    begin(false, three, 1);
    greet("250 x\r\n");
    heard();
    CHECK(sender_ask(&s, "VRFY", "a\r\nQUIT", NULL) == ERR_DATA);
    CHECK(sender_ask(&s, "EXPN", "staff", NULL) == ERR_NONE);
    CHECK(turn() == SENDER_READ);
    CHECK_STR(heard(), "EXPN staff\r\n");
    CHECK(reply("250-<a@x>\r\n250 <b@x>\r\n") == SENDER_READY);
    CHECK_INT(sender_answer(&s)->code, 250);
    CHECK(span_eq(buf_span(&sender_answer(&s)->text), span_str("<a@x>\n<b@x>")));
    CHECK(sender_ask(&s, "HELP", "", NULL) == ERR_NONE);
    turn();
    CHECK_STR(heard(), "HELP\r\n");
    CHECK(reply("421 bye\r\n") == SENDER_CLOSED);
    sender_release(&s);
}

static void binary_needs_both_extensions(void)
{
    static const char *const lists[] = {"x\nBINARYMIME\n", "x\nCHUNKING\n8BITMIME\n",
                                        "x\nPIPELINING\nCHUNKING\nBINARYMIME\n"};
    for (int i = 0; i < 3; i++) {
        begin(false, three, 1);
        sender_begin_at_ready(&s, span_str(lists[i]));
        mail.binary = true;
        mail.size = 5;
        content = "\r.\n\r\n";
        sender_mail(&s, &mail, NULL);
        CHECK(turn() == (i == 2 ? SENDER_READ : SENDER_READY));
        CHECK_STR(heard(), i < 2 ? "" : "MAIL FROM:<me@y> BODY=BINARYMIME\r\nRCPT TO:<a@x>\r\n"
                                        "BDAT 5 LAST\r\n\r.\n\r\n");
        CHECK_STR(results[0].enhanced, i < 2 ? "5.6.3" : "");
        sender_release(&s);
    }
}

/* Plays the dialogue as far as the given step and says 421, breaks off, or talks nonsense there. */
static const char *const steps[] = {"220 x\r\n", "250-x\r\n250 PIPELINING\r\n",
                                    "250 mail\r\n", "250 a\r\n", "550 5.1.1 b\r\n", "354 go\r\n",
                                    "250 taken\r\n"};
enum { STEPS = sizeof steps / sizeof *steps };

static void play_to(int step)
{
    begin(false, three, 2);
    turn();
    for (int i = 0; i < step; i++) {
        enum sender_event e = reply(steps[i]);
        if (e == SENDER_READY && i == 1)
            sender_mail(&s, &mail, NULL);
        turn();
    }
}

static void ends_badly(const char *what, enum err want)
{
    for (int step = 0; step < STEPS; step++) {
        memset(results, 0, sizeof results);
        play_to(step);
        if (what)
            sender_push(&s, span_str(what));
        else
            sender_lost(&s, ERR_AGAIN, "connection lost");
        CHECK(turn() == SENDER_CLOSED);
        CHECK_INT(s.err, want);
        for (int i = 0; i < 2 && step >= 2; i++) {
            CHECK(results[i].settled);
            CHECK_INT(results[i].err, i == 1 && step > 4 ? ERR_NO_USER : want);
        }
        /* Nothing more is ever said. */
        sender_push(&s, span_str("250 ok\r\n"));
        CHECK(turn() == SENDER_CLOSED);
        sender_release(&s);
    }
}

static void closing_421_at_any_step(void)
{
    ends_badly("421 4.3.2 closing\r\n", ERR_AGAIN);
}

static void drops_at_any_step(void)
{
    ends_badly(NULL, ERR_AGAIN);
}

static void nonsense_at_any_step(void)
{
    ends_badly("\x80\xff no reply\r\n", ERR_PROTOCOL);
}

static void replies_to_nothing(void)
{
    play_to(2);
    CHECK(reply("250 mail\r\n250 a\r\n250 b\r\n354 go\r\n250 early\r\n250 and more\r\n") ==
          SENDER_CLOSED);
    CHECK_INT(s.err, ERR_PROTOCOL);
    sender_release(&s);
}

static void a_verdict_before_the_end(void)
{
    play_to(2);
    content = NULL;
    CHECK(reply("250 mail\r\n250 a\r\n250 b\r\n354 go\r\n") == SENDER_CONTENT);
    sender_content(&s, span_str("half"));
    CHECK(reply("552 5.3.4 too large\r\n") == SENDER_CLOSED);
    CHECK_INT(results[0].err, ERR_UNAVAILABLE);
    CHECK(strstr(said, "\r\n.\r\n") == NULL);
    sender_release(&s);
}

static void paths_that_are_none(void)
{
    static const char *const bad[] = {"a@b\r\nQUIT", "a@b\nQUIT", "a b@c", "a@b>", "<a@b", "",
                                      "a@b\x01", "\"open@b", "a@b c", "@x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(false, &bad[i], 1);
        greet("250 x\r\n");
        heard();
        if (sender_mail(&s, &mail, NULL) != ERR_DATA) {
            CHECK(!"refused");
            printf("# %s\n", bad[i]);
        }
        CHECK(turn() == SENDER_READY);
        CHECK_STR(heard(), "");
        sender_release(&s);
    }
    static const char *const good[] = {"a@b", "postmaster", "\"a b\"@c.example", "@one,@two:j@three",
                                       "FAX=+81751234567@host", "a@[127.0.0.1]"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        begin(false, &good[i], 1);
        greet("250 x\r\n");
        if (sender_mail(&s, &mail, NULL) != ERR_NONE) {
            CHECK(!"taken");
            printf("# %s\n", good[i]);
        }
        sender_release(&s);
    }
}

static void names_that_are_none(void)
{
    static const char *const bad[] = {"", "a b", "a\r\nQUIT"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(sender_init(&s, false, bad[i], NULL) == ERR_DATA);
        sender_release(&s);
    }
}

/* A flight far over what is built at once. */
static void many_recipients(void)
{
    enum { MANY = 3000 };
    const char **to = calloc(MANY, sizeof *to);
    mail.results = calloc(MANY, sizeof *mail.results);
    struct sender_result *all = mail.results;
    for (int i = 0; i < MANY; i++)
        to[i] = "somebody@somewhere.example";
    begin(false, to, MANY);
    mail.results = all;
    greet("250-x\r\n250 PIPELINING\r\n");
    sender_mail(&s, &mail, NULL);
    size_t bytes = 0;
    while (sender_next(&s) == SENDER_WRITE) {
        bytes += sender_output(&s).n;
        CHECK(sender_output(&s).n < 20000);
        sender_written(&s);
    }
    CHECK_INT(bytes, 18 + MANY * 38 + 6);
    for (int i = 0; i < MANY + 1; i++)
        sender_push(&s, span_str(i % 2 ? "250 ok\r\n" : i ? "450 later\r\n" : "250 ok\r\n"));
    said_n = 0;
    reply("354 go\r\n");
    CHECK(reply("250 taken\r\n") == SENDER_READY);
    CHECK_INT(all[0].err, ERR_NONE);
    CHECK_INT(all[1].err, ERR_AGAIN);
    CHECK_INT(all[MANY - 2].err, ERR_NONE);
    sender_release(&s);
    free(all);
    free(to);
}

/* With a TRANSID MAIL goes first, and DATA instead of chunks; resumed, from the offset on. */
static void going_on(void)
{
    static const char hello[] = "220 x\r\n";
    static const char ehlo[] = "250-x\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 CHECKPOINT\r\n";
    begin(false, three, 2);
    mail.size = 9;
    mail.delivery.transid = "<1@y>";
    turn();
    reply(hello);
    reply(ehlo);
    heard();
    CHECK(sender_mail(&s, &mail, NULL) == ERR_NONE);
    CHECK_INT(turn(), SENDER_READ);
    CHECK_STR(heard(), "MAIL FROM:<me@y> TRANSID=<1@y>\r\n");
    reply("250 ok\r\n");
    CHECK_STR(heard(), "RCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
    reply("250 ok\r\n450 4.2.1 no\r\n354 go\r\n");
    sender_lost(&s, ERR_AGAIN, "gone");
    CHECK(results[0].accepted && results[0].err == ERR_AGAIN);
    CHECK(!results[1].accepted && results[1].code == 450);
    sender_release(&s);
    /* "Hi", CR LF, then a dot that is doubled on the wire and counted once. */
    static const struct {
        const char *offset, *rest;
    } parts[] = {{"0", "Hi\r\n..\r\n.\r\n"}, {"1", "i\r\n..\r\n.\r\n"}, {"4", "..\r\n.\r\n"},
                 {"5", "\r\n.\r\n"}, {"7", ".\r\n"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char line[80];
        begin(false, three, 2);
        mail.delivery = (struct delivery){.transid = "<1@y>", .resume = true};
        turn();
        reply(hello);
        reply(ehlo);
        CHECK(sender_mail(&s, &mail, NULL) == ERR_NONE);
        turn();
        heard();
        snprintf(line, sizeof line, "355 %s is the transaction offset\r\n", parts[i].offset);
        reply(line);
        CHECK_STR(heard(), "DATA\r\n");
        reply("354 go\r\n");
        CHECK_STR(heard(), parts[i].rest);
        reply("250 ok\r\n");
        CHECK(results[0].err == ERR_NONE && results[1].err == ERR_NONE);
        sender_release(&s);
    }
}

/* What is forgotten goes without the name; what cannot be is no offset, and nobody is accepted. */
static void not_going_on(void)
{
    static const char *const wrong[] = {"355 8 x\r\n", "355 x\r\n", "355 -1 x\r\n",
                                        "355 99999999999999999999 x\r\n"};
    static const char ehlo[] = "250-x\r\n250-PIPELINING\r\n250 CHECKPOINT\r\n";
    for (size_t i = 0; i <= sizeof wrong / sizeof *wrong; i++) {
        begin(false, three, 1);
        mail.delivery = (struct delivery){.transid = "<1@y>", .resume = true};
        turn();
        reply("220 x\r\n");
        reply(ehlo);
        CHECK(sender_mail(&s, &mail, NULL) == ERR_NONE);
        turn();
        heard();
        if (i < sizeof wrong / sizeof *wrong) {
            reply(wrong[i]);
            if (i == 0)
                reply("354 go\r\n");
            CHECK(results[0].settled && results[0].err == ERR_PROTOCOL && !results[0].accepted);
        } else {
            reply("250 ok\r\n");
            CHECK_STR(heard(), "RSET\r\n");
            reply("250 ok\r\n");
            CHECK_STR(heard(), "MAIL FROM:<me@y>\r\nRCPT TO:<a@x>\r\nDATA\r\n");
            reply("250 ok\r\n250 ok\r\n354 go\r\n");
            sender_lost(&s, ERR_AGAIN, "gone");
            CHECK(!results[0].accepted);
        }
        sender_release(&s);
    }
}

int main(void)
{
    for (int i = 0; i < 2; i++) {
        split = i != 0;
        RUN(going_on);
        RUN(not_going_on);
    }
    split = false;
    for (int i = 0; i < 2; i++) {
        split = i != 0;
        RUN(one_at_a_time);
        RUN(one_flight);
        RUN(nobody_is_left);
        RUN(mail_is_refused);
        RUN(lmtp_answers_for_each);
        RUN(helo_where_ehlo_is_unknown);
        RUN(a_verdict_before_the_end);
        RUN(replies_to_nothing);
    }
    split = false;
    RUN(what_the_peer_cannot_take_is_not_sent);
    RUN(questions);
    RUN(utf8_headers);
    RUN(binary_needs_both_extensions);
    RUN(closing_421_at_any_step);
    RUN(drops_at_any_step);
    RUN(nonsense_at_any_step);
    RUN(paths_that_are_none);
    RUN(names_that_are_none);
    RUN(many_recipients);
    return check_done();
}
