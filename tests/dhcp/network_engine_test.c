/* Where packets come from, row by row. bootd has the networks 10.1/16 "pool", 10.2/16 "lab",
 * 10.3/16 "hall" (behind relays) and 10.4/16 "yard" (behind relays); interface 1 has addresses in
 * pool and lab and one in no network, interface 2 in none but a link to routers, interface 3
 * nothing. */
#include "dhcp/network_engine.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct subnet_config networks[] = {
	{ .name = "pool", .network = { 0x0a010000 }, .prefix_length = 16 },
	{ .name = "lab", .network = { 0x0a020000 }, .prefix_length = 16 },
	{ .name = "hall", .network = { 0x0a030000 }, .prefix_length = 16 },
	{ .name = "yard", .network = { 0x0a040000 }, .prefix_length = 16 },
};
static const struct subnets subnets = { networks, COUNT_OF(networks) };

static const struct local_address served[] = {
	{ .interface = 1, .address = { 0xc0a80001 }, .prefix_length = 24 },
	{ .interface = 1, .address = { 0x0a020001 }, .prefix_length = 16 },
	{ .interface = 2, .address = { 0xac100002 }, .prefix_length = 24 },
	{ .interface = 2, .address = { 0xac110002 }, .prefix_length = 24 },
	{ .interface = 1, .address = { 0x0a010001 }, .prefix_length = 16 },
	{ .interface = 1, .address = { 0x0a010002 }, .prefix_length = 16 },
};

#define EVERYBODY        "255.255.255.255"
#define UNICAST(address) .destination = address, .local = address
#define NO_NETWORK       .names = ""

struct row {
	const char *what;
	unsigned interface;
	const char *destination; /* NULL: EVERYBODY */
	const char *local;
	const char *giaddr;
	const char *link;
	const char *server_id;
	const char *ciaddr;
	const char *names;   /* of the networks, with blanks between */
	const char *servers; /* of each */
	const char *missing;
	bool is_routed;
};

