/*
 * Points of time on command lines and in listings; and a clock that nobody sets.
 */
#ifndef TOOL_WHEN_H
#define TOOL_WHEN_H

#include "bytes/err.h"

#include <stdint.h>

/* YYYY-MM-DD, YYYY-MM-DDTHH:MM[:SS] (or a blank for T) in local time, or @SECONDS since 1970.
 * ERR_USAGE: none of them. */
enum err when_parse(const char *text, int64_t *when, struct why *why);

/* "2026-11-21 22:53:55" in local time. */
void when_text(int64_t when, char out[32]);

/* Milliseconds since some moment, for deadlines: never set back or forward. */
int64_t when_steady_ms(void);

#endif
