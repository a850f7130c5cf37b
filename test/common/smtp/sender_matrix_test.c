/*
 * Every 4yz and 5yz at every step of a dialogue, in every way of having it: with PIPELINING, one
 * command at a time, by BDAT, in LMTP; and the connection gone behind every byte of every reply.
 * The receiver here is an honest one but for its one fault. Each case is a whole dialogue: a mail
 * for three with the fault in it, then another mail, which all must get wherever it is reached.
 */
#include "check.h"
#include "smtp/sender.h"

enum step { GREETING, EHLO, HELO, RSET, MAIL, RCPT, DATA = RCPT + 3, BDAT, CONTENT, QUIT = CONTENT + 3, STEPS, NOWHERE };

static const char *const ways[] = {"x\r\n250 8BITMIME", "x\r\n250-PIPELINING\r\n250 DSN",
                                   "x\r\n250-CHUNKING\r\n250 PIPELINING", "x\r\n250 CHUNKING"};
enum { WAYS = sizeof ways / sizeof *ways, RECIPIENTS = 3 };

static const char *const to[RECIPIENTS] = {"a@x", "b@x", "c@x"};
static const char text[] = "Subject: x\n\n.dot\n";

/* The fault: at its step, the first time, this is said instead. */
static struct {
    enum step step;
    unsigned code;
    const char *enhanced;
    bool second_line;
    bool done;
} fault;

/* What each recipient is told at RCPT, and in LMTP at the end, where it is not 0. */
static unsigned told[RECIPIENTS], told_last[RECIPIENTS];

/* The receiver. */
static struct {
    const char *way;
    bool lmtp, taken, in_data, in_chunk, last;
    bool rcpt[RECIPIENTS];
    char line[600];
    size_t n, left;
    char out[8192];
    size_t out_n;
    unsigned mails; /* wholly received */
    size_t said; /* bytes of replies that the sender has */
} r;

static struct sender s;

static void say(enum step step, const char *good)
{
    bool bad = step == fault.step && !fault.done;
    char *at = r.out + r.out_n;
    size_t room = sizeof r.out - r.out_n;
    if (!bad)
        r.out_n += (size_t)snprintf(at, room, "%s\r\n", good);
    else if (fault.second_line)
        r.out_n += (size_t)snprintf(at, room, "%u-%s no\r\n%u %s really\r\n", fault.code,
                                    fault.enhanced, fault.code, fault.enhanced);
    else
        r.out_n += (size_t)snprintf(at, room, "%u %s no\r\n", fault.code, fault.enhanced);
    fault.done |= bad;
}

/* Whether that step was answered well just now. */
static bool answer(enum step step, const char *good)
{
    bool bad = step == fault.step && !fault.done;
    say(step, good);
    return !bad;
}

static size_t recipients(void)
{
    return (size_t)r.rcpt[0] + r.rcpt[1] + r.rcpt[2];
}

static const char *word(unsigned code)
{
    static char line[40];
    snprintf(line, sizeof line, "%u said", code);
    return line;
}

static void verdicts(void)
{
    r.mails += recipients() > 0;
    if (!r.lmtp) {
        say(CONTENT, "250 taken");
    } else {
        for (int i = 0; i < RECIPIENTS; i++)
            if (r.rcpt[i])
                say(CONTENT + (enum step)i, told_last[i] ? word(told_last[i]) : "250 taken");
    }
    memset(r.rcpt, 0, sizeof r.rcpt);
    r.taken = false;
}

static void command(void)
{
    char *line = r.line;
    line[strcspn(line, "\r\n")] = '\0';
    if (strncmp(line, r.lmtp ? "LHLO" : "EHLO", 4) == 0) {
        char good[200];
        snprintf(good, sizeof good, "250-%s", r.way);
        say(EHLO, good);
    } else if (strncmp(line, "HELO", 4) == 0) {
        say(HELO, "250 x");
    } else if (strcmp(line, "RSET") == 0) {
        memset(r.rcpt, 0, sizeof r.rcpt);
        say(RSET, "250 reset");
    } else if (strncmp(line, "MAIL", 4) == 0) {
        memset(r.rcpt, 0, sizeof r.rcpt);
        r.taken = answer(MAIL, "250 from him");
    } else if (strncmp(line, "RCPT", 4) == 0) {
        int i = line[9] - 'a';
        if (!r.taken)
            say(STEPS, "503 no MAIL");
        else
            r.rcpt[i] = answer(RCPT + (enum step)i, told[i] ? word(told[i]) : "250 to him") &&
                        (!told[i] || told[i] < 300);
    } else if (strcmp(line, "DATA") == 0) {
        if (!recipients())
            say(STEPS, "554 nobody");
        else
            r.in_data = answer(DATA, "354 go");
    } else if (strncmp(line, "BDAT", 4) == 0) {
        r.left = strtoul(line + 5, NULL, 10);
        r.last = strstr(line, " LAST") != NULL;
        r.in_chunk = true;
    } else {
        CHECK_STR(line, "QUIT");
        say(QUIT, "221 bye");
    }
}

