/*
 * A channel after TURN or ATRN: we are the receiver now, another process of ours speaks as that at
 * the other end of a socket, and here bytes are moved between the two.
 */
#ifndef NET_CHANNEL_TURNED_H
#define NET_CHANNEL_TURNED_H

#include "net/channel.h"

/*
 * Moves bytes until the receiver beyond fd, a socket, has ended and all he said has gone; the
 * peer's end is passed on. ERR_AGAIN: it was not QUIT that ended it (the receiver's last reply is
 * not 221), the peer does not read, or nothing moved for the channel's time-out and a minute (the
 * receiver has the same time-out, and is to be the first to say so). ERR_PROTOCOL: as
 * channel_write. ERR_OS.
 */
enum err channel_turned(struct channel *c, int fd, struct why *why);

#endif
