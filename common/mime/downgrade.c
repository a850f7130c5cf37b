#include "mime/downgrade.h"

#include "mime/header.h"
#include "mime/parse.h"

#include <string.h>

/* A line that is longer is no boundary. */
enum { LINE_DECIDES = MIME_BOUNDARY_MAX + 100, STEP = 4096 };

struct level {
    char boundary[MIME_BOUNDARY_MAX + 1];
    size_t n;
    bool digest;
};

/* What the header at hand says of its entity. */
struct entity {
    char type[MIME_TYPE_SIZE], encoding[32];
};

static void begin(struct mime_downgrade *d)
{
    buf_clear(&d->levels);
    buf_clear(&d->header);
    buf_clear(&d->line);
    d->state = DOWNGRADE_HEADER;
    d->message = true;
    d->deciding = d->digest = d->leaf_sealed = false;
    d->pending_n = 0;
    d->sealed = 0;
    d->leaf = 0;
    d->way = DOWNGRADE_COPY;
}

void mime_downgrade_init(struct mime_downgrade *d, bool keep_8bit)
{
    memset(d, 0, sizeof *d);
    d->keep_8bit = keep_8bit;
    buf_init(&d->levels, MIME_DEPTH_MAX * sizeof(struct level));
    buf_init(&d->header, MIME_HEADER_MAX);
    buf_init(&d->line, LINE_DECIDES + 2);
    buf_init(&d->leaves, MIME_PARTS_MAX);
    begin(d);
}

void mime_downgrade_release(struct mime_downgrade *d)
{
    buf_release(&d->levels);
    buf_release(&d->header);
    buf_release(&d->line);
    buf_release(&d->leaves);
}

static bool eight_bit(struct span s)
{
    uint8_t any = 0;
    for (size_t i = 0; i < s.n; i++)
        any |= s.p[i];
    return any > 127;
}

static size_t depth(const struct mime_downgrade *d)
{
    return d->levels.len / sizeof(struct level);
}

static const struct level *level_at(const struct mime_downgrade *d, size_t i)
{
    return (const struct level *)(const void *)d->levels.data + i;
}

static enum err add_end(const struct mime_downgrade *d, struct buf *out)
{
    return buf_add_str(out, d->crlf ? "\r\n" : "\n");
}

/* ---- Bodies ---- */

/* Copies, with something else in the place of bytes over 127. */
static enum err mend(const struct mime_downgrade *d, struct span s, struct buf *out)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; i < s.n && !e; i++)
        if (s.p[i] <= 127 || d->keep_8bit)
            e = buf_add_byte(out, s.p[i]);
        else if (d->way == DOWNGRADE_MEND_QP)
            e = buf_add_format(out, "=%02X", s.p[i]);
        else
            e = buf_add_byte(out, '?');
    return e;
}

/* A few bytes of a body on their way out. */
static enum err encode(struct mime_downgrade *d, struct span s, struct buf *out)
{
    uint8_t *room;
    bool qp = d->way == DOWNGRADE_QP;
    if (d->way == DOWNGRADE_COPY)
        return buf_add_span(out, s);
    if (!qp && d->way != DOWNGRADE_BASE64)
        return mend(d, s, out);
    enum err e = buf_reserve(
        out, qp ? qp_encode_bound(s.n) : base64_encode_bound(&d->base64, s.n), &room);
    if (!e)
        out->len += qp ? qp_encode(&d->qp, s, room) : base64_encode(&d->base64, s, room);
    d->written |= s.n > 0;
    return e;
}

/* The same the first time as well, when it is only looked at. */
static enum err give(struct mime_downgrade *d, struct span s, struct buf *out, struct why *why)
{
    enum err e = ERR_NONE;
    if (!d->writing) {
        if (d->keep_8bit || !eight_bit(s))
            return ERR_NONE;
        if (d->sealed || d->leaf_sealed)
            return why_set(why, ERR_DATA, "8-bit content that is signed or may not be encoded");
        if (d->state == DOWNGRADE_BODY && d->leaves.len)
            d->leaves.data[d->leaves.len - 1] = 1;
        return ERR_NONE;
    }
    while (s.n && !e) {
        e = encode(d, span_take(s, STEP), out);
        s = span_skip(s, STEP);
    }
    return e ? why_set(why, e, "out of memory") : ERR_NONE;
}

static enum err give_pending(struct mime_downgrade *d, struct buf *out, struct why *why)
{
    size_t n = d->pending_n;
    d->pending_n = 0;
    return give(d, span_of(d->pending, n), out, why);
}

