#include "check.h"
#include "mime/html.h"

/* Whole, and split at every byte. */
static void expect(const char *html, const char *want)
{
    struct span in = span_str(html);
    struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t split = 0; split <= in.n; split++) {
        struct html_text h;
        buf_clear(&out);
        html_text_init(&h, &out);
        CHECK_INT(html_text_push(&h, span_take(in, split)), ERR_NONE);
        CHECK_INT(html_text_push(&h, span_skip(in, split)), ERR_NONE);
        CHECK_INT(html_text_end(&h), ERR_NONE);
        if (strcmp(buf_cstr(&out), want) != 0) {
            printf("# split at %zu\n", split);
            CHECK_STR(buf_cstr(&out), want);
            break;
        }
    }
    buf_release(&out);
}

static void tags_go(void)
{
    expect("", "");
    expect("<html><body></body></html>", "");
    expect("plain", "plain\n");
    expect("a <b>bold</b><i>er</i> word", "a bolder word\n");
    expect("<a href='x>y' title=\"a>b\">link</a>", "link\n");
    expect("a<!-- no <p> > -- -->b<!--c--->d", "abd\n");
    expect("<!DOCTYPE html><?xml x?><o:p>x</o:p>", "x\n");
    expect("<style>p > a { x: '</p>' }</STYLE >a<script>if (a<b) '</scrip'</script>b", "ab\n");
    expect("end <b", "end\n");
}

static void lines_and_paragraphs(void)
{
    expect("<p>one<p>two</p>\n<p>three", "one\n\ntwo\n\nthree\n");
    expect("one<br>two<BR/>three<br><br><br>four", "one\ntwo\nthree\n\nfour\n");
    expect("<div>a</div><div>b</div>c", "a\nb\nc\n");
    expect("<h1>T</h1>text<hr>more", "T\n\ntext\n\n----\n\nmore\n");
    expect("<ul><li> a <li>b</li></ul>c<ul><li></ul>", "- a\n- b\n\nc\n");
    expect("<table><tr><td>1</td><td>2</td></tr><tr><th>3<td>4</table>", "1 2\n3 4\n");
    expect("a\n\t b\r\n  c ", "a b c\n");
    expect("<pre>a\n\n  b\tc</pre>  d  e", "a\n\n  b\tc\n\nd e\n");
}

static void entities(void)
{
    expect("&lt;a&gt; &amp;amp; &quot;&apos;&#39;", "<a> &amp; \"''\n");
    expect("&auml;&Auml;&szlig;&yuml;&nbsp;&iexcl;", "äÄßÿ ¡\n");
    expect("&euro;&#8364;&#x20AC;&#X20ac;&#128;", "€€€€€\n");
    expect("&#x1F4E0;", "\xf0\x9f\x93\xa0\n");
    expect("&#0;&#xd800;&#99999999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n");
    expect("a&shy;b&zwnj;c&#8203;", "abc\n");
    expect("&copy 2026 &unknown; &; & &averyveryverylongname; &amp", "© 2026 &unknown; &; & &averyveryverylongname; &\n");
    expect("1 < 2 <3 a<", "1 < 2 <3 a<\n");
    expect("&#10;x&#9;&#127;y", "x y\n");
}

static void no_control_bytes(void)
{
    struct html_text h;
    struct buf out;
    buf_init(&out, 4096);
    html_text_init(&h, &out);
    html_text_push(&h, span_of("a\0b\033[2J\177c", 9));
    html_text_end(&h);
    CHECK_STR(buf_cstr(&out), "ab[2Jc\n");
    buf_release(&out);
}

static void an_open_quote_does_not_eat_all(void)
{
    struct html_text h;
    struct buf out;
    buf_init(&out, 1 << 20);
    html_text_init(&h, &out);
    html_text_push(&h, span_str("a<b x=\"never closed>"));
    for (int i = 0; i < 20000; i++)
        html_text_push(&h, span_str("<i>x</i>"));
    html_text_end(&h);
    CHECK(out.len > 10000);
    buf_release(&out);
}

static void over_the_cap(void)
{
    struct html_text h;
    struct buf out;
    buf_init(&out, 3);
    html_text_init(&h, &out);
    CHECK_INT(html_text_push(&h, span_str("abcd")), ERR_DATA);
    CHECK_INT(html_text_push(&h, span_str("a")), ERR_DATA);
    CHECK_INT(html_text_end(&h), ERR_DATA);
    buf_release(&out);
}

int main(void)
{
    RUN(tags_go);
    RUN(lines_and_paragraphs);
    RUN(entities);
    RUN(no_control_bytes);
    RUN(an_open_quote_does_not_eat_all);
    RUN(over_the_cap);
    return check_done();
}
