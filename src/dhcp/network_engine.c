#include "dhcp/network_engine.h"

#include "config/subnet.h"

static bool is_on(struct ip4 address, const struct subnet_config *subnet)
{
	return ip4_is_within(address, subnet->network, subnet->prefix_length);
}

/* It was sent to an address of this machine alone. */
static bool is_unicast(const struct network_facts *facts)
{
	return ip4_is_set(facts->local) && ip4_is_same(facts->local, facts->destination);
}

/* What a relay sends by unicast it sends to one address, which therefore stays the same in an
 * exchange. What it broadcasts comes from the link: the address of its network there, else the
 * first. */
static struct ip4 server_towards_relay(const struct network_facts *facts)
{
	struct ip4 first = { 0 };

	if (is_unicast(facts))
		return facts->local;
	for (size_t i = 0; i < facts->served_count; i++) {
		const struct local_address *address = &facts->served[i];

		if (address->interface != facts->interface)
			continue;
		if (ip4_is_within(facts->giaddr,
				  ip4_network(address->address, address->prefix_length),
				  address->prefix_length))
			return address->address;
		if (!ip4_is_set(first))
			first = address->address;
	}
	return first;
}

static void add_only(struct network_choice *choice, const struct subnet_config *subnet,
		     struct ip4 server)
{
	choice->list[0] = (struct network_candidate){ subnet, server };
	choice->count = 1;
}

static void find_relayed(const struct network_facts *facts, struct network_choice *choice)
{
	struct ip4 link = ip4_is_set(facts->relay.link) ? facts->relay.link : facts->giaddr;
	const struct subnet_config *subnet = subnet_find(facts->subnets, link);
	struct ip4 server = server_towards_relay(facts);

	choice->is_routed = true;
	if (subnet == NULL)
		choice->missing = link;
	else if (ip4_is_set(server))
		add_only(choice, subnet, server);
}

/* Once each, in the configuration's order. Where this machine has several addresses in a network,
 * the one that was written to, else the first, is its address there. */
static void add(const struct network_facts *facts, struct network_choice *choice,
		const struct subnet_config *subnet, struct ip4 server)
{
	size_t at = choice->count;

	while (at > 0 && choice->list[at - 1].subnet > subnet)
		at--;
	if (at > 0 && choice->list[at - 1].subnet == subnet) {
		if (ip4_is_same(server, facts->local))
			choice->list[at - 1].server = server;
		return;
	}
	if (choice->count == NETWORKS_MAX)
		return;
	memmove(&choice->list[at + 1], &choice->list[at],
		(choice->count - at) * sizeof(choice->list[0]));
	choice->list[at] = (struct network_candidate){ subnet, server };
	choice->count++;
}

static void find_on_link(const struct network_facts *facts, struct network_choice *choice)
{
	for (size_t i = 0; i < facts->served_count; i++) {
		const struct local_address *address = &facts->served[i];
		const struct subnet_config *subnet;

		if (address->interface != facts->interface)
			continue;
		subnet = subnet_find(facts->subnets, address->address);
		if (subnet != NULL)
			add(facts, choice, subnet, address->address);
	}
}

/* A renewal reaches the server by unicast, past the relay (RFC 2131 section 4.3.2). */
static void find_routed(const struct network_facts *facts, struct network_choice *choice)
{
	const struct subnet_config *subnet = subnet_find(facts->subnets, facts->ciaddr);
	size_t place;

	if (subnet == NULL || network_has(choice, facts->ciaddr, &place))
		return;
	add_only(choice, subnet, facts->local);
	choice->is_routed = true;
}

void network_find(const struct network_facts *facts, struct network_choice *out_choice)
{
	struct network_choice choice = { .count = 0 };

	if (ip4_is_set(facts->giaddr)) {
		find_relayed(facts, &choice);
	} else {
		find_on_link(facts, &choice);
		if (is_unicast(facts) && ip4_is_set(facts->ciaddr))
			find_routed(facts, &choice);
	}
	*out_choice = choice;
}

bool network_names_server(const struct network_facts *facts, struct ip4 server)
{
	if (ip4_is_set(facts->giaddr) && ip4_is_set(facts->relay.server_id) &&
	    ip4_is_same(server, facts->relay.server_id))
		return true;
	if (is_unicast(facts) && ip4_is_same(server, facts->local))
		return true;
	for (size_t i = 0; i < facts->served_count; i++) {
		if (ip4_is_same(server, facts->served[i].address))
			return true;
	}
	return false;
}

bool network_has(const struct network_choice *choice, struct ip4 address, size_t *out_place)
{
	for (size_t i = 0; i < choice->count; i++) {
		if (is_on(address, choice->list[i].subnet)) {
			*out_place = i;
			return true;
		}
	}
	return false;
}

static bool is_live(const struct lease *lease, uint64_t now_s)
{
	return lease->state == LEASE_BOUND && lease->expires_s > now_s;
}

/* The network where the machine has a lease that runs, else any lease or offer. */
static bool find_held(const struct network_choice *choice, const struct lease *const *held,
		      uint64_t now_s, size_t *out_place)
{
	bool is_found = false;

	for (size_t i = 0; i < choice->count; i++) {
		if (held[i] == NULL || (is_found && !is_live(held[i], now_s)))
			continue;
		*out_place = i;
		if (is_live(held[i], now_s))
			return true;
		is_found = true;
	}
	return is_found;
}

/* The address that the message is about: in some messages the other field means nothing. */
static struct ip4 subject_of(const struct dhcp_request *request)
{
	bool is_its_own = request->type == DHCP_RELEASE || request->type == DHCP_INFORM ||
			  request->type == DHCP_NONE;

	return is_its_own || !ip4_is_set(request->requested) ? request->ciaddr : request->requested;
}

size_t network_pick(const struct network_choice *choice, const struct dhcp_request *request,
		    struct ip4 assigned, const struct lease *const *held, uint64_t now_s)
{
	struct ip4 subject = subject_of(request);
	bool wants_one = request->type == DHCP_DISCOVER ||
			 (request->type == DHCP_NONE && !ip4_is_set(subject));
	size_t place = 0;

	if (wants_one &&
	    (network_has(choice, assigned, &place) || find_held(choice, held, now_s, &place)))
		return place;
	(void)network_has(choice, subject, &place);
	return place;
}

struct ip4 network_gateway(const struct subnet_config *subnet, struct ip4 server, struct ip4 giaddr)
{
	if (ip4_is_set(subnet->gateway))
		return subnet->gateway;
	if (is_on(server, subnet))
		return server;
	return is_on(giaddr, subnet) ? giaddr : (struct ip4){ 0 };
}