/* The leaf's body is whole: what its encoder holds back. */
static enum err close_leaf(struct mime_downgrade *d, struct buf *out, struct why *why)
{
    uint8_t *room;
    bool qp = d->way == DOWNGRADE_QP;
    if (!d->writing || (!qp && d->way != DOWNGRADE_BASE64))
        return ERR_NONE;
    enum err e = buf_reserve(out, qp ? qp_encode_bound(0) : base64_encode_bound(&d->base64, 0),
                             &room);
    if (e)
        return why_set(why, e, "out of memory");
    out->len += qp ? qp_encode_end(&d->qp, room) : base64_encode_end(&d->base64, room);
    /* Base64 has ended its last line by itself. */
    if (!qp && d->written)
        d->pending_n = 0;
    return ERR_NONE;
}

/* ---- Headers ---- */

static void token(struct span header, const char *name, const char *otherwise, char *out,
                  size_t size)
{
    struct span raw;
    struct buf value;
    buf_init(&value, size - 1);
    bool found = header_find(header, name, &raw) && !header_value(raw, &value);
    span_copy(found ? buf_span(&value) : span_str(otherwise), out, size);
    buf_release(&value);
}

static bool is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

/* The header's lines but for the field called name, and without its empty line. */
static enum err copy_without(struct span header, const char *name, struct buf *out)
{
    bool dropping = false;
    enum err e = ERR_NONE;
    while (header.n && !e) {
        size_t n = span_find(header, '\n');
        struct span line = span_take(header, n + 1);
        header = span_skip(header, n + 1);
        if (span_trim(line).n == 0 && line.p[0] != ' ' && line.p[0] != '\t')
            continue;
        if (line.p[0] != ' ' && line.p[0] != '\t')
            dropping = span_eq_nocase(span_trim(span_take(line, span_find(line, ':'))),
                                      span_str(name));
        if (!dropping)
            e = buf_add_span(out, line);
    }
    return e;
}

/* The header with another encoding; NULL: as it stands. */
static enum err put_header(struct mime_downgrade *d, const char *encoding, struct buf *out,
                           struct why *why)
{
    struct span header = buf_span(&d->header), raw;
    if (!d->writing)
        return ERR_NONE;
    enum err e = encoding ? copy_without(header, "Content-Transfer-Encoding", out)
                          : buf_add_span(out, header);
    if (!e && encoding && d->message && !header_find(header, "MIME-Version", &raw)) {
        e = buf_add_str(out, "MIME-Version: 1.0");
        e = e ? e : add_end(d, out);
    }
    if (!e && encoding) {
        e = buf_add_format(out, "Content-Transfer-Encoding: %s", encoding);
        e = e ? e : add_end(d, out);
        e = e ? e : add_end(d, out);
    }
    return e ? why_set(why, e, "out of memory") : ERR_NONE;
}

/* What holds parts: its encoding says the most that any of them has. */
static enum err put_container(struct mime_downgrade *d, const struct entity *entity,
                              struct buf *out, struct why *why)
{
    bool binary = is(entity->encoding, "binary");
    bool mended = !d->sealed && (binary || (!d->keep_8bit && is(entity->encoding, "8bit")));
    return put_header(d, mended ? d->keep_8bit ? "8bit" : "7bit" : NULL, out, why);
}

static enum err open_multipart(struct mime_downgrade *d, const struct entity *entity,
                               struct buf *boundary, struct buf *out, struct why *why)
{
    struct level level = {.n = boundary->len, .digest = is(entity->type, "multipart/digest")};
    memcpy(level.boundary, boundary->data, boundary->len);
    bool seals = is(entity->type, "multipart/signed") || is(entity->type, "multipart/encrypted");
    enum err e = put_container(d, entity, out, why);
    if (!e && buf_add(&d->levels, &level, sizeof level))
        e = why_set(why, ERR_DATA, "parts are nested too deep");
    if (seals && !d->sealed)
        d->sealed = (unsigned)depth(d);
    d->state = DOWNGRADE_GAP;
    d->way = d->sealed ? DOWNGRADE_COPY : DOWNGRADE_MASK;
    return e;
}

