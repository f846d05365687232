#include "lease/lease_memory.h"

#include "lease/lease_pools.h"

#include <errno.h>
#include <stdlib.h>

struct memory_store {
	struct lease_store base; /* first: the store's address is its base's */
	struct lease_pools pools;
};

static struct lease_index *index_of(const struct lease_store *store)
{
	return ((const struct memory_store *)store)->pools.index;
}

static const struct lease *find_machine(const struct lease_store *store, size_t pool,
					const struct lease_identity *owner)
{
	return lease_index_find_machine(index_of(store), pool, owner);
}

static bool knows_machine(const struct lease_store *store, const struct lease_identity *owner)
{
	return lease_index_knows_machine(index_of(store), owner);
}

static const struct lease *find_address(const struct lease_store *store, struct ip4 address)
{
	return lease_index_find_address(index_of(store), address);
}

static bool is_pending(const struct lease_store *store, struct ip4 address)
{
	(void)store;
	(void)address;
	return false;
}

static bool is_free(const struct lease_store *store, struct ip4 address, uint64_t now_s)
{
	return lease_index_is_free(index_of(store), address, now_s);
}

static bool find_free(const struct lease_store *store, size_t pool, struct ip4 wanted,
		      uint64_t now_s, struct ip4 *out_address)
{
	return lease_index_find_free(index_of(store), pool, wanted, now_s, out_address);
}

static void commit(struct lease_store *store, const struct lease *lease, lease_callback *on_kept,
		   void *context)
{
	bool is_kept = lease_index_put(index_of(store), lease);

	on_kept(context, is_kept ? 0 : -ERANGE);
}

static void visit(const struct lease_store *store, struct ip4 from, uint32_t most,
		  lease_visitor *visitor, void *context)
{
	lease_index_visit(index_of(store), from, most, visitor, context);
}

static int set_pools(struct lease_store *store, const struct lease_pool *pools, size_t pool_count,
		     const struct ip4 *reserved, size_t reserved_count)
{
	return lease_pools_set(&((struct memory_store *)store)->pools, pools, pool_count, reserved,
			       reserved_count);
}

static void close_store(struct lease_store *store)
{
	lease_pools_done(&((struct memory_store *)store)->pools);
	free(store);
}

static const struct lease_operations memory_operations = {
	.find_machine = find_machine,
	.knows_machine = knows_machine,
	.find_address = find_address,
	.is_pending = is_pending,
	.is_free = is_free,
	.find_free = find_free,
	.commit = commit,
	.visit = visit,
	.set_pools = set_pools,
	.close = close_store,
};

struct lease_store *lease_memory_new(void)
{
	struct memory_store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->base.operations = &memory_operations;
	store->base.forgets = true;
	if (!lease_pools_init(&store->pools, false)) {
		free(store);
		return NULL;
	}
	return &store->base;
}
