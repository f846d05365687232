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
	static const char *const refused[] = {
		"",         "192.168.1.0/24", "two words",     "abcdefghijklmnop",
		"eth\xff",  "a\tb",           "2001:db8::/32", "2001:db8::1%eth0",
		"fe80::1%", "eth0:1",         "2001:db8::1::"
	};
	struct selector selector = { .kind = SELECT_ADDRESS, .address = { .low = 7 } };

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_false(value_parse_selector(refused[i], &selector));
		assert_true(selector.address.low == 7);
	}
	assert_true(value_parse_selector("0.0.0.0", &selector));
	assert_int_equal(selector.kind, SELECT_ALL);
	assert_true(value_parse_selector("192.168.1.0", &selector));
	assert_int_equal(selector.kind, SELECT_ADDRESS);
	assert_true(ip_to_4(selector.address).value == 0xc0a80100);
	assert_true(value_parse_selector("::", &selector));
	assert_int_equal(selector.kind, SELECT_ALL_BY_BOTH);
	assert_true(value_parse_selector("2001:db8::1", &selector));
	assert_int_equal(selector.kind, SELECT_ADDRESS);
	assert_string_equal(ip_format(selector.address).text, "2001:db8::1");
	assert_string_equal(selector.name, "");
	assert_true(value_parse_selector("fe80::1%eth0", &selector));
	assert_int_equal(selector.kind, SELECT_ADDRESS);
	assert_string_equal(ip_format(selector.address).text, "fe80::1");
	assert_string_equal(selector.name, "eth0");
	assert_true(value_parse_selector("::ffff:192.168.1.0", &selector));
	assert_true(ip_to_4(selector.address).value == 0xc0a80100);
	assert_string_equal(selector.name, "");
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

static void a_range_has_two_ports_in_order(void **state)
{
	static const char *const refused[] = { "",      "5",   "5-",      "-5",
					       "0-5",   "6-5", "5-65536", "5-6-7",
					       "5 - 6", "a-b", "5--6",    "000005-6" };
	struct port_range range = { 7, 8 };

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_false(value_parse_port_range(refused[i], &range));
		assert_int_equal(range.first, 7);
	}
	assert_true(value_parse_port_range("1-65535", &range));
	assert_int_equal(range.first, 1);
	assert_int_equal(range.last, 65535);
	assert_true(value_parse_port_range("2000-2000", &range));
	assert_int_equal(range.last, 2000);
}

static void endpoints_have_ports(void **state)
{
	static const char *const refused[] = {
		"",           "192.168.1.2",       "192.168.1.2:",    "192.168.1.2:0",
		"host:1",     "192.168.1.2:65536", "192.168.1.2:1:2", ":1",
		"0.0.0.0:53", "1.2.3.4:1 ; 5",     "1.2.3.4:-1",
	};
	struct endpoint list[CONFIG_NOTIFY_MAX] = { 0 };
	size_t count = 77;

	(void)state;
	assert_true(value_parse_endpoints("192.168.1.2:12345", list, &count));
	assert_int_equal(count, 1);
	assert_true(list[0].address.value == 0xc0a80102);
	assert_int_equal(list[0].port, 12345);
	assert_true(value_parse_endpoints(" 1.2.3.4:1 ; 255.255.255.254:65535;", list, &count));
	assert_int_equal(count, 2);
	assert_int_equal(list[1].port, 65535);
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_false(value_parse_endpoints(refused[i], list, &count));
	assert_true(value_parse_endpoints("1.1.1.1:1;1.1.1.1:1;1.1.1.1:1;1.1.1.1:1;1.1.1.1:1;"
					  "1.1.1.1:1;1.1.1.1:1;1.1.1.1:1",
					  list, &count));
	assert_false(value_parse_endpoints("1.1.1.1:1;1.1.1.1:1;1.1.1.1:1;1.1.1.1:1;1.1.1.1:1;"
					   "1.1.1.1:1;1.1.1.1:1;1.1.1.1:1;1.1.1.1:1",
					   list, &count));
	assert_int_equal(count, CONFIG_NOTIFY_MAX);
}

