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
    err_disarm(why->text);
    return e;
}

void err_disarm(char *text)
{
    int more = 0; /* continuation bytes that belong to the character begun last */
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        int continues = (*c & 0xc0) == 0x80;
        if (*c < 0x20 || *c == 0x7f || (continues && !more) ||
            (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)) {
            *c = '?';
            more = 0;
        } else if (continues) {
            more--;
        } else {
            more = *c >= 0xf0 ? 3 : *c >= 0xe0 ? 2 : *c >= 0xc0 ? 1 : 0;
        }
    }
}
