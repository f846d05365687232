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

static struct config config;
static struct problems problems;

#define IP4(a, b, c, d) ((struct ip4){ (uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d) })

static const struct local_address addresses[] = {
	{ 1, "eth0", IP4(192, 168, 1, 1), 24 },
	{ 2, "eth1", IP4(10, 0, 0, 1), 8 },
};

static void check_services(const char *text, bool has_dhcp, bool has_tftp)
{
	static const struct config_surroundings surroundings = { .addresses = addresses,
								 .address_count =
									 COUNT(addresses) };
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
	config_check(&config, ini, &surroundings, &problems);
	ini_free(ini);
}

#define PROXY "[bootp]\nmode = proxy\n"

static void assert_accepted(const char *text)
{
	check_services(text, true, true);
	if (problems.count > 0)
		problems_print(&problems, stderr);
	assert_int_equal(problems.count, 0);
}

static void assert_refused(const char *text, unsigned line, const char *words)
{
	check_services(text, true, true);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.list[0].line, line);
	if (strstr(problems.list[0].text, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, problems.list[0].text);
}

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
	assert_refused(text, 3, "this takes 256 bytes of a DHCP option, which holds 255");
}

static void a_menu_must_boot_something(void **state)
{
	(void)state;
	assert_refused(PROXY "[menu]\nDisk = local\n", 3, "one must name a file");
	assert_refused(PROXY "[menu]\nDisk = local\nOther = local\n", 3, "one must name a file");
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
	assert_refused("[bootp]\nmode = server\n", 0, "pool_start");
	assert_accepted("[bootp]\nmode = auto\npool_start = 172.16.0.1\n");
	assert_true(config_may_give_addresses(&config));
	assert_int_equal(config.home.state, HOME_AWAITED);
}

static void assert_warned(const char *text, const char *words)
{
	check_services(text, true, true);
	assert_int_equal(problems.count, 0);
	assert_int_equal(problems.warning_count, 1);
	if (strstr(problems.warnings[0].text, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, problems.warnings[0].text);
}

static void what_a_proxy_has_no_use_for_is_told(void **state)
{
	(void)state;
	assert_warned(PROXY "pool_start = 192.168.1.100\n", "no effect with mode = proxy");
	assert_warned(PROXY "[static_dhcp]\n00-01-02-03-04-05 = 192.168.1.7\n",
		      "no effect for a proxy");
	assert_warned(PROXY "state_file = /tmp/x\n", "no effect without mode = auto");
}

static int free_config(void **state)
{
	(void)state;
	config_done(&config);
	return 0;
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
