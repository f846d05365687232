#include "dhcp/proxy_engine.h"

/* DISCOVER begins a boot. A REQUEST is for a proxy only where it asks a boot server by broadcast:
 * any other wants an address, also one that names this machine's own, which a server beside us has
 * too. */
static enum dhcp_reason check_at_dhcp_port(const struct dhcp_request *request)
{
	switch (request->type) {
	case DHCP_DISCOVER:
	case DHCP_INFORM:
		return DHCP_REASON_NONE;
	case DHCP_REQUEST:
		return request->has_item ? DHCP_REASON_NONE : DHCP_REASON_ASKS_FOR_ADDRESS;
	default:
		return DHCP_REASON_ASKS_FOR_ADDRESS;
	}
}

/* PXE 2.1 section 2.2: a REQUEST, or as some firmware has it an INFORM. Whether it names a server
 * does not matter: the port says who is meant. */
static enum dhcp_reason check_at_boot_server_port(const struct dhcp_request *request)
{
	if (request->type != DHCP_REQUEST && request->type != DHCP_INFORM)
		return DHCP_REASON_UNSUPPORTED_MESSAGE;
	return DHCP_REASON_NONE;
}

enum dhcp_reason proxy_check(const struct dhcp_request *request, const struct proxy_facts *facts)
{
	/* HTTP firmware knows no boot servers. */
	if (!facts->client->is_pxe && (!facts->client->is_http || facts->is_boot_server))
		return DHCP_REASON_NO_PXE;
	return facts->is_boot_server ? check_at_boot_server_port(request)
				     : check_at_dhcp_port(request);
}

const char *proxy_file(const struct dhcp_request *request, const struct boot_plan *plan)
{
	if (!request->has_item)
		return plan->file;
	if (request->item.type < PXE_ITEM_FIRST)
		return NULL;
	return plan_entry_file(plan, request->item.type - PXE_ITEM_FIRST);
}

/* Why the machine is not answered; DHCP_REASON_NONE: it is. */
static enum dhcp_reason refusal_of(const struct dhcp_request *request,
				   const struct proxy_facts *facts)
{
	if (facts->access == ACCESS_DENIED)
		return DHCP_REASON_DENIED;
	if (facts->access == ACCESS_UNLISTED)
		return DHCP_REASON_UNLISTED;
	/* The ROM of a Raspberry Pi has the names of its files built in. */
	if (facts->plan->file[0] == '\0' && !facts->client->is_raspberry_pi)
		return DHCP_REASON_NO_BOOT_FILE;
	if (request->type == DHCP_DISCOVER)
		return DHCP_REASON_NONE;
	if (request->has_item && (request->item.layer & PXE_LAYER_CREDENTIALS) != 0)
		return DHCP_REASON_CREDENTIALS;
	return proxy_file(request, facts->plan) == NULL ? DHCP_REASON_NO_ENTRY : DHCP_REASON_NONE;
}

struct dhcp_decision proxy_decide(const struct dhcp_request *request,
				  const struct proxy_facts *facts)
{
	struct dhcp_decision decision = { .lease.mac = request->mac,
					  .reason = refusal_of(request, facts) };

	if (decision.reason == DHCP_REASON_NONE)
		decision.verdict = request->type == DHCP_DISCOVER ? DHCP_VERDICT_PROXY_OFFER
								  : DHCP_VERDICT_PROXY_ACK;
	return decision;
}
