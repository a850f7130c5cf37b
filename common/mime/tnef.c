#include "mime/tnef.h"

#include "bytes/endian.h"
#include "bytes/utf8.h"

#include <stdio.h>
#include <string.h>

enum {
    SIGNATURE = 0x223e9f78,
    HEAD_SIZE = 6,      /* the signature and a key */
    ATTRIBUTE_SIZE = 9, /* level, number and type, length */
    LEVEL_MESSAGE = 1,
    LEVEL_FILE = 2,
    CHUNK = 48 * 1024
};

/* Attributes, by number; the type in the upper half varies. */
enum {
    ATTACH_DATA = 0x800f,
    ATTACH_TITLE = 0x8010,
    ATTACH_REND_DATA = 0x9002, /* the first of every file */
    ATTACHMENT = 0x9005,       /* its MAPI properties */
    OEM_CODEPAGE = 0x9007
};

void tnef_init(struct tnef *t, const struct mime_converter *conv)
{
    memset(t, 0, sizeof *t);
    t->conv = conv;
    buf_init(&t->data, TNEF_HELD_MAX);
    buf_init(&t->value, TNEF_VALUE_MAX);
}

void tnef_release(struct tnef *t)
{
    buf_release(&t->data);
    buf_release(&t->value);
}

void tnef_clear(struct tnef *t)
{
    struct buf data = t->data, value = t->value;
    const struct mime_converter *conv = t->conv;
    memset(t, 0, sizeof *t);
    buf_clear(&data);
    buf_clear(&value);
    t->data = data;
    t->value = value;
    t->conv = conv;
}

void tnef_push(struct tnef *t, struct span bytes)
{
    t->in = bytes;
}

void tnef_end(struct tnef *t)
{
    t->ended = true;
}

static unsigned number_of(const struct tnef *t)
{
    return t->id & 0xffff;
}

/* ---- names ---- */

/* A title: bytes of the code page, ended by NUL. */
static enum err set_title(struct tnef *t, struct span s)
{
    char charset[24] = "CP1252";
    struct buf text;
    s = span_take(s, span_find(s, 0));
    if (s.n == 0 || t->long_name)
        return ERR_NONE;
    if (t->codepage)
        snprintf(charset, sizeof charset, "CP%u", (unsigned)t->codepage);
    if (t->codepage == 65001 || t->codepage == 20127)
        snprintf(charset, sizeof charset, "utf-8");
    buf_init(&text, 8 * TNEF_VALUE_MAX);
    enum err e = t->conv && t->conv->convert
                     ? t->conv->convert(t->conv->ctx, span_str(charset), s, &text)
                     : mime_convert_plain(NULL, span_str(charset), s, &text);
    if (!e)
        utf8_copy(span_take(buf_span(&text), span_find(buf_span(&text), 0)), t->name,
                  sizeof t->name);
    buf_release(&text);
    return e == ERR_OS ? e : ERR_NONE;
}

/* One character of UTF-16LE at the start of *s, as UTF-8 in out; its length. */
static size_t utf16_char(struct span *s, uint8_t out[4])
{
    uint32_t c = get_le16(s->p);
    *s = span_skip(*s, 2);
    if (c >= 0xd800 && c < 0xdc00 && s->n >= 2 && (get_le16(s->p) & 0xfc00) == 0xdc00) {
        c = 0x10000 + ((c & 0x3ff) << 10) + (get_le16(s->p) & 0x3ff);
        *s = span_skip(*s, 2);
    }
    return utf8_put(c >= 0xd800 && c < 0xe000 ? 0xfffd : c, out);
}

static void set_unicode(struct span s, char *out, size_t size)
{
    size_t n = 0;
    uint8_t c[4];
    while (s.n >= 2 && get_le16(s.p)) {
        size_t k = utf16_char(&s, c);
        if (n + k >= size)
            break;
        memcpy(out + n, c, k);
        n += k;
    }
    out[n] = '\0';
}

/* ---- MAPI properties ([MS-OXTNEF] §2.1.3.4) ---- */

