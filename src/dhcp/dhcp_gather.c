#include "boot/access.h"
#include "config/host.h"
#include "dhcp/dhcp_exchange.h"
#include "dhcp/dhcp_probe.h"
#include "io/udp.h"

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

/* A restart forgets the sessions and keeps the leases: the one on the address that an installed
 * system asks for tells which UUID its firmware showed. */
static void recall_by_lease(struct exchange *exchange)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;
	struct client *client = &exchange->client;
	const struct session *session;
	const struct lease *lease;

	if (parts->config->leases.identity != LEASE_BY_UUID || exchange->is_proxied ||
	    client->has_uuid)
		return;
	session = session_find(parts->sessions, client->mac, exchange->facts.now_s);
	if (session != NULL && session->has_uuid)
		return;
	lease = parts->leases->operations->find_address(parts->leases,
							dhcp_wanted(&exchange->request));
	if (lease != NULL && mac_is_same(lease->mac, client->mac))
		client->has_uuid = lease_identity_uuid(&lease->owner, &client->uuid);
}

/* A machine that boots, or whose UUID is known, has a session. Where an authority is asked, every
 * machine has one: what was said of it must be remembered. */
static void join_session(struct exchange *exchange)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;
	struct client *client = &exchange->client;

	recall_by_lease(exchange);
	if (!client->is_boot_stage && !client->has_uuid && parts->authority == NULL &&
	    session_find(parts->sessions, client->mac, exchange->facts.now_s) == NULL)
		return;
	exchange->session = session_open(parts->sessions, client->mac, exchange->facts.now_s);
	session_enter_stage(exchange->session, client->is_boot_stage);
	recall(client, exchange->session);
}

void dhcp_gather_networks(struct exchange *exchange)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;
	const struct datagram *datagram = exchange->datagram;

	exchange->network = (struct network_facts){
		.subnets = &parts->config->subnets,
		.served = parts->served,
		.served_count = parts->served_count,
		.interface = datagram->interface,
		.destination = ip_to_4(datagram->destination),
		.local = ip_to_4(datagram->local),
		.giaddr = exchange->message.header.giaddr,
		.ciaddr = exchange->message.header.ciaddr,
		.relay = relay_decode(dhcp_option(&exchange->message, OPTION_RELAY_AGENT)),
	};
	network_find(&exchange->network, &exchange->networks);
}

static size_t pool_of(const struct exchange *exchange, const struct subnet_config *subnet)
{
	return (size_t)(subnet - exchange->service->parts.config->subnets.list);
}

/* What option 54 says. A machine that has chosen an address of this server goes on to find it
 * there. */
static struct ip4 server_id_of(const struct exchange *exchange)
{
	const struct network_facts *network = &exchange->network;

	if (exchange->request.names_server &&
	    network_names_server(network, exchange->request.server))
		return exchange->request.server;
	if (ip4_is_set(network->giaddr) && ip4_is_set(network->relay.server_id))
		return network->relay.server_id;
	return exchange->server;
}

/* A proxy answers from an address of its own choice. */
static void enter_network(struct exchange *exchange, size_t place)
{
	exchange->subnet = exchange->networks.list[place].subnet;
	if (!exchange->is_proxied)
		exchange->server = exchange->networks.list[place].server;
}

/* The network that it is on, and what it holds there. */
static void gather_network(struct exchange *exchange)
{
	const struct lease_store *leases = exchange->service->parts.leases;
	const struct network_choice *networks = &exchange->networks;
	const struct lease *held[NETWORKS_MAX] = { NULL };
	size_t place;

	for (size_t i = 0; i < networks->count; i++)
		held[i] = leases->operations->find_machine(
			leases, pool_of(exchange, networks->list[i].subnet),
			&exchange->request.owner);
	if (networks->count > 0) {
		place = network_pick(networks, &exchange->request, exchange->facts.assigned, held,
				     exchange->facts.now_s);
		enter_network(exchange, place);
		exchange->facts.held = held[place];
	}
	exchange->facts.server = server_id_of(exchange);
}