static void octet(char c)
{
    if (r.in_chunk) {
        if (--r.left == 0) {
            r.in_chunk = false;
            CHECK(r.last);
            if (!recipients())
                say(STEPS, "503 nobody");
            else if (r.lmtp) /* RFC 2033 4.2: one for each at the end, and here all is one chunk */
                verdicts();
            else if (answer(BDAT, "")) {
                r.out_n -= 2;
                verdicts();
            }
        }
        return;
    }
    CHECK(r.n + 1 < sizeof r.line);
    r.line[r.n++] = c;
    r.line[r.n] = '\0';
    if (c != '\n')
        return;
    if (!r.in_data) {
        command();
    } else if (strcmp(r.line, ".\r\n") == 0) {
        r.in_data = false;
        verdicts();
    }
    r.n = 0;
}

/* Until the sender is ready for a mail, or over. cut: so many bytes of replies come, and no more. */
static enum sender_event converse(const char *content, size_t step, size_t cut)
{
    for (;;) {
        enum sender_event e = sender_next(&s);
        if (e == SENDER_WRITE) {
            struct span out = sender_output(&s);
            for (size_t i = 0; i < out.n; i++)
                octet((char)out.p[i]);
            sender_written(&s);
        } else if (e == SENDER_CONTENT && content) {
            CHECK_INT(sender_content(&s, span_str(content)), ERR_NONE);
            content = NULL;
        } else if (e == SENDER_CONTENT) {
            CHECK_INT(sender_content_end(&s), ERR_NONE);
        } else if (e != SENDER_READ) {
            return e;
        } else if (!r.out_n || r.said == cut) {
            CHECK(cut != SIZE_MAX); /* it waits for what nobody will say */
            sender_lost(&s, ERR_AGAIN, "gone");
        } else {
            size_t n = r.out_n < step ? r.out_n : step;
            n = n < cut - r.said ? n : cut - r.said;
            sender_push(&s, span_of(r.out, n));
            memmove(r.out, r.out + n, r.out_n - n);
            r.out_n -= n;
            r.said += n;
        }
    }
}

/* What the fault makes of a recipient: RFC 5321 4.2, and smtp/verdict.h for the special ones. */
static enum err class_of(bool to_rcpt)
{
    bool silent = !*fault.enhanced;
    if (fault.code < 500)
        return ERR_AGAIN;
    if (fault.code == 530 || (fault.code >= 534 && fault.code <= 538))
        return ERR_AUTH;
    if (fault.code == 550 && (silent ? to_rcpt : fault.enhanced[2] == '1'))
        return ERR_NO_USER;
    if (fault.code == 552 && to_rcpt && silent)
        return ERR_AGAIN;
    return ERR_UNAVAILABLE;
}

/* The fault ends the whole dialogue. */
static bool ends_all(void)
{
    if (fault.code == 421)
        return fault.step != QUIT;
    switch (fault.step) {
    case GREETING:
    case HELO:
    case RSET:
        return true;
    case EHLO:
        return fault.code < 500 || r.lmtp;
    default:
        return false;
    }
}

/* So it must go with recipient i of the mail that the fault is in. */
static enum err fate(int i)
{
    enum step step = fault.step;
    bool to_rcpt = step >= RCPT && step < RCPT + RECIPIENTS;
    if (!fault.done || step == QUIT || (step == EHLO && !ends_all()))
        return ERR_NONE;
    if (fault.code == 421) /* who was settled before it stays so */
        return r.lmtp && step >= CONTENT && i < (int)(step - CONTENT) ? ERR_NONE : ERR_AGAIN;
    if (to_rcpt)
        return i == (int)(step - RCPT) ? class_of(true) : ERR_NONE;
    if (r.lmtp && step >= CONTENT)
        return i == (int)(step - CONTENT) ? class_of(false) : ERR_NONE;
    return class_of(false);
}

