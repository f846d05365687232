#include "boot/shape.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define PXE(number) .is_pxe = true, .has_architecture = true, .architecture = (number)

enum { SERVER = true, PROXY = false };

/* P plain, D direct, B boot server, M menu, R Raspberry Pi. */
static const char letters[] = { [SHAPE_PLAIN] = 'P',
				[SHAPE_DIRECT] = 'D',
				[SHAPE_BOOT_SERVER] = 'B',
				[SHAPE_MENU] = 'M',
				[SHAPE_RASPBERRY_PI] = 'R' };

static const struct {
	const char *what;
	struct client client;
	bool gives_addresses;
	bool has_menu;
	bool has_no_boot_server;
	const char *expected;
} orders[] = {
	/* clang-format off */
	{ "a BIOS", { PXE(0) }, SERVER, false, false, "PDBM" },
	{ "a BIOS, by a proxy", { PXE(0) }, PROXY, false, false, "DBM" },
	{ "a BIOS that tells no architecture", { .is_pxe = true }, PROXY, false, false, "DBM" },
	{ "UEFI overlooks a proxy's file", { PXE(7) }, PROXY, false, false, "BDM" },
	{ "UEFI", { PXE(7) }, SERVER, false, false, "PBDM" },
	{ "the first of UEFI", { PXE(6) }, PROXY, false, false, "BDM" },
	{ "iPXE for UEFI takes the file", { PXE(7), .is_ipxe = true }, PROXY, false, false, "DBM" },
	{ "a menu comes first", { PXE(0) }, SERVER, true, false, "MPDB" },
	{ "a menu of a proxy", { PXE(7) }, PROXY, true, false, "MBD" },
	{ "no boot server: no menu either", { PXE(7) }, PROXY, true, true, "D" },
	{ "no boot server", { PXE(0) }, SERVER, false, true, "PD" },
	{ "no PXE client", { .has_architecture = true, .architecture = 22 }, SERVER, true, false, "P" },
	{ "no PXE client, of a proxy", { .is_ipxe = true }, PROXY, false, false, "P" },
	{ "a Raspberry Pi's ROM", { PXE(0), .is_raspberry_pi = true }, SERVER, true, false, "R" },
	{ "a Raspberry Pi's ROM, by a proxy", { PXE(0), .is_raspberry_pi = true }, PROXY, false, true, "R" },
	{ "its UEFI firmware is as any other", { PXE(11), .is_raspberry_pi = true }, PROXY, false, false, "BDM" },
	{ "and so is its iPXE", { PXE(0), .is_raspberry_pi = true, .is_ipxe = true }, PROXY, false, false, "DBM" },
	{ "and its system", { .is_raspberry_pi = true }, SERVER, false, false, "P" },
	/* clang-format on */
};

static void orders_the_shapes_by_client(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		struct shape_order order =
			shape_order_of(&orders[i].client, orders[i].gives_addresses,
				       orders[i].has_menu, !orders[i].has_no_boot_server);
		char text[SHAPE_COUNT + 1] = "";

		print_message("%s\n", orders[i].what);
		for (size_t shape = 0; shape < order.count; shape++)
			text[shape] = letters[order.list[shape]];
		assert_string_equal(text, orders[i].expected);
	}
}

static void every_shape_has_a_text(void **state)
{
	(void)state;
	for (enum boot_shape shape = 0; shape < SHAPE_COUNT; shape++)
		assert_true(strlen(shape_text(shape)) > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_the_shapes_by_client),
		cmocka_unit_test(every_shape_has_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
