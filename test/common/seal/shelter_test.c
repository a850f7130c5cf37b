#include "check.h"
#include "seal/shelter.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

/* The bytes of the only unlinked file that this process has open, in out; its mode. */
static size_t look_at_file(char *out, size_t size, mode_t *mode)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *d;
    size_t n = 0;
    while (dir && (d = readdir(dir))) {
        struct stat st;
        int fd = atoi(d->d_name);
        if (fd > 2 && fd != dirfd(dir) && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0) {
            ssize_t got = pread(fd, out, size, 0);
            n = got > 0 ? (size_t)got : 0;
            *mode = st.st_mode & 07777;
        }
    }
    if (dir)
        closedir(dir);
    return n;
}

static void gives_back_what_it_got_as_often_as_asked(void)
{
    enum { SIZE = 300001 };
    static unsigned char data[SIZE], back[SIZE];
    unsigned long long state = 7;
    struct shelter *s;
    for (int i = 0; i < SIZE; i++)
        data[i] = (unsigned char)check_random(&state);
    CHECK_INT(shelter_open(&s, NULL), ERR_NONE);
    for (size_t at = 0, k = 1; at < SIZE; at += k, k = k * 3 % 50021 + 1) {
        k = k < SIZE - at ? k : SIZE - at;
        CHECK_INT(shelter_write(s, data + at, k, NULL), ERR_NONE);
    }
    for (int pass = 0; pass < 3; pass++) {
        size_t at = 0, got = 1;
        memset(back, 0, SIZE);
        CHECK_INT(shelter_rewind(s, NULL), ERR_NONE);
        while (got) {
            CHECK_INT(shelter_read(s, back + at, SIZE - at < 777 ? SIZE - at : 777, &got, NULL), ERR_NONE);
            at += got;
            if (pass == 1 && at > 5000)
                break; /* left in the midst */
        }
        CHECK(pass == 1 || (at == SIZE && memcmp(data, back, SIZE) == 0));
    }
    shelter_close(s);
}

static void nothing_of_it_is_readable_on_the_disk(void)
{
    static char text[100000], file[200000];
    struct shelter *s;
    mode_t mode = 0;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "held for Bob\n"[i % 13];
    CHECK_INT(shelter_open(&s, NULL), ERR_NONE);
    CHECK_INT(shelter_write(s, text, sizeof text, NULL), ERR_NONE);
    CHECK_INT(shelter_rewind(s, NULL), ERR_NONE);
    size_t n = look_at_file(file, sizeof file, &mode);
    CHECK_INT(n, sizeof text);
    CHECK_INT(mode, 0600);
    CHECK(memmem(file, n, "Bob", 3) == NULL || memmem(file, n, "held for", 8) == NULL);
    shelter_close(s);
    CHECK_INT(look_at_file(file, sizeof file, &mode), 0);
}

static void an_empty_one_is_empty(void)
{
    struct shelter *s;
    char c;
    size_t got = 1;
    CHECK_INT(shelter_open(&s, NULL), ERR_NONE);
    CHECK_INT(shelter_rewind(s, NULL), ERR_NONE);
    CHECK_INT(shelter_read(s, &c, 1, &got, NULL), ERR_NONE);
    CHECK_INT(got, 0);
    shelter_close(s);
    shelter_close(NULL);
}

int main(void)
{
    RUN(gives_back_what_it_got_as_often_as_asked);
    RUN(nothing_of_it_is_readable_on_the_disk);
    RUN(an_empty_one_is_empty);
    return check_done();
}
