#include "config/subnet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void an_address_belongs_to_the_network_that_has_it(void **state)
{
	struct subnet_config list[] = {
		{ .name = "lab", .network = { 0xc0a80100 }, .prefix_length = 24 },
		{ .name = "hall", .network = { 0x0a000000 }, .prefix_length = 8 },
	};
	struct subnets subnets = { list, COUNT_OF(list) };
	struct subnets none = { 0 };

	(void)state;
	assert_ptr_equal(subnet_find(&subnets, (struct ip4){ 0xc0a801ff }), &list[0]);
	assert_ptr_equal(subnet_find(&subnets, (struct ip4){ 0x0affffff }), &list[1]);
	assert_null(subnet_find(&subnets, (struct ip4){ 0xc0a80200 }));
	assert_null(subnet_find(&none, (struct ip4){ 0xc0a80101 }));
}

static void ranges_have_their_first_and_last_address(void **state)
{
	static const struct {
		uint32_t address;
		bool is_had;
	} rows[] = {
		{ 9, false },  { 10, true },  { 15, true }, { 20, true },
		{ 21, false }, { 29, false }, { 30, true }, { 31, false },
		{ 39, false }, { 40, true },  { 41, true }, { 42, false },
	};
	struct address_range list[] = { { { 10 }, { 20 } },
					{ { 30 }, { 30 } },
					{ { 40 }, { 41 } } };
	struct address_ranges ranges = { list, COUNT_OF(list) };
	struct address_ranges none = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip4 address = { rows[i].address };

		assert_int_equal(address_ranges_have(&ranges, address), rows[i].is_had);
		assert_false(address_ranges_have(&none, address));
	}
}

static void a_setting_is_found_by_its_code(void **state)
{
	uint8_t value[] = { 1, 2, 3, 4 };
	struct option_setting list[] = { { .code = 4, .length = 4, .bytes = value },
					 { .code = 42, .length = 2, .bytes = value } };
	struct option_settings settings = { list, COUNT_OF(list) };

	(void)state;
	assert_ptr_equal(option_settings_find(&settings, 4), &list[0]);
	assert_ptr_equal(option_settings_find(&settings, 42), &list[1]);
	assert_null(option_settings_find(&settings, 43));
	assert_null(option_settings_find(&(struct option_settings){ 0 }, 4));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_belongs_to_the_network_that_has_it),
		cmocka_unit_test(ranges_have_their_first_and_last_address),
		cmocka_unit_test(a_setting_is_found_by_its_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
