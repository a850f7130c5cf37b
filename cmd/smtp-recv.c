/* smtp-recv: receiver-SMTP. Mail comes in over stdin/stdout, sockets or a batch file, and goes
 * durably into the spool of the table's users, a maildir, a command or an mbox. */
#include "net/append.h"
#include "net/crew.h"
#include "net/handover.h"
#include "net/keeper.h"
#include "net/listener.h"
#include "net/master.h"
#include "net/networks.h"
#include "net/serve.h"
#include "net/sockets.h"
#include "seal/password.h"
#include "smtp-recv/answers.h"
#include "smtp-recv/into_spool.h"
#include "spool/maildir.h"
#include "spool/spool.h"
#include "store/changes.h"
#include "tool/diag.h"
#include "tool/home.h"
#include "tool/io.h"
#include "tool/program.h"
#include "tool/spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { DOMAINS_MAX = 1000 };

static struct {
    char **listen, **atrn_listen, **domain;
    int print_port;
    char *hostname, *maildir, *exec, *mbox, *batch;
    int lmtp;
    char **tls_cert, **tls_key, *tls;
    int smtps, auth, etrn, turn;
    char *trust_stdio;
    char *vrfy, *relay, *max_size;
    int greet_pause, max_recipients, max_connections, max_per_client, timeout, workers;
    char *user, *chroot;
    int no_sync, no_mail, no_terminals;
} opt = {.max_recipients = RECEIVER_RECIPIENTS_MIN,
         .max_connections = 2000,
         .max_per_client = 100,
         .timeout = 300,
         .workers = 1};

static struct poptOption options[] = {
    {"listen", 0, POPT_ARG_ARGV, &opt.listen, 0,
     "serve ADDR:PORT, [ADDR]:PORT or unix:PATH; may be repeated", "ADDR:PORT"},
    {"print-port", 0, POPT_ARG_NONE, &opt.print_port, 0,
     "print the port of each socket on stdout", NULL},
    {"hostname", 0, POPT_ARG_STRING, &opt.hostname, 0, "what we call ourselves", "NAME"},
    {"domain", 0, POPT_ARG_ARGV, &opt.domain, 0,
     "a domain of ours (the hostname); may be repeated", "DOMAIN"},
    {"maildir", 0, POPT_ARG_STRING, &opt.maildir, 0, "deliver everything into this maildir", "DIR"},
    {"exec", 0, POPT_ARG_STRING, &opt.exec, 0, "run COMMAND with each mail on stdin", "COMMAND"},
    {"mbox", 0, POPT_ARG_STRING, &opt.mbox, 0,
     "append everything to this mbox, - for stdout", "FILE"},
    {"lmtp", 0, POPT_ARG_NONE, &opt.lmtp, 0, "speak LMTP", NULL},
    {"batch", 0, POPT_ARG_STRING, &opt.batch, 0, "carry out a batch of SMTP commands", "FILE"},
    {"tls-cert", 0, POPT_ARG_ARGV, &opt.tls_cert, 0,
     "certificate, with its chain (PEM); may be repeated", "FILE"},
    {"tls-key", 0, POPT_ARG_ARGV, &opt.tls_key, 0, "its key (PEM); may be repeated", "FILE"},
    {"tls", 0, POPT_ARG_STRING, &opt.tls, 0, "STARTTLS: none, try or require", "WHEN"},
    {"smtps", 0, POPT_ARG_NONE, &opt.smtps, 0, "TLS from the first byte", NULL},
    {"auth", 0, POPT_ARG_NONE, &opt.auth, 0,
     "offer AUTH by the table's log-in ID and release password", NULL},
    {"turn", 0, POPT_ARG_NONE, &opt.turn, 0,
     "give who has logged in his domains' mail over the same connection (TURN, ATRN)", NULL},
    {"atrn-listen", 0, POPT_ARG_ARGV, &opt.atrn_listen, 0,
     "serve ADDR:PORT as --listen, with ATRN; may be repeated", "ADDR:PORT"},
    {"trust-stdio", 0, POPT_ARG_STRING, &opt.trust_stdio, 0,
     "this user is at the other end of stdin: --turn without a log-in", "IDENTITY"},
    {"etrn", 0, POPT_ARG_NONE, &opt.etrn, 0, "let peers ask for a domain's queue (ETRN)", NULL},
    {"vrfy", 0, POPT_ARG_STRING, &opt.vrfy, 0,
     "what VRFY and EXPN tell: hide or users (hide)", "WHAT"},
    {"relay", 0, POPT_ARG_STRING, &opt.relay, 0,
     "who may send to other domains: networks, or stdin", "NET,..|stdin"},
    {"greet-pause", 0, POPT_ARG_INT, &opt.greet_pause, 0,
     "seconds of silence before the greeting (0)", "SECONDS"},
    {"max-size", 0, POPT_ARG_STRING, &opt.max_size, 0,
     "octets of a mail; K, M, G (256M); 0: any", "OCTETS"},
    {"max-recipients", 0, POPT_ARG_INT, &opt.max_recipients, 0, "recipients of a mail (1000)", "N"},
    {"max-connections", 0, POPT_ARG_INT, &opt.max_connections, 0,
     "connections at once (2000)", "N"},
    {"max-per-client", 0, POPT_ARG_INT, &opt.max_per_client, 0,
     "of which from one address (100)", "N"},
    {"timeout", 0, POPT_ARG_INT, &opt.timeout, 0, "seconds a client may be idle (300)", "SECONDS"},
    {"workers", 0, POPT_ARG_INT, &opt.workers, 0, "processes that read the network (1)", "N"},
    {"user", 0, POPT_ARG_STRING, &opt.user, 0,
     "whom these become when started as root (faxrecv)", "NAME"},
    {"chroot", 0, POPT_ARG_STRING, &opt.chroot, 0,
     "where they are shut in when started as root", "DIR"},
    {"no-terminals", 0, POPT_ARG_NONE, &opt.no_terminals, 0,
     "write on nobody's terminal: no SEND, SOML and SAML", NULL},
    {"no-mail", 0, POPT_ARG_NONE, &opt.no_mail, 0, "take no mail at all, and say so with 521",
     NULL},
    {"no-sync", 0, POPT_ARG_NONE, &opt.no_sync, 0,
     "do not wait for the disk: a crash loses mail", NULL},
    POPT_TABLEEND,
};

