/*
 * The G3 page stream and its kin, read by push and next: what kind it is is told from the content.
 *
 *   - our own stream: 64-byte headers with FXP1, lengths, a closing header;
 *   - digifax without FXP1 (Ghostscript's dfaxhigh, mgetty): a page ends at its RTC or at the next
 *     header;
 *   - CAPI SFF: its rows are given as MH with EOLs that end on bytes;
 *   - bare T.4 in either bit order (the one that yields more well-formed lines): a page an RTC;
 *     or without any EOL, all of it a page;
 *   - bare T.6, on request only: a page.
 *
 *     struct page_stream s;                         // some 280 kB: static or heap
 *     page_stream_init(&s, &hints);
 *     page_stream_push(&s, bytes); … or page_stream_finish(&s);
 *     while ((type = page_stream_next(&s, &event, &why)) != PAGE_MORE) …
 *
 * Data always is MSB first. The parser does not decode: damage within a page is the decoder's to
 * find. Work is linear in the bytes, memory constant.
 */
#ifndef PAGE_STREAM_H
#define PAGE_STREAM_H

#include "page/guess.h"
#include "page/page.h"

enum page_order { PAGE_ORDER_FIND, PAGE_ORDER_MSB, PAGE_ORDER_LSB };

/* What bare T.4 and T.6 cannot say of themselves. */
struct page_hints {
    unsigned width, xdpi, ydpi; /* 0: to be found (1728 if it can be), 204, 196 */
    enum page_order order;
    bool bare;             /* the data is bare, whatever it begins with, in `coding` */
    enum g3_coding coding; /* with bare; without it bare T.4 is tried as MH and as MR */
};

enum page_event_type {
    PAGE_MORE,  /* push more, or finish */
    PAGE_BEGIN, /* event->page */
    PAGE_DATA,  /* event->data, valid until the next call of next or push */
    PAGE_END,   /* event->whole: the page has all the bytes it claimed, or ended where it may */
    PAGE_OVER,  /* the stream is over, and whole; repeats itself */
    PAGE_ERROR, /* ERR_DATA in why: nothing known, cut, no closing header; repeats itself */
};

enum page_kind { PAGE_KIND_UNKNOWN, PAGE_KIND_STREAM, PAGE_KIND_DIGIFAX, PAGE_KIND_SFF,
                 PAGE_KIND_BARE };

struct page_event {
    struct page page;
    struct span data;
    bool whole;
};

/* Where the parser stands between two calls; nobody else's business. */
enum page_state {
    PAGE_STATE_KIND,     /* gathering what tells the kind */
    PAGE_STATE_HEADER,   /* gathering a header of 64 bytes */
    PAGE_STATE_BEGIN,    /* a page is known and has not been told yet */
    PAGE_STATE_DATA,     /* in data whose length is known */
    PAGE_STATE_SCAN,     /* in data that ends at its RTC or at a header */
    PAGE_STATE_GAP,      /* behind an RTC */
    PAGE_STATE_SFF_HEAD, /* gathering the document header of SFF */
    PAGE_STATE_SFF,      /* in the records of SFF */
    PAGE_STATE_OVER,
    PAGE_STATE_ERROR,
};

enum { PAGE_HOLD = 8192 };

struct page_stream {
    enum page_kind kind; /* known once the first PAGE_BEGIN has come */
    bool lsb;            /* bare: the bits were turned */

    /* The parser's own. */
    struct page_hints hints;
    struct span held, in; /* still to be read: first what hold has, then what was pushed */
    bool finished;
    enum page_state state;
    struct page page; /* the one being read */
    bool closing_due; /* pages with FXP1 came, and no closing header yet */
    bool in_page;
    unsigned pages, total;
    uint64_t left;            /* bytes of data or of what is skipped still to come */
    unsigned zeros, eols;     /* of the RTC being looked for */
    bool tag_due, zero_seen;
    uint8_t gap_eol; /* the byte of an EOL seen behind an RTC, and the zero bytes after it */
    unsigned gap_zeros;
    const uint8_t *magic;     /* of the header that may have begun within the data */
    unsigned matched;         /* and how much of it */
    unsigned head_size, sff_step, sff_blank, sff_rows;
    size_t hold_size, out_size;
    uint8_t head[PAGE_HEADER_SIZE * 4];
    uint8_t hold[PAGE_HOLD], out[PAGE_HOLD];
    struct why why;
    struct page_guesser guesser; /* tells how bare data is to be read */
};

/* Starts. hints may be NULL: nothing is known. */
void page_stream_init(struct page_stream *s, const struct page_hints *hints);

/* Gives bytes that stay where they are until next says PAGE_MORE; only after that again. */
void page_stream_push(struct page_stream *s, struct span bytes);

/* No more bytes will come. */
void page_stream_finish(struct page_stream *s);

/* The next event. why may be NULL. */
enum page_event_type page_stream_next(struct page_stream *s, struct page_event *event,
                                      struct why *why);

#endif
