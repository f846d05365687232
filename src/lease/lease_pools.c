#include "lease/lease_pools.h"

#include <errno.h>
#include <stdlib.h>

bool lease_pools_init(struct lease_pools *pools, bool gives_anew)
{
	*pools = (struct lease_pools){ .gives_anew = gives_anew,
				       .index = lease_index_new(NULL, 0, gives_anew) };
	return pools->index != NULL;
}

void lease_pools_done(struct lease_pools *pools)
{
	lease_index_free(pools->index);
	free(pools->elsewhere.list);
}

static void add_to_list(struct lease_list *list, const struct lease *lease)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 1024 : 2 * list->capacity;
		struct lease *larger = reallocarray(list->list, capacity, sizeof(*larger));

		if (larger == NULL) {
			list->is_cut = true;
			return;
		}
		list->list = larger;
		list->capacity = capacity;
	}
	list->list[list->count++] = *lease;
}

void lease_pools_load(void *pools, const struct lease *lease)
{
	add_to_list(&((struct lease_pools *)pools)->elsewhere, lease);
}

static struct lease nobodys(const struct lease *lease)
{
	struct lease kept = *lease;

	kept.mac = (struct mac){ 0 };
	kept.owner = (struct lease_identity){ 0 };
	return kept;
}

/* Where pools are joined, a machine may have a lease in each: both were acknowledged, so the one
 * that ends first stays on its address, too, as nobody's. */
static void settle(struct lease_index *index, size_t pool, const struct lease *lease)
{
	const struct lease *other = lease_index_find_machine(index, pool, &lease->owner);
	struct lease kept;

	if (other == NULL || other->state == LEASE_OFFERED ||
	    ip4_is_same(other->address, lease->address)) {
		(void)lease_index_put(index, lease);
		return;
	}
	kept = nobodys(other->expires_s < lease->expires_s ? other : lease);
	(void)lease_index_put(index, &kept);
	if (!ip4_is_same(kept.address, lease->address))
		(void)lease_index_put(index, lease);
}

static void move_lease(void *context, const struct lease *lease)
{
	struct lease_pools *pools = context;
	size_t pool;

	if (!lease_index_find_pool(pools->index, lease->address, &pool)) {
		if (lease->state != LEASE_OFFERED)
			add_to_list(&pools->elsewhere, lease);
	} else if (lease->state == LEASE_OFFERED) {
		(void)lease_index_put(pools->index, lease);
	} else {
		settle(pools->index, pool, lease);
	}
}

int lease_pools_set(struct lease_pools *pools, const struct lease_pool *list, size_t count,
		    const struct ip4 *reserved, size_t reserved_count)
{
	struct lease_pools moved = { .gives_anew = pools->gives_anew,
				     .index = lease_index_new(list, count, pools->gives_anew) };

	if (moved.index == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < pools->elsewhere.count; i++)
		move_lease(&moved, &pools->elsewhere.list[i]);
	lease_index_visit(pools->index, (struct ip4){ 0 }, UINT32_MAX, move_lease, &moved);
	if (moved.elsewhere.is_cut) {
		lease_pools_done(&moved);
		return -ENOMEM;
	}
	for (size_t i = 0; i < reserved_count; i++)
		lease_index_reserve(moved.index, reserved[i]);
	lease_pools_done(pools);
	*pools = moved;
	return 0;
}
