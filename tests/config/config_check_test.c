#include "config/config_check.h"

#include "config/checked.h"
#include "config/config_values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NETWORKS                                                                                   \
	"lo (127.0.0.1/8), eth0 (192.168.1.1/24), eth0 (10.0.0.1/8), eth1 (10.9.0.1/30), "         \
	"tun0 (172.16.0.1/32)"

static const struct local_address addresses[] = {
	{ 1, "lo", IP4(127, 0, 0, 1), 8 },     { 2, "eth0", IP4(192, 168, 1, 1), 24 },
	{ 2, "eth0", IP4(10, 0, 0, 1), 8 },    { 3, "eth1", IP4(10, 9, 0, 1), 30 },
	{ 4, "tun0", IP4(172, 16, 0, 1), 32 },
};

#define IP6_NETWORKS "lo (::1/128), eth0 (fe80::1/64), eth1 (2001:db8::1/64)"

static const struct local_ip ip6_addresses[] = {
	{ 1, "lo", { 0, 1, 0 }, 128 },
	{ 2, "eth0", { UINT64_C(0xfe80) << 48, 1, 2 }, 64 },
	{ 3, "eth1", { UINT64_C(0x20010db8) << 32, 1, 0 }, 64 },
};

static const struct ip4 resolvers[] = {
	IP4(127, 0, 0, 53),
	IP4(0, 0, 0, 0),
	IP4(9, 9, 9, 9),
};

static const struct config_surroundings machine = {
	.addresses = addresses,
	.address_count = COUNT(addresses),
	.ip6_addresses = ip6_addresses,
	.ip6_address_count = COUNT(ip6_addresses),
	.resolvers = resolvers,
	.resolver_count = COUNT(resolvers),
};

const struct checking usual = { .surroundings = &machine, .has_dhcp = true, .has_tftp = true };

static void check_on(const struct config_surroundings *surroundings, const char *text,
		     bool has_dhcp, bool has_tftp)
{
	const struct checking checking = { .surroundings = surroundings,
					   .has_dhcp = has_dhcp,
					   .has_tftp = has_tftp };

	check_for(&checking, text);
}

static void check_http_text(const char *text)
{
	static const struct checking checking = { .surroundings = &machine,
						  .has_tftp = true,
						  .has_http = true };
	char whole[400];

	(void)snprintf(whole, sizeof(whole), "[tftp]\nroot = /t\naddress = 10.0.0.1\n%s", text);
	check_for(&checking, whole);
}

static void http_serves_what_and_where_tftp_does(void **state)
{
	(void)state;
	check_http_text("");
	assert_int_equal(problems.count, 0);
	assert_string_equal(config.httpd.root, "/t");
	assert_int_equal(config.httpd.address.kind, SELECT_ADDRESS);
	assert_int_equal(config.httpd.port, 80);
	check_http_text("[httpd]\nroot = /h\naddress = 0.0.0.0\ncert = c\nkey = k\n");
	assert_int_equal(problems.count, 0);
	assert_string_equal(config.httpd.root, "/h");
	assert_int_equal(config.httpd.address.kind, SELECT_ALL);
	assert_int_equal(config.httpd.port, 443);
	check_http_text("[httpd]\nport = 8443\ncert = c\nkey = k\n");
	assert_int_equal(config.httpd.port, 8443);
}

static void wrong_keys_of_http_are_told(void **state)
{
	static const struct {
		const char *text, *key, *words;
	} cases[] = {
		{ "cert = c\n", "[httpd] cert", "needs its key" },
		{ "key = k\n", "[httpd] key", "needs its certificate" },
		{ "max_connections = 10\nmax_per_address = 11\n", "[httpd] max_per_address",
		  "max_connections is 10" },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(text, sizeof(text), "[httpd]\n%s", cases[i].text);
		check_http_text(text);
		assert_int_equal(problems.count, 1);
		assert_string_equal(problems.list[0].key, cases[i].key);
		assert_non_null(strstr(problems.list[0].text, cases[i].words));
	}
	check_http_text("[httpd]\naddress = 203.0.113.1\n");
	assert_int_equal(problems.count, 0);
	assert_int_equal(problems.warning_count, 1);
	assert_string_equal(problems.warnings[0].key, "[httpd] address");
	/* The default gives way to a small limit. */
	check_http_text("[httpd]\nmax_connections = 10\n");
	assert_int_equal(problems.count, 0);
}

