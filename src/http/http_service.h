/* The HTTP server: the same files as TFTP's, over HTTP or HTTPS, by libmicrohttpd. */
#ifndef BOOTD_HTTP_HTTP_SERVICE_H
#define BOOTD_HTTP_HTTP_SERVICE_H

#include "base/ip.h"

#include <stddef.h>

struct activity;
struct config;
struct content;
struct http_service;
struct http_tls;
struct loop;
struct session_table;

/* Borrowed until http_service_stop, but for what is said to be held: other threads serve with it
 * after a reload, too. */
struct http_service_parts {
	struct loop *loop;
	struct content *content; /* held */
	struct session_table *sessions;
	struct activity *activity;
	const struct config *config; /* for the call */
	struct http_tls *tls;        /* held; NULL: plain HTTP */
	/* This machine's addresses that [httpd] address selects, copied: requests to others are
	 * refused, unless it selects all. */
	const struct local_ip *served;
	size_t served_count;
};

/* Opens the listening socket, while that is allowed. Returns 0 with *out_service for the caller to
 * stop, or -errno (-EADDRINUSE: another server has the port; -EACCES: CAP_NET_BIND_SERVICE is
 * missing). */
int http_service_open(const struct http_service_parts *parts, struct http_service **out_service);

/* Starts the threads, which serve from then on. Returns 0 or -errno. */
int http_service_start(struct http_service *service);

/* From now on with these parts, of the same loop and the same limits; requests under way go on as
 * they began. */
void http_service_configure(struct http_service *service, const struct http_service_parts *parts);

/* Ends all requests. NULL is allowed. */
void http_service_stop(struct http_service *service);

#endif
