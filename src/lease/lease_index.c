/* A slot for each address of each pool, with a lease, which lasts, and an offer over it, which
 * comes and goes: so an offer that nobody takes up costs nobody the address that it once had. Both
 * are kept in one table, by their machines; a slot only has their numbers.
 *
 * The addresses of a pool are given in order the first time round (next_fresh). Those that were
 * only ever offered (lapsed) and those that have a lease (used) each stand in a heap by the time
 * from which they are free. Whoever floods the server with DISCOVERs moves the offers, and takes no
 * lease from its machine. */
#include "lease/lease_index.h"

#include "lease/lease_heap.h"
#include "lease/lease_ranges.h"
#include "lease/lease_table.h"

#include <stdlib.h>

#define NEVER UINT64_MAX

struct slot {
	uint32_t parts[PART_COUNT]; /* numbers in the table; 0: none */
	bool is_reserved;
	bool is_pending;
};

struct pool {
	uint32_t count;
	uint32_t next_fresh; /* every slot below it has been used */
	struct slot *slots;
	struct lease_heap *lapsed;
	struct lease_heap *used;
};

struct lease_index {
	bool gives_anew;
	struct lease_ranges *ranges;
	struct lease_table *table;
	size_t pool_count;
	struct pool pools[];
};

static uint32_t count_of(const struct lease_pool *pool)
{
	uint32_t count = 0;

	for (size_t i = 0; i < pool->range_count; i++)
		count += pool->ranges[i].last.value - pool->ranges[i].first.value + 1;
	return count;
}

static bool fill_pool(struct pool *pool, uint32_t count)
{
	pool->count = count;
	/* A pool of no addresses, where all are fixed, is a pool like any other. */
	pool->slots = calloc((size_t)count + 1, sizeof(*pool->slots));
	pool->lapsed = lease_heap_new(count);
	pool->used = lease_heap_new(count);
	return pool->slots != NULL && pool->lapsed != NULL && pool->used != NULL;
}

static bool fill(struct lease_index *index, const struct lease_pool *pools)
{
	uint32_t address_count = 0;

	for (size_t i = 0; i < index->pool_count; i++) {
		if (!fill_pool(&index->pools[i], count_of(&pools[i])))
			return false;
		address_count += index->pools[i].count;
	}
	index->ranges = lease_ranges_new(pools, index->pool_count);
	index->table = lease_table_new(PART_COUNT * address_count);
	return index->ranges != NULL && index->table != NULL;
}

struct lease_index *lease_index_new(const struct lease_pool *pools, size_t pool_count,
				    bool gives_anew)
{
	struct lease_index *index =
		calloc(1, sizeof(*index) + pool_count * sizeof(index->pools[0]));

	if (index == NULL)
		return NULL;
	index->gives_anew = gives_anew;
	index->pool_count = pool_count;
	if (!fill(index, pools)) {
		lease_index_free(index);
		return NULL;
	}
	return index;
}

void lease_index_free(struct lease_index *index)
{
	if (index == NULL)
		return;
	for (size_t i = 0; i < index->pool_count; i++) {
		free(index->pools[i].slots);
		lease_heap_free(index->pools[i].lapsed);
		lease_heap_free(index->pools[i].used);
	}
	lease_ranges_free(index->ranges);
	lease_table_free(index->table);
	free(index);
}

/* The address' slot; NULL: it is of no pool. */
static struct slot *find_slot(const struct lease_index *index, struct ip4 address,
			      struct lease_place *out_place)
{
	if (!lease_ranges_find(index->ranges, address, out_place))
		return NULL;
	return &index->pools[out_place->pool].slots[out_place->number];
}

bool lease_index_find_pool(const struct lease_index *index, struct ip4 address, size_t *out_pool)
{
	struct lease_place place;

	if (!lease_ranges_find(index->ranges, address, &place))
		return false;
	*out_pool = place.pool;
	return true;
}

/* NULL: it has none. */
static const struct lease *part_of(const struct lease_index *index, const struct slot *slot,
				   enum lease_part part)
{
	if (slot->parts[part] == 0)
		return NULL;
	return lease_table_get(index->table, slot->parts[part]);
}

/* When an address is free. */

static uint64_t lease_ends(const struct lease_index *index, const struct lease *lease)
{
	bool was_declined = lease->state == LEASE_RELEASED && lease->owner.length == 0;

	if (lease->state == LEASE_DECLINED || was_declined || index->gives_anew)
		return lease->expires_s;
	return NEVER;
}

