/* The TFTP server: a listening socket for requests, and a socket of its own for each transfer. */
#ifndef BOOTD_TFTP_TFTP_SERVICE_H
#define BOOTD_TFTP_TFTP_SERVICE_H

#include "base/addr.h"

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
	const struct local_address *served;
	size_t served_count;
};

/* Listens, and serves from then on. Returns 0 with *out_service for the caller to stop, or -errno
 * (-EADDRINUSE: another server has the port; -EACCES: CAP_NET_BIND_SERVICE is missing). */
int tftp_service_start(const struct tftp_service_parts *parts, struct tftp_service **out_service);

/* From now on with these parts, of the same loop and the same max_transfers. The socket stays as it
 * is, and transfers go on as they began. */
void tftp_service_configure(struct tftp_service *service, const struct tftp_service_parts *parts);

/* Ends all transfers without a word to their clients. Files that are just being opened are closed
 * when they arrive, at the latest in loop_free. */
void tftp_service_stop(struct tftp_service *service);

#endif
