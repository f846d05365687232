#include "base/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void netmasks(void **state)
{
	(void)state;
	assert_true(ip4_netmask(0).value == 0);
	assert_true(ip4_netmask(1).value == 0x80000000);
	assert_true(ip4_netmask(24).value == 0xffffff00);
	assert_true(ip4_netmask(32).value == 0xffffffff);
}

static void networks(void **state)
{
	struct ip4 address = { 0xc0a80164 };

	(void)state;
	assert_true(ip4_network(address, 24).value == 0xc0a80100);
	assert_true(ip4_network(address, 0).value == 0);
	assert_true(ip4_is_within(address, (struct ip4){ 0xc0a80100 }, 24));
	assert_true(ip4_is_within(address, (struct ip4){ 0xc0a80101 }, 24));
	assert_false(ip4_is_within(address, (struct ip4){ 0xc0a80200 }, 24));
	assert_true(ip4_is_within(address, (struct ip4){ 0 }, 0));
	assert_true(ip4_is_within(address, address, 32));
	assert_false(ip4_is_within(address, (struct ip4){ 0xc0a80165 }, 32));
}

static void ip4_text_both_ways(void **state)
{
	static const struct {
		const char *text;
		uint32_t value;
	} cases[] = {
		{ "0.0.0.0", 0 },
		{ "192.168.1.100", 0xc0a80164 },
		{ "255.255.255.255", 0xffffffff },
		{ "1.2.3.4", 0x01020304 },
	};
	struct ip4 address;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(ip4_parse(cases[i].text, &address));
		assert_true(address.value == cases[i].value);
		assert_string_equal(ip4_format(address).text, cases[i].text);
	}
}

static void ip4_text_that_is_none(void **state)
{
	static const char *const refused[] = {
		"",         "1",        "1.2.3",    "1.2.3.4.5",  "1.2.3.256",
		"1.2.3.-4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4/24", "0x1.2.3.4",
		"1..2.3",   "1.2.3.x",  "::1",      "1.2.3.04",
	};
	struct ip4 address = { 7 };

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_false(ip4_parse(refused[i], &address));
		assert_true(address.value == 7);
	}
}

static void ip4_bytes(void **state)
{
	(void)state;
	assert_true(ip4_from_bytes((const uint8_t[]){ 255, 0, 2, 1 }).value == 0xff000201);
}

static void mac_text_both_ways(void **state)
{
	struct mac mac;
	struct mac same;

	(void)state;
	assert_true(mac_parse("00-aA-55-12-34-Ff", &mac));
	assert_string_equal(mac_format(mac).text, "00-AA-55-12-34-FF");
	assert_true(mac_to_number(mac) == UINT64_C(0x00aa551234ff));
	assert_true(mac_parse("00:AA:55:12:34:FF", &same));
	assert_true(mac_is_same(mac, same));
	same.bytes[5] = 0;
	assert_false(mac_is_same(mac, same));
}

static void mac_text_that_is_none(void **state)
{
	static const char *const refused[] = {
		"",
		"00-AA-55-12-34",
		"00-AA-55-12-34-5",
		"00-AA-55-12-34-567",
		"00-AA:55-12-34-56",
		"00.AA.55.12.34.56",
		"00AA55123456",
		"0G-AA-55-12-34-56",
		"00-AA-55-12-34-5 ",
		"-0-AA-55-12-34-56",
	};
	struct mac mac = { { 1, 2, 3, 4, 5, 6 } };

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_false(mac_parse(refused[i], &mac));
		assert_true(mac_to_number(mac) == UINT64_C(0x010203040506));
	}
}

static void uuid_fields_are_little_endian(void **state)
{
	struct uuid uuid = { { 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa,
			       0xbb, 0xcc, 0xdd, 0xee, 0xff } };

	(void)state;
	assert_string_equal(uuid_format(uuid).text, "00112233-4455-6677-8899-aabbccddeeff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(netmasks),
		cmocka_unit_test(networks),
		cmocka_unit_test(ip4_text_both_ways),
		cmocka_unit_test(ip4_text_that_is_none),
		cmocka_unit_test(ip4_bytes),
		cmocka_unit_test(mac_text_both_ways),
		cmocka_unit_test(mac_text_that_is_none),
		cmocka_unit_test(uuid_fields_are_little_endian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
