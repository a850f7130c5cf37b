/*
 * The unit tests' few words. A test program is a list of functions; each prints one TAP line:
 *
 *     static void rejects_nul(void) { CHECK(…); CHECK_STR(got, "want"); }
 *     int main(void) { RUN(rejects_nul); return check_done(); }
 */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_number, check_failed, check_bad;

#define CHECK(condition)                                                                          \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            check_bad++;                                                                          \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);                              \
        }                                                                                         \
    } while (0)

#define CHECK_STR(got, want)                                                                      \
    do {                                                                                          \
        const char *got_ = (got), *want_ = (want);                                                \
        if (!got_ || strcmp(got_, want_) != 0) {                                                  \
            check_bad++;                                                                          \
            printf("# %s:%d: got \"%s\", want \"%s\"\n", __FILE__, __LINE__,                      \
                   got_ ? got_ : "(null)", want_);                                                \
        }                                                                                         \
    } while (0)

#define CHECK_INT(got, want)                                                                      \
    do {                                                                                          \
        long long got_ = (long long)(got), want_ = (long long)(want);                             \
        if (got_ != want_) {                                                                      \
            check_bad++;                                                                          \
            printf("# %s:%d: %s is %lld, want %lld\n", __FILE__, __LINE__, #got, got_, want_);    \
        }                                                                                         \
    } while (0)

#define RUN(function) check_run(function, #function)

static inline void check_run(void (*function)(void), const char *name)
{
    check_bad = 0;
    function();
    check_number++;
    check_failed += check_bad != 0;
    printf("%sok %d - %s\n", check_bad ? "not " : "", check_number, name);
    fflush(stdout);
}

static inline int check_done(void)
{
    printf("1..%d\n", check_number);
    return check_failed != 0;
}

/* xorshift64*: the same numbers on every machine. The state must not be 0. */
static inline unsigned long long check_random(unsigned long long *state)
{
    unsigned long long x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 2685821657736338717ULL;
}

#endif
