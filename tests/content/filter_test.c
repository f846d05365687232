#include "content/filter.h"
#include "content/path.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *pattern;
	const char *name;
	bool matches;
} matches[] = {
	{ "pxelinux.0", "pxelinux.0", true },
	{ "pxelinux.0", "pxelinuxx0", false },
	{ "pxelinux.0", "pxelinux.0x", false },
	{ "pxelinux.0", "xpxelinux.0", false },
	{ "pxelinux.0", "PXELINUX.0", false },
	{ "pxelinux.cfg/*", "pxelinux.cfg/default", true },
	{ "pxelinux.cfg/*", "pxelinux.cfg/", true },
	{ "pxelinux.cfg/*", "pxelinux.cfg", false },
	{ "pxelinux.cfg/*", "pxelinux.cfg/01-52-54/deep", true },
	{ "pxelinux.cfg/*", "sub/pxelinux.cfg/default", false },
	{ "/pxelinux.cfg/*", "pxelinux.cfg/default", true },
	{ "//a", "a", true },
	{ "*.cfg", "a/b.cfg", true },
	{ "*.cfg", ".cfg", true },
	{ "*.cfg", "b.cfg.x", false },
	{ "*.cfg", "x.cfx.cfg", true },
	{ "a*b*c", "abc", true },
	{ "a*b*c", "axxbyybzzc", true },
	{ "a*b*c", "acb", false },
	{ "a*ab", "ab", false },
	{ "a*ab", "aab", true },
	{ "*", "a/b", true },
	{ "/*", "a/b", true },
	{ "***", "a", true },
	{ "?", "a", true },
	{ "?", "ab", false },
	{ "?", "", false },
	{ "a?c", "a/c", true },
	{ "???", "ab", false },
	{ "*?", "a", true },
	{ "?*", "a", true },
	{ "*?*?*", "a", false },
	{ "*?*?*", "ab", true },
	{ "*??b", "aaab", true },
	{ "\xc3?", "\xc3\xa9", true },
	{ "[a]", "a", false },
	{ "[a]", "[a]", true },
	{ "a\\*", "ab", false },
	{ "", "a", false },
	{ "", "", true },
	{ "*", "", true },
};

static void patterns_match_the_whole_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(matches); i++) {
		if (filter_matches(matches[i].pattern, matches[i].name) != matches[i].matches)
			fail_msg("'%s' and '%s'", matches[i].pattern, matches[i].name);
	}
}

static char *fill(char *out, size_t length, char byte)
{
	memset(out, byte, length);
	out[length] = '\0';
	return out;
}

/* Each length on both sides of a word's end. */
static void lengths_around_the_ends_of_words(void **state)
{
	char pattern[PATH_SIZE + 8];
	char name[PATH_SIZE + 8];

	(void)state;
	for (size_t length = 60; length < PATH_SIZE; length += length % 64 < 4 ? 1 : 56) {
		fill(name, length, 'a');
		assert_true(filter_matches(fill(pattern, length, 'a'), name));
		assert_true(filter_matches(fill(pattern, length, '?'), name));
		assert_false(filter_matches(fill(pattern, length + 1, '?'), name));
		assert_false(filter_matches(fill(pattern, length - 1, '?'), name));
		(void)strcat(fill(pattern, length - 1, 'a'), "*");
		assert_true(filter_matches(pattern, name));
		name[length - 1] = 'b';
		assert_true(filter_matches(pattern, name));
		name[length - 2] = 'b';
		assert_false(filter_matches(pattern, name));
	}
}

static void a_name_longer_than_a_clean_one_matches_nothing(void **state)
{
	char name[PATH_SIZE + 1];

	(void)state;
	assert_true(filter_matches("*", fill(name, PATH_SIZE - 1, 'a')));
	assert_false(filter_matches("*", fill(name, PATH_SIZE, 'a')));
}

/* Those that a matcher which goes back would try for ages: it would have to choose where each '*'
 * ends. Thousands of them end only if the time is linear. */
