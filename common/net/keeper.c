#include "net/keeper.h"

#include "net/kept_key.h"
#include "net/sandbox.h"
#include "net/tls_openssl.h"
#include "tool/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CERTIFICATE_MAX = 65536, CERTIFICATES_MAX = 1024 };

/* What the keeper says of its own, before it serves: a certificate each, and in the end how it
 * went. */
struct public_part {
    int last;       /* no certificate: err and text */
    enum err err;
    uint32_t pair;  /* whose it is; the first of a pair is its own, the others its chain */
    uint32_t n;
    union {
        uint8_t der[CERTIFICATE_MAX];
        char text[sizeof(struct why)];
    } is;
};

/* An event loop that watches for the other's end makes the descriptor one that does not wait. */
static bool again(int fd, short events)
{
    struct pollfd p = {fd, events, 0};
    return errno == EINTR || (errno == EAGAIN && poll(&p, 1, -1) >= 0) || errno == EINTR;
}

static bool send_all(int fd, const void *p, size_t n)
{
    ssize_t k;
    do
        k = send(fd, p, n, MSG_NOSIGNAL);
    while (k < 0 && again(fd, POLLOUT));
    return k == (ssize_t)n;
}

static ssize_t receive(int fd, void *p, size_t n)
{
    ssize_t k;
    do
        k = recv(fd, p, n, 0);
    while (k < 0 && again(fd, POLLIN));
    return k;
}

/* ---- The keeper ---- */

struct keys {
    EVP_PKEY *list[TLS_PAIRS_MAX];
    unsigned count;
};

static bool show(int fd, unsigned pair, X509 *x, struct public_part *part)
{
    int n = i2d_X509(x, NULL);
    uint8_t *at = part->is.der;
    if (n <= 0 || n > CERTIFICATE_MAX)
        return false;
    *part = (struct public_part){.pair = pair, .n = (uint32_t)i2d_X509(x, &at)};
    at = part->is.der;
    i2d_X509(x, &at);
    return send_all(fd, part, offsetof(struct public_part, is) + part->n);
}

static enum err read_pair(int fd, const struct tls_pair *pair, struct keys *keys,
                          struct public_part *part, struct why *why)
{
    struct tls_credential c;
    enum err e = tls_credential_read(pair, &c, why);
    if (e)
        return e;
    bool shown = show(fd, keys->count, c.cert, part);
    for (int i = 0; shown && i < sk_X509_num(c.chain); i++)
        shown = show(fd, keys->count, sk_X509_value(c.chain, i), part);
    if (!shown)
        e = why_set(why, ERR_CONFIG, "%s: a certificate too large", pair->cert);
    keys->list[keys->count++] = c.key;
    c.key = NULL;
    tls_credential_release(&c);
    return e;
}

/* TLS knows these. */
static const EVP_MD *digest_named(const char *name)
{
    static const char *const known[] = {"SHA256", "SHA384", "SHA512", "SHA2-256", "SHA2-384",
                                        "SHA2-512"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i]) == 0)
            return EVP_get_digestbyname(known[i % 3]);
    return NULL;
}

static size_t sign(const struct keys *keys, const struct kept_question *q, uint8_t *signature)
{
    const EVP_MD *digest = digest_named(q->digest);
    EVP_PKEY *key = q->key < keys->count ? keys->list[q->key] : NULL;
    EVP_PKEY_CTX *ctx;
    size_t n = KEPT_SIGNATURE_MAX;
    bool plain = key && EVP_PKEY_is_a(key, "ED25519");
    if (!key || (!plain && !digest) || !kept_key_is_handshake(span_of(q->tbs, q->n)))
        return 0;
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    bool ok = m && EVP_DigestSignInit(m, &ctx, plain ? NULL : digest, NULL, key) == 1;
    if (ok && q->pss)
        ok = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    ok = ok && EVP_DigestSign(m, signature, &n, q->tbs, q->n) == 1;
    EVP_MD_CTX_free(m);
    ERR_clear_error();
    return ok ? n : 0;
}

