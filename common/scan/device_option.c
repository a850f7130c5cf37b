#include "scan/device_option.h"

#include "bytes/span.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum err device_why(SANE_Status status, struct why *why)
{
    enum err e;
    switch (status) {
    case SANE_STATUS_DEVICE_BUSY:
    case SANE_STATUS_JAMMED:
    case SANE_STATUS_COVER_OPEN:
    case SANE_STATUS_CANCELLED: e = ERR_AGAIN; break;
    case SANE_STATUS_NO_DOCS: e = ERR_NO_INPUT; break;
    case SANE_STATUS_NO_MEM: e = ERR_OS; break;
    case SANE_STATUS_ACCESS_DENIED: e = ERR_AUTH; break;
    case SANE_STATUS_UNSUPPORTED:
    case SANE_STATUS_INVAL: e = ERR_UNAVAILABLE; break;
    default: e = ERR_IO;
    }
    char words[128];
    const char *from = sane_strstatus(status);
    size_t i = 0;
    for (; from[i] && i + 1 < sizeof words; i++)
        words[i] = (char)ascii_lower((uint8_t)from[i]);
    words[i] = '\0';
    return why_set(why, e, "scanner: %s", words);
}

bool device_setting_given(const char *const *settings, const char *name)
{
    size_t n = strlen(name);
    for (; settings && *settings; settings++)
        if (strncmp(*settings, name, n) == 0 && (*settings)[n] == '=')
            return true;
    return false;
}

/* An option's number and description: asked anew each time, since setting one changes others. */
static const SANE_Option_Descriptor *find(SANE_Handle handle, const char *name, size_t n,
                                          SANE_Int *index)
{
    SANE_Int count = 0;
    if (sane_control_option(handle, 0, SANE_ACTION_GET_VALUE, &count, NULL) != SANE_STATUS_GOOD)
        return NULL;
    for (*index = 1; *index < count; ++*index) {
        const SANE_Option_Descriptor *o = sane_get_option_descriptor(handle, *index);
        if (o && o->name && strlen(o->name) == n && memcmp(o->name, name, n) == 0)
            return o;
    }
    return NULL;
}

static bool settable(const SANE_Option_Descriptor *o)
{
    return o && SANE_OPTION_IS_ACTIVE(o->cap) && SANE_OPTION_IS_SETTABLE(o->cap);
}

static enum err put(SANE_Handle handle, SANE_Int index, void *value, struct why *why)
{
    SANE_Int info;
    SANE_Status s = sane_control_option(handle, index, SANE_ACTION_SET_VALUE, value, &info);
    return s == SANE_STATUS_GOOD ? ERR_NONE : device_why(s, why);
}

static enum err put_string(SANE_Handle handle, SANE_Int index, const SANE_Option_Descriptor *o,
                           const char *value, struct why *why)
{
    size_t n = strlen(value), size = o->size > 0 ? (size_t)o->size : 0;
    if (n + 1 > size)
        return why_set(why, ERR_USAGE, "value too long");
    char *room = calloc(1, size);
    if (!room)
        return why_set(why, ERR_OS, "out of memory");
    memcpy(room, value, n);
    enum err e = put(handle, index, room, why);
    free(room);
    return e;
}

static bool is_number(const SANE_Option_Descriptor *o)
{
    return (o->type == SANE_TYPE_INT || o->type == SANE_TYPE_FIXED) &&
           o->size == (SANE_Int)sizeof(SANE_Word);
}

static double from_word(const SANE_Option_Descriptor *o, SANE_Word w)
{
    return o->type == SANE_TYPE_FIXED ? SANE_UNFIX(w) : w;
}

static SANE_Word to_word(const SANE_Option_Descriptor *o, double v)
{
    if (o->type == SANE_TYPE_FIXED)
        return v > 32767 ? SANE_FIX(32767) : v < -32767 ? SANE_FIX(-32767) : SANE_FIX(v);
    return v > 2e9 ? 2000000000 : v < -2e9 ? -2000000000 : (SANE_Word)(v < 0 ? v - 0.5 : v + 0.5);
}

static bool parse_number(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && *value == *value;
}

/* 1 and 0, or -1 for no such word. */
static int parse_switch(const char *text)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};
    for (int i = 0; i < 4; i++) {
        if (strcasecmp(text, yes[i]) == 0)
            return 1;
        if (strcasecmp(text, no[i]) == 0)
            return 0;
    }
    return -1;
}

static enum err put_text(SANE_Handle handle, SANE_Int index, const SANE_Option_Descriptor *o,
                         const char *value, struct why *why)
{
    double number;
    SANE_Word word;
    switch (o->type) {
    case SANE_TYPE_STRING: return put_string(handle, index, o, value, why);
    case SANE_TYPE_BUTTON: return put(handle, index, NULL, why);
    case SANE_TYPE_BOOL:
        word = parse_switch(value);
        return word < 0 ? ERR_USAGE : put(handle, index, &word, why);
    default:
        if (!is_number(o) || !parse_number(value, &number))
            return ERR_USAGE;
        word = to_word(o, number);
        return put(handle, index, &word, why);
    }
}

