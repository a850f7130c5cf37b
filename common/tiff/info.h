/*
 * What a page of a fax document is, for people and programs.
 */
#ifndef TIFF_INFO_H
#define TIFF_INFO_H

#include "bytes/json.h"
#include "tiff/fax.h"

/* The profile of TIFF-F that the page's bits fit as they are: "s", "f", or NULL. */
const char *fax_profile(const struct fax_page *p);

/* Adds a line: number, width and rows, resolution, coding, profile, warnings. ERR_OS, ERR_DATA:
 * text's cap. */
enum err fax_info_line(struct buf *text, const struct fax_page *p);

/* Adds an object with the members that man g3tiff(1) names. */
void fax_info_json(struct json *out, const struct fax_page *p);

#endif
