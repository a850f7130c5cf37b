#include "net/mailbag.h"

#include "net/mbox.h"
#include "tool/io.h"

#include <unistd.h>

void mailbag_init(struct mailbag *bag)
{
    buf_init(&bag->mails, MAILBAG_MAX * sizeof(struct outgoing));
    buf_init(&bag->descriptors, 4 * MAILBAG_MAX * sizeof(int));
}

void mailbag_release(struct mailbag *bag)
{
    const int *fds = (const int *)(const void *)bag->descriptors.data;
    for (size_t i = 0; i < bag->descriptors.len / sizeof *fds; i++)
        close(fds[i]);
    buf_release(&bag->descriptors);
    buf_release(&bag->mails);
}

size_t mailbag_count(const struct mailbag *bag)
{
    return bag->mails.len / sizeof(struct outgoing);
}

const struct outgoing *mailbag_get(const struct mailbag *bag, size_t n)
{
    return (const struct outgoing *)(const void *)bag->mails.data + n;
}

static enum err keep(struct mailbag *bag, int fd, struct why *why)
{
    if (fd <= 2 || !buf_add(&bag->descriptors, &fd, sizeof fd))
        return ERR_NONE;
    close(fd);
    return why_set(why, ERR_OS, "too many mails at once");
}

enum err mailbag_add(struct mailbag *bag, const char *path, bool mbox, struct why *why)
{
    int fd;
    enum err e = io_open(path, &fd, why);
    return e ? e : mailbag_take(bag, fd, mbox, why);
}

enum err mailbag_take(struct mailbag *bag, int fd, bool mbox, struct why *why)
{
    struct outgoing mail = {.fd = -1};
    int spooled = -1;
    enum err e = keep(bag, fd, why);
    if (!e)
        e = mbox ? mbox_take(fd, &bag->mails, &spooled, why)
                 : outgoing_take(fd, &mail, &spooled, why);
    if (!e)
        e = keep(bag, spooled, why);
    if (!e && !mbox)
        e = outgoing_skip_from(&mail, why);
    if (!e && !mbox && buf_add(&bag->mails, &mail, sizeof mail))
        e = why_set(why, ERR_OS, "too many mails at once");
    return e;
}