static void hostile_patterns_cost_no_more_than_others(void **state)
{
	char pattern[4096];
	char name[PATH_SIZE];
	size_t used = 0;

	(void)state;
	while (used + 3 < sizeof(pattern)) {
		memcpy(pattern + used, used % 4 == 0 ? "*a" : "*?", 2);
		used += 2;
		if (used == 400)
			break;
	}
	memcpy(pattern + used, "b", 2);
	fill(name, PATH_SIZE - 1, 'a');
	for (unsigned i = 0; i < 2000; i++)
		assert_false(filter_matches(pattern, name));
	name[PATH_SIZE - 2] = 'b';
	for (unsigned i = 0; i < 2000; i++)
		assert_true(filter_matches(pattern, name));
	fill(pattern, sizeof(pattern) - 1, '*');
	assert_true(filter_matches(pattern, name));
	/* One long part with a '?': at each place of the name all but its last byte fits. */
	(void)strcat(strcpy(pattern, "*"), fill(name, 500, 'a'));
	pattern[250] = '?';
	(void)strcat(pattern, "b*");
	fill(name, PATH_SIZE - 1, 'a');
	for (unsigned i = 0; i < 2000; i++)
		assert_false(filter_matches(pattern, name));
}

static void the_first_row_wins(void **state)
{
	struct filter_rule list[] = {
		{ .pattern = "pxelinux.cfg/01-*", .line = 3 },
		{ .pattern = "pxelinux.cfg/*", .line = 4 },
		{ .pattern = "*", .line = 5 },
	};
	struct filter_rules rules = { .list = list, .count = 2 };

	(void)state;
	assert_ptr_equal(filter_find(&rules, "pxelinux.cfg/01-x"), &list[0]);
	assert_ptr_equal(filter_find(&rules, "pxelinux.cfg/02-x"), &list[1]);
	assert_null(filter_find(&rules, "pxelinux.0"));
	rules.count = 3;
	assert_ptr_equal(filter_find(&rules, "pxelinux.0"), &list[2]);
	rules.count = 0;
	assert_null(filter_find(&rules, "pxelinux.0"));
}

static const struct filter_variables usual = { .values = {
						       [FILTER_FILENAME] = "dir/name.cfg",
						       [FILTER_MAC] = "AA-BB-CC-DD-EE-FF",
						       [FILTER_IP] = "10.0.0.7",
						       [FILTER_UUID] = "",
						       [FILTER_ARCH] = "x86-bios",
						       [FILTER_FILE] = "{mac}",
						       [FILTER_CLIENT] = "host7",
					       } };

static const struct {
	const char *pattern;
	const char *expected;
} expansions[] = {
	{ "plain/path", "plain/path" },
	{ "/absolute", "/absolute" },
	{ "../beside/x", "../beside/x" },
	{ "{filename}", "dir/name.cfg" },
	{ "/srv/{filename}", "/srv/dir/name.cfg" },
	{ "{mac}/{ip}-{arch}.cfg", "AA-BB-CC-DD-EE-FF/10.0.0.7-x86-bios.cfg" },
	{ "{client}{client}", "host7host7" },
	{ "a{uuid}b", "ab" },
	{ "a/{uuid}", "a/" },
	/* Once: what a value holds stays. */
	{ "{file}", "{mac}" },
	{ "}a", "}a" },
	{ "", "" },
};

static void variables_are_replaced_once(void **state)
{
	char out[64];
	enum filter_refusal refusal;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(expansions); i++) {
		assert_true(
			filter_expand(expansions[i].pattern, &usual, out, sizeof(out), &refusal));
		assert_string_equal(out, expansions[i].expected);
	}
}

