#include "config/config_check.h"

#include "config/checked.h"
#include "config/subnet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Two lines. */
#define OFFICE "[subnet office]\nnetwork = 10.1.0.0/24\n"

static const struct local_address addresses[] = {
	{ 1, "lo", IP4(127, 0, 0, 1), 8 },
	{ 2, "eth0", IP4(192, 168, 1, 1), 24 },
};

static const struct ip4 resolver = IP4(9, 9, 9, 9);

static const struct config_surroundings surroundings = {
	.addresses = addresses,
	.address_count = COUNT(addresses),
	.resolvers = &resolver,
	.resolver_count = 1,
};

const struct checking usual = { .surroundings = &surroundings, .has_dhcp = true };

/* The ranges as "5-9 11", by the last byte of each address. */
static void assert_ranges(const struct subnet_config *subnet, const char *expected)
{
	char text[200] = "";

	for (size_t i = 0; i < subnet->ranges.count; i++) {
		const struct address_range *range = &subnet->ranges.list[i];
		size_t used = strlen(text);

		(void)snprintf(text + used, sizeof(text) - used, "%s%u", i > 0 ? " " : "",
			       range->first.value & 0xff);
		used = strlen(text);
		if (!ip4_is_same(range->first, range->last))
			(void)snprintf(text + used, sizeof(text) - used, "-%u",
				       range->last.value & 0xff);
	}
	assert_string_equal(text, expected);
}

static void a_section_says_it_all(void **state)
{
	const struct subnet_config *subnet;

	(void)state;
	assert_silent("[Subnet \t Office_1.b]\nnetwork = 10.1.0.0/22\n"
		      "ranges = 10.1.1.5 - 10.1.1.9, 10.1.0.7\nexclude = 10.1.1.6\n"
		      "gateway = 10.1.3.254\nset_gateway = no\ndns = 10.1.0.2;10.1.0.3\n"
		      "domain = office.example.org\nlease_time = 2h\nboot_file = office.0\n"
		      "next_server = 10.9.9.9\nauthoritative = no\n");
	assert_int_equal(config.subnets.count, 1);
	subnet = &config.subnets.list[0];
	assert_string_equal(subnet->name, "office_1.b");
	assert_int_equal(subnet->line, 1);
	assert_true(ip4_is_same(subnet->network, IP4(10, 1, 0, 0)));
	assert_int_equal(subnet->prefix_length, 22);
	assert_true(ip4_is_same(subnet->netmask, IP4(255, 255, 252, 0)));
	assert_ranges(subnet, "7 5 7-9");
	assert_true(ip4_is_same(subnet->gateway, IP4(10, 1, 3, 254)));
	assert_false(subnet->tells_gateway);
	assert_int_equal(subnet->dns_count, 2);
	assert_true(ip4_is_same(subnet->dns[1], IP4(10, 1, 0, 3)));
	assert_string_equal(subnet->domain, "office.example.org");
	assert_int_equal(subnet->lease_time_s, 7200);
	assert_string_equal(subnet->boot_file, "office.0");
	assert_true(ip4_is_same(subnet->next_server, IP4(10, 9, 9, 9)));
	assert_false(subnet->is_authoritative);
}

static void what_is_left_out_is_as_bootp_has_it(void **state)
{
	const struct subnet_config *subnet;

	(void)state;
	/* [bootp] may stand behind it. */
	assert_silent(OFFICE "[bootp]\ngateway = 10.1.0.1\nset_gateway = yes\ndns = 8.8.8.8\n"
			     "domain = example.org\nlease_time = 1h\nboot_file = b\n"
			     "authoritative = no\n[leases]\nprobation = 5m\n");
	assert_int_equal(config.subnets.count, 1);
	subnet = &config.subnets.list[0];
	assert_int_equal(subnet->ranges.count, 0);
	assert_true(ip4_is_same(subnet->gateway, IP4(10, 1, 0, 1)));
	assert_true(subnet->tells_gateway);
	assert_int_equal(subnet->dns_count, 1);
	assert_true(ip4_is_same(subnet->dns[0], IP4(8, 8, 8, 8)));
	assert_string_equal(subnet->domain, "example.org");
	assert_int_equal(subnet->lease_time_s, 3600);
	assert_int_equal(subnet->probation_s, 300);
	assert_string_equal(subnet->boot_file, "");
	assert_false(ip4_is_set(subnet->next_server));
	assert_false(subnet->is_authoritative);
	assert_silent(OFFICE "[bootp]\ndns = auto\n");
	assert_int_equal(config.subnets.list[0].dns_count, 1);
	assert_true(ip4_is_same(config.subnets.list[0].dns[0], IP4(9, 9, 9, 9)));
	assert_silent(OFFICE "dns = auto\n[bootp]\ndns = 8.8.8.8\n");
	assert_true(ip4_is_same(config.subnets.list[0].dns[0], IP4(9, 9, 9, 9)));
	assert_silent(OFFICE "dns = 8.8.8.8\n[bootp]\ndns = auto\n");
	assert_true(ip4_is_same(config.subnets.list[0].dns[0], IP4(8, 8, 8, 8)));
}

