#include "scan/pnm.h"
#include "check.h"

/* What a stream gives, as text: "[WxH b|g] row row … ." for each image, "!" for an error. */
static const char *read_all(struct span in, size_t piece)
{
    static char out[4096];
    size_t n = 0;
    struct pnm p;
    pnm_init(&p);
    bool ended = false;
    for (;;) {
        enum pnm_event e = pnm_next(&p);
        if (e == PNM_ERROR) {
            n += (size_t)snprintf(out + n, sizeof out - n, "!");
            break;
        } else if (e == PNM_IMAGE) {
            n += (size_t)snprintf(out + n, sizeof out - n, "[%ux%u %c]", p.image.width,
                                  p.image.height, p.image.bilevel ? 'b' : 'g');
        } else if (e == PNM_ROW) {
            for (size_t i = 0; i < scan_row_size(&p.image); i++)
                n += (size_t)snprintf(out + n, sizeof out - n, "%s%02x", i ? "" : " ", p.row[i]);
        } else if (e == PNM_END) {
            n += (size_t)snprintf(out + n, sizeof out - n, ".");
        } else if (in.n) {
            struct span part = span_take(in, piece);
            in = span_skip(in, part.n);
            pnm_push(&p, part);
        } else if (!ended) {
            ended = true;
            pnm_end_input(&p);
        } else {
            if (pnm_finish(&p, NULL))
                n += (size_t)snprintf(out + n, sizeof out - n, "~");
            break;
        }
    }
    out[n] = '\0';
    pnm_release(&p);
    return out;
}

/* Whole, and in pieces of every size, the same comes out. */
static void check_bytes(const void *bytes, size_t n, const char *want)
{
    for (size_t piece = 1; piece <= n; piece++)
        CHECK_STR(read_all(span_of(bytes, n), piece), want);
}

static void check_text(const char *text, const char *want)
{
    check_bytes(text, strlen(text), want);
}

#define BYTES(literal, want) check_bytes(literal, sizeof(literal) - 1, want)

static void bitmaps(void)
{
    BYTES("P4\n9 2\n\xff\xff\x01\x80", "[9x2 b] ff80 0180.");
    BYTES("P4 8 1\n\x20", "[8x1 b] 20.");
    check_text("P1\n3 2\n1 0 1\n010\n", "[3x2 b] a0 40.");
    check_text("P1 9 1 111111111", "[9x1 b] ff80.");
}

static void grays(void)
{
    BYTES("P5 3 1 255\n\x00\x80\xff", "[3x1 g] 0080ff.");
    BYTES("P5 2 1 15\n\x0f\x05", "[2x1 g] ff55.");
    BYTES("P5 2 1 65535\n\xff\xff\x80\x00", "[2x1 g] ff80.");
    check_text("P2 3 1 100 0 50 100", "[3x1 g] 0080ff.");
    check_text("P2 2 2 9\n9 9\n0 0\n", "[2x2 g] ffff 0000.");
}

static void colours(void)
{
    BYTES("P6 2 1 255\n\xff\xff\xff\x00\xff\x00", "[2x1 g] ff95.");
    check_text("P3 1 1 1 1 0 0", "[1x1 g] 4c.");
}

static void pams(void)
{
    BYTES("P7\nWIDTH 2\nHEIGHT 1\n# c\nDEPTH 1\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n\x01\x00",
          "[2x1 b] 40.");
    BYTES("P7\nWIDTH 2\nHEIGHT 1\nDEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n"
          "\x00\x00\x00\xff", "[2x1 g] ff00.");
    BYTES("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
          "\x00\x00\x00\x80", "[1x1 g] 7f.");
    check_text("P7\nWIDTH 2\nENDHDR\n", "!");
    check_text("P7\nNONSENSE 2\n", "!");
}

static void comments(void)
{
    BYTES("P4\n# SANE data follows\n8 # a\n#b\n1\n\x01", "[8x1 b] 01.");
    BYTES("P4\n8#x\n1\n\x01", "[8x1 b] 01.");
    check_text("P1\n3 1\n# c\n1#1\n01", "[3x1 b] a0.");
}

static void streams(void)
{
    BYTES("P4\n8 1\n\x01P5 1 1 255\n\x07P1 1 1 1", "[8x1 b] 01.[1x1 g] 07.[1x1 b] 80.");
    BYTES("P4\n8 1\n\x01\nP4\n8 1\n\x02", "[8x1 b] 01.[8x1 b] 02.");
}

static void cut_and_bad(void)
{
    check_text("P", "~");
    check_text("P4\n8", "~");
    BYTES("P4\n8 2\n\x01", "[8x2 b] 01~");
    BYTES("P4\n16 1\n\x01", "[16x1 b]~");
    check_text("P2 2 1 9 7 ", "[2x1 g]~");
    check_text("P8\n", "!");
    check_text("Px", "!");
    check_text("P4\n0 5\n", "!");
    check_text("P4\n-1 5\n", "!");
    check_text("P4\n99999999999 5\n", "!");
    check_text("P4\n70000 5\n", "!");
    check_text("P4\n5 4294967295\n", "!");
    check_text("P5 1 1 65536\n", "!");
    check_text("P5 1 1 0\n", "!");
    check_text("P2 1 1 9 10", "[1x1 g]!");
    check_text("P1 2 1 12", "[2x1 b]!");
    BYTES("P4\n8 1\n\x01garbage", "[8x1 b] 01.!");
}

int main(void)
{
    RUN(bitmaps);
    RUN(grays);
    RUN(colours);
    RUN(pams);
    RUN(comments);
    RUN(streams);
    RUN(cut_and_bad);
    return check_done();
}
