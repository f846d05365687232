/* The leases and offers of all pools in memory, by machine and by address, and the choice of the
 * next free address. No operation but the visit walks a pool, however full it is. */
#ifndef BOOTD_LEASE_LEASE_INDEX_H
#define BOOTD_LEASE_LEASE_INDEX_H

#include "lease/lease.h"

struct lease_index;

/* The pools as those of lease_operations.set_pools. gives_anew: what has expired or was given back
 * may go to another machine. NULL: no memory. */
struct lease_index *lease_index_new(const struct lease_pool *pools, size_t pool_count,
				    bool gives_anew);
void lease_index_free(struct lease_index *index);

/* As the operations of the same names in lease.h. */
const struct lease *lease_index_find_machine(const struct lease_index *index, size_t pool,
					     const struct lease_identity *owner);
bool lease_index_knows_machine(const struct lease_index *index, const struct lease_identity *owner);
const struct lease *lease_index_find_address(const struct lease_index *index, struct ip4 address);
bool lease_index_is_free(const struct lease_index *index, struct ip4 address, uint64_t now_s);
bool lease_index_find_free(const struct lease_index *index, size_t pool, struct ip4 wanted,
			   uint64_t now_s, struct ip4 *out_address);
void lease_index_visit(const struct lease_index *index, struct ip4 from, uint32_t most,
		       lease_visitor *visitor, void *context);

/* A lease takes the place of what its address had, and of what its machine had elsewhere in the
 * same pool; an offer leaves the address' lease as it is. False: the address is of no pool. */
bool lease_index_put(struct lease_index *index, const struct lease *lease);

/* False: the address is of no pool. */
bool lease_index_find_pool(const struct lease_index *index, struct ip4 address, size_t *out_pool);

/* Nothing is known of the address any more. */
void lease_index_forget(struct lease_index *index, struct ip4 address);

/* Nobody gets the address; whoever has a lease on it does not find it any more. */
void lease_index_reserve(struct lease_index *index, struct ip4 address);

/* While its lease is being made durable, an address goes to nobody else, even if it expires. */
void lease_index_set_pending(struct lease_index *index, struct ip4 address, bool is_pending);
bool lease_index_is_pending(const struct lease_index *index, struct ip4 address);

#endif
