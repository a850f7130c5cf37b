#include "bytes/err.h"
#include "check.h"


static void disarmed(const char *text, const char *want)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", text);
    err_disarm(copy);
    CHECK_STR(copy, want);
}

static void disarms_what_a_terminal_obeys(void)
{
    disarmed("", "");
    disarmed("a b ~", "a b ~");
    disarmed("a\nb\tc\x1b[1m\x7f", "a?b?c?[1m?");
    /* C1 as UTF-8 and as a byte alone; what is next to it in other characters stays. */
    disarmed("a\xc2\x9b" "1m", "a??1m");
    disarmed("a\x9b" "1m\x80", "a?1m?");
    disarmed("\xc2\xa0\xc3\x9b\xe2\x82\xac\xf0\x9f\x93\xa0", "\xc2\xa0\xc3\x9b\xe2\x82\xac\xf0\x9f\x93\xa0");
    /* A character cut short lends its place to no control byte behind it. */
    disarmed("\xe2\x82\x1b\x9b", "\xe2\x82??");
    disarmed("\xc3\xa9\x9b", "\xc3\xa9?");
    disarmed("x\xc2", "x\xc2");
}

static void cuts_and_disarms_reasons(void)
{
    struct why why;
    char longer[600];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    CHECK_INT(why_set(&why, ERR_DATA, "%s: %d", "a\033b", 3), ERR_DATA);
    CHECK_STR(why.text, "a?b: 3");
    CHECK_INT(why_set(&why, ERR_IO, "%s", longer), ERR_IO);
    CHECK_INT(strlen(why.text), sizeof why.text - 1);
    CHECK_INT(why_set(NULL, ERR_NO, "nobody asks"), ERR_NO);
}

int main(void)
{
    RUN(disarms_what_a_terminal_obeys);
    RUN(cuts_and_disarms_reasons);
    return check_done();
}
