/*
 * LD_PRELOAD for ippeveprinter: an Avahi client that is always content, so that the printer runs
 * where there is neither avahi-daemon nor D-Bus. Nothing is announced to any network.
 */
#include <stddef.h>

struct AvahiThreadedPoll;
struct AvahiClient;
struct AvahiEntryGroup;

static int something;

void *avahi_threaded_poll_new(void);
const void *avahi_threaded_poll_get(void *poll);
int avahi_threaded_poll_start(void *poll);
int avahi_threaded_poll_stop(void *poll);
void avahi_threaded_poll_lock(void *poll);
void avahi_threaded_poll_unlock(void *poll);
void avahi_threaded_poll_free(void *poll);
void *avahi_client_new(const void *api, int flags, void *callback, void *data, int *error);
void avahi_client_free(void *client);
int avahi_client_errno(void *client);
void *avahi_entry_group_new(void *client, void *callback, void *data);
int avahi_entry_group_add_service_strlst(void *group, int interface, int protocol, int flags,
                                         const char *name, const char *type, const char *domain,
                                         const char *host, unsigned short port, void *txt);
int avahi_entry_group_add_service_subtype(void *group, int interface, int protocol, int flags,
                                          const char *name, const char *type, const char *domain,
                                          const char *subtype);
int avahi_entry_group_add_record(void *group, int interface, int protocol, int flags,
                                 const char *name, unsigned short class, unsigned short type,
                                 unsigned ttl, const void *data, size_t size);
int avahi_entry_group_commit(void *group);
int avahi_entry_group_free(void *group);
int avahi_entry_group_reset(void *group);

void *avahi_threaded_poll_new(void)
{
    return &something;
}

const void *avahi_threaded_poll_get(void *poll)
{
    return poll;
}

int avahi_threaded_poll_start(void *poll)
{
    (void)poll;
    return 0;
}

int avahi_threaded_poll_stop(void *poll)
{
    (void)poll;
    return 0;
}

void avahi_threaded_poll_lock(void *poll)
{
    (void)poll;
}

void avahi_threaded_poll_unlock(void *poll)
{
    (void)poll;
}

void avahi_threaded_poll_free(void *poll)
{
    (void)poll;
}

void *avahi_client_new(const void *api, int flags, void *callback, void *data, int *error)
{
    (void)api, (void)flags, (void)callback, (void)data;
    if (error)
        *error = 0;
    return &something;
}

void avahi_client_free(void *client)
{
    (void)client;
}

int avahi_client_errno(void *client)
{
    (void)client;
    return 0;
}

void *avahi_entry_group_new(void *client, void *callback, void *data)
{
    (void)client, (void)callback, (void)data;
    return &something;
}

int avahi_entry_group_add_service_strlst(void *group, int interface, int protocol, int flags,
                                         const char *name, const char *type, const char *domain,
                                         const char *host, unsigned short port, void *txt)
{
    (void)group, (void)interface, (void)protocol, (void)flags, (void)name, (void)type;
    (void)domain, (void)host, (void)port, (void)txt;
    return 0;
}

int avahi_entry_group_add_service_subtype(void *group, int interface, int protocol, int flags,
                                          const char *name, const char *type, const char *domain,
                                          const char *subtype)
{
    (void)group, (void)interface, (void)protocol, (void)flags, (void)name, (void)type;
    (void)domain, (void)subtype;
    return 0;
}

int avahi_entry_group_add_record(void *group, int interface, int protocol, int flags,
                                 const char *name, unsigned short class, unsigned short type,
                                 unsigned ttl, const void *data, size_t size)
{
    (void)group, (void)interface, (void)protocol, (void)flags, (void)name, (void)class;
    (void)type, (void)ttl, (void)data, (void)size;
    return 0;
}

int avahi_entry_group_commit(void *group)
{
    (void)group;
    return 0;
}

int avahi_entry_group_free(void *group)
{
    (void)group;
    return 0;
}

int avahi_entry_group_reset(void *group)
{
    (void)group;
    return 0;
}
