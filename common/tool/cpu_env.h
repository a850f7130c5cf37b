/*
 * FAXPIPE_CPU, the cap on the kernels, read once at start.
 */
#ifndef TOOL_CPU_ENV_H
#define TOOL_CPU_ENV_H

#include "bytes/err.h"

/* Reads FAXPIPE_CPU and finds the machine's features. ERR_USAGE: it names no level. */
enum err cpu_env_apply(struct why *why);

/* The mask of cpu/cpu.h that kernels may use: what the machine has, capped. */
unsigned cpu_env_mask(void);

#endif
