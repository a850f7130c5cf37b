/*
 * A word to the service manager that started us (sd_notify(3)), without its library.
 */
#ifndef NET_NOTIFY_H
#define NET_NOTIFY_H

/* Sends state ("READY=1") to NOTIFY_SOCKET; without one, or in vain, nothing happens. */
void notify_manager(const char *state);

/* RELOADING=1, with the time it wants. */
void notify_reloading(void);

#endif
