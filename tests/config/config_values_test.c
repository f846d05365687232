#include "config/config_values.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void comments_need_a_blank_before_them(void **state)
{
	static const struct {
		const char *text;
		const char *wanted;
	} cases[] = {
		{ "", "" },
		{ "a", "a" },
		{ "; all of it", "" },
		{ "# all of it", "" },
		{ "a ; b", "a" },
		{ "a \t# b", "a" },
		{ "a;b", "a;b" },
		{ "a#b ; c", "a#b" },
		{ "two words ;c", "two words" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(text_copy(text, sizeof(text), cases[i].text));
		value_cut_comment(text);
		assert_string_equal(text, cases[i].wanted);
	}
}

static void every_word_for_yes_and_no(void **state)
{
	static const char *const yes[] = { "on",  "true", "enable", "enabled",
					   "yes", "high", "ok",     "1" };
	static const char *const no[] = { "off", "false", "disable", "disabled",
					  "no",  "low",   "ko",      "0" };
	static const char *const neither[] = { "", "2", "y", "n", "onn", "t", "01", "none" };
	bool value;

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++) {
		value = false;
		assert_true(value_parse_boolean(yes[i], &value));
		assert_true(value);
		assert_true(value_parse_boolean(no[i], &value));
		assert_false(value);
	}
	assert_true(value_parse_boolean("EnAble", &value));
	assert_true(value);
	for (size_t i = 0; i < COUNT(neither); i++)
		assert_false(value_parse_boolean(neither[i], &value));
	assert_true(value);
}

static void durations_have_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} cases[] = {
		{ "0", 0 },       { "90", 90 },     { "90s", 90 },   { "2m", 120 },
		{ "3 h", 10800 }, { "7D", 604800 }, { "00010", 10 },
	};
	static const char *const refused[] = {
		"",
		"s",
		"-1",
		"1.5",
		"1w",
		"1 hour",
		"1hh",
		"1h 2m",
		"18446744073709551615d",
		"99999999999999999999",
		"111111111111111111111111111111",
	};
	uint64_t seconds = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(value_parse_duration(cases[i].text, &seconds));
		assert_true(seconds == cases[i].seconds);
	}
	seconds = 7;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_false(value_parse_duration(refused[i], &seconds));
		assert_true(seconds == 7);
	}
}

static void real_seconds_have_decimals(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} cases[] = {
		{ "0", 0 },
		{ "2", 2000 },
		{ "0.5", 500 },
		{ "1.25s", 1250 },
		{ "3 S", 3000 },
		{ "0.05", 50 },
		{ "0.123456789", 123 },
		{ "0.0009", 0 },
		{ "10.010 s", 10010 },
	};
	static const char *const refused[] = {
		"",     "s",     ".5",   "1.",           "1,5",        "-1",  "1e3",
		"1.5m", "1.2.3", "1 .5", "0.1234567890", "4294967296", "nan",
	};
	uint64_t ms = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(value_parse_real_seconds(cases[i].text, &ms));
		assert_true(ms == cases[i].ms);
	}
	ms = 7;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_false(value_parse_real_seconds(refused[i], &ms));
		assert_true(ms == 7);
	}
}

static void addresses_are_of_machines(void **state)
{
	struct ip4 address = { 7 };

	(void)state;
	assert_false(value_parse_address("0.0.0.0", &address));
	assert_false(value_parse_address("192.168.1", &address));
	assert_true(address.value == 7);
	assert_true(value_parse_address("192.168.1.2", &address));
	assert_true(address.value == 0xc0a80102);
}

static void dns_lists_have_many_separators(void **state)
{
	static const char *const refused[] = {
		"",
		";",
		"8.8.8.8;x",
		"8.8.8.8 ; google",
		"0.0.0.0",
		"8.8.8",
		"8.8.8.8.8.8.8.8.8",
		"1.1.1.1;1.1.1.2;1.1.1.3;1.1.1.4;1.1.1.5;1.1.1.6;1.1.1.7;1.1.1.8;1.1.1.9",
	};
	struct ip4 list[CONFIG_DNS_MAX] = { 0 };
	size_t count = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_false(value_parse_dns(refused[i], list, &count));
		assert_int_equal(count, 77);
		assert_true(list[0].value == 0);
	}
	assert_true(value_parse_dns("8.8.8.8", list, &count));
	assert_int_equal(count, 1);
	assert_true(value_parse_dns(";1.1.1.1;1.1.1.2 ; 1.1.1.3,1.1.1.4\t1.1.1.5 1.1.1.6;1.1.1.7;"
				    "1.1.1.8;",
				    list, &count));
	assert_int_equal(count, CONFIG_DNS_MAX);
	for (uint32_t i = 0; i < CONFIG_DNS_MAX; i++)
		assert_true(list[i].value == 0x01010101 + i);
}