static const struct row rows[] = {
	/* clang-format off */
	{ "RFC 2131 4.3.1: from the link: the networks of the interface, in the order of the file",
	  .interface = 1, .names = "pool lab ", .servers = "10.1.0.1 10.2.0.1 " },
	{ "a second address of this machine, which it was sent to, is the one that answers",
	  .interface = 1, UNICAST("10.1.0.2"),
	  .names = "pool lab ", .servers = "10.1.0.2 10.2.0.1 " },
	{ "RFC 2131 4.3.2 REBINDING: from the link, whatever its address",
	  .interface = 1, .ciaddr = "10.3.0.9",
	  .names = "pool lab ", .servers = "10.1.0.1 10.2.0.1 " },
	{ "an interface without a network", .interface = 2, NO_NETWORK },
	{ "an interface without an address", .interface = 3, NO_NETWORK },

	{ "RFC 2131 4.3.2 RENEWING: by unicast from another network, without its relay",
	  .interface = 2, UNICAST("172.16.0.2"), .ciaddr = "10.3.0.9",
	  .names = "hall ", .servers = "172.16.0.2 ", .is_routed = true },
	{ "the same where the interface has networks of its own",
	  .interface = 1, UNICAST("10.1.0.1"), .ciaddr = "10.3.0.9",
	  .names = "hall ", .servers = "10.1.0.1 ", .is_routed = true },
	{ "the same to an address that no interface lists, as of loopback",
	  .interface = 2, UNICAST("192.0.2.1"), .ciaddr = "10.3.0.9",
	  .names = "hall ", .servers = "192.0.2.1 ", .is_routed = true },
	{ "RENEWING: from the link", .interface = 1, UNICAST("10.2.0.1"), .ciaddr = "10.2.0.9",
	  .names = "pool lab ", .servers = "10.1.0.1 10.2.0.1 " },
	{ "RENEWING: of no network: those of the link may say no",
	  .interface = 1, UNICAST("10.1.0.1"), .ciaddr = "10.9.0.9",
	  .names = "pool lab ", .servers = "10.1.0.1 10.2.0.1 " },
	{ "the same where the link has none",
	  .interface = 2, UNICAST("172.16.0.2"), .ciaddr = "10.9.0.9", NO_NETWORK },

	{ "RFC 2131 4.3.1: by a relay: giaddr's network", .interface = 2, UNICAST("172.16.0.2"),
	  .giaddr = "10.3.0.1", .names = "hall ", .servers = "172.16.0.2 ", .is_routed = true },
	{ "by a relay on this machine's own link", .interface = 1, UNICAST("10.1.0.1"),
	  .giaddr = "10.1.0.77", .names = "pool ", .servers = "10.1.0.1 ", .is_routed = true },
	{ "the address that it was sent to answers, whichever interface has it",
	  .interface = 2, UNICAST("172.17.0.2"), .giaddr = "10.4.0.1",
	  .names = "yard ", .servers = "172.17.0.2 ", .is_routed = true },
	{ "also one of loopback", .interface = 2, UNICAST("192.0.2.1"), .giaddr = "10.4.0.1",
	  .names = "yard ", .servers = "192.0.2.1 ", .is_routed = true },
	{ "a relay that broadcasts: the address on its network", .interface = 2,
	  .local = "172.16.0.2", .giaddr = "172.17.0.9", .link = "10.4.0.1",
	  .names = "yard ", .servers = "172.17.0.2 ", .is_routed = true },
	{ "a relay that broadcasts, of another network: the first address", .interface = 2,
	  .giaddr = "10.4.0.1", .names = "yard ", .servers = "172.16.0.2 ", .is_routed = true },
	{ "a relay that broadcasts where this machine has no address", .interface = 3,
	  .giaddr = "10.4.0.1", NO_NETWORK, .is_routed = true },
	{ "RFC 2131 4.3.2: a renewal by a relay: giaddr's network, not ciaddr's",
	  .interface = 2, UNICAST("172.16.0.2"), .giaddr = "10.3.0.1", .ciaddr = "10.4.0.9",
	  .names = "hall ", .servers = "172.16.0.2 ", .is_routed = true },
	{ "a relay of no network", .interface = 2, UNICAST("172.16.0.2"), .giaddr = "10.9.0.1",
	  NO_NETWORK, .missing = "10.9.0.1", .is_routed = true },
	{ "a relay of no network on a link that has some", .interface = 1, UNICAST("10.1.0.1"),
	  .giaddr = "10.9.0.1", NO_NETWORK, .missing = "10.9.0.1", .is_routed = true },

	{ "RFC 3527 4: link selection before giaddr", .interface = 2, UNICAST("172.16.0.2"),
	  .giaddr = "10.3.0.1", .link = "10.4.0.0",
	  .names = "yard ", .servers = "172.16.0.2 ", .is_routed = true },
	{ "RFC 3527 4: also where giaddr is of no network", .interface = 2, UNICAST("172.16.0.2"),
	  .giaddr = "10.9.0.1", .link = "10.4.0.0",
	  .names = "yard ", .servers = "172.16.0.2 ", .is_routed = true },
	{ "RFC 3527 4: a link of no network is not giaddr's", .interface = 2,
	  UNICAST("172.16.0.2"), .giaddr = "10.3.0.1", .link = "10.9.0.0",
	  NO_NETWORK, .missing = "10.9.0.0", .is_routed = true },
	{ "RFC 3046 2.1.1: a machine on the link chooses no network by an option of its own",
	  .interface = 1, .link = "10.4.0.0",
	  .names = "pool lab ", .servers = "10.1.0.1 10.2.0.1 " },
	/* clang-format on */
};

static struct ip4 address_of(const char *text)
{
	return text == NULL ? (struct ip4){ 0 } : ip4_of(text);
}

static struct network_facts facts_of(const struct row *row)
{
	return (struct network_facts){
		.subnets = &subnets,
		.served = served,
		.served_count = COUNT_OF(served),
		.interface = row->interface,
		.destination = row->destination == NULL ? IP4_BROADCAST : ip4_of(row->destination),
		.local = address_of(row->local),
		.giaddr = address_of(row->giaddr),
		.ciaddr = address_of(row->ciaddr),
		.relay = { address_of(row->link), address_of(row->server_id) },
	};
}

