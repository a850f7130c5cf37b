#include "bytes/utf8.h"
#include "check.h"
#include "mime/filename.h"

static void expect(const char *name, const char *want)
{
    char out[MIME_FILENAME_SIZE];
    mime_filename(span_str(name), "part.bin", out);
    CHECK_STR(out, want);
}

static void harmless_names_stay(void)
{
    expect("fax.tif", "fax.tif");
    expect("Gr\xc3\xbc\xc3\x9f" "e (1).tif", "Gr\xc3\xbc\xc3\x9f" "e (1).tif");
    expect("a.b.c", "a.b.c");
}

static void paths_lose_their_directories(void)
{
    expect("/etc/passwd", "passwd");
    expect("../../x", "x");
    expect("C:\\fax\\a.tif", "a.tif");
    expect("a/", "part.bin");
    expect("..", "part.bin");
    expect(".", "part.bin");
    expect("...", "part.bin");
    expect("", "part.bin");
    expect("  ", "part.bin");
}

static void leading_dots_and_dashes(void)
{
    expect(".bashrc", "_bashrc");
    expect("-rf", "_rf");
    expect("..a", "__a");
    expect("a..", "a");
}

static void what_means_something_elsewhere(void)
{
    expect("a\nb\x1b[m|c", "a_b_[m_c");
    expect("a:b*c?", "a_b_c_");
    expect("\xff\xfe.tif", "__.tif");
    expect("x\xe2\x80\xae" "fit.exe", "x_fit.exe");
}

static void long_names_keep_their_extension(void)
{
    char name[600], out[MIME_FILENAME_SIZE];
    for (size_t i = 0; i < 500; i += 2)
        memcpy(name + i, "\xc3\xbc", 2);
    strcpy(name + 500, ".tif");
    mime_filename(span_str(name), "x", out);
    CHECK(strlen(out) <= 200 && strlen(out) > 180);
    CHECK_STR(out + strlen(out) - 4, ".tif");
    CHECK(utf8_valid(span_str(out)));
}

static void types_and_extensions(void)
{
    CHECK_STR(mime_extension("image/tiff"), "tif");
    CHECK_STR(mime_extension("x/y"), "bin");
    CHECK_STR(mime_type_of_name(span_str("A.TIFF")), "image/tiff");
    CHECK(mime_type_of_name(span_str("tif")) == NULL);
    CHECK(mime_type_of_name(span_str(".tif")) == NULL);
    CHECK(mime_type_of_name(span_str("")) == NULL);
}

int main(void)
{
    RUN(harmless_names_stay);
    RUN(paths_lose_their_directories);
    RUN(leading_dots_and_dashes);
    RUN(what_means_something_elsewhere);
    RUN(long_names_keep_their_extension);
    RUN(types_and_extensions);
    return check_done();
}