/* Nothing is wrong, but bootd waits for this one; none of the machine's networks is served. */
static void assert_awaited(const char *text, unsigned line, const char *key, const char *words)
{
	assert_accepted(text);
	assert_int_equal(problems.warning_count, 1);
	assert_int_equal(problems.warnings[0].line, line);
	assert_string_equal(problems.warnings[0].key, key);
	if (strstr(problems.warnings[0].text, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, problems.warnings[0].text);
	assert_non_null(strstr(problems.warnings[0].text, "yet: bootd waits for it; there is: "));
}

static void assert_pool(const char *first, const char *last)
{
	assert_string_equal(ip4_format(config.subnets.list[0].ranges.list[0].first).text, first);
	assert_string_equal(ip4_format(config.subnets.list[0].ranges.list[0].last).text, last);
}

static void fills_the_subnet(void **state)
{
	(void)state;
	assert_accepted("[bootp]\npool_start = 192.168.1.100\npool_count = 50\n"
			"gateway = 192.168.1.254\nlease_time = 1h\n");
	assert_pool("192.168.1.100", "192.168.1.149");
	assert_true(ip4_is_same(config.subnets.list[0].network, IP4(192, 168, 1, 0)));
	assert_int_equal(config.subnets.list[0].prefix_length, 24);
	assert_true(ip4_is_same(config.subnets.list[0].netmask, IP4(255, 255, 255, 0)));
	assert_true(ip4_is_same(config.subnets.list[0].gateway, IP4(192, 168, 1, 254)));
	assert_int_equal(config.subnets.list[0].lease_time_s, 3600);
	assert_accepted("[bootp]\npool_start = 192.168.1.100\nnetmask = 255.255.0.0\n");
	assert_true(ip4_is_same(config.subnets.list[0].netmask, IP4(255, 255, 0, 0)));
	assert_int_equal(config.subnets.list[0].prefix_length, 24);
	assert_false(ip4_is_set(config.subnets.list[0].gateway));
}

static void a_pool_without_a_count_takes_the_rest(void **state)
{
	(void)state;
	assert_accepted("[bootp]\npool_start = 192.168.1.100\n");
	assert_pool("192.168.1.100", "192.168.1.254");
	assert_accepted("[bootp]\npool_start = 192.168.1.254\n");
	assert_pool("192.168.1.254", "192.168.1.254");
	assert_accepted("[bootp]\npool_start = 10.1.0.0\n");
	assert_pool("10.1.0.0", "10.1.3.231");
	assert_accepted("[bootp]\npool_start = 127.0.0.2\n");
	assert_pool("127.0.0.2", "127.0.3.233");
}

static void a_pool_may_contain_what_is_taken(void **state)
{
	(void)state;
	assert_accepted("[bootp]\npool_start = 192.168.1.1\ngateway = 192.168.1.200\n");
	assert_pool("192.168.1.1", "192.168.1.254");
	assert_accepted("[bootp]\npool_start = 192.168.1.200\ngateway = 192.168.1.200\n");
	assert_pool("192.168.1.200", "192.168.1.254");
}

static void a_pool_fits_in_its_network(void **state)
{
	(void)state;
	assert_accepted("[bootp]\npool_start = 192.168.1.100\npool_count = 155\n");
	assert_pool("192.168.1.100", "192.168.1.254");
	assert_refused("[bootp]\npool_start = 192.168.1.100\npool_count = 156\n", 3,
		       "[bootp] pool_count", "at most 155");
	assert_refused("[bootp]\npool_start = 192.168.1.0\n", 2, "[bootp] pool_start",
		       "network's own address");
	assert_refused("[bootp]\npool_start = 192.168.1.255\n", 2, "[bootp] pool_start",
		       "broadcast address");
	assert_refused("[bootp]\npool_start = 172.16.0.1\n", 2, "[bootp] pool_start",
		       "without room for a pool: tun0 (172.16.0.1/32)");
}

/* 10.9.0.2 is on the networks of eth0 and eth1: the smaller one is meant. */
static void the_smallest_network_is_the_pools(void **state)
{
	(void)state;
	assert_accepted("[bootp]\npool_start = 10.9.0.2\n");
	assert_pool("10.9.0.2", "10.9.0.2");
	assert_int_equal(config.subnets.list[0].prefix_length, 30);
	assert_accepted("[bootp]\naddress = eth0\npool_start = 10.9.0.2\npool_count = 2\n");
	assert_int_equal(config.subnets.list[0].prefix_length, 8);
}

static void a_pool_on_no_local_network_is_awaited(void **state)
{
	(void)state;
	assert_awaited("[bootp]\npool_start = 192.168.2.100\n", 2, "[bootp] pool_start",
		       "192.168.2.100 is on no network of this machine yet: bootd waits for it; "
		       "there is: " NETWORKS);
	assert_int_equal(config.home.state, HOME_AWAITED);
	assert_int_equal(config.subnets.count, 0);
	/* What is wrong on every network is not awaited. */
	assert_refused("[bootp]\npool_start = 192.168.2.100\nnetmask = 255.0.255.0\n", 3,
		       "[bootp] netmask", "ones must all come first");
	/* Nor can [static_dhcp] be judged. */
	assert_awaited("[bootp]\npool_start = 192.168.2.100\n[static_dhcp]\n"
		       "02-00-00-00-00-01 = 192.168.2.1\n",
		       2, "[bootp] pool_start", "on no network");
	assert_refused("[bootp]\naddress = eth1\npool_start = 192.168.1.100\n", 3,
		       "[bootp] pool_start",
		       "is on eth0 (192.168.1.1/24), which [bootp] address does not select");
	/* Another address of the same interface selects it too. */
	assert_accepted("[bootp]\naddress = 10.0.0.1\npool_start = 192.168.1.100\n");
}

static void without_a_pool_there_is_an_example(void **state)
{
	(void)state;
	assert_refused("[bootp]\n", 0, "[bootp] pool_start",
		       "such as 192.168.1.100 on eth0 (192.168.1.1/24)");
	assert_refused("[bootp]\npool_start = ; later\n", 2, "[bootp] pool_start", "no pool_start");
	assert_refused("[bootp]\naddress = eth1\n", 0, "[bootp] pool_start",
		       "such as 10.9.0.2 on eth1 (10.9.0.1/30)");
	assert_refused("[bootp]\naddress = lo\n", 0, "[bootp] pool_start", "there is: " NETWORKS);
	/* What is no address is complained of once. */
	assert_refused("[bootp]\npool_start = here\n", 2, "[bootp] pool_start", "no address");
}

static void the_example_is_no_taken_address(void **state)
{
	static const struct {
		struct local_address local;
		const char *words;
	} cases[] = {
		{ { 2, "a", IP4(10, 0, 0, 100), 24 }, "such as 10.0.0.101 on" },
		{ { 2, "a", IP4(10, 0, 0, 14), 28 }, "such as 10.0.0.13 on" },
		{ { 2, "a", IP4(10, 0, 0, 13), 28 }, "such as 10.0.0.14 on" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config_surroundings surroundings = { .addresses = &cases[i].local,
							    .address_count = 1 };

		check_on(&surroundings, "", true, true);
		assert_int_equal(problems.count, 1);
		assert_non_null(strstr(problems.list[0].text, cases[i].words));
	}
}

static void a_machine_without_addresses(void **state)
{
	static const struct config_surroundings nothing = { 0 };

	(void)state;
	check_on(&nothing, "[bootp]\npool_start = 10.0.0.1\n", true, true);
	assert_int_equal(problems.count, 0);
	assert_int_equal(problems.warning_count, 1);
	assert_non_null(strstr(problems.warnings[0].text, "no IPv4 address on any interface"));
	check_on(&nothing, "", true, true);
	assert_int_equal(problems.count, 1);
	check_on(&nothing, "", false, true);
	assert_int_equal(problems.count, 0);
}

static void a_long_list_of_networks_is_cut(void **state)
{
	static struct local_address many[200];
	struct config_surroundings surroundings = { .addresses = many, .address_count = 200 };
	const char *text = problems.warnings[0].text;

	(void)state;
	for (unsigned i = 0; i < COUNT(many); i++) {
		many[i] = (struct local_address){ i, "", IP4(192, 168, i, 1), 24 };
		(void)snprintf(many[i].name, sizeof(many[i].name), "veth%u", i);
	}
	check_on(&surroundings, "[bootp]\npool_start = 10.0.0.1\n", true, true);
	assert_int_equal(problems.warning_count, 1);
	assert_string_equal(text + strlen(text) - strlen("/24), ..."), "/24), ...");
}

static void what_selectors_do_not_select_yet_is_awaited(void **state)
{
	(void)state;
	/* One thing to wait for, not two; and the pool is not served elsewhere meanwhile. */
	assert_awaited("[bootp]\naddress = eth7\npool_start = 192.168.1.100\n", 2,
		       "[bootp] address",
		       "no interface of this name has an address yet: bootd waits for it; "
		       "there is: " NETWORKS);
	assert_int_equal(config.home.state, HOME_AWAITED);
	assert_int_equal(config.subnets.count, 0);
	assert_awaited("[bootp]\naddress = 10.1.0.0\npool_start = 10.1.0.2\n", 2, "[bootp] address",
		       "this is on no interface yet");
	assert_awaited("[bootp]\npool_start = 192.168.1.100\n[tftp]\naddress = 10.1.0.0\n", 4,
		       "[tftp] address", "this is on no interface yet");
	assert_int_equal(config.home.state, HOME_SERVED);
	assert_accepted("[bootp]\npool_start = 192.168.1.100\n[tftp]\naddress = 10.0.0.0\n");
}

/* TFTP alone. */
static void assert_files_awaited(const char *text)
{
	check_for_tftp_alone(text);
	assert_int_equal(problems.count, 0);
	assert_int_equal(problems.warning_count, 1);
	assert_string_equal(problems.warnings[0].key, "[tftp] address");
	assert_string_equal(
		problems.warnings[0].text,
		"this is on no interface yet: bootd waits for it; there is: " IP6_NETWORKS);
}

/* TFTP and HTTP may be served by IPv6; DHCP is IPv4's. */
static void ip6_is_for_files(void **state)
{
	static const char *const addresses_of_6[] = { "::", "2001:db8::1",
						      "2001:db8::", "fe80::1%eth0" };
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT(addresses_of_6); i++) {
		(void)snprintf(text, sizeof(text),
			       "[bootp]\npool_start = 192.168.1.100\n[tftp]\naddress = %s\n",
			       addresses_of_6[i]);
		check_text(text);
		assert_int_equal(problems.count, 0);
		assert_int_equal(problems.warning_count, i == 0 ? 0 : 1);
		(void)snprintf(text, sizeof(text),
			       "[bootp]\naddress = %s\npool_start = 192.168.1.100\n",
			       addresses_of_6[i]);
		assert_refused(text, 2, "[bootp] address", "DHCP is served over IPv4 only");
	}
	assert_non_null(strstr(problems.list[0].text, "IPv6 is for address in [tftp] and [httpd]"));
	assert_files_awaited("[tftp]\naddress = 2001:db8:1::\n");
	assert_files_awaited("[tftp]\naddress = fe80::1%eth1\n");
	assert_refused("[bootp]\npool_start = 192.168.1.100\n[tftp]\naddress = fe80::1\n", 4,
		       "[tftp] address", "such as fe80::1%eth0");
}

static void selectors_match_interfaces(void **state)
{
	static const struct {
		const char *selector;
		const char *selected; /* of rows, by their letters */
	} cases[] = {
		{ "0.0.0.0", "a" },     { "::", "abc" },         { "192.168.1.1", "a" },
		{ "192.168.1.0", "a" }, { "192.168.1.2", "" },   { "eth0", "ab" },
		{ "eth", "" },          { "2001:db8::1", "c" },  { "2001:db8::", "c" },
		{ "2001:db8::2", "" },  { "fe80::1%eth0", "b" }, { "fe80::1%eth1", "" },
	};
	struct local_ip rows[3] = { local_ip_from_4(&addresses[1]), ip6_addresses[1],
				    ip6_addresses[2] };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct selector selector;
		char selected[4] = "";

		assert_true(value_parse_selector(cases[i].selector, &selector));
		for (size_t row = 0; row < COUNT(rows); row++) {
			if (selector_matches(&selector, &rows[row]))
				selected[strlen(selected)] = (char)('a' + row);
		}
		assert_string_equal(selected, cases[i].selected);
	}
}

