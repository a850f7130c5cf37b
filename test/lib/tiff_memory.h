/*
 * A TIFF in memory for libtiff, which is asked as a peer: by the benchmark and the fuzz target.
 */
#ifndef TEST_LIB_TIFF_MEMORY_H
#define TEST_LIB_TIFF_MEMORY_H

#include <stdint.h>
#include <string.h>
#include <tiffio.h>

/* size bytes are written, of room; at is where libtiff stands: 0 before opening. */
struct memory {
    uint8_t *bytes;
    size_t size, at, room;
};

static inline tmsize_t mem_read(thandle_t h, void *p, tmsize_t n)
{
    struct memory *m = h;
    size_t k = m->at < m->size ? m->size - m->at : 0;
    if ((size_t)n < k)
        k = (size_t)n;
    memcpy(p, m->bytes + m->at, k);
    m->at += k;
    return (tmsize_t)k;
}

static inline tmsize_t mem_write(thandle_t h, void *p, tmsize_t n)
{
    struct memory *m = h;
    if (m->at + (size_t)n > m->room)
        return 0;
    memcpy(m->bytes + m->at, p, (size_t)n);
    m->at += (size_t)n;
    if (m->at > m->size)
        m->size = m->at;
    return n;
}

static inline toff_t mem_seek(thandle_t h, toff_t to, int whence)
{
    struct memory *m = h;
    m->at = (size_t)to + (whence == SEEK_CUR ? m->at : whence == SEEK_END ? m->size : 0);
    return m->at;
}

static inline int mem_close(thandle_t h)
{
    (void)h;
    return 0;
}

static inline toff_t mem_size(thandle_t h)
{
    return ((struct memory *)h)->size;
}

/* mode as TIFFOpen's; NULL where libtiff will not have it. The bytes stay the caller's. */
static inline TIFF *open_memory(struct memory *m, const char *mode)
{
    return TIFFClientOpen("memory", mode, m, mem_read, mem_write, mem_seek, mem_close, mem_size,
                          NULL, NULL);
}

/* What a page of facsimile in one strip has, but for its coding. */
static inline void set_fax_fields(TIFF *tif, unsigned width, unsigned rows)
{
    TIFFSetField(tif, TIFFTAG_IMAGEWIDTH, width);
    TIFFSetField(tif, TIFFTAG_IMAGELENGTH, rows);
    TIFFSetField(tif, TIFFTAG_ROWSPERSTRIP, rows);
    TIFFSetField(tif, TIFFTAG_BITSPERSAMPLE, 1);
    TIFFSetField(tif, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tif, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
    TIFFSetField(tif, TIFFTAG_FILLORDER, FILLORDER_MSB2LSB);
}

#endif
