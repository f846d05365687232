#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint8_t sample[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 'a', 'b', 0, 9 };

static struct span sample_span(void)
{
	return (struct span){ .bytes = sample, .length = sizeof(sample) };
}

static void reads_in_network_order(void **state)
{
	struct reader in = reader_of(sample_span());
	struct span rest;

	(void)state;
	assert_int_equal(read_u8(&in), 0x01);
	assert_int_equal(read_u16(&in), 0x0203);
	assert_int_equal(read_u32(&in), 0x04050607);
	rest = read_span(&in, 5);
	assert_int_equal(rest.length, 5);
	assert_ptr_equal(rest.bytes, sample + 7);
	assert_int_equal(in.left, 0);
	assert_false(in.is_failed);
}

static void reads_high_bytes_without_sign(void **state)
{
	static const uint8_t ones[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct reader in = reader_of((struct span){ .bytes = ones, .length = sizeof(ones) });

	(void)state;
	assert_true(read_u32(&in) == UINT32_MAX);
	assert_int_equal(read_u16(&in), UINT16_MAX);
	assert_int_equal(read_u8(&in), UINT8_MAX);
}

static void a_failed_reader_stays_failed(void **state)
{
	struct reader in = reader_of((struct span){ .bytes = sample, .length = 3 });

	(void)state;
	assert_true(read_u32(&in) == 0);
	assert_true(in.is_failed);
	assert_int_equal(in.left, 0);
	assert_int_equal(read_u8(&in), 0);
	assert_null(read_span(&in, 1).bytes);
	assert_int_equal(read_span(&in, 1).length, 0);
	assert_true(in.is_failed);
}

static void an_empty_reader_holds_nothing(void **state)
{
	struct reader in = reader_of((struct span){ 0 });

	(void)state;
	assert_int_equal(read_span(&in, 0).length, 0);
	assert_false(in.is_failed);
	assert_int_equal(read_u8(&in), 0);
	assert_true(in.is_failed);
}

static void reads_text_up_to_its_nul(void **state)
{
	struct reader in = reader_of(sample_span());
	struct span text;

	(void)state;
	(void)read_span(&in, 8);
	text = read_text(&in);
	assert_int_equal(text.length, 2);
	assert_memory_equal(text.bytes, "ab", 2);
	assert_int_equal(in.left, 1);
	text = read_text(&in);
	assert_int_equal(text.length, 0);
	assert_true(in.is_failed);
	assert_int_equal(in.left, 0);
}

static void reads_empty_text(void **state)
{
	static const uint8_t bytes[] = { 0, 7 };
	struct reader in = reader_of((struct span){ .bytes = bytes, .length = sizeof(bytes) });

	(void)state;
	assert_int_equal(read_text(&in).length, 0);
	assert_false(in.is_failed);
	assert_int_equal(in.left, 1);
}

static void text_of_an_empty_reader_fails(void **state)
{
	struct reader in = reader_of((struct span){ 0 });

	(void)state;
	assert_null(read_text(&in).bytes);
	assert_true(in.is_failed);
}

static void writes_in_network_order(void **state)
{
	uint8_t buffer[16];
	struct writer out = writer_of(buffer, sizeof(buffer));
	static const uint8_t wanted[] = { 1, 2, 3, 4, 5, 6, 7, 0, 0, 'h', 'i', 0 };

	(void)state;
	write_u8(&out, 1);
	write_u16(&out, 0x0203);
	write_u32(&out, 0x04050607);
	write_zeros(&out, 2);
	write_text(&out, "hi");
	assert_false(out.is_failed);
	assert_int_equal(out.used, sizeof(wanted));
	assert_memory_equal(buffer, wanted, sizeof(wanted));
	assert_int_equal(writer_left(&out), 4);
}

static void a_full_writer_fails_and_writes_no_more(void **state)
{
	uint8_t buffer[4] = { 0xee, 0xee, 0xee, 0xee };
	struct writer out = writer_of(buffer, 3);

	(void)state;
	write_u16(&out, 0x0102);
	write_u16(&out, 0x0304);
	assert_true(out.is_failed);
	assert_int_equal(writer_left(&out), 0);
	write_u8(&out, 5);
	assert_int_equal(out.used, 2);
	assert_int_equal(buffer[2], 0xee);
	assert_int_equal(buffer[3], 0xee);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_in_network_order),
		cmocka_unit_test(reads_high_bytes_without_sign),
		cmocka_unit_test(a_failed_reader_stays_failed),
		cmocka_unit_test(an_empty_reader_holds_nothing),
		cmocka_unit_test(reads_text_up_to_its_nul),
		cmocka_unit_test(reads_empty_text),
		cmocka_unit_test(text_of_an_empty_reader_fails),
		cmocka_unit_test(writes_in_network_order),
		cmocka_unit_test(a_full_writer_fails_and_writes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
