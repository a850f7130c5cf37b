/* What the decoder does with damage, with ends, and with what others write. Bits are built by hand. */
#include "check.h"
#include "g3/g3.h"

static struct g3_decoder decoder;
static struct g3_encoder encoder;

/* A bit string such as "0000 0001" as bytes. */
struct bits {
    uint8_t bytes[65536];
    size_t n;
};

static void add(struct bits *b, const char *text)
{
    for (; *text; text++) {
        if (*text != '0' && *text != '1')
            continue;
        if (b->n % 8 == 0)
            b->bytes[b->n / 8] = 0;
        if (*text == '1')
            b->bytes[b->n / 8] |= (uint8_t)(0x80 >> b->n % 8);
        b->n++;
    }
}

#define EOL "000000000001"
#define TAG1 EOL "1"
#define TAG0 EOL "0"
#define RTC EOL EOL EOL EOL EOL EOL
/* Rows of 8 pels: 3 white, 2 black, 3 white; 8 white; 8 black. */
#define ROW "1000 11 1000"
#define WHITE "10011"
#define BLACK "00110101 000101"

/* Decodes with pushes of step bytes; the events as letters (r, b, e, l), the rows behind each. */
static const char *decode(const struct bits *b, enum g3_coding coding, unsigned flags, size_t step)
{
    static char text[4096];
    size_t size = (b->n + 7) / 8, at = 0, used = 0;
    uint8_t row = 0;
    g3_decoder_init(&decoder, coding, 8, flags);
    while (used < sizeof text - 8) {
        enum g3_event event = g3_decoder_next(&decoder, &row);
        if (event == G3_MORE) {
            size_t n = size - at < step ? size - at : step;
            if (n)
                g3_decoder_push(&decoder, span_of(b->bytes + at, n));
            else
                g3_decoder_finish(&decoder);
            at += n;
            continue;
        }
        if (event == G3_END || event == G3_LOST) {
            text[used++] = event == G3_LOST ? 'l' : decoder.closed ? 'E' : 'e';
            break;
        }
        used += (size_t)snprintf(text + used, 8, "%c%02x ", event == G3_ROW ? 'r' : 'b', row);
    }
    text[used] = '\0';
    return text;
}

static void expect(const char *bits, enum g3_coding coding, unsigned flags, const char *want)
{
    struct bits b = {.n = 0};
    add(&b, bits);
    for (size_t step = 1; step <= 9; step++)
        CHECK_STR(decode(&b, coding, flags, step), want);
}

static void plain_pages(void)
{
    expect(EOL ROW EOL WHITE EOL BLACK RTC, G3_MH, 0, "r18 r00 rff E");
    expect(EOL ROW EOL WHITE, G3_MH, 0, "r18 r00 e");
    expect("00000000" EOL ROW "0000000" EOL WHITE RTC, G3_MH, 0, "r18 r00 E");
    expect(ROW EOL WHITE EOL, G3_MH, 0, "r18 r00 e");
    expect(RTC, G3_MH, 0, "E");
    expect("", G3_MH, 0, "e");
    expect("0000000000000000000000000", G3_MH, 0, "e");
}

static void rows_without_eol(void)
{
    expect(ROW WHITE BLACK, G3_MH, G3_NO_EOL, "r18 r00 rff e");
    expect(ROW "000000" WHITE "000", G3_MH, G3_NO_EOL | G3_ALIGN_ROW, "r18 r00 e");
    expect(ROW WHITE "111111", G3_MH, G3_NO_EOL, "r18 r00 l");
    expect(ROW WHITE "00000000 00000000 00000000 00000000 00000000", G3_MH, G3_NO_EOL, "r18 r00 e");
}

/* Two white of nothing, a run of nothing at the edge: others write such rows. */
static void runs_of_nothing(void)
{
    expect(EOL "00110101 0000110111" WHITE RTC, G3_MH, 0, "r00 E");
    expect(EOL BLACK "00110101" EOL ROW RTC, G3_MH, 0, "rff r18 E");
    expect(EOL WHITE "0000110111" EOL ROW RTC, G3_MH, 0, "r00 r18 E");
    expect(EOL "0111 0000110111 1011 010 000111" RTC, G3_MH, 0, "r02 E");
}

static void damage_is_concealed_and_counted(void)
{
    /* Short, long, no code, codes to spare, an EOL with nothing behind. */
    expect(EOL ROW EOL "1000 11" EOL WHITE RTC, G3_MH, 0, "r18 b18 r00 E");
    CHECK_INT(decoder.bad_rows, 1);
    expect(EOL ROW EOL "1000 11 10011" EOL WHITE RTC, G3_MH, 0, "r18 b18 r00 E");
    expect(EOL ROW EOL "000000001 1111" EOL WHITE RTC, G3_MH, 0, "r18 b18 r00 E");
    expect(EOL ROW EOL ROW "11" EOL WHITE RTC, G3_MH, 0, "r18 b18 r00 E");
    expect(EOL ROW EOL EOL WHITE RTC, G3_MH, 0, "r18 b18 r00 E");
    expect(EOL "1000 11" EOL "1000" EOL ROW EOL "1" RTC, G3_MH, 0, "b18 b18 r18 b18 E");
    CHECK_INT(decoder.bad_rows, 3);
    CHECK_INT(decoder.bad_in_a_row, 2);
    CHECK_INT(decoder.rows, 4);
}