/* What the run is made of. Everything but the store is made before the worker and clerk part. */
static struct {
    struct home home;
    struct answers answers; /* the clerk's */
    struct store_changes *changes;
    struct spool_way spool;
    struct mbox mbox;
    struct networks relay;
    bool relay_stdin;
    int batch;
    char hostname[256];
    const char *domains[DOMAINS_MAX + 1];
    struct session_host host;
    struct master master; /* whose sockets are served; without any, stdin and stdout are */
    const struct generation *generation;
    struct tls_pair pairs[TLS_PAIRS_MAX];
    unsigned pair_count;
    struct keeper keeper;
} here = {.mbox = {.fd = -1, .look = -1, .undo = -1}};

/* ---- The worker ---- */

static bool may_relay(const void *arg, const char *client)
{
    return networks_have(arg, client);
}

/* stdin may be a socket, whose peer has an address as well. */
static bool may_relay_here(void)
{
    char client[64];
    return here.relay_stdin || (serve_client(STDIN_FILENO, client, sizeof client) &&
                                networks_have(&here.relay, client));
}

/* The worker of that number, over sockets; keeper is what it asks for signatures. */
static enum err listen_as(unsigned number, int keeper, struct why *why)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    const struct generation *g = here.generation;
    unsigned atrn = 0;
    while (opt.atrn_listen && opt.atrn_listen[atrn])
        atrn++;
    struct listener_options listener = {.fds = here.master.fds,
                                        .count = here.master.count,
                                        .atrn = atrn,
                                        .owner = seats_owner(g->number, number),
                                        .drain = g->drain,
                                        .stop = g->stop,
                                        .stop_seconds = MASTER_STOP_SECONDS,
                                        .report = g->report,
                                        .keeper = keeper,
                                        .timeout = (unsigned)opt.timeout,
                                        .greet_pause = (unsigned)opt.greet_pause,
                                        .relay = may_relay,
                                        .relay_arg = &here.relay};
    enum err e = seats_map(g->seats, &listener.seats, why);
    return e ? e : listener_run(&here.host, &listener, why);
}

