/*
 * The keeper of TLS keys: a process that reads the certificates and keys, gives the certificates
 * away and keeps the keys. Those who speak TLS ask it over a socket pair to sign what a handshake
 * needs signed; in OpenSSL it looks to them like a key as any other (an OSSL_PROVIDER of ours).
 *
 * Whoever takes a worker over can have handshakes signed as long as he holds it, and pose as this
 * server meanwhile; he does not learn the key, and nothing is signed that is not, byte by byte, of
 * the form of a handshake: not a certificate, not a mail.
 */
#ifndef NET_KEEPER_H
#define NET_KEEPER_H

#include "net/crew.h"
#include "net/tls.h"

struct keeper {
    int fds[CREW_WORKERS_MAX]; /* a worker's way to it */
    unsigned count;
};

/*
 * Starts the keeper, who becomes account once it has read the pairs, and makes the server that
 * asks it. From here on no key has been in the memory of this process. workers is the number of
 * processes that will ask. It ends when nobody has one of fds open any more. ERR_CONFIG as
 * tls_server_open; ERR_OS.
 */
enum err keeper_start(const struct tls_pair pairs[], unsigned count, unsigned workers,
                      const struct crew_account *account, struct keeper *keeper,
                      struct tls_server **server, struct why *why);

/* In worker number (from 1): it asks by its own descriptor, which this returns, and by no other. */
int keeper_use(struct keeper *keeper, unsigned number);

/* In a process that asks nothing. */
void keeper_leave(struct keeper *keeper);

#endif
