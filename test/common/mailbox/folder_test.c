#include "check.h"
#include "mailbox/folder.h"

static void check_folder(const char *name, const char *want)
{
    struct buf out;
    buf_init(&out, 1000);
    enum err e = folder_quote(span_str(name), &out);
    CHECK_INT(e, want ? ERR_NONE : ERR_DATA);
    if (want)
        CHECK_STR(buf_cstr(&out), want);
    buf_release(&out);
}

static void plain_names(void)
{
    check_folder("INBOX", "\"INBOX\"");
    check_folder("Fax & Co", "\"Fax &- Co\"");
    check_folder("a\"b\\c", "\"a\\\"b\\\\c\"");
    check_folder("", "\"\"");
}

/* RFC 3501's own example, and names of one, two and three units. */
static void names_of_the_world(void)
{
    check_folder("~peter/mail/台北/日本語", "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\"");
    check_folder("Entwürfe", "\"Entw&APw-rfe\"");
    check_folder("😀&", "\"&2D3eAA-&-\"");
}

static void no_names(void)
{
    check_folder("a\nb", NULL);
    check_folder("\xff", NULL);
    check_folder("a\x7f", NULL);
}

int main(void)
{
    RUN(plain_names);
    RUN(names_of_the_world);
    RUN(no_names);
    return check_done();
}
