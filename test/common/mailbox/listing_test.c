#include "check.h"
#include "mailbox/listing.h"

static void lists_what_was_taken(void)
{
    struct buf out;
    buf_init(&out, 4096);
    CHECK(!listing_taken("1.x", 12, "a@b.c", false, &out));
    CHECK(!listing_taken("2.x", 0, "", false, &out));
    CHECK_STR(buf_cstr(&out), "1.x 12 a@b.c\n2.x 0 -\n");
    buf_clear(&out);
    CHECK(!listing_taken("1.x", 12, "\"q\"@b", true, &out));
    CHECK_STR(buf_cstr(&out), "{\"id\": \"1.x\", \"size\": 12, \"from\": \"\\\"q\\\"@b\"}\n");
    buf_release(&out);
}

static void lists_what_is_there(void)
{
    struct mailbox_mail mail = {.size = 5, .uid = "7"};
    struct mailbox_look look = {MIME_KIND_FAX, "a@b.c"};
    struct buf out;
    buf_init(&out, 4096);
    CHECK(!listing_row(&mail, &look, false, false, &out));
    CHECK_STR(buf_cstr(&out), "7                             5 new     fax   a@b.c\n");
    buf_clear(&out);
    mail.marked = true;
    CHECK(!listing_row(&mail, NULL, false, true, &out));
    CHECK_STR(buf_cstr(&out), "{\"uid\": \"7\", \"size\": 5, \"state\": \"deleted\", \"kind\": \"-\", "
                              "\"from\": \"\"}");
    buf_clear(&out);
    CHECK(!listing_row(&mail, &look, true, false, &out));
    CHECK(strstr(buf_cstr(&out), " seen "));
    buf_release(&out);
}

int main(void)
{
    RUN(lists_what_was_taken);
    RUN(lists_what_is_there);
    return check_done();
}
