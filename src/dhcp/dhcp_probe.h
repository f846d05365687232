/* Addresses tried ahead: for each network a short list of free ones that nobody answers for, so
 * that no OFFER waits for the trial (RFC 2131 section 2.2). On this machine's own links everybody
 * answers ARP; what is behind routers is asked by ICMP echo. A part of dhcp_service. */
#ifndef BOOTD_DHCP_DHCP_PROBE_H
#define BOOTD_DHCP_DHCP_PROBE_H

#include "dhcp/dhcp_service.h"

#define PROBE_LIST_MAX 256  /* addresses on a network's list */
#define PROBE_ALL_MAX  4096 /* on all lists; each has at least one */

struct dhcp_probe;

/* Returns 0 or -errno (-EPERM: CAP_NET_RAW is missing). */
int dhcp_probe_new(struct loop *loop, struct dhcp_probe **out_probe);
void dhcp_probe_free(struct dhcp_probe *probe);

/* From now on these parts, borrowed. What is on a list stays there as far as it is still to be
 * given. A network has no list where the configuration wants none and no leases may be lost, nor
 * where its addresses cannot be tried: they are given untried then, or not, as below. */
void dhcp_probe_configure(struct dhcp_probe *probe, const struct dhcp_service_parts *parts);

/* A free address of the pool for a machine that has none there: the one that it asks for where that
 * is nobody's, else one of the list. Untried ones only where none is ready, and never while leases
 * of a damaged store may still run. False: there is none now. */
bool dhcp_probe_find(struct dhcp_probe *probe, size_t pool, struct ip4 wanted, uint64_t now_s,
		     struct ip4 *out_address);

#endif
