#include "config/config_check.h"

#include "config/config_apply.h"
#include "config/ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define IP4(a, b, c, d) ((struct ip4){ (uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d) })

#define NETWORKS                                                                                   \
	"lo (127.0.0.1/8), eth0 (192.168.1.1/24), eth0 (10.0.0.1/8), eth1 (10.9.0.1/30), "         \
	"tun0 (172.16.0.1/32)"

static const struct local_address addresses[] = {
	{ 1, "lo", IP4(127, 0, 0, 1), 8 },     { 2, "eth0", IP4(192, 168, 1, 1), 24 },
	{ 2, "eth0", IP4(10, 0, 0, 1), 8 },    { 3, "eth1", IP4(10, 9, 0, 1), 30 },
	{ 4, "tun0", IP4(172, 16, 0, 1), 32 },
};

static const struct ip4 resolvers[] = {
	IP4(127, 0, 0, 53),
	IP4(0, 0, 0, 0),
	IP4(9, 9, 9, 9),
};

static struct config config;
static struct problems problems;

static void check_on(const struct config_surroundings *surroundings, const char *text,
		     bool has_dhcp, bool has_tftp)
{
	struct ini *ini;

	memset(&problems, 0, sizeof(problems));
	config_done(&config);
	config = (struct config){ .path = "/etc/bootd.ini",
				  .has_dhcp = has_dhcp,
				  .has_tftp = has_tftp };
	ini = ini_parse("test.ini",
			(struct span){ .bytes = (const uint8_t *)text, .length = strlen(text) },
			&problems);
	assert_non_null(ini);
	config_apply(ini, &config, &problems);
	config_check(&config, ini, surroundings, &problems);
	ini_free(ini);
}

static void check_text(const char *text)
{
	static const struct config_surroundings surroundings = {
		.addresses = addresses,
		.address_count = COUNT(addresses),
		.resolvers = resolvers,
		.resolver_count = COUNT(resolvers),
	};

	check_on(&surroundings, text, true, true);
}

static void check_http_text(const char *text)
{
	char whole[400];
	static const struct config_surroundings surroundings = {
		.addresses = addresses,
		.address_count = COUNT(addresses),
	};
	struct ini *ini;

	memset(&problems, 0, sizeof(problems));
	config_done(&config);
	config = (struct config){ .path = "/etc/bootd.ini", .has_tftp = true, .has_http = true };
	(void)snprintf(whole, sizeof(whole), "[tftp]\nroot = /t\naddress = 10.0.0.1\n%s", text);
	ini = ini_parse("test.ini",
			(struct span){ .bytes = (const uint8_t *)whole, .length = strlen(whole) },
			&problems);
	assert_non_null(ini);
	config_apply(ini, &config, &problems);
	config_check(&config, ini, &surroundings, &problems);
	ini_free(ini);
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
		{ "address = 203.0.113.1\n", "[httpd] address", "on no interface" },
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
	/* The default gives way to a small limit. */
	check_http_text("[httpd]\nmax_connections = 10\n");
	assert_int_equal(problems.count, 0);
}

static void assert_accepted(const char *text)
{
	check_text(text);
	if (problems.count > 0)
		problems_print(&problems, stderr);
	assert_int_equal(problems.count, 0);
}

