/*
 * The mail parser: bytes in by push, parts and their decoded bodies out by next.
 *
 *     mime_parser_init(&p, &options);
 *     while (… read …) {
 *         mime_parser_push(&p, bytes);
 *         while (!(e = mime_parser_next(&p, &event)) && event.kind != MIME_NEED_MORE) …
 *     }
 *     mime_parser_end(&p);
 *     … next as before, until MIME_END …
 *     mime_parser_release(&p);
 *
 * It takes mail with CR LF, LF or mixed line ends, with an mbox "From " line or blank lines
 * before it, without MIME-Version, and without its last boundary. Every entity is a part:
 *
 *     BEGIN  (type, name, header …)
 *     BODY*  decoded bytes (base64, quoted-printable, uuencode; others as they stand)
 *     END    (its defects)
 *
 * Containers (multipart, message/rfc822 and TNEF unless it is opaque) have their children between
 * BEGIN and END, and no BODY. Numbers are IMAP's (RFC 3501 §6.4.5): a mail that is no multipart
 * is part "1"; the outermost multipart and the entity inside a message/rfc822, where that is a
 * multipart, have no number of their own ("" and the message's). Preambles and epilogues are
 * dropped. uuencoded files in a text part are parts inside it ("1.1"), announced amid its BODYs.
 * TNEF (winmail.dat) is a container of the files attached in it. A message/rfc822 in base64 or
 * quoted-printable, or in TNEF, and TNEF in TNEF are opened as well, to MIME_NESTED_MAX levels.
 *
 * A multipart whose boundary is not said, or does not occur, is divided by the line in it that
 * begins with "--" before a Content-... field; where there is none, its body is its one part.
 * Mail whose first lines end in CR alone, or CR CR LF, is read as if they ended in LF.
 *
 * Memory: one header block (at most 1 MiB), 256 KiB, 2 KiB for each level, and with TNEF what
 * mime/tnef.h says; as much again for each level of what is nested as above. Time: linear in the
 * input for each level.
 */
#ifndef MIME_PARSE_H
#define MIME_PARSE_H

#include "base64/base64.h"
#include "bytes/buf.h"
#include "mime/header.h"
#include "mime/qp.h"
#include "mime/tnef.h"
#include "mime/uu.h"

enum {
    MIME_DEPTH_MAX = 100,
    MIME_PARTS_MAX = 10000,
    MIME_HEADER_MAX = 1 << 20,
    MIME_BOUNDARY_MAX = 250, /* RFC 2046 has 70; longer ones than this never match */
    MIME_NESTED_MAX = 4,     /* messages encoded in, or TNEF in, one another */
    MIME_NUMBER_SIZE = 640,
    MIME_TYPE_SIZE = 128,
    MIME_NAME_SIZE = 512
};

enum mime_encoding {
    MIME_IDENTITY, /* 7bit, 8bit, binary, or none that we know */
    MIME_BASE64,
    MIME_QP,
    MIME_UU,
};

/* What the parser passed over or repaired in a part; all 0 for a proper one. */
struct mime_defects {
    struct base64_defects base64;
    uint64_t qp;             /* "=" that is followed by neither two hex digits nor a line end */
    bool uu;                 /* a damaged or endless uuencoded file */
    bool tnef;               /* TNEF that is cut, damaged, or none */
    bool no_final_boundary;  /* a multipart that was not closed */
    bool no_boundary;        /* a multipart without boundaries: its body is its part */
    bool other_boundary;     /* a multipart divided by another boundary than it says */
    bool line_ends;          /* of CR alone, or CR CR LF, in the mail that begins here */
    bool bad_type;           /* a Content-Type that is none: taken for plain text, or for a file
                                where there is a name or base64 */
    bool wrong_encoding;     /* a fax that was not encoded as the header says */
    bool bad_encoding;       /* an unknown Content-Transfer-Encoding: taken for 8bit */
    bool bad_header;         /* the header was ended by a line that is no field */
    unsigned bad_lines;      /* in the header: without a colon, mbox lines, or no field at all */
};

struct mime_part {
    char number[MIME_NUMBER_SIZE]; /* "1.2"; "" for the outermost multipart */
    char type[MIME_TYPE_SIZE];     /* "image/tiff", lower case, always with a slash */
    char charset[64];              /* the parameter, lower case; "" when there is none */
    char name[MIME_NAME_SIZE];     /* file name: Content-Disposition's, else Content-Type's, as
                                      UTF-8 and as the sender gave it: see mime/filename.h */
    char disposition[32];          /* "attachment", "inline" …, lower case, or "" */
    char encoding_name[32];        /* as the header has it, lower case; "7bit" when silent */
    enum mime_encoding encoding;
    unsigned depth;  /* 0: the mail itself */
    bool container;  /* has children instead of a body */
    bool in_text;    /* a uuencoded file found inside a text part */
    struct mime_defects defects; /* complete at MIME_PART_END */
};

enum mime_event_kind {
    MIME_NEED_MORE,  /* all pushed bytes are used up: push more, or end */
    MIME_PART_BEGIN, /* part, header */
    MIME_BODY,       /* part, body: never empty */
    MIME_PART_END,   /* part */
    MIME_END,        /* after the outermost part's end */
};

