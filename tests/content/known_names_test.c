#include "content/known_names.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *path;
	bool is_optional;
} names[] = {
	{ "revocations.efi", true },
	{ "debian-installer/amd64/revocations_sku.efi", true },
	{ "debian-installer/amd64//revocations_sbat.efi", true },
	{ "shim_certificate_0.efi", true },
	{ "EFI/SHIM_CERTIFICATE.EFI", true },
	{ "autoexec.ipxe", true },
	{ "ipxe/autoexec.ipxe", true },
	{ "grub/grub.cfg-01-52-54-00-77-01-01", true },
	{ "pxelinux.cfg/01-52-54-00-77-01-01", true },
	{ "bios/pxelinux.cfg/0A4D0064", true },
	{ "pxelinux.cfg/default", false },
	{ "grub.cfg", false },
	{ "grubx64.efi", false },
	{ "revocations.txt", false },
	{ "autoexec.ipxe2", true }, /* nothing is lost by a debug line */
	{ "linux", false },
	{ "", false },
};

static void knows_what_is_done_without(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		print_message("%s\n", names[i].path);
		assert_int_equal(known_name_is_optional(names[i].path), names[i].is_optional);
	}
}

/* places: with a blank between them. */
static const struct {
	const char *path;
	const char *loader;
	const char *first;
	const char *second;
} places[] = {
	{ "grubx64.efi", "debian-installer/amd64/bootnetx64.efi",
	  "debian-installer/amd64/grubx64.efi", NULL },
	{ "EFI/mmx64.efi", "a/shim.efi", "a/mmx64.efi", NULL },
	{ "fbx64.efi", "a/shim.efi", "a/fbx64.efi", NULL },
	{ "revocations.efi", "a/shim.efi", "a/revocations.efi", NULL },
	{ "grub.cfg", "a/shim.efi", "a/grub.cfg", "a/grub/grub.cfg" },
	{ "grub/grub.cfg-01-52", "a/shim.efi", "a/grub.cfg-01-52", "a/grub/grub.cfg-01-52" },
	{ "grubx64.efi", "/a/b/shim.efi", "/a/b/grubx64.efi", NULL },
	{ "grubx64.efi", "shim.efi", NULL, NULL }, /* it was looked for there */
	{ "grubx64.efi", "", NULL, NULL },
	{ "grubx64.efi", "http://192.0.2.1/a/shim.efi", NULL, NULL }, /* not the root's */
	{ "linux", "a/shim.efi", NULL, NULL }, /* nobody gets another file of the same name */
	{ "a/grubx64.txt", "a/shim.efi", NULL, NULL },
	{ "pxelinux.cfg/default", "a/pxelinux.0", NULL, NULL },
};

static void finds_places_beside_the_loader(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		const char *const expected[] = { places[i].first, places[i].second, NULL };
		size_t count = 0;
		char out[64];

		print_message("%s\n", places[i].path);
		while (known_name_beside(places[i].path, places[i].loader, count, out,
					 sizeof(out))) {
			assert_non_null(expected[count]);
			assert_string_equal(out, expected[count]);
			count++;
		}
		assert_null(expected[count]);
		assert_false(known_name_beside(places[i].path, places[i].loader, 0, out, 4));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_is_done_without),
		cmocka_unit_test(finds_places_beside_the_loader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
