/* The interfaces of this machine and their IPv4 addresses, by rtnetlink. */
#ifndef BOOTD_IO_NETIF_H
#define BOOTD_IO_NETIF_H

#include "base/addr.h"

#include <stddef.h>

#define NETIF_MAX 256

/* One row an address, in the kernel's order; interfaces without an address have none. More than
 * capacity are left out. Returns 0 or -errno. */
int netif_list(struct local_address *out_list, size_t capacity, size_t *out_count);

#endif
