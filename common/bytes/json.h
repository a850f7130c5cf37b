/*
 * JSON as the programs print it and read it from each other (RFC 8259).
 *
 * Writing appends to a buf; the caller sets commas and braces by the struct json helper, which
 * knows where one is due. Reading takes one flat object: strings, numbers, true, false, null as
 * text. Nested values are an error. Bytes that are not UTF-8 are written as U+FFFD.
 */
#ifndef BYTES_JSON_H
#define BYTES_JSON_H

#include "bytes/buf.h"

/* Appends s as a JSON string with its quotes. Errors as buf_add. */
enum err json_string(struct buf *out, struct span s);

/* A writer of nested objects and arrays; out is not owned. Depth is at most 31. */
struct json {
    struct buf *out;
    uint32_t begun; /* bit d: something has been written at depth d */
    unsigned depth;
    enum err err; /* the first failure sticks; later calls do nothing */
};

/* Starts a document that is appended to out. */
void json_init(struct json *j, struct buf *out);

/* key is NULL inside arrays and at the top. */
void json_open(struct json *j, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);                 /* '}' or ']' */
void json_add_span(struct json *j, const char *key, struct span value);
void json_add_str(struct json *j, const char *key, const char *value); /* NULL gives null */
void json_add_int(struct json *j, const char *key, long long value);
void json_add_bool(struct json *j, const char *key, bool value);

/*
 * Finds the member called key in the flat object text and appends its value to out: strings
 * decoded to UTF-8, the others as they stand. ERR_NO: no such member. ERR_DATA: not a flat
 * object, or over out's cap. Linear in text.
 */
enum err json_member(struct span text, const char *key, struct buf *out);

#endif
