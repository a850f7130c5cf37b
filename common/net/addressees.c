#include "net/addressees.h"

#include "mime/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whom an operand and a header both name gets the mail once, in lists of up to so many: each is
 * compared with all before him. Longer ones come from list managers, who have seen to it. */
enum { TWICE_MAX = 1000 };

void addressees_init(struct addressees *a)
{
    buf_init(&a->list, ADDRESSEES_MAX * sizeof(char *));
}

void addressees_release(struct addressees *a)
{
    addressees_cut(a, 0);
    buf_release(&a->list);
}

size_t addressees_count(const struct addressees *a)
{
    return a->list.len / sizeof(char *);
}

const char *const *addressees_paths(const struct addressees *a)
{
    return (const char *const *)(const void *)a->list.data;
}

void addressees_cut(struct addressees *a, size_t n)
{
    char **list = (char **)(void *)a->list.data;
    for (size_t i = n; i < addressees_count(a); i++)
        free(list[i]);
    if (n < addressees_count(a))
        a->list.len = n * sizeof(char *);
}

static bool known(const struct addressees *a, const char *path)
{
    for (size_t i = 0; i < addressees_count(a); i++)
        if (strcmp(addressees_paths(a)[i], path) == 0)
            return true;
    return false;
}

enum err addressees_add(struct addressees *a, const char *path)
{
    size_t n = strlen(path);
    bool brackets = n >= 2 && path[0] == '<' && path[n - 1] == '>';
    char *text = brackets ? strndup(path + 1, n - 2) : strdup(path);
    if (!text)
        return ERR_OS;
    enum err e = ERR_NONE;
    if (addressees_count(a) < TWICE_MAX && known(a, text))
        free(text);
    else if ((e = buf_add(&a->list, &text, sizeof text)))
        free(text);
    return e;
}

static enum err add_field(struct addressees *a, struct span header, const char *name)
{
    struct header_field field;
    struct mime_address *address = malloc(sizeof *address);
    enum err e = address ? ERR_NONE : ERR_OS;
    while (!e && header_next(&header, &field)) {
        struct span rest = field.raw;
        if (!span_eq_nocase(field.name, span_str(name)))
            continue;
        while (!e && mime_address_next(&rest, NULL, address))
            e = addressees_add(a, address->addr);
    }
    free(address);
    return e;
}

enum err addressees_add_header(struct addressees *a, struct span header)
{
    static const char *const resent[] = {"Resent-To", "Resent-Cc", "Resent-Bcc"};
    static const char *const plain[] = {"To", "Cc", "Bcc"};
    size_t again = 0;
    enum err e = ERR_NONE;
    for (int i = 0; i < 3; i++)
        again += header_count(header, resent[i]);
    for (int i = 0; i < 3 && !e; i++)
        e = add_field(a, header, again ? resent[i] : plain[i]);
    return e;
}

enum err addressees_qualify(struct addressees *a, const char *domain)
{
    char **list = (char **)(void *)a->list.data;
    for (size_t i = 0; i < addressees_count(a); i++) {
        const char *at = strrchr(list[i], '@');
        size_t n = strlen(list[i]), size = n + strlen(domain) + 2;
        if (n == 0 || (at && !strchr(at, '"'))) /* one inside quotes is the local part's */
            continue;
        char *whole = malloc(size);
        if (!whole)
            return ERR_OS;
        snprintf(whole, size, "%s@%s", list[i], domain);
        free(list[i]);
        list[i] = whole;
    }
    return ERR_NONE;
}
