/* The live leases of one pool in memory, by machine and by address, and the choice of the next free
 * address. Every operation takes the same time however full the pool is. */
#ifndef BOOTD_LEASE_LEASE_INDEX_H
#define BOOTD_LEASE_LEASE_INDEX_H

#include "lease/lease.h"

struct lease_index;

/* Addresses first to last, both included, at most 2^20 of them. NULL: no memory. */
struct lease_index *lease_index_new(struct ip4 first, struct ip4 last);
void lease_index_free(struct lease_index *index);

/* As the operations of the same names in lease.h. */
const struct lease *lease_index_find_machine(const struct lease_index *index, struct mac mac);
const struct lease *lease_index_find_address(const struct lease_index *index, struct ip4 address);
bool lease_index_find_free(const struct lease_index *index, struct ip4 wanted, uint64_t now_s,
			   struct ip4 *out_address);

void lease_index_visit(const struct lease_index *index, lease_visitor *visitor, void *context);

/* False: the address is not in the pool. */
bool lease_index_put(struct lease_index *index, const struct lease *lease);

#endif
