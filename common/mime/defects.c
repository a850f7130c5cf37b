/* What mime/parse.h says about defects, in words. */
#include "mime/parse.h"

#include <stdio.h>

bool mime_defective(const struct mime_defects *d)
{
    return d->base64.strays || d->base64.trailing || d->base64.no_padding || d->base64.cut ||
           d->qp || d->uu || d->tnef || d->no_final_boundary || d->no_boundary ||
           d->other_boundary || d->line_ends || d->bad_type ||
           d->wrong_encoding || d->bad_encoding || d->bad_header || d->bad_lines;
}

void mime_defects_words(const struct mime_defects *d, char *out, size_t size)
{
    struct buf b;
    buf_init(&b, 1024);
    if (d->base64.strays)
        buf_add_format(&b, ", %llu stray bytes in base64", (unsigned long long)d->base64.strays);
    if (d->base64.trailing)
        buf_add_format(&b, ", %llu bytes behind the end of base64",
                       (unsigned long long)d->base64.trailing);
    if (d->base64.cut)
        buf_add_str(&b, ", base64 cut short");
    if (d->base64.no_padding)
        buf_add_str(&b, ", base64 without padding");
    if (d->qp)
        buf_add_format(&b, ", %llu bad escapes in quoted-printable", (unsigned long long)d->qp);
    if (d->uu)
        buf_add_str(&b, ", damaged uuencode");
    if (d->tnef)
        buf_add_str(&b, ", damaged TNEF");
    if (d->no_final_boundary)
        buf_add_str(&b, ", no final boundary");
    if (d->no_boundary)
        buf_add_str(&b, ", multipart without boundary");
    if (d->other_boundary)
        buf_add_str(&b, ", multipart with another boundary than it says");
    if (d->line_ends)
        buf_add_str(&b, ", line ends that are no mail's");
    if (d->bad_type)
        buf_add_str(&b, ", bad content type");
    if (d->wrong_encoding)
        buf_add_str(&b, ", wrong transfer encoding");
    if (d->bad_encoding)
        buf_add_str(&b, ", unknown transfer encoding");
    if (d->bad_header)
        buf_add_str(&b, ", header cut short");
    if (d->bad_lines)
        buf_add_format(&b, ", %u bad lines in the header", d->bad_lines);
    const char *words = buf_cstr(&b);
    snprintf(out, size, "%s", words && b.len > 2 ? words + 2 : "");
    buf_release(&b);
}
