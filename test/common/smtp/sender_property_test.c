/* Whatever bytes go in: what leaves a whole dialogue is commands of ours and the mail, and nobody
 * who reads it finds another command, another mail or another recipient. */
#include "check.h"
#include "smtp/sender.h"

enum { MAIL = 3000 };

static unsigned long long state = 1982;

static unsigned pick(unsigned n)
{
    return (unsigned)(check_random(&state) % n);
}

/* Bytes of which receivers make most: half of them line ends and dots. */
static size_t any_bytes(uint8_t *p, size_t max)
{
    static const uint8_t often[] = "\r\n.\r\n.\n\r aQ";
    size_t n = pick((unsigned)max);
    for (size_t i = 0; i < n; i++)
        p[i] = pick(2) ? often[pick(sizeof often - 1)] : (uint8_t)pick(256);
    return n;
}

/* A receiver that takes everything, and the octets it has got. */
struct peer {
    uint8_t got[4 * MAIL];
    size_t n, at;          /* octets, and how many of them it has understood */
    uint8_t mail[3 * MAIL];
    size_t mail_length;
    unsigned mails, recipients, others;
    bool data, quit, bad;
    size_t chunk;
};

static const char *take_command(struct peer *p, struct span line)
{
    uint64_t octets;
    if (span_starts(line, span_str("BDAT "))) {
        struct span rest = span_skip(line, 5);
        size_t n = span_find(rest, ' ');
        p->bad |= !span_eq(span_skip(rest, n), span_str(" LAST")) ||
                  !span_number(span_take(rest, n), 2 * MAIL + 2, &octets);
        p->chunk = p->bad ? 0 : (size_t)octets;
        return NULL;
    }
    if (span_eq(line, span_str("DATA"))) {
        p->data = true;
        return "354 go on\r\n";
    }
    p->mails += span_starts(line, span_str("MAIL FROM:<me@x.example>"));
    p->recipients += span_eq(line, span_str("RCPT TO:<a@x.example>")) ||
                     span_eq(line, span_str("RCPT TO:<b@x.example>"));
    p->quit |= span_eq(line, span_str("QUIT"));
    if (!span_starts(line, span_str("MAIL ")) && !span_starts(line, span_str("RCPT ")) &&
        !p->quit)
        p->others++;
    return p->quit ? "221 bye\r\n" : "250 ok\r\n";
}

/* What it answers to what has come whole; NULL: it waits. */
static const char *answer(struct peer *p)
{
    struct span rest = span_of(p->got + p->at, p->n - p->at);
    if (p->chunk) {
        if (rest.n < p->chunk)
            return NULL;
        memcpy(p->mail, rest.p, p->chunk);
        p->mail_length = p->chunk;
        p->at += p->chunk;
        p->chunk = 0;
        return "250 taken\r\n";
    }
    size_t n = span_find(rest, '\n');
    if (n == rest.n)
        return NULL;
    struct span line = span_take(rest, n);
    p->at += n + 1;
    p->bad |= line.n == 0 || line.p[line.n - 1] != '\r' || span_find(line, '\r') != line.n - 1;
    line.n -= line.n > 0;
    if (!p->data) {
        const char *reply = take_command(p, line);
        return reply ? reply : answer(p);
    }
    if (span_eq(line, span_str("."))) {
        p->data = false;
        return "250 taken\r\n";
    }
    line = line.n && line.p[0] == '.' ? span_skip(line, 1) : line;
    memcpy(p->mail + p->mail_length, line.p, line.n);
    p->mail_length += line.n;
    p->mail[p->mail_length++] = '\n';
    return answer(p);
}

/* The lines that went in, with a CR that ends none of them as a blank. */
static size_t lines_of(struct span in, const char *end, uint8_t *out)
{
    size_t k = 0;
    for (size_t i = 0; i < in.n; i++) {
        bool lf = in.p[i] == '\n', ends = i + 1 < in.n && in.p[i + 1] == '\n';
        if (lf)
            k += (size_t)snprintf((char *)out + k, 3, "%s", end);
        else if (in.p[i] != '\r' || !ends)
            out[k++] = in.p[i] == '\r' ? ' ' : in.p[i];
    }
    if (in.n && in.p[in.n - 1] != '\n')
        k += (size_t)snprintf((char *)out + k, 3, "%s", end);
    return k;
}

static void turn(struct sender *s, struct peer *p, struct span content)
{
    bool ended = false;
    for (;;) {
        enum sender_event e = sender_next(s);
        const char *reply;
        if (e == SENDER_WRITE) {
            struct span out = sender_output(s);
            p->bad |= out.n > sizeof p->got - p->n;
            if (p->bad)
                return;
            memcpy(p->got + p->n, out.p, out.n);
            p->n += out.n;
            sender_written(s);
        } else if (e == SENDER_READ && (reply = answer(p)) != NULL) {
            sender_push(s, span_str(reply));
        } else if (e == SENDER_CONTENT && !ended) {
            size_t n = pick(content.n > 40 ? 400 : 4) + 1;
            sender_content(s, span_take(content, n));
            content = span_skip(content, n);
            if (content.n == 0 && (ended = pick(2) || n == 1))
                sender_content_end(s);
        } else if (e == SENDER_CONTENT || e == SENDER_READ) {
            p->bad = true; /* they wait for each other */
            return;
        } else {
            return;
        }
    }
}

