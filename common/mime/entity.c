#include "mime/parse_inner.h"

#include "bytes/utf8.h"
#include "mime/filename.h"
#include "mime/kind.h"
#include "mime/lex.h"

#include <stdio.h>
#include <string.h>

size_t mime_levels(const struct mime_parser *p)
{
    return p->levels.len / sizeof(struct mime_level);
}

struct mime_level *mime_level_at(struct mime_parser *p, size_t i)
{
    return (struct mime_level *)(void *)p->levels.data + i;
}

struct mime_level *mime_level_top(struct mime_parser *p)
{
    return mime_level_at(p, mime_levels(p) - 1);
}

static void set_text(char *out, size_t size, const char *text)
{
    span_copy(span_str(text), out, size);
}

static void lower(char *s)
{
    for (; *s; s++)
        *s = (char)ascii_lower((uint8_t)*s);
}

/* A parameter of the field called field, in out; "" where there is none. ERR_OS only. */
static enum err param(struct mime_parser *p, const char *field, const char *name, char *out,
                      size_t size)
{
    struct span raw;
    struct buf value;
    enum err e = ERR_NONE;
    out[0] = '\0';
    if (!header_find(buf_span(&p->header), field, &raw))
        return ERR_NONE;
    buf_init(&value, 4 * MIME_HEADER_MAX);
    e = header_param(raw, name, p->options.conv, &value);
    if (!e)
        utf8_copy(span_trim(buf_span(&value)), out, size);
    buf_release(&value);
    return e == ERR_OS ? e : ERR_NONE;
}

/* The first token of a field; "" where there is none. ERR_OS only. */
static enum err token(struct mime_parser *p, const char *field, char *out, size_t size)
{
    struct span raw;
    struct buf value;
    out[0] = '\0';
    if (!header_find(buf_span(&p->header), field, &raw))
        return ERR_NONE;
    buf_init(&value, MIME_HEADER_MAX);
    enum err e = header_value(raw, &value);
    if (!e && value.len < size)
        utf8_copy(span_trim(buf_span(&value)), out, size);
    buf_release(&value);
    return e == ERR_OS ? e : ERR_NONE;
}

static void set_encoding(struct mime_part *part)
{
    static const struct {
        const char *name;
        enum mime_encoding encoding;
    } known[] = {
        {"base64", MIME_BASE64},   {"quoted-printable", MIME_QP}, {"7bit", MIME_IDENTITY},
        {"8bit", MIME_IDENTITY},   {"binary", MIME_IDENTITY},     {"x-uuencode", MIME_UU},
        {"uuencode", MIME_UU},     {"x-uue", MIME_UU},            {"uue", MIME_UU},
        {"uuencoded", MIME_UU},    {"x-uuencoded", MIME_UU},
    };
    if (!part->encoding_name[0])
        set_text(part->encoding_name, sizeof part->encoding_name, "7bit");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(part->encoding_name, known[i].name) == 0) {
            part->encoding = known[i].encoding;
            return;
        }
    }
    part->defects.bad_encoding = true;
}

static enum err read_fields(struct mime_parser *p, struct mime_part *part, const char *fallback)
{
    enum err e = token(p, "Content-Type", part->type, sizeof part->type);
    struct span raw, slash = span_str(part->type);
    bool silent = !header_find(buf_span(&p->header), "Content-Type", &raw);
    size_t at = span_find(slash, '/');
    if (!silent && (at == 0 || at + 1 >= slash.n)) {
        part->defects.bad_type = true;
        set_text(part->type, sizeof part->type, "text/plain");
    } else if (silent) {
        set_text(part->type, sizeof part->type, fallback);
    }
    if (!e)
        e = token(p, "Content-Transfer-Encoding", part->encoding_name,
                  sizeof part->encoding_name);
    if (!e)
        e = token(p, "Content-Disposition", part->disposition, sizeof part->disposition);
    if (!e)
        e = param(p, "Content-Type", "charset", part->charset, sizeof part->charset);
    if (!e)
        e = param(p, "Content-Disposition", "filename", part->name, sizeof part->name);
    if (!e && !part->name[0])
        e = param(p, "Content-Type", "name", part->name, sizeof part->name);
    lower(part->charset);
    set_encoding(part);
    /* RFC 2045 §5.2 has text stand in for no type; a file that is encoded or named is none. */
    if (part->defects.bad_type && (part->encoding == MIME_BASE64 || part->name[0]))
        set_text(part->type, sizeof part->type, "application/octet-stream");
    return e;
}

