/*
 * Mail from a descriptor: mime/parse.h around reads, and what b64mime -d does with the parts.
 */
#ifndef TEXT_OPEN_H
#define TEXT_OPEN_H

#include "mime/parse.h"
#include "mime/report_write.h"
#include "mime/select.h"

/* Whose mail, and how it is to be opened. */
struct mail_open {
    const char *path;          /* NULL and "-": stdin */
    const char *output;        /* NULL and "-": stdout */
    struct mime_wanted wanted; /* for mail_extract */
    bool json;
    bool strict; /* what would have to be repaired is ERR_DATA */
};

/*
 * Called for every event but MIME_NEED_MORE. What it returns ends the reading; with *stop set the
 * rest of the mail is not read.
 */
typedef enum err mail_event_fn(void *ctx, const struct mime_event *event, bool *stop,
                               struct why *why);

/*
 * Opens m->path and gives fn all events; names come as UTF-8. Defects of parts are warned about,
 * or refused with m->strict. Nothing is said of what failed: why tells. ERR_NO_INPUT; ERR_DATA:
 * no mail, or empty; and what fn returns.
 */
enum err mail_each(const struct mail_open *m, mail_event_fn *fn, void *ctx, struct why *why);

/* "stdin" or the path: for messages. */
const char *mail_shown(const struct mail_open *m);

/* Writes what an action made to m->output as a whole, and says what went wrong. */
enum err mail_put_out(const struct mail_open *m, struct span out);

/*
 * The programs' actions. Each says on stderr what went wrong and returns the class; ERR_NO: the
 * mail has not got what was asked for.
 */

/* Writes the first part that m->wanted means. An empty fax is ERR_DATA. */
enum err mail_extract(const struct mail_open *m);

/*
 * Writes every part to a file of its own in dir (made where it is missing) and prints the names.
 * Names are mime/filename.h's; one that is there already gets a number. Nothing is ever written
 * over, followed or written elsewhere. The file of a part that failed is removed.
 */
enum err mail_extract_all(const struct mail_open *m, const char *dir);

/* Prints the header's fields, unfolded and decoded. */
enum err mail_headers(const struct mail_open *m);

/*
 * Prints the text/plain parts as UTF-8 with LF, without control bytes, a blank line between. A
 * mail that has none but HTML: that, as mime/html.h reads it (ERR_DATA: over 16 MiB of text).
 */
enum err mail_text(const struct mail_open *m);

/* Prints what a DSN or MDN says. ERR_NO: the mail is neither. */
enum err mail_report(const struct mail_open *m);

/*
 * Writes the disposition notification that the mail asks for, from the address in from, to whom
 * it came. ERR_NO: it asks for none, or none may be sent (mime_mdn_asked).
 */
enum err mail_answer(const struct mail_open *m, enum mime_disposition disposition,
                     const char *from);

#endif
