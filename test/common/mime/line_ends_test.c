#include "mime_trace.h"

#define TOLD "line ends that are no mail's"

static void cr_alone(void)
{
    EXPECT("From: a@b\rSubject: x\r\ry\rz\r", "<1 text/plain\n[y\nz\n]>1 " TOLD "\n");
    EXPECT("From a Sat Nov 21 10:00:00 2026\rSubject: x\r\ry",
           "<1 text/plain\n[y]>1 " TOLD "\n");
    EXPECT("Subject: x\r folded\rContent-Type: multipart/mixed; boundary=b\r\r--b\r\rone\r--b\r"
           "Content-Transfer-Encoding: base64\r\reA==\r--b--\r",
           "< multipart/mixed\n<1 text/plain\n[one]>1 \n<2 text/plain\n[x]>2 \n> " TOLD "\n");
    EXPECT("Subject: x\rTo: b", "<1 text/plain\n>1 " TOLD "\n");
    /* Some lines went through a program that knew better. */
    EXPECT("Subject: x\rTo: b\r\n\r\ny\n", "<1 text/plain\n[y\n]>1 " TOLD "\n");
}

static void cr_cr_lf(void)
{
    EXPECT("Subject: x\r\r\nTo: b\r\r\n\r\r\ny\r\r\n", "<1 text/plain\n[y\r\n]>1 " TOLD "\n");
}

static void a_cr_in_a_line(void)
{
    EXPECT("Subject: x\ry\nTo: b\n\nz\rz\n", "<1 text/plain\n[z\rz\n]>1 \n");
    EXPECT("Subject: x\r", "<1 text/plain\n>1 \n");
}

/* The first line tells, and of an endless one its first 4096 bytes. */
static void long_lines(void)
{
    struct buf mail, out;
    buf_init(&mail, 1 << 17);
    buf_init(&out, 1 << 17);
    buf_add_str(&mail, "Subject: x\rTo: b\r\r");
    size_t head = mail.len;
    for (int i = 0; i < 9000; i++)
        buf_add_str(&mail, "0123456\r");
    for (size_t split = 0; split < mail.len; split += split < 5000 ? 97 : 4099) {
        trace((char *)mail.data, mail.len, split, NULL, &out);
        CHECK_INT(out.len, mail.len - head + strlen("<1 text/plain\n[]>1 " TOLD "\n"));
        CHECK(span_find(buf_span(&out), '\r') == out.len);
    }
    buf_release(&mail);
    buf_release(&out);
}

int main(void)
{
    RUN(cr_alone);
    RUN(cr_cr_lf);
    RUN(a_cr_in_a_line);
    RUN(long_lines);
    return check_done();
}
