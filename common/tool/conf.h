/*
 * faxpipe.conf: `key = value` lines, `#` comments, unknown keys refused with their line number.
 */
#ifndef TOOL_CONF_H
#define TOOL_CONF_H

#include "bytes/buf.h"

/* At most 1 MiB of text and 1000 lines that set something. */
struct conf;

/* Parses text. ERR_CONFIG with "line N: …". Free with conf_free, also after a failure (NULL). */
enum err conf_parse(struct span text, struct conf **conf, struct why *why);
void conf_free(struct conf *conf);

/*
 * The value of key, or NULL where it is not set; of several the last. conf may be NULL (nothing
 * is set). "route." keys are asked for with their domain: "route.example.org".
 */
const char *conf_get(const struct conf *conf, const char *key);

/* The value of the nth line (from 0) that sets key: for `domain`. NULL beyond the last. */
const char *conf_nth(const struct conf *conf, const char *key, unsigned n);

/* Appends key's value and a line end; of `domain` every value, a line each. ERR_NO: it is not
 * set. ERR_USAGE: there is no such key. */
enum err conf_show(const struct conf *conf, const char *key, struct buf *out, struct why *why);

/*
 * Numbers and sizes (octets; K, M, G are powers of 1024): *value is fallback where key is not
 * set. ERR_CONFIG: not a number, or over max.
 */
enum err conf_number(const struct conf *conf, const char *key, uint64_t fallback, uint64_t max,
                     uint64_t *value, struct why *why);

/* A setting that is on or off; *on keeps its value where it is not set. ERR_CONFIG: neither. */
enum err conf_switch(const struct conf *conf, const char *key, bool *on, struct why *why);

/* Reads a number or size of that form from a command line. False: it is none, or over max. */
bool conf_size(const char *text, uint64_t max, uint64_t *value);

#endif