static void a_service_listens_by_its_selector(void **state)
{
	static const struct {
		const char *selector;
		enum ip_families families;
		const char *address; /* 0.0.0.0: every one */
	} cases[] = {
		{ "0.0.0.0", IP_ONLY_4, "0.0.0.0" },
		{ "::", IP_BOTH, "0.0.0.0" },
		{ "eth0", IP_BOTH, "0.0.0.0" },
		{ "192.168.1.1", IP_ONLY_4, "192.168.1.1" },
		{ "192.168.1.0", IP_ONLY_4, "0.0.0.0" },
		{ "2001:db8::1", IP_ONLY_6, "2001:db8::1" },
		{ "2001:db8::", IP_ONLY_6, "0.0.0.0" },
		{ "fe80::1%eth0", IP_ONLY_6, "fe80::1%2" },
	};
	struct local_ip rows[3] = { local_ip_from_4(&addresses[1]), ip6_addresses[1],
				    ip6_addresses[2] };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct selector selector;
		struct listening listening;

		assert_true(value_parse_selector(cases[i].selector, &selector));
		listening = config_listening(&selector, rows, COUNT(rows));
		assert_int_equal(listening.families, cases[i].families);
		assert_string_equal(ip_format(listening.address).text, cases[i].address);
	}
}

