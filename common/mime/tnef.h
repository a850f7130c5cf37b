/*
 * TNEF ([MS-OXTNEF]), which Outlook sends as winmail.dat: the files attached in it, streamed.
 *
 *     tnef_init(&t, conv);
 *     while (… read …) {
 *         tnef_push(&t, bytes);
 *         while (!(e = tnef_next(&t, &event)) && event.kind != TNEF_NEED_MORE) …
 *     }
 *     tnef_end(&t);
 *     … next as before, until TNEF_DONE …
 *     tnef_release(&t);
 *
 * A file is BEGIN, any number of BODY, END. Its name stands behind its bytes, so that a file of
 * up to TNEF_HELD_MAX is held until its end; a larger one begins when that is full, under the
 * name known by then. What is not TNEF at all comes out as one file without a name, as it is
 * (plain is set). The message's own text and properties are passed over.
 *
 * Memory: TNEF_HELD_MAX and TNEF_VALUE_MAX, and half as much again while they grow. Time: linear
 * in the input.
 */
#ifndef MIME_TNEF_H
#define MIME_TNEF_H

#include "mime/header.h"

enum {
    TNEF_HELD_MAX = 4 << 20,
    TNEF_VALUE_MAX = 2 << 20, /* properties of one file; of larger: an attached message's bytes */
    TNEF_NAME_SIZE = 512,
    TNEF_TYPE_SIZE = 128
};

enum tnef_event_kind {
    TNEF_NEED_MORE,
    TNEF_BEGIN, /* name, type */
    TNEF_BODY,  /* body: never empty */
    TNEF_END,
    TNEF_DONE
};

/* Valid until the next call of next, push or release. */
struct tnef_event {
    enum tnef_event_kind kind;
    const char *name; /* UTF-8, "" where none is known; as the sender gave it */
    const char *type; /* "image/tiff", lower case, or "" */
    struct span body;
};

/* The machine; only the functions below look inside, but for plain and damaged. */
struct tnef {
    const struct mime_converter *conv;
    struct span in;
    bool ended;
    enum { TNEF_HEAD, TNEF_ATTRIBUTE, TNEF_VALUE, TNEF_CHECKSUM, TNEF_PLAIN, TNEF_JUNK } state;
    uint8_t held[9]; /* of a head that is not yet whole */
    unsigned held_n;
    uint32_t id;       /* of the attribute at hand: type and number */
    uint32_t left;     /* of its value */
    uint16_t sum;      /* of its value so far */
    bool gathering;    /* its value is wanted, and lies in value */
    bool is_data;      /* its value is the file's bytes */
    bool overlong;     /* its value is larger than can be gathered … */
    uint32_t object_left; /* … and so many bytes more of it are an attached message's */
    bool file;         /* a file is open … */
    bool has_data;     /* … that has bytes, if only none … */
    bool begun;        /* … and BEGIN has been given */
    bool closing;      /* it is to be ended */
    bool spilling;     /* it is to begin, since data is full */
    bool given;        /* data has been given out */
    struct buf data;   /* bytes of the file before BEGIN */
    struct buf value;
    uint32_t codepage; /* of titles; 0: not said */
    char name[TNEF_NAME_SIZE], type[TNEF_TYPE_SIZE];
    bool long_name;    /* the name is the long one: a title does not replace it */
    bool plain;        /* it is no TNEF */
    bool damaged;      /* cut, a wrong checksum, or an attribute that cannot be */
};

/* conv is for names in code pages ("CP1252"), may be NULL, and must outlive t. */
void tnef_init(struct tnef *t, const struct mime_converter *conv);

/* Frees everything. */
void tnef_release(struct tnef *t);

/* Starts anew, with the memory there is. */
void tnef_clear(struct tnef *t);

/* Gives bytes, which must stay until next has said TNEF_NEED_MORE. */
void tnef_push(struct tnef *t, struct span bytes);

/* Says that there are no more bytes. */
void tnef_end(struct tnef *t);

/* The next event. ERR_OS: no memory. Bad bytes are no error: see damaged. */
enum err tnef_next(struct tnef *t, struct tnef_event *event);

#endif
