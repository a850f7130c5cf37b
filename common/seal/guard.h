/*
 * Private keys in memory: what OpenSSL holds of them is kept out of swap and core files, and is
 * overwritten when it goes.
 */
#ifndef SEAL_GUARD_H
#define SEAL_GUARD_H

/*
 * From now on the numbers of private keys lie in a locked arena that core files leave out, and
 * whatever OpenSSL frees is overwritten first (its decoders leave copies of keys behind). To be
 * called before anything else of OpenSSL, once; later calls do nothing. Where the system allows
 * no locked memory, or OpenSSL has allocated already, the rest of it holds.
 */
void guard_keys(void);

#endif
