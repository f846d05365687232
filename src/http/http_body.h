/* The bytes of an answer: a source, or a part of one, as libmicrohttpd takes them. */
#ifndef BOOTD_HTTP_HTTP_BODY_H
#define BOOTD_HTTP_HTTP_BODY_H

#include "content/source.h"

#include <stdbool.h>
#include <stdint.h>

struct MHD_Response;
struct http_connection;

struct http_body {
	struct http_connection *connection;
	struct source *source; /* owned; NULL: there is no body */
	uint64_t offset;
	bool has_length; /* without it, the body ends with the source */
	uint64_t length;
	bool is_small; /* it was read as a whole, and found unchanged */
	bool is_read;  /* by the callback, as a growing source is */
	uint64_t read_bytes;
	const char *failure; /* why it broke off, for the log; NULL: it did not */
	bool is_waiting;     /* nothing has come since it began to wait */
	struct source_waiter waiter;
};

/* Offset and length must lie within the source. NULL: no memory or descriptors, or body->failure
 * says why it cannot be read. The body must live until the answer has ended. */
struct MHD_Response *http_body_respond(struct http_body *body, bool is_head);

/* To an answer that has headers only: what would be the body's length, or HTTP_BODY_SIZE_UNKNOWN.
 * NULL: no memory. */
#define HTTP_BODY_SIZE_UNKNOWN UINT64_MAX
struct MHD_Response *http_body_respond_nothing(uint64_t length);

/* Lets go of the source. */
void http_body_done(struct http_body *body);

#endif
