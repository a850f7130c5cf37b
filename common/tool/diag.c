#include "tool/diag.h"

#include "tool/status.h"
#include "tool/when.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *name;
    bool quiet, verbose;
    int64_t began, told; /* when_steady_ms() of the start and of the last progress */
    bool progress_stands;
} self = {.name = "faxpipe"};

void diag_init(const char *name, bool quiet, bool verbose)
{
    self.name = name;
    self.quiet = quiet;
    self.verbose = verbose;
    self.began = self.told = when_steady_ms();
}

bool diag_verbose(void)
{
    return self.verbose;
}

/* One write for the whole line, so that lines of concurrent programs do not mix. */
static void line(const char *kind, const char *format, va_list args, const char *reason)
{
    char text[1400], message[1024];
    vsnprintf(message, sizeof message, format, args);
    snprintf(text, sizeof text, "%s: %s%s%s%s", self.name, kind, message,
             reason && *message ? ": " : "", reason ? reason : "");
    err_disarm(text);
    diag_progress_end();
    fprintf(stderr, "%s\n", text);
}

void diag_progress(const char *format, ...)
{
    enum { PATIENCE_MS = 1000, INTERVAL_MS = 200, WIDTH = 70 };
    int64_t now = when_steady_ms();
    if (now - self.began < PATIENCE_MS || now - self.told < INTERVAL_MS || !isatty(2))
        return;
    char text[WIDTH];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err_disarm(text);
    /* The cursor goes back to the line's start, for whoever else writes there. */
    fprintf(stderr, "%s: %s\033[K\r", self.name, text);
    self.told = now;
    self.progress_stands = true;
}

void diag_progress_end(void)
{
    if (self.progress_stands)
        fputs("\033[K", stderr);
    self.progress_stands = false;
}

void diag_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    line("", format, args, NULL);
    va_end(args);
}

void diag_warn(const char *format, ...)
{
    if (self.quiet)
        return;
    va_list args;
    va_start(args, format);
    line("warning: ", format, args, NULL);
    va_end(args);
}

void diag_trace(const char *format, ...)
{
    if (!self.verbose)
        return;
    va_list args;
    va_start(args, format);
    line("", format, args, NULL);
    va_end(args);
}

enum err diag_fail(enum err e, const struct why *why, const char *format, ...)
{
    if (e == ERR_NONE || e == ERR_PIPE)
        return e;
    const char *reason = why && why->text[0] ? why->text : status_words(e);
    va_list args;
    va_start(args, format);
    line("", format, args, reason);
    va_end(args);
    return e;
}

enum err why_errno(struct why *why, enum err e, const char *format, ...)
{
    int saved = errno;
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return why_set(why, e, "%s: %s", text, strerror(saved));
}
