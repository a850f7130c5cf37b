#include "check.h"
#include "net/seats.h"

#include <sys/wait.h>
#include <unistd.h>

static struct seats *made(unsigned max, unsigned max_per_client, int *fd)
{
    struct why why = {""};
    struct seats *s;
    CHECK_INT(seats_make(max, max_per_client, fd, &why), ERR_NONE);
    CHECK_INT(seats_map(*fd, &s, &why), ERR_NONE);
    return s;
}

static void caps(void)
{
    int fd;
    unsigned seat[8], none;
    uint32_t me = seats_owner(1, 1);
    struct seats *s = made(4, 2, &fd);
    CHECK(seats_take(s, me, "[10.0.0.1]", &seat[0]));
    CHECK(seats_take(s, me, "[10.0.0.1]", &seat[1]));
    CHECK(!seats_take(s, me, "[10.0.0.1]", &none));
    CHECK_INT(seats_taken(s), 2);
    CHECK(seats_take(s, me, "[10.0.0.2]", &seat[2]));
    /* Those without an address are under the cap of all, and of no client. */
    CHECK(seats_take(s, me, "", &seat[3]));
    CHECK(!seats_take(s, me, "", &none));
    CHECK(!seats_take(s, me, "[10.0.0.3]", &none));
    seats_leave(s, me, seat[1]);
    CHECK(seats_take(s, me, "[10.0.0.1]", &seat[1]));
    CHECK_INT(seats_taken(s), 4);
    seats_unmap(s);
    close(fd);
}

static void without_caps(void)
{
    int fd;
    unsigned seat = 0;
    struct seats *s = made(0, 0, &fd);
    for (unsigned i = 0; i < 10000; i++)
        CHECK(seats_take(s, seats_owner(1, 1), "[10.0.0.1]", &seat));
    CHECK_INT(seats_taken(s), 10000);
    seats_unmap(s);
    close(fd);
}

static void sweeping(void)
{
    int fd;
    unsigned seat;
    struct seats *s = made(100, 0, &fd);
    for (unsigned generation = 1; generation <= 2; generation++)
        for (unsigned worker = 1; worker <= 3; worker++)
            for (unsigned i = 0; i < 5; i++)
                CHECK(seats_take(s, seats_owner(generation, worker), "[10.0.0.1]", &seat));
    CHECK_INT(seats_taken(s), 30);
    seats_sweep(fd, 1, 2);
    CHECK_INT(seats_taken(s), 25);
    seats_sweep(fd, 1, 0);
    CHECK_INT(seats_taken(s), 15);
    /* Whoever has been swept gives up what is no longer his, to nobody's harm. */
    CHECK(seats_take(s, seats_owner(2, 1), "[10.0.0.2]", &seat));
    seats_leave(s, seats_owner(1, 1), seat);
    CHECK_INT(seats_taken(s), 16);
    seats_unmap(s);
    close(fd);
}

/* Who is nobody's worker has his seat until he has died, and is swept only then. */
static void alone(void)
{
    int fd, ends[2];
    unsigned seat;
    char byte;
    struct seats *s = made(2, 0, &fd);
    CHECK_INT(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) != 0);
    }
    CHECK(seats_take(s, seats_owner(1, 1), "[10.0.0.1]", &seat));
    seats_pass(s, seats_owner(2, 1), seat, seats_owner_alone(pid)); /* not his to give */
    seats_sweep(fd, 2, 1);
    CHECK_INT(seats_taken(s), 1);
    seats_pass(s, seats_owner(1, 1), seat, seats_owner_alone(pid));
    seats_leave(s, seats_owner(1, 1), seat);
    seats_sweep(fd, 1, 0);
    CHECK_INT(seats_taken(s), 1);
    close(ends[1]);
    waitpid(pid, NULL, 0);
    seats_sweep(fd, 7, 7);
    CHECK_INT(seats_taken(s), 0);
    seats_unmap(s);
    close(fd);
}

/* Several processes at once: never more than the caps, and nothing left in the end. */
static void at_once(void)
{
    enum { PROCESSES = 4, ROUNDS = 20000, MAX = 3 };
    int fd;
    struct seats *s = made(MAX, 0, &fd);
    fflush(NULL);
    for (unsigned p = 1; p <= PROCESSES; p++) {
        if (fork() != 0)
            continue;
        bool over = false;
        for (unsigned i = 0; i < ROUNDS; i++) {
            unsigned seat;
            if (!seats_take(s, seats_owner(1, p), "[10.0.0.1]", &seat))
                continue;
            /* Those who are about to be refused sit for a moment. */
            over = over || seats_taken(s) > MAX + PROCESSES - 1;
            seats_leave(s, seats_owner(1, p), seat);
        }
        _exit(over);
    }
    for (unsigned p = 0; p < PROCESSES; p++) {
        int status;
        wait(&status);
        CHECK_INT(status, 0);
    }
    CHECK_INT(seats_taken(s), 0);
    seats_unmap(s);
    close(fd);
}

static void no_table(void)
{
    struct why why = {""};
    struct seats *s;
    int ends[2];
    CHECK_INT(pipe(ends), 0);
    CHECK_INT(seats_map(ends[0], &s, &why), ERR_OS);
    CHECK_INT(seats_map(-1, &s, &why), ERR_OS);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    RUN(caps);
    RUN(without_caps);
    RUN(sweeping);
    RUN(alone);
    RUN(at_once);
    RUN(no_table);
    return check_done();
}