static struct sender_result results[RECIPIENTS];
static struct sender_mail mail;

static enum sender_event one_mail(size_t step, size_t cut)
{
    memset(results, 0, sizeof results);
    mail = (struct sender_mail){.from = "me@y", .recipients = to, .count = RECIPIENTS,
                                .results = results, .size = sizeof text - 1 + 3};
    CHECK_INT(sender_mail(&s, &mail, NULL), ERR_NONE);
    return converse(text, step, cut);
}

static enum sender_event begin(const char *way, bool lmtp, size_t step, size_t cut)
{
    memset(&r, 0, sizeof r);
    r.way = way;
    r.lmtp = lmtp;
    fault.done = false;
    CHECK_INT(sender_init(&s, lmtp, "me.example", NULL), ERR_NONE);
    say(GREETING, "220 x");
    return converse(NULL, step, cut);
}

static void check_mail(enum err want(int))
{
    for (int i = 0; i < RECIPIENTS; i++) {
        CHECK(results[i].settled);
        CHECK_INT(results[i].err, want(i));
        CHECK(results[i].err == ERR_NONE || results[i].code == fault.code);
    }
}

static enum err taken(int i)
{
    (void)i;
    return ERR_NONE;
}

/* One dialogue with the fault in it. */
static void play(const char *way, bool lmtp, size_t step)
{
    enum sender_event e = begin(way, lmtp, step, SIZE_MAX);
    if (e == SENDER_READY && fault.step == RSET) {
        /* RSET is said after a mail that failed. */
        struct sender_result *all = results;
        unsigned code = fault.code;
        const char *enhanced = fault.enhanced;
        fault.step = MAIL;
        fault.code = 450;
        fault.enhanced = "";
        e = one_mail(step, SIZE_MAX);
        CHECK(e == SENDER_READY && all[0].err == ERR_AGAIN && all[2].code == 450);
        fault.step = RSET;
        fault.code = code;
        fault.enhanced = enhanced;
        fault.done = false;
    }
    if (e == SENDER_READY) {
        e = one_mail(step, SIZE_MAX);
        check_mail(fate);
    }
    CHECK_INT(e == SENDER_CLOSED, fault.done && ends_all());
    if (e == SENDER_CLOSED)
        CHECK_INT(s.err, fault.code == 421 ? ERR_AGAIN : class_of(false));
    if (e == SENDER_READY) {
        unsigned before = r.mails;
        e = one_mail(step, SIZE_MAX);
        if (fault.step != RSET || !fault.done)
            check_mail(taken);
        CHECK_INT(r.mails, before + 1);
        sender_quit(&s);
        CHECK_INT(converse(NULL, step, SIZE_MAX), SENDER_CLOSED);
        CHECK_INT(s.err, ERR_NONE);
    }
    sender_release(&s);
}

static void every_refusal_at_every_step(void)
{
    static const char *const enhanced[2][3] = {{"", "4.1.1", "4.7.1"}, {"", "5.1.1", "5.7.1"}};
    unsigned steps = 0;
    for (unsigned way = 0; way < 2 * WAYS; way++)
        for (enum step step = GREETING; step < STEPS; step++)
            for (fault.code = 400; fault.code < 600; fault.code++)
                for (int e = 0; e < 3; e++) {
                    fault.step = step;
                    fault.enhanced = enhanced[fault.code / 500][e];
                    fault.second_line = e == 1;
                    play(ways[way / 2], way % 2, fault.code % 2 ? 1 : SIZE_MAX);
                    steps += fault.done && fault.code == 400 && !e;
                }
    /* Each step came up wherever it exists: greeting, hello, MAIL, three RCPT, RSET and QUIT in
     * all eight ways, DATA in half of them, BDAT in SMTP's two, one verdict in SMTP and three in
     * LMTP; HELO has a test of its own. */
    CHECK_INT(steps, 8 * 8 + 4 + 2 + 4 * (1 + 3));
}

