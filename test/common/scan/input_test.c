#include "scan/input.h"
#include "check.h"

static void kind_is(const char *bytes, size_t n, enum scan_kind want)
{
    enum scan_kind got = scan_sniff(span_of(bytes, n), true);
    if (got != want)
        printf("# %.20s: %s\n", bytes, scan_kind_name(got));
    CHECK(got == want);
}

#define KIND(literal, want) kind_is(literal, sizeof(literal) - 1, want)

static void images_and_documents(void)
{
    KIND("", SCAN_EMPTY);
    KIND("P4\n1 1\n", SCAN_PNM);
    KIND("P7\n", SCAN_PNM);
    KIND("P1#c\n", SCAN_PNM);
    KIND("\x89PNG\r\n\x1a\n....", SCAN_PNG);
    KIND("\xff\xd8\xff\xe0", SCAN_JPEG);
    KIND("II*\0....", SCAN_TIFF);
    KIND("MM\0*....", SCAN_TIFF);
    KIND("Sfff....", SCAN_FAX);
    KIND("\0PC Research, Inc\0\0\0\0\0\0\0\0", SCAN_FAX);
    KIND("\0faxpipe G3 page\0\0\0\0\0\0\0\0", SCAN_FAX);
    KIND("%PDF-1.7\n", SCAN_PDF);
    KIND("junk before\n%PDF-1.7\n", SCAN_PDF);
    KIND("%!PS-Adobe-3.0\n", SCAN_POSTSCRIPT);
    KIND("\x04%!PS\n", SCAN_POSTSCRIPT);
}

static void text_and_mail(void)
{
    KIND("hello\tworld\n", SCAN_TEXT);
    KIND("P4 is a paper size\n", SCAN_PNM); /* as any reader of Netpbm takes it */
    KIND("Paper\n", SCAN_TEXT);
    KIND("\xef\xbb\xbf" "BOM", SCAN_TEXT);
    KIND("Ωμέγα 日本\n\f", SCAN_TEXT);
    KIND("Subject: x\nFrom: a@b\n\nbody\n", SCAN_MAIL);
    KIND("From a@b Thu Jan 1\nReceived: x\n y\nFrom: a@b\n\n", SCAN_MAIL);
    KIND("Subject: one field alone\n\nis a text\n", SCAN_TEXT);
    KIND("Dear Sir,\nFrom: here\nTo: there\n", SCAN_TEXT);
}

static void what_it_is_not(void)
{
    KIND("\xff\xfe" "a\0b\0", SCAN_UNKNOWN);
    KIND("a\0b", SCAN_UNKNOWN);
    KIND("caf\xe9\n", SCAN_UNKNOWN);
    KIND("\x01\x02", SCAN_UNKNOWN);
}

static void a_character_cut_by_the_window_is_none_to_complain_of(void)
{
    CHECK(scan_sniff(span_str("abc\xe6\x97"), false) == SCAN_TEXT);
    CHECK(scan_sniff(span_str("abc\xe6\x97"), true) == SCAN_UNKNOWN);
    CHECK(scan_sniff(span_str("abc\xff"), false) == SCAN_UNKNOWN);
}

int main(void)
{
    RUN(images_and_documents);
    RUN(text_and_mail);
    RUN(what_it_is_not);
    RUN(a_character_cut_by_the_window_is_none_to_complain_of);
    return check_done();
}
