/* Chains of leases by the hash of machine and pool, in one array; what was removed stands in a
 * chain of its own and is used first. */
#include "lease/lease_table.h"

#include "base/hash.h"

#include <stdlib.h>

struct entry {
	struct lease lease;
	uint32_t next; /* in its chain, or of those removed */
	uint16_t pool;
	bool is_hidden;
};

struct lease_table {
	struct hash_key key;
	uint32_t mask; /* the number of chains, a power of two, less one */
	uint32_t *chains;
	uint32_t touched; /* entries up to this one were filled before */
	uint32_t removed;
	struct entry *entries; /* from 1 on */
};

struct lease_table *lease_table_new(uint32_t capacity)
{
	struct lease_table *table = calloc(1, sizeof(*table));
	uint32_t chain_count = 2;

	if (table == NULL)
		return NULL;
	/* Few machines have a lease and an offer at a time. */
	while (chain_count < capacity / PART_COUNT)
		chain_count *= 2;
	table->mask = chain_count - 1;
	table->chains = calloc(chain_count, sizeof(*table->chains));
	table->entries = calloc((size_t)capacity + 1, sizeof(*table->entries));
	if (table->chains == NULL || table->entries == NULL || !hash_key_init(&table->key)) {
		lease_table_free(table);
		return NULL;
	}
	return table;
}

void lease_table_free(struct lease_table *table)
{
	if (table == NULL)
		return;
	free(table->chains);
	free(table->entries);
	free(table);
}

/* One chain for all pools: few machines are in several. */
static uint32_t *chain_of(const struct lease_table *table, const struct lease_identity *owner)
{
	struct span bytes = { owner->bytes, owner->length };

	return &table->chains[hash_bytes(&table->key, bytes) & table->mask];
}

static uint32_t take_entry(struct lease_table *table)
{
	uint32_t number = table->removed;

	if (number == 0)
		return ++table->touched;
	table->removed = table->entries[number].next;
	return number;
}

uint32_t lease_table_add(struct lease_table *table, uint16_t pool, const struct lease *lease)
{
	struct entry added = { .lease = *lease, .pool = pool };
	uint32_t number = take_entry(table);
	uint32_t *chain;

	if (lease->owner.length > 0) {
		chain = chain_of(table, &added.lease.owner);
		added.next = *chain;
		*chain = number;
	}
	table->entries[number] = added;
	return number;
}

static void unlink_entry(struct lease_table *table, uint32_t number)
{
	struct entry *entry = &table->entries[number];
	uint32_t *at;

	if (entry->lease.owner.length == 0)
		return;
	at = chain_of(table, &entry->lease.owner);
	while (*at != number)
		at = &table->entries[*at].next;
	*at = entry->next;
}

void lease_table_remove(struct lease_table *table, uint32_t number)
{
	unlink_entry(table, number);
	table->entries[number].next = table->removed;
	table->removed = number;
}

const struct lease *lease_table_get(const struct lease_table *table, uint32_t number)
{
	return &table->entries[number].lease;
}

void lease_table_hide(struct lease_table *table, uint32_t number)
{
	table->entries[number].is_hidden = true;
}

static bool is_of(const struct entry *entry, const struct lease_identity *owner)
{
	return !entry->is_hidden && lease_identity_is_same(&entry->lease.owner, owner);
}

void lease_table_find(const struct lease_table *table, uint16_t pool,
		      const struct lease_identity *owner, uint32_t out_numbers[PART_COUNT])
{
	uint32_t number = owner->length == 0 ? 0 : *chain_of(table, owner);

	for (enum lease_part part = PART_LEASE; part < PART_COUNT; part++)
		out_numbers[part] = 0;
	while (number != 0) {
		const struct entry *entry = &table->entries[number];

		if (entry->pool == pool && is_of(entry, owner))
			out_numbers[lease_part_of(&entry->lease)] = number;
		number = entry->next;
	}
}

bool lease_table_has(const struct lease_table *table, const struct lease_identity *owner)
{
	uint32_t number = owner->length == 0 ? 0 : *chain_of(table, owner);

	while (number != 0 && !is_of(&table->entries[number], owner))
		number = table->entries[number].next;
	return number != 0;
}