/* 3 white, 2 black, and then what the row above has: the colour changes where it must, and only there. */
static void the_good_part_of_a_row_is_kept(void)
{
    expect(EOL BLACK EOL "1000 11 000000001" EOL WHITE RTC, G3_MH, 0, "rff b1f r00 E");
    expect(EOL BLACK EOL "0111 000000001" EOL WHITE RTC, G3_MH, 0, "rff b3f r00 E");
    expect(EOL ROW EOL "00110101 010 000000001" EOL EOL WHITE RTC, G3_MH, 0, "r18 b98 b98 r00 E");
    CHECK_INT(decoder.bad_in_a_row, 2);
    /* Three white and one black of a row all white. */
    expect(EOL WHITE EOL "1000 010 000000001" EOL ROW EOL "1" RTC, G3_MH, 0, "r00 b10 r18 b18 E");
    /* A row too short for a change, and one too long: the pels of that run are not known. */
    expect(EOL BLACK EOL "0111 11" EOL "0111 10011" EOL WHITE RTC, G3_MH, 0, "rff b3f b3f r00 E");
    /* In two dimensions: vertical, pass and horizontal codes up to the damage. */
    expect(TAG1 ROW TAG0 "011 0000000" TAG0 "1" TAG1 ROW, G3_MR, 0, "r18 b08 b08 r18 e");
    expect(TAG1 ROW TAG0 "0001 0000000" TAG1 ROW, G3_MR, 0, "r18 b00 r18 e");
    expect(TAG1 ROW TAG0 "001 0111 11 0000000" TAG1 ROW, G3_MR, 0, "r18 b38 r18 e");
}

static struct g3_decoder lost;
static void check_good_pels(const char *bits, enum g3_coding coding, unsigned pels, uint8_t want)
{
    struct bits b = {.n = 0};
    uint8_t row = 0;
    enum g3_event event;
    add(&b, bits);
    g3_decoder_init(&lost, coding, 8, coding == G3_MH ? G3_NO_EOL : 0);
    g3_decoder_push(&lost, span_of(b.bytes, (b.n + 7) / 8));
    g3_decoder_finish(&lost);
    while ((event = g3_decoder_next(&lost, &row)) == G3_ROW)
        ;
    CHECK_INT(event, G3_LOST);
    CHECK_INT(lost.good_pels, pels);
    CHECK_INT(row, want);
    CHECK_INT(lost.bad_rows, 0);
}

static void the_last_row_of_a_lost_page_has_a_good_part(void)
{
    check_good_pels("001 1000 11 1 001 0111 11 0000001111", G3_MMR, 4, 0x30);
    check_good_pels("001 1000 11 1 001 0111 010 0000001111", G3_MMR, 3, 0x20);
    check_good_pels("001 1000 11 1 1 0000001111", G3_MMR, 3, 0x00);
    check_good_pels("001 1000 11 1 0000001111", G3_MMR, 0, 0x00);
    check_good_pels("001 1000 11 1 000000000000001000000001", G3_MMR, 0, 0x00);
    check_good_pels(ROW "0111 11 000000001 1111 1111 1111", G3_MH, 4, 0x30);
}

static void rows_on_bytes_behind_their_eols(void)
{
    expect(EOL "0000" ROW EOL "00" WHITE EOL "0000000" BLACK "00" RTC, G3_MH, G3_ALIGN_ROW,
           "r18 r00 rff E");
    expect(EOL "0000" ROW "000000" EOL "0000" WHITE "000" EOL "0000" BLACK, G3_MH, G3_ALIGN_ROW,
           "r18 r00 rff e");
    /* An RTC whose EOLs have fill too; and a row lost between two EOLs. */
    expect(EOL "0000" ROW EOL "00" RTC, G3_MH, G3_ALIGN_ROW, "r18 E");
    expect(EOL "0000" ROW EOL "00" EOL "0000" EOL "0000" EOL "0000" EOL "0000" EOL "0000" EOL, G3_MH,
           G3_ALIGN_ROW, "r18 E");
    expect(EOL "0000" ROW EOL "00" EOL "0000" BLACK RTC, G3_MH, G3_ALIGN_ROW, "r18 b18 rff E");
    expect(TAG1 "000" ROW TAG0 "0" "111" TAG0 "111" TAG1 TAG1 TAG1 TAG1 TAG1 TAG1, G3_MR,
           G3_ALIGN_ROW, "r18 r18 r18 E");
}

/* An EOL whose first zeros were taken for a code's last ones is found all the same. */
static void an_eol_is_found_behind_a_code_that_ends_in_zeros(void)
{
    expect(EOL ROW EOL "1000" EOL WHITE RTC, G3_MH, 0, "r18 b18 r00 E");
    expect(EOL ROW EOL "1000 11 01000" EOL WHITE RTC, G3_MH, 0, "r18 b18 r00 E");
}