static void without_an_address_tftp_listens_where_dhcp_does(void **state)
{
	static const struct config_surroundings surroundings = { .addresses = addresses,
								 .address_count =
									 COUNT(addresses) };
	static const char text[] = "[bootp]\naddress = eth0\npool_start = 192.168.1.100\n";

	(void)state;
	assert_accepted(text);
	assert_int_equal(config.tftp.address.kind, SELECT_INTERFACE);
	assert_string_equal(config.tftp.address.name, "eth0");
	assert_accepted("[bootp]\naddress = eth0\npool_start = 192.168.1.100\n"
			"[tftp]\naddress = 0.0.0.0\n");
	assert_int_equal(config.tftp.address.kind, SELECT_ALL);
	assert_awaited("[bootp]\naddress = eth7\npool_start = 192.168.1.100\n[tftp]\n", 2,
		       "[bootp] address", "there is: " NETWORKS);
	assert_string_equal(config.tftp.address.name, "eth7");
	check_on(&surroundings, text, false, true);
	assert_int_equal(config.tftp.address.kind, SELECT_ALL);
}

#define FOLLOWED                                                                                   \
	"[bootp]\naddress = eth1\npool_start = 10.9.0.10\npool_count = 20\n"                       \
	"gateway = 10.9.0.254\n[static_dhcp]\n02-00-00-00-00-01 = 10.9.0.5\n"

