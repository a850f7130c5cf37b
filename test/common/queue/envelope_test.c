#include "queue/envelope.h"
#include "queue/hop.h"
#include "check.h"

static const char sample[] = "faxpipe-queue 1\nfrom alice@x\nuser 12\ncreated 100\nnext 400\n"
                             "tries 2\nheld 1\nto bob@y\nreply 450 4.2.2 box full\nto c@z\n"
                             "reply 0 - timed out\nto d@z\nend\n";

static void round_trip(void)
{
    struct queue_entry entry;
    struct buf out;
    queue_entry_init(&entry);
    buf_init(&out, 1 << 20);
    CHECK(envelope_parse(span_str(sample), &entry, NULL) == ERR_NONE);
    CHECK_STR(entry.from, "alice@x");
    CHECK_STR(entry.user, "12");
    CHECK_INT(entry.created, 100);
    CHECK_INT(entry.next, 400);
    CHECK_INT(entry.tries, 2);
    CHECK(entry.held);
    CHECK_INT(queue_count(&entry), 3);
    CHECK_INT(queue_recipient(&entry, 0)->code, 450);
    CHECK_STR(queue_recipient(&entry, 0)->enhanced, "4.2.2");
    CHECK_STR(queue_recipient(&entry, 0)->text, "box full");
    CHECK_STR(queue_recipient(&entry, 1)->enhanced, "");
    CHECK_STR(queue_recipient(&entry, 1)->text, "timed out");
    CHECK(envelope_write(&entry, &out) == ERR_NONE);
    CHECK(span_eq(buf_span(&out), span_str(sample)));
    buf_release(&out);
    queue_entry_release(&entry);
}

/* What is asked of notices comes back; envelopes without have no lines of it. */
static void wishes(void)
{
    static const char wished[] = "faxpipe-queue 1\nfrom a@x\nuser \nret full\nenvid Q 1\n"
                                 "by 1795302642 RT\nmtrk a/b 1795302643\ncreated 1\nnext 2\ntries 0\nheld 0\n"
                                 "to bob@y\norcpt rfc822;b@z\nnotify success,delay\ncut <i.1@x>\ntold 1\n"
                                 "reply 450 - x\nto c@z\nnotify never\nto d@z\nend\n";
    struct queue_entry entry;
    struct buf out;
    queue_entry_init(&entry);
    buf_init(&out, 1 << 20);
    CHECK(envelope_parse(span_str(wished), &entry, NULL) == ERR_NONE);
    CHECK_STR(entry.ret, "full");
    CHECK_STR(entry.envid, "Q 1");
    CHECK_INT(entry.by.at, 1795302642);
    CHECK_INT(entry.by.mode, 'R');
    CHECK(entry.by.trace);
    CHECK_STR(queue_recipient(&entry, 0)->orcpt, "rfc822;b@z");
    CHECK_INT(queue_recipient(&entry, 0)->notify, NOTIFY_SUCCESS | NOTIFY_DELAY);
    CHECK(queue_recipient(&entry, 0)->told);
    CHECK_STR(queue_recipient(&entry, 0)->cut, "<i.1@x>");
    CHECK_STR(entry.mtrk, "a/b");
    CHECK_INT(entry.mtrk_until, 1795302643);
    CHECK_STR(queue_recipient(&entry, 1)->orcpt, "");
    CHECK_INT(queue_recipient(&entry, 1)->notify, NOTIFY_NEVER);
    CHECK_INT(queue_recipient(&entry, 2)->notify, 0);
    CHECK(!queue_recipient(&entry, 2)->told);
    CHECK(envelope_write(&entry, &out) == ERR_NONE);
    CHECK_STR(buf_cstr(&out), wished);
    buf_release(&out);
    queue_entry_release(&entry);
}

/* As faxpipe wrote them before each recipient had wishes of his own. */
static void old_wishes(void)
{
    static const char old[] = "faxpipe-queue 1\nfrom a@x\nuser \ndsn success,failure\nret hdrs\n"
                              "created 1\nnext 2\ntries 0\nheld 0\nto bob@y\n"
                              "orcpt rfc822;b@z\nto c@z\nend\n";
    struct queue_entry entry;
    queue_entry_init(&entry);
    CHECK(envelope_parse(span_str(old), &entry, NULL) == ERR_NONE);
    CHECK_INT(queue_recipient(&entry, 0)->notify, NOTIFY_SUCCESS | NOTIFY_FAILURE);
    CHECK_INT(queue_recipient(&entry, 1)->notify, NOTIFY_SUCCESS | NOTIFY_FAILURE);
    CHECK_INT(entry.by.at, 0);
    queue_entry_release(&entry);
}

