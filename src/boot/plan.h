/* What a machine boots: which file. */
#ifndef BOOTD_BOOT_PLAN_H
#define BOOTD_BOOT_PLAN_H

#include "boot/client.h"
#include "boot/session.h"
#include "config/config.h"

/* The boot file for this client: the one that the authority named, else [bootfile]'s row for its
 * architecture, else its row "default", else [bootp] boot_file. session: NULL where it has none.
 * Borrowed from the session or the configuration; "" where none applies. */
const char *plan_boot_file(const struct config *config, const struct client *client,
			   const struct session *session);

/* The host name that the authority named; "": none. */
const char *plan_host_name(const struct session *session);

#endif