/* One configuration, on one network of the machine after the other. */
static void the_networks_are_followed(void **state)
{
	static const struct {
		struct local_address local; /* interface 0: none */
		enum home_state state;
		const char *first; /* NULL: nothing is served */
		const char *words; /* of the only problem; NULL: there is none */
	} steps[] = {
		{ { 5, "eth1", IP4(10, 9, 0, 1), 24 }, HOME_SERVED, "10.9.0.10", NULL },
		{ { 5, "eth1", IP4(10, 9, 0, 2), 24 }, HOME_SERVED, "10.9.0.10", NULL },
		{ { 0 }, HOME_AWAITED, NULL, NULL },
		{ { 5, "eth1", IP4(10, 8, 0, 1), 24 }, HOME_AWAITED, NULL, NULL },
		{ { 6, "eth2", IP4(10, 9, 0, 1), 24 }, HOME_AWAITED, NULL, NULL },
		{ { 7, "eth1", IP4(10, 9, 0, 1), 16 }, HOME_SERVED, "10.9.0.10", NULL },
		{ { 7, "eth1", IP4(10, 9, 0, 1), 25 }, HOME_WRONG, NULL, "10.9.0.254 is not on" },
		{ { 7, "eth1", IP4(10, 9, 0, 5), 24 }, HOME_SERVED, "10.9.0.10", "machine's own" },
		{ { 7, "eth1", IP4(10, 9, 0, 1), 24 }, HOME_SERVED, "10.9.0.10", NULL },
	};
	static const struct config_surroundings nothing = { 0 };

	(void)state;
	check_on(&nothing, FOLLOWED, true, true);
	assert_int_equal(problems.count, 0);
	assert_int_equal(config.home.state, HOME_AWAITED);
	for (size_t i = 0; i < COUNT(steps); i++) {
		const struct local_address *local = &steps[i].local;
		struct config_surroundings surroundings = { .addresses = local,
							    .address_count =
								    local->interface != 0 };

		memset(&problems, 0, sizeof(problems));
		assert_int_equal(config_follow_networks(&config, &surroundings, &problems), 0);
		assert_int_equal(config.home.state, steps[i].state);
		assert_int_equal(config.subnets.count, steps[i].first != NULL);
		if (steps[i].first != NULL)
			assert_pool(steps[i].first, "10.9.0.29");
		if (steps[i].state != HOME_AWAITED)
			assert_true(local_address_is_same(&config.home.local, local));
		assert_int_equal(problems.count, steps[i].words != NULL);
		if (steps[i].words == NULL)
			continue;
		assert_non_null(strstr(problems.list[0].text, steps[i].words));
		assert_string_equal(problems.list[0].file, "/etc/bootd/bootd.ini");
	}
	config_leave_home(&config);
	assert_int_equal(config.home.state, HOME_WRONG);
	assert_int_equal(config.subnets.count, 0);
}