static void the_pool_of_bootp_comes_first(void **state)
{
	(void)state;
	assert_silent(OFFICE "ranges = 10.1.0.5\n[bootp]\npool_start = 192.168.1.100\n"
			     "pool_count = 5\ngateway = 192.168.1.254\n");
	assert_int_equal(config.subnets.count, 2);
	assert_string_equal(config.subnets.list[0].name, "");
	assert_ranges(&config.subnets.list[0], "100-104");
	assert_string_equal(config.subnets.list[1].name, "office");
	assert_ranges(&config.subnets.list[1], "5");
	/* The pool's router is none of this network. */
	assert_false(ip4_is_set(config.subnets.list[1].gateway));
	assert_refused("[bootp]\npool_start = 192.168.1.100\n[subnet a]\n"
		       "network = 192.168.0.0/16\n",
		       2, "[bootp] pool_start",
		       "its network, 192.168.1.0/24, overlaps with 192.168.0.0/16");
}

static void sections_have_names_of_their_own(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *key, *words;
	} cases[] = {
		{ "[subnet]\nnetwork = 10.1.0.0/24\n", 1, "[subnet]", "needs a name, as in" },
		{ "[subnet a b]\n", 1, "[subnet a b]", "letters, digits" },
		{ "[subnet a/b]\n", 1, "[subnet a/b]", "letters, digits" },
		{ OFFICE "[subnet b]\nnetwork = 10.2.0.0/24\n[subnet OFFICE]\ngateway = 10.1.0.1\n",
		  5, "[subnet office]", "line 1 begins a section of this name already" },
		{ "[bootp]\nmode = proxy\n[subnets a]\n", 3, "[subnets a]",
		  "did you mean subnet?" },
		{ "[subnet a]\n", 1, "[subnet a]", "no network, such as" },
		{ "[subnet a]\nnetwork = 10.1.0.0\n", 2, "[subnet a] network", "no network such" },
		{ "[subnet a]\nnetwork = 10.1.0.1/24\n", 2, "[subnet a] network", "is 0" },
		{ "[subnet a]\nnetwork = 0.0.0.0/0\n", 2, "[subnet a] network", "no network such" },
		{ "[subnet a]\nnetwork = 10.1.0.0/33\n", 2, "[subnet a] network", "no network" },
		{ OFFICE "rnages = 10.1.0.5\n", 3, "[subnet office] rnages",
		  "did you mean ranges?" },
		{ OFFICE "pool_count = 5\n", 3, "[subnet office] pool_count",
		  "it is one of [bootp]" },
		{ OFFICE "port = 67\n", 3, "[subnet office] port", "it is one of [bootp]" },
		{ OFFICE "boot_file = a\nboot_file = b\n", 4, "[subnet office] boot_file",
		  "line 3 has this key already" },
		{ OFFICE "lease_time = 9\n", 3, "[subnet office] lease_time", "from 10 to" },
	};
	char name[CONFIG_NAME_SIZE + 1];
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(cases[i].text, cases[i].line, cases[i].key, cases[i].words);
	memset(name, 'n', sizeof(name));
	name[CONFIG_NAME_SIZE - 1] = '\0';
	(void)snprintf(text, sizeof(text), "[subnet %s]\nnetwork = 10.1.0.0/24\n", name);
	assert_silent(text);
	name[CONFIG_NAME_SIZE - 1] = 'n';
	name[CONFIG_NAME_SIZE] = '\0';
	(void)snprintf(text, sizeof(text), "[subnet %s]\nnetwork = 10.1.0.0/24\n", name);
	check_text(text);
	assert_int_equal(problems.count, 1);
	assert_non_null(strstr(problems.list[0].text, "at most 63 letters"));
}

