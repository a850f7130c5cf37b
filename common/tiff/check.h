/*
 * Does a TIFF keep to a profile of TIFF-F (RFC 3949: S 3.2 to 3.4, F 4.2 to 4.4)?
 */
#ifndef TIFF_CHECK_H
#define TIFF_CHECK_H

#include "bytes/buf.h"

enum tiff_profile { TIFF_PROFILE_S, TIFF_PROFILE_F };

/*
 * Checks the tags of every page of the TIFF at path (NULL, "-": stdin) and goes through its data.
 * Every reason against it is added to reasons as "page N: …\n". ERR_NO: there are some. ERR_DATA:
 * not to be read as a TIFF at all. ERR_NO_INPUT, ERR_IO.
 */
enum err tiff_check(const char *path, enum tiff_profile profile, struct buf *reasons,
                    struct why *why);

#endif