/* Without pool_count it is as large as each network has room for. */
static void the_rest_of_a_network_is_followed(void **state)
{
	static const struct local_address wide = { 1, "a", IP4(10, 9, 0, 1), 16 };
	static const struct local_address narrow = { 1, "a", IP4(10, 9, 0, 1), 24 };
	struct config_surroundings surroundings = { .addresses = &narrow, .address_count = 1 };

	(void)state;
	check_on(&surroundings, "[bootp]\npool_start = 10.9.0.10\n", true, true);
	assert_pool("10.9.0.10", "10.9.0.254");
	surroundings.addresses = &wide;
	assert_int_equal(config_follow_networks(&config, &surroundings, &problems), 0);
	assert_pool("10.9.0.10", "10.9.3.241");
	surroundings.addresses = &narrow;
	assert_int_equal(config_follow_networks(&config, &surroundings, &problems), 0);
	assert_pool("10.9.0.10", "10.9.0.254");
	assert_int_equal(problems.count, 0);
}

/* pool_start then only says which network is served. */
static void a_pool_may_be_empty(void **state)
{
	static const char *const starts[] = { "192.168.1.1", "192.168.1.0", "192.168.1.255" };
	char text[100];

	(void)state;
	for (size_t i = 0; i < COUNT(starts); i++) {
		(void)snprintf(text, sizeof(text),
			       "[bootp]\npool_start = %s\npool_count = 0\n[static_dhcp]\n"
			       "02-00-00-00-00-01 = 192.168.1.7\n",
			       starts[i]);
		assert_accepted(text);
		assert_int_equal(problems.warning_count, 0);
		assert_int_equal(config.bootp.pool_count, 0);
		assert_int_equal(config.subnets.list[0].ranges.count, 0);
		assert_true(ip4_is_same(config.subnets.list[0].network, IP4(192, 168, 1, 0)));
		assert_int_equal(config.subnets.list[0].prefix_length, 24);
	}
	/* What is no number is not 0. */
	assert_refused("[bootp]\npool_start = 192.168.1.100\npool_count = many\n", 3,
		       "[bootp] pool_count", "not a whole number");
	assert_int_equal(problems.warning_count, 0);
	assert_awaited("[bootp]\npool_start = 192.168.2.1\npool_count = 0\n[static_dhcp]\n"
		       "02-00-00-00-00-01 = 192.168.2.7\n",
		       2, "[bootp] pool_start", "is on no network");
}

