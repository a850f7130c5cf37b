#include "check.h"
#include "mime/select.h"

static enum mime_choice choose(const char *number, const char *type, const struct mime_part *part)
{
    struct mime_wanted wanted = {number, type};
    return mime_choose(&wanted, part);
}

static void patterns(void)
{
    CHECK(mime_type_matches("image/tiff", "image/tiff"));
    CHECK(mime_type_matches("IMAGE/Tiff", "image/tiff"));
    CHECK(mime_type_matches("image/*", "image/tiff") && mime_type_matches("image", "image/tiff"));
    CHECK(mime_type_matches("*/*", "*/*") && !mime_type_matches("image/t", "image/tiff"));
    CHECK(!mime_type_matches("ima", "image/tiff") && !mime_type_matches("", "image/tiff"));
}

static void choices(void)
{
    struct mime_part part = {.number = "1.2", .type = "image/tiff"};
    CHECK_INT(choose(NULL, NULL, &part), MIME_CHOICE_YES);
    CHECK_INT(choose("1.2", NULL, &part), MIME_CHOICE_YES);
    CHECK_INT(choose("1", NULL, &part), MIME_CHOICE_NO);
    CHECK_INT(choose(NULL, "text", &part), MIME_CHOICE_NO);
    part = (struct mime_part){.number = "1", .type = "application/octet-stream"};
    CHECK_INT(choose(NULL, NULL, &part), MIME_CHOICE_CONTENT);
    CHECK_INT(choose(NULL, "application", &part), MIME_CHOICE_YES);
    strcpy(part.name, "x.tif");
    CHECK_INT(choose(NULL, NULL, &part), MIME_CHOICE_YES);
    /* Any other type's first bytes may show a fax; a text's, where its name says so. */
    part = (struct mime_part){.number = "1", .type = "application/x-tiff"};
    CHECK_INT(choose(NULL, NULL, &part), MIME_CHOICE_CONTENT);
    part = (struct mime_part){.number = "1", .type = "text/plain"};
    CHECK_INT(choose(NULL, NULL, &part), MIME_CHOICE_NO);
    strcpy(part.name, "x.tif");
    CHECK_INT(choose(NULL, NULL, &part), MIME_CHOICE_CONTENT);
    part = (struct mime_part){.number = "1", .type = "multipart/mixed", .container = true};
    CHECK_INT(choose("1", NULL, &part), MIME_CHOICE_NO);
}

int main(void)
{
    RUN(patterns);
    RUN(choices);
    return check_done();
}
