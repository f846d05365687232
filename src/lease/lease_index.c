/* A slot for each address of the pool. Addresses are given in order the first time round
 * (next_fresh); an offer that nobody took up is found again at the head of the offers' queue, which
 * is in the order of expiry because every offer lives equally long. So no search ever walks the
 * pool, and a flood of DISCOVERs costs no more than its packets. */
#include "lease/lease_index.h"

#include "base/table.h"

#include <stdlib.h>

#define NO_SLOT UINT32_MAX

struct slot {
	struct lease lease;
	bool is_used;
	bool is_queued;
	uint32_t previous; /* in the queue of offers */
	uint32_t next;
};

struct lease_index {
	struct ip4 first;
	uint32_t count;
	uint32_t next_fresh; /* every slot below it has been used */
	uint32_t oldest_offer;
	uint32_t newest_offer;
	struct table *machines; /* MAC -> slot */
	struct slot *slots;
};

struct lease_index *lease_index_new(struct ip4 first, struct ip4 last)
{
	struct lease_index *index = calloc(1, sizeof(*index));

	if (index == NULL)
		return NULL;
	index->first = first;
	index->count = last.value - first.value + 1;
	index->oldest_offer = NO_SLOT;
	index->newest_offer = NO_SLOT;
	/* A pool of no addresses, where all are fixed, is a pool like any other. */
	index->machines = table_new(index->count + 1);
	index->slots = calloc(index->count + 1, sizeof(*index->slots));
	if (index->machines == NULL || index->slots == NULL) {
		lease_index_free(index);
		return NULL;
	}
	return index;
}

void lease_index_free(struct lease_index *index)
{
	if (index == NULL)
		return;
	table_free(index->machines);
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

const struct lease *lease_index_find_machine(const struct lease_index *index, struct mac mac)
{
	uint32_t number;

	if (!table_find(index->machines, mac_to_number(mac), &number))
		return NULL;
	return &index->slots[number].lease;
}

const struct lease *lease_index_find_address(const struct lease_index *index, struct ip4 address)
{
	uint32_t number;

	if (!find_slot(index, address, &number) || !index->slots[number].is_used)
		return NULL;
	return &index->slots[number].lease;
}

bool lease_index_find_free(const struct lease_index *index, struct ip4 wanted, uint64_t now_s,
			   struct ip4 *out_address)
{
	uint32_t number;

	if (find_slot(index, wanted, &number) &&
	    lease_is_free(lease_index_find_address(index, wanted), now_s)) {
		*out_address = wanted;
		return true;
	}
	if (index->next_fresh < index->count) {
		out_address->value = index->first.value + index->next_fresh;
		return true;
	}
	number = index->oldest_offer;
	if (number == NO_SLOT || !lease_is_free(&index->slots[number].lease, now_s))
		return false;
	*out_address = index->slots[number].lease.address;
	return true;
}

static void unqueue(struct lease_index *index, struct slot *slot)
{
	if (!slot->is_queued)
		return;
	if (slot->previous == NO_SLOT)
		index->oldest_offer = slot->next;
	else
		index->slots[slot->previous].next = slot->next;
	if (slot->next == NO_SLOT)
		index->newest_offer = slot->previous;
	else
		index->slots[slot->next].previous = slot->previous;
	slot->is_queued = false;
}

static void queue_last(struct lease_index *index, uint32_t number)
{
	struct slot *slot = &index->slots[number];

	slot->previous = index->newest_offer;
	slot->next = NO_SLOT;
	slot->is_queued = true;
	if (slot->previous == NO_SLOT)
		index->oldest_offer = number;
	else
		index->slots[slot->previous].next = number;
	index->newest_offer = number;
}

static void queue_first(struct lease_index *index, uint32_t number)
{
	struct slot *slot = &index->slots[number];

	slot->previous = NO_SLOT;
	slot->next = index->oldest_offer;
	slot->is_queued = true;
	if (slot->next == NO_SLOT)
		index->newest_offer = number;
	else
		index->slots[slot->next].previous = number;
	index->oldest_offer = number;
}

/* Nobody's: an offer to no machine that has passed, and so first in the queue. */
static void vacate(struct lease_index *index, uint32_t number)
{
	struct slot *slot = &index->slots[number];

	unqueue(index, slot);
	slot->lease.mac = (struct mac){ 0 };
	slot->lease.state = LEASE_OFFERED;
	slot->lease.expires_s = 0;
	queue_first(index, number);
}

static bool has_machine(const struct lease *lease)
{
	return lease->state == LEASE_OFFERED || lease->state == LEASE_BOUND ||
	       lease->state == LEASE_RELEASED;
}

/* A machine has one address: taking a second gives the first back. */
static void leave_other_address(struct lease_index *index, struct mac mac, uint32_t number)
{
	uint32_t other;

	if (table_find(index->machines, mac_to_number(mac), &other) && other != number)
		vacate(index, other);
}

bool lease_index_put(struct lease_index *index, const struct lease *lease)
{
	struct slot *slot;
	uint32_t number;

	if (!find_slot(index, lease->address, &number))
		return false;
	slot = &index->slots[number];
	if (slot->is_used && has_machine(&slot->lease))
		table_remove(index->machines, mac_to_number(slot->lease.mac));
	unqueue(index, slot);
	slot->lease = *lease;
	slot->is_used = true;
	if (has_machine(lease)) {
		leave_other_address(index, lease->mac, number);
		/* It cannot be full: one key an address, and as much room as addresses. */
		(void)table_put(index->machines, mac_to_number(lease->mac), number);
	}
	if (lease->state == LEASE_OFFERED)
		queue_last(index, number);
	while (index->next_fresh < index->count && index->slots[index->next_fresh].is_used)
		index->next_fresh++;
	return true;
}

void lease_index_visit(const struct lease_index *index, lease_visitor *visitor, void *context)
{
	for (uint32_t i = 0; i < index->count; i++) {
		if (index->slots[i].is_used)
			visitor(context, &index->slots[i].lease);
	}
}