enum {
    TYPE_OBJECT = 0x0d,
    TYPE_STRING8 = 0x1e,
    TYPE_UNICODE = 0x1f,
    TYPE_BINARY = 0x102,
    TYPE_MANY = 0x1000,
    PROP_DATA = 0x3701,
    PROP_LONG_NAME = 0x3707,
    PROP_MIME_TYPE = 0x370e,
    NAMED = 0x8000,
    PROPS_MAX = 2000
};

/* Bytes of a value of fixed size, as stored; 0: of one that says its own. */
static size_t fixed_size(unsigned type)
{
    switch (type) {
    case TYPE_OBJECT:
    case TYPE_STRING8:
    case TYPE_UNICODE:
    case TYPE_BINARY:
        return 0;
    case 0x05: case 0x06: case 0x07: case 0x14: case 0x40:
        return 8;
    case 0x48:
        return 16;
    default:
        return 4;
    }
}

static struct span skip_padded(struct span s, size_t n)
{
    return n > s.n ? span_skip(s, s.n) : span_skip(s, (n + 3) & ~(size_t)3);
}

/* Past the GUID and the number or name of a named property. */
static struct span skip_name(struct span s)
{
    s = span_skip(s, 16);
    if (s.n < 8)
        return span_skip(s, s.n);
    bool word = get_le32(s.p) == 1;
    return word ? skip_padded(span_skip(s, 8), get_le32(s.p + 4)) : span_skip(s, 8);
}

static enum err take_string(struct tnef *t, unsigned id, unsigned type, struct span s)
{
    char text[TNEF_NAME_SIZE] = "";
    enum err e = ERR_NONE;
    if (id == PROP_LONG_NAME && type == TYPE_STRING8) {
        e = set_title(t, s);
        t->long_name = true;
        return e;
    }
    if (type == TYPE_UNICODE)
        set_unicode(s, text, sizeof text);
    else
        utf8_copy(span_take(s, span_find(s, 0)), text, sizeof text);
    if (id == PROP_LONG_NAME && text[0]) {
        memcpy(t->name, text, sizeof text);
        t->long_name = true;
    } else if (id == PROP_MIME_TYPE && strlen(text) < sizeof t->type) {
        memcpy(t->type, text, strlen(text) + 1);
        for (char *c = t->type; *c; c++)
            *c = (char)ascii_lower((uint8_t)*c);
    }
    return e;
}

/* An attached message is an object: an interface's GUID, and the bytes. */
static void take_object(struct tnef *t, struct span s)
{
    enum { GUID = 16 };
    static const uint8_t message[GUID] = {0x07, 0x03, 0x02, 0, 0, 0, 0, 0,
                                          0xc0, 0, 0, 0, 0, 0, 0, 0x46};
    if (t->has_data || s.n < GUID)
        return;
    t->has_data = true;
    if (memcmp(s.p, message, GUID) == 0 && !t->type[0])
        memcpy(t->type, "application/ms-tnef", sizeof "application/ms-tnef");
    if (buf_add_span(&t->data, span_skip(s, GUID)))
        t->damaged = true;
}

/* One property at the start of *s. False: the rest makes no sense. */
static bool property(struct tnef *t, struct span *s, enum err *e)
{
    if (s->n < 4)
        return false;
    unsigned type = get_le16(s->p), id = get_le16(s->p + 2), base = type & ~(unsigned)TYPE_MANY;
    size_t fixed = fixed_size(base);
    uint32_t count = 1;
    *s = span_skip(*s, 4);
    if (id >= NAMED)
        *s = skip_name(*s);
    if (fixed == 0 || type & TYPE_MANY) {
        if (s->n < 4)
            return false;
        count = get_le32(s->p);
        *s = span_skip(*s, 4);
    }
    for (uint32_t i = 0; i < count; i++) {
        size_t n = fixed;
        if (s->n < 4)
            return false;
        if (fixed == 0) {
            n = get_le32(s->p);
            *s = span_skip(*s, 4);
        }
        if (n > s->n && t->overlong && type == TYPE_OBJECT && id == PROP_DATA) {
            t->object_left = (uint32_t)(n - s->n);
            take_object(t, *s);
        }
        if (n > s->n)
            return false;
        struct span value = span_take(*s, n);
        if (type == TYPE_STRING8 || type == TYPE_UNICODE)
            *e = take_string(t, id, type, value);
        else if (type == TYPE_OBJECT && id == PROP_DATA)
            take_object(t, value);
        *s = skip_padded(*s, n);
    }
    return *e == ERR_NONE;
}

