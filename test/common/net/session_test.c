#include "check.h"
#include "net/session.h"

/* A session with a clerk and a delivery method of the test's own. */
static char delivered[4096];
static unsigned begun, freed;
static enum err on_begin, on_write, on_commit;

static enum err begin(void *arg, const struct envelope *e, void **mail, struct why *why)
{
    (void)arg;
    (void)why;
    if (on_begin)
        return on_begin;
    begun++;
    *mail = delivered;
    snprintf(delivered, sizeof delivered, "%s>", e->sender);
    for (size_t i = 0; i < e->count; i++)
        snprintf(delivered + strlen(delivered), 300, "%s=%s;", e->recipients[i].path,
                 e->recipients[i].mailboxes);
    return ERR_NONE;
}

static const char *id(void *mail)
{
    (void)mail;
    return "id";
}

static enum err put(void *mail, struct span piece, struct why *why)
{
    (void)mail;
    (void)why;
    (void)piece;
    return on_write;
}

static enum err commit(void *mail, enum receiver_verdict verdicts[], struct why *why)
{
    (void)mail;
    (void)why;
    (void)verdicts;
    return on_commit;
}

static void release(void *mail)
{
    (void)mail;
    freed++;
}

static const struct delivery_method method = {.begin = begin, .id = id, .write = put, .commit = commit, .free = release};

static void answer(void *arg, const struct clerk_question *q, int mail, struct clerk_answer *a)
{
    (void)arg;
    (void)mail;
    a->verdict = strncmp(q->text, "no", 2) == 0 ? RECIPIENT_UNKNOWN : RECIPIENT_OK;
    strcpy(a->text, "12");
}

static const char *const domains[] = {"us.example", NULL};
static struct session_host host;
static struct session *session;
static char said[65536];

static void start(void)
{
    struct why why = {""};
    host = (struct session_host){.options = {.hostname = "us.example", .domains = domains,
                                             .max_recipients = 1000},
                                 .clerk = {.fn = answer, .fd = -1}, .method = &method};
    said[0] = '\0';
    begun = freed = 0;
    on_begin = on_write = on_commit = ERR_NONE;
    CHECK_INT(session_open(&host, "[192.0.2.1]", false, &session, &why), ERR_NONE);
    session_greet(session);
}

/* Goes on until bytes are wanted or it is over. */
static enum session_state turn(void)
{
    for (;;) {
        enum session_state state = session_run(session);
        struct span out = session_output(session);
        strncat(said, (const char *)(out.n ? out.p : (const uint8_t *)""), out.n);
        session_sent(session, out.n);
        if (state == SESSION_READ || state == SESSION_CLOSE || state == SESSION_PEEK)
            return state;
        if (state == SESSION_WORK) {
            session_work(session);
            session_resume(session);
        }
    }
}

static enum session_state say(const char *text, int64_t now_ms)
{
    session_received(session, span_str(text), now_ms);
    return turn();
}

#define OPENING "EHLO c\r\nMAIL FROM:<s@x>\r\nRCPT TO:<a@us.example>\r\nRCPT TO:<nobody@us.example>\r\n"

static void a_mail(void)
{
    start();
    CHECK_INT(turn(), SESSION_READ);
    CHECK_INT(say(OPENING "RCPT TO:<b@us.example>\r\nDATA\r\nx\r\n.\r\n", 0), SESSION_READ);
    CHECK_STR(delivered, "s@x>a@us.example=12;b@us.example=12;");
    CHECK(strstr(said, "250 2.0.0 OK\r\n") != NULL);
    CHECK_INT(freed, 1);
    CHECK_INT(say("QUIT\r\n", 0), SESSION_CLOSE);
    CHECK_INT(session_result(session), ERR_NONE);
    session_free(session);
    CHECK_INT(freed, 1);
}

static void failures_of_delivery(void)
{
    for (int where = 0; where < 3; where++) {
        start();
        turn();
        *(enum err *[]){&on_begin, &on_write, &on_commit}[where] = ERR_IO;
        CHECK_INT(say(OPENING "DATA\r\nx\r\n", 0), SESSION_READ);
        if (where)
            CHECK_INT(say(".\r\n", 0), SESSION_READ);
        CHECK(strstr(said, "452 4.3.1 ") != NULL);
        CHECK(strstr(said, "250 2.0.0") == NULL);
        CHECK_INT(freed, begun);
        session_free(session);
        CHECK_INT(freed, begun);
    }
}

static void cut_within_a_mail(void)
{
    start();
    turn();
    say(OPENING "DATA\r\nx\r\n", 0);
    session_ended(session);
    CHECK_INT(turn(), SESSION_CLOSE);
    CHECK_INT(session_result(session), ERR_PROTOCOL);
    CHECK_INT(freed, 0);
    session_free(session);
    CHECK_INT(freed, 1);
}

/* 100 octets a second over any minute of mail data. */
static void slow_data(void)
{
    char line[101];
    memset(line, 'x', 98);
    strcpy(line + 98, "\r\n");
    start();
    turn();
    say(OPENING "DATA\r\n", 0);
    enum session_state state = SESSION_READ;
    int64_t now = 1;
    for (int i = 0; i < 70 && state == SESSION_READ; i++, now += 1000)
        state = say(line, now);
    CHECK_INT(state, SESSION_READ); /* fast enough */
    for (int i = 0; i < 200 && state == SESSION_READ; i++, now += 1000)
        state = say("x", now);
    CHECK_INT(state, SESSION_CLOSE);
    CHECK(strstr(said, "421 4.4.2") != NULL);
    CHECK_INT(freed, 1);
    session_free(session);
}

static void slow_commands_are_not_data(void)
{
    start();
    turn();
    for (int i = 0; i < 40; i++)
        CHECK_INT(say(i % 2 ? "\r\n" : "NOOP", i * 60000), SESSION_READ);
    session_free(session);
}

/* A byte now and then is no progress; a command is, and so is mail data. */
static void progress(void)
{
    start();
    turn();
    CHECK(!session_progressed(session));
    for (const char *c = "NOOP"; *c; c++) {
        char byte[2] = {*c, '\0'};
        say(byte, 0);
        CHECK(!session_progressed(session));
    }
    say("\r\n", 0);
    CHECK(session_progressed(session));
    CHECK(!session_progressed(session));
    say(OPENING "DATA\r\n", 0);
    CHECK(session_progressed(session));
    say("x", 0);
    CHECK(session_progressed(session));
    session_free(session);
}

static void dropped(void)
{
    start();
    turn();
    say(OPENING "DATA\r\nx", 0);
    session_drop(session, RECEIVER_DROP_IDLE);
    CHECK_INT(turn(), SESSION_CLOSE);
    CHECK(strstr(said, "421 4.4.2") != NULL);
    CHECK_INT(freed, 1);
    session_free(session);
}

int main(void)
{
    RUN(a_mail);
    RUN(failures_of_delivery);
    RUN(cut_within_a_mail);
    RUN(slow_data);
    RUN(slow_commands_are_not_data);
    RUN(progress);
    RUN(dropped);
    return check_done();
}
