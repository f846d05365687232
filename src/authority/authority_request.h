/* One HTTP request to the authority, and what its outcome means. Used again and again, so that a
 * connection is kept; only in the authority's thread. */
#ifndef BOOTD_AUTHORITY_AUTHORITY_REQUEST_H
#define BOOTD_AUTHORITY_AUTHORITY_REQUEST_H

#include "authority/authority.h"

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

#define AUTHORITY_BODY_MAX    65536
#define AUTHORITY_HEADERS_MAX 65536 /* in all, the lines of 1xx replies and trailers included */

struct authority_request {
	CURL *easy;     /* NULL: never used so far */
	void *question; /* the user's; NULL: the request is idle */
	size_t headers_length;
	size_t body_length;
	uint8_t body[AUTHORITY_BODY_MAX];
};

/* Begins to GET the URL in the multi handle, for at most timeout_ms (not 0). Returns 0 or -ENOMEM.
 * The request must stay in place from then on. */
int authority_request_start(struct authority_request *request, CURLM *multi, const char *url,
			    uint32_t timeout_ms);

/* The request that this easy handle belongs to. */
struct authority_request *authority_request_of(CURL *easy);

/* Takes the request, which ended with result, out of the multi handle; what it means. */
struct authority_reply authority_request_finish(struct authority_request *request, CURLM *multi,
						CURLcode result);

/* Breaks off what is under way and frees what the request owns. */
void authority_request_done(struct authority_request *request, CURLM *multi);

#endif