static enum err properties(struct tnef *t)
{
    struct span s = buf_span(&t->value);
    enum err e = ERR_NONE;
    if (s.n < 4)
        return ERR_NONE;
    uint32_t count = get_le32(s.p);
    s = span_skip(s, 4);
    for (uint32_t i = 0; i < count && i < PROPS_MAX; i++) {
        if (!property(t, &s, &e)) {
            t->damaged = t->damaged || !e;
            break;
        }
    }
    return e;
}

/* They are too large to be gathered: of an attached message's bytes, the rest streams. */
static enum err overlong_properties(struct tnef *t)
{
    bool damaged = t->damaged;
    t->overlong = true;
    enum err e = properties(t);
    t->overlong = false;
    t->damaged = damaged || t->object_left == 0;
    return e;
}

/* ---- files ---- */

static void forget_file(struct tnef *t)
{
    t->file = t->has_data = t->begun = t->closing = t->spilling = t->given = t->long_name = false;
    t->name[0] = t->type[0] = '\0';
    buf_clear(&t->data);
}

static bool emit(struct tnef *t, struct tnef_event *event, enum tnef_event_kind kind,
                 struct span body)
{
    *event = (struct tnef_event){kind, t->name, t->type, body};
    return true;
}

/* What is due of a file that ends, or that is too large to be held. True: *event is set. */
static bool settle(struct tnef *t, struct tnef_event *event)
{
    if (t->closing && !t->has_data) {
        forget_file(t);
        return false;
    }
    if (!t->begun) {
        t->begun = true;
        return emit(t, event, TNEF_BEGIN, span_of(NULL, 0));
    }
    if (t->data.len && !t->given) {
        t->given = true;
        return emit(t, event, TNEF_BODY, buf_span(&t->data));
    }
    buf_clear(&t->data);
    t->spilling = t->given = false;
    if (!t->closing)
        return false;
    forget_file(t);
    return emit(t, event, TNEF_END, span_of(NULL, 0));
}

/* Bytes of the file. True: *event is set. ERR_OS in *e. */
static bool add_data(struct tnef *t, struct span s, struct tnef_event *event, enum err *e)
{
    if (t->begun)
        return emit(t, event, TNEF_BODY, s);
    *e = buf_add_span(&t->data, s);
    t->spilling = t->data.max - t->data.len < CHUNK;
    return false;
}

/* ---- the stream ---- */

/* Gathers size bytes in held. */
static bool gather(struct tnef *t, size_t size)
{
    while (t->held_n < size && t->in.n) {
        t->held[t->held_n++] = t->in.p[0];
        t->in = span_skip(t->in, 1);
    }
    return t->held_n == size;
}

static void step_head(struct tnef *t)
{
    if (t->held_n < 4 && !gather(t, 4) && !t->ended)
        return;
    if (t->held_n < 4 || get_le32(t->held) != SIGNATURE) {
        t->plain = t->file = t->has_data = t->spilling = t->damaged = true;
        (void)buf_add(&t->data, t->held, t->held_n);
        t->state = TNEF_PLAIN;
    } else if (gather(t, HEAD_SIZE)) {
        t->state = TNEF_ATTRIBUTE;
        t->held_n = 0;
    }
}

