#include "player.h"

static void a_mail(void)
{
    defaults();
    play(OPENING "DATA\r\nSubject: a\r\n\r\n..b\r\n.\r\nQUIT\r\n");
    CHECK_STR(codes(), "250 250 250 354 250 221");
    CHECK_STR(mails, "{" TRACE "Subject: a\n\n.b\n}");
    CHECK(closed);
}

static void ehlo_lists(void)
{
    defaults();
    play(HELLO);
    CHECK_STR(said, "250-us.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n"
                    "250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-SMTPUTF8\r\n"
                    "250-STARTTLS\r\n250 HELP\r\n");
    play("HELO c.example\r\n");
    CHECK_STR(said, "250 us.example\r\n");
}

/* What EHLO lists besides what is always there, and the replies to a use of each of it. */
static void offers(const char *listed, const char *replies)
{
    char want[1024] = "250-us.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n"
                      "250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250-BINARYMIME\r\n"
                      "250-SMTPUTF8\r\n";
    const char *hello = options.lmtp ? "LHLO c.example\r\n" : HELLO;
    char dialogue[1024];
    for (size_t n = strlen(want); *listed; listed += strcspn(listed, "|"), listed += *listed == '|')
        n += (size_t)snprintf(want + n, sizeof want - n, "250-%.*s\r\n",
                              (int)strcspn(listed, "|"), listed);
    strcat(want, "250 HELP\r\n");
    play(hello);
    CHECK_STR(said, want);
    /* Any reply but 500, 502 and 555 says that it is known. */
    snprintf(dialogue, sizeof dialogue,
             "%sMAIL FROM:<s@x> RET=HDRS\r\nRSET\r\nMAIL FROM:<s@x> BY=100;R\r\nRSET\r\n"
             "MAIL FROM:<s@x> ENVID=a MTRK=YWJj\r\nRSET\r\nMAIL FROM:<s@x> SOLICIT=a.b\r\nRSET\r\n"
             "MAIL FROM:<s@x> TRANSID=<a@b>\r\nRSET\r\nTURN x\r\nATRN\r\nAUTH X\r\nSTARTTLS x\r\n"
             "ETRN a b\r\n",
             hello);
    play(dialogue);
    char known[64] = "";
    size_t k = 0;
    for (const char *c = codes() + 4; *c; c += strcspn(c, " "), c += *c == ' ') {
        bool is_reset = k++ % 2 && k <= 10;
        if (!is_reset)
            strcat(known, strncmp(c, "555", 3) && strncmp(c, "502", 3) && strncmp(c, "500", 3)
                              ? "+" : "-");
    }
    CHECK_STR(known, replies);
}

static void ehlo_lists_what_is_offered(void)
{
    defaults();
    offers("STARTTLS", "-----" "---+-");
    options.tls_offered = false;
    offers("", "-----" "-----");
    options.offer = OFFER_DSN;
    offers("DSN", "+----" "-----");
    options.offer = OFFER_BY;
    offers("DELIVERBY", "-+---" "-----");
    options.offer = OFFER_DSN | OFFER_MTRK;
    offers("DSN|MTRK", "+-+--" "-----");
    options.offer = OFFER_SOLICIT;
    options.no_soliciting = "c.d";
    offers("NO-SOLICITING c.d", "---+-" "-----");
    options.no_soliciting = NULL;
    options.offer = OFFER_CHECKPOINT;
    offers("CHECKPOINT", "----+" "-----");
    options.offer = 0;
    options.turn = true;
    offers("TURN", "-----" "+----");
    options.turn = false;
    options.atrn = true;
    offers("ATRN", "-----" "-+---");
    options.atrn = false;
    options.auth = true; /* under TLS alone, and known before it */
    offers("", "-----" "--+--");
    options.tls_on = true;
    offers("AUTH SCRAM-SHA-256 PLAIN LOGIN", "-----" "--+--");
    options.tls_offered = true; /* and not once more */
    offers("AUTH SCRAM-SHA-256 PLAIN LOGIN", "-----" "--++-");
    options.auth = false;
    options.etrn = true;
    offers("ETRN", "-----" "---++");
    options.lmtp = true;
    options.turn = options.atrn = true;
    options.offer = OFFER_DSN | OFFER_CHECKPOINT;
    offers("DSN", "+----" "---+-");
}

