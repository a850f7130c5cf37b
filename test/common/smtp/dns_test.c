#include "check.h"
#include "smtp/dns.h"

/* A message that is built piece by piece. */
struct message {
    uint8_t bytes[65536];
    size_t n;
};

static void put(struct message *m, const void *p, size_t n)
{
    memcpy(m->bytes + m->n, p, n);
    m->n += n;
}

static void put16(struct message *m, unsigned v)
{
    uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    put(m, b, 2);
}

static void put_name(struct message *m, const char *name)
{
    while (*name) {
        size_t n = strcspn(name, ".");
        uint8_t length = (uint8_t)n;
        put(m, &length, 1);
        put(m, name, n);
        name += n + (name[n] == '.');
    }
    put(m, "", 1);
}

/* Header and question; the records follow. */
static void begin(struct message *m, const char *name, unsigned type, unsigned flags,
                  unsigned records)
{
    m->n = 0;
    put16(m, 4711);
    put16(m, flags);
    put16(m, 1);
    put16(m, records);
    put16(m, 0);
    put16(m, 0);
    put_name(m, name);
    put16(m, type);
    put16(m, 1);
}

/* The fixed part behind an owner, the name at the question's place. */
static void record(struct message *m, unsigned owner, unsigned type, size_t length)
{
    put16(m, 0xc000 | owner);
    put16(m, type);
    put16(m, 1);
    put16(m, 0);
    put16(m, 300);
    put16(m, (unsigned)length);
}

static struct span span(const struct message *m)
{
    return span_of(m->bytes, m->n);
}

enum { GOOD = 0x8180, VALIDATED = 0x81a0 };

/* In memory of its very size, so that a read beyond it shows. */
static enum err read_exactly(struct span s, const char *name, enum dns_type type, unsigned *records)
{
    struct dns_answer a;
    struct dns_record r;
    uint8_t *own = malloc(s.n + 1);
    memcpy(own, s.p, s.n);
    enum err e = dns_answer_read(&a, span_of(own, s.n), name, type, NULL);
    *records = 0;
    while (!e && dns_answer_next(&a, &r))
        ++*records;
    free(own);
    return e;
}

static void mx(struct message *m)
{
    begin(m, "Example.ORG", DNS_MX, VALIDATED, 3);
    record(m, 12, DNS_MX, 7);
    put16(m, 20);
    put(m, "\2mb", 3);
    put16(m, 0xc00c);
    record(m, 12, DNS_MX, 3 + 4 + 1);
    put16(m, 10);
    put_name(m, "ma.x");
    record(m, 12, DNS_MX, 3);
    put16(m, 0);
    put(m, "", 1);
}

static void hosts_of_a_domain(void)
{
    static struct message m;
    struct dns_answer a;
    struct dns_record r;
    mx(&m);
    CHECK_INT(dns_answer_read(&a, span(&m), "example.org.", DNS_MX, NULL), ERR_NONE);
    CHECK(a.secure);
    CHECK_INT(a.rcode, DNS_OK);
    CHECK_STR(a.name, "example.org");
    CHECK(dns_answer_next(&a, &r));
    CHECK_STR(r.name, "mb.example.org");
    CHECK_INT(r.preference, 20);
    CHECK(dns_answer_next(&a, &r));
    CHECK_STR(r.name, "ma.x");
    CHECK_INT(r.preference, 10);
    CHECK(dns_answer_next(&a, &r));
    CHECK_STR(r.name, ".");
    CHECK(!dns_answer_next(&a, &r));
}

static void cut_anywhere(void)
{
    static struct message m;
    unsigned records;
    mx(&m);
    for (size_t n = 0; n < m.n; n++)
        CHECK_INT(read_exactly(span_take(span(&m), n), "example.org", DNS_MX, &records),
                  ERR_PROTOCOL);
    CHECK_INT(read_exactly(span(&m), "example.org", DNS_MX, &records), ERR_NONE);
    CHECK_INT(records, 3);
}

static void another_question(void)
{
    static struct message m;
    unsigned records;
    mx(&m);
    CHECK_INT(read_exactly(span(&m), "example.com", DNS_MX, &records), ERR_PROTOCOL);
    CHECK_INT(read_exactly(span(&m), "example.org", DNS_A, &records), ERR_PROTOCOL);
    m.bytes[2] &= 0x7f; /* a question, not an answer */
    CHECK_INT(read_exactly(span(&m), "example.org", DNS_MX, &records), ERR_PROTOCOL);
    mx(&m);
    m.bytes[2] |= 2; /* cut (TC): whoever asks by UDP has to ask again */
    CHECK_INT(read_exactly(span(&m), "example.org", DNS_MX, &records), ERR_PROTOCOL);
}

static void no_such_domain(void)
{
    static struct message m;
    struct dns_answer a;
    struct dns_record r;
    begin(&m, "nowhere.example", DNS_MX, GOOD | 3, 0);
    CHECK_INT(dns_answer_read(&a, span(&m), "nowhere.example", DNS_MX, NULL), ERR_NONE);
    CHECK_INT(a.rcode, DNS_NO_DOMAIN);
    CHECK(!a.secure);
    CHECK(!dns_answer_next(&a, &r));
}