static void step_attribute(struct tnef *t)
{
    if (!gather(t, ATTRIBUTE_SIZE))
        return;
    t->held_n = 0;
    if (t->held[0] != LEVEL_MESSAGE && t->held[0] != LEVEL_FILE) {
        t->damaged = true;
        t->state = TNEF_JUNK;
        return;
    }
    t->id = get_le32(t->held + 1);
    t->left = get_le32(t->held + 5);
    t->sum = 0;
    t->state = TNEF_VALUE;
    unsigned id = number_of(t);
    bool of_file = t->held[0] == LEVEL_FILE;
    t->gathering = (of_file && (id == ATTACH_TITLE || id == ATTACHMENT)) ||
                   (!of_file && id == OEM_CODEPAGE);
    buf_clear(&t->value);
    if (of_file && id == ATTACH_REND_DATA && t->file)
        t->closing = true;
    else if (of_file)
        t->file = true;
    t->is_data = of_file && id == ATTACH_DATA;
    t->object_left = 0;
    t->has_data = t->has_data || t->is_data;
}

static enum err value_done(struct tnef *t)
{
    t->state = TNEF_CHECKSUM;
    if (!t->gathering)
        return ERR_NONE;
    t->gathering = false;
    if (number_of(t) == ATTACH_TITLE)
        return set_title(t, buf_span(&t->value));
    if (number_of(t) == ATTACHMENT)
        return properties(t);
    if (t->value.len >= 4)
        t->codepage = get_le32(t->value.data);
    return ERR_NONE;
}

static bool step_value(struct tnef *t, struct tnef_event *event, enum err *e)
{
    struct span s = span_take(t->in, t->left < CHUNK ? t->left : CHUNK);
    t->in = span_skip(t->in, s.n);
    t->left -= (uint32_t)s.n;
    for (size_t i = 0; i < s.n; i++)
        t->sum = (uint16_t)(t->sum + s.p[i]);
    if (t->gathering && (*e = buf_add_span(&t->value, s))) {
        t->gathering = false;
        if (*e == ERR_DATA)
            *e = overlong_properties(t);
    }
    struct span data = span_take(s, t->is_data ? s.n : t->object_left);
    t->object_left -= t->is_data ? 0 : (uint32_t)data.n;
    if (!*e && t->left == 0)
        *e = value_done(t);
    return !*e && data.n && add_data(t, data, event, e);
}

static void step_checksum(struct tnef *t)
{
    if (!gather(t, 2))
        return;
    if (get_le16(t->held) != t->sum)
        t->damaged = true;
    t->held_n = 0;
    t->state = TNEF_ATTRIBUTE;
}

/* No more bytes. True: *event is set. */
static bool finish(struct tnef *t, struct tnef_event *event)
{
    bool whole = t->state == TNEF_ATTRIBUTE && t->held_n == 0;
    if (t->state == TNEF_HEAD && t->held_n && t->held_n < 4) {
        step_head(t);
        return false;
    }
    t->damaged = t->damaged || (!whole && (t->state != TNEF_HEAD || t->held_n));
    if (t->file) {
        t->closing = true;
        return false;
    }
    return emit(t, event, TNEF_DONE, span_of(NULL, 0));
}

/* True: *event is set, or *e. */
static bool step(struct tnef *t, struct tnef_event *event, enum err *e)
{
    if (t->closing || t->spilling)
        return settle(t, event);
    if (t->state == TNEF_VALUE && t->left == 0) {
        *e = value_done(t);
        return *e != ERR_NONE;
    }
    if (t->in.n == 0 && t->ended)
        return finish(t, event);
    if (t->in.n == 0)
        return emit(t, event, TNEF_NEED_MORE, span_of(NULL, 0));
    switch (t->state) {
    case TNEF_HEAD:
        step_head(t);
        return false;
    case TNEF_ATTRIBUTE:
        step_attribute(t);
        return false;
    case TNEF_VALUE:
        return step_value(t, event, e) || *e;
    case TNEF_CHECKSUM:
        step_checksum(t);
        return false;
    case TNEF_PLAIN: {
        struct span s = t->in;
        t->in = span_skip(s, s.n);
        return emit(t, event, TNEF_BODY, s);
    }
    case TNEF_JUNK:
        t->in = span_skip(t->in, t->in.n);
        return false;
    }
    return false;
}

enum err tnef_next(struct tnef *t, struct tnef_event *event)
{
    enum err e = ERR_NONE;
    while (!step(t, event, &e))
        ;
    return e;
}
