#include "seal/wrapper.h"

#include "mime/header.h"

#include <string.h>

/* Joining looks every field of one block up in the other: their product stays small. */
enum { FIELDS_MAX = 2000 };

/* One field with its continuation lines: whole has its line ends, value has not the last. */
struct field {
    struct span whole, name, value;
};

static struct span line_of(struct span s)
{
    size_t end = span_find(s, '\n');
    return span_take(s, end == s.n ? s.n : end + 1);
}

static bool is_empty(struct span line)
{
    return line.n && span_trim(line).n == 0 && line.p[0] != ' ' && line.p[0] != '\t';
}

size_t wrapper_head(struct span mail)
{
    struct span rest = mail;
    while (rest.n) {
        struct span line = line_of(rest);
        if (line.p[line.n - 1] != '\n')
            return 0;
        rest = span_skip(rest, line.n);
        if (is_empty(line))
            return mail.n - rest.n;
    }
    return 0;
}

static size_t name_length(struct span s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] > 32 && s.p[n] < 127 && s.p[n] != ':')
        n++;
    return n;
}

/* ERR_NO: the empty line, or the end. */
static enum err next(struct span *rest, struct field *f, struct why *why)
{
    struct span line = line_of(*rest);
    if (line.n == 0 || is_empty(line))
        return ERR_NO;
    f->name = span_take(line, name_length(line));
    size_t colon = f->name.n;
    while (colon < line.n && (line.p[colon] == ' ' || line.p[colon] == '\t'))
        colon++;
    if (f->name.n == 0 || colon == line.n || line.p[colon] != ':')
        return why_set(why, ERR_DATA, "not a mail: no header field where one must be");
    size_t n = line.n;
    while (n < rest->n && (rest->p[n] == ' ' || rest->p[n] == '\t'))
        n += line_of(span_skip(*rest, n)).n;
    f->whole = span_take(*rest, n);
    f->value = span_trim(span_skip(f->whole, colon + 1));
    *rest = span_skip(*rest, n);
    return ERR_NONE;
}

static bool is_content(struct span name)
{
    return span_starts_nocase(name, span_str("Content-"));
}

/* An mbox's "From " line in front of the mail is nobody's field. */
static struct span without_from_line(struct span head)
{
    return span_starts(head, span_str("From ")) ? span_skip(head, line_of(head).n) : head;
}

static enum err add_lines(struct buf *out, struct span whole, const char *end)
{
    enum err e = ERR_NONE;
    while (whole.n && !e) {
        struct span line = line_of(whole);
        whole = span_skip(whole, line.n);
        while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
            line.n--;
        e = buf_add_span(out, line);
        if (!e)
            e = buf_add_str(out, end);
    }
    return e;
}

static bool says_binary(const struct field *f)
{
    return span_eq_nocase(f->name, span_str("Content-Transfer-Encoding")) &&
           span_eq_nocase(f->value, span_str("binary"));
}

enum err wrapper_divide(struct span head, struct buf *outer, struct buf *inner, bool *binary,
                        struct why *why)
{
    struct field f;
    bool version = false, any = false;
    enum err e;
    *binary = false;
    head = without_from_line(head);
    while (!(e = next(&head, &f, why))) {
        bool content = is_content(f.name);
        any = true;
        version |= span_eq_nocase(f.name, span_str("MIME-Version"));
        *binary |= says_binary(&f);
        e = add_lines(content ? inner : outer, f.whole, content ? "\r\n" : "\n");
        if (e)
            return why_set(why, e, "header too long");
    }
    if (e != ERR_NO)
        return e;
    if (!any)
        return why_set(why, ERR_DATA, "not a mail: no header");
    e = version ? ERR_NONE : buf_add_str(outer, "MIME-Version: 1.0\n");
    if (!e)
        e = buf_add_str(inner, "\r\n");
    return e ? why_set(why, e, "header too long") : ERR_NONE;
}

/* A Content-Type's value and those of its parameters that say what S/MIME is in it. */
struct smime_type {
    char value[80], kind[40], protocol[60], name[80], boundary[WRAPPER_BOUNDARY_MAX + 1];
};

/* Appends nothing where it is not there, or too long to be what we look for. */
static void parameter(struct span raw, const char *name, char *out, size_t size)
{
    struct buf b;
    buf_init(&b, size);
    out[0] = '\0';
    if (!(name ? header_param(raw, name, NULL, &b) : header_value(raw, &b)))
        span_copy(buf_span(&b), out, size);
    buf_release(&b);
}

/* The first Content-Type, and whether the body is in base64. */
static enum err read_type(struct span head, struct smime_type *t, enum wrapper_coding *coding,
                          struct why *why)
{
    struct field f;
    bool typed = false;
    enum err e;
    memset(t, 0, sizeof *t);
    *coding = WRAPPER_BINARY;
    head = without_from_line(head);
    while (!(e = next(&head, &f, why))) {
        if (!*t->name && span_eq_nocase(f.name, span_str("Content-Disposition")))
            parameter(f.value, "filename", t->name, sizeof t->name);
        if (!typed && span_eq_nocase(f.name, span_str("Content-Type"))) {
            typed = true;
            parameter(f.value, NULL, t->value, sizeof t->value);
            parameter(f.value, "smime-type", t->kind, sizeof t->kind);
            parameter(f.value, "protocol", t->protocol, sizeof t->protocol);
            if (!*t->name)
                parameter(f.value, "name", t->name, sizeof t->name);
            parameter(f.value, "boundary", t->boundary, sizeof t->boundary);
        }
        if (!span_eq_nocase(f.name, span_str("Content-Transfer-Encoding")))
            continue;
        if (span_eq_nocase(f.value, span_str("base64")))
            *coding = WRAPPER_BASE64;
        else if (span_eq_nocase(f.value, span_str("quoted-printable")))
            return why_set(why, ERR_DATA, "S/MIME in quoted-printable");
    }
    return e == ERR_NO ? ERR_NONE : e;
}

