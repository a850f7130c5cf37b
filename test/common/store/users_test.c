/* The tables, through store.h alone: in a home of its own under $TMPDIR. */
#include "seal/password.h"
#include "store/login.h"
#include "store/store.h"

#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

static struct home home;
static struct why why;

/* A home as `fuser init` makes it, without the rest: key, db/, state/. */
static void make_home(const char *settings)
{
    char path[HOME_PATH_MAX];
    const char *tmp = getenv("TMPDIR");
    static const char key[] = "0123456789abcdef0123456789abcdef";
    memset(&home, 0, sizeof home);
    snprintf(home.path, sizeof home.path, "%s/faxpipe-store-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(home.path) != NULL);
    snprintf(path, sizeof path, "%s/db", home.path);
    CHECK_INT(mkdir(path, 0750), 0);
    snprintf(path, sizeof path, "%s/state", home.path);
    CHECK_INT(mkdir(path, 0770), 0);
    snprintf(path, sizeof path, "%s/key", home.path);
    FILE *f = fopen(path, "w");
    CHECK(f && fwrite(key, 1, 32, f) == 32);
    if (f)
        fclose(f);
    CHECK_INT(conf_parse(span_str(settings), &home.conf, &why), ERR_NONE);
}

static void remove_home(void)
{
    static const char *const names[] = {"db/users.db", "db/backup.db", "state/state.db", "key",
                                        "db", "state", ""};
    char path[HOME_PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", home.path, names[i]);
        remove(path);
    }
    home_close(&home);
}

static const char quick[] = "scram-iterations = 4096\npassword-tries = 3\n";

static struct store *opened(void)
{
    struct store *s = NULL;
    make_home(quick);
    CHECK_INT(store_open(&home, STORE_MAKE, &s, &why), ERR_NONE);
    return s;
}

static void closed(struct store *s)
{
    store_close(s);
    remove_home();
}

static void set(struct user *u, const char *column, const char *value)
{
    CHECK_INT(user_set(u, user_column(span_str(column)), span_str(value), &why), ERR_NONE);
}

static struct user row(const char *code, const char *name, const char *login)
{
    struct user u;
    user_defaults(&u);
    set(&u, "code", code);
    set(&u, "name", name);
    set(&u, "login", login);
    return u;
}

static void rows_come_back_as_they_went_in(void)
{
    static const char *const values[USER_COLUMNS] = {
        "Ab-1_", "Zoë", "zoe@fax.example", "+81751234567", "zoe", "pop3s://mail.example",
        "smtp://mail.example", "on", "on", "31", "on", "on", "on", "forward", "mail", "on", "90",
        "office", "zoe@away.example", "zoe@home.example", "on-print", "on", "12#", "zoe", "a.example",
        "de-CH", "pass show x"};
    struct store *s = opened();
    struct user u, got;
    user_defaults(&u);
    for (int i = 0; i < USER_COLUMNS; i++)
        set(&u, user_columns[i].name, values[i]);
    CHECK_INT(store_user_add(s, &u, 0, &why), ERR_NONE);
    CHECK_INT(store_user_get(s, "aB-1_", &got, &why), ERR_NONE);
    for (int i = 0; i < USER_COLUMNS; i++) {
        struct buf text;
        buf_init(&text, 2000);
        CHECK_INT(user_text(&got, &user_columns[i], &text), ERR_NONE);
        CHECK_STR(buf_cstr(&text), values[i]);
        buf_release(&text);
    }
    set(&got, "name", "Other");
    CHECK_INT(store_user_edit(s, &got, &why), ERR_NONE);
    CHECK_INT(store_user_get(s, "Ab-1_", &u, &why), ERR_NONE);
    CHECK_STR(u.name, "Other");
    CHECK_INT(store_user_remove(s, "ab-1_", &why), ERR_NONE);
    CHECK_INT(store_user_remove(s, "ab-1_", &why), ERR_NO_USER);
    CHECK_INT(store_user_get(s, "Ab-1_", &u, &why), ERR_NO_USER);
    CHECK_INT(store_user_edit(s, &u, &why), ERR_NO_USER);
    closed(s);
}

static enum err gather(void *arg, const struct user *u)
{
    return buf_add_format(arg, "%s;", u->code);
}

static void users_are_listed_in_order(void)
{
    struct store *s = opened();
    struct buf codes;
    unsigned n = 0;
    buf_init(&codes, 1000);
    struct user b = row("b", "n1", "l1"), a = row("A", "n2", "l2"), c = row("c", "n3", "l3");
    CHECK_INT(store_user_add(s, &b, 0, &why), ERR_NONE);
    CHECK_INT(store_user_add(s, &a, 0, &why), ERR_NONE);
    CHECK_INT(store_user_add(s, &c, 3, &why), ERR_NONE);
    CHECK_INT(store_users(s, gather, &codes, &why), ERR_NONE);
    CHECK_STR(buf_cstr(&codes), "A;b;c;");
    CHECK_INT(store_user_count(s, &n, &why), ERR_NONE);
    CHECK_INT(n, 3);
    struct user d = row("d", "n4", "l4");
    CHECK_INT(store_user_add(s, &d, 3, &why), ERR_NO);
    CHECK_STR(why.text, "user registration filled");
    buf_release(&codes);
    closed(s);
}

/* Claim 13, and that letters' case makes no difference, in any script. */
static void the_same_twice_is_refused(void)
{
    struct store *s = opened();
    struct user a = row("12", "Ärger Ὀδ Жук", "al");
    set(&a, "address", "alice@fax.example");
    set(&a, "fax-number", "+49 30 123");
    set(&a, "mailbox", "pop3://one.example");
    CHECK_INT(store_user_add(s, &a, 0, &why), ERR_NONE);
    static const struct {
        const char *column, *value, *words;
    } same[] = {
        {"code", "12", "user code already taken"},
        {"name", "äRGER Ὀδ жУК", "user name already taken"},
        {"address", "ALICE@Fax.Example", "mail address already taken"},
        {"fax-number", "+49-30-123", "fax number already taken"},
        {"login", "al", "log-in ID already taken"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct user b = row("13", "Bob", "bob");
        set(&b, "mailbox", "pop3://one.example");
        set(&b, same[i].column, same[i].value);
        CHECK_INT(store_user_free(s, &b, &why), ERR_NO);
        CHECK_STR(why.text, same[i].words);
        CHECK_INT(store_user_add(s, &b, 0, &why), ERR_NO);
        CHECK_STR(why.text, same[i].words);
    }
    struct user b = row("13", "Bob", "al");
    set(&b, "mailbox", "pop3://two.example");
    CHECK_INT(store_user_add(s, &b, 0, &why), ERR_NONE);
    set(&b, "mailbox", "pop3://one.example");
    CHECK_INT(store_user_edit(s, &b, &why), ERR_NO);
    struct alias alias = {.name = "staff", .kind = ALIAS_LIST};
    CHECK_INT(store_alias_set(s, &alias, NULL, 0, &why), ERR_NONE);
    struct user c = row("Staff", "Carl", "carl");
    CHECK_INT(store_user_add(s, &c, 0, &why), ERR_NO);
    c = row("14", "Carl", "carl");
    set(&c, "address", "STAFF@fax.example");
    CHECK_INT(store_user_add(s, &c, 0, &why), ERR_NO);
    snprintf(alias.name, sizeof alias.name, "Alice");
    CHECK_INT(store_alias_set(s, &alias, NULL, 0, &why), ERR_NO);
    closed(s);
}

static void is_user(struct store *s, const char *address, const char *code)
{
    static const char *const domains[] = {"fax.example", NULL};
    struct user u = {.code = ""};
    enum err e = store_user_by_address(s, address, domains, &u, &why);
    CHECK_INT(e, code ? ERR_NONE : ERR_NO_USER);
    if (code)
        CHECK_STR(u.code, code);
}

static void addresses_find_their_users(void)
{
    struct store *s = opened();
    struct user a = row("12", "Alice", "alice"), b = row("15", "Bob", "bob");
    set(&a, "address", "Alice@fax.example");
    set(&a, "fax-number", "+81 75 1234567");
    set(&b, "address", "bob@elsewhere.example");
    set(&b, "sub-address", "9");
    CHECK_INT(store_user_add(s, &a, 0, &why), ERR_NONE);
    CHECK_INT(store_user_add(s, &b, 0, &why), ERR_NONE);
    is_user(s, "aLICE@FAX.example", "12");
    is_user(s, "12@fax.example", "12");
    is_user(s, "FAX=+81751234567@fax.example", "12");
    is_user(s, "fax=+81-75-1234567/t33s=9@fax.example", "15");
    is_user(s, "+81751234567@fax.example", "12");
    is_user(s, "bob@elsewhere.example", "15");
    is_user(s, "bob@fax.example", "15");
    is_user(s, "alice", "12");
    is_user(s, "alice@other.example", NULL);
    is_user(s, "carl@fax.example", NULL);
    is_user(s, "@fax.example", NULL);
    is_user(s, "", NULL);
    is_user(s, "' OR 1=1 --@fax.example", NULL);
    /* Two of the same local part: neither is meant. */
    struct user c = row("16", "Other Alice", "alice2");
    set(&c, "address", "alice@elsewhere.example");
    CHECK_INT(store_user_add(s, &c, 0, &why), ERR_NONE);
    is_user(s, "alice@fax.example", "12");
    is_user(s, "alice", NULL);
    struct user got;
    CHECK_INT(store_user_by_login(s, "bob", &got, &why), ERR_NONE);
    CHECK_STR(got.code, "15");
    CHECK_INT(store_user_by_login(s, "", &got, &why), ERR_NO_USER);
    closed(s);
}

static void passwords_are_sealed_and_verified(void)
{
    struct store *s = opened();
    struct user a = row("12", "Alice", "alice");
    struct buf out;
    buf_init(&out, 1000);
    CHECK_INT(store_user_add(s, &a, 0, &why), ERR_NONE);
    CHECK_INT(store_user_password(s, &seal_vault, "12", &out, &why), ERR_AUTH);
    CHECK_INT(store_user_set_password(s, &seal_vault, "12", span_str("tiger"), &why), ERR_NONE);
    CHECK_INT(store_user_password(s, &seal_vault, "12", &out, &why), ERR_NONE);
    CHECK_STR(buf_cstr(&out), "tiger");
    CHECK_INT(store_user_verify(s, &seal_vault, "12", span_str("tiger"), &why), ERR_NONE);
    CHECK_INT(store_user_verify(s, &seal_vault, "12", span_str("lion"), &why), ERR_AUTH);
    CHECK_INT(store_user_verify(s, &seal_vault, "99", span_str("lion"), &why), ERR_AUTH);
    CHECK_INT(store_user_set_release(s, &seal_vault, "12", span_str("paper"), &why), ERR_NONE);
    CHECK_INT(store_user_set_password(s, &seal_vault, "12", span_str("new"), &why), ERR_NONE);
    CHECK_INT(store_user_verify(s, &seal_vault, "12", span_str("paper"), &why), ERR_NONE);
    CHECK_INT(store_user_verify(s, &seal_vault, "12", span_str("new"), &why), ERR_AUTH);
    CHECK_INT(store_user_set_password(s, &seal_vault, "99", span_str("x"), &why), ERR_NO_USER);
    buf_wipe(&out);
    closed(s);
}

static enum err count_row(void *arg, const struct journal_row *r)
{
    int *n = arg;
    *n += strcmp(r->result, "wrong-password") == 0;
    return ERR_NONE;
}

static void wrong_tries_block_known_and_unknown_alike(void)
{
    static const char *const codes[] = {"12", "nobody"};
    struct store *s = opened();
    struct user a = row("12", "Alice", "alice");
    CHECK_INT(store_user_add(s, &a, 0, &why), ERR_NONE);
    CHECK_INT(store_user_set_password(s, &seal_vault, "12", span_str("tiger"), &why), ERR_NONE);
    for (int k = 0; k < 2; k++) {
        unsigned last = 0;
        for (int i = 0; i < 3; i++) {
            CHECK_INT(store_user_verify(s, &seal_vault, codes[k], span_str("x"), &why), ERR_AUTH);
            CHECK_STR(why.text, "wrong password");
            CHECK(store_try_delay(s, codes[k]) > last);
            last = store_try_delay(s, codes[k]);
        }
        CHECK_INT(store_user_verify(s, &seal_vault, codes[k], span_str("tiger"), &why), ERR_AUTH);
        CHECK(strncmp(why.text, "too many wrong passwords", 24) == 0);
    }
    int rows = 0;
    CHECK_INT(store_journal_list(s, &(struct journal_filter){.code = "12"}, count_row, &rows, &why),
              ERR_NONE);
    CHECK_INT(rows, 3);
    CHECK_INT(store_try_settle(s, "12", ERR_NONE, false, &why), ERR_NONE);
    CHECK_INT(store_user_verify(s, &seal_vault, "12", span_str("tiger"), &why), ERR_NONE);
    CHECK_INT(store_try_delay(s, "12"), 0);
    closed(s);
}

static struct store *asked_of;
static unsigned counted_before;

/* A look at a proof, which sees whether its try has been counted already. */
static enum err watch_prove(const struct home *h, struct span verifier, const char *name,
                            struct span message, struct span proof, struct buf *signature,
                            struct why *w)
{
    counted_before = store_try_delay(asked_of, "12");
    return seal_vault.prove(h, verifier, name, message, proof, signature, w);
}

/* Or many at once, or a kill, would get looks for nothing: as store_user_verify has it. */
static void a_log_in_is_counted_before_it_is_looked_at(void)
{
    struct vault watching = seal_vault;
    struct user a = row("12", "Alice", "alice");
    struct buf salt, proof, out;
    watching.prove = watch_prove;
    asked_of = opened();
    buf_init(&salt, 1000);
    buf_init(&proof, 1000);
    buf_init(&out, 1000);
    CHECK_INT(store_user_add(asked_of, &a, 0, &why), ERR_NONE);
    CHECK_INT(store_user_set_password(asked_of, &seal_vault, "12", span_str("tiger"), &why), 0);
    CHECK_INT(store_login_prove(asked_of, &watching, "alice", span_str("m"), span_str("x"), &out,
                                &why), ERR_AUTH);
    CHECK(counted_before > 0);
    CHECK_INT(store_login_salt(asked_of, &watching, "alice", &salt, &why), ERR_NONE);
    CHECK_INT(scram_prove(span_str("tiger"), buf_span(&salt), span_str("m"), &proof, &why), 0);
    CHECK_INT(store_login_prove(asked_of, &watching, "alice", span_str("m"), buf_span(&proof), &out,
                                &why), ERR_NONE);
    CHECK_INT(store_try_delay(asked_of, "12"), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(store_login_prove(asked_of, &watching, "alice", span_str("m"), span_str("x"),
                                    &out, &why), ERR_AUTH);
    CHECK_INT(store_login_prove(asked_of, &watching, "alice", span_str("m"), buf_span(&proof), &out,
                                &why), ERR_AUTH);
    int rows = 0;
    CHECK_INT(store_journal_list(asked_of, &(struct journal_filter){.code = "12"}, count_row, &rows,
                                 &why), ERR_NONE);
    CHECK_INT(rows, 4);
    buf_release(&salt);
    buf_release(&proof);
    buf_release(&out);
    closed(asked_of);
}

static void a_change_is_whole_or_undone(void)
{
    struct store *s = opened();
    struct user a = row("12", "Alice", "alice"), got;
    CHECK_INT(store_begin(s, &why), ERR_NONE);
    CHECK_INT(store_user_add(s, &a, 0, &why), ERR_NONE);
    store_rollback(s);
    CHECK_INT(store_user_get(s, "12", &got, &why), ERR_NO_USER);
    CHECK_INT(store_begin(s, &why), ERR_NONE);
    CHECK_INT(store_user_add(s, &a, 0, &why), ERR_NONE);
    CHECK_INT(store_user_set_password(s, &seal_vault, "12", span_str("p"), &why), ERR_NONE);
    CHECK_INT(store_commit(s, &why), ERR_NONE);
    CHECK_INT(store_user_get(s, "12", &got, &why), ERR_NONE);
    CHECK_INT(store_check(s, NULL, NULL, &why), ERR_NONE);
    char path[HOME_PATH_MAX];
    snprintf(path, sizeof path, "%s/db/backup.db", home.path);
    CHECK_INT(store_backup(s, path, &why), ERR_NONE);
    struct stat st;
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600 && st.st_size > 0);
    closed(s);
}

static void readers_cannot_write(void)
{
    struct store *s = opened(), *r = NULL;
    struct user a = row("12", "Alice", "alice");
    CHECK_INT(store_open(&home, STORE_READ, &r, &why), ERR_NONE);
    CHECK(store_user_add(r, &a, 0, &why) != ERR_NONE);
    CHECK_INT(store_user_add(s, &a, 0, &why), ERR_NONE);
    CHECK_INT(store_user_get(r, "12", &a, &why), ERR_NONE);
    store_close(r);
    closed(s);
}

int main(void)
{
    RUN(rows_come_back_as_they_went_in);
    RUN(users_are_listed_in_order);
    RUN(the_same_twice_is_refused);
    RUN(addresses_find_their_users);
    RUN(passwords_are_sealed_and_verified);
    RUN(wrong_tries_block_known_and_unknown_alike);
    RUN(a_log_in_is_counted_before_it_is_looked_at);
    RUN(a_change_is_whole_or_undone);
    RUN(readers_cannot_write);
    return check_done();
}