static bool opaque(const struct mime_parser *p, const struct mime_part *part)
{
    return p->options.opaque_messages ||
           (p->options.opaque && strcmp(p->options.opaque, part->number) == 0);
}

/* A message by its type, or by the name of a file of any type. */
static bool is_message(const struct mime_parser *p, const struct mime_part *part)
{
    const char *named = mime_type_of_name(span_str(part->name));
    bool octets = strcmp(part->type, "application/octet-stream") == 0 && named &&
                  strcmp(named, "message/rfc822") == 0;
    return (octets || strcmp(part->type, "message/rfc822") == 0 ||
            strcmp(part->type, "message/global") == 0 ||
            strcmp(part->type, "message/news") == 0) && !opaque(p, part);
}

/* TNEF by its type, or by the name that Outlook gives it. */
static bool is_tnef(const struct mime_parser *p, const struct mime_part *part)
{
    bool octets = strcmp(part->type, "application/octet-stream") == 0 &&
                  span_eq_nocase(span_str(part->name), span_str("winmail.dat"));
    if (!octets && strcmp(part->type, "application/ms-tnef") != 0 &&
        strcmp(part->type, "application/vnd.ms-tnef") != 0)
        return false;
    return !p->options.opaque_tnef && !p->options.raw &&
           !(p->options.opaque && strcmp(p->options.opaque, part->number) == 0);
}

/* Finds the boundary and keeps it. */
static enum err set_boundary(struct mime_parser *p, struct mime_level *level)
{
    char boundary[MIME_BOUNDARY_MAX + 2];
    enum err e = param(p, "Content-Type", "boundary", boundary, sizeof boundary);
    size_t n = strlen(boundary);
    if (e)
        return e;
    level->multipart = true;
    level->digest = strcmp(level->part.type, "multipart/digest") == 0;
    level->boundary = p->boundaries.len;
    level->boundary_n = n > MIME_BOUNDARY_MAX ? 0 : n;
    return buf_add(&p->boundaries, boundary, level->boundary_n);
}

/* Numbers as IMAP has them: see mime/parse.h. */
static void set_number(struct mime_parser *p, struct mime_level *level)
{
    char number[MIME_NUMBER_SIZE] = "1";
    if (mime_levels(p)) {
        struct mime_level *parent = mime_level_top(p);
        unsigned n = ++parent->children;
        if (parent->message && level->multipart)
            memcpy(number, parent->base, sizeof number);
        else
            snprintf(number, sizeof number, "%.*s%s%u", (int)sizeof number - 16, parent->base,
                     parent->base[0] ? "." : "", n);
    } else if (level->multipart) {
        number[0] = '\0';
    }
    memcpy(level->part.number, number, sizeof number);
    memcpy(level->base, number, sizeof number);
}

static bool push_level(struct mime_parser *p, const struct mime_level *level)
{
    if (p->levels_above + mime_levels(p) >= MIME_DEPTH_MAX)
        return !mime_parser_fail(p, ERR_DATA, "parts are nested more than 100 deep");
    if (++p->parts > MIME_PARTS_MAX)
        return !mime_parser_fail(p, ERR_DATA, "more than 10000 parts");
    if (buf_add(&p->levels, level, sizeof *level))
        return !mime_parser_fail(p, ERR_OS, "out of memory");
    return true;
}