static void order(void)
{
    defaults();
    play("MAIL FROM:<s@x>\r\nRCPT TO:<u@us.example>\r\nDATA\r\n" HELLO "RCPT TO:<u@us.example>\r\n"
         "DATA\r\nMAIL FROM:<s@x>\r\nMAIL FROM:<s@x>\r\nDATA\r\nRSET\r\nRCPT TO:<u@us.example>\r\n");
    CHECK_STR(codes(), "503 503 503 250 503 503 250 503 503 250 503");
}

static void arguments(void)
{
    defaults();
    play("EHLO\r\nEHLO a b\r\nHELO \xff\r\nMAIL\r\n" HELLO "MAIL\r\nMAIL FROM\r\nMAIL FROM:s@x\r\n"
         "MAIL FROM:<s@x\r\nMAIL FROM:<s@x>x\r\nMAIL FROM:<s@x> FOO=1\r\nRSET now\r\nDATA x\r\n"
         "BOGUS\r\nHELP BOGUS\r\n");
    CHECK_STR(codes(), "501 501 501 503 250 501 501 501 501 501 555 501 503 500 504");
}

static void not_implemented(void)
{
    defaults();
    play(HELLO "SEND FROM:<a@b>\r\nSOML FROM:<a@b>\r\nSAML FROM:<a@b>\r\nTURN\r\nAUTH PLAIN\r\n"
         "ETRN x\r\n");
    CHECK_STR(codes(), "250 502 502 502 502 502 502");
}

static void terminals(void)
{
    defaults();
    options.terminals = true;
    play("SEND FROM:<a@b>\r\n" HELLO "SEND TO:<a@b>\r\nSOML\r\nSAML FROM:a\r\nSEND FROM:<a@b>\r\n"
         "SOML FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nRCPT TO:<away@us.example>\r\nDATA\r\nRSET\r\n");
    CHECK_STR(codes(), "503 250 501 501 501 250 503 503 450 554 250");
    play(HELLO "SOML FROM:<a@b>\r\nRCPT TO:<away@us.example>\r\nRCPT TO:<x@us.example>\r\nDATA\r\n"
         "x\r\n.\r\nSAML FROM:<> SIZE=2000\r\nSAML FROM:<>\r\nRCPT TO:<away@us.example>\r\nDATA\r\n.\r\n");
    CHECK_STR(codes(), "250 250 250 250 354 250 552 250 250 354 250");
    CHECK(strstr(said, "250 2.1.5 User not active now, so will do mail.\r\n") != NULL);
    /* He has gone meanwhile: 450 is no reply to the data. */
    at_end = RECIPIENT_INACTIVE;
    play(HELLO "SEND FROM:<a@b>\r\nRCPT TO:<x@us.example>\r\nDATA\r\nx\r\n.\r\nNOOP\r\n");
    CHECK_STR(codes(), "250 250 250 354 451 250");
}

static void no_mail(void)
{
    defaults();
    options.no_mail = true;
    play("EHLO me\r\nMAIL FROM:<a@b>\r\nNOOP\r\nBOGUS\r\nQUIT\r\n");
    CHECK_STR(codes(), "521 521 521 521 221");
    CHECK(closed);
}

static void help_and_verify(void)
{
    defaults();
    play("HELP\r\nHELP MAIL\r\nNOOP\r\nNOOP x\r\nVRFY joe\r\nEXPN joe\r\nVRFY\r\n");
    CHECK_STR(codes(), "214 214 250 250 252 252 501");
    options.vrfy = true;
    play("VRFY joe\r\nEXPN list\r\n");
    CHECK_STR(said, "550 5.1.1 who\r\n250-2.1.5 <a@x>\r\n250 2.1.5 <b@x>\r\n");
}

