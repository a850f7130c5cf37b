/* Text of strangers on a terminal: no byte of theirs is ever more than a character. */
#include "check.h"
#include "bytes/utf8.h"
#include "smtp/screen.h"

static struct buf out;

static const char *shown(const char *text, size_t n, bool want_whole)
{
    bool whole;
    buf_release(&out);
    buf_init(&out, SCREEN_OCTETS_MAX);
    CHECK_INT(screen_add(&out, span_of(text, n), &whole), ERR_NONE);
    CHECK(whole == want_whole);
    return buf_cstr(&out);
}

#define SHOWN(text) shown(text, sizeof(text) - 1, true)

static void lines(void)
{
    CHECK_STR(SHOWN(""), "");
    CHECK_STR(SHOWN("a\n\nb"), "| a\r\n| \r\n| b\r\n");
    CHECK_STR(SHOWN("a\r\nb\r\n"), "| a\r\n| b\r\n");
    CHECK_STR(SHOWN("a\tb"), "| a b\r\n");
}

static void control_bytes(void)
{
    CHECK_STR(SHOWN("a\033[2J\033]0;x\a\b\177\0z\rover\n"), "| a?[2J?]0;x????z?over\r\n");
    /* C1: as single bytes, and as UTF-8 has them. */
    CHECK_STR(SHOWN("\x9b" "2J\x90q\xc2\x9b" "1m\xc2\x85"), "| ?2J?q?1m?\r\n");
    /* Overlong, cut, surrogates, nothing at all. */
    CHECK_STR(SHOWN("\xc0\x9b|\xe2\x82|\xed\xa0\x80|\xff"), "| ??|??|???|?\r\n");
    /* Direction, separators, invisible ones. */
    CHECK_STR(SHOWN("a\xe2\x80\xae" "b\xe2\x81\xa6" "c\xe2\x80\xa8" "d\xef\xbb\xbf\xf3\xa0\x80\xa0"),
              "| a?b?c?d??\r\n");
}

static void letters(void)
{
    CHECK_STR(SHOWN("gr\xc3\xbc\xc3\x9f Gott \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x93\xa0"),
              "| gr\xc3\xbc\xc3\x9f Gott \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x93\xa0\r\n");
}

static void long_lines(void)
{
    char text[2 * SCREEN_COLUMNS + 1], want[2 * SCREEN_COLUMNS + 20];
    memset(text, 'x', sizeof text);
    snprintf(want, sizeof want, "| %.*s\r\n| %.*s\r\n| x\r\n", SCREEN_COLUMNS, text,
             SCREEN_COLUMNS, text);
    CHECK_STR(shown(text, sizeof text, true), want);
    snprintf(want, sizeof want, "| %.*s\r\n", SCREEN_COLUMNS, text);
    CHECK_STR(shown(text, SCREEN_COLUMNS, true), want);
}

static unsigned count(const char *s)
{
    unsigned n = 0;
    for (; *s; s++)
        n += *s == '\n';
    return n;
}

static void too_much(void)
{
    char text[SCREEN_COLUMNS * (SCREEN_LINES_MAX + 1)];
    memset(text, '\n', sizeof text);
    CHECK_INT(count(shown(text, SCREEN_LINES_MAX, true)), SCREEN_LINES_MAX);
    CHECK_INT(count(shown(text, SCREEN_LINES_MAX + 1, false)), SCREEN_LINES_MAX);
    memset(text, 'x', sizeof text);
    CHECK_INT(count(shown(text, SCREEN_COLUMNS * SCREEN_LINES_MAX, true)), SCREEN_LINES_MAX);
    CHECK_INT(count(shown(text, SCREEN_COLUMNS * SCREEN_LINES_MAX + 1, false)), SCREEN_LINES_MAX);
}

/* Whatever bytes come, what goes out is UTF-8 without controls but our line ends. */
static void every_pair_of_bytes(void)
{
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            const char text[] = {'k', (char)a, (char)b, 'k'};
            const char *s = shown(text, sizeof text, true);
            CHECK(utf8_valid(span_str(s)));
            for (const char *c = s; *c; c++)
                if ((uint8_t)*c < 0x20 && !(c[0] == '\r' && c[1] == '\n') &&
                    !(c[0] == '\n' && c > s && c[-1] == '\r'))
                    CHECK(!"a control byte");
            CHECK(strstr(s, "\xc2\x80") == NULL && strstr(s, "\xc2\x9b") == NULL);
        }
}

static void words(void)
{
    struct buf word;
    buf_init(&word, 100);
    CHECK_INT(screen_add_word(&word, span_str("a@b\r\nRoot\033[m\xc3\xa4")), ERR_NONE);
    CHECK_STR(buf_cstr(&word), "a@b??Root?[m\xc3\xa4");
    buf_release(&word);
}

int main(void)
{
    RUN(lines);
    RUN(control_bytes);
    RUN(letters);
    RUN(long_lines);
    RUN(too_much);
    RUN(every_pair_of_bytes);
    RUN(words);
    buf_release(&out);
    return check_done();
}