static void each_packet_is_of_its_network(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct network_facts facts = facts_of(&rows[i]);
		struct network_choice choice;
		char names[100] = "";
		char servers[100] = "";

		print_message("%s\n", rows[i].what);
		network_find(&facts, &choice);
		for (size_t at = 0; at < choice.count; at++) {
			strcat(strcat(names, choice.list[at].subnet->name), " ");
			strcat(strcat(servers, ip4_format(choice.list[at].server).text), " ");
		}
		assert_string_equal(names, rows[i].names);
		assert_string_equal(servers, rows[i].servers == NULL ? "" : rows[i].servers);
		assert_int_equal(choice.missing.value, address_of(rows[i].missing).value);
		assert_int_equal(choice.is_routed, rows[i].is_routed);
	}
}

static void more_networks_than_a_link_may_have_are_left_out(void **state)
{
	struct subnet_config many[NETWORKS_MAX + 1] = { 0 };
	struct local_address addresses[NETWORKS_MAX + 1] = { 0 };
	struct subnets list = { many, COUNT_OF(many) };
	struct network_facts facts = { .subnets = &list,
				       .served = addresses,
				       .served_count = COUNT_OF(addresses),
				       .destination = IP4_BROADCAST };
	struct network_choice choice;

	(void)state;
	for (uint32_t i = 0; i < COUNT_OF(many); i++) {
		many[i].network.value = (10U << 24) + (i << 8);
		many[i].prefix_length = 24;
		addresses[i].address.value = many[i].network.value + 1;
	}
	network_find(&facts, &choice);
	assert_int_equal(choice.count, NETWORKS_MAX);
}

static void this_machine_is_meant_by_each_of_its_addresses(void **state)
{
	static const struct row broadcast = { .interface = 1 };
	static const struct row relayed = {
		.interface = 2, UNICAST("192.0.2.1"), .giaddr = "10.3.0.1", .server_id = "10.3.0.1"
	};
	static const struct row forged = { .interface = 2, .server_id = "10.3.0.1" };
	struct network_facts facts = facts_of(&broadcast);

	(void)state;
	/* RFC 2131 section 4.1: any of its network addresses. */
	assert_true(network_names_server(&facts, ip4_of("10.1.0.1")));
	assert_true(network_names_server(&facts, ip4_of("172.16.0.2")));
	assert_false(network_names_server(&facts, ip4_of("10.1.0.3")));
	assert_false(network_names_server(&facts, ip4_of("192.0.2.1")));
	assert_false(network_names_server(&facts, (struct ip4){ 0 }));
	/* RFC 5107 section 4: what the relay has it say. */
	facts = facts_of(&relayed);
	assert_true(network_names_server(&facts, ip4_of("10.3.0.1")));
	assert_true(network_names_server(&facts, ip4_of("192.0.2.1")));
	assert_true(network_names_server(&facts, ip4_of("10.1.0.1")));
	assert_false(network_names_server(&facts, ip4_of("10.4.0.1")));
	facts = facts_of(&forged);
	assert_false(network_names_server(&facts, ip4_of("10.3.0.1")));
}

#define NOW_S 1000

static const struct lease live = { .state = LEASE_BOUND, .expires_s = NOW_S + 1 };
static const struct lease ended = { .state = LEASE_BOUND, .expires_s = NOW_S };
static const struct lease offered = { .state = LEASE_OFFERED, .expires_s = NOW_S + 30 };

