#include "smtp/commands.h"

#include "smtp/reply.h"

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
};

struct command {
    const char *name;
    unsigned when;
    void (*act)(struct receiver *r, struct span argument);
};

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

static void ehlo(struct receiver *r, struct span argument)
{
    char text[1024], size[40] = "SIZE";
    if (!take_name(r, span_trim(argument)))
        return;
    r->extended = true;
    if (r->options->max_size)
        snprintf(size, sizeof size, "SIZE %llu", (unsigned long long)r->options->max_size);
    snprintf(text, sizeof text, "%s\nPIPELINING\n%s\n8BITMIME\nENHANCEDSTATUSCODES\n%sHELP",
             r->options->hostname, size,
             r->options->tls_offered && !r->tls ? "STARTTLS\n" : "");
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

/* The next "KEYWORD[=value]" of the parameters; false at their end. */
static bool next_parameter(struct span *left, struct span *key, struct span *value)
{
    *left = span_trim(*left);
    if (!left->n)
        return false;
    struct span word = span_take(*left, span_find(*left, ' '));
    *left = span_skip(*left, word.n);
    *key = span_take(word, span_find(word, '='));
    *value = span_skip(word, key->n + 1);
    return true;
}

static bool size_parameter(struct receiver *r, struct span value)
{
    uint64_t size;
    if (!span_number(value, UINT64_MAX / 2, &size))
        receiver_say(r, 501, "5.5.4", "SIZE is not a number");
    else if (r->options->max_size && size > r->options->max_size)
        receiver_say(r, 552, "5.3.4", "mail larger than the limit");
    else
        return true;
    return false;
}

static bool body_parameter(struct receiver *r, struct span value)
{
    if (span_eq_nocase(value, span_str("7BIT")) || span_eq_nocase(value, span_str("8BITMIME")))
        return true;
    receiver_say(r, 504, "5.5.4", "BODY is 7BIT or 8BITMIME");
    return false;
}

static bool mail_parameters(struct receiver *r, struct span left)
{
    struct span key, value;
    if (left.n && left.p[0] != ' ') {
        receiver_say(r, 501, "5.5.4", "blank missing behind the path");
        return false;
    }
    while (next_parameter(&left, &key, &value)) {
        if (span_eq_nocase(key, span_str("SIZE"))) {
            if (!size_parameter(r, value))
                return false;
        } else if (span_eq_nocase(key, span_str("BODY"))) {
            if (!body_parameter(r, value))
                return false;
        } else {
            receiver_say(r, 555, "5.5.4", "unknown parameter");
            return false;
        }
    }
    return true;
}

static void mail(struct receiver *r, struct span argument)
{
    struct path path;
    size_t used;
    if (!take_word(&argument, "FROM:")) {
        receiver_say(r, 501, "5.5.4", "MAIL FROM:<reverse-path>");
        return;
    }
    enum path_fault fault = path_parse(argument, PATH_NULL, &path, &used);
    if (fault) {
        bad_path(r, fault, "5.1.7");
        return;
    }
    if (!mail_parameters(r, span_skip(argument, used)))
        return;
    receiver_forget(r);
    r->in_mail = true;
    span_copy(path.text, r->sender, sizeof r->sender);
    r->event.path = path;
    receiver_tell(r, RECEIVER_SENDER, false);
    receiver_say(r, 250, "2.1.0", "OK");
}

static bool our_domain(const struct receiver *r, struct span domain)
{
    for (const char *const *d = r->options->domains; *d; d++)
        if (span_eq_nocase(domain, span_str(*d)))
            return true;
    return false;
}

/* u%other@us, other!u@us and "u@other"@us name other hosts in our domain's local part. */
static bool is_local(const struct receiver *r, const struct path *path)
{
    char text[PATH_LOCAL_MAX + 1];
    if (!path_local_text(path, text, sizeof text) || text[strcspn(text, "%!@")])
        return false;
    return path->domain.n ? our_domain(r, path->domain) : true;
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
    if (!take_word(&argument, "TO:")) {
        receiver_say(r, 501, "5.5.4", "RCPT TO:<forward-path>");
        return;
    }
    enum path_fault fault = path_parse(argument, PATH_NO_DOMAIN, &path, &used);
    if (!fault && !path.domain.n && !span_eq_nocase(path.local, span_str("postmaster")))
        fault = PATH_SYNTAX;
    if (fault) {
        bad_path(r, fault, "5.1.3");
        return;
    }
    struct span rest = span_skip(argument, used);
    if (rest.n) {
        receiver_say(r, rest.p[0] == ' ' ? 555 : 501, "5.5.4", "unknown parameter");
        return;
    }
    if (too_many(r))
        return;
    r->event.local = is_local(r, &path);
    if (!r->event.local && !r->options->relay) {
        r->refused++;
        receiver_say_verdict(r, RECIPIENT_FOREIGN);
        return;
    }
    r->event.path = path;
    receiver_tell(r, RECEIVER_RECIPIENT, true);
}

static void data(struct receiver *r, struct span argument)
{
    (void)argument;
    if (r->recipients)
        receiver_tell(r, RECEIVER_BEGIN, true);
    else if (r->refused)
        receiver_say(r, 554, "5.5.1", "no valid recipients");
    else
        receiver_say(r, 503, "5.5.1", "RCPT first");
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

static void not_implemented(struct receiver *r, struct span argument)
{
    (void)argument;
    receiver_say(r, 502, "5.5.1", "not implemented");
}

static void help(struct receiver *r, struct span argument);

static const struct command commands[] = {
    {"HELO", SMTP_ONLY | CLEAR, helo},
    {"EHLO", SMTP_ONLY | CLEAR, ehlo},
    {"LHLO", LMTP_ONLY | CLEAR, ehlo},
    {"MAIL", GREETED | NO_MAIL, mail},
    {"RCPT", GREETED | TRANSACTION, rcpt},
    {"DATA", GREETED | TRANSACTION | ALONE, data},
    {"RSET", IDLE | ALONE, rset},
    {"NOOP", IDLE | CLEAR, noop},
    {"QUIT", ALONE | CLEAR, quit},
    {"HELP", IDLE, help},
    {"VRFY", IDLE, vrfy},
    {"EXPN", IDLE, expn},
    {"STARTTLS", NO_MAIL | CLEAR, starttls},
    {"SEND", ANY, not_implemented},
    {"SOML", ANY, not_implemented},
    {"SAML", ANY, not_implemented},
    {"TURN", ANY, not_implemented},
    {"ATRN", ANY, not_implemented},
    {"ETRN", ANY, not_implemented},
    {"AUTH", ANY, not_implemented},
    {"BDAT", ANY, not_implemented},
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

static void help(struct receiver *r, struct span argument)
{
    char text[512] = "";
    size_t n = 0;
    const struct command *asked = find(r, span_trim(argument));
    if (asked) {
        snprintf(text, sizeof text, "%s is %s", asked->name,
                 asked->act == not_implemented ? "not implemented" : "understood here");
    } else if (span_trim(argument).n) {
        receiver_say(r, 504, "5.5.4", "no such command");
        return;
    } else {
        for (size_t i = 0; i < COMMANDS; i++)
            if (commands[i].act != not_implemented && find(r, span_str(commands[i].name)))
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
    if (!c) {
        receiver_say(r, 500, "5.5.2", "no such command");
        return;
    }
    if ((c->when & IDLE) && ++r->idle >= RECEIVER_IDLE_MAX) {
        receiver_say_free(r, 421, "4.7.0", "too many commands without mail");
        receiver_close(r);
        return;
    }
    if (in_order(r, c->when, argument))
        c->act(r, argument);
}
