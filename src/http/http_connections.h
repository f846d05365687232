/* The connections that are open: whose they are, until when each may go on as it does, and which
 * are suspended until there is more to send. Every call may be made from any thread. */
#ifndef BOOTD_HTTP_HTTP_CONNECTIONS_H
#define BOOTD_HTTP_HTTP_CONNECTIONS_H

#include "base/ip.h"

#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct http_tls;

/* Complete headers must be there so long after the connection was made, or after the answer before
 * them was sent. */
#define HTTP_HEADERS_MS 10000
/* A client that takes less than this while it is being answered is cut. */
#define HTTP_BYTES_PER_S_MIN 1024

enum http_cut {
	HTTP_CUT_NOT,
	HTTP_CUT_NO_REQUEST, /* no complete headers in time */
	HTTP_CUT_SLOW,
};

struct http_connections;

/* One connection. What it is made of stays; the rest is behind the table's lock. */
struct http_connection {
	struct http_connections *table;
	struct MHD_Connection *handle;
	struct ip address;
	int fd;
	struct http_tls *tls; /* held; what a handshake takes, whatever a reload brings */

	struct http_connection *next;
	struct http_connection *previous;
	bool is_answering;
	bool has_asked;
	uint64_t deadline_ms;
	uint64_t acknowledged_bytes; /* by the client's kernel, as the deadline was set */
	enum http_cut cut;
	bool is_suspended;
	bool has_stalled; /* it was resumed for want of anything better */
	uint64_t resume_ms;
};

struct http_connections_limits {
	uint32_t connections_max;
	uint32_t each_max;   /* of one address */
	uint32_t timeout_ms; /* over which a client must take HTTP_BYTES_PER_S_MIN */
};

/* NULL: no memory. */
struct http_connections *http_connections_new(const struct http_connections_limits *limits);
/* All connections must have been removed. */
void http_connections_free(struct http_connections *table);

/* Has the address room for one more? */
bool http_connections_may_add(struct http_connections *table, struct ip address);
/* NULL: no memory. The table has its limit from libmicrohttpd; *out_is_full: this one is the last
 * that there is room for. */
struct http_connection *http_connections_add(struct http_connections *table,
					     struct MHD_Connection *handle, struct ip address,
					     int fd, bool *out_is_full);
/* Before its descriptor is closed. */
void http_connections_remove(struct http_connection *connection);

/* A request's headers are complete: it is being answered. Returns how many bytes the client's
 * kernel has acknowledged before. */
uint64_t http_connection_begin_answer(struct http_connection *connection);
void http_connection_end_answer(struct http_connection *connection);

/* Why it was cut, if it was. */
enum http_cut http_connection_cut(const struct http_connection *connection);

/* Suspends the connection of the calling thread until somebody resumes it, wait_ms at most. False:
 * it is not suspended, because everything ends. */
bool http_connection_suspend(struct http_connection *connection, uint64_t wait_ms);
/* Nothing, if it is not suspended. */
void http_connection_resume(struct http_connection *connection);
/* Nobody resumed it in wait_ms, the last time. */
bool http_connection_has_stalled(const struct http_connection *connection);

/* Bytes that the client's kernel has acknowledged since the connection was made. */
uint64_t http_connection_acknowledged(const struct http_connection *connection);

/* Resets it: what is not sent yet never is, so nothing of it looks whole. */
void http_connection_reset(const struct http_connection *connection);

/* Cuts what is overdue and resumes what has stalled; to be called about once a second. */
void http_connections_tend(struct http_connections *table);

/* Before libmicrohttpd ends: it shuts down its connections, which is no reset. Resets those that
 * are being answered, resumes those that are suspended; nothing is suspended any more. */
void http_connections_end(struct http_connections *table);

#endif
