#include "smtp/commands.h"

#include "smtp/auth.h"
#include "smtp/reply.h"
#include "smtp/route.h"
#include "smtp/turn.h"

#include <stdio.h>
#include <string.h>

enum when {
    ANY = 0,
    GREETED = 1,      /* after HELO, EHLO or LHLO */
    TRANSACTION = 2,  /* after MAIL */
    NO_MAIL = 4,      /* not after MAIL */
    IDLE = 8,         /* does no work: counted */
    ALONE = 16,       /* no argument */
    SMTP_ONLY = 32,   /* unknown in LMTP */
    LMTP_ONLY = 64,
    CLEAR = 128,      /* allowed before TLS where TLS is required */
    OCTETS = 256,     /* BDAT: octets follow the line whatever becomes of it */
};

struct command {
    const char *name;
    unsigned when;
    void (*act)(struct receiver *r, struct span argument);
    const char *usage; /* HELP's answer */
};

/* False, and a reply has been given, when the command is out of order. */
static bool in_order(struct receiver *r, unsigned when, struct span argument)
{
    if (r->options->tls_required && !r->tls && !(when & CLEAR))
        receiver_say(r, 530, "5.7.0", "STARTTLS first");
    else if ((when & GREETED) && !r->greeted)
        receiver_say(r, 503, "5.5.1", r->options->lmtp ? "LHLO first" : "HELO or EHLO first");
    else if ((when & TRANSACTION) && !r->in_mail)
        receiver_say(r, 503, "5.5.1", "MAIL first");
    else if ((when & NO_MAIL) && r->in_mail)
        receiver_say(r, 503, "5.5.1", "in a transaction already");
    else if ((when & ALONE) && span_trim(argument).n)
        receiver_say(r, 501, "5.5.4", "no argument, please");
    else
        return true;
    return false;
}

static void bad_path(struct receiver *r, enum path_fault fault, const char *enhanced)
{
    receiver_say(r, 501, enhanced, path_fault_words(fault));
}

/* The name the peer gives itself; an address literal without its brackets is let pass. */
static bool take_name(struct receiver *r, struct span name)
{
    if (name.n > PATH_DOMAIN_MAX) {
        receiver_say(r, 501, "5.5.4", "domain too long");
        return false;
    }
    bool good = name.n > 0;
    for (size_t i = 0; i < name.n; i++)
        good = good && (ascii_alnum(name.p[i]) || strchr("-_.:[]#", name.p[i]));
    if (!good) {
        receiver_say(r, 501, "5.5.4", "one domain, please");
        return false;
    }
    buf_clear(&r->helo);
    r->failed = r->failed || buf_add_span(&r->helo, name);
    receiver_forget(r);
    r->greeted = true;
    return true;
}

static void helo(struct receiver *r, struct span argument)
{
    if (!take_name(r, span_trim(argument)))
        return;
    r->extended = false;
    receiver_say(r, 250, "", r->options->hostname);
}

/* The parameters that ehlo offers, and those that go without saying. */
static unsigned offered(const struct receiver *r)
{
    unsigned offer = r->options->offer | OFFER_SIZE | OFFER_BODY | OFFER_BINARY | OFFER_UTF8;
    if (r->options->lmtp)
        offer &= ~(unsigned)OFFER_CHECKPOINT;
    return offer | (r->options->auth ? OFFER_AUTH : 0);
}

static void ehlo(struct receiver *r, struct span argument)
{
    const struct receiver_options *o = r->options;
    char text[2048], size[40] = "SIZE";
    if (!take_name(r, span_trim(argument)))
        return;
    r->extended = true;
    if (o->max_size)
        snprintf(size, sizeof size, "SIZE %llu", (unsigned long long)o->max_size);
    snprintf(text, sizeof text,
             "%s\nPIPELINING\n%s\n8BITMIME\nENHANCEDSTATUSCODES\nCHUNKING\nBINARYMIME\n"
             "SMTPUTF8\n%s%s%s%s%s%s%s%s%s%s%s%sHELP",
             o->hostname, size, o->offer & OFFER_DSN ? "DSN\n" : "",
             o->offer & OFFER_BY ? "DELIVERBY\n" : "", o->offer & OFFER_MTRK ? "MTRK\n" : "",
             offered(r) & OFFER_CHECKPOINT ? "CHECKPOINT\n" : "",
             o->no_soliciting ? "NO-SOLICITING " : "", o->no_soliciting ? o->no_soliciting : "",
             o->no_soliciting ? "\n" : "", o->tls_offered && !r->tls ? "STARTTLS\n" : "",
             o->etrn && !o->lmtp ? "ETRN\n" : "", o->turn && !o->lmtp ? "TURN\n" : "",
             o->atrn && !o->lmtp ? "ATRN\n" : "",
             o->auth && r->tls ? "AUTH SCRAM-SHA-256 PLAIN LOGIN\n" : "");
    receiver_say(r, 250, "", text);
}

