/* Raw frames: a UDP datagram for a machine that has no address yet and so answers no ARP. */
#ifndef BOOTD_IO_LINK_H
#define BOOTD_IO_LINK_H

#include "base/addr.h"
#include "base/bytes.h"

struct link;

/* Where a frame goes and what its IP and UDP headers say. */
struct link_route {
	unsigned interface;
	struct mac to_mac;
	struct endpoint from;
	struct endpoint to;
};

/* Returns 0 with *out_link for the caller to close, or -errno (-EPERM: CAP_NET_RAW is missing). */
int link_open(struct link **out_link);
void link_close(struct link *link);

/* The interface's own hardware address. Returns 0 or -errno (-EINVAL: it is not Ethernet). */
int link_find_mac(unsigned interface, struct mac *out_mac);

/* Sends one IPv4 UDP datagram in one frame. Returns 0 or -errno (-EMSGSIZE: it would not fit 1500).
 */
int link_send_udp(struct link *link, const struct link_route *route, struct span payload);

#endif
