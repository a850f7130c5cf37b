#include "bytes/err.h"

#include <stdarg.h>
#include <stdio.h>

enum err why_set(struct why *why, enum err e, const char *format, ...)
{
    if (!why)
        return e;
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    /* Reasons quote what strangers sent: nothing of it may reach a terminal as a command. */
    for (char *c = why->text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return e;
}
