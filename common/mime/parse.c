#include "mime/parse_inner.h"

#include "mime/kind.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_HELD = MIME_BOUNDARY_MAX + 256 };

void mime_parser_init(struct mime_parser *p, const struct mime_options *options)
{
    memset(p, 0, sizeof *p);
    if (options)
        p->options = *options;
    buf_init(&p->levels, MIME_DEPTH_MAX * sizeof(struct mime_level));
    buf_init(&p->boundaries, 2 * MIME_DEPTH_MAX * (size_t)MIME_BOUNDARY_MAX);
    buf_init(&p->header, MIME_HEADER_MAX);
    buf_init(&p->line, MIME_HEADER_MAX);
    buf_init(&p->again, 4 * MIME_HEADER_MAX);
    buf_init(&p->converted, MIME_HEADER_MAX);
    buf_init(&p->preamble, 4 * MIME_CHUNK);
    buf_init(&p->nested.parser, sizeof *p);
    buf_init(&p->sniffed, 2 * MIME_CHUNK);
    buf_init(&p->out, 2 * MIME_HEADER_MAX);
    buf_init(&p->uu.line, 512);
    buf_init(&p->uu.begin, 1200);
    buf_init(&p->uu.out, 2 * MIME_CHUNK);
    tnef_init(&p->tnef, p->options.conv);
}

void mime_parser_release(struct mime_parser *p)
{
    buf_release(&p->levels);
    buf_release(&p->boundaries);
    buf_release(&p->header);
    buf_release(&p->line);
    buf_release(&p->again);
    buf_release(&p->converted);
    buf_release(&p->preamble);
    mime_nested_close(p);
    buf_release(&p->nested.parser);
    buf_release(&p->sniffed);
    buf_release(&p->out);
    buf_release(&p->uu.line);
    buf_release(&p->uu.begin);
    buf_release(&p->uu.out);
    tnef_release(&p->tnef);
}

void mime_parser_push(struct mime_parser *p, struct span bytes)
{
    p->in_own = p->ends > MIME_ENDS_USUAL;
    p->in = p->in_own ? span_of(NULL, 0) : bytes;
    p->later = p->in_own ? bytes : span_of(NULL, 0);
}

void mime_parser_end(struct mime_parser *p)
{
    p->ended = true;
}

const struct why *mime_parser_why(const struct mime_parser *p)
{
    return &p->why;
}

bool mime_parser_fail(struct mime_parser *p, enum err e, const char *reason)
{
    p->failed = why_set(&p->why, e, "%s", reason);
    return true;
}

bool mime_event_body(struct mime_parser *p, struct mime_event *event, struct span body)
{
    *event = (struct mime_event){MIME_BODY, &mime_level_top(p)->part, {0}, body};
    return true;
}

bool mime_need_more(struct mime_event *event)
{
    *event = (struct mime_event){.kind = MIME_NEED_MORE};
    return true;
}

/* ---- boundaries ---- */

struct span mime_without_end(struct span s)
{
    if (s.n && s.p[s.n - 1] == '\n')
        s.n--;
    if (s.n && s.p[s.n - 1] == '\r')
        s.n--;
    return s;
}

static bool all_blank(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && s.p[i] != '\t')
            return false;
    return true;
}

/* line is the boundary, but for the "--" it begins with; *last: the closing one. */
static bool matches(struct span line, struct span boundary, bool *last)
{
    if (boundary.n == 0 || !span_starts(line, boundary))
        return false;
    struct span rest = span_skip(line, boundary.n);
    *last = span_starts(rest, span_str("--"));
    return all_blank(span_skip(rest, *last ? 2 : 0));
}

bool mime_is_boundary(struct mime_parser *p, struct span line, size_t *index, bool *last)
{
    line = mime_without_end(line);
    if (!span_starts(line, span_str("--")))
        return false;
    line = span_skip(line, 2);
    for (size_t i = mime_levels(p); i-- > 0;) {
        const struct mime_level *level = mime_level_at(p, i);
        if (!level->multipart)
            continue;
        struct span all = buf_span(&p->boundaries);
        *index = i;
        if (matches(line, span_take(span_skip(all, level->boundary), level->boundary_n), last) ||
            (level->divided &&
             matches(line, span_take(span_skip(all, level->other.at), level->other.n), last)))
            return true;
    }
    return false;
}