static void ranges_are_of_the_network(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "ranges = 10.1.0.9 - 10.1.0.5\n", "no list of addresses and ranges" },
		{ "ranges = 10.1.0.9 -\n", "no list" },
		{ "ranges = - 10.1.0.9\n", "no list" },
		{ "ranges = 10.1.0.5-10.1.0.6-10.1.0.7\n", "no list" },
		{ "ranges = 10.1.0.5 ; the first\n", "no list" },
		{ "ranges = 10.1.0.256\n", "no list" },
		{ "ranges = 10.1.0.5x\n", "no list" },
		{ "ranges = ,\n", "no list" },
		{ "ranges = 10.1.1.5\n", "10.1.1.5 is not on the network 10.1.0.0/24" },
		{ "ranges = 10.1.0.5 - 10.1.1.5\n", "10.1.1.5 is not on the network 10.1.0.0/24" },
		{ "ranges = 10.0.0.5 - 10.1.0.5\n", "10.0.0.5 is not on the network 10.1.0.0/24" },
		{ "ranges = 10.1.0.0 - 10.1.0.5\n", "10.1.0.0 is the own address of the network" },
		{ "ranges = 10.1.0.5 - 10.1.0.255\n", "10.1.0.255 is the broadcast address" },
		{ "ranges = 10.1.0.7, 10.1.0.5 - 10.1.0.9\n", "10.1.0.7 is in two" },
		{ "ranges = 10.1.0.5 - 10.1.0.9; 10.1.0.9 - 10.1.0.12\n", "10.1.0.9 is in two" },
		{ "ranges = 10.1.0.5 10.1.0.5\n", "10.1.0.5 is in two" },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(text, sizeof(text), OFFICE "%s", cases[i].text);
		assert_refused(text, 3, "[subnet office] ranges", cases[i].words);
	}
	assert_refused("[subnet a]\nnetwork = 10.1.0.4/31\nranges = 10.1.0.4\n", 3,
		       "[subnet a] ranges", "10.1.0.4/31 has no room for ranges");
	assert_silent(OFFICE "ranges = 10.1.0.200-10.1.0.254;10.1.0.1\t- 10.1.0.9 , 10.1.0.10\n");
	assert_ranges(&config.subnets.list[0], "1-9 10 200-254");
	assert_silent("[subnet a]\nnetwork = 10.1.0.4/30\nranges = 10.1.0.5 - 10.1.0.6\n");
	assert_silent("[subnet a]\nnetwork = 10.1.0.4/32\n");
}

static void what_is_excluded_is_cut_out(void **state)
{
	static const struct {
		const char *excluded, *left;
		const char *unused; /* NULL: all of it has its effect */
	} cases[] = {
		{ "10.1.0.5", "6-9 20-29", NULL },
		{ "10.1.0.9", "5-8 20-29", NULL },
		{ "10.1.0.7", "5-6 8-9 20-29", NULL },
		{ "10.1.0.5 - 10.1.0.9", "20-29", NULL },
		{ "10.1.0.1 - 10.1.0.254", "", NULL },
		{ "10.1.0.8 - 10.1.0.21", "5-7 22-29", NULL },
		{ "10.1.0.25, 10.1.0.22 - 10.1.0.26, 10.1.0.24 - 10.1.0.27", "5-9 20-21 28-29",
		  NULL },
		{ "10.1.0.28 - 10.1.0.40, 10.1.0.6", "5 7-9 20-27", NULL },
		{ "10.1.0.1 - 10.1.0.6", "7-9 20-29", NULL },
		{ "10.1.0.4", "5-9 20-29", "10.1.0.4 is in none" },
		{ "10.1.0.10 - 10.1.0.19, 10.1.0.21", "5-9 20 22-29", "10.1.0.10 is in none" },
		{ "10.1.0.30", "5-9 20-29", "10.1.0.30 is in none" },
		{ "10.1.0.30, 10.1.0.29", "5-9 20-28", "10.1.0.30 is in none" },
		{ "10.2.0.1", "5-9 20-29", "10.2.0.1 is in none" },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(text, sizeof(text),
			       OFFICE "ranges = 10.1.0.20-10.1.0.29, 10.1.0.5-10.1.0.9\n"
				      "exclude = %s\n",
			       cases[i].excluded);
		if (cases[i].unused == NULL)
			assert_silent(text);
		else
			assert_warned(text, 4, "[subnet office] exclude", cases[i].unused);
		assert_ranges(&config.subnets.list[0], cases[i].left);
	}
	assert_warned(OFFICE "exclude = 10.1.0.5\n", 3, "[subnet office] exclude",
		      "no effect without ranges");
}

static void gateways_are_on_the_network(void **state)
{
	(void)state;
	assert_refused(OFFICE "gateway = 10.1.1.1\n", 3, "[subnet office] gateway",
		       "10.1.1.1 is not on the network 10.1.0.0/24");
	assert_refused(OFFICE "gateway = 10.1.0.0\n", 3, "[subnet office] gateway", "own address");
	assert_refused(OFFICE "gateway = 10.1.0.255\n", 3, "[subnet office] gateway", "broadcast");
	assert_silent("[subnet a]\nnetwork = 10.1.0.4/31\ngateway = 10.1.0.4\n");
	assert_warned(OFFICE "[bootp]\ngateway = 10.2.0.1\n", 4, "[bootp] gateway",
		      "none of the networks that are served");
}

