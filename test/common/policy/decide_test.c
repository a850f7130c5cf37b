/*
 * The whole table: every combination of the columns that decide, kind, sender row, where the mail
 * waits, what makes us look, spool full or not, and an encryption row or none. The expectations
 * are written again here from the rules' sentences, not from decide's own flow.
 */
#include "policy/decide.h"

#include "check.h"

static struct user row(void)
{
    struct user u;
    user_defaults(&u);
    CHECK_INT(user_set(&u, &user_columns[0], span_str("12"), NULL), ERR_NONE);
    CHECK_INT(user_set(&u, user_column(span_str("login")), span_str("alice"), NULL), ERR_NONE);
    return u;
}

static bool has_step(const struct decision *d, const char *step)
{
    for (int i = 0; i < d->steps; i++)
        if (strcmp(d->step[i].step, step) == 0)
            return true;
    return false;
}

static bool is_taken(const struct decision *d)
{
    return d->action == ACTION_PRINT || d->action == ACTION_HOLD || d->action == ACTION_FOLLOW;
}

/* The sentences of the rules that hold for every mail. */
static bool sentences_hold(const struct mail_case *c, const struct decision *d)
{
    const struct user *u = c->user;
    const struct sender_rule *r = c->rule;
    bool print = r && r->auto_print >= 0 ? r->auto_print : u->auto_print;
    bool text = r && r->text_mail >= 0 ? r->text_mail : u->text_mail;
    bool looked = c->occasion == OCCASION_MANUAL ||
                  (c->occasion == OCCASION_SENT ? u->check_on_send : u->auto_receive);
    bool by_hand_from_new = c->source == SOURCE_PUSHED && c->occasion == OCCASION_MANUAL;
    bool confidential = u->auto_receive && !print;
    bool stays = !looked || (r && r->refuse) ||
                 (c->kind == KIND_TEXT && !text && !by_hand_from_new);
    bool waits = !stays && confidential && c->spool_full && c->source == SOURCE_POLLED;
    bool passed = u->follow[0] && u->auto_receive && (!confidential || c->can_encrypt);
    enum mail_action want = stays    ? looked && r && r->refuse ? ACTION_REFUSE : ACTION_STAY
                            : waits  ? ACTION_WAIT
                            : passed ? ACTION_FOLLOW
                            : confidential ? ACTION_HOLD
                                           : ACTION_PRINT;
    return d->action == want &&
           /* never printed before its time when held; never downloaded when it must stay */
           (!confidential || d->action != ACTION_PRINT) && (!stays || !is_taken(d)) &&
           /* what is confidential is passed on only encrypted */
           (d->action != ACTION_FOLLOW || !confidential || (d->encrypt && c->can_encrypt)) &&
           (d->action != ACTION_HOLD || (d->days == u->days && d->notice == u->notice &&
                                         d->on_expiry == u->on_expiry)) &&
           (d->action == ACTION_HOLD || d->days == 0) &&
           /* kept on a server only when the column says so, and only what is downloaded */
           (!d->keep || (u->keep && is_taken(d) && c->source == SOURCE_POLLED)) &&
           (!is_taken(d) || c->source != SOURCE_POLLED || d->keep == u->keep) &&
           /* explain names the steps that were gone through */
           has_step(d, "S21") && has_step(d, "S26") == is_taken(d) &&
           has_step(d, "S29") == (d->action == ACTION_HOLD) && d->steps < STEPS_MAX;
}

static const struct sender_rule rules[] = {
    {-1, -1, true}, {0, -1, false}, {1, -1, false}, {-1, 0, false}, {-1, 1, false},
    {1, 1, false},  {0, 0, false},  {1, 1, true},
};
enum { RULES = sizeof rules / sizeof *rules };

static long cases, wrong;

static void one_user(const struct user *u)
{
    for (unsigned bits = 0; bits < (RULES + 1) * 3 * 2 * 3 * 4; bits++) {
        unsigned n = bits;
        struct mail_case c = {.user = u};
        unsigned rule = n % (RULES + 1);
        n /= RULES + 1;
        c.rule = rule ? &rules[rule - 1] : NULL;
        c.kind = (enum mail_kind)(n % 3);
        n /= 3;
        c.source = n % 2 ? SOURCE_PUSHED : SOURCE_POLLED;
        n /= 2;
        c.occasion = (enum mail_occasion)(n % 3);
        n /= 3;
        c.spool_full = n & 1;
        c.can_encrypt = n & 2;
        struct decision d;
        decide(&c, &d);
        cases++;
        if (!sentences_hold(&c, &d) && wrong++ < 5)
            printf("# receive %d print %d check %d text %d keep %d follow %d, rule %u kind %d "
                   "source %d occasion %d full %d encrypt %d: %s\n",
                   u->auto_receive, u->auto_print, u->check_on_send, u->text_mail, u->keep,
                   u->follow[0] != 0, rule, c.kind, c.source, c.occasion, c.spool_full,
                   c.can_encrypt, action_name(d.action));
    }
}