void mime_close_levels(struct mime_parser *p, size_t count, enum mime_parse_state after)
{
    p->state = MIME_CLOSING;
    p->close_to = count;
    p->after = after;
    p->flushed = false;
    p->pending_n = 0;
}

static void at_boundary(struct mime_parser *p, size_t index, bool last)
{
    for (size_t i = index + 1; i < mime_levels(p); i++)
        if (mime_level_at(p, i)->multipart)
            mime_level_at(p, i)->part.defects.no_final_boundary = true;
    if (last)
        mime_close_levels(p, index, MIME_IN_GAP);
    else
        mime_close_levels(p, index + 1, MIME_IN_HEADER);
}

/* ---- bodies ---- */

/* The part whose bytes stand in the mail; a uuencoded file, or one in TNEF, lies inside it. */
static struct mime_part *leaf_part(struct mime_parser *p)
{
    size_t n = mime_levels(p);
    struct mime_level *top = mime_level_at(p, n - 1);
    return top->inner ? &mime_level_at(p, n - 2)->part : &top->part;
}

static bool searched_for_uu(const struct mime_parser *p, const struct mime_part *part)
{
    return p->uu.whole || (!p->options.keep_uu && strcmp(part->type, "text/plain") == 0);
}

/* Decoded bytes of a leaf: to those who look for files in them, or out. */
static bool give_decoded(struct mime_parser *p, struct mime_event *event,
                         const struct mime_part *part, struct span data)
{
    if (p->tnef_open)
        return data.n && mime_tnef_give(p, event, data);
    if (p->nested.open)
        return data.n && mime_nested_give(p, event, data);
    if (searched_for_uu(p, part)) {
        p->uu.todo = data;
        return mime_uu_step(p, event);
    }
    return data.n && mime_event_body(p, event, data);
}

/* What give_decoded was given and has not yet made events. True when there is one. */
static bool resume(struct mime_parser *p, struct mime_event *event)
{
    if (p->tnef_busy)
        return mime_tnef_step(p, event);
    if (p->nested.busy)
        return mime_nested_step(p, event);
    return p->uu.todo.n && mime_uu_step(p, event);
}

/* A message that is said to be in base64, and begins with a character that base64 has not. */
static bool bare_message(const struct mime_part *part, struct span first)
{
    if (mime_type_is_fax(part->type) || !part->container || part->encoding != MIME_BASE64)
        return false;
    for (size_t i = 0; i < first.n; i++)
        if (!ascii_alnum(first.p[i]) && !strchr("+/=\r\n", first.p[i]))
            return true;
    return false;
}

/* A fax's or message's first bytes say how it is encoded, whatever the header says. */
static void judge_encoding(struct mime_parser *p, struct mime_part *part)
{
    struct span first = span_of(p->sniff, p->sniff_n);
    enum mime_encoding is = part->encoding;
    if (mime_content_is_tiff(first) || bare_message(part, first))
        is = MIME_IDENTITY;
    else if (mime_begins_as_tiff(first))
        is = MIME_BASE64;
    part->defects.wrong_encoding = is != part->encoding;
    part->encoding = is;
    p->sniffing = false;
}

/* Holds the first bytes back until they can be judged; *data is then all there is so far. */
static bool sniff(struct mime_parser *p, struct mime_part *part, struct span *data)
{
    size_t n = sizeof p->sniff - p->sniff_n;
    struct span head = span_take(*data, n);
    memcpy(p->sniff + p->sniff_n, head.p, head.n);
    p->sniff_n += (unsigned)head.n;
    if (p->sniff_n < sizeof p->sniff)
        return false;
    judge_encoding(p, part);
    buf_clear(&p->sniffed);
    if (buf_add(&p->sniffed, p->sniff, p->sniff_n) ||
        buf_add_span(&p->sniffed, span_skip(*data, head.n)))
        return mime_parser_fail(p, ERR_OS, "out of memory");
    *data = buf_span(&p->sniffed);
    return true;
}

