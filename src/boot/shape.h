/* The shapes that an offer can take for a machine that boots by PXE. Firmware differs in what it
 * makes of them: what one machine needs is a dead end for another. */
#ifndef BOOTD_BOOT_SHAPE_H
#define BOOTD_BOOT_SHAPE_H

#include "boot/client.h"

enum boot_shape {
	SHAPE_PLAIN,        /* DHCP with a boot file, and no word of PXE */
	SHAPE_DIRECT,       /* PXE: the boot file of this very offer, without menu or boot server */
	SHAPE_BOOT_SERVER,  /* PXE: the boot file is told on port 4011 */
	SHAPE_MENU,         /* PXE: a menu, whose entries are told on port 4011 */
	SHAPE_RASPBERRY_PI, /* the words that its ROM looks for */
	SHAPE_COUNT,
};

/* What is tried, the first first. */
struct shape_order {
	enum boot_shape list[SHAPE_COUNT];
	size_t count; /* at least 1 */
};

/* gives_addresses: the offer is a server's, not a proxy's. has_menu: there is a choice. */
struct shape_order shape_order_of(const struct client *client, bool gives_addresses, bool has_menu,
				  bool has_boot_server);

/* A few words for the log. */
const char *shape_text(enum boot_shape shape);

#endif
