#include "net/mbox.h"
#include "check.h"

#include <unistd.h>

/* A pipe that holds text (which is short) and has ended. */
static int pipe_of(const char *text)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK(write(ends[1], text, strlen(text)) == (ssize_t)strlen(text));
    close(ends[1]);
    return ends[0];
}

static char joined[4096];

/* The mails of an mbox, each ended by "|". */
static const char *split(const char *text, enum err want)
{
    struct buf mails;
    int spooled, fd = pipe_of(text);
    size_t n = 0;
    buf_init(&mails, 100 * sizeof(struct outgoing));
    CHECK_INT(mbox_take(fd, &mails, &spooled, NULL), want);
    struct outgoing *list = (struct outgoing *)(void *)mails.data;
    for (size_t i = 0; !want && i < mails.len / sizeof *list; i++) {
        n += (size_t)pread(spooled, joined + n, list[i].length, (off_t)list[i].start);
        joined[n++] = '|';
    }
    joined[n] = '\0';
    close(fd);
    if (spooled >= 0)
        close(spooled);
    buf_release(&mails);
    return joined;
}

static void splits(void)
{
    CHECK_STR(split("From a\nX: 1\n\nbody\n\nFrom b\nX: 2\n\nc\n", ERR_NONE),
              "X: 1\n\nbody\n|X: 2\n\nc\n|");
    CHECK_STR(split("From a\r\nX: 1\r\n\r\nb\r\n\r\nFrom b\r\nX: 2\r\n", ERR_NONE),
              "X: 1\r\n\r\nb\r\n|X: 2\r\n|");
    /* Whoever does not quote loses his line: it cannot be told from a separator. */
    CHECK_STR(split("From a\nX: 1\n\nFrom the\n\nx", ERR_NONE), "X: 1\n|\nx\n|");
}

static void only_after_an_empty_line(void)
{
    CHECK_STR(split("From a\nX: 1\n\nbody\nFrom here on\n", ERR_NONE),
              "X: 1\n\nbody\nFrom here on\n|");
    CHECK_STR(split("From a\nX: 1\n\n\n\nb\n\n\n", ERR_NONE), "X: 1\n\n\n\nb\n\n|");
}

static void quotes_are_undone(void)
{
    CHECK_STR(split("From a\nX: 1\n\n>From x\n>>From y\n> From z\n>Fro\n>>>>", ERR_NONE),
              "X: 1\n\nFrom x\n>From y\n> From z\n>Fro\n>>>>\n|");
}

static void refuses(void)
{
    split("", ERR_DATA);
    split("X: 1\n\nbody\n", ERR_DATA);
    split("From", ERR_DATA);
    split("\n\n", ERR_DATA);
    split("From a\n", ERR_DATA);
}

static void measures_as_the_wire_will_see_it(void)
{
    static const struct {
        const char *text;
        uint64_t size;
        bool eight_bit;
    } cases[] = {
        {"a", 3, false},     {"a\n", 3, false},  {"a\r\n", 3, false}, {"\xc3\xa9\n\n", 6, true},
        {".\n", 3, false},   {"a\r", 4, false},  {"\n", 2, false},    {"a\n\nb", 8, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outgoing mail;
        int spooled, fd = pipe_of(cases[i].text);
        CHECK(outgoing_take(fd, &mail, &spooled, NULL) == ERR_NONE);
        CHECK_INT(mail.size, cases[i].size);
        CHECK_INT(mail.eight_bit, cases[i].eight_bit);
        CHECK_INT(mail.length, strlen(cases[i].text));
        close(fd);
        close(spooled);
    }
}

static void fields_are_taken_out(void)
{
    struct outgoing mail, copy;
    int spooled, without, fd = pipe_of("To: a\nBCC : x,\n y\nbcc: z\nBccc: w\n\nBcc: body\n");
    char text[100];
    CHECK(outgoing_take(fd, &mail, &spooled, NULL) == ERR_NONE);
    static const char *const drop[] = {"Bcc", "X-None", NULL};
    const struct outgoing_edit edit = {drop, span_str("Date: d\n")};
    CHECK(outgoing_edit(&mail, &edit, &copy, &without, NULL) == ERR_NONE);
    ssize_t n = pread(without, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    CHECK_STR(text, "To: a\nBccc: w\nDate: d\n\nBcc: body\n");
    CHECK_INT(copy.length, strlen(text));
    close(fd);
    close(spooled);
    close(without);
}

int main(void)
{
    RUN(splits);
    RUN(only_after_an_empty_line);
    RUN(quotes_are_undone);
    RUN(refuses);
    RUN(measures_as_the_wire_will_see_it);
    RUN(fields_are_taken_out);
    return check_done();
}