static void locations_have_a_scheme_and_no_slash_behind(void **state)
{
	static const char *const cases[][2] = {
		{ "127.0.0.1:13400", "http://127.0.0.1:13400" },
		{ "host", "http://host" },
		{ "http://host/", "http://host" },
		{ "HTTPS://host/a/b//", "HTTPS://host/a/b" },
		{ "host/a", "http://host/a" },
	};
	static const char *const refused[] = { "",           "http://",      "https:///a", "/a",
					       "ftp://host", "http://a://b", "a b",        "a?b",
					       "a#b",        ":80",          "host\\a" };
	char out[32] = "";

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(value_parse_location(cases[i][0], out, sizeof(out)));
		assert_string_equal(out, cases[i][1]);
	}
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_false(value_parse_location(refused[i], out, sizeof(out)));
	assert_false(value_parse_location("a-host-that-is-too-long-for-it", out, sizeof(out)));
	assert_string_equal(out, "http://host/a");
	assert_true(value_parse_url_path("boot", out, sizeof(out)));
	assert_string_equal(out, "/boot");
	assert_true(value_parse_url_path("/a/b/", out, sizeof(out)));
	assert_string_equal(out, "/a/b/");
	assert_false(value_parse_url_path("", out, sizeof(out)));
	assert_false(value_parse_url_path("a b", out, sizeof(out)));
	assert_false(value_parse_url_path("/a?b", out, sizeof(out)));
	assert_false(value_parse_url_path("http://host/a", out, sizeof(out)));
}

static void mac_prefixes_have_their_bits(void **state)
{
	static const struct {
		const char *text;
		const char *mac;
		uint8_t prefix_length;
	} cases[] = {
		{ "AA-BB-CC-DD-EE-FF", "AA-BB-CC-DD-EE-FF", 48 },
		{ "aa:bb:cc:dd:ee:ff", "AA-BB-CC-DD-EE-FF", 48 },
		{ "AA-BB-CC-DD-EE-FF/48", "AA-BB-CC-DD-EE-FF", 48 },
		{ "AA-BB-CC/24", "AA-BB-CC-00-00-00", 24 },
		{ "aa:bb:cc/24", "AA-BB-CC-00-00-00", 24 },
		{ "AA-BB-CC-00-00-00/24", "AA-BB-CC-00-00-00", 24 },
		{ "AA-BB-C0/20", "AA-BB-C0-00-00-00", 20 },
		{ "80/1", "80-00-00-00-00-00", 1 },
		{ "AA/8", "AA-00-00-00-00-00", 8 },
	};
	static const char *const refused[] = {
		"",
		"/",
		"/24",
		"AA-BB-CC",
		"AA-BB-CC/25",
		"AA-BB-CD/23",
		"AA-BB/0",
		"AA/49",
		"AA-BB-CC/",
		"AA-BB-CC/x",
		"AA-BB:CC/24",
		"AABBCC/24",
		"G0/8",
		"A/8",
		"AA-BB-/16",
		"AA-BB-CC-DD/16",
		"AA-BB-CC/24/24",
		"AA-BB-CC-DD-EE-FF-00",
		"AA-BB-CC-DD-EE-FF-00/48",
		"AA BB CC/24",
	};
	uint8_t prefix_length = 77;
	struct mac mac;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(value_parse_mac_prefix(cases[i].text, &mac, &prefix_length));
		assert_string_equal(mac_format(mac).text, cases[i].mac);
		assert_int_equal(prefix_length, cases[i].prefix_length);
	}
	prefix_length = 77;
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_false(value_parse_mac_prefix(refused[i], &mac, &prefix_length));
	assert_int_equal(prefix_length, 77);
}

static void uuids_keep_the_order_of_their_text(void **state)
{
	static const struct uuid wanted = { { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x12,
					      0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0 } };
	static const char *const refused[] = {
		"",
		"12345678-9abc-def0-1234-56789abcdef",
		"12345678-9abc-def0-1234-56789abcdef00",
		"123456789-abc-def0-1234-56789abcdef0",
		"12345678-9abc-def0-1234-56789abcdeg0",
		"12345678x9abc-def0-1234-56789abcdef0",
		"{2345678-9abc-def0-1234-56789abcdef}",
	};
	struct uuid uuid;

	(void)state;
	assert_true(value_parse_uuid("12345678-9abc-DEF0-1234-56789ABCdef0", &uuid));
	assert_memory_equal(uuid.bytes, wanted.bytes, sizeof(uuid.bytes));
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_false(value_parse_uuid(refused[i], &uuid));
	assert_memory_equal(uuid.bytes, wanted.bytes, sizeof(uuid.bytes));
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
		cmocka_unit_test(a_range_has_two_ports_in_order),
		cmocka_unit_test(endpoints_have_ports),
		cmocka_unit_test(locations_have_a_scheme_and_no_slash_behind),
		cmocka_unit_test(mac_prefixes_have_their_bits),
		cmocka_unit_test(uuids_keep_the_order_of_their_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
