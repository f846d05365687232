#include "config/config_caps.h"

#include "support.h"
#include "tftp/tftp_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BLKSIZE  (1u << TFTP_OPTION_BLOCK_SIZE)
#define TIMEOUT  (1u << TFTP_OPTION_TIMEOUT)
#define TSIZE    (1u << TFTP_OPTION_SIZE)
#define WINDOW   (1u << TFTP_OPTION_WINDOW)
#define UTIMEOUT (1u << TFTP_OPTION_FINE_TIMEOUT)
#define ROLLOVER (1u << TFTP_OPTION_ROLLOVER)

static void options_are_refused_or_capped(void **state)
{
	static const struct {
		const char *text;
		struct tftp_caps caps;
	} rows[] = {
		{ "windowsize", { .refused = WINDOW } },
		{ "  TSIZE\tblksize  ", { .refused = TSIZE | BLKSIZE } },
		{ "blksize timeout tsize windowsize utimeout rollover",
		  { .refused = BLKSIZE | TIMEOUT | TSIZE | WINDOW | UTIMEOUT | ROLLOVER } },
		{ "blksize=1024", { .block_size_max = 1024 } },
		{ "windowsize=4 tsize", { .refused = TSIZE, .window_max = 4 } },
		{ "blksize=8 windowsize=1", { .block_size_max = 8, .window_max = 1 } },
		{ "blksize=65464 windowsize=4096",
		  { .block_size_max = 65464, .window_max = 4096 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tftp_caps caps;

		assert_true(caps_parse(rows[i].text, &caps));
		assert_int_equal(caps.refused, rows[i].caps.refused);
		assert_int_equal(caps.block_size_max, rows[i].caps.block_size_max);
		assert_int_equal(caps.window_max, rows[i].caps.window_max);
	}
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		"window",
		"blksize;tsize",
		"blksize=",
		"blksize=7",
		"blksize=65465",
		"blksize=1k",
		"windowsize=0",
		"windowsize=4097",
		"tsize=1",
		"=5",
		"blksize = 5",
		"blksize=5=6",
		"windowsizewindowsizewindowsizewindowsize",
	};
	struct tftp_caps caps = { .window_max = 77 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_false(caps_parse(rows[i], &caps));
		assert_int_equal(caps.window_max, 77);
	}
}

static void for_all_options_are_only_refused(void **state)
{
	uint8_t refused = 0;

	(void)state;
	assert_true(caps_parse_options("tsize windowsize", &refused));
	assert_int_equal(refused, TSIZE | WINDOW);
	assert_false(caps_parse_options("windowsize=4", &refused));
	assert_false(caps_parse_options("blksize=1024", &refused));
	assert_false(caps_parse_options("", &refused));
	assert_int_equal(refused, TSIZE | WINDOW);
}

static void networks_end_with_their_prefix(void **state)
{
	static const char *const refused[] = { "",
					       "192.168.1.1/24",
					       "192.168.1.0/33",
					       "192.168.1.0/",
					       "192.168.1/24",
					       "/24",
					       "192.168.1.0/x",
					       "eth0",
					       "2001:db8::/16",
					       "2001:db8::/129",
					       "fe80::1%eth0",
					       "192.168.1.0/24/24",
					       "111111111111111111111111111111111" };
	struct ip network = { .low = 7 };
	uint8_t prefix_length = 7;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		assert_false(caps_parse_network(refused[i], &network, &prefix_length));
		assert_int_equal(network.low, 7);
	}
	assert_true(caps_parse_network("192.168.1.0/24", &network, &prefix_length));
	assert_int_equal(ip_to_4(network).value, 0xc0a80100);
	assert_int_equal(prefix_length, 96 + 24);
	assert_true(caps_parse_network("10.0.0.1", &network, &prefix_length));
	assert_int_equal(prefix_length, 128);
	assert_true(caps_parse_network("0.0.0.0/0", &network, &prefix_length));
	assert_int_equal(prefix_length, 96);
	assert_true(caps_parse_network("2001:db8::/32", &network, &prefix_length));
	assert_string_equal(ip_format(network).text, "2001:db8::");
	assert_int_equal(prefix_length, 32);
	assert_true(caps_parse_network("2001:db8::1", &network, &prefix_length));
	assert_int_equal(prefix_length, 128);
	assert_true(caps_parse_network("::/0", &network, &prefix_length));
	assert_int_equal(prefix_length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_refused_or_capped),
		cmocka_unit_test(what_is_no_list_is_refused),
		cmocka_unit_test(for_all_options_are_only_refused),
		cmocka_unit_test(networks_end_with_their_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
