/* What fax-print is given, taken apart: told from its content, mail into its parts. */
#include "mime/header.h"
#include "print/document.h"
#include "tool/diag.h"
#include "tool/io.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mime_converter conv = {mime_convert_plain, NULL};
    struct document doc;
    struct why why = {""};
    int fd = memfd_create("document", MFD_CLOEXEC);
    diag_init("fuzz", true, false);
    if (fd < 0 || io_write(fd, data, size, &why) || lseek(fd, 0, SEEK_SET) != 0)
        return 0;
    document_open(fd, "it", &conv, &doc, &why);
    document_close(&doc);
    close(fd);
    return 0;
}
