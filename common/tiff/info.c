#include "tiff/info.h"

const char *fax_profile(const struct fax_page *p)
{
    if (!p->carried)
        return NULL;
    if (page_is_profile_s(&p->page) && !p->told_bad)
        return "s";
    return page_is_profile_f(&p->page) ? "f" : NULL;
}

void fax_info_json(struct json *out, const struct fax_page *p)
{
    json_open(out, NULL, '{');
    json_add_int(out, "page", p->page.number);
    json_add_int(out, "width", p->page.width);
    json_add_int(out, "rows", (long long)p->rows);
    json_add_int(out, "xdpi", p->page.xdpi);
    json_add_int(out, "ydpi", p->page.ydpi);
    json_add_str(out, "coding", p->coding_name);
    json_add_str(out, "profile", fax_profile(p));
    json_add_int(out, "bad_rows", (long long)p->bad_rows);
    json_open(out, "warnings", '[');
    for (unsigned i = 0; i < p->warnings; i++)
        json_add_str(out, NULL, p->warning[i]);
    json_close(out, ']');
    json_close(out, '}');
}

enum err fax_info_line(struct buf *text, const struct fax_page *p)
{
    const char *profile = fax_profile(p);
    enum err e = buf_add_format(text, "%4u  %5u x %-5llu  %3u x %-3u  %-8s  %s",
                                p->page.number, p->page.width, (unsigned long long)p->rows,
                                p->page.xdpi, p->page.ydpi, p->coding_name,
                                profile ? profile : "-");
    for (unsigned i = 0; i < p->warnings && !e; i++)
        e = buf_add_format(text, "%s%s", i ? ", " : "  ", p->warning[i]);
    return e ? e : buf_add_byte(text, '\n');
}