static enum err work(void *arg, unsigned number, const struct clerk *clerk, struct why *why)
{
    enum err e = opt.maildir ? spool_maildir_make(opt.maildir, why) : ERR_NONE;
    (void)arg;
    if (e)
        return e;
    here.host.clerk = *clerk;
    /* Where there is no table, there is nothing that only another process could know. */
    if (!here.answers.table && !opt.exec)
        here.host.clerk = (struct clerk){
            .fn = answers_give, .arg = &here.answers, .fd = -1, .quick = true};
    int keeper = here.host.tls ? keeper_use(&here.keeper, number) : -1;
    if (here.changes) {
        here.host.clerk.version = store_changes_count;
        here.host.clerk.version_arg = here.changes;
    }
    if (here.spool.inside) /* where a mail that is relayed waits to be whole */
        setenv("TMPDIR", "/postmaster/tmp", 1);
    static char kept[HOME_PATH_MAX + 8] = "/postmaster/tmp";
    if (here.answers.table && !here.spool.inside) {
        if ((e = spool_dir(&here.home, "postmaster", kept, why)))
            return e;
        strcat(kept, "/tmp");
    }
    here.host.checkpoints = here.answers.table ? kept : NULL;
    here.host.method_arg = opt.mbox   ? (void *)&here.mbox
                           : opt.exec ? (void *)&here.host.clerk
                                      : (void *)&here.spool;
    if (opt.batch)
        return serve_batch(&here.host, here.batch, why);
    if (!here.master.count) {
        here.host.options.trusted = opt.trust_stdio;
        struct serve_options serve = {STDIN_FILENO, STDOUT_FILENO, (unsigned)opt.timeout,
                                      (unsigned)opt.greet_pause, may_relay_here()};
        return serve_session(&here.host, &serve, why);
    }
    return listen_as(number, keeper, why);
}

/* ---- The clerk ---- */

/* One who serves beside the workers must not keep the sockets open when they no longer do. */
static enum err start_clerk(void *arg, struct why *why)
{
    struct crew *crew = arg;
    for (unsigned i = 0; crew->separate && i < here.master.count; i++)
        close(here.master.fds[i]);
    if (crew->separate)
        keeper_leave(&here.keeper);
    return answers_start(&here.answers, why);
}

static enum err prepare_clerk(void *arg, struct why *why)
{
    (void)arg;
    return answers_prepare(&here.answers, why);
}

static void answer(void *arg, const struct clerk_question *q, int mail, struct clerk_answer *a)
{
    (void)arg;
    answers_give(&here.answers, q, mail, a);
}

/* ---- Setting up ---- */

static enum err check_options(void)
{
    int ways = (opt.maildir != NULL) + (opt.exec != NULL) + (opt.mbox != NULL);
    bool on_stdout = opt.mbox && strcmp(opt.mbox, "-") == 0;
    if (ways > 1)
        return diag_fail(ERR_USAGE, NULL, "--maildir, --exec and --mbox exclude each other");
    bool listening = opt.listen || opt.atrn_listen;
    bool turning = opt.turn || opt.atrn_listen || opt.trust_stdio;
    char client[64];
    if (opt.batch && (listening || turning))
        return diag_fail(ERR_USAGE, NULL, "--batch and --listen exclude each other");
    if (opt.trust_stdio && (listening || serve_client(STDIN_FILENO, client, sizeof client)))
        return diag_fail(ERR_USAGE, NULL, "--trust-stdio: nobody knows who is at the other end");
    if (turning && !opt.trust_stdio && !opt.auth)
        return diag_fail(ERR_USAGE, NULL, "--turn needs --auth or --trust-stdio");
    if (turning && (ways || opt.lmtp))
        return diag_fail(ERR_USAGE, NULL, "--turn needs the station's queue, and no LMTP");
    if (on_stdout && !opt.batch && !listening)
        return diag_fail(ERR_USAGE, NULL, "--mbox -: stdout is the session's");
    if (opt.relay && ways)
        return diag_fail(ERR_USAGE, NULL, "--relay needs the station's queue");
    if ((opt.auth || opt.etrn) && ways)
        return diag_fail(ERR_USAGE, NULL, "--auth and --etrn need the station");
    if (opt.greet_pause < 0 || opt.max_recipients < 1 || opt.max_connections < 0 ||
        opt.max_per_client < 0 || opt.timeout < 0 || opt.workers < 1 || opt.workers > 64 ||
        opt.greet_pause > 3600 || opt.timeout > 86400 || opt.max_recipients > 1000000)
        return diag_fail(ERR_USAGE, NULL, "a number out of its range");
    return ERR_NONE;
}