static void the_whole_table(void)
{
    for (unsigned bits = 0; bits < 64 * 9; bits++) {
        struct user u = row();
        u.auto_receive = bits & 1;
        u.auto_print = bits & 2;
        u.check_on_send = bits & 4;
        u.text_mail = bits & 8;
        u.keep = bits & 16;
        if (bits & 32)
            snprintf(u.follow, sizeof u.follow, "a@away.example");
        u.notice = (int)(bits / 64 % 3);
        u.on_expiry = (int)(bits / 192);
        u.days = 1 + (int)(bits % 31);
        one_user(&u);
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(cases, 64L * 9 * (RULES + 1) * 3 * 2 * 3 * 4);
}

static void who_prints_at_once_is_first(void)
{
    struct user u = row();
    CHECK_INT(user_priority(&u), 2);
    u.auto_print = true;
    CHECK_INT(user_priority(&u), 2);
    u.auto_receive = true;
    CHECK_INT(user_priority(&u), 0);
    u.auto_print = false;
    CHECK_INT(user_priority(&u), 1);
}

static void a_full_spool_admits_only_who_prints_at_once(void)
{
    static const struct sender_rule prints = {1, -1, false}, holds = {0, -1, false},
                                    refused = {-1, -1, true};
    for (int bits = 0; bits < 4; bits++) {
        struct user u = row();
        u.auto_receive = bits & 1;
        u.auto_print = bits & 2;
        CHECK_INT(decide_admission(&u, NULL, false), ADMIT);
        CHECK_INT(decide_admission(&u, NULL, true), bits == 3 ? ADMIT : ADMIT_LATER);
        CHECK_INT(decide_admission(&u, &prints, true), bits & 1 ? ADMIT : ADMIT_LATER);
        CHECK_INT(decide_admission(&u, &holds, true), ADMIT_LATER);
        CHECK_INT(decide_admission(&u, &refused, false), ADMIT_REFUSE);
    }
}

static int match(const char *pattern, const char *address)
{
    return sender_match(span_str(pattern), span_str(address));
}

static void senders_match_by_how_particular_they_are(void)
{
    CHECK_INT(match("a@B.example", "A@b.example"), 3);
    CHECK_INT(match("@b.example", "a@B.example"), 1);
    CHECK_INT(match("@b.example", "a@sub.b.example"), 0);
    CHECK_INT(match("@b.example", "a@b.example@c.example"), 0);
    CHECK_INT(match("+81751", "FAX=+81-751/T33S=3@gw.example"), 2);
    CHECK_INT(match("+81751", "fax=+817519@gw.example"), 0);
    CHECK_INT(match("+81751", "+81751@gw.example"), 0);
    CHECK_INT(match("<>", ""), 3);
    CHECK_INT(match("<>", "a@b"), 0);
    CHECK_INT(match("", ""), 0);
    CHECK_INT(match("@b", "a"), 0);
}

static void patterns_have_a_normal_form(void)
{
    char out[USER_ADDRESS_MAX + 1];
    CHECK(sender_pattern(span_str(" a@b.example "), out, sizeof out));
    CHECK_STR(out, "a@b.example");
    CHECK(sender_pattern(span_str("+49 (30) 12-3"), out, sizeof out));
    CHECK_STR(out, "+4930123");
    CHECK(sender_pattern(span_str("@b.example"), out, sizeof out));
    CHECK(sender_pattern(span_str("<>"), out, sizeof out));
    CHECK(!sender_pattern(span_str(""), out, sizeof out));
    CHECK(!sender_pattern(span_str("@"), out, sizeof out));
    CHECK(!sender_pattern(span_str("a b@c"), out, sizeof out));
    CHECK(!sender_pattern(span_str("nobody"), out, sizeof out));
}

int main(void)
{
    RUN(the_whole_table);
    RUN(who_prints_at_once_is_first);
    RUN(a_full_spool_admits_only_who_prints_at_once);
    RUN(senders_match_by_how_particular_they_are);
    RUN(patterns_have_a_normal_form);
    return check_done();
}
