#include "check.h"
#include "tool/spill.h"

/* Reads all back in pieces and compares with the pattern byte(i) = i * 31 >> 3. */
static bool same(const struct spill *s)
{
    uint8_t scratch[777];
    struct span bytes;
    uint64_t at = 0;
    while (!spill_read(s, at, scratch, sizeof scratch, &bytes, NULL) && bytes.n)
        for (size_t i = 0; i < bytes.n; i++, at++)
            if (bytes.p[i] != (uint8_t)(at * 31 >> 3))
                return false;
    return at == s->size;
}

static void fill(struct spill *s, size_t size, size_t step)
{
    static uint8_t piece[100000];
    for (size_t at = 0; at < size;) {
        size_t n = size - at < step ? size - at : step;
        for (size_t i = 0; i < n; i++)
            piece[i] = (uint8_t)((at + i) * 31 >> 3);
        CHECK(spill_add(s, piece, n, NULL) == ERR_NONE);
        at += n;
    }
}

static void keeps_what_fits_in_memory(void)
{
    struct spill s;
    spill_init(&s);
    CHECK(same(&s));
    fill(&s, 100000, 999);
    CHECK(s.fd < 0 && same(&s));
    CHECK_INT(s.size, 100000);
    spill_release(&s);
}

static void puts_the_rest_into_a_file(void)
{
    struct spill s;
    spill_init(&s);
    fill(&s, SPILL_MEMORY + 300000, 99991);
    CHECK(s.fd >= 0 && same(&s));
    CHECK_INT(s.memory.len, SPILL_MEMORY);
    CHECK(spill_clear(&s, NULL) == ERR_NONE);
    CHECK_INT(s.size, 0);
    fill(&s, SPILL_MEMORY + 5, 100000);
    CHECK(same(&s));
    spill_release(&s);
    CHECK(s.fd < 0);
}

static void writes_all_of_it(void)
{
    struct spill s;
    char path[] = "/tmp/faxpipe-spill-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w+b");
    spill_init(&s);
    fill(&s, SPILL_MEMORY + 70000, 65536);
    CHECK(spill_write(&s, fd, NULL) == ERR_NONE);
    rewind(f);
    uint64_t at = 0;
    for (int c; (c = getc(f)) != EOF; at++)
        if (c != (uint8_t)(at * 31 >> 3))
            break;
    CHECK_INT(at, SPILL_MEMORY + 70000);
    fclose(f);
    remove(path);
    CHECK_INT(spill_write(&s, 999, NULL), ERR_IO);
    spill_release(&s);
}

int main(void)
{
    RUN(keeps_what_fits_in_memory);
    RUN(puts_the_rest_into_a_file);
    RUN(writes_all_of_it);
    return check_done();
}
