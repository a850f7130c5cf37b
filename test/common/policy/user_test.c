#include "policy/explain.h"
#include "policy/user.h"

#include "check.h"

static struct user u;
static struct why why;

static enum err set(const char *column, const char *value)
{
    const struct column *c = user_column(span_str(column));
    CHECK(c != NULL);
    return c ? user_set(&u, c, span_str(value), &why) : ERR_BUG;
}

static const char *text(const char *column)
{
    static struct buf b;
    buf_release(&b);
    buf_init(&b, 2000);
    CHECK_INT(user_text(&u, user_column(span_str(column)), &b), ERR_NONE);
    return buf_cstr(&b);
}

static void names_are_the_same_everywhere(void)
{
    for (int i = 0; i < USER_COLUMNS; i++) {
        const struct column *c = &user_columns[i];
        CHECK_STR(user_column_names[i], c->name);
        CHECK(user_column(span_str(c->name)) == c);
        char sql[64];
        snprintf(sql, sizeof sql, "%s", c->name);
        for (char *p = sql; *p; p++)
            if (*p == '-')
                *p = '_';
        CHECK_STR(c->sql, sql);
        CHECK(c->offset + c->size <= sizeof u);
    }
    CHECK(user_column(span_str("nothing")) == NULL);
    CHECK(user_column(span_str("")) == NULL);
}