/* How the leaf that begins goes, and the name of its encoding where that changes. */
static const char *choose(struct mime_downgrade *d, const struct entity *entity)
{
    bool has_8bit = d->leaf <= d->leaves.len && d->leaves.data[d->leaf - 1];
    d->way = DOWNGRADE_COPY;
    if (d->sealed || d->leaf_sealed)
        return NULL;
    if (is(entity->encoding, "binary")) {
        d->way = DOWNGRADE_BASE64;
        base64_encoder_init(&d->base64, BASE64_MIME_WRAP, d->crlf ? BASE64_CRLF : BASE64_PLAIN);
        return "base64";
    }
    if (!has_8bit)
        return NULL;
    if (is(entity->encoding, "base64") || is(entity->encoding, "quoted-printable")) {
        d->way = *entity->encoding == 'q' ? DOWNGRADE_MEND_QP : DOWNGRADE_MASK;
        return NULL;
    }
    d->way = DOWNGRADE_QP;
    qp_encoder_init(&d->qp, d->crlf);
    return "quoted-printable";
}

static enum err open_leaf(struct mime_downgrade *d, const struct entity *entity, struct buf *out,
                          struct why *why)
{
    d->state = DOWNGRADE_BODY;
    d->written = false;
    d->leaf++;
    d->leaf_sealed = is(entity->type, "message/partial") ||
                     is(entity->type, "message/external-body");
    if (d->writing)
        return put_header(d, choose(d, entity), out, why);
    if ((d->sealed || d->leaf_sealed) && is(entity->encoding, "binary"))
        return why_set(why, ERR_DATA, "binary content that is signed or may not be encoded");
    return buf_add_byte(&d->leaves, 0) ? why_set(why, ERR_DATA, "too many parts") : ERR_NONE;
}

/* The header is whole: what begins here? */
static enum err open_entity(struct mime_downgrade *d, struct buf *out, struct why *why)
{
    struct span header = buf_span(&d->header), raw;
    struct entity entity;
    struct buf boundary;
    bool digest = d->digest;
    if (!d->keep_8bit && eight_bit(header))
        return why_set(why, ERR_DATA, "8-bit header fields");
    token(header, "Content-Type", digest ? "message/rfc822" : "text/plain", entity.type,
          sizeof entity.type);
    token(header, "Content-Transfer-Encoding", "7bit", entity.encoding, sizeof entity.encoding);
    bool plain = !is(entity.encoding, "base64") && !is(entity.encoding, "quoted-printable");
    buf_init(&boundary, MIME_BOUNDARY_MAX);
    bool multipart = strncmp(entity.type, "multipart/", 10) == 0 &&
                     header_find(header, "Content-Type", &raw) &&
                     !header_param(raw, "boundary", NULL, &boundary) && boundary.len;
    bool message = plain && (is(entity.type, "message/rfc822") ||
                             is(entity.type, "message/global"));
    enum err e = multipart ? open_multipart(d, &entity, &boundary, out, why)
                 : message ? put_container(d, &entity, out, why)
                           : open_leaf(d, &entity, out, why);
    buf_release(&boundary);
    buf_clear(&d->header);
    d->message = message;
    d->digest = false;
    d->deciding = !message;
    return e;
}

/* Takes a piece of a header; *used bytes of it. */
static enum err take_header(struct mime_downgrade *d, struct span in, size_t *used,
                            struct buf *out, struct why *why)
{
    size_t n = span_find(in, '\n');
    bool ended = n < in.n;
    *used = ended ? n + 1 : n;
    if (buf_add(&d->header, in.p, *used))
        return why_set(why, ERR_DATA, "a header is too large");
    if (!ended)
        return ERR_NONE;
    struct span all = buf_span(&d->header);
    bool cr = all.n > 1 && all.p[all.n - 2] == '\r';
    if (!d->crlf_known) {
        d->crlf = cr;
        d->crlf_known = true;
    }
    size_t line = all.n - 1 - cr;
    bool empty = line == 0 || all.p[line - 1] == '\n';
    return empty ? open_entity(d, out, why) : ERR_NONE;
}

/* ---- Lines of bodies ---- */

/* "--" and the boundary of an open level; *index is it. */
static bool is_boundary(const struct mime_downgrade *d, struct span line, size_t *index,
                        bool *last)
{
    if (!span_starts(line, span_str("--")))
        return false;
    line = span_skip(line, 2);
    for (size_t i = depth(d); i > 0; i--) {
        const struct level *level = level_at(d, i - 1);
        struct span rest = span_skip(line, level->n);
        if (!span_starts(line, span_of(level->boundary, level->n)))
            continue;
        *last = span_starts(rest, span_str("--"));
        *index = i - 1;
        if (span_trim(span_skip(rest, *last ? 2 : 0)).n == 0)
            return true;
    }
    return false;
}