/* The nth of an option's values, or else, where it has none, of a setting's. */
static const char *nth(char **values, const char *key, unsigned n)
{
    for (unsigned i = 0; values && i < n; i++)
        if (!values[i])
            return NULL;
    return values ? values[n] : conf_nth(here.home.conf, key, n);
}

/* Whoever names certificates on the command line names their keys there as well. */
static const char *nth_key(unsigned n)
{
    return opt.tls_cert && !opt.tls_key ? NULL : nth(opt.tls_key, "tls-key", n);
}

static enum err set_tls(struct receiver_options *o, struct why *why)
{
    const char *when = opt.tls ? opt.tls : nth(opt.tls_cert, "tls-cert", 0) ? "try" : "none";
    if (strcmp(when, "none") != 0 && strcmp(when, "try") != 0 && strcmp(when, "require") != 0)
        return why_set(why, ERR_USAGE, "--tls %s: not none, try or require", when);
    if (opt.tls_key && !nth(opt.tls_cert, "tls-cert", 0))
        return why_set(why, ERR_USAGE, "--tls-key without --tls-cert");
    if (strcmp(when, "none") == 0 && !opt.smtps)
        return opt.auth ? why_set(why, ERR_USAGE, "--auth needs TLS: --tls-cert") : ERR_NONE;
    for (const char *cert; (cert = nth(opt.tls_cert, "tls-cert", here.pair_count));) {
        const char *key = nth_key(here.pair_count);
        if (here.pair_count == TLS_PAIRS_MAX)
            return why_set(why, ERR_USAGE, "more than %d certificates", TLS_PAIRS_MAX);
        here.pairs[here.pair_count++] = (struct tls_pair){cert, key ? key : cert};
    }
    if (!here.pair_count)
        return why_set(why, ERR_USAGE, "TLS needs --tls-cert and --tls-key");
    if (nth_key(here.pair_count))
        return why_set(why, ERR_USAGE, "more TLS keys than certificates");
    here.host.implicit_tls = opt.smtps;
    o->tls_offered = !opt.smtps;
    o->tls_required = strcmp(when, "require") == 0;
    return ERR_NONE;
}

/* Keys are read, still as root, by one who keeps them from all others. */
static enum err start_keeper(const struct crew *crew, struct why *why)
{
    struct tls_server *tls;
    if (!here.pair_count)
        return ERR_NONE;
    enum err e = keeper_start(here.pairs, here.pair_count, crew->workers, &crew->clerk,
                              &here.keeper, &tls, why);
    if (!e)
        here.host.tls = tls;
    return e;
}

static enum err set_names(struct why *why)
{
    const char *name = opt.hostname ? opt.hostname : conf_get(here.home.conf, "hostname");
    unsigned count = 0;
    if (name ? !span_copy(span_str(name), here.hostname, sizeof here.hostname)
             : gethostname(here.hostname, sizeof here.hostname - 1) != 0)
        here.hostname[0] = '\0';
    if (path_check_domain(span_str(here.hostname), 0))
        return why_set(why, ERR_USAGE, "hostname %s: not a domain", here.hostname);
    for (char **d = opt.domain; d && *d && count < DOMAINS_MAX; d++)
        here.domains[count++] = *d;
    const char *next;
    for (unsigned i = 0; !opt.domain && (next = conf_nth(here.home.conf, "domain", i)); i++)
        if (count < DOMAINS_MAX)
            here.domains[count++] = next;
    if (!count)
        here.domains[count++] = here.hostname;
    for (unsigned i = 0; i < count; i++)
        if (path_check_domain(span_str(here.domains[i]), 0))
            return why_set(why, ERR_USAGE, "domain %s: not a domain", here.domains[i]);
    return ERR_NONE;
}

