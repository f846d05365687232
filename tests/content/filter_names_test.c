#include "content/filter_names.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_variable_is_found_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < FILTER_VARIABLE_COUNT; i++) {
		char text[32] = "{";
		enum filter_variable variable = FILTER_VARIABLE_COUNT;
		struct span name;

		(void)strcat(strcat(text, filter_variable_names[i]), "}");
		name = filter_next_variable(text);
		assert_int_equal(name.length, strlen(text));
		assert_true(filter_find_variable(name, &variable));
		assert_int_equal(variable, i);
	}
}

static const struct {
	const char *pattern;
	const char *unknown;
} rows[] = {
	{ "", "" },
	{ "plain}", "" },
	{ "{filename}", "" },
	{ "a{mac}b{ip}{uuid}/{arch}{file}{client}c", "" },
	{ "{mac}{nonsense}{other}", "{nonsense}" },
	{ "{MAC}", "{MAC}" },
	{ "{ mac}", "{ mac}" },
	{ "{ma}", "{ma}" },
	{ "{macs}", "{macs}" },
	{ "a{}b", "{}" },
	{ "{{mac}}", "{{mac}" },
	{ "{mac}{filename", "{filename" },
	{ "{", "{" },
};

static void the_first_unknown_one_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct span unknown = filter_unknown_variable(rows[i].pattern);

		assert_int_equal(unknown.length, strlen(rows[i].unknown));
		assert_memory_equal(unknown.bytes, rows[i].unknown, unknown.length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_variable_is_found_by_its_name),
		cmocka_unit_test(the_first_unknown_one_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
