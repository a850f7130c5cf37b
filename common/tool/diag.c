#include "tool/diag.h"

#include "tool/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct {
    const char *name;
    bool quiet, verbose;
} self = {.name = "faxpipe"};

void diag_init(const char *name, bool quiet, bool verbose)
{
    self.name = name;
    self.quiet = quiet;
    self.verbose = verbose;
}

bool diag_verbose(void)
{
    return self.verbose;
}

const char *diag_program(void)
{
    return self.name;
}

/* One write for the whole line, so that lines of concurrent programs do not mix. */
static void line(const char *kind, const char *format, va_list args, const char *reason)
{
    char text[1400], message[1024];
    vsnprintf(message, sizeof message, format, args);
    snprintf(text, sizeof text, "%s: %s%s%s%s", self.name, kind, message,
             reason && *message ? ": " : "", reason ? reason : "");
    err_disarm(text);
    fprintf(stderr, "%s\n", text);
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
