#include "tool/status.h"

#include <stddef.h>

static const struct {
    int status;
    const char *words;
} table[ERR_COUNT] = {
    [ERR_NONE] = {0, "done"},
    [ERR_NO] = {1, "nothing"},
    [ERR_USAGE] = {64, "wrong option or operand"},
    [ERR_DATA] = {65, "bad data"},
    [ERR_NO_INPUT] = {66, "cannot read input"},
    [ERR_NO_USER] = {67, "no such user"},
    [ERR_NO_HOST] = {68, "host not found"},
    [ERR_UNAVAILABLE] = {69, "not available"},
    [ERR_BUG] = {70, "internal error"},
    [ERR_OS] = {71, "out of memory or processes"},
    [ERR_CREATE] = {73, "cannot make output file"},
    [ERR_IO] = {74, "read or write error"},
    [ERR_AGAIN] = {75, "try again later"},
    [ERR_PROTOCOL] = {76, "the peer broke the protocol"},
    [ERR_AUTH] = {77, "permission denied"},
    [ERR_CONFIG] = {78, "bad configuration"},
    [ERR_PIPE] = {141, "closed pipe"},
};

int status_of(enum err e)
{
    return e < ERR_COUNT ? table[e].status : table[ERR_BUG].status;
}

enum err status_to_err(int status)
{
    for (size_t e = 0; e < ERR_COUNT; e++)
        if (table[e].status == status)
            return (enum err)e;
    return status > 128 ? ERR_OS : ERR_BUG;
}

const char *status_words(enum err e)
{
    return e < ERR_COUNT ? table[e].words : table[ERR_BUG].words;
}
