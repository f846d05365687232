#include "config/config_check.h"

#include "config/checked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct checking usual = { .surroundings = &two_networks, .has_dhcp = true, .has_tftp = true };

#define POOL "[bootp]\npool_start = 192.168.1.100\n"

static void the_section_that_access_names_must_be_there(void **state)
{
	(void)state;
	assert_refused(POOL "access = mac\n", 3, "[bootp] access", "there is no section [mac]");
	assert_refused(POOL "access = uuid\n[mac]\n", 3, "[bootp] access", "no section [uuid]");
	assert_refused(POOL "access = http\n", 3, "[bootp] access", "no section [http]");
	assert_accepted(POOL "access = mac\n[mac]\n");
	assert_accepted(POOL "access = uuid\n[uuid]\n");
	assert_accepted(POOL "access = none\n");
	check_for_tftp_alone("[bootp]\naccess = mac\n");
	assert_int_equal(problems.count, 0);
}

static void an_authority_has_a_place_and_paths(void **state)
{
	static const char *const keys[] = { "[http] location", "[http] pxe", "[http] dhcp" };

	(void)state;
	check_text(POOL "access = http\n[http]\n");
	assert_int_equal(problems.count, COUNT(keys));
	for (size_t i = 0; i < COUNT(keys); i++) {
		assert_string_equal(problems.list[i].key, keys[i]);
		assert_non_null(strstr(problems.list[i].text, "such as "));
	}
	assert_accepted(POOL "access = http\n[http]\nlocation = a\npxe = b\ndhcp = c\n");
	assert_int_equal(config.authority.timeout_ms, 5000);
}

static void the_timeout_of_http_counts_first(void **state)
{
	static const char text[] = POOL "access = http\ntimeout = 2\n[http]\nlocation = a\n"
					"pxe = b\ndhcp = c\n";
	static const char first[] = "[http]\ntimeout = 3\nlocation = a\npxe = b\ndhcp = c\n" POOL
				    "access = http\ntimeout = 2\n";

	(void)state;
	assert_accepted(text);
	assert_int_equal(config.authority.timeout_ms, 2000);
	assert_accepted(first);
	assert_int_equal(config.authority.timeout_ms, 3000);
}

static void static_addresses_are_on_a_served_network(void **state)
{
	static const struct {
		const char *address;
		const char *words; /* NULL: it will do */
	} cases[] = {
		{ "192.168.1.100", NULL }, /* in the pool */
		{ "192.168.1.7", NULL },   /* outside */
		{ "10.1.2.3", NULL },      /* on the other network */
		{ "172.16.0.1", "172.16.0.1 is on no network that is served; there is: eth0 (" },
		{ "192.168.1.1", "this machine's own" },
		{ "10.0.0.1", "this machine's own" },
		{ "192.168.1.0", "the network's own" },
		{ "192.168.1.255", "the network's broadcast address" },
		{ "192.168.1.254", "the gateway's" },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(text, sizeof(text),
			       POOL "gateway = 192.168.1.254\n[static_dhcp]\n"
				    "02-00-00-00-00-01 = %s\n",
			       cases[i].address);
		if (cases[i].words == NULL)
			assert_accepted(text);
		else
			assert_refused(text, 5, "[static_dhcp] 02-00-00-00-00-01", cases[i].words);
	}
	assert_refused("[bootp]\naddress = eth0\npool_start = 192.168.1.100\n[static_dhcp]\n"
		       "02-00-00-00-00-01 = 10.1.2.3\n",
		       5, "[static_dhcp] 02-00-00-00-00-01", "no network that is served");
	/* Where the network is awaited, nothing can be said of them yet. */
	assert_accepted("[bootp]\naddress = eth7\npool_start = 192.168.1.100\n[static_dhcp]\n"
			"02-00-00-00-00-01 = 10.1.2.3\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_section_that_access_names_must_be_there),
		cmocka_unit_test(an_authority_has_a_place_and_paths),
		cmocka_unit_test(the_timeout_of_http_counts_first),
		cmocka_unit_test(static_addresses_are_on_a_served_network),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