static enum err at_boundary(struct mime_downgrade *d, size_t index, bool last, struct buf *out,
                            struct why *why)
{
    enum err e = d->state == DOWNGRADE_BODY ? close_leaf(d, out, why) : ERR_NONE;
    d->way = DOWNGRADE_COPY;
    d->state = DOWNGRADE_GAP;
    if (!e)
        e = give_pending(d, out, why);
    if (!e)
        e = give(d, buf_span(&d->line), out, why);
    d->levels.len = (index + (last ? 0 : 1)) * sizeof(struct level);
    if (d->sealed > depth(d))
        d->sealed = 0;
    if (last) {
        d->way = d->sealed ? DOWNGRADE_COPY : DOWNGRADE_MASK;
        return e;
    }
    d->digest = level_at(d, index)->digest;
    d->state = DOWNGRADE_HEADER;
    return e;
}

/* What stands in line is decided: a boundary, or the body's. */
static enum err decide(struct mime_downgrade *d, struct buf *out, struct why *why)
{
    size_t index;
    bool last;
    struct span line = buf_span(&d->line);
    bool ended = line.n && line.p[line.n - 1] == '\n';
    enum err e;
    if (is_boundary(d, line, &index, &last)) {
        e = at_boundary(d, index, last, out, why);
        d->deciding = d->state == DOWNGRADE_GAP;
    } else {
        size_t before = line.n - ended; /* a CR there may be the line end's */
        size_t end = ended + (before && line.p[before - 1] == '\r');
        e = give_pending(d, out, why);
        if (!e)
            e = give(d, span_take(line, line.n - end), out, why);
        memcpy(d->pending, line.p + line.n - end, end);
        d->pending_n = end;
        d->deciding = ended;
    }
    buf_clear(&d->line);
    return e;
}

/* Gathers a line that may be a boundary. */
static enum err take_line(struct mime_downgrade *d, struct span in, size_t *used, struct buf *out,
                          struct why *why)
{
    size_t room = LINE_DECIDES - d->line.len;
    struct span piece = span_take(in, room);
    size_t n = span_find(piece, '\n');
    bool ended = n < piece.n;
    *used = ended ? n + 1 : n;
    if (buf_add(&d->line, piece.p, *used))
        return why_set(why, ERR_OS, "out of memory");
    bool other = d->line.data[0] != '-' && !(d->line.data[0] == '\r' && d->line.len == 1);
    return ended || other || d->line.len == LINE_DECIDES ? decide(d, out, why) : ERR_NONE;
}

/* The rest of a line that is no boundary. */
static enum err take_rest(struct mime_downgrade *d, struct span in, size_t *used, struct buf *out,
                          struct why *why)
{
    size_t n = span_find(in, '\n'), end = 0;
    bool ended = n < in.n;
    *used = ended ? n + 1 : n;
    /* A CR at the end of the last piece may have been a line end's. */
    if (ended && n == 0 && d->pending_n == 1 && d->pending[0] == '\r') {
        d->pending[d->pending_n++] = '\n';
        d->deciding = true;
        return ERR_NONE;
    }
    enum err e = give_pending(d, out, why);
    if (ended)
        end = n && in.p[n - 1] == '\r' ? 2 : 1;
    else if (in.p[n - 1] == '\r')
        end = 1;
    if (!e)
        e = give(d, span_take(in, *used - end), out, why);
    memcpy(d->pending, in.p + *used - end, end);
    d->pending_n = end;
    d->deciding = ended;
    return e;
}

enum err mime_downgrade_push(struct mime_downgrade *d, struct span in, struct buf *out,
                             struct why *why)
{
    enum err e = ERR_NONE;
    while (in.n && !e) {
        size_t used;
        if (d->state == DOWNGRADE_HEADER)
            e = take_header(d, in, &used, out, why);
        else if (d->deciding)
            e = take_line(d, in, &used, out, why);
        else
            e = take_rest(d, in, &used, out, why);
        in = span_skip(in, used);
    }
    return e;
}

enum err mime_downgrade_end(struct mime_downgrade *d, struct buf *out, struct why *why)
{
    enum err e = ERR_NONE;
    if (d->state == DOWNGRADE_HEADER && d->header.len)
        e = open_entity(d, out, why);
    if (!e && d->line.len)
        e = decide(d, out, why);
    if (!e)
        e = give_pending(d, out, why);
    if (!e && d->state == DOWNGRADE_BODY)
        e = close_leaf(d, out, why);
    d->writing = true;
    begin(d);
    return e;
}