/* Another machine was acknowledged the address, before the configuration had it for this one. */
static bool is_leased_to_other(const struct exchange *exchange, struct ip4 address)
{
	const struct lease_store *leases = exchange->service->parts.leases;
	const struct lease *lease;

	if (exchange->is_proxied)
		return false;
	lease = leases->operations->find_address(leases, address);
	return lease != NULL && lease->state == LEASE_BOUND &&
	       lease->expires_s > exchange->facts.now_s &&
	       !mac_is_same(lease->mac, exchange->message.mac) &&
	       !lease_identity_is_same(&lease->owner, &exchange->request.owner);
}

static void assign(struct exchange *exchange, struct ip4 address)
{
	if (!is_leased_to_other(exchange, address)) {
		exchange->facts.assigned = address;
		return;
	}
	activity_note(exchange->service->parts.activity,
		      &(struct event){ .kind = EVENT_DHCP_ASSIGNED_IS_LEASED,
				       .has_mac = true,
				       .mac = exchange->message.mac,
				       .address = ip_from_4(address) });
}

/* What the configuration has for the machine. Its address counts where it is of this link. */
static void gather_host(struct exchange *exchange)
{
	const struct config *config = exchange->service->parts.config;
	const struct client *client = &exchange->client;
	struct ip4 assigned = access_static_address(config, client->mac);
	size_t place;

	exchange->host =
		host_find(&config->hosts, &client->mac, client->has_uuid ? &client->uuid : NULL,
			  dhcp_option(&exchange->message, OPTION_CLIENT_ID));
	if (exchange->host != NULL && ip4_is_set(exchange->host->address))
		assigned = exchange->host->address;
	exchange->is_listed = exchange->host != NULL || ip4_is_set(assigned);
	if (network_has(&exchange->networks, assigned, &place))
		assign(exchange, assigned);
}

static bool may_be_served(const struct exchange *exchange)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;

	return parts->config->bootp.may_serve_simple_dhcp || exchange->is_listed ||
	       (exchange->session != NULL && exchange->session->has_booted) ||
	       exchange->facts.held != NULL;
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
	gather_host(exchange);
	gather_network(exchange);
	facts->may_be_served = may_be_served(exchange);
	exchange->client.hears_only_broadcast = buggy != NULL && buggy->is_yes;
}

static bool find_free(struct exchange *exchange, const struct subnet_config *subnet,
		      struct ip4 wanted)
{
	struct dhcp_facts *facts = &exchange->facts;

	return dhcp_probe_find(exchange->service->probe, pool_of(exchange, subnet), wanted,
			       facts->now_s, &facts->free_address);
}

/* In its network; where nothing is left there, in the first one of its link that has something. */
static void gather_free(struct exchange *exchange, struct ip4 wanted)
{
	struct dhcp_facts *facts = &exchange->facts;

	facts->has_free_address = find_free(exchange, exchange->subnet, wanted);
	for (size_t i = 0; i < exchange->networks.count && !facts->has_free_address; i++) {
		if (!find_free(exchange, exchange->networks.list[i].subnet, wanted))
			continue;
		facts->has_free_address = true;
		enter_network(exchange, i);
		facts->server = server_id_of(exchange);
	}
}

void dhcp_gather_addresses(struct exchange *exchange)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;
	const struct lease_operations *leases = parts->leases->operations;
	const struct dhcp_request *request = &exchange->request;
	struct dhcp_facts *facts = &exchange->facts;
	struct ip4 wanted = dhcp_wanted(request);

	facts->store_forgets = parts->leases->forgets;
	facts->store_fails = parts->leases->fails;
	facts->store_lost = parts->leases->lost_until_s > facts->now_s;
	facts->held_is_pending =
		facts->held != NULL && leases->is_pending(parts->leases, facts->held->address);
	facts->wanted_is_free = leases->is_free(parts->leases, wanted, facts->now_s);
	if (facts->held == NULL && !ip4_is_set(facts->assigned) &&
	    (request->type == DHCP_DISCOVER ||
	     (request->type == DHCP_NONE && !ip4_is_set(request->ciaddr))))
		gather_free(exchange, wanted);
}
