/* The header half of mime/parse.h: lines until an entity is open. */
#include "mime/parse_inner.h"

#include "mime/kind.h"

#include <string.h>

/* A line in doubt is decided after so many bytes of the one behind it. */
enum { ENOUGH = 200 };

void mime_start_header(struct mime_parser *p)
{
    buf_clear(&p->header);
    p->line_start = 0;
    p->doubtful = false;
    p->bad_lines = 0;
    p->state = MIME_IN_HEADER;
}

static bool no_memory(struct mime_parser *p)
{
    return mime_parser_fail(p, ERR_OS, "out of memory");
}

void mime_start_body(struct mime_parser *p)
{
    const struct mime_level *level = mime_level_top(p);
    const struct mime_part *part = &level->part;
    memset(&p->decoder, 0, sizeof p->decoder);
    p->uu.todo = span_of(NULL, 0);
    p->uu.phase = MIME_UU_NONE;
    p->uu.mid_line = p->uu.overlong = false;
    p->uu.whole = part->encoding == MIME_UU;
    buf_clear(&p->uu.line);
    buf_clear(&p->uu.begin);
    buf_clear(&p->uu.out);
    buf_clear(&p->preamble);
    p->sniffing = level->encoded ||
                  (!part->container && part->encoding != MIME_UU &&
                   (mime_type_is_fax(part->type) ||
                    mime_octets_are_fax(part->type, span_str(part->name), span_of(NULL, 0))));
    p->sniff_n = 0;
    p->tnef_open = level->tnef;
    p->tnef_busy = false;
    if (level->tnef)
        tnef_clear(&p->tnef);
    p->pending_n = 0;
    p->at_line = true;
}

/* The entity's header is complete: it begins. */
static bool open_entity(struct mime_parser *p, struct mime_event *event, bool bad_header)
{
    if (!p->started)
        return mime_parser_fail(p, ERR_DATA, "not a mail: no header field");
    if (!mime_entity_open(p, bad_header))
        return true;
    struct mime_level *level = mime_level_top(p);
    level->part.defects.bad_lines = p->bad_lines;
    *event = (struct mime_event){MIME_PART_BEGIN, &level->part, buf_span(&p->header), {0}};
    if (level->message) {
        /* The header stays until the next call; mime_step_header clears it then. */
        p->state = MIME_IN_HEADER;
        p->line_start = SIZE_MAX;
    } else {
        p->state = level->multipart ? MIME_IN_GAP : MIME_IN_BODY;
    }
    mime_start_body(p);
    return true;
}

/* The first line of a mail: names of fields that exist are made of these. */
static bool plausible_field(struct span line)
{
    size_t n = 0;
    while (n < line.n && (ascii_alnum(line.p[n]) || (line.p[n] && strchr("-_.", line.p[n]))))
        n++;
    return header_is_field(line) && (n == line.n || strchr(": \t", line.p[n])) &&
           span_find(line, 0) == line.n;
}

static bool mbox_line(struct span line)
{
    return span_starts(line, span_str("From ")) || span_starts(line, span_str(">From "));
}

bool mime_plausible_first(struct span line)
{
    return plausible_field(line) || mbox_line(line);
}

/* An mbox line has a time: text that begins with "From " has none. */
static bool timed_mbox_line(struct span line)
{
    bool timed = false;
    for (size_t i = 2; i + 2 < line.n && !timed; i++)
        timed = line.p[i] == ':' && ascii_digit(line.p[i - 1]) && ascii_digit(line.p[i - 2]) &&
                ascii_digit(line.p[i + 1]) && ascii_digit(line.p[i + 2]);
    return timed && mbox_line(line);
}

/* Length of the name at the start of line, which no text begins with; or 0. */
static size_t sure_name(struct span line)
{
    static const char *const names[] = {
        "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition",
        "Content-ID", "Content-Description", "Message-ID", "Subject", "Return-Path", "Reply-To",
        "In-Reply-To", "References", "Received", "Date", "DKIM-Signature", NULL};
    for (const char *const *name = names; *name; name++)
        if (span_starts_nocase(line, span_str(*name)))
            return strlen(*name);
    return 0;
}

/* A field that nobody writes into the text of a mail without an empty line before it. */
static bool sure_field(struct span line)
{
    line = span_take(line, ENOUGH);
    return header_is_field(line) && (sure_name(line) || span_starts_nocase(line, span_str("X-")));
}

/* A field whose colon is missing gets it in place of the blank behind its name. */
static bool add_colon(struct buf *header, size_t line_start)
{
    struct span line = span_skip(buf_span(header), line_start);
    size_t n = sure_name(line);
    if (n == 0 || n + 1 >= line.n || (line.p[n] != ' ' && line.p[n] != '\t'))
        return false;
    header->data[line_start + n] = ':';
    return true;
}

/* Puts the line, which was gathered in the header, where the body's lines are judged. */
static bool line_to_body(struct mime_parser *p, struct span line)
{
    buf_clear(&p->line);
    p->line_spent = false;
    p->line_ready = true;
    return buf_add_span(&p->line, line) == ERR_NONE;
}

