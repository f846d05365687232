#include "boot/ipxe.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

/* has: names of files that the folder has, with blanks around each. */
static void look_into(struct ipxe_config *ipxe, const char *has)
{
	const char *name;

	*ipxe = (struct ipxe_config){ .is_enabled = true };
	for (size_t i = 0; (name = ipxe_loader_at(i)) != NULL; i++) {
		const char *found = strstr(has, name + strlen(IPXE_PREFIX));

		ipxe->has_loader[i] = found != NULL && found[-1] == ' ';
	}
}

/* What Debian's package has that is no link out of its folder. */
#define DEBIAN " undionly.kpxe ipxe.pxe snponly.efi"

static const struct {
	const char *has;
	uint16_t architecture;
	const char *expected;
} loaders[] = {
	{ DEBIAN, 0, "ipxe/undionly.kpxe" },
	{ DEBIAN, 20, "ipxe/undionly.kpxe" },
	{ DEBIAN, 7, "ipxe/snponly.efi" },
	{ DEBIAN, 9, "ipxe/snponly.efi" },
	{ DEBIAN, 16, "ipxe/snponly.efi" },
	{ DEBIAN, 17, "ipxe/snponly.efi" },
	{ DEBIAN, 6, NULL },
	{ DEBIAN, 11, NULL },
	{ DEBIAN, 4660, NULL },
	{ " ipxe.efi ipxe.pxe", 7, "ipxe/ipxe.efi" },
	{ " ipxe.efi ipxe.pxe", 0, "ipxe/ipxe.pxe" },
	{ " ipxe-arm64.efi", 11, "ipxe/ipxe-arm64.efi" },
	{ " ipxe-arm64.efi", 19, "ipxe/ipxe-arm64.efi" },
	{ " arm64-efi/snponly.efi", 11, "ipxe/arm64-efi/snponly.efi" },
	{ " snponly-i386.efi", 15, "ipxe/snponly-i386.efi" },
	{ "", 0, NULL },
};

static void finds_the_loader_that_there_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(loaders); i++) {
		struct ipxe_config ipxe;
		const char *found;

		print_message("%s, %u\n", loaders[i].has, loaders[i].architecture);
		look_into(&ipxe, loaders[i].has);
		found = ipxe_loader_of(&ipxe, loaders[i].architecture);
		if (loaders[i].expected == NULL)
			assert_null(found);
		else
			assert_string_equal(found, loaders[i].expected);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_loader_that_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
