/*
 * What the files of the mail parser share: parse.c (bodies, boundaries, events), header_lines.c
 * (lines of a header), entity.c (header to part), line_ends.c (what is read again or converted),
 * preamble.c (multiparts without their boundaries), nested.c (messages in base64 or in TNEF),
 * uutext.c (uuencoded files in text), tnef_part.c (files in TNEF). Not for other folders.
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
    bool tnef;    /* its children are the files in its body */
    bool encoded; /* its body, decoded, is a message */
    bool divided; /* other is its boundary as well */
    struct mime_other { size_t at, n; } other; /* in the parser's boundaries */
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

/*
 * The bytes are read before what is left of the input. False: it failed (recorded).
 */
bool mime_read_again(struct mime_parser *p, struct span bytes);

/* Where the input at hand is used up: the next of it, converted. False: it failed. */
bool mime_refill(struct mime_parser *p);

/*
 * Looks at how a mail's first line ends, of which p->header holds all, or as much as is there
 * (whole is false). True: its bytes are read again, converted, or it failed.
 */
bool mime_judge_line_ends(struct mime_parser *p, bool whole);

/* The body of the multipart at hand has not come to its first part. */
bool mime_in_preamble(const struct mime_parser *p);

/* Keeps bytes of it. False: it failed. */
bool mime_preamble_add(struct mime_parser *p, struct span bytes);

/* As much is kept as will be: it is no preamble. */
bool mime_preamble_full(const struct mime_parser *p);

/*
 * The preamble ends at line (none: at the end of input, or since it is full), which is a boundary
 * that opens a part where opening is set. True: it was none, and is read again with line as what
 * it is; *event is set, or *silent: goes on without one.
 */
bool mime_preamble_rescue(struct mime_parser *p, struct mime_event *event, struct span line,
                          bool opening, bool *silent);

/*
 * Opens a parser for the innermost level, whose decoded bytes are TNEF (its level's tnef is set)
 * or a message (encoded). False: it failed.
 */
bool mime_nested_open(struct mime_parser *p);
void mime_nested_close(struct mime_parser *p);

/* There may be one more. */
bool mime_nested_allowed(const struct mime_parser *p);

/* Gives it bytes, says that there are no more, and goes on: true when *event is set or p has
 * failed. */
bool mime_nested_give(struct mime_parser *p, struct mime_event *event, struct span data);
bool mime_nested_finish(struct mime_parser *p, struct mime_event *event);
bool mime_nested_step(struct mime_parser *p, struct mime_event *event);

/* Begins the body of the innermost level. */
void mime_start_body(struct mime_parser *p);

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

/* The bytes are those of a TIFF, bare or in base64, with blanks before them. */
bool mime_begins_as_tiff(struct span s);

/* Opens a level for the body of the innermost multipart, which begins with first. False: it
 * failed. */
bool mime_entity_open_body(struct mime_parser *p, struct span first);

/* The line may be the first of a mail: a field, or an mbox's. */
bool mime_plausible_first(struct span line);

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
