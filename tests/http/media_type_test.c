#include "http/media_type.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void the_end_of_the_name_tells(void **state)
{
	static const struct {
		const char *name, *type;
	} rows[] = {
		{ "bootx64.efi", "application/efi" },
		{ "EFI/BOOT/BOOTX64.EFI", "application/efi" },
		{ "disk.iso", "application/vnd.efi-iso" },
		{ "disk.img", "application/vnd.efi-img" },
		{ "menu.ipxe", "text/plain; charset=utf-8" },
		{ "grub.cfg", "text/plain; charset=utf-8" },
		{ "a.b.json", "application/json" },
		{ "initrd.gz", "application/gzip" },
		{ "linux", "application/octet-stream" },
		{ "linux.", "application/octet-stream" },
		{ "efi", "application/octet-stream" },
		{ "a.efi/linux", "application/octet-stream" },
		{ "a.unknown", "application/octet-stream" },
		{ "", "application/octet-stream" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(media_type_of(rows[i].name), rows[i].type);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_of_the_name_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
