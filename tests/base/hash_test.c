/* SipHash-2-4 against the vectors of its paper: the key 00 01 ... 0f, and 00 01 02 ... */
#include "base/hash.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void hashes_as_the_paper_says(void **state)
{
	static const struct {
		size_t length;
		uint64_t hash;
	} vectors[] = {
		{ 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd },  { 7, 0xab0200f58b01d137 },
		{ 8, 0x93f5f5799a932462 }, { 15, 0xa129ca6149be45e5 },
	};
	static const struct hash_key key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };
	uint8_t bytes[16];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < COUNT_OF(vectors); i++)
		assert_true(hash_bytes(&key, (struct span){ bytes, vectors[i].length }) ==
			    vectors[i].hash);
}

static void two_keys_differ(void **state)
{
	struct hash_key one;
	struct hash_key other;

	(void)state;
	assert_true(hash_key_init(&one) && hash_key_init(&other));
	assert_true(one.words[0] != other.words[0] || one.words[1] != other.words[1]);
}

static void keys_of_addresses_and_ports(void **state)
{
	static const struct ip_endpoint endpoints[] = {
		{ { UINT64_C(0xfe80) << 48, 1, 2 }, 69 },
		{ { UINT64_C(0xfe80) << 48, 1, 3 }, 69 },
		{ { UINT64_C(0xfe80) << 48, 1, 2 }, 70 },
		{ { UINT64_C(0xfe80) << 48, 2, 2 }, 69 },
		{ { UINT64_C(0xfd00) << 48, 1, 2 }, 69 },
		{ { 0, 0x0a000001, 0 }, 69 },
		{ IP_MAPPED(0x0a000001), 69 },
	};
	struct hash_key key;

	(void)state;
	assert_true(hash_key_init(&key));
	assert_true(hash_ip(&key, &endpoints[6]) == (UINT64_C(0x0a000001) << 16 | 69));
	for (size_t i = 0; i < COUNT_OF(endpoints); i++) {
		/* No key of IPv6's is one of IPv4's. */
		assert_int_equal(hash_ip(&key, &endpoints[i]) >> 63, i != 6);
		for (size_t other = 0; other < i; other++)
			assert_true(hash_ip(&key, &endpoints[i]) !=
				    hash_ip(&key, &endpoints[other]));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_as_the_paper_says),
		cmocka_unit_test(two_keys_differ),
		cmocka_unit_test(keys_of_addresses_and_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
