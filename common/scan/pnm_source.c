#include "scan/pnm_source.h"

#include "scan/pnm.h"

#include <stdlib.h>

struct pnm_source {
    struct pnm pnm;
    struct scan_bytes bytes;
    double xdpi, ydpi;
    bool ended;
    bool in_image;
    uint8_t block[65536];
};

/* The next event; reads as long as the machine wants more. PNM_MORE is the good end. */
static enum err step(struct pnm_source *s, enum pnm_event *event, struct why *why)
{
    for (;;) {
        *event = pnm_next(&s->pnm);
        if (*event == PNM_ERROR)
            return why_set(why, ERR_DATA, "%s", s->pnm.why.text);
        if (*event != PNM_MORE)
            return ERR_NONE;
        if (s->ended)
            return pnm_finish(&s->pnm, why);
        size_t got;
        enum err e = s->bytes.read(s->bytes.self, s->block, sizeof s->block, &got, why);
        if (e)
            return e;
        s->ended = got == 0;
        if (s->ended)
            pnm_end_input(&s->pnm);
        else
            pnm_push(&s->pnm, span_of(s->block, got));
    }
}

static enum err next(void *self, struct scan_image *image, struct why *why)
{
    struct pnm_source *s = self;
    enum pnm_event event;
    do {
        enum err e = step(s, &event, why);
        if (e)
            return e;
    } while (event != PNM_IMAGE && event != PNM_MORE);
    if (event == PNM_MORE)
        return ERR_NO;
    *image = s->pnm.image;
    image->xdpi = s->xdpi;
    image->ydpi = s->ydpi;
    s->in_image = true;
    return ERR_NONE;
}

static enum err row(void *self, const uint8_t **bits, struct why *why)
{
    struct pnm_source *s = self;
    if (!s->in_image)
        return ERR_NO;
    enum pnm_event event;
    enum err e = step(s, &event, why);
    if (e)
        return e;
    s->in_image = event == PNM_ROW;
    *bits = s->pnm.row;
    return s->in_image ? ERR_NONE : ERR_NO;
}

static void close_source(void *self)
{
    struct pnm_source *s = self;
    pnm_release(&s->pnm);
    if (s->bytes.close)
        s->bytes.close(s->bytes.self);
    free(s);
}

enum err scan_pnm_open(struct scan_source *source, struct scan_bytes bytes, double xdpi,
                       double ydpi, struct why *why)
{
    struct pnm_source *s = calloc(1, sizeof *s);
    if (!s) {
        if (bytes.close)
            bytes.close(bytes.self);
        return why_set(why, ERR_OS, "out of memory");
    }
    pnm_init(&s->pnm);
    s->bytes = bytes;
    s->xdpi = xdpi;
    s->ydpi = ydpi;
    *source = (struct scan_source){next, row, close_source, s};
    return ERR_NONE;
}

static enum err read_input(void *self, void *p, size_t n, size_t *got, struct why *why)
{
    return scan_input_read(self, p, n, got, why);
}

struct scan_bytes scan_bytes_of(struct scan_input *in)
{
    return (struct scan_bytes){read_input, NULL, in};
}
