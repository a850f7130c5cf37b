#include "page/page.h"

#include "bytes/endian.h"

#include <string.h>

enum { MAGIC_SIZE = 17 };
static const char digifax[] = "\0PC Research, Inc", faxpipe[] = "\0faxpipe G3 page",
                  fxp1[] = "FXP1";

static void build(const char *magic, const struct page *p, uint8_t *out)
{
    memset(out, 0, PAGE_HEADER_SIZE);
    memcpy(out, magic, MAGIC_SIZE);
    put_le16(out + 24, (uint16_t)p->total);
    put_le16(out + 26, (uint16_t)p->number);
    out[28] = 1;
    out[29] = p->ydpi >= 196;
    out[45] = p->ydpi >= 196 ? 0x40 : 0;
    memcpy(out + 46, fxp1, 4);
    put_le16(out + 50, (uint16_t)p->width);
    put_le16(out + 52, (uint16_t)p->xdpi);
    put_le16(out + 54, (uint16_t)p->ydpi);
    out[56] = (uint8_t)p->coding;
    out[57] = (uint8_t)(p->coding == G3_MR ? p->k : 0);
    put_le32(out + 58, p->length);
}

/* Old tools know pages of MH, 1728 wide, at 98 or 196 only, and refuse what is not marked so. */
void page_header_build(const struct page *p, uint8_t out[PAGE_HEADER_SIZE])
{
    build(page_is_profile_s(p) ? digifax : faxpipe, p, out);
}

void page_header_close(uint8_t out[PAGE_HEADER_SIZE])
{
    build(faxpipe, &(struct page){.number = 0}, out);
}

bool page_header_is(struct span bytes)
{
    return bytes.n >= MAGIC_SIZE && (memcmp(bytes.p, digifax, MAGIC_SIZE) == 0 ||
                                     memcmp(bytes.p, faxpipe, MAGIC_SIZE) == 0);
}

enum err page_header_parse(const uint8_t in[PAGE_HEADER_SIZE], struct page *p, struct why *why)
{
    *p = (struct page){.number = get_le16(in + 26), .total = get_le16(in + 24)};
    p->ours = memcmp(in + 46, fxp1, 4) == 0;
    if (!p->ours) {
        if (in[1] == 'f')
            return why_set(why, ERR_DATA, "page header without its FXP1 fields");
        p->width = 1728;
        p->xdpi = 204;
        p->ydpi = in[29] ? 196 : 98;
        return ERR_NONE;
    }
    p->length = get_le32(in + 58);
    if (p->number == 0 && p->length == 0)
        return ERR_NONE;
    p->width = get_le16(in + 50);
    p->xdpi = get_le16(in + 52);
    p->ydpi = get_le16(in + 54);
    p->k = in[57];
    if (in[56] > G3_MMR)
        return why_set(why, ERR_DATA, "page header with unknown coding %u", in[56]);
    p->coding = (enum g3_coding)in[56];
    if (p->width == 0 || p->xdpi == 0 || p->ydpi == 0)
        return why_set(why, ERR_DATA, "page header without width or resolution");
    return ERR_NONE;
}

static const struct {
    const char *name;
    unsigned width, height; /* 1/10 mm */
} papers[PAGE_PAPERS] = {
    [PAGE_A4] = {"a4", 2100, 2970},      [PAGE_B4] = {"b4", 2500, 3530},
    [PAGE_A3] = {"a3", 2970, 4200},      [PAGE_LETTER] = {"letter", 2159, 2794},
    [PAGE_LEGAL] = {"legal", 2159, 3556},
};

bool page_paper_parse(struct span name, enum page_paper *paper)
{
    for (unsigned i = 0; i < PAGE_PAPERS; i++) {
        if (span_eq(name, span_str(papers[i].name))) {
            *paper = (enum page_paper)i;
            return true;
        }
    }
    return false;
}

void page_paper_size(enum page_paper paper, unsigned *width, unsigned *height)
{
    *width = papers[paper].width;
    *height = papers[paper].height;
}

bool page_resolution_parse(struct span name, unsigned *xdpi, unsigned *ydpi)
{
    static const struct {
        const char *name;
        unsigned xdpi, ydpi;
    } named[] = {
        {"standard", 204, 98}, {"fine", 204, 196}, {"superfine", 204, 391},
        {"300", 300, 300},     {"400", 408, 391},
    };
    for (unsigned i = 0; i < sizeof named / sizeof *named; i++) {
        if (span_eq(name, span_str(named[i].name))) {
            *xdpi = named[i].xdpi;
            *ydpi = named[i].ydpi;
            return true;
        }
    }
    return false;
}

bool page_same_dpi(unsigned a, unsigned b)
{
    unsigned more = a > b ? a : b, less = a > b ? b : a;
    return (uint64_t)(more - less) * 20 <= more;
}

static bool nominal(const unsigned *table, unsigned n, unsigned *dpi)
{
    for (unsigned i = 0; i < n; i++) {
        if (page_same_dpi(*dpi, table[i])) {
            *dpi = table[i];
            return true;
        }
    }
    return false;
}

bool page_nominal_xdpi(unsigned *dpi)
{
    static const unsigned table[] = {204, 300, 408};
    return nominal(table, 3, dpi);
}

bool page_nominal_ydpi(unsigned *dpi)
{
    static const unsigned table[] = {98, 196, 300, 391};
    return nominal(table, 4, dpi);
}

/* T.4, T.30: the pels of a line by the width class of the paper. */
unsigned page_width(enum page_paper paper, unsigned xdpi)
{
    static const unsigned pels[3][3] = {
        {1728, 2048, 2432}, {2592, 3072, 3648}, {3456, 4096, 4864},
    };
    unsigned column = paper == PAGE_B4 ? 1 : paper == PAGE_A3 ? 2 : 0;
    switch (xdpi) {
    case 204:
        return pels[0][column];
    case 300:
        return pels[1][column];
    case 408:
        return pels[2][column];
    default:
        return 0;
    }
}

bool page_is_profile_f(const struct page *p)
{
    unsigned x = p->xdpi, y = p->ydpi;
    if (!page_nominal_xdpi(&x) || !page_nominal_ydpi(&y))
        return false;
    if ((x == 204 && y == 300) || (x == 300 && y != 300) || (x == 408 && y != 391))
        return false;
    return p->width == page_width(PAGE_A4, x) || p->width == page_width(PAGE_B4, x) ||
           p->width == page_width(PAGE_A3, x);
}

bool page_is_profile_s(const struct page *p)
{
    unsigned y = p->ydpi;
    return p->coding == G3_MH && p->width == 1728 && page_same_dpi(p->xdpi, 204) &&
           page_nominal_ydpi(&y) && (y == 98 || y == 196);
}

unsigned page_nominal_rows(enum page_paper paper, unsigned ydpi)
{
    /* 3.85 lines a millimetre and its multiples; the inch-based resolutions by the inch. */
    unsigned y = ydpi, height = papers[paper].height;
    if (page_nominal_ydpi(&y) && y != 300)
        return (height * (y == 98 ? 385u : y == 196 ? 770u : 1540u) + 500) / 1000;
    return (unsigned)((uint64_t)height * ydpi / 254);
}

unsigned page_nominal_k(unsigned ydpi)
{
    unsigned y = ydpi;
    if (page_nominal_ydpi(&y))
        return y == 98 ? 2 : y == 196 ? 4 : 8;
    return ydpi < 150 ? 2 : ydpi < 250 ? 4 : 8;
}
