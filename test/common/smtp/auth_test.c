#include "player.h"

static void under_tls(void)
{
    defaults();
    options.auth = options.tls_on = options.trace = true;
}

static void plain(void)
{
    under_tls();
    play(HELLO "AUTH PLAIN AHVzZXIAcGVuY2ls\r\nAUTH PLAIN AHVzZXIAcGVuY2ls\r\n"
               "MAIL FROM:<s@c.example>\r\nRCPT TO:<u@us.example>\r\nDATA\r\n.\r\n");
    CHECK_STR(codes(), "250 235 503 250 250 354 250");
    CHECK(strstr(mails, "with ESMTPSA id") != NULL);
    play(HELLO "AUTH PLAIN\r\nAHVzZXIAcGVuY2ls\r\n");
    CHECK_STR(codes(), "250 334 235");
    CHECK(strstr(said, "334 \r\n") != NULL);
    play(HELLO "AUTH PLAIN dXNlcgB1c2VyAHBlbmNpbA==\r\n"); /* authzid user */
    CHECK_STR(codes(), "250 235");
    play(HELLO "AUTH PLAIN eAB1c2VyAHBlbmNpbA==\r\n"); /* authzid x */
    CHECK_STR(codes(), "250 535");
}

static void login(void)
{
    under_tls();
    play(HELLO "auth login\r\ndXNlcg==\r\ncGVuY2ls\r\n");
    CHECK(strstr(said, "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n235 2.7.0 ") != NULL);
    play(HELLO "AUTH LOGIN dXNlcg==\r\ncGVuY2ls\r\n");
    CHECK_STR(codes(), "250 334 235");
}

static void scram(void)
{
    under_tls();
    play(HELLO "AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=\r\n"
               "Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAs"
               "cD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==\r\n\r\n");
    CHECK(strstr(said, "334 cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxz"
                       "PVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=\r\n"
                       "334 dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==\r\n"
                       "235 ") != NULL);
    /* Another nonce, another channel, a last line that is not empty. */
    play(HELLO "AUTH SCRAM-SHA-256\r\nbiwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=\r\n"
               "Yz1iaXdzLHI9eCxwPWRIemI=\r\n");
    CHECK_STR(codes(), "250 334 334 535");
    play(HELLO "AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=\r\n"
               "Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAs"
               "cD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==\r\neA==\r\n");
    CHECK_STR(codes(), "250 334 334 501");
}

/* statement 5 */
static void only_under_tls(void)
{
    defaults();
    options.auth = true;
    play(HELLO "AUTH PLAIN AHVzZXIAcGVuY2ls\r\n");
    CHECK_STR(codes(), "250 538");
    CHECK(strstr(said, "538 5.7.11") != NULL && strstr(said, "250-AUTH") == NULL);
    options.tls_on = true;
    play(HELLO);
    CHECK(strstr(said, "250-AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n") != NULL);
    options.auth = false;
    play(HELLO "AUTH PLAIN AHVzZXIAcGVuY2ls\r\n");
    CHECK_STR(codes(), "250 502");
}

/* statement 5 */
static void bad_exchanges(void)
{
    /* NOOP within an exchange is base64 of a name. */
    under_tls();
    play("AUTH PLAIN\r\nHELO c.example\r\nAUTH PLAIN\r\n" HELLO "AUTH\r\nAUTH CRAM-MD5\r\n"
         "AUTH PLAIN !!\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN AHVzZXI\r\nAUTH LOGIN\r\nNOOP\r\nNOOP\r\n"
         "AUTH LOGIN =\r\nMAIL FROM:<s@x>\r\nAUTH PLAIN\r\n");
    CHECK_STR(codes(), "503 250 503 250 501 504 501 334 501 501 334 334 535 535 250 503");
    CHECK(!closed);
}

/* statement 5 */
static void the_third_failure(void)
{
    under_tls();
    play(HELLO "AUTH PLAIN AHVzZXIAeA==\r\nAUTH PLAIN AG5vYm9keQBwZW5jaWw=\r\n"
               "AUTH PLAIN AHVzZXIAeA==\r\nNOOP\r\n");
    CHECK_STR(codes(), "250 535 535 421");
    CHECK(closed);
    char *first = strstr(said, "535"), *second = strstr(first + 3, "535");
    CHECK(memcmp(first, second, (size_t)(strchr(first, '\n') - first)) == 0);
    play(HELLO "AUTH PLAIN AGxhdGVyAHg=\r\nNOOP\r\n");
    CHECK_STR(codes(), "250 454 250");
}

/* statement 5 */
static void never_in_a_log(void)
{
    under_tls();
    play(HELLO "AUTH PLAIN AHVzZXIAeA==\r\nAUTH LOGIN\r\ndXNlcg==\r\ncGVuY2ls\r\nNOOP\r\n");
    CHECK_STR(lines, "EHLO c.example|AUTH ...|AUTH ...|(a response)|(a response)|NOOP|");
}

/* statement 3 */
static void long_lines(void)
{
    static char text[30000];
    under_tls();
    snprintf(text, sizeof text, HELLO "AUTH PLAIN %0*d\r\nNOOP\r\n", 12288 - 13, 0);
    play(text);
    CHECK_STR(codes(), "250 501 250"); /* one character short of a group */
    snprintf(text, sizeof text, HELLO "AUTH PLAIN %0*d\r\nNOOP\r\n", 12288 - 12, 0);
    play(text);
    CHECK_STR(codes(), "250 500 250");
    snprintf(text, sizeof text, HELLO "AUTHX %0*d\r\nNOOP\r\n", 4000, 0);
    play(text);
    CHECK_STR(codes(), "250 500 250");
    snprintf(text, sizeof text, HELLO "AUTH PLAIN\r\n%0*d\r\nNOOP\r\n", 12288, 0);
    play(text);
    CHECK_STR(codes(), "250 334 500 250");
}

static void tls_starts_anew(void)
{
    defaults();
    options.auth = true;
    start();
    send_bytes(HELLO "STARTTLS\r\n", strlen(HELLO "STARTTLS\r\n"), 100);
    send_bytes("AUTH PLAIN\r\n" HELLO "AUTH PLAIN AHVzZXIAcGVuY2ls\r\n",
               strlen("AUTH PLAIN\r\n" HELLO "AUTH PLAIN AHVzZXIAcGVuY2ls\r\n"), 1 << 20);
    CHECK_STR(codes(), "250 220 503 250 235");
    CHECK_STR(receiver_identity(&machine), "user");
    receiver_release(&machine);
}

int main(void)
{
    RUN(plain);
    RUN(login);
    RUN(scram);
    RUN(only_under_tls);
    RUN(bad_exchanges);
    RUN(the_third_failure);
    RUN(never_in_a_log);
    RUN(long_lines);
    RUN(tls_starts_anew);
    return check_done();
}