static void selectors_are_addresses_or_names(void **state)
{
	static const char *const refused[] = { "",          "192.168.1.0/24",
					       "two words", "abcdefghijklmnop",
					       "eth\xff",   "a\tb" };
	struct selector selector = { .kind = SELECT_ADDRESS, .address = { 7 } };

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_false(value_parse_selector(refused[i], &selector));
		assert_true(selector.address.value == 7);
	}
	assert_true(value_parse_selector("0.0.0.0", &selector));
	assert_int_equal(selector.kind, SELECT_ALL);
	assert_true(value_parse_selector("192.168.1.0", &selector));
	assert_int_equal(selector.kind, SELECT_ADDRESS);
	assert_true(selector.address.value == 0xc0a80100);
	assert_true(value_parse_selector("enp3s0f1.100-ab", &selector));
	assert_int_equal(selector.kind, SELECT_INTERFACE);
	assert_string_equal(selector.name, "enp3s0f1.100-ab");
}

static void words_have_no_case(void **state)
{
	static const char *const words[] = { "beneath", "follow", NULL };
	unsigned index = 7;

	(void)state;
	assert_false(value_parse_word("", words, &index));
	assert_false(value_parse_word("foll", words, &index));
	assert_int_equal(index, 7);
	assert_true(value_parse_word("Follow", words, &index));
	assert_int_equal(index, 1);
}

static void texts_by_what_they_may_hold(void **state)
{
	static const struct {
		const char *text;
		bool is_text;
		bool is_name;
		bool is_domain;
	} cases[] = {
		{ "example-1.org", true, true, true },
		{ "a_b", true, true, false },
		{ "a b", true, false, false },
		{ "b\xc3\xbc", true, false, false },
		{ "a\x1b[0m", false, false, false },
		{ "a\x7f", false, false, false },
		{ "12345678901234567890", false, false, false }, /* too long */
	};
	char out[20];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)text_copy(out, sizeof(out), "old");
		assert_int_equal(value_parse_text(cases[i].text, out, sizeof(out)),
				 cases[i].is_text);
		assert_string_equal(out, cases[i].is_text ? cases[i].text : "old");
		(void)text_copy(out, sizeof(out), "old");
		assert_int_equal(value_parse_name(cases[i].text, out, sizeof(out)),
				 cases[i].is_name);
		assert_string_equal(out, cases[i].is_name ? cases[i].text : "old");
		(void)text_copy(out, sizeof(out), "old");
		assert_int_equal(value_parse_domain(cases[i].text, out, sizeof(out)),
				 cases[i].is_domain);
		assert_string_equal(out, cases[i].is_domain ? cases[i].text : "old");
	}
}

static void paths_are_relative_to_the_folder(void **state)
{
	static const struct {
		const char *text;
		const char *folder;
		const char *wanted;
	} cases[] = {
		{ "/srv/tftp", "/etc/bootd", "/srv/tftp" },
		{ "tftp", "/etc/bootd", "/etc/bootd/tftp" },
		{ "./tftp", "/etc/bootd", "/etc/bootd/tftp" },
		{ "../tftp", "/etc/bootd", "/etc/bootd/../tftp" },
		{ "two words", "", "/two words" },
	};
	static const char *const refused[] = { "http://host/a", "HTTPS://host", "a\nb" };
	char longest[PATH_MAX];
	char out[PATH_MAX] = "old";

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(value_parse_path(cases[i].text, cases[i].folder, out, sizeof(out)));
		assert_string_equal(out, cases[i].wanted);
	}
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_false(value_parse_path(refused[i], "/etc", out, sizeof(out)));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(value_parse_path(longest, "/etc", out, sizeof(out)));
	assert_string_equal(out, "/two words");
	assert_true(value_is_url("http://x"));
	assert_false(value_is_url("httpd/x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_need_a_blank_before_them),
		cmocka_unit_test(every_word_for_yes_and_no),
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(real_seconds_have_decimals),
		cmocka_unit_test(addresses_are_of_machines),
		cmocka_unit_test(dns_lists_have_many_separators),
		cmocka_unit_test(selectors_are_addresses_or_names),
		cmocka_unit_test(words_have_no_case),
		cmocka_unit_test(texts_by_what_they_may_hold),
		cmocka_unit_test(paths_are_relative_to_the_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