static enum err set_options(struct why *why)
{
    struct receiver_options *o = &here.host.options;
    unsigned offered = OFFER_DSN | OFFER_BY | OFFER_MTRK | OFFER_CHECKPOINT;
    *o = (struct receiver_options){.hostname = here.hostname,
                                   .domains = here.domains,
                                   .max_size = 256 << 20,
                                   .max_recipients = (unsigned)opt.max_recipients,
                                   .lmtp = opt.lmtp,
                                   .auth = opt.auth,
                                   .etrn = opt.etrn,
                                   /* Elsewhere there is no queue for the notices, and no place
                                    * that is ours alone for what broke. */
                                   .offer = here.answers.table ? offered : 0,
                                   .turn = opt.turn || opt.trust_stdio,
                                   .atrn = opt.turn || opt.trust_stdio,
                                   .terminals = here.answers.table && !opt.no_terminals,
                                   .no_mail = opt.no_mail,
                                   .no_soliciting = conf_get(here.home.conf, "no-soliciting")};
    if (o->no_soliciting && !solicit_valid(span_str(o->no_soliciting)))
        return why_set(why, ERR_CONFIG, "no-soliciting: not a list of names");
    o->offer |= o->no_soliciting ? OFFER_SOLICIT : 0;
    here.host.prove = scram_prove;
    if (opt.max_size && !conf_size(opt.max_size, UINT64_MAX / 2, &o->max_size))
        return why_set(why, ERR_USAGE, "--max-size %s: not a number of octets", opt.max_size);
    if (opt.vrfy && strcmp(opt.vrfy, "users") != 0 && strcmp(opt.vrfy, "hide") != 0)
        return why_set(why, ERR_USAGE, "--vrfy %s: not hide or users", opt.vrfy);
    o->vrfy = opt.vrfy && strcmp(opt.vrfy, "users") == 0;
    here.relay_stdin = opt.relay && strcmp(opt.relay, "stdin") == 0;
    here.answers.warrants.stdin_may |= here.relay_stdin;
    enum err e = opt.relay && !here.relay_stdin ? networks_add(&here.relay, opt.relay, why)
                                                : ERR_NONE;
    if (!e)
        e = set_names(why);
    return e ? e : set_tls(o, why);
}

/* Everything that may need root, or files outside of a new root. */
static enum err set_method(struct why *why)
{
    here.host.method = opt.exec ? &handover_exec : opt.mbox ? &append_to_mbox : &into_spool;
    if (opt.batch) {
        struct why reason = {""};
        enum err e = io_open(opt.batch, &here.batch, &reason);
        if (e)
            return why_set(why, e, "%.300s: %.200s", opt.batch, reason.text);
    }
    if (opt.exec)
        return words_split(opt.exec, &here.answers.command, why);
    if (opt.mbox) {
        enum err e = append_open(&here.mbox, opt.mbox, !opt.no_sync, why);
        if (e)
            return e;
        if (opt.chroot) /* there it is another name */
            here.mbox.path = NULL;
    }
    here.spool = (struct spool_way){.home = &here.home,
                                    .maildir = opt.maildir,
                                    .no_sync = opt.no_sync,
                                    .hostname = here.hostname,
                                    .clerk = &here.host.clerk};
    const char *offramp = conf_get(here.home.conf, "offramp");
    enum err e = offramp && here.answers.table ? words_split(offramp, &here.answers.offramp, why)
                                               : ERR_NONE;
    here.answers.herald.utmp = conf_get(here.home.conf, "utmp");
    return e ? e : conf_number(here.home.conf, "spool-limit", 0, UINT64_MAX / 2,
                       &here.answers.recipients.spool_limit, why);
}

static enum err listen_at(char **addresses, struct master *m, struct why *why)
{
    enum err e = ERR_NONE;
    for (char **a = addresses; !e && a && *a; a++) {
        if (m->count == MASTER_SOCKETS_MAX)
            return why_set(why, ERR_USAGE, "more than %d sockets", MASTER_SOCKETS_MAX);
        e = socket_listen(*a, &m->fds[m->count], why);
        m->count += !e;
    }
    return e;
}

/* Those of --atrn-listen are the last. */
static enum err open_sockets(struct master *m, struct why *why)
{
    unsigned inherited = opt.batch ? 0 : sockets_inherited();
    for (unsigned i = 0; i < inherited && m->count < MASTER_SOCKETS_MAX; i++)
        if (socket_is_listening(3 + (int)i))
            m->fds[m->count++] = 3 + (int)i;
    enum err e = listen_at(opt.listen, m, why);
    return e ? e : listen_at(opt.atrn_listen, m, why);
}

static void print_ports(void)
{
    for (unsigned i = 0; opt.print_port && i < here.master.count; i++)
        printf("%u\n", socket_port(here.master.fds[i]));
    fflush(stdout);
}

