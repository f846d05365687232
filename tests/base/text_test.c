#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void format_says_when_it_cuts(void **state)
{
	char out[6];

	(void)state;
	assert_true(text_format(out, sizeof(out), "%d-%s", 12, "ab"));
	assert_string_equal(out, "12-ab");
	assert_false(text_format(out, sizeof(out), "%s", "abcdef"));
	assert_string_equal(out, "abcde");
}

static void copy_is_whole_or_not_at_all(void **state)
{
	char out[4] = "old";

	(void)state;
	assert_false(text_copy(out, sizeof(out), "four"));
	assert_string_equal(out, "old");
	assert_true(text_copy(out, sizeof(out), "new"));
	assert_string_equal(out, "new");
	assert_true(text_copy(out, sizeof(out), ""));
	assert_string_equal(out, "");
}

static void trim_takes_both_ends(void **state)
{
	static const struct {
		char text[16];
		const char *wanted;
	} cases[] = {
		{ "", "" },    { " \t\r\n", "" }, { "a", "a" }, { "  a b \r\n", "a b" },
		{ "a ", "a" }, { "\v\fa", "a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[16];

		memcpy(text, cases[i].text, sizeof(text));
		assert_string_equal(text_trim(text), cases[i].wanted);
	}
}

static void comparing_ignores_case(void **state)
{
	(void)state;
	assert_true(text_is_same("PXEClient", "pxeclient"));
	assert_false(text_is_same("pxe", "pxeclient"));
	assert_true(text_starts_with("PXEClient:Arch", "pxeclient"));
	assert_true(text_starts_with("a", ""));
	assert_false(text_starts_with("PXE", "PXEClient"));
}

static void numbers_are_digits_only(void **state)
{
	static const char *const refused[] = {
		"",
		" 1",
		"1 ",
		"+1",
		"-1",
		"0x10",
		"1.0",
		"a",
		"18446744073709551616",
		"99999999999999999999999",
	};
	uint64_t value = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_false(text_parse_number(refused[i], &value));
		assert_true(value == 77);
	}
	assert_true(text_parse_number("0", &value));
	assert_true(value == 0);
	assert_true(text_parse_number("0070", &value));
	assert_true(value == 70);
	assert_true(text_parse_number("18446744073709551615", &value));
	assert_true(value == UINT64_MAX);
}

static void escape_shows_only_printable_ascii(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		size_t size;
		const char *wanted;
	} cases[] = {
		{ NULL, 0, 8, "" },
		{ "plain ~", 7, 8, "plain ~" },
		{ "a\\b", 3, 8, "a\\\\b" },
		{ "\n\x00\x7f\xff", 4, 32, "\\x0a\\x00\\x7f\\xff" },
		{ "abcdefgh", 8, 8, "abcd..." },
		{ "abcdefg", 7, 8, "abcdefg" },
		{ "ab\xff\xff", 4, 8, "ab..." },
		{ "\xff\xff", 2, 8, "\\xff..." },
		{ "abc", 3, 3, ".." },
		{ "abc", 3, 1, "" },
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span bytes = { .bytes = (const uint8_t *)cases[i].bytes,
				      .length = cases[i].length };

		text_escape(out, cases[i].size, bytes);
		assert_string_equal(out, cases[i].wanted);
	}
}

static void escape_into_no_room_writes_nothing(void **state)
{
	char out[1] = { 'x' };

	(void)state;
	text_escape(out, 0, (struct span){ .bytes = (const uint8_t *)"a", .length = 1 });
	assert_int_equal(out[0], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_says_when_it_cuts),
		cmocka_unit_test(copy_is_whole_or_not_at_all),
		cmocka_unit_test(trim_takes_both_ends),
		cmocka_unit_test(comparing_ignores_case),
		cmocka_unit_test(numbers_are_digits_only),
		cmocka_unit_test(escape_shows_only_printable_ascii),
		cmocka_unit_test(escape_into_no_room_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