/* Exactly one problem, in that line, about that key, with these words. */
static void assert_refused(const char *text, unsigned line, const char *key, const char *words)
{
	check_text(text);
	if (problems.count != 1)
		problems_print(&problems, stderr);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.list[0].file, "test.ini");
	assert_int_equal(problems.list[0].line, line);
	assert_string_equal(problems.list[0].key, key);
	if (strstr(problems.list[0].text, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, problems.list[0].text);
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
	assert_int_equal(config.bootp.pool_count, 155);
	assert_accepted("[bootp]\npool_start = 192.168.1.254\n");
	assert_pool("192.168.1.254", "192.168.1.254");
	assert_accepted("[bootp]\npool_start = 10.1.0.0\n");
	assert_pool("10.1.0.0", "10.1.3.231");
	assert_int_equal(config.bootp.pool_count, 1000);
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

static void a_pool_must_be_on_a_local_network(void **state)
{
	(void)state;
	assert_refused("[bootp]\npool_start = 192.168.2.100\n", 2, "[bootp] pool_start",
		       "192.168.2.100 is on no network of this machine; there is: " NETWORKS);
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
	assert_int_equal(problems.count, 1);
	assert_non_null(strstr(problems.list[0].text, "no IPv4 address on any interface"));
	check_on(&nothing, "", true, true);
	assert_int_equal(problems.count, 1);
	check_on(&nothing, "", false, true);
	assert_int_equal(problems.count, 0);
}

static void a_long_list_of_networks_is_cut(void **state)
{
	static struct local_address many[200];
	struct config_surroundings surroundings = { .addresses = many, .address_count = 200 };
	const char *text = problems.list[0].text;

	(void)state;
	for (unsigned i = 0; i < COUNT(many); i++) {
		many[i] = (struct local_address){ i, "", IP4(192, 168, i, 1), 24 };
		(void)snprintf(many[i].name, sizeof(many[i].name), "veth%u", i);
	}
	check_on(&surroundings, "[bootp]\npool_start = 10.0.0.1\n", true, true);
	assert_int_equal(problems.count, 1);
	assert_string_equal(text + strlen(text) - strlen("/24), ..."), "/24), ...");
}

static void selectors_must_select_something(void **state)
{
	(void)state;
	assert_refused("[bootp]\naddress = eth7\npool_start = 192.168.1.100\n", 2,
		       "[bootp] address", "there is: " NETWORKS);
	assert_refused("[bootp]\npool_start = 192.168.1.100\n[tftp]\naddress = 10.1.0.0\n", 4,
		       "[tftp] address", "there is: " NETWORKS);
	assert_accepted("[bootp]\npool_start = 192.168.1.100\n[tftp]\naddress = 10.0.0.0\n");
}

static void selectors_match_interfaces(void **state)
{
	const struct local_address *eth0 = &addresses[1];
	struct selector selector = { .kind = SELECT_ALL };

	(void)state;
	assert_true(selector_matches(&selector, eth0));
	selector = (struct selector){ SELECT_ADDRESS, IP4(192, 168, 1, 1), "" };
	assert_true(selector_matches(&selector, eth0));
	selector.address = IP4(192, 168, 1, 0);
	assert_true(selector_matches(&selector, eth0));
	selector.address = IP4(192, 168, 1, 2);
	assert_false(selector_matches(&selector, eth0));
	selector = (struct selector){ SELECT_INTERFACE, { 0 }, "eth0" };
	assert_true(selector_matches(&selector, eth0));
	selector = (struct selector){ SELECT_INTERFACE, { 0 }, "eth" };
	assert_false(selector_matches(&selector, eth0));
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
	assert_refused("[bootp]\naddress = eth7\npool_start = 192.168.1.100\n[tftp]\n", 2,
		       "[bootp] address", "there is: " NETWORKS);
	check_on(&surroundings, text, false, true);
	assert_int_equal(config.tftp.address.kind, SELECT_ALL);
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
	assert_refused("[bootp]\npool_start = 192.168.2.1\npool_count = 0\n", 2,
		       "[bootp] pool_start", "is on no network");
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
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.list[0].key, "[tftp] address");
	check_on(&nothing, text, true, false);
	assert_int_equal(problems.count, 4);
	for (size_t i = 0; i < problems.count; i++)
		assert_ptr_equal(strstr(problems.list[i].key, "[bootp] "), problems.list[i].key);
}

static int free_config(void **state)
{
	(void)state;
	config_done(&config);
	return 0;
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
		cmocka_unit_test(a_pool_must_be_on_a_local_network),
		cmocka_unit_test(without_a_pool_there_is_an_example),
		cmocka_unit_test(the_example_is_no_taken_address),
		cmocka_unit_test(a_machine_without_addresses),
		cmocka_unit_test(a_long_list_of_networks_is_cut),
		cmocka_unit_test(selectors_must_select_something),
		cmocka_unit_test(selectors_match_interfaces),
		cmocka_unit_test(without_an_address_tftp_listens_where_dhcp_does),
		cmocka_unit_test(a_pool_may_be_empty),
		cmocka_unit_test(netmask_and_gateway),
		cmocka_unit_test(dns_auto_takes_what_clients_can_reach),
		cmocka_unit_test(a_log_file_needs_its_path),
		cmocka_unit_test(ipxe_needs_a_script),
		cmocka_unit_test(only_the_services_that_run_are_checked),
		cmocka_unit_test(each_worker_needs_two_ports),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