/* Takes "FROM:" or "TO:" and blanks off the argument. */
static bool take_word(struct span *argument, const char *word)
{
    if (!span_starts_nocase(*argument, span_str(word)))
        return false;
    *argument = span_trim(span_skip(*argument, strlen(word)));
    return true;
}

static bool faulty(struct receiver *r, struct parameter_fault fault)
{
    if (fault.code)
        receiver_say(r, fault.code, fault.enhanced, fault.text);
    return fault.code != 0;
}

/* RFC 3865: one of the classes of the mail is one that we do not want. */
static bool solicits(const struct receiver *r, struct span classes)
{
    struct span refused = span_str(r->options->no_soliciting ? r->options->no_soliciting : "");
    while (classes.n) {
        struct span name = span_take(classes, span_find(classes, ',')), left = refused;
        classes = span_skip(classes, name.n + 1);
        while (left.n) {
            struct span one = span_take(left, span_find(left, ','));
            left = span_skip(left, one.n + 1);
            if (span_eq_nocase(one, name))
                return true;
        }
    }
    return false;
}

static bool ascii_only(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] > 0x7e)
            return false;
    return true;
}

static bool mail_wanted(struct receiver *r, const struct mail_parameters *m, struct span path)
{
    if (r->options->max_size && m->size > r->options->max_size)
        receiver_say(r, 552, "5.3.4", "mail larger than the limit");
    else if (solicits(r, m->solicit))
        receiver_say(r, 550, "5.7.1", "no soliciting, please");
    else if (!m->utf8 && !ascii_only(path))
        receiver_say(r, 553, "5.6.7", "such an address needs SMTPUTF8");
    else
        return true;
    return false;
}

static void transaction(struct receiver *r, struct span argument, enum receiver_verb verb)
{
    struct path path;
    size_t used;
    if (!take_word(&argument, "FROM:")) {
        receiver_say(r, 501, "5.5.4", "FROM:<reverse-path>, please");
        return;
    }
    enum path_fault fault = path_parse(argument, PATH_NULL | PATH_UTF8, &path, &used);
    if (fault) {
        bad_path(r, fault, "5.1.7");
        return;
    }
    struct mail_parameters m;
    if (faulty(r, mail_parameters_parse(span_skip(argument, used), offered(r), &m)) ||
        !mail_wanted(r, &m, path.text))
        return;
    receiver_forget(r);
    r->in_mail = true;
    r->verb = r->event.verb = verb;
    r->mail = m;
    r->by = m.by && m.by_mode == 'R' ? r->now + m.by_seconds : 0;
    r->mail.solicit = span_of(NULL, 0); /* it lies in the command line */
    span_copy(path.text, r->sender, sizeof r->sender);
    r->event.path = path;
    r->event.mail = &r->mail;
    receiver_tell(r, RECEIVER_SENDER, *m.transid != '\0');
    if (!*m.transid)
        receiver_say(r, 250, "2.1.0", "OK");
}

void receiver_resumed(struct receiver *r, unsigned recipients, uint64_t octets, const char *path)
{
    char text[64];
    if (r->phase != RECEIVER_ASKED || r->asked != RECEIVER_SENDER)
        return;
    r->phase = RECEIVER_COMMANDS;
    if (!recipients) {
        receiver_say(r, 250, "2.1.0", "OK");
        return;
    }
    r->resumed = true;
    r->recipients = recipients;
    if (path)
        span_copy(span_str(path), r->recipient, sizeof r->recipient);
    /* RFC 1845 3: the number stands first; so there is no enhanced code. */
    snprintf(text, sizeof text, "%llu is the transaction offset", (unsigned long long)octets);
    receiver_say(r, 355, "", text);
}

