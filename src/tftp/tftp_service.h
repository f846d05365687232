/* The TFTP server: workers that share the port of requests, each with ports and transfers of its
 * own. One worker works in the caller's loop, several have threads of their own. */
#ifndef BOOTD_TFTP_TFTP_SERVICE_H
#define BOOTD_TFTP_TFTP_SERVICE_H

#include "base/ip.h"

#include <stddef.h>

struct activity;
struct config;
struct content;
struct loop;
struct session_table;
struct tftp_service;

/* All borrowed until tftp_service_stop; the loop until loop_free. */
struct tftp_service_parts {
	struct loop *loop;
	struct content *content;
	struct session_table *sessions;
	struct activity *activity;
	const struct config *config;
	/* This machine's addresses on the interfaces that [tftp] address selects: requests are
	 * taken there only, unless it selects all. */
	const struct local_ip *served;
	size_t served_count;
	size_t worker_count;
};

/* Opens the sockets. Returns 0 with *out_service for the caller to stop, or -errno (-EADDRINUSE:
 * another server has the port; -EACCES: CAP_NET_BIND_SERVICE is missing). */
int tftp_service_open(const struct tftp_service_parts *parts, struct tftp_service **out_service);

/* Serves from now on, in threads if there are several workers. Returns 0 or -errno. */
int tftp_service_run(struct tftp_service *service);

/* From now on with these parts, of the same loop, max_transfers, ports and workers. The sockets
 * stay as they are, and transfers go on as they began. */
void tftp_service_configure(struct tftp_service *service, const struct tftp_service_parts *parts);

/* Ends all transfers without a word to their clients. Files that are just being opened are closed
 * when they arrive, at the latest in loop_free. */
void tftp_service_stop(struct tftp_service *service);

#endif