static void networks_do_not_overlap(void **state)
{
	static const struct {
		const char *first, *second;
		const char *words; /* NULL: they do not */
	} cases[] = {
		{ "10.1.0.0/24", "10.1.1.0/24", NULL },
		{ "10.1.0.0/24", "10.1.0.0/24", "10.1.0.0/24 overlaps with 10.1.0.0/24" },
		{ "10.1.0.0/24", "10.1.0.128/25", "10.1.0.128/25 overlaps with 10.1.0.0/24" },
		{ "10.1.0.255/32", "10.1.0.0/24", "10.1.0.0/24 overlaps with 10.1.0.255/32" },
		{ "255.255.255.0/24", "128.0.0.0/1", "128.0.0.0/1 overlaps" },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(text, sizeof(text),
			       "[subnet a]\nnetwork = %s\n[subnet b]\nnetwork = %s\n",
			       cases[i].first, cases[i].second);
		if (cases[i].words == NULL)
			assert_silent(text);
		else
			assert_refused(text, 4, "[subnet b] network", cases[i].words);
	}
	/* Each of the inner ones is told once. */
	check_text("[subnet a]\nnetwork = 10.0.0.0/8\n[subnet b]\nnetwork = 10.1.0.0/16\n"
		   "[subnet c]\nnetwork = 10.1.1.0/24\n[subnet d]\nnetwork = 10.2.0.0/16\n");
	assert_int_equal(problems.count, 3);
}

/* So many networks of so many addresses each, one behind the other. */
static char *write_networks(unsigned count, unsigned size)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	for (unsigned i = 0; i < count; i++) {
		struct ip4 network = { (10u << 24) + (i << 12) };

		(void)fprintf(out, "[subnet n%u]\nnetwork = %s/20\n", i, ip4_format(network).text);
		(void)fprintf(out, "ranges = %s",
			      ip4_format((struct ip4){ network.value + 1 }).text);
		(void)fprintf(out, " - %s\n",
			      ip4_format((struct ip4){ network.value + size }).text);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static void networks_are_bounded(void **state)
{
	char *text = write_networks(CONFIG_SUBNETS_MAX, CONFIG_ADDRESSES_MAX / CONFIG_SUBNETS_MAX);

	(void)state;
	assert_silent(text);
	assert_int_equal(config.subnets.count, CONFIG_SUBNETS_MAX);
	free(text);
	text = write_networks(CONFIG_SUBNETS_MAX + 2, 1);
	assert_refused(text, 3 * CONFIG_SUBNETS_MAX + 1, "[subnet n1024]", "more than 1024");
	free(text);
	text = write_networks(CONFIG_SUBNETS_MAX, CONFIG_ADDRESSES_MAX / CONFIG_SUBNETS_MAX + 1);
	assert_refused(text, 3 * 1024, "[subnet n1023] ranges", "more than 1048576 addresses");
	free(text);
}

static void a_proxy_knows_its_networks(void **state)
{
	(void)state;
	assert_warned("[bootp]\nmode = proxy\n" OFFICE "boot_file = a\nranges = 10.1.0.5\n", 6,
		      "[subnet office] ranges", "no effect for a proxy");
	assert_int_equal(config.subnets.count, 1);
	assert_int_equal(config.subnets.list[0].ranges.count, 0);
	assert_string_equal(config.subnets.list[0].boot_file, "a");
	assert_silent("[bootp]\nmode = auto\n" OFFICE "ranges = 10.1.0.5\n");
	assert_true(config_may_give_addresses(&config));
	assert_ranges(&config.subnets.list[0], "5");
}

static void keys_of_the_pool_need_one(void **state)
{
	(void)state;
	assert_warned("[bootp]\npool_count = 5\n" OFFICE, 2, "[bootp] pool_count",
		      "no effect without pool_start");
	assert_warned("[bootp]\nnetmask = 255.0.0.0\n" OFFICE, 2, "[bootp] netmask",
		      "no effect without pool_start");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_section_says_it_all),
		cmocka_unit_test(what_is_left_out_is_as_bootp_has_it),
		cmocka_unit_test(the_pool_of_bootp_comes_first),
		cmocka_unit_test(sections_have_names_of_their_own),
		cmocka_unit_test(ranges_are_of_the_network),
		cmocka_unit_test(what_is_excluded_is_cut_out),
		cmocka_unit_test(gateways_are_on_the_network),
		cmocka_unit_test(networks_do_not_overlap),
		cmocka_unit_test(networks_are_bounded),
		cmocka_unit_test(a_proxy_knows_its_networks),
		cmocka_unit_test(keys_of_the_pool_need_one),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
