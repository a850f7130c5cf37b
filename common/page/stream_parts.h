/*
 * Inside the page-stream parser: what its files share. stream.c tells the kinds apart and reads
 * headers and counted data; scan.c finds the end of data that does not say its length; sff.c
 * reads SFF.
 */
#ifndef PAGE_STREAM_PARTS_H
#define PAGE_STREAM_PARTS_H

#include "page/stream.h"

/* The bytes that are next to be read; empty when more must be pushed. */
struct span *page_input(struct page_stream *s);

/* Gathers bytes into head until it has size of them; false: more must be pushed. */
bool page_gather(struct page_stream *s, unsigned size);

/* Ends in the state of error, for that reason. */
enum page_event_type page_fail(struct page_stream *s, const char *reason);

/* A page whose description is in s->page begins: PAGE_BEGIN comes next. */
void page_announce(struct page_stream *s);

/* The PAGE_END event; the state that follows is next. */
enum page_event_type page_end(struct page_stream *s, struct page_event *event, bool whole,
                              enum page_state next);

/* scan.c: before the data of a page; in it; behind its RTC. */
void page_scan_start(struct page_stream *s);
enum page_event_type page_scan(struct page_stream *s, struct page_event *event);
enum page_event_type page_gap(struct page_stream *s);

#endif
