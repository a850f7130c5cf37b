/*
 * The text of `fuser import`, and what columns take: whatever is accepted is written again as
 * the same, and nothing is written over its end.
 */
#include "policy/decide.h"
#include "policy/rows.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool b)
{
    if (!b)
        abort();
}

/* A value's text goes out and comes in as the same bytes. */
static void value_survives(struct span value)
{
    struct buf line, back;
    struct rows r;
    struct row_line l;
    buf_init(&line, 1 << 20);
    buf_init(&back, 1 << 20);
    must(rows_add_value(&line, "k", value) == ERR_NONE);
    rows_init(&r, buf_span(&line));
    must(rows_next(&r, &l, NULL) == ERR_NONE && l.event == ROW_VALUE);
    must(rows_value(l.two, &back) == ERR_NONE && span_eq(buf_span(&back), value));
    buf_release(&line);
    buf_release(&back);
}

/* What a column takes it gives back in its normal form, which it takes too. */
static void column_settles(struct user *u, const struct column *c, struct span value)
{
    struct buf one, two;
    buf_init(&one, 4096);
    buf_init(&two, 4096);
    struct user before = *u;
    if (user_set(u, c, value, NULL)) {
        must(memcmp(&before, u, sizeof before) == 0);
    } else {
        must(user_text(u, c, &one) == ERR_NONE);
        must(user_set(u, c, buf_span(&one), NULL) == ERR_NONE);
        must(user_text(u, c, &two) == ERR_NONE && span_eq(buf_span(&one), buf_span(&two)));
    }
    buf_release(&one);
    buf_release(&two);
}

static void pattern_settles(struct span text)
{
    char one[USER_ADDRESS_MAX + 1], two[USER_ADDRESS_MAX + 1];
    if (!sender_pattern(text, one, sizeof one))
        return;
    must(sender_pattern(span_str(one), two, sizeof two) && strcmp(one, two) == 0);
    sender_match(span_str(one), text);
    sender_match(text, span_str(one));
    fax_number_of(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rows r;
    struct row_line l;
    struct user u;
    struct buf value;
    unsigned last = 0;
    user_defaults(&u);
    buf_init(&value, 1 << 20);
    rows_init(&r, span_of(data, size));
    while (rows_next(&r, &l, NULL) == ERR_NONE && l.event != ROW_END) {
        must(l.number > last);
        last = l.number;
        pattern_settles(l.two);
        buf_clear(&value);
        if (l.event != ROW_VALUE || rows_value(l.two, &value))
            continue;
        if (!memchr(value.data ? value.data : (const uint8_t *)"", 0, value.len))
            value_survives(buf_span(&value));
        const struct column *c = user_column(l.one);
        for (size_t i = 0; i < USER_COLUMNS; i++)
            if (!c || c == &user_columns[i])
                column_settles(&u, &user_columns[i], buf_span(&value));
        user_member_valid(buf_span(&value));
        buf_clear(&value);
        user_fold(l.two, &value);
        buf_clear(&value);
        user_default_text(l.two, span_str("login"), &value);
    }
    buf_release(&value);
    return 0;
}
