#include "config/config_files.h"

#include "config/checked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct checking usual = { .surroundings = NULL };

static void filters_keep_their_order(void **state)
{
	static const struct {
		const char *pattern;
		const char *replacement;
		bool is_from_file;
		unsigned line;
	} wanted[] = {
		{ "pxelinux.cfg/*", "pybootd/etc/pxe.cfg", false, 2 },
		{ "Startup", "dir/{filename}.cfg", true, 3 },
		{ "startup", "/a b;c #d", false, 4 },
		{ "grub/?", "{mac}{ip}{uuid}{arch}{file}{client}", false, 5 },
		{ "egg.info", "{filename}", true, 6 },
	};

	(void)state;
	assert_accepted("[filters]\npxelinux.cfg/* = pybootd/etc/pxe.cfg\n"
			"Startup = [dir/{filename}.cfg]\nstartup = /a b;c #d\n"
			"//grub/? = {mac}{ip}{uuid}{arch}{file}{client}\n"
			"egg.info = [ {filename} ]\n");
	assert_int_equal(config.filters.count, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const struct filter_rule *rule = &config.filters.list[i];

		assert_string_equal(rule->pattern, wanted[i].pattern);
		assert_string_equal(rule->replacement, wanted[i].replacement);
		assert_int_equal(rule->is_from_file, wanted[i].is_from_file);
		assert_int_equal(rule->line, wanted[i].line);
	}
}

static void filters_that_name_nothing(void **state)
{
	(void)state;
	assert_refused_in("[filters]\na =\n", 2, "no name of a file");
	assert_refused_in("[filters]\na = []\n", 2, "no name of a file");
	assert_refused_in("[filters]\na = [ ]\n", 2, "no name of a file");
	assert_refused_in("[filters]\na = http://host/b\n", 2, "URLs are none");
	assert_refused_in("[filters]\na = [\n", 2, "must close at the value's end");
	assert_refused_in("[filters]\na = [dir/b].cfg\n", 2, "must close at the value's end");
	assert_refused_in("[filters]\n/ = b\n", 2, "matches this pattern");
	assert_string_equal(problems.list[0].key, "[filters] /");
	assert_int_equal(config.filters.count, 0);
}

static void an_unknown_variable_is_refused(void **state)
{
	(void)state;
	assert_refused_in("[filters]\na = {mac}/{host}\n", 2,
			  "{host} is no variable; there are: {filename}, {mac}, {ip}, {uuid}, "
			  "{arch}, {file}, {client}");
	assert_refused_in("[filters]\na = [{Filename}]\n", 2, "{Filename} is no variable");
	assert_refused_in("[filters]\na = b{\n", 2, "{ is no variable");
	assert_refused_in("[filters]\na = {\x1b\n", 2, "{\\x1b is no variable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_keep_their_order),
		cmocka_unit_test(filters_that_name_nothing),
		cmocka_unit_test(an_unknown_variable_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