static void netmask_and_gateway(void **state)
{
	(void)state;
	assert_refused("[bootp]\npool_start = 192.168.1.100\nnetmask = 255.255.0.255\n", 3,
		       "[bootp] netmask", "ones must all come first");
	assert_refused("[bootp]\npool_start = 192.168.1.100\nnetmask = 0.0.0.255\n", 3,
		       "[bootp] netmask", "255.255.255.0");
	assert_refused("[bootp]\npool_start = 192.168.1.100\ngateway = 192.168.2.1\n", 3,
		       "[bootp] gateway", "not on the pool's network");
}

static void dns_auto_takes_what_clients_can_reach(void **state)
{
	struct config_surroundings surroundings = {
		.addresses = addresses,
		.address_count = COUNT(addresses),
		.ip6_addresses = ip6_addresses,
		.ip6_address_count = COUNT(ip6_addresses),
		.resolvers = resolvers,
		.resolver_count = 2,
	};
	static struct ip4 many[CONFIG_DNS_MAX + 2];

	(void)state;
	assert_accepted("[bootp]\npool_start = 192.168.1.100\ndns = AUTO\n");
	assert_int_equal(config.bootp.dns_count, 1);
	assert_true(ip4_is_same(config.bootp.dns[0], IP4(9, 9, 9, 9)));
	assert_accepted("[bootp]\npool_start = 192.168.1.100\n");
	assert_int_equal(config.bootp.dns_count, 0);
	check_on(&surroundings, "[bootp]\npool_start = 192.168.1.100\ndns = auto\n", true, true);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.list[0].line, 3);
	assert_non_null(strstr(problems.list[0].text, "give the addresses"));
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = IP4(9, 9, 9, 9);
	surroundings.resolvers = many;
	surroundings.resolver_count = COUNT(many);
	check_on(&surroundings, "[bootp]\npool_start = 192.168.1.100\ndns = auto\n", true, true);
	assert_int_equal(problems.count, 0);
	assert_int_equal(config.bootp.dns_count, CONFIG_DNS_MAX);
}

static void a_log_file_needs_its_path(void **state)
{
	(void)state;
	assert_refused("[bootp]\npool_start = 192.168.1.100\n[logger]\ntype = file\n", 0,
		       "[logger] file", "type = file needs");
	assert_refused("[bootp]\npool_start = 192.168.1.100\n[logger]\ntype = file\nfile = # x\n",
		       5, "[logger] file", "type = file needs");
	assert_accepted("[bootp]\npool_start = 192.168.1.100\n[logger]\nfile = a.log\n");
}