static void defaults_are_the_pages(void)
{
    user_defaults(&u);
    static const struct {
        const char *column, *value;
    } want[] = {{"auto-receive", "off"}, {"auto-print", "off"}, {"days", "7"},
                {"check-on-send", "off"}, {"text-mail", "off"}, {"encrypt", "off"},
                {"on-expiry", "print"}, {"notice", "print"}, {"keep", "off"}, {"mdn", "never"},
                {"sealed", "off"}, {"follow", ""}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        CHECK_STR(text(want[i].column), want[i].value);
}

static void switches_know_on_off_yes_no(void)
{
    static const char *const on[] = {"on", "ON", "yes", "y", " Yes "};
    static const char *const off[] = {"off", "no", "n", "N"};
    static const char *const neither[] = {"", "1", "onn", "o", "true", "y n"};
    bool b = false;
    for (size_t i = 0; i < 5; i++)
        CHECK(user_switch(span_str(on[i]), &b) && b);
    for (size_t i = 0; i < 4; i++)
        CHECK(user_switch(span_str(off[i]), &b) && !b);
    for (size_t i = 0; i < 6; i++)
        CHECK(!user_switch(span_str(neither[i]), &b));
}

static void what_is_refused_changes_nothing(void)
{
    static const struct {
        const char *column, *good, *bad;
    } t[] = {
        {"code", "a_-9", "-a"},
        {"code", "1234567890123456", "12345678901234567"},
        {"days", "31", "32"},
        {"days", "1", "0"},
        {"days", "7", " "},
        {"keep-days", "3650", "3651"},
        {"address", "\"a b\"@c.example", "\"a b@c.example"},
        {"address", "a.b+c@[127.0.0.1]", "a@b@c.example"},
        {"address", "a@b", "a@.b"},
        {"address", "a@b", "a@b..c"},
        {"address", "a@b", "<a@b>"},
        {"address", "a@b", "a"},
        {"mailbox", "imaps://u@m.example/INBOX", "imaps://"},
        {"mailbox", "POP3://m", "pop3://u:p@m"},
        {"submit", "lmtp://m:24", "file:///x"},
        {"name", "Zoë", "a\x01"},
        {"name", "x", "\xc3"},
        {"name", "x", "a\xc2\x85z"},
        {"on-expiry", "Delete", "shred"},
        {"notice", "none", "noneX"},
        {"fax-number", "(030) 12", "+"},
        {"fax-number", "12", "1+2"},
        {"domains", "a.b  c.d,e.f", "a b/"},
        {"unix-user", "al.ice-1", "-a"},
        {"sub-address", "1#*", "1a"},
        {"language", "pt-BR", "pt BR"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        user_defaults(&u);
        CHECK_INT(set(t[i].column, t[i].good), ERR_NONE);
        struct user before = u;
        CHECK_INT(set(t[i].column, t[i].bad), ERR_USAGE);
        CHECK(memcmp(&before, &u, sizeof u) == 0);
        CHECK(strncmp(why.text, t[i].column, strlen(t[i].column)) == 0);
    }
}

static void normal_forms(void)
{
    user_defaults(&u);
    CHECK_INT(set("fax-number", " +81 (75) 123-4567 "), ERR_NONE);
    CHECK_STR(text("fax-number"), "+81751234567");
    CHECK_INT(set("domains", ", A.b  c.D,"), ERR_NONE);
    CHECK_STR(text("domains"), "a.b c.d");
    CHECK_INT(set("name", "  x  "), ERR_NONE);
    CHECK_STR(text("name"), "x");
    CHECK_INT(set("name", ""), ERR_NONE);
    CHECK_STR(text("name"), "");
}

static void no_text_overflows(void)
{
    static char large[5000];
    memset(large, 'a', sizeof large - 1);
    for (int i = 0; i < USER_COLUMNS; i++)
        if (user_columns[i].kind == COLUMN_TEXT)
            CHECK_INT(user_set(&u, &user_columns[i], span_str(large), &why), ERR_USAGE);
    memset(large, '7', sizeof large - 1);
    for (int i = 0; i < USER_COLUMNS; i++)
        if (user_columns[i].kind != COLUMN_SWITCH)
            CHECK_INT(user_set(&u, &user_columns[i], span_str(large), &why), ERR_USAGE);
}

static void defaults_of_the_settings_take_the_login(void)
{
    struct buf b;
    buf_init(&b, 30);
    CHECK_INT(user_default_text(span_str("%l@x%%y"), span_str("al"), &b), ERR_NONE);
    CHECK_STR(buf_cstr(&b), "al@x%y");
    CHECK_INT(user_default_text(span_str("%"), span_str("al"), &b), ERR_DATA);
    CHECK_INT(user_default_text(span_str("%u"), span_str("al"), &b), ERR_DATA);
    CHECK_INT(user_default_text(span_str("%l%l%l"), span_str("0123456789"), &b), ERR_DATA);
    buf_release(&b);
}

static void letters_fold(void)
{
    static const struct {
        const char *from, *to;
    } t[] = {{"ABCz", "abcz"}, {"ÄÖÜß", "äöüß"}, {"ŁÓDŹ", "łódź"}, {"ΩΣς", "ωσσ"},
             {"ЖЁ", "жё"}, {"Ａ", "ａ"}, {"日本", "日本"}, {"\xff" "A", "\xff" "a"}, {"×÷", "×÷"}};
    struct buf b;
    buf_init(&b, 100);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        buf_clear(&b);
        CHECK_INT(user_fold(span_str(t[i].from), &b), ERR_NONE);
        CHECK_STR(buf_cstr(&b), t[i].to);
    }
    buf_release(&b);
}

static void members(void)
{
    CHECK(user_member_valid(span_str("a@b")));
    CHECK(user_member_valid(span_str("Alice <a@b>")));
    CHECK(!user_member_valid(span_str("Alice")));
    CHECK(!user_member_valid(span_str("Alice <a@b")));
    CHECK(!user_member_valid(span_str("Alice <>")));
    CHECK(!user_member_valid(span_str("A\nB <a@b>")));
    CHECK(user_member_valid(span_str("Quincy Smith <@USC-ISIF.ARPA:Q-Smith@ISI-VAXA.ARPA>")));
    CHECK(user_member_valid(span_str("<@a.example,@b.example:c@d.example>")));
    CHECK(!user_member_valid(span_str("<@a.example>")));
    CHECK(!user_member_valid(span_str("<@a.example:>")));
    CHECK(!user_member_valid(span_str("<@a.example,b@c>")));
    CHECK(!user_member_valid(span_str("<@:b@c>")));
    CHECK(!user_member_valid(span_str("<@a.example:@b.example:c@d>")));
    CHECK(!user_member_valid(span_str("<@a.example,:c@d>")));
}

int main(void)
{
    RUN(names_are_the_same_everywhere);
    RUN(defaults_are_the_pages);
    RUN(switches_know_on_off_yes_no);
    RUN(what_is_refused_changes_nothing);
    RUN(normal_forms);
    RUN(no_text_overflows);
    RUN(defaults_of_the_settings_take_the_login);
    RUN(letters_fold);
    RUN(members);
    return check_done();
}