static void queue_runs(void)
{
    defaults();
    options.etrn = true;
    play("ETRN x.example\r\n" HELLO "ETRN x.example\r\nETRN\r\nETRN @x.example\r\nETRN #q\r\n"
         "ETRN a b\r\nETRN later.example\r\nMAIL FROM:<s@x>\r\nETRN x.example\r\n");
    CHECK_STR(codes(), "503 250 250 501 501 501 501 458 250 503");
    CHECK(strstr(said, "250-ETRN\r\n") != NULL);
    options.lmtp = true;
    play("LHLO c.example\r\nETRN x.example\r\n");
    CHECK_STR(codes(), "250 500");
}

/* statement 1 */
static void only_crlf_dot_crlf_ends_data(void)
{
    static const char *const endings[] = {"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n",
                                          "\r\n.\r", "\n.\r", "\r.\n"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char text[400];
        defaults();
        snprintf(text, sizeof text,
                 OPENING "DATA\r\ntext%sMAIL FROM:<evil@x>\r\nRCPT TO:<u@us.example>\r\nDATA\r\n"
                         "evil\r\n.\r\nNOOP\r\n", endings[i]);
        play(text);
        CHECK_STR(codes(), "250 250 250 354 550 250");
        CHECK(strstr(said, "550 5.6.11") != NULL);
        CHECK_STR(mails, "!");
    }
}

/* statement 2 */
static void starttls(void)
{
    defaults();
    play(HELLO "STARTTLS x\r\nMAIL FROM:<s@x>\r\nSTARTTLS\r\nRSET\r\n");
    CHECK_STR(codes(), "250 501 250 503 250");
    play("STARTTLS\r\n");
    CHECK_STR(codes(), "503");
    start();
    send_bytes(HELLO "STARTTLS\r\n", strlen(HELLO "STARTTLS\r\n"), 1 << 20);
    CHECK_STR(codes(), "250 220");
    /* Nothing learnt before it is kept, and it is not offered again. */
    send_bytes("MAIL FROM:<s@x>\r\n" HELLO "STARTTLS\r\n", strlen("MAIL FROM:<s@x>\r\n" HELLO "STARTTLS\r\n"), 1 << 20);
    CHECK_STR(codes(), "250 220 503 250 503");
    CHECK(strstr(strstr(said, "220 ") , "STARTTLS\r\n") == NULL);
    receiver_release(&machine);
}

static void bytes_behind_starttls(void)
{
    defaults();
    start();
    send_bytes(HELLO "STARTTLS\r\nMAIL FROM:<s@x>\r\n", strlen(HELLO "STARTTLS\r\nMAIL FROM:<s@x>\r\n"), 1 << 20);
    CHECK_STR(codes(), "250 554");
    CHECK(strstr(said, "554 5.5.0") != NULL);
    CHECK(closed);
    receiver_release(&machine);
    start();
    early = true;
    send_bytes(HELLO "STARTTLS\r\n", strlen(HELLO "STARTTLS\r\n"), 1 << 20);
    CHECK_STR(codes(), "250 554");
    CHECK(closed);
    receiver_release(&machine);
}

static void tls_required(void)
{
    defaults();
    options.tls_required = true;
    play(HELLO "MAIL FROM:<s@x>\r\nRSET\r\nNOOP\r\nQUIT\r\n");
    CHECK_STR(codes(), "250 530 530 250 221");
    defaults();
    options.tls_offered = false;
    play(HELLO "STARTTLS\r\n");
    CHECK_STR(codes(), "250 502");
}

/* statement 3 */
static void bad_bytes_in_commands(void)
{
    static const char text[] = "NOOP\0\r\nNO\rOP\r\nNOOP\nNOOP\r\r\nNOOP\r\n";
    defaults();
    play_bytes(text, sizeof text - 1);
    CHECK_STR(codes(), "501 501 501 501 250");
}

static void long_command_lines(void)
{
    static char text[6000];
    defaults();
    snprintf(text, sizeof text, "NOOP %*s\r\nNOOP\r\n", 2048 - 7, "x");
    play(text);
    CHECK_STR(codes(), "250 250");
    snprintf(text, sizeof text, "NOOP %*s\r\nNOOP\r\n", 2048 - 6, "x");
    play(text);
    CHECK_STR(codes(), "500 250");
}

