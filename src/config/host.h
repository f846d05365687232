/* Which section [host NAME] is a machine's. */
#ifndef BOOTD_CONFIG_HOST_H
#define BOOTD_CONFIG_HOST_H

#include "base/bytes.h"
#include "config/config.h"

/* By its client identifier (option 61, the whole value; empty: none), else by its UUID (NULL: none)
 * in either byte order, else by its MAC address. NULL: no section is about the machine. */
const struct host_config *host_find(const struct hosts *hosts, const struct mac *mac,
				    const struct uuid *uuid, struct span client_id);

/* The orders of hosts->by_mac, by_uuid and by_client_id, for qsort and bsearch over pointers. Hosts
 * that are equal in one of them are the same machine. */
int host_mac_order(const void *one, const void *other);
int host_uuid_order(const void *one, const void *other);
int host_client_id_order(const void *one, const void *other);

#endif
