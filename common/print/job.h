/*
 * A print job: documents, in order, onto a printer, into a file, or on the terminal.
 *
 * ERR_NONE means that it is printed: the printer's job is completed, or the output file is synced
 * and in place, whole. After anything else nothing of it is there (a printer may have begun).
 */
#ifndef PRINT_JOB_H
#define PRINT_JOB_H

#include "print/document.h"
#include "print/press.h"

enum job_format { JOB_PDF, JOB_PNG, JOB_PBM, JOB_TIFF, JOB_TEXT };

enum { JOB_PNG_MAX = 500 };

/*
 * Fax documents are another folder's: what the program lends. read prints the pages of a TIFF or G3
 * file (its damage warned of; ERR_DATA: cut, or beyond repair); write_* are for JOB_TIFF.
 */
struct job_fax {
    enum err (*read)(struct press *press, int fd, struct why *why);
    enum err (*write_open)(int fd, void **writer, struct why *why);
    enum err (*write_sheet)(void *writer, const struct sheet *s, struct why *why);
    enum err (*write_finish)(void *writer, struct why *why);
    void (*write_free)(void *writer);
};

struct job_options {
    const char *printer; /* queue, ipp://, or the path (with a '/') of a directory, where a
                            PDF is put; else: */
    const char *output;  /* a file, or "-" for stdout; of several PNG pages "x.png" makes
                            "x-1.png", "x-2.png" …; else: */
    bool preview;        /* on stdout, in blocks */
    enum job_format format; /* of output */
    const struct paper *paper;
    bool actual, stamp;
    const struct page_range *ranges;
    size_t range_count;
    unsigned copies, timeout; /* of printers */
    const struct mime_converter *conv;
    const struct job_fax *fax;
};

struct documents {
    struct document *list;
    size_t count;
    const char *title; /* the job's name */
};

/* The format of that name, or that a file name's suffix tells; PDF where it tells nothing. */
bool job_format_parse(const char *name, enum job_format *format);
enum job_format job_format_of(const char *output);

/* How many pages there are, by a run that prints nothing but finds what cannot be decoded. */
enum err job_count(const struct job_options *o, const struct documents *docs, unsigned *pages,
                   struct why *why);

/* Prints; *pages is how many came out (0: a PDF that went as it is). Errors of document.h's parts
 * (ERR_DATA: cannot be decoded), printer.h and outfile. */
enum err job_print(const struct job_options *o, const struct documents *docs, unsigned *pages,
                   struct why *why);

#endif