static void a_line_without_end(void)
{
    static uint8_t block[65536];
    defaults();
    start();
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 2048; i++) { /* 128 MiB */
        struct receiver_event e;
        receiver_push(&machine, span_of(block, sizeof block));
        CHECK_INT(receiver_next(&machine, &e), RECEIVER_NEED);
    }
    CHECK(machine.line.cap <= RECEIVER_LINE_MAX);
    send_bytes("\r\nNOOP\r\n", 8, 8);
    CHECK_STR(codes(), "500 250");
    receiver_release(&machine);
}

/* statement 4 */
static void limits_of_names(void)
{
    static char text[2000];
    char a[400];
    memset(a, 'a', sizeof a);
    defaults();
    snprintf(text, sizeof text, HELLO "MAIL FROM:<%.65s@x>\r\nMAIL FROM:<a@%.253s>\r\nMAIL FROM:<a@%.252s>\r\n"
             "RCPT TO:<%.65s@x>\r\nRCPT TO:<a@%.253s>\r\nRSET\r\nHELO %.256s\r\nHELO %.255s\r\n",
             a, a, a, a, a, a, a);
    play(text);
    CHECK_STR(codes(), "250 501 501 250 501 501 250 501 250");
    CHECK(strstr(said, "501 5.1.7 path too long") != NULL);
    CHECK(strstr(said, "501 5.1.7 local part too long") != NULL);
    CHECK(strstr(said, "501 5.1.3 local part too long") != NULL);
    CHECK(strstr(said, "501 5.1.3 path too long") != NULL);
    CHECK(strstr(said, "501 5.5.4 domain too long") != NULL);
}

static void long_text_lines(void)
{
    static char text[120000];
    defaults();
    options.max_size = 0;
    size_t n = (size_t)snprintf(text, sizeof text, OPENING "DATA\r\n");
    memset(text + n, 'y', 100000);
    strcpy(text + n + 100000, "\r\n.\r\n");
    start();
    send_bytes(text, strlen(text), 1000);
    CHECK_STR(codes(), "250 250 250 354 250");
    CHECK_INT(strlen(mails), strlen(TRACE) + 100001 + 2);
    receiver_release(&machine);
}

/* statement 6 */
static void the_twentieth_error(void)
{
    static char text[2000];
    defaults();
    for (int i = 0; i < 25; i++)
        strcat(text, "BOGUS\r\n");
    play(text);
    CHECK_INT(strlen(codes()), 20 * 4 - 1);
    CHECK_STR(codes() + 18 * 4, "500 421");
    CHECK(closed);
}

static void transient_refusals_are_no_errors(void)
{
    static char text[4000] = OPENING;
    defaults();
    for (int i = 0; i < 50; i++)
        strcat(text, "RCPT TO:<full@us.example>\r\n");
    play(text);
    CHECK(!closed);
    CHECK(strstr(said, "452 4.2.2") != NULL);
}

static void the_hundredth_idle_command(void)
{
    static char text[2000];
    defaults();
    for (int i = 0; i < 120; i++)
        strcat(text, i % 2 ? "NOOP\r\n" : "RSET\r\n");
    play(text);
    CHECK_INT(strlen(codes()), 100 * 4 - 1);
    CHECK_STR(codes() + 98 * 4, "250 421");
    CHECK(closed);
}

static void a_mail_between_starts_anew(void)
{
    static char text[20000] = HELLO;
    defaults();
    for (int i = 0; i < 300; i++)
        strcat(text, i % 90 == 89 ? "MAIL FROM:<s@x>\r\nRCPT TO:<u@us.example>\r\nDATA\r\n.\r\n"
                                  : "NOOP\r\n");
    play(text);
    CHECK(!closed);
}

static void web_browsers(void)
{
    defaults();
    play("GET / HTTP/1.1\r\nNOOP\r\n");
    CHECK_STR(codes(), "554");
    CHECK(closed);
    play("POST /x HTTP/1.1\r\nHost: x\r\n\r\nHELO x\r\n");
    CHECK_STR(codes(), "554");
    play("NOOP\r\nGET / HTTP/1.1\r\nNOOP\r\n");
    CHECK_STR(codes(), "250 500 250");
}

