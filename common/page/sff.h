/*
 * CAPI's Structured Fax File: records of MH rows without EOL, least significant bit first.
 */
#ifndef PAGE_SFF_H
#define PAGE_SFF_H

#include "page/stream.h"

/* The document header: 20 bytes and what lies between them and the first page. */
enum page_event_type page_sff_head(struct page_stream *s);

/* The records: rows become MH with EOLs that end on bytes, pages get an RTC. */
enum page_event_type page_sff_records(struct page_stream *s, struct page_event *event);

#endif
