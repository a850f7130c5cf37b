#include "mime_trace.h"

#define MIXED(boundary) "Content-Type: multipart/mixed" boundary "\n\n"
#define NONE "no final boundary, multipart without boundary"
#define OTHER "multipart with another boundary than it says"

static void the_body_is_the_part(void)
{
    EXPECT(MIXED("") "x\n", "< multipart/mixed\n<1 text/plain\n[x\n]>1 \n> " NONE "\n");
    EXPECT(MIXED("; boundary=b") "x\n- y\n--z\n",
           "< multipart/mixed\n<1 text/plain\n[x\n- y\n--z\n]>1 \n> " NONE "\n");
    EXPECT(MIXED("; boundary=b") " \n\n", "< multipart/mixed\n> no final boundary\n");
    EXPECT("Content-Type: multipart/mixed; boundary=b; name=f.pdf\n"
           "Content-Transfer-Encoding: base64\n\nJVBERg==\n",
           "< multipart/mixed f.pdf\n<1 application/pdf f.pdf\n[%PDF]>1 \n> " NONE "\n");
}

/* A fax is known by its first bytes, or by the part's header, whose boundary alone was lost. */
static void a_fax_opens(void)
{
    static const char mail[] = MIXED("; boundary=b") "\nTU0AKiE=\n";
    static const char want[] = "< multipart/mixed\n<1 image/tiff\n[MM\0*!]>1 \n> " NONE "\n";
    struct buf out;
    buf_init(&out, 4096);
    for (size_t split = 0; split < sizeof mail; split++) {
        trace(mail, sizeof mail - 1, split, NULL, &out);
        CHECK(span_eq(buf_span(&out), span_of(want, sizeof want - 1)));
    }
    buf_release(&out);
}

static void a_header_without_its_boundary(void)
{
    EXPECT(MIXED("; boundary=b") "\nContent-Type: image/tiff; name=f.tif\n"
           "Content-Transfer-Encoding: base64\n\nTU0qIQ==\n--b--\n",
           "< multipart/mixed\n<1 image/tiff f.tif\n[MM*!]>1 \n> multipart without boundary\n");
    EXPECT(MIXED("; boundary=b") "Content-Type: image/tiff\n\nMM*!\n--b\n\ntwo\n--b--\n",
           "< multipart/mixed\n<1 image/tiff\n[MM*!]>1 \n<2 text/plain\n[two]>2 \n"
           "> multipart without boundary\n");
}

static void boundaries_that_differ(void)
{
    EXPECT(MIXED("; boundary=\"a B\"") "text\n--A  b\n\none\n--A  b\n\ntwo\n--A  b--\nend\n",
           "< multipart/mixed\n<1 text/plain\n[one]>1 \n<2 text/plain\n[two]>2 \n> " OTHER "\n");
    EXPECT(MIXED("; boundary='b'") "--b\n\none\n--b--\n",
           "< multipart/mixed\n<1 text/plain\n[one]>1 \n> " OTHER "\n");
    EXPECT(MIXED("; boundary=b") "text\n--x\nContent-Type: text/html\n\none\n--x--\n",
           "< multipart/mixed\n<1 text/html\n[one]>1 \n> " OTHER "\n");
    /* The first part's alone is wrong. */
    EXPECT(MIXED("; boundary=b") "--B\n\none\n--b\n\ntwo\n--b--\n",
           "< multipart/mixed\n<1 text/plain\n[one]>1 \n<2 text/plain\n[two]>2 \n> " OTHER "\n");
}

static void boundaries_that_are_not_said(void)
{
    EXPECT(MIXED("") "text\n-- \n----\n--b\n\none\n--b\n\ntwo\n--b--\n",
           "< multipart/mixed\n<1 text/plain\n[one]>1 \n<2 text/plain\n[two]>2 \n"
           "> multipart without boundary\n");
    EXPECT(MIXED("; boundary=\"\"") "--b\nContent-Type: text/html\n\none\n",
           "< multipart/mixed\n<1 text/html\n[one\n]>1 \n> " NONE "\n");
}

static void inside_another(void)
{
    EXPECT(MIXED("; boundary=o") "--o\n" MIXED("; boundary=i") "x\n--o\n\ny\n--o--\n",
           "< multipart/mixed\n<1 multipart/mixed\n<1.1 text/plain\n[x]>1.1 \n>1 " NONE "\n"
           "<2 text/plain\n[y]>2 \n> \n");
}

/* A preamble is dropped, whatever stands in it. */
static void proper_ones(void)
{
    EXPECT(MIXED("; boundary=b") "a\n--c\nContent-Type: text/html\n\nb\n--b\n\none\n--b--\n",
           "< multipart/mixed\n<1 text/plain\n[one]>1 \n> \n");
}

/* What is too long for a preamble is none: part of it, and what follows, is a part. */
static void long_ones(void)
{
    struct buf mail, out;
    buf_init(&mail, 1 << 20);
    buf_init(&out, 1 << 20);
    buf_add_str(&mail, MIXED("; boundary=b"));
    size_t begin = mail.len;
    for (int i = 0; i < 20000; i++)
        buf_add_str(&mail, i % 3 ? "words\n" : "- -\n");
    size_t n = mail.len - begin;
    buf_add_str(&mail, "--b\n\ntwo\n--b--\n");
    for (size_t split = begin; split < mail.len; split += 7919) {
        trace((char *)mail.data, mail.len, split, NULL, &out);
        const char *text = buf_cstr(&out);
        CHECK(strstr(text, "]>1 \n<2 text/plain\n[two]>2 \n> multipart without boundary\n"));
        CHECK_INT(strstr(text, "]>1 ") - strchr(text, '['), n);
    }
    buf_clear(&mail);
    buf_add_str(&mail, MIXED("; boundary=b"));
    for (int i = 0; i < 60000; i++)
        buf_add_str(&mail, " \n\n");
    buf_add_str(&mail, "--b\n\ntwo\n--b--\n");
    trace((char *)mail.data, mail.len, 0, NULL, &out);
    CHECK_STR(buf_cstr(&out), "< multipart/mixed\n<1 text/plain\n[two]>1 \n> \n");
    buf_release(&mail);
    buf_release(&out);
}

int main(void)
{
    RUN(the_body_is_the_part);
    RUN(a_fax_opens);
    RUN(a_header_without_its_boundary);
    RUN(boundaries_that_differ);
    RUN(boundaries_that_are_not_said);
    RUN(inside_another);
    RUN(proper_ones);
    RUN(long_ones);
    return check_done();
}