/* statement 7 */
static void no_relaying(void)
{
    static const char *const foreign[] = {"u@other", "@us.example:u@other", "u%other@us.example",
                                          "other!u@us.example", "\"u@other\"@us.example",
                                          "u@[127.0.0.1]", "u@us.example.other",
                                          "@other:u%x@us.example"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        char text[200];
        defaults();
        snprintf(text, sizeof text, HELLO "MAIL FROM:<s@x>\r\nRCPT TO:<%s>\r\n", foreign[i]);
        play(text);
        CHECK_STR(codes(), "250 250 550");
        CHECK(strstr(said, "550 5.7.1") != NULL);
        CHECK_INT(asked, 0);
    }
}

static void what_is_ours(void)
{
    defaults();
    play(HELLO "MAIL FROM:<>\r\nRCPT TO:<u@US.Example>\r\nRCPT TO:<@us.example:u@us.example>\r\n"
         "RCPT TO:<Postmaster>\r\nRCPT TO:<u@[192.0.2.9]>\r\nRCPT TO: <u@us.example>\r\n"
         "RCPT TO:<u>\r\n");
    CHECK_STR(codes(), "250 250 250 250 250 250 250 501");
}

/* statement 8 */
static void unknown_users(void)
{
    defaults();
    play(HELLO "MAIL FROM:<>\r\nRCPT TO:<nobody@us.example>\r\nDATA\r\n");
    CHECK_STR(codes(), "250 250 550 554");
    CHECK(strstr(said, "550 5.1.1") != NULL);
}

static void forwarded_and_moved_users(void)
{
    defaults();
    play(HELLO "MAIL FROM:<s@x>\r\nRCPT TO:<moved@us.example>\r\nDATA\r\n"
         "RCPT TO:<forward@us.example>\r\nDATA\r\nx\r\n.\r\n");
    CHECK_STR(codes(), "250 250 551 554 251 354 250");
    CHECK(strstr(said, "551 5.1.6 User not local; please try <n@x>\r\n") != NULL);
    CHECK(strstr(said, "251 2.1.5 User not local; will forward to <n@x>\r\n") != NULL);
}

/* statement 9 */
static void too_many_recipients(void)
{
    static char text[60000];
    for (int helo = 0; helo < 2; helo++) {
        defaults();
        strcpy(text, helo ? "HELO c.example\r\nMAIL FROM:<s@x>\r\n" : HELLO "MAIL FROM:<s@x>\r\n");
        for (int i = 0; i < 1030; i++)
            sprintf(text + strlen(text), "RCPT TO:<u%d@us.example>\r\n", i);
        strcat(text, "DATA\r\nx\r\n.\r\n");
        start();
        send_bytes(text, strlen(text), 1 << 20);
        CHECK_INT(asked, 1000);
        CHECK(!closed);
        CHECK(strstr(said, helo ? "552 " : "452 4.5.3 ") != NULL);
        CHECK_STR(codes() + 1032 * 4, "354 250");
        receiver_release(&machine);
    }
}

static void sizes(void)
{
    static char text[4000];
    defaults();
    play(HELLO "MAIL FROM:<s@x> SIZE=1001\r\nMAIL FROM:<s@x> SIZE=x\r\n"
         "MAIL FROM:<s@x> SIZE=1000 BODY=8BITMIME\r\nRSET\r\nMAIL FROM:<s@x> BODY=9BIT\r\n");
    CHECK_STR(codes(), "250 552 501 250 250 504");
    CHECK(strstr(said, "552 5.3.4") != NULL);
    /* Exactly the limit, then one more. */
    snprintf(text, sizeof text, OPENING "DATA\r\n%0998d\r\n.\r\n", 0);
    play(text);
    CHECK_STR(codes(), "250 250 250 354 250");
    snprintf(text, sizeof text, OPENING "DATA\r\n%0999d\r\n.\r\nNOOP\r\n", 0);
    play(text);
    CHECK_STR(codes(), "250 250 250 354 552 250");
    CHECK_STR(mails, "!");
}