static void mail(struct receiver *r, struct span argument)
{
    transaction(r, argument, RECEIVER_MAIL);
}

/* RFC 821 3.4: MAIL's sisters. */
static void sister(struct receiver *r, struct span argument, enum receiver_verb verb)
{
    if (r->options->terminals)
        transaction(r, argument, verb);
    else
        receiver_say(r, 502, "5.5.1", "no terminals here");
}

static void send(struct receiver *r, struct span argument)
{
    sister(r, argument, RECEIVER_SEND);
}

static void soml(struct receiver *r, struct span argument)
{
    sister(r, argument, RECEIVER_SOML);
}

static void saml(struct receiver *r, struct span argument)
{
    sister(r, argument, RECEIVER_SAML);
}

/* u%other@us, other!u@us and "u@other"@us name other hosts in our domain's local part. */
static bool is_local(const struct receiver *r, const struct path *path)
{
    char text[PATH_LOCAL_MAX + 1];
    if (!path_local_text(path, text, sizeof text) || text[strcspn(text, "%!@")])
        return false;
    return path->domain.n ? route_is_ours(r->options->domains, path->domain) : true;
}

static bool too_many(struct receiver *r)
{
    if (r->recipients < r->options->max_recipients)
        return false;
    /* RFC 821's scenario 10 has 552, later ones 452; neither is an error of the peer's. */
    if (r->extended)
        receiver_say_free(r, 452, "4.5.3", "too many recipients");
    else
        receiver_say_free(r, 552, "5.5.3",
                          "Recipient storage full, try again in another transaction");
    return true;
}

static void rcpt(struct receiver *r, struct span argument)
{
    struct path path;
    size_t used;
    if (r->begun || r->resumed) {
        receiver_say(r, 503, "5.5.1",
                     r->begun ? "the mail has begun" : "the recipients are known: DATA, or RSET");
        return;
    }
    if (!take_word(&argument, "TO:")) {
        receiver_say(r, 501, "5.5.4", "RCPT TO:<forward-path>");
        return;
    }
    unsigned utf8 = r->mail.utf8 ? PATH_UTF8 : 0;
    enum path_fault fault = path_parse(argument, PATH_NO_DOMAIN | utf8, &path, &used);
    if (!fault && !path.domain.n && !span_eq_nocase(path.local, span_str("postmaster")))
        fault = PATH_SYNTAX;
    if (fault) {
        bad_path(r, fault, "5.1.3");
        return;
    }
    if (faulty(r, rcpt_parameters_parse(span_skip(argument, used), offered(r), &r->rcpt)) ||
        too_many(r))
        return;
    r->event.local = is_local(r, &path);
    /* Who has logged in may send to everybody: that is what he has logged in for. */
    if (!r->event.local && !r->options->relay && !receiver_identity(r)) {
        r->refused++;
        receiver_say_verdict(r, RECIPIENT_FOREIGN);
        return;
    }
    r->event.path = path;
    r->event.verb = r->verb;
    r->event.rcpt = &r->rcpt;
    receiver_tell(r, RECEIVER_RECIPIENT, true);
}

/* There is somebody to have the mail. */
static bool has_recipients(struct receiver *r)
{
    if (!r->recipients && r->refused)
        receiver_say(r, 554, "5.5.1", "no valid recipients");
    else if (!r->recipients)
        receiver_say(r, 503, "5.5.1", "RCPT first");
    return r->recipients > 0;
}

static void data(struct receiver *r, struct span argument)
{
    (void)argument;
    if (r->begun || r->mail.body == BODY_BINARY)
        receiver_say(r, 503, "5.5.1", "BDAT, not DATA");
    else if (r->resumed && r->in.n)
        receiver_say(r, 503, "5.5.1", "wait for 354"); /* what is kept goes before what comes */
    else if (has_recipients(r))
        receiver_tell(r, RECEIVER_BEGIN, true);
}

/* RFC 3030 2: the octets are behind the line already, and are taken whatever the reply is. */
static void bdat(struct receiver *r, struct span argument)
{
    if (*r->mail.transid) {
        receiver_say(r, 503, "5.5.1", "DATA, not BDAT, with TRANSID");
    } else if (in_order(r, GREETED | TRANSACTION, argument) && has_recipients(r)) {
        r->chunk.answered = false;
        if (!r->begun)
            receiver_tell(r, RECEIVER_BEGIN, true);
    }
}

