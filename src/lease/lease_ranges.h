/* The addresses of the pools, counted: which number an address has in its pool, and the other way
 * round, by a binary search over the ranges. */
#ifndef BOOTD_LEASE_LEASE_RANGES_H
#define BOOTD_LEASE_LEASE_RANGES_H

#include "lease/lease.h"

/* The number-th address of the pool, from 0 on. */
struct lease_place {
	uint32_t number;
	uint16_t pool;
};

struct lease_ranges;

/* As the pools of lease_operations.set_pools; at most 2^16 pools and ranges. NULL: no memory. */
struct lease_ranges *lease_ranges_new(const struct lease_pool *pools, size_t pool_count);
void lease_ranges_free(struct lease_ranges *ranges);

/* False: the address is of no pool. */
bool lease_ranges_find(const struct lease_ranges *ranges, struct ip4 address,
		       struct lease_place *out_place);

/* The place is one that lease_ranges_find gives. */
struct ip4 lease_ranges_get(const struct lease_ranges *ranges, struct lease_place place);

/* The first range, in the order of the addresses, that does not end before this one; past the last:
 * there is none. */
size_t lease_ranges_from(const struct lease_ranges *ranges, struct ip4 address);

/* The i-th range in the order of the addresses: its first place, and how many there are. False:
 * there are not so many ranges. */
bool lease_ranges_at(const struct lease_ranges *ranges, size_t i, struct lease_place *out_first,
		     uint32_t *out_count);

#endif