static void cut_anywhere_is_damage(void)
{
    for (size_t n = 0; n + 1 < sizeof sample; n++) {
        struct queue_entry entry;
        struct why why = {""};
        queue_entry_init(&entry);
        CHECK(envelope_parse(span_take(span_str(sample), n), &entry, &why) == ERR_CONFIG);
        CHECK(why.text[0] != '\0');
        queue_entry_release(&entry);
    }
}

static void nonsense_is_damage(void)
{
    static const char *const bad[] = {"", "faxpipe-queue 2\nend\n", "faxpipe-queue 1\nfoo bar\nend\n",
                                      "faxpipe-queue 1\nreply 450 - x\nend\n",
                                      "faxpipe-queue 1\nheld 2\nend\n", "faxpipe-queue 1\nto \nend\n",
                                      "faxpipe-queue 1\ntries x\nend\n",
                                      "faxpipe-queue 1\nto a\x01@b\nend\n",
                                      "faxpipe-queue 1\norcpt rfc822;b@z\nend\n",
                                      "faxpipe-queue 1\nnotify never\nend\n",
                                      "faxpipe-queue 1\nto a@b\nnotify maybe\nend\n",
                                      "faxpipe-queue 1\nto a@b\ntold 2\nend\n",
                                      "faxpipe-queue 1\ndsn never,success\nend\n",
                                      "faxpipe-queue 1\nby 12\nend\n",
                                      "faxpipe-queue 1\nby 12 X\nend\n",
                                      "faxpipe-queue 1\nby x R\nend\n",
                                      "faxpipe-queue 1\nmtrk a:5 7\nend\n",
                                      "faxpipe-queue 1\nto a@b\ncut a@b\nend\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct queue_entry entry;
        queue_entry_init(&entry);
        CHECK(envelope_parse(span_str(bad[i]), &entry, NULL) == ERR_CONFIG);
        queue_entry_release(&entry);
    }
}

static void next_hops(void)
{
    static const char text[] = "smarthost = smtp://smart.example\n"
                               "route.there.example = lmtp://127.0.0.1:24\n";
    static const struct {
        const char *path, *with, *without;
    } cases[] = {
        {"bob@There.Example", "lmtp://127.0.0.1:24", "lmtp://127.0.0.1:24"},
        {"bob@other.example", "smtp://smart.example", "other.example"},
        {"@One.example,@two.example:j@three.example", "one.example", "one.example"},
        {"@there.example:j@three.example", "lmtp://127.0.0.1:24", "lmtp://127.0.0.1:24"},
        {"bob@[192.0.2.1]", "smtp://smart.example", "[192.0.2.1]"},
        {"bob@[IPv6:2001:db8::1]", "smtp://smart.example", "[ipv6:2001:db8::1]"},
        {"postmaster", "smtp://smart.example", NULL},
        {"bob@Turn", "smtp://smart.example", "turn."},
    };
    struct conf *conf, *route;
    char hop[HOP_SIZE];
    CHECK(conf_parse(span_str(text), &conf, NULL) == ERR_NONE);
    CHECK(conf_parse(span_str(strchr(text, '\n')), &route, NULL) == ERR_NONE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(hop_find(conf, cases[i].path, hop, NULL) == ERR_NONE);
        CHECK_STR(hop, cases[i].with);
        enum err e = hop_find(route, cases[i].path, hop, NULL);
        CHECK_INT(e, cases[i].without ? ERR_NONE : ERR_DATA);
        if (!e)
            CHECK_STR(hop, cases[i].without);
        CHECK_INT(hop_is_url(hop), strchr(hop, '/') != NULL);
    }
    conf_free(conf);
    conf_free(route);
}

static void hosts_of_hops(void)
{
    static const char *const cases[][2] = {
        {"smtp://a.example:25", "a.example"}, {"smtps://u@a.example", "a.example"},
        {"smtp://[2001:db8::1]:25", "[2001:db8::1]"}, {"lmtp:///run/socket", ""}, {"user 12", ""}};
    char host[256];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hop_host(cases[i][0], host);
        CHECK_STR(host, cases[i][1]);
    }
}

static void intervals_grow_to_four_hours(void)
{
    CHECK_INT(queue_interval(1), 300);
    CHECK_INT(queue_interval(2), 600);
    CHECK_INT(queue_interval(3), 1200);
    CHECK_INT(queue_interval(100), 4 * 3600);
    for (unsigned n = 1; n < 20; n++)
        CHECK(queue_interval(n) <= queue_interval(n + 1));
}

int main(void)
{
    RUN(round_trip);
    RUN(wishes);
    RUN(old_wishes);
    RUN(cut_anywhere_is_damage);
    RUN(nonsense_is_damage);
    RUN(next_hops);
    RUN(hosts_of_hops);
    RUN(intervals_grow_to_four_hours);
    return check_done();
}
