/* Which machine is at an IPv4 address: the kernel's routes and its table of neighbours, by
 * rtnetlink. */
#ifndef BOOTD_IO_NEIGHBOURS_H
#define BOOTD_IO_NEIGHBOURS_H

#include "base/addr.h"

#include <stdbool.h>

struct neighbours;

struct neighbour {
	unsigned interface;
	struct mac mac;
};

/* Returns 0 with *out_neighbours for the caller to close, or -errno. */
int neighbours_open(struct neighbours **out_neighbours);
void neighbours_close(struct neighbours *neighbours); /* NULL is allowed */

/* By which interface, and to which Ethernet address, the kernel sends to this address: two
 * questions to the kernel, no packet and no waiting. Any thread. False: it is this machine's own,
 * behind a router, or was not heard of. */
bool neighbours_find(struct neighbours *neighbours, struct ip4 address,
		     struct neighbour *out_neighbour);

#endif
