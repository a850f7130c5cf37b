#include "tool/io.h"

#include "check.h"
#include "tool/cleanup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64] = "/tmp/faxpipe-io-XXXXXX";

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

static void get(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, size - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
}

static void a_copy_is_bounded(void)
{
    struct why why = {""};
    uint64_t n = 0;
    put("from", "12345678");
    int from = open("from", O_RDONLY), to = open("to", O_WRONLY | O_CREAT, 0600);
    CHECK(io_copy_most(from, to, 8, &n, &why) == ERR_NONE);
    CHECK_INT(n, 8);
    CHECK(lseek(from, 0, SEEK_SET) == 0);
    CHECK(io_copy_most(from, to, 7, &n, &why) == ERR_DATA);
    CHECK(strstr(why.text, "larger than") != NULL);
    close(from);
    close(to);
    unlink("from");
    unlink("to");
}

static void an_aborted_file_leaves_what_was_there(void)
{
    struct outfile f;
    struct why why = {""};
    char text[16];
    put("out", "old");
    CHECK(outfile_open(&f, "out", &why) == ERR_NONE);
    CHECK(io_write(f.fd, "new", 3, &why) == ERR_NONE);
    get("out", text, sizeof text);
    CHECK_STR(text, "old");
    outfile_abort(&f);
    get("out", text, sizeof text);
    CHECK_STR(text, "old");
    CHECK(access(f.temp, F_OK) != 0);
}

static void a_committed_file_is_whole_and_obeys_umask(void)
{
    struct outfile f;
    struct why why = {""};
    char text[16];
    struct stat st;
    umask(027);
    CHECK(outfile_open(&f, "out", &why) == ERR_NONE);
    CHECK(io_write(f.fd, "new", 3, &why) == ERR_NONE);
    CHECK(outfile_commit(&f, &why) == ERR_NONE);
    umask(022);
    get("out", text, sizeof text);
    CHECK_STR(text, "new");
    CHECK(stat("out", &st) == 0);
    CHECK_INT(st.st_mode & 0777, 0640);
}

static void says_what_cannot_be_made_or_read(void)
{
    struct outfile f;
    struct why why = {""};
    int fd;
    CHECK(outfile_open(&f, "missing/out", &why) == ERR_CREATE);
    CHECK_STR(why.text, "No such file or directory");
    CHECK(io_open("missing", &fd, &why) == ERR_NO_INPUT);
    CHECK(io_open(".", &fd, &why) == ERR_NO_INPUT);
    CHECK(io_open("-", &fd, &why) == ERR_NONE && fd == 0);
}

static void tells_a_full_device_and_a_closed_pipe_apart(void)
{
    struct why why = {""};
    int ends[2], full = open("/dev/full", O_WRONLY);
    CHECK(io_write(full, "x", 1, &why) == ERR_IO);
    close(full);
    CHECK(pipe(ends) == 0);
    close(ends[0]);
    CHECK(io_write(ends[1], "x", 1, &why) == ERR_PIPE);
    close(ends[1]);
}

static void reads_up_to_the_cap_and_no_further(void)
{
    struct buf b;
    struct why why = {""};
    put("in", "12345");
    buf_init(&b, 5);
    CHECK(io_read_file("in", &b, &why) == ERR_NONE);
    CHECK_INT(b.len, 5);
    buf_release(&b);
    buf_init(&b, 4);
    CHECK(io_read_file("in", &b, &why) == ERR_DATA);
    CHECK_STR(why.text, "larger than 4 bytes");
    buf_release(&b);
}

static void a_writer_remembers_its_first_failure(void)
{
    static struct writer w;
    struct why why = {""};
    int full = open("/dev/full", O_WRONLY);
    writer_init(&w, full);
    for (int i = 0; i < 3 * 65536; i++)
        writer_add(&w, "x", 1);
    CHECK(writer_flush(&w, &why) == ERR_IO);
    CHECK(strstr(why.text, "No space left") != NULL);
    close(full);
}

static void a_writer_keeps_order_across_its_buffer(void)
{
    static struct writer w;
    static uint8_t big[100000], back[200001];
    struct why why = {""};
    memset(big, 'b', sizeof big);
    int fd = -1;
    CHECK(io_temp(&fd, &why) == ERR_NONE);
    writer_init(&w, fd);
    writer_add(&w, "a", 1);
    writer_add(&w, big, sizeof big);
    writer_add(&w, "c", 1);
    CHECK(writer_flush(&w, &why) == ERR_NONE);
    lseek(fd, 0, SEEK_SET);
    CHECK_INT(read(fd, back, sizeof back), sizeof big + 2);
    CHECK(back[0] == 'a' && back[1] == 'b' && back[sizeof big] == 'b' && back[sizeof big + 1] == 'c');
    close(fd);
}

int main(void)
{
    if (!mkdtemp(dir) || chdir(dir) != 0)
        return 1;
    cleanup_install();
    RUN(a_copy_is_bounded);
    RUN(an_aborted_file_leaves_what_was_there);
    RUN(a_committed_file_is_whole_and_obeys_umask);
    RUN(says_what_cannot_be_made_or_read);
    RUN(tells_a_full_device_and_a_closed_pipe_apart);
    RUN(reads_up_to_the_cap_and_no_further);
    RUN(a_writer_remembers_its_first_failure);
    RUN(a_writer_keeps_order_across_its_buffer);
    unlink("out");
    unlink("in");
    return chdir("/") != 0 || rmdir(dir) != 0 || check_done();
}
