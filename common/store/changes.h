/*
 * Whether the users' tables have changed, for a process that may not read them: it has the first
 * page of their file mapped, where SQLite counts its transactions (its file format, 1.3.7) and
 * where, but for that header, only the tables' names and columns stand. Looking costs no call.
 */
#ifndef STORE_CHANGES_H
#define STORE_CHANGES_H

#include "tool/home.h"

#include <stdint.h>

struct store_changes;

/*
 * Maps the page; it stays so in children and after a change of uid or root. To be called before
 * this process opens a store: closing the file here would end the locks of that one. SIGBUS is
 * handled from here on, for a file that is cut off under the map. NULL: there are no tables, or
 * not as we make them.
 */
struct store_changes *store_changes_open(const struct home *h);

/*
 * Another number after every change that has been committed, perhaps shortly before it is. 0: it
 * cannot be said. Callable by several threads; arg is the struct store_changes.
 */
uint64_t store_changes_count(void *arg);

#endif
