/* A slot for each address of the pool, with a lease, which lasts, and an offer over it, which comes
 * and goes: so an offer that nobody takes up costs nobody the address that it once had. Both are
 * found by their owners in one hash table of chains.
 *
 * Addresses are given in order the first time round (next_fresh). Those that were only ever offered
 * (lapsed) and those that have a lease (used) each stand in a heap by the time from which they are
 * free. Whoever floods the server with DISCOVERs moves the offers, and takes no lease from its
 * machine. */
#include "lease/lease_index.h"

#include "base/hash.h"
#include "lease/lease_heap.h"

#include <stdlib.h>

#define NOTHING UINT32_MAX
#define NEVER   UINT64_MAX

enum part { PART_LEASE, PART_OFFER, PART_COUNT };

struct slot {
	struct lease parts[PART_COUNT];
	uint32_t
		next[PART_COUNT]; /* in the chain: the number of a part, which is 2 * slot + part */
	bool has[PART_COUNT];
	bool is_reserved;
	bool is_pending;
};

struct lease_index {
	struct ip4 first;
	uint32_t count;
	bool gives_anew;
	uint32_t next_fresh; /* every slot below it has been used */
	struct lease_heap *lapsed;
	struct lease_heap *used;
	struct slot *slots;
	struct hash_key key;
	uint32_t mask; /* the number of chains, a power of two, less one */
	uint32_t *chains;
};

static bool allocate(struct lease_index *index)
{
	uint32_t chain_count = 2;

	while (chain_count < index->count)
		chain_count *= 2;
	index->mask = chain_count - 1;
	/* A pool of no addresses, where all are fixed, is a pool like any other. */
	index->slots = calloc((size_t)index->count + 1, sizeof(*index->slots));
	index->chains = malloc(chain_count * sizeof(*index->chains));
	index->lapsed = lease_heap_new(index->count);
	index->used = lease_heap_new(index->count);
	if (index->slots == NULL || index->chains == NULL || index->lapsed == NULL ||
	    index->used == NULL)
		return false;
	for (uint32_t i = 0; i < chain_count; i++)
		index->chains[i] = NOTHING;
	return hash_key_init(&index->key);
}

struct lease_index *lease_index_new(struct ip4 first, struct ip4 last, bool gives_anew)
{
	struct lease_index *index = calloc(1, sizeof(*index));

	if (index == NULL)
		return NULL;
	index->first = first;
	index->count = last.value - first.value + 1;
	index->gives_anew = gives_anew;
	if (!allocate(index)) {
		lease_index_free(index);
		return NULL;
	}
	return index;
}

void lease_index_free(struct lease_index *index)
{
	if (index == NULL)
		return;
	lease_heap_free(index->lapsed);
	lease_heap_free(index->used);
	free(index->chains);
	free(index->slots);
	free(index);
}

static bool find_slot(const struct lease_index *index, struct ip4 address, uint32_t *out_number)
{
	/* An address below the first wraps to a number that no pool is large enough for. */
	uint32_t number = address.value - index->first.value;

	if (number >= index->count)
		return false;
	*out_number = number;
	return true;
}

bool lease_index_has(const struct lease_index *index, struct ip4 address)
{
	uint32_t number;

	return find_slot(index, address, &number);
}

/* Chains. */

static uint32_t *chain_of(const struct lease_index *index, const struct lease_identity *owner)
{
	struct span bytes = { owner->bytes, owner->length };

	return &index->chains[hash_bytes(&index->key, bytes) & index->mask];
}

static struct lease *part_at(const struct lease_index *index, uint32_t part)
{
	return &index->slots[part / PART_COUNT].parts[part % PART_COUNT];
}

static void link_part(struct lease_index *index, uint32_t number, enum part which)
{
	struct slot *slot = &index->slots[number];
	uint32_t *chain;

	if (slot->parts[which].owner.length == 0)
		return;
	chain = chain_of(index, &slot->parts[which].owner);
	slot->next[which] = *chain;
	*chain = number * PART_COUNT + which;
}

static void unlink_part(struct lease_index *index, uint32_t number, enum part which)
{
	uint32_t part = number * PART_COUNT + which;
	uint32_t *at;

	if (index->slots[number].parts[which].owner.length == 0)
		return;
	at = chain_of(index, &index->slots[number].parts[which].owner);
	while (*at != part)
		at = &index->slots[*at / PART_COUNT].next[*at % PART_COUNT];
	*at = index->slots[number].next[which];
}

/* The part of this kind that the machine has; NOTHING: none. */
static uint32_t find_part(const struct lease_index *index, const struct lease_identity *owner,
			  enum part which)
{
	uint32_t part = owner->length == 0 ? NOTHING : *chain_of(index, owner);

	while (part != NOTHING &&
	       (part % PART_COUNT != which || index->slots[part / PART_COUNT].is_reserved ||
		!lease_identity_is_same(&part_at(index, part)->owner, owner)))
		part = index->slots[part / PART_COUNT].next[part % PART_COUNT];
	return part;
}

/* When an address is free. */

static uint64_t lease_ends(const struct lease_index *index, const struct lease *lease)
{
	if (lease->state == LEASE_DECLINED || index->gives_anew)
		return lease->expires_s;
	return NEVER;
}

/* From when on the address may be another machine's; NEVER: not as things are. */
static uint64_t free_from(const struct lease_index *index, const struct slot *slot)
{
	uint64_t time_s = 0;

	if (slot->is_reserved || slot->is_pending)
		return NEVER;
	if (slot->has[PART_LEASE])
		time_s = lease_ends(index, &slot->parts[PART_LEASE]);
	if (slot->has[PART_OFFER] && slot->parts[PART_OFFER].expires_s > time_s)
		time_s = slot->parts[PART_OFFER].expires_s;
	return time_s;
}

