#include "boot/client.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define SMBIOS_UUID                                                                                \
	{                                                                                          \
		{                                                                                  \
			0xa1, 0x77, 0x4d, 0x56, 2, 1, 4, 0x43, 0x85, 6, 7, 8, 9, 0x0a, 1, 1        \
		}                                                                                  \
	}

static const struct {
	struct client client;
	const char *expected;
} clients[] = {
	{ { .is_ipxe = false }, "architecture not told" },
	{ { .is_ipxe = true }, "architecture not told, iPXE" },
	{ { .has_architecture = true, .architecture = 0 }, "x86-bios" },
	{ { .has_architecture = true, .architecture = 7, .is_ipxe = true }, "x64-uefi, iPXE" },
	{ { .has_architecture = true, .architecture = 40000 }, "unknown architecture 40000" },
	{ { .has_uuid = true, .uuid = SMBIOS_UUID },
	  "architecture not told, UUID 564d77a1-0102-4304-8506-0708090a0101" },
	{ { .has_architecture = true,
	    .architecture = 65535,
	    .is_ipxe = true,
	    .has_uuid = true,
	    .uuid = SMBIOS_UUID },
	  "unknown architecture 65535, iPXE, UUID 564d77a1-0102-4304-8506-0708090a0101" },
};

static void tells_what_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		char text[CLIENT_DESCRIPTION_SIZE];

		client_describe(&clients[i].client, text, sizeof(text));
		assert_string_equal(text, clients[i].expected);
	}
}

/* No name of an architecture is so long that the description would be cut. */
static void every_architecture_fits(void **state)
{
	struct client client = {
		.has_architecture = true, .is_ipxe = true, .has_uuid = true, .uuid = SMBIOS_UUID
	};

	(void)state;
	for (unsigned number = 0; number <= UINT16_MAX; number++) {
		char text[CLIENT_DESCRIPTION_SIZE];

		client.architecture = (uint16_t)number;
		client_describe(&client, text, sizeof(text));
		assert_non_null(strstr(text, ", iPXE, UUID 564d77a1-0102-4304-8506-0708090a0101"));
		assert_true(strlen(text) > strlen(", iPXE, UUID ") + 36);
	}
}

static void a_small_buffer_is_not_overrun(void **state)
{
	struct client client = { .is_ipxe = true };

	(void)state;
	for (size_t size = 1; size < 40; size++) {
		char text[40];

		memset(text, '#', sizeof(text));
		client_describe(&client, text, size);
		assert_true(memchr(text, '\0', size) != NULL);
		for (size_t i = size; i < sizeof(text); i++)
			assert_int_equal(text[i], '#');
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_is_known),
		cmocka_unit_test(every_architecture_fits),
		cmocka_unit_test(a_small_buffer_is_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
