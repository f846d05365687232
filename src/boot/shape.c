#include "boot/shape.h"

#define ARCHITECTURE_BIOS       0
#define ARCHITECTURE_UEFI_FIRST 6 /* x86 UEFI; the older ones are of other times */

/* The ROM of a Raspberry Pi calls itself a BIOS; the UEFI firmware that it may load does not, and
 * must not get what is the ROM's. */
static bool is_raspberry_pi_rom(const struct client *client)
{
	return client->is_raspberry_pi && !client->is_ipxe &&
	       (!client->has_architecture || client->architecture == ARCHITECTURE_BIOS);
}

static bool is_uefi(const struct client *client)
{
	return client->has_architecture && client->architecture >= ARCHITECTURE_UEFI_FIRST;
}

static void add(struct shape_order *order, enum boot_shape shape)
{
	order->list[order->count++] = shape;
}

struct shape_order shape_order_of(const struct client *client, bool gives_addresses, bool has_menu,
				  bool has_boot_server)
{
	struct shape_order order = { .count = 0 };

	if (client->is_pxe && is_raspberry_pi_rom(client)) {
		add(&order, SHAPE_RASPBERRY_PI);
		return order;
	}
	if (client->is_pxe && has_menu && has_boot_server)
		add(&order, SHAPE_MENU);
	if (gives_addresses || !client->is_pxe)
		add(&order, SHAPE_PLAIN);
	if (!client->is_pxe)
		return order;
	/* Much UEFI firmware overlooks a boot file in a proxy's offer and asks port 4011, but only
	 * where nothing tells it otherwise. BIOS ROMs and iPXE take the file at once. */
	if (is_uefi(client) && !client->is_ipxe && has_boot_server)
		add(&order, SHAPE_BOOT_SERVER);
	add(&order, SHAPE_DIRECT);
	if (has_boot_server && (!is_uefi(client) || client->is_ipxe))
		add(&order, SHAPE_BOOT_SERVER);
	if (!has_menu && has_boot_server)
		add(&order, SHAPE_MENU);
	return order;
}

const char *shape_text(enum boot_shape shape)
{
	static const char *const texts[SHAPE_COUNT] = {
		[SHAPE_PLAIN] = "plain DHCP",
		[SHAPE_DIRECT] = "PXE with the boot file",
		[SHAPE_BOOT_SERVER] = "PXE with a boot server",
		[SHAPE_MENU] = "PXE with a menu",
		[SHAPE_RASPBERRY_PI] = "PXE for a Raspberry Pi",
	};

	return texts[shape];
}