bool mime_entity_open(struct mime_parser *p, bool bad_header)
{
    struct mime_level level = {.multipart = false};
    bool in_digest = mime_levels(p) && mime_level_top(p)->digest;
    level.part.depth = (unsigned)(p->levels_above + mime_levels(p));
    level.part.defects.bad_header = bad_header;
    level.part.defects.line_ends = p->ends > MIME_ENDS_USUAL && p->parts == p->parts_above;
    enum err e = read_fields(p, &level.part, in_digest ? "message/rfc822" : "text/plain");
    if (!e && strncmp(level.part.type, "multipart/", 10) == 0)
        e = set_boundary(p, &level);
    if (e)
        return !mime_parser_fail(p, e, "out of memory");
    set_number(p, &level);
    bool message = is_message(p, &level.part), encoded = level.part.encoding != MIME_IDENTITY;
    level.message = message && !encoded;
    level.encoded = message && encoded && level.part.encoding != MIME_UU && !p->options.raw &&
                    mime_nested_allowed(p);
    level.tnef = is_tnef(p, &level.part);
    level.part.container = level.multipart || level.message || level.encoded || level.tnef;
    return push_level(p, &level) && (!level.encoded || mime_nested_open(p));
}

bool mime_begins_as_tiff(struct span s)
{
    s = span_trim(s);
    return span_starts(s, span_str("SUkqA")) || span_starts(s, span_str("TU0AK")) ||
           mime_content_is_tiff(s);
}

bool mime_entity_open_body(struct mime_parser *p, struct span first)
{
    struct mime_level level = {.multipart = false};
    const struct mime_part *whole = &mime_level_top(p)->part;
    const char *type = mime_type_of_name(span_str(whole->name));
    if (mime_begins_as_tiff(first))
        type = "image/tiff";
    set_text(level.part.type, sizeof level.part.type, type ? type : "text/plain");
    set_text(level.part.name, sizeof level.part.name, whole->name);
    set_text(level.part.encoding_name, sizeof level.part.encoding_name, whole->encoding_name);
    level.part.encoding = whole->encoding;
    if (mime_begins_as_tiff(first) && !mime_content_is_tiff(span_trim(first)))
        level.part.encoding = MIME_BASE64;
    level.part.depth = (unsigned)(p->levels_above + mime_levels(p));
    set_number(p, &level);
    return push_level(p, &level);
}

/* A file inside the body of the innermost part, whose name is set. */
static bool open_inner(struct mime_parser *p, struct mime_level *level, const char *type)
{
    if (!type[0])
        type = mime_type_of_name(span_str(level->part.name));
    set_text(level->part.type, sizeof level->part.type, type ? type : "application/octet-stream");
    set_text(level->part.disposition, sizeof level->part.disposition, "attachment");
    level->inner = true;
    level->part.depth = (unsigned)(p->levels_above + mime_levels(p));
    set_number(p, level);
    return push_level(p, level);
}

/* "image/tiff": two tokens and a slash. */
static bool well_formed(struct span type)
{
    size_t slash = lex_token(type);
    struct span sub = span_skip(type, slash + 1);
    return slash > 0 && slash < type.n && type.p[slash] == '/' && sub.n > 0 &&
           lex_token(sub) == sub.n;
}

bool mime_entity_open_inner(struct mime_parser *p, const char *name, const char *type)
{
    struct mime_level level = {.multipart = false};
    set_text(level.part.name, sizeof level.part.name, name);
    set_text(level.part.encoding_name, sizeof level.part.encoding_name, "tnef");
    bool known = well_formed(span_str(type)) && strlen(type) < sizeof level.part.type;
    if (!open_inner(p, &level, known ? type : ""))
        return false;
    struct mime_level *top = mime_level_top(p);
    top->encoded = is_message(p, &top->part) && mime_nested_allowed(p);
    top->tnef = is_tnef(p, &top->part) && mime_nested_allowed(p);
    top->part.container = top->encoded || top->tnef;
    return !top->part.container || mime_nested_open(p);
}

bool mime_entity_open_uu(struct mime_parser *p, struct span name, bool base64)
{
    struct mime_level level = {.multipart = false};
    struct buf text;
    buf_init(&text, MIME_HEADER_MAX);
    enum err e = mime_convert_plain(NULL, span_of(NULL, 0), name, &text);
    if (!e)
        utf8_copy(span_trim(buf_span(&text)), level.part.name, sizeof level.part.name);
    buf_release(&text);
    set_text(level.part.encoding_name, sizeof level.part.encoding_name,
             base64 ? "base64" : "x-uuencode");
    level.part.encoding = MIME_UU;
    level.part.in_text = true;
    return open_inner(p, &level, "");
}
