#include "player.h"

#define BDAT_MAIL "Subject: a\r\n\r\n.\r\nb\nc\rd"

static void one_chunk(void)
{
    defaults();
    play(OPENING "BDAT 22 LAST\r\n" BDAT_MAIL "NOOP\r\n");
    CHECK_STR(codes(), "250 250 250 250 250");
    /* As it came: dots, line ends and all. */
    CHECK_STR(mails, "{" TRACE BDAT_MAIL "}");
}

static void several_chunks(void)
{
    defaults();
    play(OPENING "BDAT 3\r\nSubBDAT 0\r\nBDAT 19\r\nject: a\r\n\r\n.\r\nb\nc\rd"
                 "BDAT 0 LAST\r\nQUIT\r\n");
    CHECK_STR(codes(), "250 250 250 250 250 250 250 221");
    CHECK(strstr(said, "250 2.0.0 3 octets") != NULL);
    CHECK_STR(mails, "{" TRACE BDAT_MAIL "}");
}

static void octets_are_always_taken(void)
{
    defaults();
    play("BDAT 4\r\nNOOP" HELLO "BDAT 5 LAST\r\nNOOP\nMAIL FROM:<s@x>\r\nBDAT 3\r\nabc"
         "RCPT TO:<nobody@us.example>\r\nBDAT 1\r\nxRCPT TO:<u@us.example>\r\nBDAT 1 LAST\r\ny");
    CHECK_STR(codes(), "503 250 503 250 503 550 554 250 250");
    CHECK(strstr(mails, "y}") != NULL);
}

static void order_within_a_mail(void)
{
    defaults();
    play(OPENING "BDAT 1\r\nxDATA\r\nRCPT TO:<u@us.example>\r\nMAIL FROM:<s@x>\r\nRSET\r\n"
                 "BDAT 1 LAST\r\ny");
    CHECK_STR(codes(), "250 250 250 250 503 503 503 250 503");
    CHECK_STR(mails, "!");
    play(OPENING "BDAT 1\r\nxQUIT\r\n");
    CHECK_STR(codes(), "250 250 250 250 221");
    CHECK_STR(mails, "!");
    play(OPENING "BDAT 1\r\nx" HELLO);
    CHECK_STR(mails, "!");
}

/* statement 10 */
static void without_a_count_nobody_knows_the_way(void)
{
    static const char *const bad[] = {"", "x", "-1", "1 2", "1 LASTS", "1 LAST x", "1,",
                                      "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[400];
        defaults();
        snprintf(text, sizeof text, OPENING "BDAT %s\r\nNOOP\r\n", bad[i]);
        play(text);
        CHECK_STR(codes(), "250 250 250 501");
        CHECK(closed);
    }
}

static void too_large_in_chunks(void)
{
    static char text[4000];
    defaults();
    snprintf(text, sizeof text, OPENING "BDAT 900\r\n%900sBDAT 200\r\n%200sBDAT 5 LAST\r\nabcde"
                                "NOOP\r\n", "x", "y");
    play(text);
    CHECK_STR(codes(), "250 250 250 250 552 503 250");
    CHECK_STR(mails, "!");
}

static void unwritable_chunks(void)
{
    defaults();
    start();
    at_begin = RECIPIENT_NO_ROOM;
    send_bytes(OPENING "BDAT 3\r\nabcBDAT 3 LAST\r\ndefNOOP\r\n",
               strlen(OPENING "BDAT 3\r\nabcBDAT 3 LAST\r\ndefNOOP\r\n"), 1);
    CHECK_STR(codes(), "250 250 250 452 503 250");
    receiver_release(&machine);
    defaults();
    at_end = RECIPIENT_LATER;
    play(OPENING "BDAT 3 LAST\r\nabcNOOP\r\n");
    CHECK_STR(codes(), "250 250 250 451 250");
}

static void binary_wants_chunks(void)
{
    static const char mail[] = HELLO "MAIL FROM:<s@c.example> BODY=BINARYMIME\r\n"
                                     "RCPT TO:<u@us.example>\r\nDATA\r\nBDAT 4 LAST\r\n\0\r\r\xff";
    defaults();
    play_bytes(mail, sizeof mail - 1);
    CHECK_STR(codes(), "250 250 250 503 250");
}

static void loops_and_return_paths_in_chunks(void)
{
    static char text[8000] = OPENING "BDAT 1560 LAST\r\n";
    defaults();
    options.max_size = 0;
    for (int i = 0; i < 60; i++)
        strcat(text, "Received: from somewhere\r\n"); /* 26 octets each */
    play(text);
    CHECK_STR(codes(), "250 250 250 554");
    CHECK_STR(mails, "!");
    play(OPENING "BDAT 43 LAST\r\nReturn-Path: <x@y>\r\n z\r\nA: b\r\n\r\nReturn-Path");
    CHECK_STR(mails, "{" TRACE "A: b\r\n\r\nReturn-Path}");
}

