/* One HTTP exchange of the fetcher: a libcurl handle that is used again and again, so that
 * connections are kept. A part of fetch. */
#ifndef BOOTD_CONTENT_FETCH_SLOT_H
#define BOOTD_CONTENT_FETCH_SLOT_H

#include "content/fetch.h"

#include <curl/curl.h>

struct fetch_slot {
	CURL *easy;          /* NULL: never used so far */
	struct fetch *fetch; /* NULL: the slot is idle */
	struct curl_slist *lines;
	struct remote_head head;
	size_t headers_length;
	bool has_head; /* it was handed on */
	bool is_broken_off;
	bool is_second; /* asked again, by a connection of its own */
	uint64_t started_ms;
	uint64_t active_ms; /* when something came last */
	uint64_t stall_timeout_ms;
	char error[CURL_ERROR_SIZE];
};

/* Begins the fetch in the multi handle. Returns 0, or -ENOMEM with the slot idle. The slot must
 * stay in place from then on. */
int fetch_slot_start(struct fetch_slot *slot, CURLM *multi, struct fetch *fetch,
		     const struct fetch_limits *limits);

/* In how many ms the exchange has stalled, unless something comes until then; 0: it has. */
uint64_t fetch_slot_patience_ms(const struct fetch_slot *slot, uint64_t now_ms);

/* The slot that this handle belongs to. */
struct fetch_slot *fetch_slot_of(CURL *easy);

/* Takes the exchange, which ended with result, out of the multi handle, and tells its owner. False:
 * it goes on by another connection. */
bool fetch_slot_finish(struct fetch_slot *slot, CURLM *multi, CURLcode result);

/* Breaks off what is under way, without a call, and frees what the slot owns. */
void fetch_slot_done(struct fetch_slot *slot, CURLM *multi);

#endif