/* An alias: www -> host.example, whose address it is. Records of others are not believed. */
static void aliases(void)
{
    static struct message m;
    struct dns_answer a;
    struct dns_record r;
    begin(&m, "www.example", DNS_A, GOOD, 3);
    record(&m, 16, DNS_A, 4); /* of "example" */
    put(&m, "\300\0\2\1", 4);
    record(&m, 12, DNS_CNAME, 7);
    put(&m, "\4host", 5);
    put16(&m, 0xc010);
    unsigned target = (unsigned)m.n - 7;
    record(&m, target, DNS_A, 4);
    put(&m, "\300\0\2\2", 4);
    CHECK_INT(dns_answer_read(&a, span(&m), "www.example", DNS_A, NULL), ERR_NONE);
    CHECK_STR(a.name, "host.example");
    CHECK_INT(a.aliases, 1);
    CHECK(dns_answer_next(&a, &r));
    CHECK(r.data.n == 4 && r.data.p[3] == 2);
    CHECK(!dns_answer_next(&a, &r));
    CHECK_INT(dns_answer_read(&a, span(&m), "www.example", DNS_AAAA, NULL), ERR_PROTOCOL);
}

static void alias_of_itself(void)
{
    static struct message m;
    unsigned records;
    begin(&m, "www.example", DNS_A, GOOD, 1);
    record(&m, 12, DNS_CNAME, 2);
    put16(&m, 0xc00c);
    CHECK_INT(read_exactly(span(&m), "www.example", DNS_A, &records), ERR_PROTOCOL);
}

/* A name that points to itself, forward, or back into the name it is part of. */
static void circles(void)
{
    static struct message m;
    unsigned records;
    for (unsigned kind = 0; kind < 3; kind++) {
        begin(&m, "a.example", DNS_MX, GOOD, 1);
        record(&m, 12, DNS_MX, kind == 2 ? 6 : 4);
        put16(&m, 10);
        unsigned here = (unsigned)m.n;
        if (kind == 2)
            put(&m, "\1a", 2);
        put16(&m, 0xc000 | (here + (kind == 1 ? 2 : 0)));
        CHECK_INT(read_exactly(span(&m), "a.example", DNS_MX, &records), ERR_NONE);
        CHECK_INT(records, 0);
    }
}

/* Pointers to pointers cost time and give nothing. */
static void chain_of_pointers(void)
{
    static struct message m;
    unsigned records;
    begin(&m, "a.example", DNS_MX, GOOD, 2);
    record(&m, 12, DNS_TXT, 400);
    unsigned last = 12;
    for (int i = 0; i < 200; i++) {
        unsigned here = (unsigned)m.n;
        put16(&m, 0xc000 | last);
        last = here;
    }
    record(&m, 12, DNS_MX, 4);
    put16(&m, 10);
    put16(&m, 0xc000 | last);
    CHECK_INT(read_exactly(span(&m), "a.example", DNS_MX, &records), ERR_NONE);
    CHECK_INT(records, 0);
}

/* What is no host's name, and names that are too long, are passed over; the rest counts. */
static void names_that_are_none(void)
{
    static struct message m;
    unsigned records;
    begin(&m, "a.example", DNS_MX, GOOD, 3);
    record(&m, 12, DNS_MX, 2 + 7);
    put16(&m, 10);
    put(&m, "\5a b\0\n", 7);
    record(&m, 12, DNS_MX, 2 + 5);
    put16(&m, 10);
    put(&m, "\3a.b", 5);
    record(&m, 12, DNS_MX, 2 + 3);
    put16(&m, 10);
    put(&m, "\1b", 3);
    CHECK_INT(read_exactly(span(&m), "a.example", DNS_MX, &records), ERR_NONE);
    CHECK_INT(records, 1);

    char label[64];
    memset(label, 'a', sizeof label);
    label[0] = 63;
    begin(&m, "a.example", DNS_MX, GOOD, 1);
    record(&m, 12, DNS_MX, 2 + 64 * 4 + 1);
    put16(&m, 10);
    for (int i = 0; i < 4; i++)
        put(&m, label, sizeof label);
    put(&m, "", 1);
    CHECK_INT(read_exactly(span(&m), "a.example", DNS_MX, &records), ERR_NONE);
    CHECK_INT(records, 0);
}

static void texts(void)
{
    char out[16];
    CHECK(dns_text(span_of("\3abc\0\4defg", 10), out, sizeof out));
    CHECK_STR(out, "abcdefg");
    CHECK(!dns_text(span_of("\4abc", 4), out, sizeof out));
    CHECK(!dns_text(span_of("\3a\0c", 4), out, sizeof out));
    CHECK(!dns_text(span_of("\3abc", 4), out, 3));
    CHECK(dns_text(span_of("\3abc", 4), out, 4));
}

int main(void)
{
    RUN(hosts_of_a_domain);
    RUN(cut_anywhere);
    RUN(another_question);
    RUN(no_such_domain);
    RUN(aliases);
    RUN(alias_of_itself);
    RUN(circles);
    RUN(chain_of_pointers);
    RUN(names_that_are_none);
    RUN(texts);
    return check_done();
}
