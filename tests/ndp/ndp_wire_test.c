/* Router discovery: iPXE's own solicitation, seen on the wire, and what must be refused. */
#include "ndp/ndp_wire.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

/* From QEMU's iPXE ROM of 2019. */
#define FROM_IPXE "8500d7d40000000001015254005f80f9"

static const struct {
	const char *name;
	const char *message;
	bool is_good;
} rows[] = {
	{ "iPXE's", FROM_IPXE, true },
	{ "an unknown option before the address",
	  "85000000000000000e0100000000000001015254005f80f9", true },
	{ "the first address counts", FROM_IPXE "0101525400000000", true },
	{ "nothing", "", false },
	{ "shorter than its header", "85000000000000", false },
	{ "an advertisement", "8600d7d40000000001015254005f80f9", false },
	{ "RFC 4861 6.1.1: a code that is not zero", "8501d7d40000000001015254005f80f9", false },
	{ "no address of its sender", "8500000000000000", false },
	{ "RFC 4861 6.1.1: an option of length zero", "850000000000000001005254005f80f9", false },
	{ "an option that does not end", "850000000000000001025254005f80f9", false },
	{ "an option of one byte", "850000000000000001", false },
	{ "an address that is not Ethernet's", "850000000000000001025254005f80f90000000000000000",
	  false },
};

static void decodes_what_the_rfc_says(void **state)
{
	static const struct mac sender = { { 0x52, 0x54, 0x00, 0x5f, 0x80, 0xf9 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span message = bytes_of_hex(rows[i].message);
		struct mac mac = { { 9 } };

		print_message("%s\n", rows[i].name);
		assert_int_equal(ndp_decode_solicitation(message, &mac), rows[i].is_good);
		if (rows[i].is_good)
			assert_true(mac_is_same(mac, sender));
		else
			assert_int_equal(mac.bytes[0], 9);
		bytes_free(message);
	}
}

static void says_nothing_but_that_there_is_no_router(void **state)
{
	static const uint8_t expected[NDP_ADVERTISEMENT_SIZE] = { 0x86 };
	uint8_t bytes[NDP_ADVERTISEMENT_SIZE];
	struct writer out = writer_of(bytes, sizeof(bytes));

	(void)state;
	ndp_encode_no_router(&out);
	assert_false(out.is_failed);
	assert_int_equal(out.used, sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_what_the_rfc_says),
		cmocka_unit_test(says_nothing_but_that_there_is_no_router),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
