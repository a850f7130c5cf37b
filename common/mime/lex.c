#include "mime/lex.h"

#include <string.h>

bool lex_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t lex_comment(struct span s)
{
    size_t depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '(')
            depth++;
        else if (s.p[i] == ')' && --depth == 0)
            return i + 1;
    }
    return s.n;
}

struct span lex_skip(struct span s)
{
    while (s.n && (lex_blank(s.p[0]) || s.p[0] == '('))
        s = span_skip(s, s.p[0] == '(' ? lex_comment(s) : 1);
    return s;
}

size_t lex_quoted(struct span s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return i + 1;
    }
    return s.n;
}

enum err lex_unquote(struct span s, struct buf *out)
{
    uint8_t close = s.n && s.p[0] == '(' ? ')' : '"';
    enum err e = ERR_NONE;
    s = span_skip(s, 1);
    for (size_t i = 0; i < s.n && !e; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n)
            i++;
        else if (s.p[i] == close && i + 1 == s.n)
            break;
        if (s.p[i] != '\r' && s.p[i] != '\n')
            e = buf_add_byte(out, s.p[i]);
    }
    return e;
}

size_t lex_token(struct span s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] > 0x20 && s.p[n] != 0x7f && !strchr("()<>@,;:\\\"/[]?=", s.p[n]))
        n++;
    return n;
}

void lex_clean(struct buf *out, size_t offset)
{
    for (size_t i = offset; i < out->len; i++) {
        uint8_t *c = out->data + i;
        if (*c < 0x20 || *c == 0x7f)
            *c = ' ';
        else if (*c == 0xc2 && i + 1 < out->len && c[1] >= 0x80 && c[1] < 0xa0)
            c[0] = c[1] = ' ';
    }
}
