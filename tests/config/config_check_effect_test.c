#include "config/config_check.h"

#include "config/checked.h"
#include "config/ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct checking usual = { .surroundings = &two_networks, .has_dhcp = true, .has_tftp = true };

#define HTTP "access = http\n[http]\nlocation = a\npxe = b\ndhcp = c\n"

static void what_has_no_effect_is_told(void **state)
{
	static const struct {
		const char *text; /* below POOL, whose lines are 1 and 2 */
		unsigned line;    /* 0: nothing is to be told */
		const char *key;
		const char *words;
	} cases[] = {
		{ "", 0, "", "" },
		{ "[mac]\nAA/8 = yes\n", 3, "[mac]", "without [bootp] access = mac" },
		{ "access = mac\n[mac]\nAA/8 = yes\n", 0, "", "" },
		{ "[uuid]\n12345678-9abc-def0-1234-56789abcdef0 = yes\n", 3, "[uuid]",
		  "without [bootp] access = uuid" },
		{ "[http]\nalways_check = yes\n", 3, "[http]", "without [bootp] access = http" },
		{ "[mac]\n[uuid]\n[http]\n", 0, "", "" },
		{ "timeout = 3\n", 3, "[bootp] timeout", "without access = http" },
		{ HTTP "timeout = 3\n", 0, "", "" },
		{ "timeout = 3\n" HTTP "timeout = 3\n", 3, "[bootp] timeout", "[http] timeout" },
		{ "boot_file = a\n[bootfile]\ndefault = b\n", 3, "[bootp] boot_file",
		  "the row default" },
		{ "boot_file = a\n[bootfile]\n0 = b\n", 0, "", "" },
		{ "gateway = 192.168.1.2\nset_gateway = no\n", 3, "[bootp] gateway",
		  "set_gateway = no" },
		{ "gateway = 192.168.1.2\n", 0, "", "" },
		{ "[logger]\nfile = a\n", 4, "[logger] file", "without type = file" },
		{ "[logger]\ntype = file\nfile = a\n", 0, "", "" },
		{ "access = mac\n[mac]\n", 4, "[mac]", "no machine is served" },
		{ "access = uuid\n[uuid]\n", 4, "[uuid]", "no machine is served" },
		{ "access = mac\n[mac]\n[static_dhcp]\n02-00-00-00-00-01 = 192.168.1.7\n", 0, "",
		  "" },
		{ "pool_count = 0\n", 3, "[bootp] pool_count", "no machine is served" },
		{ "access = uuid\n[uuid]\nffffffff-ffff-ffff-ffff-ffffffffffff = no\n", 5, "[uuid]",
		  "names no machine" },
		{ "access = uuid\n[uuid]\n12345678-1234-5678-1234-567812345678 = no\n", 5, "[uuid]",
		  "names no machine" },
		{ "[httpd]\nport = 8000\n", 3, "[httpd]", "without enable = yes" },
		{ "[httpd]\nport = 8000\nenable = no\n", 0, "", "" },
		{ "access_files = known\n", 0, "", "" },
		{ "[ipxe]\nscript = a\n", 4, "[ipxe] script", "without enable = yes" },
		{ "[ipxe]\nbinaries = /a\n", 4, "[ipxe] binaries", "without enable = yes" },
		{ "[ipxe]\nenable = yes\nscript = a\nbinaries = /a\n", 0, "", "" },
	};
	char text[400];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(text, sizeof(text), "[bootp]\npool_start = 192.168.1.100\n%s",
			       cases[i].text);
		check_text(text);
		assert_int_equal(problems.count, 0);
		if (problems.warning_count != (cases[i].line > 0))
			fail_msg("%zu warnings on: %s", problems.warning_count, text);
		if (cases[i].line == 0)
			continue;
		assert_int_equal(problems.warnings[0].line, cases[i].line);
		assert_string_equal(problems.warnings[0].key, cases[i].key);
		assert_non_null(strstr(problems.warnings[0].text, cases[i].words));
	}
}

static void a_proxy_keeps_no_leases(void **state)
{
	(void)state;
	check_text("[bootp]\nmode = proxy\n[leases]\nidentity = mac\n");
	assert_int_equal(problems.count, 0);
	assert_int_equal(problems.warning_count, 1);
	assert_string_equal(problems.warnings[0].key, "[leases]");
	assert_non_null(strstr(problems.warnings[0].text, "gives no addresses"));
	assert_false(config_has_lease_file(&config));
	/* It may become a server. */
	check_text("[bootp]\nmode = auto\npool_start = 192.168.1.100\n"
		   "[leases]\nidentity = mac\n");
	assert_int_equal(problems.warning_count, 0);
	assert_true(config_has_lease_file(&config));
}

/* What a service would need that does not run is left out on purpose. */
static void with_tftp_alone_dhcp_is_not_judged(void **state)
{
	(void)state;
	check_for_tftp_alone("[bootp]\ntimeout = 3\n[mac]\nAA/8 = yes\n");
	assert_int_equal(problems.warning_count, 0);
	check_for_tftp_alone("[bootp]\naccess_files = known\n");
	assert_int_equal(problems.warning_count, 1);
	assert_non_null(strstr(problems.warnings[0].text, "every file is refused"));
}

static void the_sample_starts_without_a_word(void **state)
{
	static char text[INI_FILE_MAX];
	FILE *file = fopen(SOURCE_ROOT "/etc/bootd.ini", "re");

	(void)state;
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
	check_text(text);
	problems_print(&problems, stderr);
	assert_int_equal(problems.count + problems.warning_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_no_effect_is_told),
		cmocka_unit_test(a_proxy_keeps_no_leases),
		cmocka_unit_test(with_tftp_alone_dhcp_is_not_judged),
		cmocka_unit_test(the_sample_starts_without_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
