#include "base/ip.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define HIGH(value) (UINT64_C(value) << 32)

static void texts_are_parsed_and_formatted(void **state)
{
	static const struct {
		const char *text;
		const char *formatted;
		struct ip address;
	} rows[] = {
		{ "192.168.1.10", "192.168.1.10", IP_MAPPED(0xc0a8010a) },
		{ "::ffff:192.168.1.10", "192.168.1.10", IP_MAPPED(0xc0a8010a) },
		{ "::ffff:c0a8:10a", "192.168.1.10", IP_MAPPED(0xc0a8010a) },
		{ "0.0.0.0", "0.0.0.0", IP_MAPPED(0) },
		{ "::1", "::1", { 0, 1, 0 } },
		{ "2001:0DB8:0:0:1:0:0:1",
		  "2001:db8::1:0:0:1",
		  { HIGH(0x20010db8), UINT64_C(0x0001000000000001), 0 } },
		{ "fe80::1", "fe80::1", { HIGH(0xfe800000), 1, 0 } },
		{ "fd00:1:2:3:4:5:6:7",
		  "fd00:1:2:3:4:5:6:7",
		  { UINT64_C(0xfd00000100020003), UINT64_C(0x0004000500060007), 0 } },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  { UINT64_MAX, UINT64_MAX, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip address = { 7, 7, 7 };

		assert_true(ip_parse(rows[i].text, &address));
		assert_true(ip_is_same(address, rows[i].address));
		assert_string_equal(ip_format(address).text, rows[i].formatted);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const refused[] = { "",          "1.2.3",        "1.2.3.4.5", "eth0",
					       ":",         ":::",          "1::2::3",   "[::1]",
					       "fe80::1%2", "::1/128",      "::g",       " ::1",
					       "12345::",   "1:2:3:4:5:6:7" };
	struct ip address = { 7, 7, 7 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		assert_false(ip_parse(refused[i], &address));
	assert_int_equal(address.high + address.low + address.scope, 21);
}

static void the_longest_text_has_room(void **state)
{
	struct ip address = { UINT64_C(0xfe80ffffffffffff), UINT64_MAX, UINT32_MAX };

	(void)state;
	assert_string_equal(ip_format(address).text,
			    "fe80:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295");
	assert_string_equal(ip_format((struct ip){ 0 }).text, "0.0.0.0");
}

static void ip4_has_its_place_among_them(void **state)
{
	struct ip mapped = ip_from_4((struct ip4){ 0x0a000001 });
	struct ip_endpoint endpoint = ip_endpoint_from_4((struct endpoint){ { 0x0a000001 }, 68 });

	(void)state;
	assert_true(ip_is_4(mapped) && ip_is_set(mapped));
	assert_int_equal(ip_to_4(mapped).value, 0x0a000001);
	assert_true(ip_is_same(endpoint.address, mapped));
	assert_int_equal(ip_endpoint_to_4(endpoint).address.value, 0x0a000001);
	assert_int_equal(ip_endpoint_to_4(endpoint).port, 68);
	/* Another number with the same last bits is no IPv4 address. */
	assert_false(ip_is_4((struct ip){ .low = 0x0a000001 }));
	assert_int_equal(ip_to_4((struct ip){ .low = 0x0a000001 }).value, 0);
	assert_int_equal(ip_to_4((struct ip){ 1, mapped.low, 0 }).value, 0);
	assert_false(ip_is_set(ip_from_4((struct ip4){ 0 })));
	assert_false(ip_is_set((struct ip){ 0 }));
	assert_true(ip_is_set((struct ip){ .low = 1 }));
}

static void networks_by_their_first_bits(void **state)
{
	static const struct {
		const char *network;
		uint8_t prefix_length;
		const char *address;
		bool is_within;
	} rows[] = {
		{ "2001:db8::", 32, "2001:db8:ffff::1", true },
		{ "2001:db8::", 32, "2001:db9::1", false },
		{ "fd00:77::", 64, "fd00:77::ffff:ffff:ffff:ffff", true },
		{ "fd00:77::", 64, "fd00:77:0:1::", false },
		{ "fd00:77::", 65, "fd00:77::8000:0:0:0", false },
		{ "fd00:77::", 65, "fd00:77::7fff:0:0:1", true },
		{ "fd00::1", 128, "fd00::1", true },
		{ "fd00::1", 128, "fd00::2", false },
		{ "::", 0, "ff02::1", true },
		{ "::", 0, "10.0.0.1", true },
		{ "10.0.0.0", 96 + 8, "10.255.0.1", true },
		{ "10.0.0.0", 96 + 8, "11.0.0.1", false },
		{ "0.0.0.0", 96, "255.255.255.255", true },
		{ "0.0.0.0", 96, "::1", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(ip_is_within(ip_of(rows[i].address), ip_of(rows[i].network),
					      rows[i].prefix_length),
				 rows[i].is_within);
	assert_string_equal(ip_format(ip_network(ip_of("fd00:77::1:2"), 112)).text, "fd00:77::1:0");
}

static void a_link_local_address_is_one_of_its_interface(void **state)
{
	struct ip one = ip_of("fe80::1");
	struct ip other = one;

	(void)state;
	one.scope = 2;
	other.scope = 3;
	assert_false(ip_is_same(one, other));
	assert_true(ip_is_within(one, other, 128));
	assert_true(ip_is_link_local(one) && ip_is_link_local(ip_of("febf::1")));
	assert_false(ip_is_link_local(ip_of("fec0::1")) || ip_is_link_local(ip_of("10.0.0.1")));
	assert_true(ip_is_multicast(ip_of("ff02::1")));
	assert_false(ip_is_multicast(one) || ip_is_multicast(ip_of("224.0.0.1")));
}

static void bytes_are_in_the_order_of_the_wire(void **state)
{
	static const uint8_t bytes[16] = {
		0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
	};
	uint8_t again[16];

	(void)state;
	assert_string_equal(ip_format(ip_from_bytes(bytes)).text,
			    "2001:db8:102:304:506:708:90a:b0c");
	ip_to_bytes(ip_from_bytes(bytes), again);
	assert_memory_equal(again, bytes, sizeof(bytes));
}

static void an_address_of_an_interface_keeps_its_network(void **state)
{
	struct local_address local = { 7, "eth0", { 0x0a000001 }, 8 };
	struct local_ip out = local_ip_from_4(&local);

	(void)state;
	assert_int_equal(out.interface, 7);
	assert_string_equal(out.name, "eth0");
	assert_int_equal(out.prefix_length, 104);
	assert_string_equal(ip_format(ip_network(out.address, out.prefix_length)).text, "10.0.0.0");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_parsed_and_formatted),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(the_longest_text_has_room),
		cmocka_unit_test(ip4_has_its_place_among_them),
		cmocka_unit_test(networks_by_their_first_bits),
		cmocka_unit_test(a_link_local_address_is_one_of_its_interface),
		cmocka_unit_test(bytes_are_in_the_order_of_the_wire),
		cmocka_unit_test(an_address_of_an_interface_keeps_its_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
