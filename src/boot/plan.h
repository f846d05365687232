/* What a machine boots: which file. */
#ifndef BOOTD_BOOT_PLAN_H
#define BOOTD_BOOT_PLAN_H

#include "boot/client.h"
#include "config/config.h"

/* The boot file for this client: [bootfile]'s row for its architecture, else its row "default",
 * else [bootp] boot_file. Borrowed from the configuration; "" where none applies. */
const char *plan_boot_file(const struct config *config, const struct client *client);

#endif
