#include "config/config_suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *nearest(const char *typed)
{
	static const char *const names[] = { "dns",        "domain",     "pool_start",
					     "pool_count", "servername", "timeout" };
	struct suggestion suggestion = { .typed = typed };

	for (size_t i = 0; i < COUNT(names); i++)
		suggestion_consider(&suggestion, names[i]);
	return suggestion.best == NULL ? "" : suggestion.best;
}

static void the_nearest_name_is_meant(void **state)
{
	static const char *const cases[][2] = {
		{ "pool_strat", "pool_start" },   /* swapped */
		{ "poolstart", "pool_start" },    /* one left out */
		{ "pool__startt", "pool_start" }, /* two added */
		{ "Pool-Cuont", "pool_count" },   /* one changed, two swapped, another case */
		{ "server_name", "servername" },
		{ "pool_coutn", "pool_count" },
		{ "dn", "dns" },
		{ "dnss", "dns" },
		{ "d", "" }, /* two letters of three are too many */
		{ "ntp", "" },
		{ "imeot", "timeout" },
		{ "meout", "timeout" },
		{ "eout", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(nearest(cases[i][0]), cases[i][1]);
}

static void what_is_long_is_nothing(void **state)
{
	char typed[200];

	(void)state;
	memset(typed, 'x', sizeof(typed) - 1);
	typed[sizeof(typed) - 1] = '\0';
	assert_string_equal(nearest(typed), "");
	typed[40] = '\0';
	assert_string_equal(nearest(typed), "");
}

static void it_is_shown_as_a_question(void **state)
{
	struct suggestion suggestion = { .typed = "rooot" };

	(void)state;
	assert_string_equal(suggestion_show(&suggestion).text, "");
	suggestion_consider(&suggestion, "root");
	assert_string_equal(suggestion_show(&suggestion).text, "; did you mean root?");
	assert_int_equal(suggestion.distance, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_name_is_meant),
		cmocka_unit_test(what_is_long_is_nothing),
		cmocka_unit_test(it_is_shown_as_a_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
