#include "check.h"
#include "smtp/trace.h"

static void check_trace(const struct trace *trace, const char *want)
{
    struct buf out;
    buf_init(&out, 4096);
    CHECK_INT(trace_add(&out, trace), ERR_NONE);
    CHECK_STR(buf_cstr(&out), want);
    buf_release(&out);
}

static void complete(void)
{
    const struct trace t = {.sender = "@A:joe@b", .helo = "b", .client = "[192.0.2.1]",
                            .hostname = "c", .protocol = "ESMTPS", .id = "id1",
                            .recipient = "x@c", .now = 0};
    check_trace(&t, "Return-Path: <@A:joe@b>\n"
                    "Received: from b ([192.0.2.1])\n\tby c via TCP with ESMTPS id id1\n"
                    "\tfor <x@c>;\n\tThu, 1 Jan 1970 00:00:00 +0000\n");
}

static void least(void)
{
    const struct trace t = {.sender = "", .helo = "b", .hostname = "c", .protocol = "SMTP",
                            .now = 1700000000};
    check_trace(&t, "Return-Path: <>\nReceived: from b\n\tby c with SMTP;\n"
                    "\tTue, 14 Nov 2023 22:13:20 +0000\n");
}

static void no_control_bytes(void)
{
    const struct trace t = {.sender = "a\nb", .helo = "x\r\nEvil: y", .hostname = "c",
                            .protocol = "SMTP", .now = 0};
    check_trace(&t, "Return-Path: <a?b>\nReceived: from x??Evil: y\n\tby c with SMTP;\n"
                    "\tThu, 1 Jan 1970 00:00:00 +0000\n");
}

int main(void)
{
    RUN(complete);
    RUN(least);
    RUN(no_control_bytes);
    return check_done();
}