static const struct {
	const char *what;
	enum dhcp_message_type type;
	const char *requested;
	const char *ciaddr;
	const char *assigned;
	const struct lease *held[3]; /* in pool, lab and hall */
	size_t place;
} picks[] = {
	/* clang-format off */
	{ "a new machine is on the first", .type = DHCP_DISCOVER, .place = 0 },
	{ "RFC 2131 4.3.1: the current binding, whatever it asks for", .type = DHCP_DISCOVER,
	  .requested = "10.1.0.9", .held = { &ended, NULL, &live }, .place = 2 },
	{ "4.3.1: the previous address, before the one asked for", .type = DHCP_DISCOVER,
	  .requested = "10.1.0.9", .held = { NULL, &ended }, .place = 1 },
	{ "4.3.1: what it was offered", .type = DHCP_DISCOVER, .held = { NULL, &offered },
	  .place = 1 },
	{ "4.3.1: the first of several that have ended", .type = DHCP_DISCOVER,
	  .held = { NULL, &ended, &offered }, .place = 1 },
	{ "4.3.1: the address that it asks for", .type = DHCP_DISCOVER, .requested = "10.3.0.9",
	  .place = 2 },
	{ "4.3.1: one of another network is no help", .type = DHCP_DISCOVER,
	  .requested = "10.9.0.9", .place = 0 },
	{ "an assigned address before all", .type = DHCP_DISCOVER, .assigned = "10.3.0.9",
	  .held = { &live }, .requested = "10.2.0.9", .place = 2 },
	{ "one that is of another network does not count", .type = DHCP_DISCOVER,
	  .assigned = "10.4.0.9", .held = { NULL, &live }, .place = 1 },
	{ "4.3.2 SELECTING, INIT-REBOOT: the address that it asks for", .type = DHCP_REQUEST,
	  .requested = "10.2.0.9", .assigned = "10.3.0.9", .held = { &live }, .place = 1 },
	{ "4.3.2 RENEWING, REBINDING: its address", .type = DHCP_REQUEST, .ciaddr = "10.3.0.9",
	  .held = { &live }, .place = 2 },
	{ "4.3.2: an address of none of them: any may say no", .type = DHCP_REQUEST,
	  .requested = "10.9.0.9", .held = { NULL, &live }, .place = 0 },
	{ "4.3.3 DECLINE: the address that it found in use", .type = DHCP_DECLINE,
	  .requested = "10.2.0.9", .place = 1 },
	{ "4.3.4 RELEASE: its address", .type = DHCP_RELEASE, .ciaddr = "10.3.0.9",
	  .requested = "10.2.0.9", .place = 2 },
	{ "4.3.5 INFORM: its address", .type = DHCP_INFORM, .ciaddr = "10.2.0.9", .place = 1 },
	{ "BOOTP: its address", .type = DHCP_NONE, .ciaddr = "10.3.0.9", .held = { &live },
	  .place = 2 },
	{ "BOOTP: where it has one", .type = DHCP_NONE, .held = { NULL, &live }, .place = 1 },
	/* clang-format on */
};

static void of_several_networks_the_one_that_the_message_is_about_counts(void **state)
{
	static const struct network_choice choice = {
		.list = { { .subnet = &networks[0] },
			  { .subnet = &networks[1] },
			  { .subnet = &networks[2] } },
		.count = 3,
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(picks); i++) {
		struct dhcp_request request = { .type = picks[i].type,
						.requested = address_of(picks[i].requested),
						.ciaddr = address_of(picks[i].ciaddr) };

		print_message("%s\n", picks[i].what);
		assert_int_equal(network_pick(&choice, &request, address_of(picks[i].assigned),
					      picks[i].held, NOW_S),
				 picks[i].place);
	}
}

static void the_router_of_a_network_is_on_it(void **state)
{
	struct subnet_config subnet = networks[2];
	struct ip4 server = ip4_of("172.16.0.2");

	(void)state;
	assert_int_equal(network_gateway(&subnet, ip4_of("10.3.0.1"), (struct ip4){ 0 }).value,
			 ip4_of("10.3.0.1").value);
	assert_int_equal(network_gateway(&subnet, server, ip4_of("10.3.0.7")).value,
			 ip4_of("10.3.0.7").value);
	/* By link selection, giaddr may be of another network than the machine. */
	assert_int_equal(network_gateway(&subnet, server, ip4_of("10.4.0.7")).value, 0);
	assert_int_equal(network_gateway(&subnet, server, (struct ip4){ 0 }).value, 0);
	subnet.gateway = ip4_of("10.3.0.254");
	assert_int_equal(network_gateway(&subnet, ip4_of("10.3.0.1"), ip4_of("10.3.0.7")).value,
			 ip4_of("10.3.0.254").value);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_packet_is_of_its_network),
		cmocka_unit_test(more_networks_than_a_link_may_have_are_left_out),
		cmocka_unit_test(this_machine_is_meant_by_each_of_its_addresses),
		cmocka_unit_test(of_several_networks_the_one_that_the_message_is_about_counts),
		cmocka_unit_test(the_router_of_a_network_is_on_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
