#include "base64/base64.h"
#include "base64/kernel.h"
#include "check.h"
#include "cpu/cpu.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Every kernel that this machine can run gives what the scalar one gives, and touches no more. */

enum { ROOM = 16384 };

/* A block between two pages that nobody may touch. */
struct fence {
    uint8_t *at;
    size_t page;
};

static struct fence fence_init(void)
{
    struct fence f = {.page = (size_t)sysconf(_SC_PAGESIZE)};
    uint8_t *p = mmap(NULL, ROOM + 2 * f.page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + f.page, ROOM, PROT_READ | PROT_WRITE) != 0)
        exit(99);
    f.at = p + f.page;
    return f;
}

/* n bytes whose end is the block's end; or whose begin is its begin. */
static uint8_t *fenced(const struct fence *f, size_t n, bool high)
{
    return high ? f->at + ROOM - n : f->at;
}

static struct fence in, out, back;
static unsigned long long seed = 3;

static unsigned each_kernel(void (*test)(const struct base64_kernel *k))
{
    unsigned mask = cpu_detect(), seen = 0;
    const struct base64_kernel *last = NULL;
    for (unsigned cap = 0;; cap = cap * 2 + 1) {
        const struct base64_kernel *k = base64_kernel_for(mask & cap);
        if (k != last) {
            test(k);
            seen++;
        }
        last = k;
        if (cap >= mask)
            return seen;
    }
}

static void fill(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)check_random(&seed);
}

static void groups_are_the_same(const struct base64_kernel *k)
{
    static uint8_t want[ROOM];
    for (size_t groups = 0; groups <= 1000; groups++) {
        for (int high = 0; high < 2; high++) {
            uint8_t *a = fenced(&in, 3 * groups, high), *b = fenced(&out, 4 * groups, high);
            uint8_t *c = fenced(&back, 3 * groups, high);
            fill(a, 3 * groups);
            base64_kernel_for(0)->encode(a, groups, want);
            memset(out.at, 0x55, ROOM);
            k->encode(a, groups, b);
            CHECK(memcmp(b, want, 4 * groups) == 0);
            CHECK(high ? b == out.at || b[-1] == 0x55 : b[4 * groups] == 0x55);
            memset(back.at, 0x55, ROOM);
            CHECK_INT(k->decode(b, groups, c), groups);
            CHECK(memcmp(a, c, 3 * groups) == 0);
            CHECK(high ? c == back.at || c[-1] == 0x55 : c[3 * groups] == 0x55);
        }
    }
}

static void lines_are_the_same(const struct base64_kernel *k)
{
    static uint8_t want[ROOM];
    for (size_t lines = 0; lines <= 40; lines++) {
        for (int form = 0; form < 4; form++) {
            unsigned eol = form & 1 ? 2 : 1;
            size_t bytes = lines * BASE64_LINE_BYTES, text = lines * (BASE64_LINE + eol);
            uint8_t *a = fenced(&in, bytes, form & 2), *b = fenced(&out, text, form & 2);
            uint8_t *c = fenced(&back, bytes, form & 2);
            fill(a, bytes);
            base64_kernel_for(0)->encode_lines(a, lines, eol, want);
            memset(out.at, 0x55, ROOM);
            k->encode_lines(a, lines, eol, b);
            CHECK(memcmp(b, want, text) == 0);
            CHECK(form & 2 ? b[-1] == 0x55 : b[text] == 0x55);
            memset(back.at, 0x55, ROOM);
            CHECK_INT(k->decode_lines(b, lines, eol, c), lines);
            CHECK(memcmp(a, c, bytes) == 0);
            CHECK(form & 2 ? c[-1] == 0x55 : c[bytes] == 0x55);
        }
    }
}

