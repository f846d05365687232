/* From a message to who asks and for what. */
#ifndef BOOTD_DHCP_DHCP_CLIENT_H
#define BOOTD_DHCP_DHCP_CLIENT_H

#include "boot/client.h"
#include "dhcp/dhcp_wire.h"
#include "dhcp/pxe_wire.h"
#include "lease/lease.h"

struct dhcp_request {
	enum dhcp_message_type type; /* DHCP_NONE: plain BOOTP */
	struct mac mac;
	struct lease_identity owner; /* who leases are given to; dhcp_owner_of */
	struct ip4 ciaddr;
	struct ip4 requested; /* option 50; 0: none */
	bool names_server;
	struct ip4 server; /* option 54 */
	bool has_item;     /* it asks a boot server for one entry of its menu */
	struct pxe_item item;
};

/* The address that the machine asks for or says that it has; 0: none. */
static inline struct ip4 dhcp_wanted(const struct dhcp_request *request)
{
	return ip4_is_set(request->requested) ? request->requested : request->ciaddr;
}

struct client dhcp_identify(const struct dhcp_message *message);

/* All but the owner. */
struct dhcp_request dhcp_request_of(const struct dhcp_message *message);

/* What the machine is known by: its client identifier (option 61), its UUID, which may be one that
 * an earlier stage told, or its MAC address, as it is where there is no such thing or it is too
 * long. */
struct lease_identity dhcp_owner_of(const struct dhcp_message *message, const struct client *client,
				    enum lease_identity_kind kind);

#endif