/* The header had ended at the line in doubt: what has come since then is read again. */
static bool end_at_doubt(struct mime_parser *p, struct mime_event *event)
{
    struct span tail = span_skip(buf_span(&p->header), p->doubt);
    size_t n = p->line_start - p->doubt;
    p->doubtful = false;
    if (!line_to_body(p, span_take(tail, n)))
        return no_memory(p);
    if (!mime_read_again(p, span_skip(tail, n)))
        return true;
    p->header.len = p->doubt;
    return open_entity(p, event, true);
}

/* A sure field stands behind the line in doubt, which is dropped. */
static void drop_doubtful(struct mime_parser *p)
{
    size_t n = p->header.len - p->line_start;
    memmove(p->header.data + p->doubt, p->header.data + p->line_start, n);
    p->header.len = p->line_start = p->doubt + n;
    p->doubtful = false;
    p->bad_lines++;
}

/* A line that is no field, amid the header. True: as in a step. */
static bool bad_line(struct mime_parser *p, struct mime_event *event, struct span whole)
{
    bool first = p->header.len == whole.n;
    if (timed_mbox_line(whole)) {
        p->header.len = p->line_start;
        p->bad_lines++;
        return false;
    }
    if (!first && add_colon(&p->header, p->line_start)) {
        p->line_start = p->header.len;
        p->bad_lines++;
        return false;
    }
    if (first) {
        if (!line_to_body(p, whole))
            return no_memory(p);
        p->header.len = p->line_start;
        return open_entity(p, event, true);
    }
    p->doubtful = true;
    p->doubt = p->line_start;
    p->line_start = p->header.len;
    return false;
}

/* A byte order mark, which some editors put before a mail. */
static void drop_mark(struct mime_parser *p)
{
    if (p->started || !span_starts(buf_span(&p->header), span_str("\xef\xbb\xbf")))
        return;
    p->header.len -= 3;
    memmove(p->header.data, p->header.data + 3, p->header.len);
}

/* Judges the line that has just been completed in p->header. True: as in a step. */
static bool header_line(struct mime_parser *p, struct mime_event *event)
{
    drop_mark(p);
    struct span whole = span_skip(buf_span(&p->header), p->line_start);
    struct span line = mime_without_end(whole);
    size_t index;
    bool last;
    if (p->doubtful) {
        if (!sure_field(line))
            return end_at_doubt(p, event);
        drop_doubtful(p);
        return false;
    }
    if (!p->started && (line.n == 0 || mbox_line(line)) && !header_is_field(line)) {
        p->header.len = p->line_start;
        return false;
    }
    if (line.n == 0) {
        p->header.len = p->line_start;
        return open_entity(p, event, false);
    }
    bool first = p->header.len == whole.n;
    bool boundary = mime_is_boundary(p, line, &index, &last);
    bool folded = !first && (line.p[0] == ' ' || line.p[0] == '\t');
    if (!boundary && (folded || (p->started ? header_is_field(line) : plausible_field(line)))) {
        p->started = true;
        p->line_start = p->header.len;
        return false;
    }
    if (!p->started)
        return mime_parser_fail(p, ERR_DATA, "not a mail: no header field");
    if (!boundary)
        return bad_line(p, event, whole);
    if (!line_to_body(p, whole))
        return no_memory(p);
    p->header.len = p->line_start;
    return open_entity(p, event, false);
}

/* The input has ended within a header. */
static bool end_of_input(struct mime_parser *p, struct mime_event *event)
{
    if (p->header.len > p->line_start && header_line(p, event))
        return true;
    if (p->in.n)
        return false;
    if (p->doubtful)
        return end_at_doubt(p, event);
    if (p->header.len || !p->started)
        return open_entity(p, event, false);
    mime_close_levels(p, 0, MIME_DONE);
    return false;
}

bool mime_step_header(struct mime_parser *p, struct mime_event *event)
{
    if (p->line_start == SIZE_MAX)
        mime_start_header(p);
    if (p->line_ready) {
        /* What ended the header of a message/rfc822 begins that of its contents. */
        p->line_ready = false;
        p->line_spent = true;
        if (buf_add_span(&p->header, buf_span(&p->line)))
            return no_memory(p);
        return header_line(p, event);
    }
    if (p->in.n == 0 && p->ended && mime_judge_line_ends(p, true))
        return p->failed != ERR_NONE;
    if (p->in.n == 0)
        return p->ended ? end_of_input(p, event) : mime_need_more(event);
    struct span in = p->doubtful ? span_take(p->in, ENOUGH) : p->in;
    size_t n = span_find(in, '\n');
    bool complete = n < in.n;
    enum err e = buf_add(&p->header, p->in.p, n + complete);
    if (e)
        return mime_parser_fail(p, e, e == ERR_DATA ? "header larger than 1 MiB"
                                                    : "out of memory");
    p->in = span_skip(p->in, n + complete);
    if (mime_judge_line_ends(p, complete))
        return p->failed != ERR_NONE;
    if (complete)
        return header_line(p, event);
    struct span line = span_skip(buf_span(&p->header), p->line_start);
    return p->doubtful && line.n >= ENOUGH && !sure_field(line) && end_at_doubt(p, event);
}
