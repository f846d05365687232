/* Which network a machine is on, as far as its packet tells, and from which address of this machine
 * it is answered (RFC 2131 section 4.3.1, RFC 3527, RFC 5107): facts in, networks out. */
#ifndef BOOTD_DHCP_NETWORK_ENGINE_H
#define BOOTD_DHCP_NETWORK_ENGINE_H

#include "config/config.h"
#include "dhcp/dhcp_client.h"
#include "dhcp/relay_wire.h"
#include "lease/lease.h"

#define NETWORKS_MAX 16 /* that are looked at on one link */

struct network_facts {
	const struct subnets *subnets;
	const struct local_address *served; /* this machine's addresses, of all interfaces served */
	size_t served_count;
	unsigned interface;     /* of arrival */
	struct ip4 destination; /* of the packet's IP header */
	struct ip4 local;       /* this machine's address that it was received on */
	struct ip4 giaddr;
	struct ip4 ciaddr;
	struct relay_info relay; /* of a packet without giaddr, it does not count */
};

/* A network, and this machine's address towards it. */
struct network_candidate {
	const struct subnet_config *subnet;
	struct ip4 server;
};

struct network_choice {
	/* In the configuration's order: a link may have several, by an interface's several
	 * addresses. */
	struct network_candidate list[NETWORKS_MAX];
	size_t count;
	/* Without any: the relay's or its link's address, which no network has; 0: the interface
	 * of arrival has no address in one. */
	struct ip4 missing;
	/* The packet came through a router or a relay: the way back is the routing table's. */
	bool is_routed;
};

/* The networks of a relayed packet are those of its link selection, else of giaddr; of a packet
 * from the link, those of the interface; of one that came by unicast from elsewhere, the one that
 * has ciaddr. */
void network_find(const struct network_facts *facts, struct network_choice *out_choice);

/* This machine is meant where option 54 of a request says this: by any address of its own (RFC
 * 2131 section 4.1), or by that which its relay has it say. */
bool network_names_server(const struct network_facts *facts, struct ip4 server);

/* Which of the choice's networks a request is about; held has the machine's lease in each, or NULL.
 * A message about an address is about its network. A machine that wants one is on that of its
 * assigned address, else where it has a lease that runs, else one that has ended or an offer, else
 * where the address is that it asks for, else on the first. */
size_t network_pick(const struct network_choice *choice, const struct dhcp_request *request,
		    struct ip4 assigned, const struct lease *const *held, uint64_t now_s);

/* The place of the network that has the address; false, with the output untouched: none has. */
bool network_has(const struct network_choice *choice, struct ip4 address, size_t *out_place);

/* The router that machines of the network are told of: the configured one, else this machine or the
 * relay, whichever is on it; 0: none is known. */
struct ip4 network_gateway(const struct subnet_config *subnet, struct ip4 server,
			   struct ip4 giaddr);

#endif
