/*
 * Where a mail goes on to that is not for us (RFC 821 3.6).
 */
#ifndef SMTP_ROUTE_H
#define SMTP_ROUTE_H

#include "smtp/path.h"

/* What leads the line of route_onward: the path as it came; or what is left of a source route
 * that named us first, so that the reverse-path is to grow by us. */
enum { ROUTE_DIRECT = '>', ROUTE_SOURCE = '@' };

/* domain is one of ours (ended by NULL). */
bool route_is_ours(const char *const *ours, struct span domain);

/*
 * Appends the line for a path whose domain is not ours: ROUTE_DIRECT or ROUTE_SOURCE, then the
 * path without brackets and without those first hosts of its source route that are ours: they
 * have been reached. A local part that names another host by itself (u%other@x) is not resolved.
 * Errors as buf_add.
 */
enum err route_onward(const struct path *path, const char *const *ours, struct buf *line);

/* domain is one of list, names with blanks or commas between; whatever the case. */
bool route_list_has(const char *list, struct span domain);

#endif
