#include "boot/access.h"
#include "dhcp/dhcp_exchange.h"
#include "dhcp/dhcp_probe.h"

uint64_t dhcp_now_s(const struct dhcp_service *service)
{
	return loop_now_ms(service->parts.loop) / 1000;
}

/* What an earlier stage told of the machine stands in for what this one leaves out. */
static void recall(struct client *client, struct session *session)
{
	if (client->has_architecture) {
		session->has_architecture = true;
		session->architecture = client->architecture;
	}
	if (client->has_uuid) {
		session->has_uuid = true;
		session->uuid = client->uuid;
	}
	client->has_architecture = session->has_architecture;
	client->architecture = session->architecture;
	client->has_uuid = session->has_uuid;
	client->uuid = session->uuid;
}

/* A machine that boots has a session. Where an authority is asked, every machine has one: what was
 * said of it must be remembered. */
static void join_session(struct exchange *exchange)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;
	struct client *client = &exchange->client;

	if (!client->is_boot_stage && parts->authority == NULL &&
	    session_find(parts->sessions, client->mac, exchange->facts.now_s) == NULL)
		return;
	exchange->session = session_open(parts->sessions, client->mac, exchange->facts.now_s);
	session_enter_stage(exchange->session, client->is_boot_stage);
	recall(client, exchange->session);
}

static bool may_be_served(const struct exchange *exchange)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;

	return parts->config->bootp.may_serve_simple_dhcp ||
	       (exchange->session != NULL && exchange->session->has_booted) ||
	       exchange->facts.held != NULL || ip4_is_set(exchange->facts.assigned);
}

void dhcp_gather_machine(struct exchange *exchange)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;
	struct dhcp_facts *facts = &exchange->facts;
	struct mac mac = exchange->message.mac;
	const struct mac_rule *buggy = access_find_mac(&parts->config->buggy_clients, mac);

	facts->now_s = dhcp_now_s(exchange->service);
	join_session(exchange);
	exchange->request.owner = dhcp_owner_of(&exchange->message, &exchange->client,
						parts->config->leases.identity);
	facts->held =
		parts->leases->operations->find_machine(parts->leases, 0, &exchange->request.owner);
	facts->assigned = access_static_address(parts->config, mac);
	facts->may_be_served = may_be_served(exchange);
	exchange->client.hears_only_broadcast = buggy != NULL && buggy->is_yes;
}

void dhcp_gather_addresses(struct exchange *exchange)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;
	const struct lease_operations *leases = parts->leases->operations;
	const struct dhcp_request *request = &exchange->request;
	struct dhcp_facts *facts = &exchange->facts;
	struct ip4 wanted = ip4_is_set(request->requested) ? request->requested : request->ciaddr;

	facts->store_forgets = parts->leases->forgets;
	facts->store_fails = parts->leases->fails;
	facts->store_lost = parts->leases->lost_until_s > facts->now_s;
	facts->wanted_is_free = leases->is_free(parts->leases, wanted, facts->now_s);
	if (facts->held == NULL && (request->type == DHCP_DISCOVER || request->type == DHCP_NONE))
		facts->has_free_address = dhcp_probe_find(exchange->service->probe, wanted,
							  facts->now_s, &facts->free_address);
}
