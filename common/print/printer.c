#include "print/printer.h"

#include "tool/diag.h"

#include <cups/cups.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT_MS = 30000, NAME_MAX_ = 127 };

struct target {
    http_t *http;
    char uri[HTTP_MAX_URI];
    char resource[HTTP_MAX_URI];
    time_t end;
};

static enum err host_of(const char *printer, struct target *t, char host[HTTP_MAX_HOST], int *port,
                        http_encryption_t *encryption, struct why *why)
{
    char scheme[32], user[256];
    if (!strstr(printer, "://")) {
        snprintf(host, HTTP_MAX_HOST, "%s", cupsServer());
        *port = ippPort();
        *encryption = cupsEncryption();
        snprintf(t->resource, sizeof t->resource, "/printers/%s", printer);
        if (strlen(printer) > NAME_MAX_ || strpbrk(printer, "/#? ") ||
            httpAssembleURIf(HTTP_URI_CODING_ALL, t->uri, sizeof t->uri, "ipp", NULL, "localhost",
                             0, "/printers/%s", printer) < HTTP_URI_STATUS_OK)
            return why_set(why, ERR_USAGE, "not a printer's name");
        return ERR_NONE;
    }
    if (httpSeparateURI(HTTP_URI_CODING_ALL, printer, scheme, sizeof scheme, user, sizeof user,
                        host, HTTP_MAX_HOST, port, t->resource,
                        sizeof t->resource) < HTTP_URI_STATUS_OK ||
        (strcmp(scheme, "ipp") != 0 && strcmp(scheme, "ipps") != 0))
        return why_set(why, ERR_USAGE, "not a printer's URL");
    *encryption = strcmp(scheme, "ipps") == 0 ? HTTP_ENCRYPTION_ALWAYS
                                              : HTTP_ENCRYPTION_IF_REQUESTED;
    snprintf(t->uri, sizeof t->uri, "%s", printer);
    return ERR_NONE;
}

static enum err reach(const char *printer, struct target *t, struct why *why)
{
    char host[HTTP_MAX_HOST], service[16];
    int port = 0;
    http_encryption_t encryption = HTTP_ENCRYPTION_IF_REQUESTED;
    enum err e = host_of(printer, t, host, &port, &encryption, why);
    if (e)
        return e;
    snprintf(service, sizeof service, "%d", port);
    http_addrlist_t *list = httpAddrGetList(host, AF_UNSPEC, service);
    if (!list)
        return why_set(why, ERR_NO_HOST, "%s: host not found", host);
    t->http = httpConnect2(host, port, list, AF_UNSPEC, encryption, 1, CONNECT_MS, NULL);
    httpAddrFreeList(list);
    if (!t->http)
        return why_set(why, ERR_AGAIN, "%s", *cupsLastErrorString() ? cupsLastErrorString()
                                                                     : "out of reach");
    return ERR_NONE;
}

static ipp_t *request(const struct target *t, ipp_op_t op)
{
    ipp_t *r = ippNewRequest(op);
    ippAddString(r, IPP_TAG_OPERATION, IPP_TAG_URI, "printer-uri", NULL, t->uri);
    ippAddString(r, IPP_TAG_OPERATION, IPP_TAG_NAME, "requesting-user-name", NULL, cupsUser());
    return r;
}

static enum err class_of(ipp_status_t status)
{
    if (status == IPP_STATUS_ERROR_NOT_AUTHENTICATED || status == IPP_STATUS_ERROR_NOT_AUTHORIZED ||
        status == IPP_STATUS_ERROR_FORBIDDEN ||
        status == IPP_STATUS_ERROR_CUPS_AUTHENTICATION_CANCELED)
        return ERR_AUTH;
    if (status >= IPP_STATUS_ERROR_BAD_REQUEST && status < IPP_STATUS_ERROR_INTERNAL &&
        status != IPP_STATUS_ERROR_TIMEOUT)
        return ERR_UNAVAILABLE;
    return ERR_AGAIN;
}

/* The answer's status as an error; ERR_NONE for success. */
static enum err answer(struct why *why)
{
    ipp_status_t status = cupsLastError();
    if (status <= IPP_STATUS_OK_EVENTS_COMPLETE)
        return ERR_NONE;
    return why_set(why, class_of(status), "%s", *cupsLastErrorString() ? cupsLastErrorString()
                                                                        : ippErrorString(status));
}