static void groups_stop_at_a_foreign_byte(const struct base64_kernel *k)
{
    size_t groups = 100;
    uint8_t *text = fenced(&in, 4 * groups, true), *bytes = fenced(&out, 3 * groups, true);
    for (size_t at = 0; at < 4 * groups; at++) {
        for (int c = 0; c < 256; c++) {
            memset(text, 'A', 4 * groups);
            text[at] = (uint8_t)c;
            size_t want = base64_values[c] == 0xff ? at / 4 : groups;
            if (k->decode(text, groups, bytes) != want) {
                CHECK_INT(c, -1);
                return;
            }
        }
    }
}

static void lines_stop_at_a_foreign_byte(const struct base64_kernel *k)
{
    enum { LINES = 3 };
    for (unsigned eol = 1; eol <= 2; eol++) {
        size_t n = LINES * (BASE64_LINE + eol);
        uint8_t *text = fenced(&in, n, true);
        uint8_t *bytes = fenced(&out, LINES * BASE64_LINE_BYTES, true);
        uint8_t zeros[LINES * BASE64_LINE_BYTES] = {0};
        for (size_t at = 0; at < n; at++) {
            for (int c = 0; c < 256; c++) {
                memset(bytes, 0, sizeof zeros);
                base64_kernel_for(0)->encode_lines(zeros, LINES, eol, text);
                bool end = at % (BASE64_LINE + eol) >= BASE64_LINE;
                bool same = end ? text[at] == c : base64_values[c] != 0xff;
                text[at] = (uint8_t)c;
                size_t want = same ? LINES : at / (BASE64_LINE + eol);
                if (k->decode_lines(text, LINES, eol, bytes) != want) {
                    CHECK_INT(c, -1);
                    return;
                }
            }
        }
    }
}

/* ---- the machines over the kernels ---- */

/* Pushes text[0..n) in two pieces, each up against the fence. */
static size_t decode_split(const uint8_t *text, size_t n, size_t split, struct base64_decoder *d,
                           uint8_t *to)
{
    size_t len = 0, begin[3] = {0, split, n};
    base64_decoder_init(d, BASE64_PLAIN);
    for (int i = 0; i < 2; i++) {
        size_t piece = begin[i + 1] - begin[i];
        uint8_t *p = fenced(&in, piece, true);
        uint8_t *room = fenced(&out, base64_decode_bound(piece), true);
        memcpy(p, text + begin[i], piece);
        size_t got = base64_decode(d, span_of(p, piece), room);
        memcpy(to + len, room, got);
        len += got;
    }
    return len + base64_decode_end(d, to + len);
}

static size_t encode_split(const uint8_t *bytes, size_t n, size_t split, size_t wrap,
                           unsigned flags, uint8_t *to)
{
    struct base64_encoder e;
    size_t len = 0, begin[3] = {0, split, n};
    base64_encoder_init(&e, wrap, flags);
    for (int i = 0; i < 2; i++) {
        size_t piece = begin[i + 1] - begin[i];
        uint8_t *p = fenced(&in, piece, true);
        uint8_t *room = fenced(&out, base64_encode_bound(&e, piece), true);
        memcpy(p, bytes + begin[i], piece);
        size_t got = base64_encode(&e, span_of(p, piece), room);
        memcpy(to + len, room, got);
        len += got;
    }
    return len + base64_encode_end(&e, to + len);
}

static void encoding_is_the_same(const struct base64_kernel *k)
{
    static uint8_t bytes[1000], want[ROOM], got[ROOM];
    fill(bytes, sizeof bytes);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        size_t wrap = n % 3 ? BASE64_LINE : n % 100;
        unsigned flags = n & 1 ? BASE64_CRLF : 0;
        base64_use(0);
        size_t len = encode_split(bytes, n, 0, wrap, flags, want);
        base64_use(k->needs);
        for (size_t split = 0; split <= n; split += n > 300 ? 13 : 1)
            CHECK(encode_split(bytes, n, split, wrap, flags, got) == len &&
                  memcmp(got, want, len) == 0);
    }
    for (size_t wrap = 0; wrap <= 200; wrap++) {
        base64_use(0);
        size_t len = encode_split(bytes, 500, 0, wrap, BASE64_CRLF, want);
        base64_use(k->needs);
        CHECK(encode_split(bytes, 500, wrap, wrap, BASE64_CRLF, got) == len);
        CHECK(memcmp(got, want, len) == 0);
    }
    base64_use(0);
}

