/* What a machine is answered that has its address from another server, or asks a boot server (PXE
 * 2.1): facts in, decision out. */
#ifndef BOOTD_DHCP_PROXY_ENGINE_H
#define BOOTD_DHCP_PROXY_ENGINE_H

#include "boot/plan.h"
#include "dhcp/dhcp_engine.h"

struct proxy_facts {
	const struct client *client;
	bool is_boot_server; /* the message came to port 4011 */
	/* What only proxy_decide looks at. */
	enum access access; /* not ACCESS_ASK */
	const struct boot_plan *plan;
};

/* Whether the message asks for what a proxy or a boot server gives, before anybody is asked whether
 * the machine may have it. DHCP_REASON_NONE: it does. */
enum dhcp_reason proxy_check(const struct dhcp_request *request, const struct proxy_facts *facts);

/* For a message that proxy_check lets through. The decision's lease has no address. */
struct dhcp_decision proxy_decide(const struct dhcp_request *request,
				  const struct proxy_facts *facts);

/* The file of the entry that is asked for; without one, the plan's. NULL: there is no such entry.
 */
const char *proxy_file(const struct dhcp_request *request, const struct boot_plan *plan);

#endif