static void no_room(void)
{
    defaults();
    at_begin = RECIPIENT_NO_ROOM;
    play(OPENING "DATA\r\nNOOP\r\n");
    CHECK_STR(codes(), "250 250 250 452 250");
    CHECK(strstr(said, "452 4.3.1") != NULL);
    defaults();
    at_end = RECIPIENT_NO_ROOM;
    play(OPENING "DATA\r\nx\r\n.\r\nNOOP\r\n");
    CHECK_STR(codes(), "250 250 250 354 452 250");
}

static void unwritable_within_data(void)
{
    struct receiver_event e;
    defaults();
    start();
    send_bytes(OPENING "DATA\r\na\r\n", strlen(OPENING "DATA\r\na\r\n"), 1 << 20);
    receiver_unwritable(&machine, RECIPIENT_NO_ROOM);
    CHECK_INT(receiver_next(&machine, &e), RECEIVER_ABORT);
    send_bytes("more\r\n.\r\nNOOP\r\n", 15, 15);
    CHECK_STR(codes(), "250 250 250 354 452 250");
    CHECK_STR(mails, "");
    receiver_release(&machine);
}

/* statement 11 */
static void loops(void)
{
    static char text[4000] = OPENING "DATA\r\n";
    defaults();
    options.max_size = 0;
    for (int i = 0; i < 50; i++)
        strcat(text, "Received: x\r\n");
    size_t n = strlen(text);
    strcat(text, "\r\nReceived: body\r\n.\r\n");
    play(text);
    CHECK_STR(codes(), "250 250 250 354 250");
    strcpy(text + n, "Received: x\r\n\r\n.\r\n");
    play(text);
    CHECK_STR(codes(), "250 250 250 354 554");
    CHECK(strstr(said, "554 5.4.6") != NULL);
}

static void one_return_path(void)
{
    defaults();
    play(OPENING "DATA\r\nReturn-Path: <evil@x>\r\nSubject: a\r\n\r\n.\r\n");
    CHECK_STR(mails, "{" TRACE "Subject: a\n\n}");
}

/* statement 13 */
static void dropped(void)
{
    static const struct { enum receiver_drop reason; const char *reply; } drops[] = {
        {RECEIVER_DROP_IDLE, "421 4.4.2"}, {RECEIVER_DROP_SLOW, "421 4.4.2"},
        {RECEIVER_DROP_FULL, "421 4.7.0"}, {RECEIVER_DROP_EARLY, "554 5.5.0"},
        {RECEIVER_DROP_SHUTDOWN, "421 4.3.2"}};
    for (size_t i = 0; i < sizeof drops / sizeof drops[0]; i++) {
        defaults();
        start();
        send_bytes(OPENING "DATA\r\nx", strlen(OPENING "DATA\r\nx"), 1 << 20);
        receiver_drop(&machine, drops[i].reason);
        turn();
        CHECK(strstr(said, drops[i].reply) != NULL);
        CHECK_STR(mails, "!");
        CHECK(closed);
        receiver_release(&machine);
    }
}

/* statement 14 */
static void hostile_local_parts_are_only_names(void)
{
    defaults();
    play(HELLO "MAIL FROM:<-oQ@x>\r\nRCPT TO:<a;id@us.example>\r\nRCPT TO:<\"a;id\"@us.example>\r\n"
         "RCPT TO:<../../x@us.example>\r\nRCPT TO:<a/b@us.example>\r\nRCPT TO:<-oQ@us.example>\r\n"
         "RCPT TO:<\"../../x\"@us.example>\r\nRCPT TO:<\"a\rb\"@us.example>\r\n");
    CHECK_STR(codes(), "250 250 501 250 501 250 250 250 501");
}

