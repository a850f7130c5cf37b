/* What the mail parser makes of a mail, as text: for its tests. */
#ifndef TEST_LIB_MIME_TRACE_H
#define TEST_LIB_MIME_TRACE_H

#include "check.h"
#include "mime/parse.h"

#include <stdlib.h>
#include <string.h>

/* A mail's events as a line of text: "<1 image/tiff" "[bytes]" ">1". */
static inline enum err trace(const char *mail, size_t n, size_t split,
                             const struct mime_options *options, struct buf *out)
{
    struct mime_parser p;
    struct mime_event e = {.kind = MIME_NEED_MORE};
    enum err err;
    size_t at = 0;
    char *piece = NULL;
    bool in_body = false;
    mime_parser_init(&p, options);
    buf_clear(out);
    while (!(err = mime_parser_next(&p, &e)) && e.kind != MIME_END) {
        if (e.kind == MIME_NEED_MORE) {
            size_t k = at < split && split < n ? split - at : n - at;
            if (k == 0) {
                mime_parser_end(&p);
                continue;
            }
            /* A copy of its own, freed only when the parser has asked for more. */
            free(piece);
            piece = malloc(k);
            memcpy(piece, mail + at, k);
            mime_parser_push(&p, span_of(piece, k));
            at += k;
            continue;
        }
        if (in_body && e.kind != MIME_BODY)
            buf_add_str(out, "]");
        if (e.kind == MIME_PART_BEGIN) {
            buf_add_format(out, "<%s %s", e.part->number, e.part->type);
            if (e.part->name[0])
                buf_add_format(out, " %s", e.part->name);
            buf_add_str(out, "\n");
        } else if (e.kind == MIME_BODY) {
            if (!in_body)
                buf_add_str(out, "[");
            buf_add_span(out, e.body);
        } else if (e.kind == MIME_PART_END) {
            char words[200];
            mime_defects_words(&e.part->defects, words, sizeof words);
            buf_add_format(out, ">%s %s\n", e.part->number, words);
        }
        in_body = e.kind == MIME_BODY;
    }
    if (err)
        buf_add_format(out, "!%d %s", err, mime_parser_why(&p)->text);
    free(piece);
    mime_parser_release(&p);
    return err;
}

/* Whole, and split at every byte. */
static inline void expect(const char *mail, size_t n, const struct mime_options *options,
                          const char *want)
{
    struct buf out;
    buf_init(&out, 1 << 22);
    for (size_t split = 0; split <= n; split++) {
        trace(mail, n, split, options, &out);
        const char *got = buf_cstr(&out);
        if (strcmp(got, want) != 0) {
            printf("# split at %zu\n", split);
            CHECK_STR(got, want);
            break;
        }
    }
    buf_release(&out);
}

#define EXPECT(mail, want) expect(mail, sizeof(mail) - 1, NULL, want)

#endif