/* False: the worker has gone, or sends what is no question. */
static bool serve_one(int fd, const struct keys *keys)
{
    struct kept_question q;
    uint8_t signature[KEPT_SIGNATURE_MAX];
    const size_t head = offsetof(struct kept_question, tbs);
    ssize_t got = receive(fd, &q, sizeof q);
    if (got < (ssize_t)head || (size_t)got != head + q.n || q.n > sizeof q.tbs)
        return false;
    q.digest[sizeof q.digest - 1] = '\0';
    size_t n = sign(keys, &q, signature);
    /* An empty packet could not be told from the end. */
    return send_all(fd, n ? signature : (const uint8_t *)"", n ? n : 1);
}

static void serve(const int fds[], unsigned count, const struct keys *keys)
{
    struct pollfd polls[CREW_WORKERS_MAX];
    unsigned left = count;
    for (unsigned i = 0; i < count; i++)
        polls[i] = (struct pollfd){fds[i], POLLIN, 0};
    while (left) {
        if (poll(polls, count, -1) < 0 && errno != EINTR)
            return;
        for (unsigned i = 0; i < count; i++)
            if (polls[i].fd >= 0 && polls[i].revents && !serve_one(polls[i].fd, keys)) {
                close(polls[i].fd);
                polls[i].fd = -1;
                left--;
            }
    }
}

static enum err keep(const struct tls_pair pairs[], unsigned count, int fd,
                     const struct crew_account *account, struct keys *keys,
                     struct public_part *part, struct why *why)
{
    enum err e = ERR_NONE;
    /* The same user's other processes must not look into this one. */
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        return why_errno(why, ERR_OS, "closing the keeper's memory");
    for (unsigned i = 0; !e && i < count; i++)
        e = read_pair(fd, &pairs[i], keys, part, why);
    if (!e)
        e = crew_become(account, why);
    /* Another uid opens it again. */
    if (!e && prctl(PR_SET_DUMPABLE, 0) != 0)
        e = why_errno(why, ERR_OS, "closing the keeper's memory");
    return e ? e : sandbox_enter("", why);
}

/* Of all descriptors stdin, stdout, stderr and the ways to the workers: not the sockets, and not
 * the pipes by which others see that we end. */
static void keep_only(const int ours[], unsigned workers, int fds[])
{
    for (unsigned i = 0; i < workers; i++)
        fds[i] = fcntl(ours[i], F_DUPFD, 3 + CREW_WORKERS_MAX);
    for (unsigned i = 0; i < workers; i++)
        fds[i] = dup2(fds[i], 3 + (int)i);
    close_range(3 + workers, ~0u, 0);
}

/* ours are the keeper's ends. */
static void keeper(const struct tls_pair pairs[], unsigned count, const int ours[],
                   unsigned workers, const struct crew_account *account)
{
    static struct keys keys;
    struct why why = {""};
    struct public_part *part = malloc(sizeof *part);
    int fds[CREW_WORKERS_MAX];
    keep_only(ours, workers, fds);
    if (!part)
        _exit(1);
    enum err e = keep(pairs, count, fds[0], account, &keys, part, &why);
    *part = (struct public_part){.last = 1, .err = e};
    memcpy(part->is.text, why.text, sizeof why.text);
    bool told = send_all(fds[0], part, offsetof(struct public_part, is) + sizeof part->is.text);
    free(part);
    if (!e && told)
        serve(fds, workers, &keys);
    _exit(0);
}

/* ---- Those who ask ---- */

static struct {
    int fd;
    pthread_mutex_t asking;
} way = {-1, PTHREAD_MUTEX_INITIALIZER};

