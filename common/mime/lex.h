/*
 * The lexical layer of structured header fields (RFC 5322 §3.2), shared by the files of mime/.
 */
#ifndef MIME_LEX_H
#define MIME_LEX_H

#include "bytes/buf.h"

/* Space, tab, CR or LF: what folding puts between tokens. */
bool lex_blank(uint8_t c);

/* s without leading blanks and comments; nested comments are one. An open comment takes all. */
struct span lex_skip(struct span s);

/* Length of the comment at the start of s (which begins with '('), its ')' included. */
size_t lex_comment(struct span s);

/*
 * Length of the quoted string at the start of s (which begins with '"'), quotes included; an
 * open one reaches to the end.
 */
size_t lex_quoted(struct span s);

/* Appends what is between the delimiters of a quoted string or comment, escapes undone, line
 * ends dropped. */
enum err lex_unquote(struct span s, struct buf *out);

/* Length of the token (RFC 2045 §5.1) at the start of s; 0 when there is none. */
size_t lex_token(struct span s);

/* Makes what lies in out from offset on harmless to print: C0, DEL and C1 become spaces. */
void lex_clean(struct buf *out, size_t offset);

#endif
