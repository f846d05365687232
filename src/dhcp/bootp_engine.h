/* What plain BOOTP is answered with (RFC 951, RFC 1542): facts in, decision out. */
#ifndef BOOTD_DHCP_BOOTP_ENGINE_H
#define BOOTD_DHCP_BOOTP_ENGINE_H

#include "dhcp/dhcp_engine.h"

/* A BOOTP client binds its address with its one message and for good: it renews nothing. */
/* The machine never had a lease: what it gets is written for the word of a stranger, and kept for
 * good. */
bool bootp_is_new(const struct dhcp_facts *facts);

struct dhcp_decision bootp_decide(const struct dhcp_request *request,
				  const struct dhcp_facts *facts,
				  const struct subnet_config *subnet);

/* RFC 951 section 7.3: a client may name the server that it wants in sname; nobody else answers. */
bool bootp_is_for(struct span sname, const char *servername);

#endif
