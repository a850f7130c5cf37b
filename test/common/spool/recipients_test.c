/* Whose mail it is, over tables and a spool in a home of its own under $TMPDIR. */
#include "check.h"
#include "spool/recipients.h"
#include "spool/spool.h"

#include <sys/stat.h>
#include <unistd.h>

static struct home home;
static struct recipients r;
static struct why why;
static const char *const domains[] = {"fax.example", NULL};

static void make_dir(const char *name)
{
    char path[HOME_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", home.path, name);
    CHECK_INT(mkdir(path, 0770), 0);
}

static void add_user(const char *code, const char *name, const char *address, bool print)
{
    struct user u;
    user_defaults(&u);
    snprintf(u.code, sizeof u.code, "%s", code);
    snprintf(u.name, sizeof u.name, "%s", name);
    snprintf(u.login, sizeof u.login, "%s", code);
    snprintf(u.address, sizeof u.address, "%s", address);
    u.auto_receive = true;
    u.auto_print = print;
    CHECK_INT(store_user_add(r.store, &u, 0, &why), ERR_NONE);
}

static void add_alias(const char *name, enum alias_kind kind, const char *one, const char *two)
{
    struct alias a = {.kind = kind};
    const char *members[] = {one, two};
    snprintf(a.name, sizeof a.name, "%s", name);
    CHECK_INT(store_alias_set(r.store, &a, members, two ? 2 : 1, &why), ERR_NONE);
}

static void open_all(void)
{
    const char *tmp = getenv("TMPDIR");
    memset(&home, 0, sizeof home);
    snprintf(home.path, sizeof home.path, "%s/faxpipe-recipients-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(home.path) != NULL);
    home.owner = geteuid();
    home.group = getegid();
    make_dir("db");
    make_dir("state");
    make_dir("spool");
    r = (struct recipients){.home = &home, .domains = domains};
    CHECK_INT(conf_parse(span_str(""), &home.conf, &why), ERR_NONE);
    CHECK_INT(store_open(&home, STORE_MAKE, &r.store, &why), ERR_NONE);
    add_user("12", "Alice Liddell", "alice@fax.example", true);
    add_user("15", "Bob", "bob@fax.example", false);
    add_alias("both", ALIAS_LIST, "alice@fax.example", "Bob <15@fax.example>");
    add_alias("mixed", ALIAS_LIST, "both@fax.example", "carol@other.example");
    add_alias("loop", ALIAS_LIST, "loop@fax.example", NULL);
    add_alias("away", ALIAS_FORWARD, "dave@other.example", NULL);
    add_alias("gone", ALIAS_MOVED, "erin@other.example", NULL);
}

static void close_all(void)
{
    char command[HOME_PATH_MAX + 16];
    store_close(r.store);
    home_close(&home);
    snprintf(command, sizeof command, "rm -rf %s", home.path);
    CHECK_INT(system(command), 0);
}

static enum err found(const char *address, const char *want, enum recipients_fate fate)
{
    struct buf codes;
    enum recipients_fate got;
    buf_init(&codes, 1000);
    enum err e = recipients_find(&r, address, "s@x.example", &got, &codes, &why);
    if (!e) {
        CHECK_STR(codes.len ? buf_cstr(&codes) : "", want);
        CHECK_INT(got, fate);
    }
    buf_release(&codes);
    return e;
}

static void users(void)
{
    CHECK_INT(found("alice@fax.example", "12", RECIPIENTS_HERE), ERR_NONE);
    CHECK_INT(found("ALICE@FAX.example", "12", RECIPIENTS_HERE), ERR_NONE);
    CHECK_INT(found("15@fax.example", "15", RECIPIENTS_HERE), ERR_NONE);
    CHECK_INT(found("carol@fax.example", "", RECIPIENTS_HERE), ERR_NO_USER);
    CHECK_INT(found("../../x@fax.example", "", RECIPIENTS_HERE), ERR_NO_USER);
}

static void lists(void)
{
    CHECK_INT(found("both@fax.example", "12\n15", RECIPIENTS_HERE), ERR_NONE);
    CHECK_INT(found("mixed@fax.example", "12\n15\n>carol@other.example", RECIPIENTS_HERE), ERR_NONE);
    CHECK_INT(found("loop@fax.example", "", RECIPIENTS_HERE), ERR_NO_USER);
}

static void elsewhere(void)
{
    CHECK_INT(found("away@fax.example", ">dave@other.example", RECIPIENTS_FORWARDED), ERR_NONE);
    CHECK_INT(found("gone@fax.example", "erin@other.example", RECIPIENTS_MOVED), ERR_NONE);
}

static void postmaster(void)
{
    CHECK_INT(found("postmaster", "postmaster", RECIPIENTS_HERE), ERR_NONE);
    CHECK_INT(found("PostMaster@fax.example", "postmaster", RECIPIENTS_HERE), ERR_NONE);
    add_alias("postmaster", ALIAS_LIST, "bob@fax.example", NULL);
    CHECK_INT(found("postmaster@fax.example", "15", RECIPIENTS_HERE), ERR_NONE);
    CHECK_INT(found("postmaster", "15", RECIPIENTS_HERE), ERR_NONE);
}

static void refused_senders(void)
{
    struct sender_row row = {.code = "15", .pattern = "@x.example",
                             .rule = {.auto_print = -1, .text_mail = -1, .refuse = true}};
    CHECK_INT(store_sender_set(r.store, &row, &why), ERR_NONE);
    CHECK_INT(found("bob@fax.example", "", RECIPIENTS_HERE), ERR_NO);
    CHECK_INT(found("both@fax.example", "", RECIPIENTS_HERE), ERR_NO);
    CHECK_INT(found("alice@fax.example", "12", RECIPIENTS_HERE), ERR_NONE);
    CHECK_INT(store_sender_remove(r.store, "15", "@x.example", &why), ERR_NONE);
}

static void a_full_spool(void)
{
    char path[HOME_PATH_MAX];
    CHECK_INT(spool_make(&home, "15", &why), ERR_NONE);
    snprintf(path, sizeof path, "%s/spool/15/new/1.a", home.path);
    FILE *f = fopen(path, "w");
    CHECK(f && fputs("some octets", f) >= 0 && fclose(f) == 0);
    r.spool_limit = 5;
    r.looked = 0;
    CHECK_INT(found("bob@fax.example", "", RECIPIENTS_HERE), ERR_AGAIN);
    CHECK_INT(found("alice@fax.example", "12", RECIPIENTS_HERE), ERR_NONE);
    r.spool_limit = 5000;
    r.looked = 0;
    CHECK_INT(found("bob@fax.example", "15", RECIPIENTS_HERE), ERR_NONE);
    r.spool_limit = 0;
}

static unsigned verified(const char *wanted, bool expand, const char *want)
{
    struct buf text;
    buf_init(&text, 1000);
    unsigned code = recipients_verify(&r, span_str(wanted), expand, &text, &why);
    CHECK_STR(text.len ? buf_cstr(&text) : "", want);
    buf_release(&text);
    return code;
}

static void verify(void)
{
    static const char alice[] = "Alice Liddell <alice@fax.example>";
    CHECK_INT(verified("12", false, alice), 250);
    CHECK_INT(verified("Alice", false, alice), 250);
    CHECK_INT(verified("liddell", false, alice), 250);
    CHECK_INT(verified("<alice@fax.example>", false, alice), 250);
    CHECK_INT(verified("alice liddell", false, alice), 250);
    CHECK_INT(verified("lid", false, "no such user here"), 550);
    CHECK_INT(verified("both", true, "<alice@fax.example>\nBob <15@fax.example>"), 250);
    CHECK_INT(verified("away", false, "User not local; will forward to <dave@other.example>"), 251);
    CHECK_INT(verified("gone", true, "User not local; please try <erin@other.example>"), 551);
    add_user("16", "Alice Springs", "spring@fax.example", false);
    CHECK_INT(verified("alice liddell", false, alice), 250);
    CHECK_INT(verified("alice", false, "Alice Liddell <alice@fax.example>\n"
                                       "Alice Springs <spring@fax.example>"), 553);
}

int main(void)
{
    open_all();
    RUN(users);
    RUN(lists);
    RUN(elsewhere);
    RUN(postmaster);
    RUN(refused_senders);
    RUN(a_full_spool);
    RUN(verify);
    close_all();
    return check_done();
}
