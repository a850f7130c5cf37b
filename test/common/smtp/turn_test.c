#include "player.h"

#define LOGIN HELLO "AUTH PLAIN AHVzZXIAcGVuY2ls\r\n"

static void under_tls(void)
{
    defaults();
    options.auth = options.tls_on = options.turn = options.atrn = true;
}

static bool turned(void)
{
    return strstr(said, "TURNED") != NULL;
}

static void for_who_has_logged_in(void)
{
    under_tls();
    play(LOGIN "TURN\r\n");
    CHECK(strstr(said, "235 ") && strstr(said, "\r\n250 2.0.0 OK, now reversing the connection\r\nTURNED"));
    CHECK_STR(lines, "user?");
    play(LOGIN "ATRN\r\n");
    CHECK(turned());
    play(LOGIN "atrn a.example,b.example\r\n");
    CHECK(turned());
    play(LOGIN "TURN x\r\nATRN a,,b\r\nATRN a b\r\nATRN a,\r\nATRN -a\r\n");
    CHECK_STR(codes(), "250 235 501 501 501 501 501");
}

static void what_is_not_given(void)
{
    under_tls();
    play(LOGIN "ATRN none.example\r\n");
    CHECK_STR(codes(), "250 235 453");
    play(LOGIN "ATRN other.example\r\n");
    CHECK_STR(codes(), "250 235 450");
    play(LOGIN "ATRN later.example\r\n");
    CHECK_STR(codes(), "250 235 451");
    const unsigned answers[][2] = {{453, 0}, {450, 502}, {451, 451}, {0, 451}};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        char want[32];
        at_turn = answers[i][0];
        play(LOGIN "TURN\r\n");
        snprintf(want, sizeof want, "250 235 %u", answers[i][1]);
        if (answers[i][1])
            CHECK_STR(codes(), want);
        CHECK(turned() == (answers[i][1] == 0));
    }
}

static void for_nobody_else(void)
{
    under_tls();
    play(HELLO "TURN\r\nATRN\r\nATRN a.example\r\n");
    CHECK_STR(codes(), "250 502 530 530");
    CHECK_STR(lines, "");
    options.tls_on = false;
    play(HELLO "TURN\r\nATRN\r\n");
    CHECK_STR(codes(), "250 502 530");
    defaults();
    options.auth = options.tls_on = true;
    play(LOGIN "TURN\r\nATRN\r\nHELP TURN\r\n");
    CHECK_STR(codes(), "250 235 502 502 214");
    CHECK(!strstr(said, "250-TURN") && !strstr(said, "ATRN\r"));
    options.turn = true;
    play(LOGIN "ATRN\r\n");
    CHECK_STR(codes(), "250 235 502");
    CHECK(strstr(said, "250-TURN\r\n") != NULL);
}

static void the_trusted_need_no_tls(void)
{
    defaults();
    options.turn = true;
    options.trusted = "12";
    play(HELLO "TURN\r\n");
    CHECK_STR(lines, "12?");
    CHECK(turned());
    play("TURN\r\nHELO x\r\nMAIL FROM:<a@b>\r\nTURN\r\nRCPT TO:<u@else.example>\r\n");
    /* Trusted with his own mail; relaying is another right. */
    CHECK_STR(codes(), "503 250 250 503 550");
    options.tls_required = true;
    play(HELLO "TURN\r\n");
    CHECK_STR(codes(), "250 530");
}

static void nothing_may_stand_behind_it(void)
{
    const char *const text = LOGIN "TURN\r\nMAIL FROM:<a@b>\r\n";
    under_tls();
    start();
    send_bytes(text, strlen(text), 1 << 20);
    CHECK_STR(codes(), "250 235 554");
    CHECK(!turned() && closed);
    CHECK_STR(lines, "");
    receiver_release(&machine);
}

int main(void)
{
    RUN(for_who_has_logged_in);
    RUN(what_is_not_given);
    RUN(for_nobody_else);
    RUN(the_trusted_need_no_tls);
    RUN(nothing_may_stand_behind_it);
    return check_done();
}
