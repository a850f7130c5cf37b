#include "print/notice.h"

#include <time.h>

static enum err add_time(const char *label, long long when, struct buf *out)
{
    char text[40];
    time_t t = (time_t)when;
    struct tm tm;
    if (!localtime_r(&t, &tm) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M %Z", &tm))
        return ERR_NONE;
    return buf_add_format(out, "%-12s%s\n", label, text);
}

/* The field's text; false when the mail has none. */
static enum err add_field(const char *label, const char *name, struct span header,
                          const struct mime_converter *conv, struct buf *out)
{
    struct buf value;
    buf_init(&value, 8192);
    enum err e = header_text(header, name, conv, &value);
    if (!e)
        e = buf_add_format(out, "%-12s", label);
    if (!e)
        e = buf_add_span(out, buf_span(&value));
    if (!e)
        e = buf_add_byte(out, '\n');
    buf_release(&value);
    return e == ERR_NO ? ERR_NONE : e;
}

enum err notice_text(const struct notice *n, struct span header, const struct mime_converter *conv,
                     struct buf *out)
{
    enum err e = buf_add_str(out, "RECEPTION NOTIFICATION\n\nA mail has arrived and is held.\n\n");
    if (!e && n->whom)
        e = buf_add_format(out, "%-12s%s\n", "For:", n->whom);
    else if (!e)
        e = add_field("For:", "To", header, conv, out);
    if (!e && n->arrived)
        e = add_time("Arrived:", n->arrived, out);
    else if (!e)
        e = add_field("Sent:", "Date", header, conv, out);
    if (!e)
        e = add_field("From:", "From", header, conv, out);
    if (!e && n->pages)
        e = buf_add_format(out, "%-12s%u\n", "Pages:", n->pages);
    else if (!e)
        e = buf_add_format(out, "%-12scould not be decoded\n", "Pages:");
    if (!e && n->until)
        e = add_time("Held until:", n->until, out);
    if (!e && n->id)
        e = buf_add_format(out, "%-12s%s\n", "ID:", n->id);
    if (!e && n->whom)
        e = buf_add_format(out, "\nIt is printed by: fax-print --user %s\n", n->whom);
    return e;
}