/* The count of octets; without one nobody knows where the next command begins. */
static bool take_count(struct receiver *r, struct span argument)
{
    struct span count = span_take(argument, span_find(argument, ' '));
    struct span last = span_trim(span_skip(argument, count.n));
    bool good = span_number(count, UINT64_MAX / 2, &r->chunk.left) &&
                (!last.n || span_eq_nocase(last, span_str("LAST")));
    r->chunk.last = last.n > 0;
    r->chunk.pending = r->chunk.answered = true;
    if (!good) {
        receiver_say_free(r, 501, "5.5.4", "BDAT octets [LAST]; closing");
        receiver_close(r);
        return false;
    }
    r->phase = RECEIVER_IN_CHUNK;
    return true;
}

static void rset(struct receiver *r, struct span argument)
{
    (void)argument;
    receiver_forget(r);
    receiver_say(r, 250, "2.0.0", "OK");
}

static void noop(struct receiver *r, struct span argument)
{
    (void)argument;
    receiver_say(r, 250, "2.0.0", "OK");
}

static void quit(struct receiver *r, struct span argument)
{
    char text[300];
    (void)argument;
    snprintf(text, sizeof text, "%s Service closing transmission channel", r->options->hostname);
    receiver_say(r, 221, "2.0.0", text);
    receiver_close(r);
}

static void verify(struct receiver *r, struct span argument, bool expand)
{
    r->event.text = span_trim(argument);
    r->event.expand = expand;
    if (!r->event.text.n)
        receiver_say(r, 501, "5.5.4", "whom");
    else if (r->options->vrfy)
        receiver_tell(r, RECEIVER_VERIFY, true);
    else
        receiver_say(r, 252, "2.5.2", "not told, but mail for it is tried");
}

static void vrfy(struct receiver *r, struct span argument)
{
    verify(r, argument, false);
}

static void expn(struct receiver *r, struct span argument)
{
    verify(r, argument, true);
}

static void starttls(struct receiver *r, struct span argument)
{
    if (!r->options->tls_offered)
        receiver_say(r, 502, "5.5.1", "no TLS here");
    else if (span_trim(argument).n)
        receiver_say(r, 501, "5.5.4", "STARTTLS takes no argument");
    else if (r->tls || !r->greeted)
        receiver_say(r, 503, "5.5.1", r->tls ? "TLS is on" : "EHLO first");
    else if (r->in.n)
        receiver_drop(r, RECEIVER_DROP_EARLY);
    else
        receiver_tell(r, RECEIVER_STARTTLS, true);
}

/* RFC 1985 5.1; of its forms "@domain" and "#queue" name more than one domain's queue. */
static void etrn(struct receiver *r, struct span argument)
{
    if (!r->options->etrn)
        receiver_say(r, 502, "5.5.1", "no ETRN here");
    else if (!argument.n || path_check_domain(argument, 0) || argument.p[0] == '#')
        receiver_say(r, 501, "5.5.4", "ETRN domain");
    else {
        r->event.text = argument;
        receiver_tell(r, RECEIVER_ETRN, true);
    }
}

static void help(struct receiver *r, struct span argument);