/* One value of each of {file} and {client}. */
static const struct {
	const char *pattern;
	const char *file;
	const char *client;
	enum filter_refusal refusal;
} refused[] = {
	{ "a{nonsense}", "", "", FILTER_UNKNOWN_VARIABLE },
	{ "{filename", "", "", FILTER_UNKNOWN_VARIABLE },
	{ "{file}", "/etc/passwd", "", FILTER_LEADS_OUT },
	{ "dir/{file}", "/etc/passwd", "", FILTER_LEADS_OUT },
	{ "dir/{file}", "..", "", FILTER_LEADS_OUT },
	{ "dir/{file}", "../x", "", FILTER_LEADS_OUT },
	{ "dir/{file}", "x/..", "", FILTER_LEADS_OUT },
	{ "dir/{file}", "x/../../y", "", FILTER_LEADS_OUT },
	/* Nothing, and the '/' behind it. */
	{ "{client}/passwd", "", "", FILTER_LEADS_OUT },
	{ "{client}{file}/passwd", "", "", FILTER_LEADS_OUT },
	/* Two halves of "..". */
	{ "dir/.{file}/x", ".", "", FILTER_LEADS_OUT },
	{ "dir/.{file}", ".", "", FILTER_LEADS_OUT },
	{ "dir/{file}.", ".", "", FILTER_LEADS_OUT },
	{ "dir/{file}{client}/x", ".", ".", FILTER_LEADS_OUT },
	{ "dir/{file}{client}/x", "a/.", "./b", FILTER_LEADS_OUT },
	{ "dir/.{file}./x", "", "", FILTER_LEADS_OUT },
	{ "dir/{file}.", "a/.", "", FILTER_LEADS_OUT },
	{ "dir/.{file}", "./a", "", FILTER_LEADS_OUT },
};

static void a_variable_never_leads_elsewhere(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct filter_variables variables = usual;
		enum filter_refusal refusal = FILTER_TOO_LONG;

		variables.values[FILTER_FILE] = refused[i].file;
		variables.values[FILTER_CLIENT] = refused[i].client;
		if (filter_expand(refused[i].pattern, &variables, out, sizeof(out), &refusal))
			fail_msg("'%s' became '%s'", refused[i].pattern, out);
		assert_int_equal(refusal, refused[i].refusal);
	}
}

static void dots_that_lead_nowhere_stay(void **state)
{
	static const char *const values[] = { "...", "..a", "a..", "a/...", ".a", ".", "a//b" };
	char out[64];
	char expected[64];
	enum filter_refusal refusal;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct filter_variables variables = usual;

		variables.values[FILTER_FILE] = values[i];
		assert_true(filter_expand("d/{file}", &variables, out, sizeof(out), &refusal));
		(void)strcat(strcpy(expected, "d/"), values[i]);
		assert_string_equal(out, expected);
	}
}

static void what_does_not_fit_is_refused(void **state)
{
	char out[8];
	enum filter_refusal refusal = FILTER_LEADS_OUT;

	(void)state;
	assert_true(filter_expand("1234567", &usual, out, sizeof(out), &refusal));
	assert_string_equal(out, "1234567");
	assert_false(filter_expand("12345678", &usual, out, sizeof(out), &refusal));
	assert_int_equal(refusal, FILTER_TOO_LONG);
	refusal = FILTER_LEADS_OUT;
	assert_true(filter_expand("12{client}", &usual, out, sizeof(out), &refusal));
	assert_false(filter_expand("123{client}", &usual, out, sizeof(out), &refusal));
	assert_int_equal(refusal, FILTER_TOO_LONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_the_whole_name),
		cmocka_unit_test(lengths_around_the_ends_of_words),
		cmocka_unit_test(a_name_longer_than_a_clean_one_matches_nothing),
		cmocka_unit_test(hostile_patterns_cost_no_more_than_others),
		cmocka_unit_test(the_first_row_wins),
		cmocka_unit_test(variables_are_replaced_once),
		cmocka_unit_test(a_variable_never_leads_elsewhere),
		cmocka_unit_test(dots_that_lead_nowhere_stay),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
