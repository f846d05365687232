#include "tftp/tftp_caps.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ALL 0x3f

static struct tftp_client_rule rules[] = {
	{ .network = IP_MAPPED(0x0a000001), .prefix_length = 128, .caps = { .window_max = 1 } },
	{ .is_by_mac = true,
	  .mac = { { 0x52, 0x54, 0, 0x77, 1, 1 } },
	  .prefix_length = 48,
	  .caps = { .window_max = 2 } },
	{ .is_by_mac = true,
	  .mac = { { 0x52, 0x54, 0, 0, 0, 0 } },
	  .prefix_length = 23,
	  .caps = { .window_max = 3 } },
	{ .network = IP_MAPPED(0x0a000000),
	  .prefix_length = 104,
	  .caps = { .window_max = 4, .refused = 4 } },
};

static void the_first_row_that_is_about_the_client_counts(void **state)
{
	static const struct {
		uint32_t address;
		struct mac mac; /* 0: not known */
		uint16_t window_max;
		uint8_t refused;
	} rows[] = {
		{ 0x0a000001, { { 0x52, 0x54, 0, 0x77, 1, 1 } }, 1, 1 },
		{ 0x0a000002, { { 0x52, 0x54, 0, 0x77, 1, 1 } }, 2, 1 },
		{ 0x0a000002, { { 0x52, 0x54, 1, 0x77, 1, 2 } }, 3, 1 },
		{ 0x0a000002, { { 0x52, 0x54, 2, 0x77, 1, 2 } }, 4, 5 },
		{ 0x0affffff, { { 0 } }, 4, 5 },
		{ 0x0b000000, { { 0 } }, 0, 1 },
		{ 0x0b000000, { { 0x52, 0x54, 0, 0x77, 1, 1 } }, 2, 1 },
	};
	struct config config = { .tftp.refused = 1, .tftp_clients = { rules, COUNT_OF(rules) } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct mac *mac = mac_to_number(rows[i].mac) > 0 ? &rows[i].mac : NULL;
		struct tftp_caps caps =
			tftp_caps_of(&config, (struct ip)IP_MAPPED(rows[i].address), mac);

		assert_int_equal(caps.window_max, rows[i].window_max);
		assert_int_equal(caps.refused, rows[i].refused);
	}
}

static void networks_are_of_their_family(void **state)
{
	struct tftp_client_rule list[] = {
		{ .network = ip_of("0.0.0.0"), .prefix_length = 96, .caps = { .window_max = 4 } },
		{ .network = ip_of("fd00:77::"), .prefix_length = 64, .caps = { .window_max = 6 } },
	};
	struct config config = { .tftp_clients = { list, COUNT_OF(list) } };

	(void)state;
	assert_int_equal(tftp_caps_of(&config, ip_of("10.1.2.3"), NULL).window_max, 4);
	assert_int_equal(tftp_caps_of(&config, ip_of("fd00:77::1:2"), NULL).window_max, 6);
	assert_int_equal(tftp_caps_of(&config, ip_of("fd00:78::1:2"), NULL).window_max, 0);
}

static void what_is_refused_was_not_asked_for(void **state)
{
	static const struct tftp_options all = { .block_size = 1024,
						 .timeout_s = 1,
						 .has_size = true,
						 .window = 4,
						 .timeout_us = 10000,
						 .has_rollover = true };

	(void)state;
	for (unsigned refused = 0; refused <= ALL; refused++) {
		struct tftp_options asked = all;

		tftp_caps_refuse(&asked, (uint8_t)refused);
		assert_int_equal(asked.block_size > 0, !(refused & 1u << TFTP_OPTION_BLOCK_SIZE));
		assert_int_equal(asked.timeout_s > 0, !(refused & 1u << TFTP_OPTION_TIMEOUT));
		assert_int_equal(asked.has_size, !(refused & 1u << TFTP_OPTION_SIZE));
		assert_int_equal(asked.window > 0, !(refused & 1u << TFTP_OPTION_WINDOW));
		assert_int_equal(asked.timeout_us > 0, !(refused & 1u << TFTP_OPTION_FINE_TIMEOUT));
		assert_int_equal(asked.has_rollover, !(refused & 1u << TFTP_OPTION_ROLLOVER));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_row_that_is_about_the_client_counts),
		cmocka_unit_test(networks_are_of_their_family),
		cmocka_unit_test(what_is_refused_was_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