/* Data of the innermost part, or of nobody. True when it made an event. */
static bool give(struct mime_parser *p, struct mime_event *event, struct span data)
{
    if (data.n && mime_in_preamble(p))
        return !mime_preamble_add(p, data);
    if (p->state == MIME_IN_GAP || data.n == 0)
        return false;
    struct mime_part *part = leaf_part(p);
    uint8_t *room;
    if (p->options.raw)
        return mime_event_body(p, event, data);
    if (p->sniffing && !sniff(p, part, &data))
        return false;
    if (p->failed)
        return true;
    if (part->encoding == MIME_BASE64 || part->encoding == MIME_QP) {
        bool base64 = part->encoding == MIME_BASE64;
        buf_clear(&p->out);
        if (buf_reserve(&p->out, base64 ? base64_decode_bound(data.n) : qp_decode_bound(data.n),
                        &room))
            return mime_parser_fail(p, ERR_OS, "out of memory");
        p->out.len = base64 ? base64_decode(&p->decoder.base64, data, room)
                            : qp_decode(&p->decoder.qp, data, room);
        data = buf_span(&p->out);
    }
    return give_decoded(p, event, part, data);
}

/* Gathers a line that begins with '-'. True when p->line can be judged. */
static bool gather_line(struct mime_parser *p)
{
    if (p->line_spent) {
        buf_clear(&p->line);
        p->line_spent = false;
    }
    size_t n = span_find(p->in, '\n');
    n += n < p->in.n;
    if (n > LINE_MAX_HELD - p->line.len)
        n = LINE_MAX_HELD - p->line.len;
    if (buf_add(&p->line, p->in.p, n))
        return mime_parser_fail(p, ERR_OS, "out of memory");
    p->in = span_skip(p->in, n);
    struct span line = buf_span(&p->line);
    /* Only what begins with "--" is worth waiting for. */
    return line.p[line.n - 1] == '\n' || line.n == LINE_MAX_HELD || p->ended ||
           (line.n > 1 && line.p[1] != '-');
}

/* The held line is data after all: it follows the line end that was pending. */
static bool give_line(struct mime_parser *p, struct mime_event *event)
{
    struct span line = buf_span(&p->line), bare = mime_without_end(line);
    /* A lone CR at the end of a piece may belong to a line end. */
    p->line_spent = true;
    p->line_ready = false;
    memcpy(p->pending, bare.p + bare.n, line.n - bare.n);
    p->pending_n = line.n - bare.n;
    p->at_line = p->pending_n && p->pending[p->pending_n - 1] == '\n';
    return give(p, event, bare);
}

static bool give_pending(struct mime_parser *p, struct mime_event *event)
{
    size_t n = p->pending_n;
    p->pending_n = 0;
    return give(p, event, span_of(p->pending, n));
}

static bool judge_line(struct mime_parser *p, struct mime_event *event)
{
    size_t index;
    bool last;
    if (mime_is_boundary(p, buf_span(&p->line), &index, &last)) {
        bool opening = !last && index + 1 == mime_levels(p), silent = false;
        p->line_ready = false;
        p->line_spent = true;
        if (mime_in_preamble(p) &&
            mime_preamble_rescue(p, event, buf_span(&p->line), opening, &silent))
            return !silent;
        at_boundary(p, index, last);
        return false;
    }
    p->line_ready = true;
    if (p->pending_n)
        return give_pending(p, event);
    return give_line(p, event);
}

/* Takes the bytes up to a line that begins with '-', or all there are. */
static bool give_run(struct mime_parser *p, struct mime_event *event)
{
    size_t limit = p->in.n < MIME_CHUNK ? p->in.n : MIME_CHUNK, stop = limit, at = 1;
    if (p->pending_n == 1 && p->pending[0] == '\r' && p->in.p[0] == '\n') {
        p->pending[1] = '\n';
        p->pending_n = 2;
        p->in = span_skip(p->in, 1);
        p->at_line = true;
        return false;
    }
    if (p->pending_n)
        return give_pending(p, event);
    while (at < limit) {
        const uint8_t *dash = memchr(p->in.p + at, '-', limit - at);
        if (!dash)
            break;
        at = (size_t)(dash - p->in.p) + 1;
        if (dash[-1] == '\n') {
            stop = at - 1;
            break;
        }
    }
    struct span run = span_take(p->in, stop), bare = run;
    if (bare.p[bare.n - 1] == '\n' || bare.p[bare.n - 1] == '\r')
        bare = mime_without_end(run);
    p->in = span_skip(p->in, stop);
    p->pending_n = run.n - bare.n;
    memcpy(p->pending, bare.p + bare.n, p->pending_n);
    p->at_line = p->pending_n && p->pending[p->pending_n - 1] == '\n';
    return give(p, event, bare);
}