static size_t ask(const struct kept_question *q, uint8_t *signature)
{
    ssize_t n = -1;
    pthread_mutex_lock(&way.asking);
    if (way.fd >= 0 && send_all(way.fd, q, offsetof(struct kept_question, tbs) + q->n))
        n = receive(way.fd, signature, KEPT_SIGNATURE_MAX);
    pthread_mutex_unlock(&way.asking);
    return n > 1 ? (size_t)n : 0;
}

static bool take(const struct public_part *part, struct tls_credential *list, unsigned count)
{
    const unsigned char *at = part->is.der;
    struct tls_credential *c = &list[part->pair];
    X509 *x = part->pair < count ? d2i_X509(NULL, &at, part->n) : NULL;
    if (!x)
        return false;
    if (!c->cert) {
        c->cert = x;
        c->chain = sk_X509_new_null();
        return c->chain != NULL;
    }
    if (sk_X509_push(c->chain, x))
        return true;
    X509_free(x);
    return false;
}

/* The certificates, until the keeper has said how it went. */
static enum err learn(int fd, struct tls_credential *list, unsigned count, struct why *why)
{
    const size_t head = offsetof(struct public_part, is);
    struct public_part *part = malloc(sizeof *part);
    enum err e = part ? ERR_NONE : why_set(why, ERR_OS, "out of memory");
    for (unsigned i = 0; !e; i++) {
        ssize_t got = receive(fd, part, sizeof *part);
        if (got < (ssize_t)head || i == CERTIFICATES_MAX)
            e = why_set(why, ERR_OS, "the keeper of the keys has ended");
        else if (part->last)
            break;
        else if ((size_t)got != head + part->n || !take(part, list, count))
            e = why_set(why, ERR_OS, "out of memory");
    }
    if (!e && part->err)
        e = why_set(why, part->err, "%s", part->is.text);
    free(part);
    return e;
}

static enum err make_server(int fd, unsigned count, struct tls_server **server, struct why *why)
{
    struct tls_credential list[TLS_PAIRS_MAX] = {{NULL, NULL, NULL}};
    enum err e = learn(fd, list, count, why);
    for (unsigned i = 0; !e && i < count; i++)
        if (!(list[i].key = kept_key_new(X509_get0_pubkey(list[i].cert), i)))
            e = tls_why(why, ERR_CONFIG, "neither an RSA, an EC nor an Ed25519 key");
    if (!e)
        e = tls_server_make(list, count, server, why);
    for (unsigned i = 0; i < count; i++)
        tls_credential_release(&list[i]);
    return e;
}

enum err keeper_start(const struct tls_pair pairs[], unsigned count, unsigned workers,
                      const struct crew_account *account, struct keeper *k,
                      struct tls_server **server, struct why *why)
{
    int ours[CREW_WORKERS_MAX];
    enum err e = ERR_NONE;
    k->count = 0;
    while (!e && k->count < workers && k->count < CREW_WORKERS_MAX) {
        int pair[2];
        if ((e = clerk_pair(pair, why)))
            break;
        ours[k->count] = pair[0];
        k->fds[k->count++] = pair[1];
    }
    fflush(NULL);
    pid_t pid = e ? -1 : fork();
    if (pid == 0)
        keeper(pairs, count, ours, k->count, account);
    if (!e && pid < 0)
        e = why_errno(why, ERR_OS, "fork");
    for (unsigned i = 0; i < k->count; i++)
        close(ours[i]);
    kept_key_ask_by(ask);
    if (!e)
        e = make_server(k->fds[0], count, server, why);
    if (e)
        keeper_leave(k);
    return e;
}

int keeper_use(struct keeper *k, unsigned number)
{
    way.fd = k->fds[number - 1];
    for (unsigned i = 0; i < k->count; i++)
        if (i != number - 1)
            close(k->fds[i]);
    return way.fd;
}

void keeper_leave(struct keeper *k)
{
    for (unsigned i = 0; i < k->count; i++)
        close(k->fds[i]);
    k->count = 0;
}
