/* Leases and offers, found by their machines: each machine has one lease and one offer in a pool. A
 * table of fixed capacity, of which only as much is touched as was ever filled. */
#ifndef BOOTD_LEASE_LEASE_TABLE_H
#define BOOTD_LEASE_LEASE_TABLE_H

#include "lease/lease.h"

struct lease_table;

enum lease_part { PART_LEASE, PART_OFFER, PART_COUNT };

static inline enum lease_part lease_part_of(const struct lease *lease)
{
	return lease->state == LEASE_OFFERED ? PART_OFFER : PART_LEASE;
}

/* NULL: no memory. */
struct lease_table *lease_table_new(uint32_t capacity);
void lease_table_free(struct lease_table *table);

/* Keeps a copy of the lease; its number there, which is 1 or more. The caller sees to it that there
 * is room. */
uint32_t lease_table_add(struct lease_table *table, uint16_t pool, const struct lease *lease);
void lease_table_remove(struct lease_table *table, uint32_t number);

/* Valid until it is removed. */
const struct lease *lease_table_get(const struct lease_table *table, uint32_t number);

/* From now on its machine does not find it. */
void lease_table_hide(struct lease_table *table, uint32_t number);

/* The numbers of the machine's lease and offer; 0: it has none in this pool, or is nobody. */
void lease_table_find(const struct lease_table *table, uint16_t pool,
		      const struct lease_identity *owner, uint32_t out_numbers[PART_COUNT]);

/* In any pool, a lease or an offer. */
bool lease_table_has(const struct lease_table *table, const struct lease_identity *owner);

#endif
