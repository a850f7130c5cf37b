#include "mime/filename.h"

#include "bytes/utf8.h"

#include <string.h>

enum { NAME_MAX_BYTES = MIME_FILENAME_SIZE - 1, EXTENSION_MAX = 16 };

static struct span last_component(struct span s)
{
    for (size_t i = s.n; i-- > 0;)
        if (s.p[i] == '/' || s.p[i] == '\\')
            return span_skip(s, i + 1);
    return s;
}

/* How many bytes of s, a piece of a name, are taken at once; *ok: as they are. */
static size_t piece(struct span s, bool *ok)
{
    uint32_t c;
    size_t n = utf8_char(s, &c);
    *ok = false;
    if (n == 0)
        return 1;
    /* C0, DEL, C1, what shells and other systems read, and marks that turn the text about. */
    *ok = c >= 0x20 && !(c >= 0x7f && c < 0xa0) && !(c < 0x80 && strchr(":*?\"<>|/\\", (int)c)) &&
          c != 0x200e && c != 0x200f && !(c >= 0x202a && c <= 0x202e) &&
          !(c >= 0x2066 && c <= 0x2069);
    return n;
}

/* Appends the pieces of s to out[*n] while they fit below max. */
static void add_pieces(struct span s, char *out, size_t *n, size_t max)
{
    while (s.n) {
        bool ok;
        size_t k = piece(s, &ok), size = ok ? k : 1;
        if (*n + size > max)
            return;
        if (ok)
            memcpy(out + *n, s.p, k);
        else
            out[*n] = '_';
        *n += size;
        s = span_skip(s, k);
    }
}

/* ".tif" of "x.tif": short, and not the whole name. */
static struct span extension_of(struct span s)
{
    for (size_t i = s.n; i-- > 1 && s.n - i <= EXTENSION_MAX;)
        if (s.p[i] == '.')
            return span_skip(s, i);
    return span_skip(s, s.n);
}

void mime_filename(struct span name, const char *fallback, char out[MIME_FILENAME_SIZE])
{
    size_t n = 0;
    struct span s = span_trim(last_component(name)), extension = extension_of(s);
    add_pieces(span_take(s, s.n - extension.n), out, &n, NAME_MAX_BYTES - EXTENSION_MAX);
    add_pieces(extension, out, &n, NAME_MAX_BYTES);
    /* Dots at the end vanish on other systems. */
    while (n && (out[n - 1] == ' ' || (out[n - 1] == '.' && n > 1)))
        n--;
    out[n] = '\0';
    for (size_t i = 0; i < n && (out[i] == '.' || out[i] == '-'); i++)
        out[i] = '_';
    size_t i = 0;
    while (i < n && out[i] == '_')
        i++;
    if (i == n && !span_copy(span_str(fallback), out, MIME_FILENAME_SIZE))
        memcpy(out, "part", sizeof "part");
}

static const struct {
    const char *type, *extension;
} types[] = {
    {"image/tiff", "tif"},      {"image/tiff", "tiff"},
    {"image/tif", "tif"},       {"image/x-tiff", "tif"},
    {"image/tiff-fx", "tif"},   {"image/g3fax", "g3"},
    {"image/png", "png"},       {"image/jpeg", "jpg"},
    {"image/jpeg", "jpeg"},     {"image/gif", "gif"},
    {"image/bmp", "bmp"},       {"image/webp", "webp"},
    {"application/pdf", "pdf"}, {"application/postscript", "ps"},
    {"application/postscript", "eps"},
    {"text/plain", "txt"},      {"text/html", "html"},
    {"text/html", "htm"},       {"text/csv", "csv"},
    {"text/calendar", "ics"},   {"message/rfc822", "eml"},
    {"message/delivery-status", "txt"},
    {"message/disposition-notification", "txt"},
    {"text/rfc822-headers", "txt"},
    {"application/zip", "zip"}, {"application/pkcs7-mime", "p7m"},
    {"application/pkcs7-signature", "p7s"},
    {"image/x-portable-bitmap", "pbm"},
    {"image/x-portable-graymap", "pgm"},
    {"image/x-portable-pixmap", "ppm"},
};

const char *mime_extension(const char *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].type, type) == 0)
            return types[i].extension;
    return "bin";
}

const char *mime_type_of_name(struct span name)
{
    struct span extension = extension_of(name);
    if (extension.n < 2)
        return NULL;
    extension = span_skip(extension, 1);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (span_eq_nocase(extension, span_str(types[i].extension)))
            return types[i].type;
    return NULL;
}
