/*
 * A client that loads an SMTP server on 127.0.0.1, for what smtp-source does not tell.
 *
 *     smtp-load PORT SESSIONS MAILS OCTETS [RECIPIENT]
 *         sends MAILS over each of SESSIONS connections at once; prints mails a second, and of the
 *         time from MAIL to the 250 behind the data the median and the 99th percentile in µs
 *     smtp-load --idle PORT COUNT
 *         holds COUNT connections that were greeted; prints COUNT; goes when stdin ends
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SESSIONS_MAX = 1000 };

static int port, mails;
static size_t octets;
static const char *recipient = "alice@fax.example";
static char *text; /* the mail with its last dot */
static double *taken;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((unsigned short)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        err(1, "port %d", port);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* Reads a whole reply, of one line or more; it must begin with the digit. */
static void reply(int fd, char digit)
{
    char line[4096];
    size_t n = 0;
    for (;;) {
        ssize_t got = n < sizeof line - 1 ? read(fd, line + n, sizeof line - 1 - n) : -1;
        if (got <= 0)
            errx(1, "the server has gone");
        n += (size_t)got;
        line[n] = '\0';
        char *last = line;
        for (char *end = line; (end = strchr(end, '\n')) && end[1]; end++)
            last = end + 1;
        if (line[n - 1] == '\n' && strlen(last) > 3 && last[3] == ' ')
            break;
    }
    if (line[0] != digit)
        errx(1, "%s", line);
}

static void say(int fd, const char *words, size_t n, char digit)
{
    while (n) {
        ssize_t put = write(fd, words, n);
        if (put <= 0)
            err(1, "write");
        words += put;
        n -= (size_t)put;
    }
    reply(fd, digit);
}

static void command(int fd, const char *line, char digit)
{
    say(fd, line, strlen(line), digit);
}

static void *session(void *arg)
{
    double *mine = arg;
    char to[512];
    int fd = dial();
    snprintf(to, sizeof to, "RCPT TO:<%s>\r\n", recipient);
    reply(fd, '2');
    command(fd, "HELO client.example\r\n", '2');
    for (int i = 0; i < mails; i++) {
        double begin = now();
        command(fd, "MAIL FROM:<a@b.example>\r\n", '2');
        command(fd, to, '2');
        command(fd, "DATA\r\n", '3');
        say(fd, text, octets, '2');
        mine[i] = now() - begin;
    }
    command(fd, "QUIT\r\n", '2');
    close(fd);
    return NULL;
}

static void make_text(void)
{
    text = malloc(octets + 80);
    if (!text)
        err(1, "memory");
    size_t n = 0;
    while (n < octets)
        n += (size_t)sprintf(text + n, "%s\r\n", n ? "a line of a mail that says little" : "Subject: load\r\n");
    octets = n + (size_t)sprintf(text + n, ".\r\n");
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int load(int sessions)
{
    static pthread_t threads[SESSIONS_MAX];
    size_t all = (size_t)sessions * (size_t)mails;
    taken = calloc(all, sizeof *taken);
    if (!taken)
        err(1, "memory");
    make_text();
    double begin = now();
    for (int i = 0; i < sessions; i++)
        if (pthread_create(&threads[i], NULL, session, taken + (size_t)i * (size_t)mails) != 0)
            errx(1, "no thread");
    for (int i = 0; i < sessions; i++)
        pthread_join(threads[i], NULL);
    double end = now();
    qsort(taken, all, sizeof *taken, compare);
    printf("%.0f %.0f %.0f\n", (double)all / (end - begin), taken[all / 2] * 1e6,
           taken[all * 99 / 100] * 1e6);
    free(taken);
    free(text);
    return 0;
}

static int idle(int count)
{
    struct rlimit files = {(rlim_t)count + 64, (rlim_t)count + 64};
    char byte;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        err(1, "%d descriptors", count);
    for (int i = 0; i < count; i++)
        reply(dial(), '2');
    printf("%d\n", count);
    fflush(stdout);
    while (read(0, &byte, 1) > 0)
        continue;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--idle") == 0) {
        port = atoi(argv[2]);
        return idle(atoi(argv[3]));
    }
    int sessions = argc > 4 ? atoi(argv[2]) : 0;
    if (sessions < 1 || sessions > SESSIONS_MAX || atoi(argv[3]) < 1)
        errx(64, "usage: smtp-load PORT SESSIONS MAILS OCTETS [RECIPIENT] | --idle PORT COUNT");
    port = atoi(argv[1]);
    mails = atoi(argv[3]);
    octets = (size_t)atol(argv[4]);
    if (argc > 5)
        recipient = argv[5];
    return load(sessions);
}
