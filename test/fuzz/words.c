/* The small languages of settings, commands and JSON objects: the first byte chooses. */
#include "bytes/json.h"
#include "tool/conf.h"
#include "tool/spawn.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void settings(struct span text)
{
    struct conf *conf;
    struct why why = {""};
    uint64_t number;
    enum err e = conf_parse(text, &conf, &why);
    if ((e == ERR_NONE) != (conf != NULL) || (e && !why.text[0]))
        abort();
    for (unsigned n = 0; conf_nth(conf, "domain", n); n++)
        ;
    if (conf_number(conf, "spool-limit", 1, 1 << 20, &number, &why) == ERR_NONE && number > 1 << 20)
        abort();
    conf_free(conf);
}

static void command(struct span text)
{
    struct words words;
    char line[4096];
    if (!span_copy(span_take(text, sizeof line - 1), line, sizeof line) ||
        words_split(line, &words, NULL) != ERR_NONE)
        return;
    if (words.count == 0 || words.list[words.count])
        abort();
    words_free(&words);
}

/* What we write we read back as it was, but for what is not UTF-8. */
static void object(struct span text)
{
    struct buf out, again;
    struct json j;
    buf_init(&out, 1 << 20);
    buf_init(&again, 1 << 20);
    if (json_member(text, "key", &out) == ERR_NONE) {
        struct buf written;
        buf_init(&written, 8 << 20);
        json_init(&j, &written);
        json_open(&j, NULL, '{');
        json_add_span(&j, "key", buf_span(&out));
        json_close(&j, '}');
        if (j.err || json_member(buf_span(&written), "key", &again) != ERR_NONE)
            abort();
        buf_release(&written);
    }
    buf_release(&out);
    buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const languages[])(struct span) = {settings, command, object};
    if (size)
        languages[data[0] % 3](span_of(data + 1, size - 1));
    return 0;
}
