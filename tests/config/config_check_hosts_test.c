#include "config/config_check.h"

#include "config/checked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Three lines, and two each. */
#define OFFICE "[subnet office]\nnetwork = 10.1.0.0/24\ngateway = 10.1.0.1\n"
#define ONE    "[host one]\nmac = 02-00-00-00-00-01\n"
#define TWO    "[host two]\nmac = 02-00-00-00-00-02\n"

static const struct local_address addresses[] = {
	{ 2, "eth0", IP4(192, 168, 1, 1), 24 },
	{ 3, "eth1", IP4(10, 1, 0, 2), 24 },
};

static const struct config_surroundings surroundings = {
	.addresses = addresses,
	.address_count = COUNT(addresses),
};

const struct checking usual = { .surroundings = &surroundings, .has_dhcp = true };

static void addresses_are_on_a_served_network(void **state)
{
	static const struct {
		const char *address;
		const char *words; /* NULL: it will do */
	} cases[] = {
		{ "10.1.0.7", NULL },
		{ "10.1.0.0", "10.1.0.0 is the network's own" },
		{ "10.1.0.255", "10.1.0.255 is the network's broadcast address" },
		{ "10.1.0.1", "10.1.0.1 is the gateway's" },
		{ "10.1.0.2", "10.1.0.2 is this machine's own" },
		{ "10.1.1.1", "10.1.1.1 is on no network that is served; there is: 10.1.0.0/24" },
		/* On a network of this machine that is not served. */
		{ "192.168.1.7", "192.168.1.7 is on no network that is served" },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(text, sizeof(text), OFFICE ONE "address = %s\n", cases[i].address);
		if (cases[i].words == NULL) {
			assert_silent(text);
			continue;
		}
		assert_refused(text, 6, "[host one] address", cases[i].words);
	}
	assert_silent(ONE "address = 192.168.1.7\n[bootp]\npool_start = 192.168.1.100\n");
	assert_silent("[subnet a]\nnetwork = 10.1.0.6/31\n" ONE "address = 10.1.0.6\n");
}

static void rows_of_static_dhcp_may_be_on_such_networks(void **state)
{
	(void)state;
	assert_silent("[subnet far]\nnetwork = 10.9.0.0/24\n[static_dhcp]\n"
		      "02-00-00-00-00-05 = 10.9.0.7\n");
	assert_refused("[subnet far]\nnetwork = 10.9.0.0/24\ngateway = 10.9.0.7\n[static_dhcp]\n"
		       "02-00-00-00-00-05 = 10.9.0.7\n",
		       5, "[static_dhcp] 02-00-00-00-00-05", "10.9.0.7 is the gateway's");
}

static void an_address_is_one_machines(void **state)
{
	(void)state;
	assert_refused(OFFICE ONE "address = 10.1.0.7\n" TWO "address = 10.1.0.7\n", 9,
		       "[host two] address", "10.1.0.7 is given to another machine in line 4");
	assert_refused(OFFICE ONE
		       "address = 10.1.0.7\n[static_dhcp]\n02-00-00-00-00-05 = 10.1.0.7\n",
		       8, "[static_dhcp]", "line 4 gives 10.1.0.7 to another machine: [host one]");
	assert_refused("[static_dhcp]\n02-00-00-00-00-05 = 10.1.0.7\n" OFFICE ONE
		       "address = 10.1.0.7\n",
		       8, "[host one] address", "10.1.0.7 is given to another machine in line 2");
}

static void a_proxy_gives_none(void **state)
{
	(void)state;
	assert_warned("[bootp]\nmode = proxy\n" ONE "address = 10.1.0.7\nboot_file = a\n", 5,
		      "[host one] address", "no effect for a proxy");
}

static void a_uuid_of_one_word_is_nobodys(void **state)
{
	(void)state;
	assert_warned(OFFICE "[host a]\nuuid = ffffffff-ffff-ffff-ffff-ffffffffffff\n", 5,
		      "[host a] uuid", "names no machine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_on_a_served_network),
		cmocka_unit_test(rows_of_static_dhcp_may_be_on_such_networks),
		cmocka_unit_test(an_address_is_one_machines),
		cmocka_unit_test(a_proxy_gives_none),
		cmocka_unit_test(a_uuid_of_one_word_is_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