static void two_dimensional_rows(void)
{
    expect(TAG1 ROW TAG0 "1 1 1" TAG0 "011 010 1" TAG1 WHITE TAG1 TAG1 TAG1 TAG1 TAG1 TAG1, G3_MR, 0,
           "r18 r18 r00 r00 E");
    expect(TAG1 ROW TAG0 "0001 1" TAG0 "001 0111 11 1" TAG1 WHITE, G3_MR, 0, "r18 r00 r30 r00 e");
    /* After damage the rows that lean on it are lost, up to the next that does not. */
    expect(TAG1 ROW TAG1 "11" TAG0 "111" TAG0 "111" TAG1 WHITE, G3_MR, 0, "r18 b00 b00 b00 r00 e");
    CHECK_INT(decoder.bad_in_a_row, 3);
    /* K is known by the longest stretch. */
    expect(TAG1 ROW TAG0 "111" TAG0 "111" TAG1 ROW, G3_MR, 0, "r18 r18 r18 r18 e");
    CHECK_INT(decoder.longest_2d, 2);
}

static void mmr_ends_and_damage(void)
{
    expect("001 1000 11 1 111 111" EOL EOL, G3_MMR, 0, "r18 r18 r18 E");
    expect("001 1000 11 1 111", G3_MMR, 0, "r18 r18 e");
    expect("001 1000 11 1" EOL, G3_MMR, 0, "r18 e");
    expect("001 1000 11 1 001 1000 11", G3_MMR, 0, "r18 l");
    expect("001 1000 11 1 0000001111", G3_MMR, 0, "r18 l");
    expect("0001 111", G3_MMR, 0, "l");
    expect("001 10011 11", G3_MMR, 0, "l");
    expect("1 0000000 00000000 00000000 00000000 00000000 00000000", G3_MMR, 0, "r00 e");
}

static void says_where_rows_end_and_how_eols_lie(void)
{
    struct bits b = {.n = 0};
    add(&b, EOL ROW EOL WHITE RTC);
    decode(&b, G3_MH, 0, 100);
    CHECK_INT(decoder.end_of_rows, 12 + 10 + 12 + 5);
    CHECK_INT(g3_decoder_offset(&decoder), b.n);
    CHECK(!decoder.eols_aligned && decoder.led);
    b.n = 0;
    add(&b, "0000" EOL ROW "00" "0000 0000" EOL WHITE RTC);
    decode(&b, G3_MH, 0, 100);
    CHECK(decoder.eols_aligned);
    CHECK_STR(decode(&b, G3_MH, 0, 1), "r18 r00 E");
}

/* Many EOLs, many rows of a bit: each byte is looked at once or a few times, never more. */
static void hostile_data_is_bounded(void)
{
    static struct bits b;
    memset(b.bytes, 0xff, sizeof b.bytes);
    g3_decoder_init(&decoder, G3_MMR, 65535, 0);
    g3_decoder_push(&decoder, span_of(b.bytes, sizeof b.bytes));
    g3_decoder_finish(&decoder);
    while (g3_decoder_next(&decoder, NULL) == G3_ROW)
        ;
    CHECK_INT(decoder.rows, sizeof b.bytes * 8);
    b.n = 0;
    while (b.n < sizeof b.bytes * 8 - 12)
        add(&b, EOL);
    CHECK_STR(decode(&b, G3_MH, 0, 1000), "E");
    memset(b.bytes, 0, sizeof b.bytes);
    CHECK_STR(decode(&b, G3_MH, 0, 7), "e");
    CHECK_STR(decode(&b, G3_MMR, 0, 7), "e");
}

static void bits_behind_the_width_do_not_count(void)
{
    uint8_t out[128], row[2] = {0x00, 0x1f};
    g3_encoder_init(&encoder, G3_MMR, 11, 0, 0);
    size_t n = g3_encode_row(&encoder, row, out);
    n += g3_encode_end(&encoder, out + n);
    struct bits want = {.n = 0};
    add(&want, "1" EOL EOL);
    CHECK_INT(n, (want.n + 7) / 8);
    CHECK(memcmp(out, want.bytes, n) == 0);
}

int main(void)
{
    RUN(plain_pages);
    RUN(rows_without_eol);
    RUN(runs_of_nothing);
    RUN(damage_is_concealed_and_counted);
    RUN(the_good_part_of_a_row_is_kept);
    RUN(the_last_row_of_a_lost_page_has_a_good_part);
    RUN(rows_on_bytes_behind_their_eols);
    RUN(an_eol_is_found_behind_a_code_that_ends_in_zeros);
    RUN(two_dimensional_rows);
    RUN(mmr_ends_and_damage);
    RUN(says_where_rows_end_and_how_eols_lie);
    RUN(hostile_data_is_bounded);
    RUN(bits_behind_the_width_do_not_count);
    return check_done();
}
