#include "smtp/verdict.h"
#include "check.h"

static enum err class_of(const char *line, bool to_rcpt, char *words, size_t size)
{
    struct reply_reader r;
    size_t used;
    reply_reader_init(&r);
    CHECK(reply_push(&r, span_str(line), &used) == REPLY_DONE);
    enum err e = verdict_class(&r.reply, to_rcpt);
    verdict_words(&r.reply, words, size);
    reply_reader_release(&r);
    return e;
}

static void classes(void)
{
    static const struct {
        const char *line;
        bool to_rcpt;
        enum err want;
    } cases[] = {
        {"250 ok\r\n", true, ERR_NONE},
        {"251 2.1.5 will forward\r\n", true, ERR_NONE},
        {"354 go\r\n", false, ERR_NONE},
        {"421 4.3.2 bye\r\n", false, ERR_AGAIN},
        {"450 x\r\n", true, ERR_AGAIN},
        {"550 5.1.1 nobody\r\n", true, ERR_NO_USER},
        {"550 5.1.1 nobody\r\n", false, ERR_NO_USER},
        {"550 nobody\r\n", true, ERR_NO_USER},
        {"550 not so\r\n", false, ERR_UNAVAILABLE},
        {"550 5.7.1 no relaying\r\n", true, ERR_UNAVAILABLE},
        {"551 moved\r\n", true, ERR_UNAVAILABLE},
        {"552 too many recipients\r\n", true, ERR_AGAIN},
        {"552 5.5.3 too many recipients\r\n", true, ERR_AGAIN},
        {"552 5.2.2 mailbox full\r\n", true, ERR_UNAVAILABLE},
        {"552 too large\r\n", false, ERR_UNAVAILABLE},
        {"530 5.7.0 authenticate first\r\n", false, ERR_AUTH},
        {"535 5.7.8 wrong\r\n", false, ERR_AUTH},
        {"554 no\r\n", false, ERR_UNAVAILABLE},
    };
    char words[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (class_of(cases[i].line, cases[i].to_rcpt, words, sizeof words) != cases[i].want) {
            CHECK(!"the class of this line");
            printf("# %s", cases[i].line);
        }
}

static void words_are_one_harmless_line(void)
{
    char words[64], few[6];
    class_of("550-5.1.1 no\r\n550 5.1.1 such \x1b[2J user\r\n", true, words, sizeof words);
    CHECK_STR(words, "no such ?[2J user");
    class_of("550 abcd\xc3\xa9z\r\n", true, few, sizeof few);
    CHECK_STR(few, "abcd");
}

int main(void)
{
    RUN(classes);
    RUN(words_are_one_harmless_line);
    return check_done();
}