static bool same(const char *value, const char *want)
{
    return span_eq_nocase(span_str(value), span_str(want));
}

/* application/pkcs7-mime, or what a program that knows no better made of it. */
static bool is_smime(const struct smime_type *t)
{
    size_t n = strlen(t->name);
    return same(t->value, "application/pkcs7-mime") || same(t->value, "application/x-pkcs7-mime") ||
           (same(t->value, "application/octet-stream") && n > 4 && same(t->name + n - 4, ".p7m"));
}

enum err wrapper_sealed(struct span head, enum wrapper_coding *coding, struct why *why)
{
    struct smime_type t;
    enum err e = read_type(head, &t, coding, why);
    if (e)
        return e;
    if (!is_smime(&t))
        return why_set(why, ERR_DATA, "not an S/MIME mail");
    if (*t.kind && !same(t.kind, "enveloped-data") && !same(t.kind, "authEnveloped-data"))
        return why_set(why, ERR_DATA, "S/MIME, but not sealed: %s", t.kind);
    return ERR_NONE;
}

enum err wrapper_signed(struct span head, enum wrapper_coding *coding,
                        char boundary[WRAPPER_BOUNDARY_MAX + 1], struct why *why)
{
    struct smime_type t;
    enum err e = read_type(head, &t, coding, why);
    if (e)
        return e;
    memcpy(boundary, t.boundary, sizeof t.boundary);
    if (same(t.value, "multipart/signed")) {
        if (!same(t.protocol, "application/pkcs7-signature") &&
            !same(t.protocol, "application/x-pkcs7-signature"))
            return why_set(why, ERR_DATA, "signed, but not by S/MIME: %s", t.protocol);
        return *boundary ? ERR_NONE : why_set(why, ERR_DATA, "multipart/signed without boundary");
    }
    boundary[0] = '\0';
    if (!is_smime(&t))
        return why_set(why, ERR_DATA, "not a signed mail");
    if (*t.kind && !same(t.kind, "signed-data"))
        return why_set(why, ERR_DATA, "S/MIME, but not signed: %s", t.kind);
    return ERR_NONE;
}

enum err wrapper_signature(struct span head, enum wrapper_coding *coding, struct why *why)
{
    struct smime_type t;
    enum err e = read_type(head, &t, coding, why);
    if (!e && !same(t.value, "application/pkcs7-signature") &&
        !same(t.value, "application/x-pkcs7-signature"))
        e = why_set(why, ERR_DATA, "signed mail without signature");
    return e;
}

static enum err has_field(struct span head, struct span name, bool *found, struct why *why)
{
    struct field f;
    enum err e;
    unsigned count = 0;
    *found = false;
    while (!(e = next(&head, &f, why))) {
        if (span_eq_nocase(f.name, name))
            *found = true;
        if (++count > FIELDS_MAX)
            return why_set(why, ERR_DATA, "more than %d header fields", FIELDS_MAX);
    }
    return e == ERR_NO ? ERR_NONE : e;
}

enum err wrapper_join(struct span outer, struct span inner, struct buf *out, bool *binary,
                      struct why *why)
{
    struct field f;
    enum err e;
    unsigned count = 0;
    *binary = false;
    outer = without_from_line(outer);
    while (!(e = next(&outer, &f, why))) {
        bool twice;
        if (++count > FIELDS_MAX)
            return why_set(why, ERR_DATA, "more than %d header fields", FIELDS_MAX);
        e = has_field(inner, f.name, &twice, why);
        if (!e && !twice && !is_content(f.name))
            e = add_lines(out, f.whole, "\n");
        if (e)
            return e;
    }
    if (e != ERR_NO)
        return e;
    while (!(e = next(&inner, &f, why))) {
        *binary |= says_binary(&f);
        if ((e = add_lines(out, f.whole, "\n")))
            return why_set(why, e, "header too long");
    }
    return e == ERR_NO ? buf_add_byte(out, '\n') : e;
}

bool wrapper_is_head(struct span s)
{
    struct span line = line_of(s);
    size_t n = name_length(line);
    return is_empty(line) || (n && n < line.n && line.p[n] == ':');
}

size_t wrapper_to_crlf(const uint8_t *p, size_t n, uint8_t *out, int *state)
{
    uint8_t *at = out;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n' && *state != '\r')
            *at++ = '\r';
        *at++ = p[i];
        *state = p[i];
    }
    return (size_t)(at - out);
}

size_t wrapper_to_lf(const uint8_t *p, size_t n, uint8_t *out, int *state)
{
    uint8_t *at = out;
    for (size_t i = 0; i < n; i++) {
        if (*state == '\r' && p[i] != '\n')
            *at++ = '\r';
        *state = p[i];
        if (p[i] != '\r')
            *at++ = p[i];
    }
    if (n == 0 && *state == '\r') {
        *at++ = '\r';
        *state = 0;
    }
    return (size_t)(at - out);
}
