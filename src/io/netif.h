/* The interfaces of this machine, their addresses and what they do with IPv6, by rtnetlink. */
#ifndef BOOTD_IO_NETIF_H
#define BOOTD_IO_NETIF_H

#include "base/ip.h"

#include <stdbool.h>
#include <stddef.h>

#define NETIF_MAX 256

/* One row an IPv4 address, in the kernel's order; interfaces without an address have none. More
 * than capacity are left out. Returns 0 or -errno. */
int netif_list(struct local_address *out_list, size_t capacity, size_t *out_count);

/* The same of IPv6, but for addresses that another machine has, too (RFC 4862). */
int netif_list_6(struct local_ip *out_list, size_t capacity, size_t *out_count);

/* Is this machine an IPv6 router for those on the interface? Returns 0 or -errno (-ENODEV: there is
 * no such interface, or it has no IPv6). */
int netif_forwards_ip6(unsigned interface, bool *out_forwards);

#endif