static void ipxe_needs_a_script(void **state)
{
	(void)state;
	assert_refused("[bootp]\npool_start = 192.168.1.100\n[ipxe]\nenable = yes\n", 0,
		       "[ipxe] script", "such as boot.ipxe");
	assert_accepted("[bootp]\npool_start = 192.168.1.100\n[ipxe]\nenable = yes\nscript = a\n");
	assert_string_equal(config.ipxe.binaries, "/usr/lib/ipxe");
	assert_accepted("[bootp]\npool_start = 192.168.1.100\n");
}

static void only_the_services_that_run_are_checked(void **state)
{
	static const char text[] = "[bootp]\naddress = eth7\ndns = auto\nnetmask = 1.2.3.4\n"
				   "[tftp]\naddress = eth8\n";
	static const struct config_surroundings nothing = { 0 };

	(void)state;
	check_on(&nothing, text, false, true);
	assert_int_equal(problems.count, 0);
	assert_int_equal(problems.warning_count, 1);
	assert_string_equal(problems.warnings[0].key, "[tftp] address");
	check_on(&nothing, text, true, false);
	assert_int_equal(problems.warning_count, 1);
	assert_string_equal(problems.warnings[0].key, "[bootp] address");
	assert_int_equal(problems.count, 3);
	for (size_t i = 0; i < problems.count; i++)
		assert_ptr_equal(strstr(problems.list[i].key, "[bootp] "), problems.list[i].key);
}

/* A client's next transfer comes from another port than its last one. */
static void each_worker_needs_two_ports(void **state)
{
	(void)state;
	check_on(&(struct config_surroundings){ 0 }, "[tftp]\nport_range = 2000-2000\n", false,
		 true);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.list[0].line, 2);
	assert_non_null(strstr(problems.list[0].text, "these are 1 ports: 2 are needed"));
	check_on(&(struct config_surroundings){ 0 },
		 "[tftp]\nport_range = 2000-2006\nworkers = 4\n", false, true);
	assert_int_equal(problems.count, 1);
	check_on(&(struct config_surroundings){ 0 },
		 "[tftp]\nport_range = 2000-2007\nworkers = 4\n", false, true);
	assert_int_equal(problems.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_serves_what_and_where_tftp_does),
		cmocka_unit_test(wrong_keys_of_http_are_told),
		cmocka_unit_test(fills_the_subnet),
		cmocka_unit_test(a_pool_without_a_count_takes_the_rest),
		cmocka_unit_test(a_pool_may_contain_what_is_taken),
		cmocka_unit_test(a_pool_fits_in_its_network),
		cmocka_unit_test(the_smallest_network_is_the_pools),
		cmocka_unit_test(a_pool_on_no_local_network_is_awaited),
		cmocka_unit_test(without_a_pool_there_is_an_example),
		cmocka_unit_test(the_example_is_no_taken_address),
		cmocka_unit_test(a_machine_without_addresses),
		cmocka_unit_test(a_long_list_of_networks_is_cut),
		cmocka_unit_test(what_selectors_do_not_select_yet_is_awaited),
		cmocka_unit_test(ip6_is_for_files),
		cmocka_unit_test(selectors_match_interfaces),
		cmocka_unit_test(a_service_listens_by_its_selector),
		cmocka_unit_test(without_an_address_tftp_listens_where_dhcp_does),
		cmocka_unit_test(a_pool_may_be_empty),
		cmocka_unit_test(the_networks_are_followed),
		cmocka_unit_test(the_rest_of_a_network_is_followed),
		cmocka_unit_test(netmask_and_gateway),
		cmocka_unit_test(dns_auto_takes_what_clients_can_reach),
		cmocka_unit_test(a_log_file_needs_its_path),
		cmocka_unit_test(ipxe_needs_a_script),
		cmocka_unit_test(only_the_services_that_run_are_checked),
		cmocka_unit_test(each_worker_needs_two_ports),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