/* From when on the address may be another machine's; NEVER: not as things are. */
static uint64_t free_from(const struct lease_index *index, const struct slot *slot)
{
	const struct lease *lease = part_of(index, slot, PART_LEASE);
	const struct lease *offer = part_of(index, slot, PART_OFFER);
	uint64_t time_s = 0;

	if (slot->is_reserved || slot->is_pending)
		return NEVER;
	if (lease != NULL)
		time_s = lease_ends(index, lease);
	if (offer != NULL && offer->expires_s > time_s)
		time_s = offer->expires_s;
	return time_s;
}

static void requeue(struct lease_index *index, struct lease_place place)
{
	struct pool *pool = &index->pools[place.pool];
	const struct slot *slot = &pool->slots[place.number];
	uint64_t time_s = free_from(index, slot);
	bool is_used = slot->parts[PART_LEASE] != 0;

	lease_heap_remove(is_used ? pool->lapsed : pool->used, place.number);
	if (time_s == NEVER)
		lease_heap_remove(is_used ? pool->used : pool->lapsed, place.number);
	else if (is_used || place.number < pool->next_fresh)
		lease_heap_put(is_used ? pool->used : pool->lapsed, place.number, time_s);
}

static bool is_touched(const struct slot *slot)
{
	return slot->parts[PART_LEASE] != 0 || slot->parts[PART_OFFER] != 0 || slot->is_reserved;
}

/* Slots that are no longer fresh and have no lease stand among the lapsed ones. */
static void advance(struct lease_index *index, uint16_t number)
{
	struct pool *pool = &index->pools[number];

	while (pool->next_fresh < pool->count && is_touched(&pool->slots[pool->next_fresh]))
		requeue(index, (struct lease_place){ pool->next_fresh++, number });
}

/* Finding. */

const struct lease *lease_index_find_machine(const struct lease_index *index, size_t pool,
					     const struct lease_identity *owner)
{
	uint32_t numbers[PART_COUNT];
	uint32_t number;

	if (pool >= index->pool_count)
		return NULL;
	lease_table_find(index->table, (uint16_t)pool, owner, numbers);
	number = numbers[PART_LEASE] != 0 ? numbers[PART_LEASE] : numbers[PART_OFFER];
	return number == 0 ? NULL : lease_table_get(index->table, number);
}

bool lease_index_knows_machine(const struct lease_index *index, const struct lease_identity *owner)
{
	return lease_table_has(index->table, owner);
}

const struct lease *lease_index_find_address(const struct lease_index *index, struct ip4 address)
{
	struct lease_place place;
	const struct slot *slot = find_slot(index, address, &place);

	return slot == NULL ? NULL : part_of(index, slot, PART_LEASE);
}

static bool is_free(const struct lease_index *index, const struct slot *slot, uint64_t now_s)
{
	const struct lease *lease = part_of(index, slot, PART_LEASE);
	const struct lease *offer = part_of(index, slot, PART_OFFER);

	if (slot->is_reserved || slot->is_pending)
		return false;
	if (lease != NULL && lease_ends(index, lease) > now_s)
		return false;
	/* One that is only held back to be probed is promised to nobody. */
	return offer == NULL || offer->owner.length == 0 || offer->expires_s <= now_s;
}

bool lease_index_is_free(const struct lease_index *index, struct ip4 address, uint64_t now_s)
{
	struct lease_place place;
	const struct slot *slot = find_slot(index, address, &place);

	return slot != NULL && is_free(index, slot, now_s);
}

bool lease_index_is_pending(const struct lease_index *index, struct ip4 address)
{
	struct lease_place place;
	const struct slot *slot = find_slot(index, address, &place);

	return slot != NULL && slot->is_pending;
}

static bool may_have_wanted(const struct lease_index *index, size_t pool, struct ip4 wanted,
			    uint64_t now_s)
{
	struct lease_place place;
	const struct slot *slot = find_slot(index, wanted, &place);

	return slot != NULL && place.pool == pool && slot->parts[PART_LEASE] == 0 &&
	       is_free(index, slot, now_s);
}

static bool first_free(const struct lease_heap *heap, uint64_t now_s, uint32_t *out_number)
{
	uint64_t time_s;

	return lease_heap_first(heap, out_number, &time_s) && time_s <= now_s;
}

