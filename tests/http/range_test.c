#include "http/range.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct {
	const char *header;
	uint64_t size;
	enum range_kind kind;
	struct range range;
} rows[] = {
	/* RFC 9110 14.1.2, of a file of 10,000 bytes */
	{ "bytes=0-499", 10000, RANGE_ONE, { 0, 500 } },
	{ "bytes=500-999", 10000, RANGE_ONE, { 500, 500 } },
	{ "bytes=-500", 10000, RANGE_ONE, { 9500, 500 } },
	{ "bytes=9500-", 10000, RANGE_ONE, { 9500, 500 } },
	{ "bytes=0-0", 10000, RANGE_ONE, { 0, 1 } },
	{ "bytes=9999-9999", 10000, RANGE_ONE, { 9999, 1 } },
	{ "bytes=0-", 10000, RANGE_ONE, { 0, 10000 } },
	{ "BYTES= 1-2 ", 10000, RANGE_ONE, { 1, 2 } },
	{ "bytes=007-08", 10000, RANGE_ONE, { 7, 2 } },

	/* past the end */
	{ "bytes=9999-20000", 10000, RANGE_ONE, { 9999, 1 } },
	{ "bytes=5-99999999999999999999999999", 10, RANGE_ONE, { 5, 5 } },
	{ "bytes=-20000", 10000, RANGE_ONE, { 0, 10000 } },
	{ "bytes=-99999999999999999999999999", 10, RANGE_ONE, { 0, 10 } },
	{ "bytes=0-18446744073709551615", UINT64_MAX, RANGE_ONE, { 0, UINT64_MAX } },
	{ "bytes=10000-", 10000, RANGE_UNSATISFIABLE, { 0 } },
	{ "bytes=10000-10001", 10000, RANGE_UNSATISFIABLE, { 0 } },
	{ "bytes=99999999999999999999999999-", 10000, RANGE_UNSATISFIABLE, { 0 } },
	{ "bytes=-0", 10000, RANGE_UNSATISFIABLE, { 0 } },

	/* of an empty file */
	{ "bytes=0-", 0, RANGE_UNSATISFIABLE, { 0 } },
	{ "bytes=0-0", 0, RANGE_UNSATISFIABLE, { 0 } },
	{ "bytes=-1", 0, RANGE_NONE, { 0 } },

	/* ignored */
	{ "", 10, RANGE_NONE, { 0 } },
	{ "bytes", 10, RANGE_NONE, { 0 } },
	{ "bytes=", 10, RANGE_NONE, { 0 } },
	{ "bytes=-", 10, RANGE_NONE, { 0 } },
	{ "bytes=1", 10, RANGE_NONE, { 0 } },
	{ "bytes=a-b", 10, RANGE_NONE, { 0 } },
	{ "bytes=1-b", 10, RANGE_NONE, { 0 } },
	{ "bytes=1-2x", 10, RANGE_NONE, { 0 } },
	{ "bytes=+1-2", 10, RANGE_NONE, { 0 } },
	{ "bytes=--1", 10, RANGE_NONE, { 0 } },
	{ "bytes=1--2", 10, RANGE_NONE, { 0 } },
	{ "bytes=3-2", 10, RANGE_NONE, { 0 } },
	{ "bytes=0x1-2", 10, RANGE_NONE, { 0 } },
	{ "bytes=0-1,3-4", 10, RANGE_NONE, { 0 } },
	{ "bytes=0-0,", 10, RANGE_NONE, { 0 } },
	{ "blocks=0-1", 10, RANGE_NONE, { 0 } },
	{ "bytes =0-1", 10, RANGE_NONE, { 0 } },

	/* old iPXE */
	{ "bytes=u-u", 10, RANGE_BROKEN, { 0 } },
	{ "bytes=u-u", 0, RANGE_BROKEN, { 0 } },
	{ "bytes=u-", 10, RANGE_NONE, { 0 } },
};

static void reads_every_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct range range = { 77, 77 };

		print_message("%s of %llu\n", rows[i].header, (unsigned long long)rows[i].size);
		assert_int_equal(range_parse(rows[i].header, rows[i].size, &range), rows[i].kind);
		if (rows[i].kind != RANGE_ONE)
			continue;
		assert_int_equal(range.offset, rows[i].range.offset);
		assert_int_equal(range.length, rows[i].range.length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