static void lmtp(void)
{
    defaults();
    options.lmtp = true;
    play("EHLO x\r\nHELO x\r\nLHLO c.example\r\nMAIL FROM:<s@x>\r\nRCPT TO:<a@us.example>\r\n"
         "RCPT TO:<nobody@us.example>\r\nRCPT TO:<b@us.example>\r\nDATA\r\nx\r\n.\r\n"
         "MAIL FROM:<s@x>\r\nRCPT TO:<nobody@us.example>\r\nDATA\r\nQUIT\r\n");
    CHECK_STR(codes(), "500 500 250 250 250 550 250 354 250 250 250 550 554 221");
    play("LHLO c\r\nMAIL FROM:<s@x>\r\nRCPT TO:<a@us.example>\r\nRCPT TO:<b@us.example>\r\nDATA\r\n"
         "a\nb\r\n.\r\n");
    CHECK_STR(codes(), "250 250 250 250 354 550 550");
}

static void worst_reply(void)
{
    defaults();
    play(OPENING "RCPT TO:<full@us.example>\r\n");
    CHECK_INT(receiver_worst_reply(&machine), 452);
    play(OPENING "RCPT TO:<full@us.example>\r\nRCPT TO:<nobody@us.example>\r\nDATA\r\n.\r\nFOO\r\n");
    CHECK_INT(receiver_worst_reply(&machine), 550);
    play(OPENING "DATA\r\n.\r\nQUIT\r\n");
    CHECK_INT(receiver_worst_reply(&machine), 0);
}

static void a_client_that_reads_nothing(void)
{
    struct receiver_event e;
    static char text[140000];
    defaults();
    start();
    for (size_t n = 0; n + 10 < sizeof text; n += 6)
        memcpy(text + n, "HELP\r\n", 6);
    options.max_size = 0;
    receiver_push(&machine, span_of(text, 60000));
    CHECK(receiver_next(&machine, &e) == RECEIVER_FLUSH || closed || e.kind == RECEIVER_CLOSE);
    CHECK(machine.out.len < 40000);
    receiver_release(&machine);
}

/* Whatever comes, it ends, stays within its memory, and gives out no mail without an END. */
static void random_sessions(void)
{
    static const char *const words[] = {"EHLO x\r\n", "MAIL FROM:<a@b>\r\n", "RCPT TO:<u@us.example>\r\n",
                                        "DATA\r\n", ".\r\n", "\r\n.\r\n", "RSET\r\n", "QUIT\r\n", "\n",
                                        "\r", ".", "STARTTLS\r\n", "text", "MAIL", " ", "<", "\\\""};
    unsigned long long state = 42;
    for (int round = 0; round < 3000; round++) {
        defaults();
        start();
        for (int i = 0; i < 30 && !closed; i++) {
            const char *w = words[check_random(&state) % (sizeof words / sizeof *words)];
            send_bytes(w, strlen(w), 1 + check_random(&state) % 9);
        }
        receiver_release(&machine);
    }
}

int main(void)
{
    RUN(a_mail);
    RUN(ehlo_lists);
    RUN(ehlo_lists_what_is_offered);
    RUN(order);
    RUN(arguments);
    RUN(not_implemented);
    RUN(terminals);
    RUN(no_mail);
    RUN(help_and_verify);
    RUN(queue_runs);
    RUN(only_crlf_dot_crlf_ends_data);
    RUN(starttls);
    RUN(bytes_behind_starttls);
    RUN(tls_required);
    RUN(bad_bytes_in_commands);
    RUN(long_command_lines);
    RUN(a_line_without_end);
    RUN(limits_of_names);
    RUN(long_text_lines);
    RUN(the_twentieth_error);
    RUN(transient_refusals_are_no_errors);
    RUN(the_hundredth_idle_command);
    RUN(a_mail_between_starts_anew);
    RUN(web_browsers);
    RUN(no_relaying);
    RUN(what_is_ours);
    RUN(unknown_users);
    RUN(forwarded_and_moved_users);
    RUN(too_many_recipients);
    RUN(sizes);
    RUN(no_room);
    RUN(unwritable_within_data);
    RUN(loops);
    RUN(one_return_path);
    RUN(dropped);
    RUN(hostile_local_parts_are_only_names);
    RUN(lmtp);
    RUN(worst_reply);
    RUN(a_client_that_reads_nothing);
    RUN(random_sessions);
    return check_done();
}
