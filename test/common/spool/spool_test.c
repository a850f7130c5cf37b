#include "spool/deliver.h"
#include "spool/spool.h"
#include "store/store.h"
#include "check.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static struct home home;

static const char *at(const char *below)
{
    static char path[8][4400];
    static unsigned n;
    n = (n + 1) % 8;
    snprintf(path[n], sizeof path[n], "%s/%s", home.path, below);
    return path[n];
}

static void put(const char *below, const char *text)
{
    FILE *f = fopen(at(below), "w");
    CHECK(f != NULL);
    if (f)
        CHECK(fputs(text, f) >= 0 && fclose(f) == 0);
}

static bool there(const char *below)
{
    return access(at(below), F_OK) == 0;
}

static struct spool *fresh(const char *code)
{
    struct spool *s = NULL;
    struct why why = {""};
    CHECK_INT(spool_make(&home, code, &why), ERR_NONE);
    CHECK_INT(spool_make(&home, code, &why), ERR_NONE);
    CHECK_INT(spool_open(&home, code, &s, &why), ERR_NONE);
    return s;
}

static void knows_ids_and_codes(void)
{
    static const char *const bad[] = {"", ".x", "-x", "../x", "a/b", "a b", "a:2,", "a,E=5", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!spool_id_valid(span_str(bad[i])));
    CHECK(!spool_id_valid(span_of("a\0b", 3)));
    char name[SPOOL_NAME_MAX + 1];
    CHECK_INT(spool_name_make(name, NULL), ERR_NONE);
    CHECK(spool_id_valid(span_str(name)));
    CHECK(spool_code_valid(span_str("12")) && spool_code_valid(span_str("a-b_c")));
    CHECK(!spool_code_valid(span_str("../x")) && !spool_code_valid(span_str("")));
    CHECK(!spool_code_valid(span_str("12345678901234567")) && !spool_code_valid(span_str("-a")));
}

static void makes_the_modes(void)
{
    struct stat st;
    spool_close(fresh("10"));
    CHECK(stat(at("spool/10"), &st) == 0 && (st.st_mode & 07777) == 0711);
    CHECK(stat(at("spool/10/new"), &st) == 0 && (st.st_mode & 07777) == 02770);
    CHECK(stat(at("spool/10/tmp"), &st) == 0 && (st.st_mode & 07777) == 02770);
    CHECK(stat(at("spool/10/cur"), &st) == 0 && (st.st_mode & 07777) == 02770);
    struct spool *s;
    CHECK_INT(spool_open(&home, "nobody", &s, NULL), ERR_NO_USER);
    CHECK_INT(spool_open(&home, "../10", &s, NULL), ERR_DATA);
}

static void lists_oldest_first_and_each_once(void)
{
    struct spool *s = fresh("11");
    struct spool_list list;
    put("spool/11/new/1700000003.c", "ccc");
    put("spool/11/cur/1700000001.a,E=1800000000:2,", "a");
    put("spool/11/cur/1700000001.a", "a");
    put("spool/11/cur/1700000002.b,E=1800000001:2,U", "bb");
    put("spool/11/new/1700000002.b", "bb");
    put("spool/11/cur/1700000004.d", "dddd");
    put("spool/11/new/.hidden", "");
    put("spool/11/cur/1700000009.z,E=x:2,", "");
    CHECK(symlink("/etc/passwd", at("spool/11/new/1700000000.link")) == 0);
    CHECK(mkdir(at("spool/11/new/1700000000.dir"), 0700) == 0);
    CHECK_INT(spool_list(s, &list, NULL), ERR_NONE);
    CHECK_INT(list.count, 4);
    CHECK_STR(list.mails[0].id, "1700000001.a");
    CHECK_INT(list.mails[0].state, SPOOL_HELD);
    CHECK_INT(list.mails[0].until, 1800000000);
    CHECK_INT(list.mails[0].arrived, 1700000001);
    CHECK(list.mails[1].undecodable && list.mails[1].state == SPOOL_HELD);
    CHECK_INT(list.mails[2].state, SPOOL_NEW);
    CHECK_INT(list.mails[2].octets, 3);
    CHECK_INT(list.mails[3].state, SPOOL_TAKEN);
    spool_list_free(&list);
    uint64_t octets;
    CHECK_INT(spool_usage(&home, &octets, NULL), ERR_NONE);
    CHECK_INT(octets, 13);
    CHECK(spool_has(s, "1700000004.d") && !spool_has(s, "1700000000.link"));
    spool_close(s);
}

