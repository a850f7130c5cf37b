/*
 * A SANE device's options, by name, whatever their type, unit and constraint.
 *
 * "ERR_NO: the device has no such choice" everywhere, which the caller may take for an answer.
 */
#ifndef SCAN_DEVICE_OPTION_H
#define SCAN_DEVICE_OPTION_H

#include "bytes/err.h"

#include <sane/sane.h>
#include <stdbool.h>
#include <stddef.h>

/* The class and words of a status that is not good. */
enum err device_why(SANE_Status status, struct why *why);

/* One of the "name=value" settings is for the option called name. settings may be NULL. */
bool device_setting_given(const char *const *settings, const char *name);

/* Sets what "name=value" says (yes and no for switches). ERR_USAGE: not of that form, no such
 * option, not a value it takes. */
enum err device_set(SANE_Handle handle, const char *setting, struct why *why);

/* Sets a string option to its first value that contains one of words, whatever its case. ERR_NO. */
enum err device_choose(SANE_Handle handle, const char *name, const char *const *words,
                       struct why *why);

/*
 * Sets a numeric option to value, or to what its constraint has nearest above it (below, where
 * nothing is above); *now (may be NULL) is what it then is. ERR_NO.
 */
enum err device_number(SANE_Handle handle, const char *name, double value, double *now,
                       struct why *why);

/* Sets a length in the option's own unit; dpi is for those in pels. ERR_NO. */
enum err device_length(SANE_Handle handle, const char *name, double mm, double dpi,
                       struct why *why);

/* What an option is. ERR_NO, or false. */
enum err device_get_number(SANE_Handle handle, const char *name, double *now);
bool device_get_string(SANE_Handle handle, const char *name, char *out, size_t size);

#endif
