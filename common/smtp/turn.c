#include "smtp/turn.h"

#include "smtp/commands.h"

/* Who the peer is, as far as that is sure; NULL: nobody knows. */
static const char *identity(const struct receiver *r)
{
    return r->options->trusted ? r->options->trusted : r->tls ? receiver_identity(r) : NULL;
}

/* What holds for both; false, and a reply has been given, where they are out of order. */
static bool in_order(struct receiver *r)
{
    if (!r->greeted)
        receiver_say(r, 503, "5.5.1", "HELO or EHLO first");
    else if (r->in_mail)
        receiver_say(r, 503, "5.5.1", "in a transaction already");
    else if (r->in.n)
        receiver_drop(r, RECEIVER_DROP_EARLY);
    else
        return true;
    return false;
}

static void ask(struct receiver *r, struct span domains, bool atrn)
{
    r->atrn = atrn;
    r->event.text = domains;
    r->event.name = identity(r);
    receiver_tell(r, RECEIVER_TURN, true);
}

void turn_command(struct receiver *r, struct span argument)
{
    if (!r->options->turn)
        receiver_say(r, 502, "5.5.1", "not implemented");
    else if (argument.n)
        receiver_say(r, 501, "5.5.4", "no argument, please");
    else if (!identity(r))
        receiver_say(r, 502, "5.7.0", "only after a log-in under TLS");
    else if (in_order(r))
        ask(r, span_of(NULL, 0), false);
}

/* Names with commas between. */
static bool is_list(struct span s)
{
    while (s.n) {
        struct span one = span_take(s, span_find(s, ','));
        bool more = one.n < s.n;
        s = span_skip(s, one.n + 1);
        if (path_check_domain(span_trim(one), 0) || (more && !s.n))
            return false;
    }
    return true;
}

void atrn_command(struct receiver *r, struct span argument)
{
    if (!r->options->atrn)
        receiver_say(r, 502, "5.5.1", "not implemented");
    else if (!identity(r))
        receiver_say(r, 530, "5.7.0", "authentication required");
    else if (!is_list(argument))
        receiver_say(r, 501, "5.5.4", "ATRN domain,domain");
    else if (in_order(r))
        ask(r, argument, true);
}

void receiver_turned(struct receiver *r, unsigned code)
{
    if (r->phase != RECEIVER_ASKED || r->asked != RECEIVER_TURN)
        return;
    r->phase = RECEIVER_COMMANDS;
    if (code == 250 || (code == 453 && !r->atrn)) {
        receiver_say(r, 250, "2.0.0", "OK, now reversing the connection");
        r->phase = RECEIVER_REVERSED;
    } else if (code == 453) {
        receiver_say(r, 453, "4.0.0", "you have no mail");
    } else if (code == 450) {
        receiver_say(r, r->atrn ? 450 : 502, r->atrn ? "4.7.0" : "5.7.0",
                     r->atrn ? "request refused: not all of these are yours"
                             : "no domain is yours");
    } else {
        receiver_say(r, 451, "4.3.0", "cannot look into the queue now");
    }
}