static void takes_holds_and_removes(void)
{
    struct spool *s = fresh("12");
    struct spool_mail mail;
    struct why why = {""};
    put("spool/12/new/1700000001.a", "first");
    put("spool/12/new/1700000002.b", "second");
    CHECK_INT(spool_take(s, NULL, NULL, NULL, &mail, &why), ERR_BUG);
    CHECK_INT(spool_lock(s, -1, &why), ERR_NONE);
    CHECK_INT(spool_take(s, NULL, NULL, NULL, &mail, &why), ERR_NONE);
    CHECK_STR(mail.id, "1700000001.a");
    CHECK_INT(mail.state, SPOOL_TAKEN);
    CHECK(there("spool/12/cur/1700000001.a") && !there("spool/12/new/1700000001.a"));
    /* Neither held nor finished: offered again, unless it is asked for what came after. */
    CHECK_INT(spool_take(s, NULL, NULL, NULL, &mail, &why), ERR_NONE);
    CHECK_STR(mail.id, "1700000001.a");
    CHECK_INT(spool_take(s, NULL, NULL, "1700000001.a", &mail, &why), ERR_NONE);
    CHECK_STR(mail.id, "1700000002.b");
    CHECK_INT(spool_take(s, NULL, NULL, "1700000002.b", &mail, &why), ERR_NO);
    CHECK_INT(spool_take(s, NULL, "1700000009.x", NULL, &mail, &why), ERR_NO);
    CHECK_INT(spool_hold(s, "1700000001.a", 1800000000, false, &why), ERR_NONE);
    CHECK_INT(spool_hold(s, "1700000001.a", 1800000000, false, &why), ERR_NONE);
    CHECK(there("spool/12/cur/1700000001.a,E=1800000000:2,"));
    CHECK(!there("spool/12/cur/1700000001.a"));
    CHECK_INT(spool_hold(s, "1700000001.a", 1750000000, true, &why), ERR_NONE);
    CHECK(there("spool/12/cur/1700000001.a,E=1750000000:2,U"));
    CHECK(!there("spool/12/cur/1700000001.a,E=1800000000:2,"));
    CHECK_INT(spool_take(s, NULL, "1700000001.a", NULL, &mail, &why), ERR_NO);
    int fd;
    char text[8] = "";
    CHECK_INT(spool_read(s, "1700000001.a", &fd, &why), ERR_NONE);
    CHECK(read(fd, text, sizeof text - 1) == 5);
    close(fd);
    CHECK_STR(text, "first");
    CHECK_INT(spool_remove(s, "1700000001.a", &why), ERR_NONE);
    CHECK_INT(spool_remove(s, "1700000001.a", &why), ERR_NO_INPUT);
    CHECK_INT(spool_read(s, "../../../db/users.db", &fd, &why), ERR_DATA);
    CHECK_INT(spool_hold(s, "1700000002.b", 0, false, &why), ERR_USAGE);
    spool_close(s);
}

