#include "config/checked.h"

#include "config/config_apply.h"
#include "config/ini.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct config config;
struct problems problems;

static const struct local_address addresses[] = {
	{ 1, "eth0", IP4(192, 168, 1, 1), 24 },
	{ 2, "eth1", IP4(10, 0, 0, 1), 8 },
};

const struct config_surroundings two_networks = {
	.addresses = addresses,
	.address_count = COUNT_OF(addresses),
};

void check_for(const struct checking *checking, const char *text)
{
	struct span bytes = { .bytes = (const uint8_t *)text, .length = strlen(text) };
	struct ini *ini;

	memset(&problems, 0, sizeof(problems));
	config_done(&config);
	config = (struct config){ .path = "/etc/bootd/bootd.ini",
				  .has_dhcp = checking->has_dhcp,
				  .has_tftp = checking->has_tftp,
				  .has_http = checking->has_http };
	ini = ini_parse("test.ini", bytes, &problems);
	assert_non_null(ini);
	config_apply(ini, &config, &problems);
	if (checking->surroundings != NULL)
		config_check(&config, ini, checking->surroundings, &problems);
	ini_free(ini);
}

void check_text(const char *text)
{
	check_for(&usual, text);
}

void check_for_tftp_alone(const char *text)
{
	struct checking checking = { .surroundings = usual.surroundings, .has_tftp = true };

	check_for(&checking, text);
}

static void assert_counts(size_t count, size_t warning_count)
{
	if (problems.count != count || problems.warning_count != warning_count)
		problems_print(&problems, stderr);
	assert_int_equal(problems.count, count);
	assert_int_equal(problems.warning_count, warning_count);
}

void assert_accepted(const char *text)
{
	check_text(text);
	assert_counts(0, problems.warning_count);
}

void assert_silent(const char *text)
{
	check_text(text);
	assert_counts(0, 0);
}

static void assert_told(const struct problem *problem, unsigned line, const char *words)
{
	assert_string_equal(problem->file, "test.ini");
	assert_int_equal(problem->line, line);
	if (strstr(problem->text, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, problem->text);
}

void assert_refused_in(const char *text, unsigned line, const char *words)
{
	check_text(text);
	assert_counts(1, problems.warning_count);
	assert_told(&problems.list[0], line, words);
}

void assert_refused(const char *text, unsigned line, const char *key, const char *words)
{
	assert_refused_in(text, line, words);
	assert_string_equal(problems.list[0].key, key);
}

void assert_warned(const char *text, unsigned line, const char *key, const char *words)
{
	check_text(text);
	assert_counts(0, 1);
	assert_told(&problems.warnings[0], line, words);
	assert_string_equal(problems.warnings[0].key, key);
}

int free_config(void **state)
{
	(void)state;
	config_done(&config);
	return 0;
}
