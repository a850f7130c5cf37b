/* The dialogue as a machine: what is asked after what. */
#include "policy/register.h"

#include "check.h"

static struct registration r;

/* Answers the question, which must be the one given; CHECK events find the row free. */
static enum registration_event answer(const char *question, const char *text)
{
    bool secret;
    CHECK_STR(registration_prompt(&r, &secret), question);
    CHECK(secret == (strncmp(question, "password", 8) == 0));
    enum registration_event e = registration_answer(&r, span_str(text));
    return e == REGISTRATION_CHECK ? registration_checked(&r, true) : e;
}

static void start(void)
{
    registration_init(&r, false, false, false);
    answer("log-in ID: ", "bob");
    answer("password: ", "p");
    answer("password again: ", "p");
    answer("user code: ", "15");
    answer("user name: ", "Bob");
}

static void end(enum registration_event last)
{
    CHECK_INT(last, REGISTRATION_STORE);
    CHECK(span_eq(buf_span(&r.password), span_str("p")));
    CHECK_INT(r.step, REGISTRATION_ANOTHER);
    answer("another user (y/n): ", "n");
    CHECK_INT(r.step, REGISTRATION_DONE);
    registration_release(&r);
}

static void printing_is_asked_only_with_reception(void)
{
    start();
    answer("automatic reception (on/off): ", "off");
    answer("check mail on transmission (on/off): ", "on");
    answer("text mail reception (on/off): ", "on");
    end(answer("encryption (on/off): ", "on"));
    CHECK(!r.user.auto_receive && r.user.check_on_send && r.user.text_mail && r.user.encrypt);
    CHECK_INT(r.user.days, 7);
}

static void days_are_asked_only_without_printing(void)
{
    start();
    answer("automatic reception (on/off): ", "on");
    answer("automatic printing (on/off): ", "off");
    answer("days to be saved (1-31): ", "0");
    CHECK(r.message != NULL);
    answer("days to be saved (1-31): ", "31");
    answer("check mail on transmission (on/off): ", "off");
    answer("text mail reception (on/off): ", "off");
    end(answer("encryption (on/off): ", "off"));
    CHECK_INT(r.user.days, 31);
    start();
    answer("automatic reception (on/off): ", "on");
    answer("automatic printing (on/off): ", "on");
    answer("check mail on transmission (on/off): ", "off");
    answer("text mail reception (on/off): ", "off");
    end(answer("encryption (on/off): ", "off"));
}

static void taken_is_asked_again(void)
{
    bool secret;
    registration_init(&r, false, false, false);
    answer("log-in ID: ", "bob");
    answer("password: ", "p");
    answer("password again: ", "p");
    CHECK_INT(registration_answer(&r, span_str("12")), REGISTRATION_CHECK);
    CHECK_INT(registration_checked(&r, false), REGISTRATION_NEXT);
    CHECK_STR(registration_prompt(&r, &secret), "user code: ");
    registration_release(&r);
}

static void the_third_difference_fails(void)
{
    registration_init(&r, false, false, false);
    answer("log-in ID: ", "bob");
    for (int i = 1; i <= 3; i++) {
        answer("password: ", "a");
        CHECK_INT(answer("password again: ", "b"),
                  i == 3 ? REGISTRATION_FAILED : REGISTRATION_NEXT);
        CHECK_STR(r.message, "invalid password");
        CHECK_INT(r.password.len, 0);
    }
    registration_release(&r);
}

/* The last of the questions may be one that is checked: it still ends in STORE. */
static void each_set_of_extra_questions_ends_in_store(void)
{
    for (int bits = 0; bits < 8; bits++) {
        registration_init(&r, bits & 1, bits & 2, bits & 4);
        static const char *const base[] = {"bob", "p", "p", "15", "Bob", "off", "off", "off", "off"};
        static const char *const extra[] = {"b@x", "pop3://m", "smtp://m"};
        enum registration_event e = REGISTRATION_NEXT;
        for (size_t i = 0; i < 9; i++) {
            CHECK_INT(e, REGISTRATION_NEXT);
            e = registration_answer(&r, span_str(base[i]));
            if (e == REGISTRATION_CHECK)
                e = registration_checked(&r, true);
        }
        for (int i = 0; i < 3; i++) {
            if (!(bits >> i & 1))
                continue;
            CHECK_INT(e, REGISTRATION_NEXT);
            e = registration_answer(&r, span_str(extra[i]));
            if (e == REGISTRATION_CHECK)
                e = registration_checked(&r, true);
        }
        CHECK_INT(e, REGISTRATION_STORE);
        registration_release(&r);
    }
}

static void a_second_user_starts_clean(void)
{
    printing_is_asked_only_with_reception();
    start();
    answer("automatic reception (on/off): ", "off");
    answer("check mail on transmission (on/off): ", "on");
    answer("text mail reception (on/off): ", "on");
    answer("encryption (on/off): ", "on");
    answer("another user (y/n): ", "perhaps");
    CHECK(r.message != NULL);
    answer("another user (y/n): ", "YES");
    CHECK_INT(r.step, REGISTRATION_LOGIN);
    CHECK(!r.user.code[0] && !r.user.text_mail && r.password.len == 0);
    registration_release(&r);
}

int main(void)
{
    RUN(printing_is_asked_only_with_reception);
    RUN(days_are_asked_only_without_printing);
    RUN(taken_is_asked_again);
    RUN(the_third_difference_fails);
    RUN(each_set_of_extra_questions_ends_in_store);
    RUN(a_second_user_starts_clean);
    return check_done();
}