static const struct command commands[] = {
    {"HELO", SMTP_ONLY | CLEAR, helo,
     "HELO domain"},
    {"EHLO", SMTP_ONLY | CLEAR, ehlo,
     "EHLO domain"},
    {"LHLO", LMTP_ONLY | CLEAR, ehlo,
     "LHLO domain"},
    {"MAIL", GREETED | NO_MAIL, mail,
     "MAIL FROM:<reverse-path> [parameters]"},
    {"RCPT", GREETED | TRANSACTION, rcpt,
     "RCPT TO:<forward-path> [parameters]"},
    {"DATA", GREETED | TRANSACTION | ALONE, data,
     "DATA, then the mail, ended by a line with a dot alone"},
    {"RSET", IDLE | ALONE, rset,
     "RSET"},
    {"NOOP", IDLE | CLEAR, noop,
     "NOOP [string]"},
    {"QUIT", ALONE | CLEAR, quit,
     "QUIT"},
    {"HELP", IDLE, help,
     "HELP [command]"},
    {"VRFY", IDLE, vrfy,
     "VRFY user"},
    {"EXPN", IDLE, expn,
     "EXPN list"},
    {"STARTTLS", NO_MAIL | CLEAR, starttls,
     "STARTTLS"},
    {"SEND", GREETED | NO_MAIL, send,
     "SEND FROM:<reverse-path>: to the terminal"},
    {"SOML", GREETED | NO_MAIL, soml,
     "SOML FROM:<reverse-path>: to the terminal or mailbox"},
    {"SAML", GREETED | NO_MAIL, saml,
     "SAML FROM:<reverse-path>: to the terminal and mailbox"},
    {"TURN", SMTP_ONLY, turn_command,
     "TURN"},
    {"ATRN", SMTP_ONLY, atrn_command,
     "ATRN [domain,...]"},
    {"ETRN", GREETED | NO_MAIL | IDLE | SMTP_ONLY, etrn,
     "ETRN domain"},
    {"AUTH", GREETED | NO_MAIL, auth_command,
     "AUTH mechanism [initial response]"},
    {"BDAT", OCTETS | CLEAR, bdat,
     "BDAT octets [LAST], then the octets"},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct command *find(const struct receiver *r, struct span verb)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        unsigned not = r->options->lmtp ? SMTP_ONLY : LMTP_ONLY;
        if (!(commands[i].when & not) && span_eq_nocase(verb, span_str(commands[i].name)))
            return &commands[i];
    }
    return NULL;
}

/* What EHLO names, and what RFC 821 has that goes without saying. */
static bool offers(const struct receiver *r, const struct command *c)
{
    const struct receiver_options *o = r->options;
    if (c->act == turn_command)
        return o->turn;
    if (c->act == atrn_command)
        return o->atrn;
    if (c->act == etrn)
        return o->etrn;
    if (c->act == starttls)
        return o->tls_offered && !r->tls;
    if (c->act == auth_command)
        return o->auth && r->tls;
    return (c->act != send && c->act != soml && c->act != saml) || o->terminals;
}

static void help(struct receiver *r, struct span argument)
{
    char text[512] = "";
    size_t n = 0;
    const struct command *asked = find(r, span_trim(argument));
    if (asked) {
        if (offers(r, asked))
            snprintf(text, sizeof text, "%s", asked->usage);
        else
            snprintf(text, sizeof text, "%s is not offered", asked->name);
    } else if (span_trim(argument).n) {
        receiver_say(r, 504, "5.5.4", "no such command");
        return;
    } else {
        for (size_t i = 0; i < COMMANDS; i++)
            if (offers(r, &commands[i]) && find(r, span_str(commands[i].name)))
                n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? " " : "",
                                      commands[i].name);
    }
    receiver_say(r, 214, "2.0.0", text);
}

/* Browsers made to talk to us must not get to say more than their first line. */
static bool is_http(struct span verb)
{
    static const char *const verbs[] = {"GET",     "HEAD",  "POST",  "PUT", "DELETE",
                                        "CONNECT", "TRACE", "PATCH", "PRI", "OPTIONS"};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (span_eq_nocase(verb, span_str(verbs[i])))
            return true;
    return false;
}

void commands_run(struct receiver *r, struct span line)
{
    struct span verb = span_take(line, span_find(line, ' '));
    struct span argument = span_trim(span_skip(line, verb.n));
    const struct command *c = find(r, verb);
    bool first = !r->spoken;
    r->spoken = true;
    if (first && !c && is_http(verb)) {
        receiver_say_free(r, 554, "5.5.1", "this is not a web server");
        receiver_close(r);
        return;
    }
    if (r->options->no_mail && (!c || c->act != quit)) {
        receiver_say(r, 521, "5.3.2", "no mail is taken here");
        return;
    }
    if (!c) {
        receiver_say(r, 500, "5.5.2", "no such command");
        return;
    }
    if ((c->when & IDLE) && ++r->idle >= RECEIVER_IDLE_MAX) {
        receiver_say_free(r, 421, "4.7.0", "too many commands without mail");
        receiver_close(r);
        return;
    }
    if (c->when & OCTETS && !take_count(r, argument))
        return;
    if (in_order(r, c->when, argument))
        c->act(r, argument);
}
