/* One request, from its target to its answer. */
#ifndef BOOTD_HTTP_HTTP_REQUEST_H
#define BOOTD_HTTP_HTTP_REQUEST_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>

struct activity;
struct content;
struct http_connection;
struct http_request;
struct http_tls;
struct session_table;

/* What a reload changes. */
struct http_settings {
	struct content *content;    /* held */
	bool may_unknown_read;      /* who is at no address that bootd has given */
	const char *unknown_denial; /* why not, for the log */
};

/* What all requests share. */
struct http_server {
	struct activity *activity;
	struct session_table *sessions;
	pthread_mutex_t lock; /* of what follows */
	struct http_settings settings;
	struct http_tls *tls; /* held; NULL: plain HTTP */
};

/* The request's first line has come. NULL: no memory. */
struct http_request *http_request_new(struct http_server *server,
				      struct http_connection *connection, const char *target);

/* For libmicrohttpd's handler: to be called when the headers are there, when the request is
 * complete, and whenever its connection was resumed without an answer. */
enum MHD_Result http_request_advance(struct http_request *request, const char *method);

/* It was answered, or its connection has ended. */
void http_request_end(struct http_request *request, enum MHD_RequestTerminationCode code);

#endif