/*
 * Started as root, the worker becomes --user or faxrecv and the clerk the home's owner. Root's
 * own station, as in a container of one user, has nobody to become without --user.
 */
static enum err set_crew(struct crew *crew, struct why *why)
{
    uid_t owner = here.home.path[0] ? here.home.owner : 0;
    enum err e = ERR_NONE;
    *crew = (struct crew){.workers = (unsigned)opt.workers,
                          .answer = answer,
                          .clerk_prepare = prepare_clerk,
                          .clerk_start = start_clerk,
                          .clerk_arg = crew,
                          .work = work,
                          .generation = here.generation,
                          .root = opt.chroot};
    if (geteuid() == 0 && owner) {
        crew_account_of(owner, here.home.group, &crew->clerk);
        here.answers.herald.apart = true;
        here.answers.herald.uid = owner;
        if (!opt.user && crew_account_find("faxrecv", &crew->worker, NULL))
            crew->worker = crew->clerk;
        static char spool[HOME_PATH_MAX];
        if (here.answers.table && !opt.chroot && !opt.batch)
            e = home_path(&here.home, "spool", spool, why);
        if (!e && spool[0])
            crew->root = spool;
        here.spool.inside = spool[0] != '\0';
    }
    if (!e && opt.user)
        e = crew_account_find(opt.user, &crew->worker, why);
    crew->separate = crew->clerk.change || crew->workers > 1;
    return e;
}

/* The part of it that is done anew, with new settings, by each generation. */
static enum err serve(void *arg, const struct generation *generation)
{
    struct why why = {""};
    struct crew crew;
    (void)arg;
    here.generation = generation;
    here.answers = (struct answers){.home = &here.home,
                                    .hostname = here.hostname,
                                    .domains = here.domains,
                                    .table = !opt.maildir && !opt.exec && !opt.mbox &&
                                             !opt.no_mail,
                                    .relay = opt.relay != NULL,
                                    .auth = opt.auth,
                                    .etrn = opt.etrn,
                                    .turns = {.offered = opt.turn || opt.atrn_listen ||
                                                         opt.trust_stdio,
                                              .trusted = opt.trust_stdio},
                                    .warrants = {.relay = &here.relay,
                                                 .stdin_may = opt.trust_stdio != NULL},
                                    .recipients = {.home = &here.home, .domains = here.domains}};
    enum err e = here.answers.table ? home_open(&here.home, HOME_KEEP_ROOT, &why)
                                    : home_open_maybe(&here.home, HOME_KEEP_ROOT, &why);
    if (e)
        return diag_fail(e, &why, "station");
    if ((e = set_options(&why)) || (e = set_method(&why)) || (e = set_crew(&crew, &why)) ||
        (e = start_keeper(&crew, &why)))
        return diag_fail(e, &why, "setting up");
    /* How full the spool is changes all the time. */
    if (here.answers.table && !here.answers.recipients.spool_limit)
        here.changes = store_changes_open(&here.home);
    if (generation && generation->number == 1 && !crew.clerk.change)
        diag_warn("not parted from what reads the network: no user and no chroot of its own%s",
                  crew.separate ? "" : ", no seccomp, no Landlock");
    e = crew_run(&crew, &why);
    if (e && why.text[0])
        diag_fail(e, &why, "%s", opt.batch ? opt.batch : "session");
    return e;
}

static enum err run(const struct operands *operands)
{
    struct why why = {""};
    struct generation generation;
    enum err e = operands_check(operands, 0, 0);
    if (e || (e = check_options()))
        return e;
    if (generation_inherit(&generation, &here.master))
        return serve(NULL, &generation);
    if ((e = open_sockets(&here.master, &why)))
        return diag_fail(e, &why, "listening");
    if (!here.master.count)
        return serve(NULL, NULL);
    here.master.ready = print_ports;
    e = seats_make((unsigned)opt.max_connections, (unsigned)opt.max_per_client, &here.master.seats,
                   &why);
    if (!e)
        e = master_run(&here.master, serve, NULL, &why);
    if (e && why.text[0])
        diag_fail(e, &why, "serving");
    return e;
}

int main(int argc, char **argv)
{
    static const struct program program = {"smtp-recv", "", options, run, NULL};
    return program_main(&program, argc, argv);
}
