#include "store/changes.h"

#include "store/db.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    PAGE_SIZE_AT = 16,
    WRITE_VERSION_AT = 18,
    READ_VERSION_AT = 19,
    CHANGES_AT = 24,
};

struct store_changes {
    const volatile uint8_t *page;
};

static struct store_changes changes;

/* The file has been cut off: from now on the page is all zero, which says nothing. */
static void on_bus_error(int signal_number, siginfo_t *info, void *context)
{
    const uint8_t *page = (const uint8_t *)changes.page, *at = info->si_addr;
    (void)context;
    if (!page || at < page || at >= page + PAGE ||
        mmap((void *)page, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
            MAP_FAILED) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
}

/* Pages no smaller than the map, and a rollback journal: in WAL changes are counted elsewhere. */
static bool is_ours(const volatile uint8_t *page)
{
    unsigned size = (unsigned)page[PAGE_SIZE_AT] << 8 | page[PAGE_SIZE_AT + 1];
    return (size == 1 || size >= PAGE) && page[WRITE_VERSION_AT] == 1 && page[READ_VERSION_AT] == 1;
}

struct store_changes *store_changes_open(const struct home *h)
{
    struct sigaction act = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_RESTART};
    char path[HOME_PATH_MAX];
    struct stat st;
    if (home_path(h, db_users_file.path, path, NULL))
        return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return NULL;
    void *page = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= PAGE
                     ? mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0)
                     : MAP_FAILED;
    close(fd);
    if (page == MAP_FAILED)
        return NULL;
    changes.page = page;
    if (sigaction(SIGBUS, &act, NULL) != 0 || !is_ours(page)) {
        munmap(page, PAGE);
        changes.page = NULL;
        return NULL;
    }
    return &changes;
}

uint64_t store_changes_count(void *arg)
{
    const struct store_changes *c = arg;
    uint64_t n = 0;
    if (!is_ours(c->page))
        return 0;
    for (int i = 0; i < 4; i++)
        n = n << 8 | c->page[CHANGES_AT + i];
    return n + 1;
}