bool lease_index_find_free(const struct lease_index *index, size_t pool_number, struct ip4 wanted,
			   uint64_t now_s, struct ip4 *out_address)
{
	struct lease_place place = { .pool = (uint16_t)pool_number };
	const struct pool *pool;

	if (pool_number >= index->pool_count)
		return false;
	if (may_have_wanted(index, pool_number, wanted, now_s)) {
		*out_address = wanted;
		return true;
	}
	pool = &index->pools[pool_number];
	place.number = pool->next_fresh;
	if (place.number == pool->count && !first_free(pool->lapsed, now_s, &place.number) &&
	    !first_free(pool->used, now_s, &place.number))
		return false;
	*out_address = lease_ranges_get(index->ranges, place);
	return true;
}

/* False: it has none. */
static bool visit_slot(const struct lease_index *index, const struct slot *slot,
		       lease_visitor *visitor, void *context)
{
	bool has_any = false;

	for (enum lease_part part = PART_LEASE; part < PART_COUNT; part++) {
		if (slot->parts[part] == 0)
			continue;
		visitor(context, part_of(index, slot, part));
		has_any = true;
	}
	return has_any;
}

void lease_index_visit(const struct lease_index *index, struct ip4 from, uint32_t most,
		       lease_visitor *visitor, void *context)
{
	struct lease_place first;
	uint32_t count;

	for (size_t i = lease_ranges_from(index->ranges, from);
	     most > 0 && lease_ranges_at(index->ranges, i, &first, &count); i++) {
		const struct slot *slots = &index->pools[first.pool].slots[first.number];
		struct ip4 start = lease_ranges_get(index->ranges, first);

		for (uint32_t j = from.value > start.value ? from.value - start.value : 0;
		     j < count && most > 0; j++)
			most -= visit_slot(index, &slots[j], visitor, context);
	}
}

/* Changing. */

static void clear(struct lease_index *index, struct slot *slot, enum lease_part part)
{
	if (slot->parts[part] == 0)
		return;
	lease_table_remove(index->table, slot->parts[part]);
	slot->parts[part] = 0;
}

/* A machine has one lease and one offer in a pool: another one takes the first one's place.
 * number: the first one's; 0: there is none. */
static void clear_elsewhere(struct lease_index *index, struct ip4 address, enum lease_part part,
			    uint32_t number)
{
	struct lease_place place;
	struct ip4 other;

	if (number == 0)
		return;
	other = lease_table_get(index->table, number)->address;
	if (ip4_is_same(other, address))
		return;
	clear(index, find_slot(index, other, &place), part);
	requeue(index, place);
}

bool lease_index_put(struct lease_index *index, const struct lease *lease)
{
	enum lease_part part = lease_part_of(lease);
	struct lease_place place;
	struct slot *slot = find_slot(index, lease->address, &place);
	uint32_t numbers[PART_COUNT];

	if (slot == NULL)
		return false;
	lease_table_find(index->table, place.pool, &lease->owner, numbers);
	clear_elsewhere(index, lease->address, PART_OFFER, numbers[PART_OFFER]);
	if (part == PART_LEASE)
		clear_elsewhere(index, lease->address, PART_LEASE, numbers[PART_LEASE]);
	clear(index, slot, PART_OFFER);
	clear(index, slot, part);
	slot->parts[part] = lease_table_add(index->table, place.pool, lease);
	if (slot->is_reserved)
		lease_table_hide(index->table, slot->parts[part]);
	requeue(index, place);
	advance(index, place.pool);
	return true;
}

void lease_index_forget(struct lease_index *index, struct ip4 address)
{
	struct lease_place place;
	struct slot *slot = find_slot(index, address, &place);

	if (slot == NULL)
		return;
	clear(index, slot, PART_OFFER);
	clear(index, slot, PART_LEASE);
	requeue(index, place);
}

void lease_index_reserve(struct lease_index *index, struct ip4 address)
{
	struct lease_place place;
	struct slot *slot = find_slot(index, address, &place);

	if (slot == NULL)
		return;
	for (enum lease_part part = PART_LEASE; part < PART_COUNT; part++) {
		if (slot->parts[part] != 0)
			lease_table_hide(index->table, slot->parts[part]);
	}
	slot->is_reserved = true;
	requeue(index, place);
	advance(index, place.pool);
}

void lease_index_set_pending(struct lease_index *index, struct ip4 address, bool is_pending)
{
	struct lease_place place;
	struct slot *slot = find_slot(index, address, &place);

	if (slot == NULL)
		return;
	slot->is_pending = is_pending;
	requeue(index, place);
}
