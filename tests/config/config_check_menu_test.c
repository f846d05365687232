#include "config/config_check.h"

#include "config/checked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

const struct checking usual = { .surroundings = &two_networks, .has_dhcp = true, .has_tftp = true };

#define PROXY "[bootp]\nmode = proxy\n"

/* 255 octets: 3 for discovery control, 2 and 7 for one server, 2 and twice 3 for the texts, 3 for
 * the prompt and 1 for the end leave 231. */
static void a_menu_must_fit_into_its_option(void **state)
{
	static const char parts[] = PROXY "[menu]\nprompt = p\n";
	char text[1024];
	size_t at = sizeof(parts) - 1;

	(void)state;
	strcpy(text, parts);
	for (int i = 0; i < 3; i++) {
		memset(text + at, 'a' + i, 64);
		at += 64;
		strcpy(text + at, " = local\n");
		at += 9;
	}
	/* 3 + 9 + 2 + 4 * 3 + 3 * 64 + 4 + 1 = 223: 32 are left for the one with a file. */
	memset(text + at, 'x', 32);
	strcpy(text + at + 32, " = f\n");
	assert_accepted(text);
	memset(text + at, 'x', 33);
	strcpy(text + at + 33, " = f\n");
	assert_refused_in(text, 3, "this takes 256 bytes of a DHCP option, which holds 255");
}

static void a_menu_must_boot_something(void **state)
{
	(void)state;
	assert_refused_in(PROXY "[menu]\nDisk = local\n", 3, "one must name a file");
	assert_refused_in(PROXY "[menu]\nDisk = local\nOther = local\n", 3, "one must name a file");
	assert_accepted(PROXY "[menu]\nDisk = local\nOther = default\n");
	assert_accepted(PROXY "[menu]\n");
}

static void a_proxy_needs_no_pool(void **state)
{
	(void)state;
	assert_accepted(PROXY);
	assert_int_equal(config.subnets.count, 0);
	assert_accepted("[bootp]\nmode = auto\n");
	assert_false(config_may_give_addresses(&config));
	assert_accepted("[bootp]\nmode = auto\npool_start = 192.168.1.100\n");
	assert_true(config_may_give_addresses(&config));
	assert_int_equal(config.subnets.list[0].ranges.count, 1);
	assert_refused_in("[bootp]\nmode = server\n", 0, "pool_start");
	assert_accepted("[bootp]\nmode = auto\npool_start = 172.16.0.1\n");
	assert_true(config_may_give_addresses(&config));
	assert_int_equal(config.home.state, HOME_AWAITED);
}

static void what_a_proxy_has_no_use_for_is_told(void **state)
{
	(void)state;
	assert_warned(PROXY "pool_start = 192.168.1.100\n", 3, "[bootp] pool_start",
		      "no effect with mode = proxy");
	assert_warned(PROXY "[static_dhcp]\n00-01-02-03-04-05 = 192.168.1.7\n", 3, "[static_dhcp]",
		      "no effect for a proxy");
	assert_warned(PROXY "state_file = /tmp/x\n", 3, "[bootp] state_file",
		      "no effect without mode = auto");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_menu_must_fit_into_its_option),
		cmocka_unit_test(a_menu_must_boot_something),
		cmocka_unit_test(a_proxy_needs_no_pool),
		cmocka_unit_test(what_a_proxy_has_no_use_for_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