static bool step_body(struct mime_parser *p, struct mime_event *event)
{
    if (resume(p, event))
        return true;
    if (p->line_ready)
        return judge_line(p, event);
    bool held = p->line.len && !p->line_spent, silent = false;
    if (!held && mime_in_preamble(p) &&
        (mime_preamble_full(p) || (p->in.n == 0 && p->ended)) &&
        mime_preamble_rescue(p, event, span_of(NULL, 0), false, &silent))
        return !silent;
    if (p->in.n == 0 && !p->ended)
        return mime_need_more(event);
    if (p->in.n == 0 && held)
        return judge_line(p, event);
    if (p->in.n == 0) {
        if (p->pending_n)
            return give_pending(p, event);
        for (size_t i = 0; i < mime_levels(p); i++)
            if (mime_level_at(p, i)->multipart)
                mime_level_at(p, i)->part.defects.no_final_boundary = true;
        mime_close_levels(p, 0, MIME_DONE);
        return false;
    }
    if (p->at_line && (held || p->in.p[0] == '-')) {
        if (gather_line(p))
            return p->failed || judge_line(p, event);
        return false;
    }
    p->at_line = false;
    return give_run(p, event);
}

/* ---- the ends of parts ---- */

/* A body that ended before it could be judged. True when that made an event. */
static bool end_sniff(struct mime_parser *p, struct mime_event *event)
{
    if (!p->sniffing)
        return false;
    judge_encoding(p, leaf_part(p));
    return give(p, event, span_of(p->sniff, p->sniff_n));
}

/* Empties the leaf's decoder once. True when that made an event. */
static bool flush_leaf(struct mime_parser *p, struct mime_event *event)
{
    struct mime_part *part = leaf_part(p);
    uint8_t room[128];
    size_t n = 0;
    p->flushed = true;
    if (p->options.raw)
        return false;
    if (part->encoding == MIME_BASE64) {
        n = base64_decode_end(&p->decoder.base64, room);
        part->defects.base64 = p->decoder.base64.defects;
    } else if (part->encoding == MIME_QP) {
        n = qp_decode_end(&p->decoder.qp, room);
        part->defects.qp = p->decoder.qp.defects;
    }
    buf_clear(&p->out);
    if (n && buf_add(&p->out, room, n))
        return mime_parser_fail(p, ERR_OS, "out of memory");
    return give_decoded(p, event, part, buf_span(&p->out));
}

/* What looks for files in the leaf comes to its end. */
static bool finish_leaf(struct mime_parser *p, struct mime_event *event)
{
    if (p->tnef_open)
        return mime_tnef_finish(p, event);
    if (!p->nested.open)
        return mime_uu_finish(p, event);
    if (mime_nested_finish(p, event))
        return true;
    mime_nested_close(p);
    return false;
}

static bool step_closing(struct mime_parser *p, struct mime_event *event)
{
    if (mime_levels(p) > p->close_to) {
        bool leaf = !mime_level_top(p)->multipart && !mime_level_top(p)->message;
        if (leaf && resume(p, event))
            return true;
        if (leaf && end_sniff(p, event))
            return true;
        if (leaf && !p->flushed && flush_leaf(p, event))
            return true;
        if (leaf && finish_leaf(p, event))
            return true;
        struct mime_level *level = mime_level_top(p);
        *event = (struct mime_event){.kind = MIME_PART_END, .part = &level->part};
        if (level->multipart)
            p->boundaries.len = level->boundary;
        /* The bytes of the part stay where they are until the next call. */
        p->levels.len -= sizeof *level;
        return true;
    }
    p->at_line = true;
    p->pending_n = 0;
    if (p->after == MIME_IN_HEADER)
        mime_start_header(p);
    p->state = p->after;
    return false;
}

enum err mime_parser_next(struct mime_parser *p, struct mime_event *event)
{
    bool done = false;
    while (!done && !p->failed) {
        if (p->in.n == 0 && p->later.n && !mime_refill(p))
            break;
        switch (p->state) {
        case MIME_IN_HEADER:
            done = mime_step_header(p, event);
            break;
        case MIME_IN_BODY:
        case MIME_IN_GAP:
            done = step_body(p, event);
            break;
        case MIME_CLOSING:
            done = step_closing(p, event);
            break;
        case MIME_DONE:
            *event = (struct mime_event){.kind = MIME_END};
            done = true;
            break;
        }
    }
    return p->failed;
}
