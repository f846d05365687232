/* The DHCP service: the sockets, and the whole way of a packet. */
#ifndef BOOTD_DHCP_DHCP_SERVICE_H
#define BOOTD_DHCP_DHCP_SERVICE_H

#include "activity/activity.h"
#include "boot/session.h"
#include "config/config.h"
#include "io/loop.h"
#include "lease/lease.h"

struct authority;
struct dhcp_service;

/* Borrowed until the service has been stopped, which is after all that asks sessions. */
struct dhcp_service_parts {
	struct loop *loop;
	struct lease_store *leases;
	struct session_table *sessions;
	struct activity *activity;
	struct authority *authority; /* NULL: none is asked; freed before the service is stopped */
	const struct config *config;
	/* This machine's addresses on the interfaces that [bootp] address selects. */
	const struct local_address *served;
	size_t served_count;
	/* Told to clients; 0: the address that they are answered from. */
	struct ip4 tftp_server;
	struct ip4 http_server;
};

/* What could not be opened. */
enum dhcp_socket {
	DHCP_SOCKET_UDP,
	DHCP_SOCKET_PXE,
	DHCP_SOCKET_FRAMES,
	DHCP_STATE_FILE,
};

/* Returns 0 with *out_service for the caller to stop, or -errno with *out_socket. */
int dhcp_service_start(const struct dhcp_service_parts *parts, struct dhcp_service **out_service,
		       enum dhcp_socket *out_socket);

/* From now on with these parts, of the same loop. The sockets stay as they are; what waits for an
 * authority that is another one now is forgotten: its machines ask again. */
void dhcp_service_configure(struct dhcp_service *service, const struct dhcp_service_parts *parts);

void dhcp_service_stop(struct dhcp_service *service);

#endif