/* Spans and part are valid until the next call of next, push or release. */
struct mime_event {
    enum mime_event_kind kind;
    const struct mime_part *part;
    struct span header; /* the entity's header block as it stands; of uuencode in text empty */
    struct span body;
};

struct mime_options {
    const struct mime_converter *conv; /* for names; NULL as in mime/header.h */
    const char *opaque;   /* number of a message/rfc822 or TNEF that is given as a body, or NULL */
    bool opaque_messages; /* every message/rfc822 is */
    bool opaque_tnef;     /* every TNEF is */
    bool keep_uu;         /* uuencode in text is left in the text */
    bool raw;             /* bodies as they stand, not decoded */
};

/* Where the search for uuencoded files in a text stands. */
enum mime_uu_phase { MIME_UU_NONE, MIME_UU_MAYBE, MIME_UU_OPEN, MIME_UU_ENDED };

/* The parser; only the functions below look inside. Release it, do not copy it. */
struct mime_parser {
    struct mime_options options;
    struct span in;    /* what is pushed and not yet used */
    struct span later; /* what follows it, where in is bytes of our own */
    bool in_own;       /* it is: again or converted */
    struct buf again;  /* bytes that are read again */
    enum mime_line_ends { MIME_ENDS_UNKNOWN, MIME_ENDS_USUAL, MIME_ENDS_CR, MIME_ENDS_CRCR } ends;
    bool after_cr;     /* of what was converted last */
    struct buf converted;
    struct buf preamble; /* of the innermost multipart, until it has a part */
    enum mime_parse_state {
        MIME_IN_HEADER,
        MIME_IN_BODY, /* of a leaf */
        MIME_IN_GAP,  /* preamble, epilogue */
        MIME_CLOSING, /* down to close_to levels, then to after */
        MIME_DONE,
    } state, after;
    size_t close_to;
    unsigned parts;
    bool ended;        /* push is over */
    bool started;      /* the first header field has been seen */
    struct buf levels; /* of struct mime_level: what is open, outermost first */
    struct buf boundaries;
    struct buf header;
    size_t line_start;  /* in header, of the line being gathered */
    bool doubtful;      /* the line before that, from doubt on, is no field */
    size_t doubt;
    unsigned bad_lines;
    struct buf line;    /* of a body, when it may be a boundary */
    bool at_line;       /* the next byte begins a line */
    bool line_ready;    /* line is whole and waits for a decision */
    bool line_spent;    /* line has been given out */
    uint8_t pending[2]; /* the line end before what may be a boundary */
    size_t pending_n;
    bool sniffing;     /* a fax's first bytes are held back, to see how it is encoded */
    uint8_t sniff[16];
    unsigned sniff_n;
    struct buf sniffed; /* they, and what came with the last of them */
    struct buf out; /* decoded bytes */
    bool flushed;   /* the decoder of the leaf being closed has been emptied */
    union {
        struct base64_decoder base64;
        struct qp_decoder qp;
    } decoder;
    struct {
        struct span todo; /* decoded text that is still to be searched */
        enum mime_uu_phase phase;
        bool mid_line; /* of text that is no uuencode */
        bool base64;   /* begin-base64 */
        bool overlong; /* the line was too long: what is left of it is dropped */
        bool given;    /* out has been given out */
        bool whole;    /* the file is the part's own body (Content-Transfer-Encoding) */
        struct buf line, begin, out;
    } uu;
    struct tnef tnef;
    bool tnef_open; /* the leaf at hand is TNEF … */
    bool tnef_busy; /* … and not all of what was decoded has been looked at */
    struct {
        struct buf parser; /* of the leaf's decoded bytes, or of a file's in TNEF */
        bool open;         /* there is one … */
        bool busy;         /* … that has not used up its bytes … */
        bool ending;       /* … which are a file's that is over */
    } nested;
    unsigned nesting;   /* how many parsers we are nested in … */
    size_t levels_above;  /* … how many levels are open there … */
    unsigned parts_above; /* … and how many parts there have been */
    enum err failed;
    struct why why;
};

/* options may be NULL: all defaults; they are copied, what they point at must outlive p. */
void mime_parser_init(struct mime_parser *p, const struct mime_options *options);

/* Frees everything. */
void mime_parser_release(struct mime_parser *p);

/* Gives bytes, which must stay until next has said MIME_NEED_MORE. */
void mime_parser_push(struct mime_parser *p, struct span bytes);

/* Says that there are no more bytes. */
void mime_parser_end(struct mime_parser *p);

/*
 * The next event. ERR_DATA: no mail (empty, or its first line is no header field), or one over
 * the limits above; mime_parser_why tells. ERR_OS: no memory. After an error every call gives it
 * again.
 */
enum err mime_parser_next(struct mime_parser *p, struct mime_event *event);

/* The reason of the error that next gave: never NULL. */
const struct why *mime_parser_why(const struct mime_parser *p);

/* Something in the defects is set. */
bool mime_defective(const struct mime_defects *defects);

/* Writes a few words about the defects ("12 stray bytes in base64, no padding") to out. */
void mime_defects_words(const struct mime_defects *defects, char *out, size_t size);

#endif