/* What a kill between link and unlink leaves: the further name counts, the other goes. */
static void finishes_what_was_cut_short(void)
{
    struct spool *s = fresh("13");
    struct spool_mail mail;
    put("spool/13/new/1700000001.a", "x");
    CHECK(link(at("spool/13/new/1700000001.a"), at("spool/13/cur/1700000001.a")) == 0);
    CHECK_INT(spool_lock(s, -1, NULL), ERR_NONE);
    CHECK_INT(spool_take(s, NULL, NULL, NULL, &mail, NULL), ERR_NONE);
    CHECK(!there("spool/13/new/1700000001.a") && there("spool/13/cur/1700000001.a"));
    CHECK(link(at("spool/13/cur/1700000001.a"), at("spool/13/cur/1700000001.a,E=1:2,")) == 0);
    CHECK_INT(spool_take(s, NULL, NULL, NULL, &mail, NULL), ERR_NO);
    CHECK_INT(spool_hold(s, "1700000001.a", 1, false, NULL), ERR_NONE);
    CHECK(!there("spool/13/cur/1700000001.a") && there("spool/13/cur/1700000001.a,E=1:2,"));
    CHECK_INT(spool_remove(s, "1700000001.a", NULL), ERR_NONE);
    CHECK(!spool_has(s, "1700000001.a"));
    spool_close(s);
}

static void one_claimant_at_a_time(void)
{
    struct spool *a = fresh("14"), *b = fresh("14"), *c = fresh("14");
    struct why why = {""};
    CHECK_INT(spool_lock(a, -1, &why), ERR_NONE);
    CHECK_INT(spool_lock(b, -1, &why), ERR_AGAIN);
    int fd = open(at("db/14.lock"), O_RDWR);
    CHECK_INT(spool_lock(c, fd, &why), ERR_AGAIN);
    spool_close(a);
    CHECK(flock(fd, LOCK_EX | LOCK_NB) == 0);
    CHECK_INT(spool_lock(b, -1, &why), ERR_AGAIN);
    CHECK_INT(spool_lock(c, 0, &why), ERR_USAGE);
    CHECK_INT(spool_lock(c, fd, &why), ERR_NONE);
    spool_close(c);
    CHECK_INT(spool_lock(b, -1, &why), ERR_AGAIN);
    close(fd);
    CHECK_INT(spool_lock(b, -1, &why), ERR_NONE);
    spool_close(b);
}

static void completes_the_mailboxs_row(void)
{
    struct spool *s = fresh("16");
    struct store *store = NULL;
    struct spool_mail mail;
    struct why why = {""};
    enum seen_state state = SEEN_NOT;
    const struct seen_key key = {"pop3://host", "bob", "", "uid1"};
    CHECK_INT(conf_parse(span_of(NULL, 0), &home.conf, &why), ERR_NONE);
    CHECK_INT(store_open(&home, STORE_MAKE, &store, &why), ERR_NONE);
    CHECK_STR(why.text, "");
    CHECK_INT(store_seen_coming(store, &key, "16", "1700000001.a", &why), ERR_NONE);
    CHECK_INT(store_seen_get(store, &key, &state, NULL, &why), ERR_NONE);
    CHECK_INT(state, SEEN_COMING);
    put("spool/16/new/1700000001.a", "x");
    CHECK_INT(spool_lock(s, -1, &why), ERR_NONE);
    CHECK_INT(spool_take(s, store, NULL, NULL, &mail, &why), ERR_NONE);
    CHECK_INT(store_seen_get(store, &key, &state, NULL, &why), ERR_NONE);
    CHECK_INT(state, SEEN_DONE);
    spool_close(s);
    store_close(store);
    home_close(&home);
}

int main(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(home.path, sizeof home.path, "%s/spool_test.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(home.path) || mkdir(at("db"), 0750) != 0 || mkdir(at("state"), 0770) != 0 ||
        mkdir(at("spool"), 0711) != 0)
        return 1;
    home.owner = geteuid();
    home.group = getegid();
    RUN(knows_ids_and_codes);
    RUN(makes_the_modes);
    RUN(lists_oldest_first_and_each_once);
    RUN(takes_holds_and_removes);
    RUN(finishes_what_was_cut_short);
    RUN(one_claimant_at_a_time);
    RUN(completes_the_mailboxs_row);
    char command[4400];
    snprintf(command, sizeof command, "rm -rf '%s'", home.path);
    return check_done() | (system(command) != 0);
}