static void check_decoding(const struct base64_kernel *k, const uint8_t *text, size_t n, size_t step)
{
    static uint8_t want[ROOM], got[ROOM];
    struct base64_decoder a, b;
    base64_use(0);
    size_t len = decode_split(text, n, 0, &a, want);
    base64_use(k->needs);
    for (size_t split = 0; split <= n; split += step) {
        bool same = decode_split(text, n, split, &b, got) == len && memcmp(got, want, len) == 0 &&
                    a.defects.strays == b.defects.strays &&
                    a.defects.trailing == b.defects.trailing &&
                    a.defects.no_padding == b.defects.no_padding &&
                    a.defects.cut == b.defects.cut && a.characters == b.characters;
        CHECK(same);
        if (!same)
            return;
    }
}

static void decoding_is_the_same(const struct base64_kernel *k)
{
    static const char odd[] = "!=\n\r \t\0\x80\xff-_A";
    static uint8_t bytes[300], text[ROOM];
    fill(bytes, sizeof bytes);
    for (size_t wrap = 0; wrap <= 100; wrap++) {
        unsigned flags = wrap & 1 ? BASE64_CRLF : 0;
        check_decoding(k, text, encode_split(bytes, sizeof bytes, 0, wrap, flags, text), 1);
    }
    for (unsigned flags = 0; flags <= BASE64_CRLF; flags++) {
        size_t n = encode_split(bytes, sizeof bytes, 0, BASE64_LINE, flags, text);
        for (size_t at = 0; at < n; at++) {
            for (size_t i = 0; i < sizeof odd - 1; i++) {
                uint8_t was = text[at];
                text[at] = (uint8_t)odd[i];
                check_decoding(k, text, n, 41);
                text[at] = was;
            }
            /* The same cut there. */
            check_decoding(k, text, at, 41);
        }
    }
    base64_use(0);
}

static void names_itself(const struct base64_kernel *k)
{
    printf("# kernel: %s\n", k->name);
}

#define ON_EACH(test)                         \
    static void each_##test(void)             \
    {                                         \
        CHECK(each_kernel(test) >= 1);        \
    }

ON_EACH(groups_are_the_same)
ON_EACH(lines_are_the_same)
ON_EACH(groups_stop_at_a_foreign_byte)
ON_EACH(lines_stop_at_a_foreign_byte)
ON_EACH(encoding_is_the_same)
ON_EACH(decoding_is_the_same)

static void the_mask_caps_the_kernel(void)
{
    CHECK_STR(base64_kernel_for(0)->name, "scalar");
    CHECK_INT(base64_kernel_for(0)->needs, 0);
    CHECK_STR(base64_kernel_used()->name, "scalar");
    for (unsigned mask = 0; mask < 2 * CPU_NEON; mask++)
        CHECK((base64_kernel_for(mask)->needs & ~mask) == 0);
    /* The best that the machine has is taken, not merely the one that always works. */
    unsigned kernels = each_kernel(names_itself);
    CHECK(!(cpu_detect() & (CPU_SSSE3 | CPU_NEON)) || kernels > 1);
}

int main(void)
{
    in = fence_init();
    out = fence_init();
    back = fence_init();
    RUN(the_mask_caps_the_kernel);
    RUN(each_groups_are_the_same);
    RUN(each_lines_are_the_same);
    RUN(each_groups_stop_at_a_foreign_byte);
    RUN(each_lines_stop_at_a_foreign_byte);
    RUN(each_encoding_is_the_same);
    RUN(each_decoding_is_the_same);
    return check_done();
}
