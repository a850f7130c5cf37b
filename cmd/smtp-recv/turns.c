#include "turns.h"

#include "smtp/route.h"
#include "tool/diag.h"
#include "tool/program.h"
#include "tool/spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_known(const struct turns *t, const char *code)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->known[i], code) == 0)
            return true;
    return false;
}

enum err turns_start(const struct turns *t, struct store *store, struct why *why)
{
    struct user u;
    enum err e = t->trusted ? store_user_by_login(store, t->trusted, &u, why) : ERR_NONE;
    return e == ERR_NO_USER ? why_set(why, e, "--trust-stdio %.200s: no such user", t->trusted) : e;
}

void turns_note(struct turns *t, struct store *store, struct span name)
{
    char text[256];
    struct user u;
    if (!t->offered || !span_copy(name, text, sizeof text) ||
        store_user_by_login(store, text, &u, NULL) || !u.domains[0] || is_known(t, u.code))
        return;
    if (!t->known)
        t->known = calloc(TURNS_KNOWN, sizeof *t->known);
    if (!t->known)
        return;
    if (t->count == TURNS_KNOWN)
        memmove(t->known, t->known + 1, (size_t)--t->count * sizeof *t->known);
    snprintf(t->known[t->count++], sizeof *t->known, "%s", u.code);
}

/* The list for fax-queue; false: it has one that is not the user's, or none at all. */
static bool choose(const struct user *u, const char *asked, char *out, size_t size)
{
    size_t used = 0;
    const char *from = *asked ? asked : u->domains;
    while (*from) {
        size_t n = strcspn(from, ", ");
        struct span name = span_of(from, n);
        from += n + (from[n] != '\0');
        if (!n)
            continue;
        if (!route_list_has(u->domains, name) || used + n + 2 > size)
            return false;
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? "," : "", (int)n,
                                 (const char *)name.p);
    }
    return used > 0;
}

/* A free place; those whose sender has ended become free. */
static pid_t *place(struct turns *t)
{
    for (size_t i = 0; i < TURNS_MAX; i++)
        if (!t->running[i] || waitpid(t->running[i], NULL, WNOHANG) != 0) {
            t->running[i] = 0;
            return &t->running[i];
        }
    return NULL;
}

static enum err start(pid_t *pid, const char *domains, int *channel, struct why *why)
{
    char program[4096], only[USER_LONG_MAX + 32];
    const char *argv[8] = {spawn_beside("fax-queue", program, sizeof program), "-q", "flush",
                           "--turned", only};
    int ends[2];
    snprintf(only, sizeof only, "--domain=%s", domains);
    program_pass_config(argv, 5);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return why_errno(why, ERR_OS, "socket pair");
    enum err e = spawn(argv, ends[1], ends[1], NULL, pid, why);
    close(ends[1]);
    if (e)
        close(ends[0]);
    else
        *channel = ends[0];
    return e;
}

unsigned turns_answer(struct turns *t, struct store *store, const struct clerk_question *q,
                      int *channel)
{
    char domains[USER_LONG_MAX + 1];
    struct user u;
    struct why why = {""};
    bool trusted = t->trusted && strcmp(t->trusted, q->sender) == 0;
    enum err e = t->offered ? store_user_by_login(store, q->sender, &u, &why) : ERR_NO_USER;
    if (e == ERR_NO_USER || (!e && !trusted && !is_known(t, u.code)) ||
        (!e && !choose(&u, q->text, domains, sizeof domains)))
        return 450;
    pid_t *pid = e ? NULL : place(t);
    if (!e && !pid)
        e = why_set(&why, ERR_AGAIN, "%d connections are turned already", TURNS_MAX);
    if (!e)
        e = start(pid, domains, channel, &why);
    if (e)
        diag_warn("turn: %s", why.text);
    return e ? 451 : 250;
}