static void lmtp_chunks(void)
{
    defaults();
    options.lmtp = true;
    play("LHLO c.example\r\nMAIL FROM:<s@x>\r\nRCPT TO:<u@us.example>\r\nRCPT TO:<v@us.example>\r\n"
         "BDAT 1\r\nxBDAT 1 LAST\r\ny");
    CHECK_STR(codes(), "250 250 250 250 250 250 250");
}

static void utf8_addresses(void)
{
    defaults();
    play(HELLO "MAIL FROM:<j\xc3\xb6@x>\r\nMAIL FROM:<j\xc3\xb6@x> SMTPUTF8\r\n"
               "RCPT TO:<\xc3\xbc@us.example>\r\nRSET\r\nMAIL FROM:<a@x>\r\n"
               "RCPT TO:<\xc3\xbc@us.example>\r\nRSET\r\nMAIL FROM:<\xff@x> SMTPUTF8\r\n");
    CHECK_STR(codes(), "250 553 250 250 250 250 501 250 501");
    CHECK(strstr(said, "553 5.6.7") != NULL);
}

static void parameters_are_offered(void)
{
    defaults();
    play(HELLO "MAIL FROM:<a@x> RET=HDRS\r\nMAIL FROM:<a@x> BY=1;N\r\nMAIL FROM:<a@x> SOLICIT=x\r\n");
    CHECK_STR(codes(), "250 555 555 555");
    options.offer = OFFER_DSN | OFFER_BY | OFFER_SOLICIT;
    options.no_soliciting = "net.example:ADV,x";
    play(HELLO "MAIL FROM:<a@x> RET=HDRS BY=10;N ENVID=e\r\n"
               "RCPT TO:<u@us.example> NOTIFY=NEVER ORCPT=rfc822;u\r\nRSET\r\n"
               "MAIL FROM:<a@x> SOLICIT=y,X\r\nMAIL FROM:<a@x> SOLICIT=y\r\n");
    CHECK_STR(codes(), "250 250 250 250 550 250");
    CHECK(strstr(said, "250-DSN\r\n250-DELIVERBY\r\n250-NO-SOLICITING net.example:ADV,x\r\n"));
}

/* RFC 1845: what is known of a TRANSID, and what may follow. */
static void a_mail_that_broke(void)
{
    defaults();
    options.offer = OFFER_CHECKPOINT;
    known_recipients = 0;
    play(HELLO "MAIL FROM:<a@x> TRANSID=<1@x>\r\nRCPT TO:<u@us.example>\r\nBDAT 2 LAST\r\nhiRSET\r\n");
    CHECK_STR(codes(), "250 250 250 503 250");
    CHECK(strstr(said, "250-CHECKPOINT\r\n"));
    known_recipients = 2;
    play(HELLO "MAIL FROM:<a@x> TRANSID=<1@x>\r\nRCPT TO:<u@us.example>\r\nRSET\r\n"
               "RCPT TO:<u@us.example>\r\nMAIL FROM:<a@x>\r\nRCPT TO:<u@us.example>\r\n");
    CHECK_STR(codes(), "250 355 503 250 503 250 250");
    CHECK(strstr(said, "\r\n355 7 is the transaction offset\r\n"));
    options.lmtp = true;
    play("LHLO me\r\nMAIL FROM:<a@x> TRANSID=<1@x>\r\n");
    CHECK_STR(codes(), "250 555");
    known_recipients = 0;
}

/* RFC 2852: with R nothing is delivered when the time is over; with N it is. */
static void too_late(void)
{
    defaults();
    options.offer = OFFER_BY;
    receiver_init(&machine, &options);
    receiver_clock(&machine, 1000);
    receiver_release(&machine);
    play(HELLO "MAIL FROM:<a@x> BY=5;R\r\nRCPT TO:<u@us.example>\r\nDATA\r\nx\r\n.\r\n"
               "MAIL FROM:<a@x> BY=-5;N\r\nRCPT TO:<u@us.example>\r\nDATA\r\ny\r\n.\r\n");
    CHECK_STR(codes(), "250 250 250 354 250 250 250 354 250");
}

int main(void)
{
    RUN(a_mail_that_broke);
    RUN(too_late);
    RUN(one_chunk);
    RUN(several_chunks);
    RUN(octets_are_always_taken);
    RUN(order_within_a_mail);
    RUN(without_a_count_nobody_knows_the_way);
    RUN(too_large_in_chunks);
    RUN(unwritable_chunks);
    RUN(binary_wants_chunks);
    RUN(loops_and_return_paths_in_chunks);
    RUN(lmtp_chunks);
    RUN(utf8_addresses);
    RUN(parameters_are_offered);
    return check_done();
}
