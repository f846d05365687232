/* How many transfers run, in all and for each client, counted over all workers. Any thread may
 * call. */
#ifndef BOOTD_TFTP_TFTP_BOUNDS_H
#define BOOTD_TFTP_TFTP_BOUNDS_H

#include "base/ip.h"

#include <stdint.h>

struct tftp_bounds;

enum tftp_bound {
	TFTP_BOUND_OK,
	TFTP_BOUND_ALL,    /* max_transfers are reached */
	TFTP_BOUND_CLIENT, /* the client's own number is reached */
};

/* NULL: no memory. */
struct tftp_bounds *tftp_bounds_new(uint32_t transfers_max);
/* One more user, or one less: the last one frees it. NULL may be let go of. */
struct tftp_bounds *tftp_bounds_hold(struct tftp_bounds *bounds);
void tftp_bounds_free(struct tftp_bounds *bounds);

/* Takes a place; client_max 0: as many as there are. A client is one address, of IPv6 too: a /64 is
 * a whole network, and its machines boot at once. */
enum tftp_bound tftp_bounds_take(struct tftp_bounds *bounds, struct ip client, uint32_t client_max);
void tftp_bounds_give_back(struct tftp_bounds *bounds, struct ip client);

#endif