static void helo_refused(void)
{
    for (fault.code = 400; fault.code < 600; fault.code++) {
        fault.step = HELO;
        fault.enhanced = "";
        fault.second_line = false;
        CHECK_INT(sender_init(&s, false, "me.example", NULL), ERR_NONE);
        memset(&r, 0, sizeof r);
        fault.done = false;
        r.way = ways[0];
        sender_push(&s, span_str("220 x\r\n"));
        while (sender_next(&s) == SENDER_WRITE)
            sender_written(&s);
        sender_push(&s, span_str("500 what\r\n"));
        CHECK_INT(converse(NULL, 1, SIZE_MAX), SENDER_CLOSED);
        CHECK(fault.done);
        CHECK_INT(s.err, fault.code == 421 ? ERR_AGAIN : class_of(false));
        CHECK_INT(s.failure.code, fault.code);
        sender_release(&s);
    }
}

static enum err own_fate(int i)
{
    return told[i] == 450 || told_last[i] == 452 ? ERR_AGAIN
           : told[i] == 550                      ? ERR_NO_USER
           : told_last[i] == 554                 ? ERR_UNAVAILABLE
                                                 : ERR_NONE;
}

/* Taken, forwarded, put off and refused recipients in every mixture, and in LMTP again at the end. */
static void each_recipient_has_his_own_fate(void)
{
    static const unsigned first[] = {0, 251, 450, 550}, last[] = {0, 452, 554};
    fault.step = NOWHERE;
    for (unsigned way = 0; way < 2 * WAYS; way++)
        for (unsigned mix = 0; mix < 64 * (way % 2 ? 27 : 1); mix++) {
            unsigned some = 0;
            for (unsigned i = 0, m = mix, l = mix / 64; i < RECIPIENTS; i++, m /= 4, l /= 3) {
                told[i] = first[m % 4];
                told_last[i] = told[i] < 300 ? last[l % 3] : 0;
                some += told[i] < 300;
            }
            CHECK_INT(begin(ways[way / 2], way % 2, mix % 2 ? 1 : SIZE_MAX, SIZE_MAX), SENDER_READY);
            CHECK_INT(one_mail(SIZE_MAX, SIZE_MAX), SENDER_READY);
            for (int i = 0; i < RECIPIENTS; i++) {
                CHECK(results[i].settled);
                CHECK_INT(results[i].err, own_fate(i));
                unsigned code = told[i] >= 300 ? told[i] : told_last[i] ? told_last[i] : 250;
                CHECK_INT(results[i].code, code);
            }
            CHECK_INT(r.mails, some > 0);
            memset(told, 0, sizeof told);
            memset(told_last, 0, sizeof told_last);
            CHECK_INT(one_mail(SIZE_MAX, SIZE_MAX), SENDER_READY);
            check_mail(taken);
            sender_release(&s);
        }
}

/* The connection goes behind the nth byte of all replies: whoever was not answered for by then is
 * to be tried again, and nobody else. */
static void gone_behind_every_byte(void)
{
    fault.step = NOWHERE;
    fault.done = true;
    for (unsigned way = 0; way < 2 * WAYS; way++) {
        bool lmtp = way % 2;
        size_t whole = 0;
        for (size_t cut = 0; !whole || cut < whole; cut++) {
            size_t limit = whole ? cut : SIZE_MAX;
            enum sender_event e = begin(ways[way / 2], lmtp, SIZE_MAX, limit);
            if (e == SENDER_READY)
                e = one_mail(SIZE_MAX, limit);
            if (!whole) {
                CHECK_INT(e, SENDER_READY);
                whole = r.said;
                cut = (size_t)-1;
            } else if (results[0].settled) {
                CHECK_INT(e, SENDER_CLOSED);
                for (int i = 0; i < RECIPIENTS; i++) {
                    /* In LMTP the verdicts are the last three replies, "250 taken" each. */
                    size_t answered_at = whole - (lmtp ? (size_t)(2 - i) * 11 : 0);
                    CHECK_INT(results[i].err, cut >= answered_at ? ERR_NONE : ERR_AGAIN);
                }
            }
            CHECK(!whole || e == SENDER_READY || s.err == ERR_AGAIN);
            memset(results, 0, sizeof results);
            sender_release(&s);
        }
    }
}

int main(void)
{
    RUN(every_refusal_at_every_step);
    RUN(helo_refused);
    RUN(each_recipient_has_his_own_fate);
    RUN(gone_behind_every_byte);
    return check_done();
}
