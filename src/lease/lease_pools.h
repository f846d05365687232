/* All leases that a store knows: those of its pools, in an index, and those of addresses that are
 * of no pool now, because another configuration may have them. */
#ifndef BOOTD_LEASE_LEASE_POOLS_H
#define BOOTD_LEASE_LEASE_POOLS_H

#include "lease/lease_index.h"

struct lease_list {
	struct lease *list;
	size_t count;
	size_t capacity;
	bool is_cut; /* no memory for all of them */
};

struct lease_pools {
	struct lease_index *index;
	bool gives_anew; /* as lease_index_new's */
	struct lease_list elsewhere;
};

/* No pool yet. False: no memory; lease_pools_done ends both. */
bool lease_pools_init(struct lease_pools *pools, bool gives_anew);
void lease_pools_done(struct lease_pools *pools);

/* A lease from outside; lease_pools_set gives it its place. A visitor, so what fails is told by
 * elsewhere.is_cut. */
void lease_pools_load(void *pools, const struct lease *lease);

/* As lease_operations.set_pools; the index is another one then. */
int lease_pools_set(struct lease_pools *pools, const struct lease_pool *list, size_t count,
		    const struct ip4 *reserved, size_t reserved_count);

#endif
