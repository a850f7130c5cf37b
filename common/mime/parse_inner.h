/*
 * What the files of the mail parser share: parse.c (bodies, boundaries, events), header_lines.c
 * (lines of a header), entity.c (header to part), uutext.c (uuencoded files in text), tnef_part.c (files in TNEF). Not for other folders.
 */
#ifndef MIME_PARSE_INNER_H
#define MIME_PARSE_INNER_H

#include "mime/parse.h"

enum { MIME_CHUNK = 48 * 1024 };

/* An open entity. */
struct mime_level {
    struct mime_part part;
    char base[MIME_NUMBER_SIZE]; /* what the numbers of its children begin with */
    unsigned children;
    bool multipart, message, digest;
    bool tnef;  /* its children are the files in its body */
    bool inner; /* such a file, or one that is uuencoded in text: its bytes are its parent's */
    size_t boundary, boundary_n; /* in the parser's boundaries */
};

/* The ith open level, and how many there are. */
struct mime_level *mime_level_at(struct mime_parser *p, size_t i);
size_t mime_levels(const struct mime_parser *p);

/* The innermost. There is one. */
struct mime_level *mime_level_top(struct mime_parser *p);

/* Records a failure for good; true, so that a step can end in it. */
bool mime_parser_fail(struct mime_parser *p, enum err e, const char *reason);

/* The line without its line end. */
struct span mime_without_end(struct span line);

/* The line is a boundary of the open level *index (innermost first); *last: its closing one. */
bool mime_is_boundary(struct mime_parser *p, struct span line, size_t *index, bool *last);

/* Sets a NEED_MORE event; true. */
bool mime_need_more(struct mime_event *event);

/* The next line begins an entity's header. */
void mime_start_header(struct mime_parser *p);

/* Goes on with the header, until its entity is open; true and false as in mime_uu_step. */
bool mime_step_header(struct mime_parser *p, struct mime_event *event);

/* Closes levels until only count are open, then goes on with after. */
void mime_close_levels(struct mime_parser *p, size_t count, enum mime_parse_state after);

/*
 * Opens a level for the entity whose header lies in p->header, and fills its part. False: it
 * failed (recorded).
 */
bool mime_entity_open(struct mime_parser *p, bool bad_header);

/* Opens a level for the uuencoded file whose begin line gave name. False: it failed. */
bool mime_entity_open_uu(struct mime_parser *p, struct span name, bool base64);

/*
 * Opens a level for a file in TNEF; type may be "", and then follows from the name. False: it
 * failed.
 */
bool mime_entity_open_inner(struct mime_parser *p, const char *name, const char *type);

/*
 * Bytes of a TNEF's body; true when *event is set or the parser has failed. While
 * p->tnef_busy there is more of them: then mime_tnef_step goes on.
 */
bool mime_tnef_give(struct mime_parser *p, struct mime_event *event, struct span data);
bool mime_tnef_step(struct mime_parser *p, struct mime_event *event);

/* As mime_tnef_step at the end of the body. */
bool mime_tnef_finish(struct mime_parser *p, struct mime_event *event);

/*
 * Searches p->uu.todo; true when *event is set or the parser has failed, false when all of it is
 * used up and gave no event.
 */
bool mime_uu_step(struct mime_parser *p, struct mime_event *event);

/* As mime_uu_step at the end of the text: gives out what was held back, and closes a file. */
bool mime_uu_finish(struct mime_parser *p, struct mime_event *event);

/* Sets a BODY event of the innermost part; true. */
bool mime_event_body(struct mime_parser *p, struct mime_event *event, struct span body);

#endif
