#include "scan/scale.h"

#include <string.h>

enum err scaler_init(struct scaler *s, unsigned in_width, unsigned out_width, unsigned up,
                     unsigned down)
{
    memset(s, 0, sizeof *s);
    size_t need = (size_t)out_width * (sizeof *s->sum + 3);
    buf_init(&s->memory, need);
    uint8_t *room;
    enum err e = buf_reserve(&s->memory, need, &room);
    if (e)
        return e;
    memset(room, 0, need);
    s->sum = (uint32_t *)(void *)room;
    s->now = room + (size_t)out_width * sizeof *s->sum;
    s->before = s->now + out_width;
    s->out = s->before + out_width;
    s->in_width = in_width;
    s->out_width = out_width;
    s->up = up;
    s->down = down;
    return ERR_NONE;
}

void scaler_release(struct scaler *s)
{
    buf_release(&s->memory);
}

/* In units of 1/out_width of an input pel an input pel is out_width long, an output pel
 * in_width. */
static void shrink_row(const struct scaler *s, const uint8_t *row, uint8_t *to)
{
    uint64_t in = s->in_width, out = s->out_width;
    size_t i = 0;
    uint64_t left = out; /* of pel i */
    for (size_t x = 0; x < s->out_width; x++) {
        uint64_t want = in, sum = in / 2;
        while (want) {
            uint64_t part = left < want ? left : want;
            sum += part * row[i];
            want -= part;
            left -= part;
            if (!left) {
                i++;
                left = out;
            }
        }
        to[x] = (uint8_t)(sum / in);
    }
}

static void grow_row(const struct scaler *s, const uint8_t *row, uint8_t *to)
{
    int64_t in = s->in_width, out = s->out_width;
    for (int64_t x = 0; x < out; x++) {
        /* The centre of pel x, in input pels times 2 * out. */
        int64_t at = (2 * x + 1) * in - out;
        if (at < 0)
            at = 0;
        int64_t i = at / (2 * out), part = at % (2 * out);
        int64_t next = i + 1 < in ? i + 1 : in - 1;
        to[x] = (uint8_t)((row[i] * (2 * out - part) + row[next] * part + out) / (2 * out));
    }
}

void scaler_push(struct scaler *s, const uint8_t *row)
{
    uint8_t *t = s->before;
    s->before = s->now;
    s->now = t;
    if (s->in_width == s->out_width)
        memcpy(s->now, row, s->out_width);
    else if (s->in_width > s->out_width)
        shrink_row(s, row, s->now);
    else
        grow_row(s, row, s->now);
    s->rows_in++;
    s->left = s->up;
    s->pending = true;
}

/* Fewer rows out than in: means over the rows covered. */
static const uint8_t *next_mean(struct scaler *s)
{
    if (!s->pending)
        return NULL;
    uint64_t want = s->down - s->filled;
    uint64_t part = s->left < want ? s->left : want;
    for (size_t x = 0; x < s->out_width; x++)
        s->sum[x] += (uint32_t)part * s->now[x];
    s->left -= part;
    s->filled += part;
    if (!s->left)
        s->pending = false;
    if (s->filled < s->down)
        return NULL;
    for (size_t x = 0; x < s->out_width; x++)
        s->out[x] = (uint8_t)((s->sum[x] + s->down / 2) / s->down);
    memset(s->sum, 0, s->out_width * sizeof *s->sum);
    s->filled = 0;
    s->rows_out++;
    return s->out;
}

/* More rows out than in: between the row before and this one, while the centre lies there. */
static const uint8_t *next_between(struct scaler *s, bool last)
{
    if (!s->rows_in)
        return NULL;
    /* The centre of the next output row, in input rows times 2 * up, from the first row's. */
    int64_t at = (int64_t)((2 * s->rows_out + 1) * s->down) - (int64_t)s->up;
    int64_t now = (int64_t)(2 * s->up * (s->rows_in - 1));
    if (at > now && !last)
        return NULL;
    s->rows_out++;
    if (at >= now || s->rows_in == 1)
        return s->now;
    int64_t part = at - (now - 2 * (int64_t)s->up); /* behind the row before */
    if (part < 0)
        part = 0;
    int64_t all = 2 * (int64_t)s->up;
    for (size_t x = 0; x < s->out_width; x++)
        s->out[x] = (uint8_t)((s->before[x] * (all - part) + s->now[x] * part + all / 2) / all);
    return s->out;
}

const uint8_t *scaler_next(struct scaler *s)
{
    return s->up <= s->down ? next_mean(s) : next_between(s, false);
}

const uint8_t *scaler_finish(struct scaler *s)
{
    uint64_t all = (s->rows_in * s->up + s->down / 2) / s->down;
    if (!all)
        all = s->rows_in ? 1 : 0;
    if (s->rows_out >= all)
        return NULL;
    if (s->up > s->down)
        return next_between(s, true);
    /* At most one row is owed, and not covered to its end: its part counts for the whole. */
    uint64_t weight = s->filled ? s->filled : 1;
    for (size_t x = 0; x < s->out_width; x++)
        s->out[x] = s->filled ? (uint8_t)(s->sum[x] / weight) : s->now[x];
    s->rows_out++;
    return s->out;
}
