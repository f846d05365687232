#include "boot/architecture.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAMED        42

static void every_name_is_unique_and_reads_back(void **state)
{
	(void)state;
	for (uint16_t number = 0; number < NAMED; number++) {
		uint16_t parsed = UINT16_MAX;

		assert_non_null(architecture_name(number));
		assert_true(architecture_parse(architecture_name(number), &parsed));
		assert_int_equal(parsed, number);
		for (uint16_t other = 0; other < number; other++)
			assert_false(
				text_is_same(architecture_name(number), architecture_name(other)));
	}
}

/* The whole of IANA's table. */
static void names_have_the_assigned_numbers(void **state)
{
	static const struct {
		const char *name;
		uint16_t number;
	} cases[] = {
		{ "x86-bios", 0 },
		{ "pc98", 1 },
		{ "itanium", 2 },
		{ "alpha", 3 },
		{ "arc-x86", 4 },
		{ "lean-client", 5 },
		{ "x86-uefi", 6 },
		{ "x64-uefi", 7 },
		{ "xscale", 8 },
		{ "ebc", 9 },
		{ "arm32-uefi", 10 },
		{ "arm64-uefi", 11 },
		{ "powerpc-of", 12 },
		{ "powerpc-epapr", 13 },
		{ "power-opal", 14 },
		{ "x86-uefi-http", 15 },
		{ "x64-uefi-http", 16 },
		{ "ebc-http", 17 },
		{ "arm32-uefi-http", 18 },
		{ "arm64-uefi-http", 19 },
		{ "x86-bios-http", 20 },
		{ "arm32-uboot", 21 },
		{ "arm64-uboot", 22 },
		{ "arm32-uboot-http", 23 },
		{ "arm64-uboot-http", 24 },
		{ "riscv32-uefi", 25 },
		{ "riscv32-uefi-http", 26 },
		{ "riscv64-uefi", 27 },
		{ "riscv64-uefi-http", 28 },
		{ "riscv128-uefi", 29 },
		{ "riscv128-uefi-http", 30 },
		{ "s390-basic", 31 },
		{ "s390-extended", 32 },
		{ "mips32-uefi", 33 },
		{ "mips64-uefi", 34 },
		{ "sunway32-uefi", 35 },
		{ "sunway64-uefi", 36 },
		{ "loongarch32-uefi", 37 },
		{ "loongarch32-uefi-http", 38 },
		{ "loongarch64-uefi", 39 },
		{ "loongarch64-uefi-http", 40 },
		{ "rpiboot", 41 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(architecture_name(cases[i].number), cases[i].name);
}

static void numbers_and_any_case_are_read(void **state)
{
	uint16_t parsed = 0;

	(void)state;
	assert_true(architecture_parse("X64-UEFI", &parsed));
	assert_int_equal(parsed, 7);
	assert_true(architecture_parse("00007", &parsed));
	assert_int_equal(parsed, 7);
	assert_true(architecture_parse("65535", &parsed));
	assert_int_equal(parsed, 65535);
	assert_null(architecture_name(65535));
	assert_null(architecture_name(NAMED));
}

static void what_is_neither_is_refused(void **state)
{
	static const char *const refused[] = { "", "65536", "-1", "7 ", "x64", "default", "0x7" };
	uint16_t parsed = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		assert_false(architecture_parse(refused[i], &parsed));
		assert_int_equal(parsed, 77);
	}
}

static void http_firmware_has_a_plain_twin(void **state)
{
	static const char tail[] = "-http";

	(void)state;
	for (uint16_t i = 0; i < NAMED; i++) {
		const char *name = architecture_name(i);
		size_t length = strlen(name);
		bool is_http =
			length > strlen(tail) && strcmp(name + length - strlen(tail), tail) == 0;
		char expected[64];

		(void)snprintf(expected, sizeof(expected), "%.*s",
			       (int)(length - (is_http ? strlen(tail) : 0)), name);
		assert_string_equal(architecture_name(architecture_without_http(i)), expected);
	}
	assert_int_equal(architecture_without_http(65535), 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_unique_and_reads_back),
		cmocka_unit_test(names_have_the_assigned_numbers),
		cmocka_unit_test(numbers_and_any_case_are_read),
		cmocka_unit_test(what_is_neither_is_refused),
		cmocka_unit_test(http_firmware_has_a_plain_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
