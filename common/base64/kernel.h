/*
 * The inner loops of base64: leaf functions over whole groups and whole lines of mail, without
 * padding or state.
 *
 * A kernel for an instruction set has exactly these signatures and gives exactly what the scalar
 * one gives; it is one more row of the table in kernel.c.
 */
#ifndef BASE64_KERNEL_H
#define BASE64_KERNEL_H

#include "bytes/span.h"

enum {
    BASE64_LINE = 76,       /* characters of mail's lines (RFC 2045 §6.8) */
    BASE64_LINE_BYTES = 57, /* and the bytes they hold */
};

struct base64_kernel {
    const char *name; /* as cpu/cpu.h calls the level */
    unsigned needs;   /* cpu features, all of them */

    /* Encodes groups * 3 bytes of in to groups * 4 characters of out. Never reads or writes
     * beyond them. */
    void (*encode)(const uint8_t *in, size_t groups, uint8_t *out);

    /*
     * Decodes groups of four characters from in until one has a byte that is not of the
     * alphabet, at most groups; the number of groups decoded, three bytes of out each. Never
     * reads beyond 4 * groups nor writes beyond 3 * groups.
     */
    size_t (*decode)(const uint8_t *in, size_t groups, uint8_t *out);

    /*
     * Encodes lines * BASE64_LINE_BYTES bytes to lines of BASE64_LINE characters, each with its
     * line end: LF (eol 1) or CR LF (eol 2). Never reads or writes beyond them.
     */
    void (*encode_lines)(const uint8_t *in, size_t lines, unsigned eol, uint8_t *out);

    /*
     * The way back, until a line is not BASE64_LINE characters of the alphabet with that line end;
     * the number of lines decoded, at most lines. Never reads beyond lines * (BASE64_LINE + eol)
     * nor writes beyond lines * BASE64_LINE_BYTES; what it writes behind the lines decoded is
     * without meaning.
     */
    size_t (*decode_lines)(const uint8_t *in, size_t lines, unsigned eol, uint8_t *out);
};

/* The best kernel that a mask of cpu/cpu.h allows; the scalar one for 0. Never NULL. */
const struct base64_kernel *base64_kernel_for(unsigned mask);

/*
 * Chooses the kernel for the whole program from a mask (tool/cpu_env.h gives it). Once, at start,
 * before any thread; without it the scalar kernel is used. Both give the same bytes.
 */
void base64_use(unsigned mask);

/* The kernel in use. */
const struct base64_kernel *base64_kernel_used(void);

/* Values of the alphabet's characters; 0xff for every other byte. */
extern const uint8_t base64_values[256];

#endif
