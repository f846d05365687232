/* Addresses tried ahead: a short list of free ones that nobody on the link answers for, so that no
 * OFFER waits for the trial (RFC 2131 section 2.2). A part of dhcp_service. */
#ifndef BOOTD_DHCP_DHCP_PROBE_H
#define BOOTD_DHCP_DHCP_PROBE_H

#include "dhcp/dhcp_service.h"

#define PROBE_LIST_MAX 256 /* addresses on the list */

struct dhcp_probe;

/* Returns 0 or -errno (-EPERM: CAP_NET_RAW is missing). */
int dhcp_probe_new(struct loop *loop, struct dhcp_probe **out_probe);
void dhcp_probe_free(struct dhcp_probe *probe);

/* From now on these parts, borrowed; the list begins anew where the pool may be another one. */
void dhcp_probe_configure(struct dhcp_probe *probe, const struct dhcp_service_parts *parts);

/* A free address for a machine that has none: the one that it asks for where that is nobody's, else
 * one of the list. Untried ones only where none is ready, and never while leases of a damaged store
 * may still run. False: there is none now. */
bool dhcp_probe_find(struct dhcp_probe *probe, struct ip4 wanted, uint64_t now_s,
		     struct ip4 *out_address);

#endif
