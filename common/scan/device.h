/*
 * Scanners, through SANE.
 */
#ifndef SCAN_DEVICE_H
#define SCAN_DEVICE_H

#include "scan/paper.h"
#include "scan/source.h"

struct scan_device_options {
    const char *name;            /* NULL: SANE_DEFAULT_DEVICE, else the first there is */
    const char *const *settings; /* "name=value", NULL-ended, or NULL; they beat our own */
    const char *source;          /* NULL (as the device has it), "flatbed" or "adf" */
    unsigned pages;              /* 0: all of a feeder, one of a flatbed */
    bool gray;                   /* shades are wanted, else black and white where it can */
    struct scan_resolution resolution;
    unsigned paper;              /* an enum page_paper, or SCAN_PAPER_AUTO: all it has */
};

/*
 * Opens and sets up a device; its pages are the images of source. ERR_UNAVAILABLE: no such
 * device, or it cannot do what was asked; ERR_USAGE: no such setting or value; ERR_AGAIN: busy,
 * jammed, cover open; ERR_NO_INPUT: no document in the feeder; ERR_AUTH: no permission; ERR_IO,
 * ERR_OS. The same may come while it scans. One device at a time in a process.
 */
enum err scan_device_open(struct scan_source *source, const struct scan_device_options *options,
                          struct why *why);

/* Calls each for every device there is. ERR_NO: none; else as scan_device_open. */
enum err scan_device_list(void (*each)(void *context, const char *name, const char *vendor,
                                       const char *model, const char *type),
                          void *context, struct why *why);

#endif