static void pause_ms(long ms)
{
    diag_progress("waiting for the printer");
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* ippeveprinter and small printers take one job at a time: a busy one is asked again. */
static enum err submit(struct target *t, const struct printer_job *job, int *id, struct why *why)
{
    for (long wait = 100;; wait = wait < 2000 ? wait * 2 : wait) {
        ipp_t *r = request(t, IPP_OP_PRINT_JOB);
        ippAddString(r, IPP_TAG_OPERATION, IPP_TAG_NAME, "job-name", NULL, job->title);
        ippAddString(r, IPP_TAG_OPERATION, IPP_TAG_MIMETYPE, "document-format", NULL,
                     "application/pdf");
        if (job->copies > 1)
            ippAddInteger(r, IPP_TAG_JOB, IPP_TAG_INTEGER, "copies", (int)job->copies);
        if (job->media)
            ippAddString(r, IPP_TAG_JOB, IPP_TAG_KEYWORD, "media", NULL, job->media);
        if (lseek(job->fd, 0, SEEK_SET) != 0) {
            ippDelete(r);
            return why_errno(why, ERR_IO, "seek");
        }
        ipp_t *a = cupsDoIORequest(t->http, r, t->resource, job->fd, -1);
        bool busy = cupsLastError() == IPP_STATUS_ERROR_BUSY;
        enum err e = answer(why);
        ipp_attribute_t *number = a ? ippFindAttribute(a, "job-id", IPP_TAG_INTEGER) : NULL;
        *id = number ? ippGetInteger(number, 0) : 0;
        ippDelete(a);
        if (!e && !*id)
            return why_set(why, ERR_PROTOCOL, "the printer gave no job number");
        if (!busy || time(NULL) >= t->end)
            return e;
        pause_ms(wait);
    }
}

static ipp_jstate_t ask_state(struct target *t, int id, char reasons[128], enum err *e,
                              struct why *why)
{
    static const char *const wanted[] = {"job-state", "job-state-reasons"};
    ipp_t *r = request(t, IPP_OP_GET_JOB_ATTRIBUTES);
    ippAddInteger(r, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", id);
    ippAddStrings(r, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", 2, NULL, wanted);
    ipp_t *a = cupsDoRequest(t->http, r, t->resource);
    *e = answer(why);
    ipp_attribute_t *state = a ? ippFindAttribute(a, "job-state", IPP_TAG_ENUM) : NULL;
    ipp_attribute_t *why_state = a ? ippFindAttribute(a, "job-state-reasons", IPP_TAG_KEYWORD)
                                   : NULL;
    const char *reason = why_state ? ippGetString(why_state, 0, NULL) : NULL;
    snprintf(reasons, 128, "%s", reason ? reason : "no reason given");
    ipp_jstate_t s = state ? (ipp_jstate_t)ippGetInteger(state, 0) : IPP_JSTATE_PENDING;
    ippDelete(a);
    return s;
}

static void cancel(struct target *t, int id)
{
    ipp_t *r = request(t, IPP_OP_CANCEL_JOB);
    ippAddInteger(r, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", id);
    ippDelete(cupsDoRequest(t->http, r, t->resource));
}

/* Polls until the job is at its end. */
static enum err await(struct target *t, int id, struct why *why)
{
    char reasons[128];
    enum err e;
    unsigned stopped = 0, lost = 0;
    for (long wait = 50;; wait = wait < 1000 ? wait * 2 : wait) {
        ipp_jstate_t state = ask_state(t, id, reasons, &e, why);
        diag_trace("job %d: state %d, %s", id, e ? -1 : (int)state, reasons);
        if (!e && state == IPP_JSTATE_COMPLETED)
            return ERR_NONE;
        if (!e && (state == IPP_JSTATE_ABORTED || state == IPP_JSTATE_CANCELED))
            return why_set(why, ERR_AGAIN, "job %d was %s: %s", id,
                           state == IPP_JSTATE_ABORTED ? "aborted" : "cancelled", reasons);
        stopped = !e && (state == IPP_JSTATE_STOPPED || state == IPP_JSTATE_HELD) ? stopped + 1 : 0;
        lost = e ? lost + 1 : 0;
        if (lost >= 5)
            return why_set(why, ERR_AGAIN, "job %d: the printer has not said what became of it",
                           id);
        if (stopped >= 5 || time(NULL) >= t->end) {
            cancel(t, id);
            return why_set(why, ERR_AGAIN, "job %d %s: %s", id,
                           stopped ? "stopped" : "did not end in time", reasons);
        }
        pause_ms(wait);
    }
}

/* Nobody is asked for CUPS's password by a program that runs from cron. */
static const char *no_password(const char *prompt, http_t *http, const char *method,
                               const char *resource, void *data)
{
    (void)prompt, (void)http, (void)method, (void)resource, (void)data;
    return NULL;
}

enum err printer_print(const struct printer_job *job, struct why *why)
{
    struct target t = {.end = time(NULL) + (time_t)(job->timeout ? job->timeout : PRINTER_TIMEOUT)};
    int id = 0;
    cupsSetPasswordCB2(no_password, NULL);
    enum err e = reach(job->printer, &t, why);
    if (!e)
        e = submit(&t, job, &id, why);
    if (!e)
        e = await(&t, id, why);
    if (t.http)
        httpClose(t.http);
    return e;
}