enum err device_set(SANE_Handle handle, const char *setting, struct why *why)
{
    SANE_Int index;
    const char *equals = strchr(setting, '=');
    if (!equals)
        return why_set(why, ERR_USAGE, "%s: not name=value", setting);
    size_t n = (size_t)(equals - setting);
    const SANE_Option_Descriptor *o = find(handle, setting, n, &index);
    if (!settable(o))
        return why_set(why, ERR_USAGE, "the scanner has no option %.*s", (int)n, setting);
    enum err e = put_text(handle, index, o, equals + 1, why);
    if (e == ERR_USAGE || e == ERR_UNAVAILABLE)
        return why_set(why, ERR_USAGE, "%s: not a value that the scanner takes", setting);
    return e;
}

enum err device_choose(SANE_Handle handle, const char *name, const char *const *words,
                       struct why *why)
{
    SANE_Int index;
    const SANE_Option_Descriptor *o = find(handle, name, strlen(name), &index);
    if (!settable(o) || o->type != SANE_TYPE_STRING ||
        o->constraint_type != SANE_CONSTRAINT_STRING_LIST)
        return ERR_NO;
    for (; *words; words++)
        for (const SANE_String_Const *s = o->constraint.string_list; *s; s++)
            if (strcasestr(*s, *words))
                return put_string(handle, index, o, *s, why);
    return ERR_NO;
}

/* The constraint's value nearest above (or else below) value. */
static double allowed(const SANE_Option_Descriptor *o, double value)
{
    if (o->constraint_type == SANE_CONSTRAINT_RANGE) {
        double min = from_word(o, o->constraint.range->min);
        double max = from_word(o, o->constraint.range->max);
        return value < min ? min : value > max ? max : value;
    }
    if (o->constraint_type != SANE_CONSTRAINT_WORD_LIST)
        return value;
    const SANE_Word *list = o->constraint.word_list;
    double best = 0;
    for (SANE_Word i = 1; i <= list[0]; i++) {
        double v = from_word(o, list[i]);
        /* What differs by less than one in twenty counts as reached. */
        bool enough = v >= value * 0.95, best_enough = best >= value * 0.95;
        if (i == 1 || (enough && (!best_enough || v < best)) || (!best_enough && v > best))
            best = v;
    }
    return best;
}

enum err device_get_number(SANE_Handle handle, const char *name, double *now)
{
    SANE_Int index;
    SANE_Word word;
    const SANE_Option_Descriptor *o = find(handle, name, strlen(name), &index);
    if (!o || !SANE_OPTION_IS_ACTIVE(o->cap) || !is_number(o) ||
        sane_control_option(handle, index, SANE_ACTION_GET_VALUE, &word, NULL) != SANE_STATUS_GOOD)
        return ERR_NO;
    *now = from_word(o, word);
    return ERR_NONE;
}

static enum err number_of(SANE_Handle handle, SANE_Int index, const SANE_Option_Descriptor *o,
                          double value, struct why *why)
{
    SANE_Word word = to_word(o, allowed(o, value));
    return put(handle, index, &word, why);
}

enum err device_number(SANE_Handle handle, const char *name, double value, double *now,
                       struct why *why)
{
    SANE_Int index;
    const SANE_Option_Descriptor *o = find(handle, name, strlen(name), &index);
    if (!settable(o) || !is_number(o))
        return ERR_NO;
    enum err e = number_of(handle, index, o, value, why);
    return e || !now ? e : device_get_number(handle, name, now);
}

enum err device_length(SANE_Handle handle, const char *name, double mm, double dpi,
                       struct why *why)
{
    SANE_Int index;
    const SANE_Option_Descriptor *o = find(handle, name, strlen(name), &index);
    if (!settable(o) || !is_number(o))
        return ERR_NO;
    if (o->unit == SANE_UNIT_MM)
        return number_of(handle, index, o, mm, why);
    if (o->unit == SANE_UNIT_PIXEL && dpi > 0)
        return number_of(handle, index, o, mm * dpi / 25.4, why);
    return ERR_NO;
}

bool device_get_string(SANE_Handle handle, const char *name, char *out, size_t size)
{
    SANE_Int index;
    const SANE_Option_Descriptor *o = find(handle, name, strlen(name), &index);
    if (!o || !SANE_OPTION_IS_ACTIVE(o->cap) || o->type != SANE_TYPE_STRING || o->size <= 0)
        return false;
    char *room = calloc(1, (size_t)o->size + 1);
    if (!room)
        return false;
    bool ok = sane_control_option(handle, index, SANE_ACTION_GET_VALUE, room, NULL) ==
                  SANE_STATUS_GOOD && span_copy(span_str(room), out, size);
    free(room);
    return ok;
}