static void requeue(struct lease_index *index, uint32_t number)
{
	const struct slot *slot = &index->slots[number];
	uint64_t time_s = free_from(index, slot);
	bool is_used = slot->has[PART_LEASE];

	lease_heap_remove(is_used ? index->lapsed : index->used, number);
	if (time_s == NEVER)
		lease_heap_remove(is_used ? index->used : index->lapsed, number);
	else if (is_used || number < index->next_fresh)
		lease_heap_put(is_used ? index->used : index->lapsed, number, time_s);
}

static bool is_touched(const struct slot *slot)
{
	return slot->has[PART_LEASE] || slot->has[PART_OFFER] || slot->is_reserved;
}

/* Slots that are no longer fresh and have no lease stand among the lapsed ones. */
static void advance(struct lease_index *index)
{
	while (index->next_fresh < index->count && is_touched(&index->slots[index->next_fresh]))
		requeue(index, index->next_fresh++);
}

/* Finding. */

const struct lease *lease_index_find_machine(const struct lease_index *index,
					     const struct lease_identity *owner)
{
	uint32_t part = find_part(index, owner, PART_LEASE);

	if (part == NOTHING)
		part = find_part(index, owner, PART_OFFER);
	return part == NOTHING ? NULL : part_at(index, part);
}

const struct lease *lease_index_find_address(const struct lease_index *index, struct ip4 address)
{
	uint32_t number;

	if (!find_slot(index, address, &number) || !index->slots[number].has[PART_LEASE] ||
	    index->slots[number].is_reserved)
		return NULL;
	return &index->slots[number].parts[PART_LEASE];
}

bool lease_index_is_free(const struct lease_index *index, struct ip4 address, uint64_t now_s)
{
	const struct slot *slot;
	uint32_t number;

	if (!find_slot(index, address, &number))
		return false;
	slot = &index->slots[number];
	if (slot->is_reserved || slot->is_pending)
		return false;
	if (slot->has[PART_LEASE] && lease_ends(index, &slot->parts[PART_LEASE]) > now_s)
		return false;
	/* One that is only held back to be probed is promised to nobody. */
	return !slot->has[PART_OFFER] || slot->parts[PART_OFFER].owner.length == 0 ||
	       slot->parts[PART_OFFER].expires_s <= now_s;
}

static bool first_free(const struct lease_heap *heap, uint64_t now_s, uint32_t *out_number)
{
	uint64_t time_s;

	return lease_heap_first(heap, out_number, &time_s) && time_s <= now_s;
}

bool lease_index_find_free(const struct lease_index *index, struct ip4 wanted, uint64_t now_s,
			   struct ip4 *out_address)
{
	uint32_t number = index->next_fresh;

	if (lease_index_is_free(index, wanted, now_s) &&
	    lease_index_find_address(index, wanted) == NULL) {
		*out_address = wanted;
		return true;
	}
	if (number == index->count && !first_free(index->lapsed, now_s, &number) &&
	    !first_free(index->used, now_s, &number))
		return false;
	out_address->value = index->first.value + number;
	return true;
}

void lease_index_visit(const struct lease_index *index, lease_visitor *visitor, void *context)
{
	for (uint32_t i = 0; i < index->count; i++) {
		const struct slot *slot = &index->slots[i];

		for (enum part which = PART_LEASE; which < PART_COUNT; which++) {
			if (slot->has[which])
				visitor(context, &slot->parts[which]);
		}
	}
}

/* Changing. */

static void clear(struct lease_index *index, uint32_t number, enum part which)
{
	struct slot *slot = &index->slots[number];

	if (!slot->has[which])
		return;
	unlink_part(index, number, which);
	slot->has[which] = false;
	slot->parts[which] = (struct lease){ 0 };
}

/* A machine has one lease and one offer: another one takes the first one's place. */
static void clear_elsewhere(struct lease_index *index, const struct lease_identity *owner,
			    uint32_t number, enum part which)
{
	uint32_t part = find_part(index, owner, which);

	if (part == NOTHING || part / PART_COUNT == number)
		return;
	clear(index, part / PART_COUNT, which);
	requeue(index, part / PART_COUNT);
}

bool lease_index_put(struct lease_index *index, const struct lease *lease)
{
	enum part which = lease->state == LEASE_OFFERED ? PART_OFFER : PART_LEASE;
	uint32_t number;
	struct slot *slot;

	if (!find_slot(index, lease->address, &number))
		return false;
	slot = &index->slots[number];
	clear_elsewhere(index, &lease->owner, number, PART_OFFER);
	if (which == PART_LEASE)
		clear_elsewhere(index, &lease->owner, number, PART_LEASE);
	clear(index, number, PART_OFFER);
	clear(index, number, which);
	slot->parts[which] = *lease;
	slot->has[which] = true;
	link_part(index, number, which);
	requeue(index, number);
	advance(index);
	return true;
}

void lease_index_forget(struct lease_index *index, struct ip4 address)
{
	uint32_t number;

	if (!find_slot(index, address, &number))
		return;
	clear(index, number, PART_OFFER);
	clear(index, number, PART_LEASE);
	requeue(index, number);
}

void lease_index_reserve(struct lease_index *index, struct ip4 address)
{
	uint32_t number;

	if (!find_slot(index, address, &number))
		return;
	index->slots[number].is_reserved = true;
	requeue(index, number);
	advance(index);
}

void lease_index_set_pending(struct lease_index *index, struct ip4 address, bool is_pending)
{
	uint32_t number;

	if (!find_slot(index, address, &number))
		return;
	index->slots[number].is_pending = is_pending;
	requeue(index, number);
}