/* One dialogue with this mail. */
static bool holds(struct span content, const char *caps, bool chunked)
{
    static struct peer p;
    static uint8_t want[3 * MAIL];
    static const char *const to[] = {"a@x.example", "b@x.example"};
    struct sender_result results[2] = {{.err = ERR_AGAIN}, {.err = ERR_AGAIN}};
    struct sender s;
    memset(&p, 0, sizeof p);
    struct sender_mail mail = {.from = "me@x.example", .recipients = to, .count = 2,
                               .results = results, .size = lines_of(content, "\r\n", want)};
    sender_init(&s, false, "me.example", NULL);
    sender_begin_at_ready(&s, span_str(caps));
    bool good = sender_mail(&s, &mail, NULL) == ERR_NONE;
    turn(&s, &p, content);
    good &= !p.bad && results[0].err == ERR_NONE && results[1].err == ERR_NONE;
    sender_quit(&s);
    turn(&s, &p, span_str(""));
    size_t due = lines_of(content, chunked ? "\r\n" : "\n", want);
    good &= p.quit && !p.bad && p.at == p.n && p.mails == 1 && p.recipients == 2 && !p.others;
    good &= p.mail_length == due && memcmp(p.mail, want, due) == 0;
    sender_release(&s);
    return good;
}

static void any_mail_is_one_mail(void)
{
    static const struct {
        const char *caps;
        bool chunked;
    } peers[] = {{"x\n", false}, {"x\nPIPELINING\nSIZE 0\n", false}, {"x\nCHUNKING\n", true},
                 {"x\nPIPELINING\nCHUNKING\n", true}};
    uint8_t in[MAIL];
    for (int round = 0; round < 4000; round++) {
        size_t n = any_bytes(in, round % 50 ? 60 : MAIL);
        in[n] = 'x';
        for (size_t i = 0; i < sizeof peers / sizeof *peers; i++)
            if (!holds(span_of(in, n + 1), peers[i].caps, peers[i].chunked)) {
                CHECK(!"the dialogue of this round");
                printf("# round %d, receiver %zu\n", round, i);
                return;
            }
    }
}

/* Either it is refused and nothing leaves, or it has no byte that ends a line or a path. */
static void any_path_is_refused_or_harmless(void)
{
    struct sender_result result;
    unsigned taken = 0;
    for (int round = 0; round < 20000; round++) {
        static const char often[] = "\r\n><@:., \"\\ab";
        char path[40], envid[20] = "e";
        size_t n = pick(sizeof path - 10);
        for (size_t i = 0; i < n; i++)
            path[i] = pick(4) ? often[pick(sizeof often - 1)] : (char)(1 + pick(255));
        snprintf(path + n, sizeof path - n, "%s", pick(2) ? "@x.example" : "");
        envid[pick(3)] = (char)(1 + pick(255));
        const char *to[] = {path}, *plain[] = {"a@x.example"};
        bool reverse = pick(2);
        struct sender s;
        struct sender_mail mail = {.from = reverse ? path : "me@x.example",
                                   .recipients = reverse ? plain : to,
                                   .count = 1, .results = &result,
                                   .delivery = {.envid = envid}};
        sender_init(&s, false, "me.example", NULL);
        sender_begin_at_ready(&s, span_str("x\nPIPELINING\nDSN\nSMTPUTF8\n"));
        enum err e = sender_mail(&s, &mail, NULL);
        struct span out = e || sender_next(&s) != SENDER_WRITE ? span_str("") : sender_output(&s);
        bool clean = e == ERR_NONE ? out.n > 0 : e == ERR_DATA && sender_next(&s) == SENDER_READY;
        unsigned lines = 0;
        for (size_t i = 0; i < out.n; i++) {
            lines += out.p[i] == '\n';
            clean &= out.p[i] == '\r' ? out.p[i + 1] == '\n'
                     : out.p[i] != '\n' || out.p[i - 1] == '\r';
        }
        clean &= e != ERR_NONE || lines == 3;
        taken += e == ERR_NONE;
        sender_release(&s);
        if (!clean) {
            CHECK(!"the path of this round");
            printf("# round %d\n", round);
            return;
        }
    }
    CHECK(taken > 100);
}

int main(void)
{
    RUN(any_mail_is_one_mail);
    RUN(any_path_is_refused_or_harmless);
    return check_done();
}
