#include "lease/lease_memory.h"

#include "lease/lease_index.h"

#include <errno.h>
#include <stdlib.h>

struct memory_store {
	struct lease_store base; /* first: the store's address is its base's */
	struct lease_index *index;
};

static struct lease_index *index_of(const struct lease_store *store)
{
	return ((const struct memory_store *)store)->index;
}

static const struct lease *find_machine(const struct lease_store *store,
					const struct lease_identity *owner)
{
	return lease_index_find_machine(index_of(store), owner);
}

static const struct lease *find_address(const struct lease_store *store, struct ip4 address)
{
	return lease_index_find_address(index_of(store), address);
}

static bool is_free(const struct lease_store *store, struct ip4 address, uint64_t now_s)
{
	return lease_index_is_free(index_of(store), address, now_s);
}

static bool find_free(const struct lease_store *store, struct ip4 wanted, uint64_t now_s,
		      struct ip4 *out_address)
{
	return lease_index_find_free(index_of(store), wanted, now_s, out_address);
}

static void commit(struct lease_store *store, const struct lease *lease, lease_callback *on_kept,
		   void *context)
{
	bool is_kept = lease_index_put(index_of(store), lease);

	on_kept(context, is_kept ? 0 : -ERANGE);
}

static void visit(const struct lease_store *store, lease_visitor *visitor, void *context)
{
	lease_index_visit(index_of(store), visitor, context);
}

static void move_lease(void *context, const struct lease *lease)
{
	(void)lease_index_put(context, lease);
}

static int set_pool(struct lease_store *store, struct ip4 first, struct ip4 last,
		    const struct ip4 *reserved, size_t reserved_count)
{
	struct lease_index *index = lease_index_new(first, last, false);

	if (index == NULL)
		return -ENOMEM;
	lease_index_visit(index_of(store), move_lease, index);
	for (size_t i = 0; i < reserved_count; i++)
		lease_index_reserve(index, reserved[i]);
	lease_index_free(index_of(store));
	((struct memory_store *)store)->index = index;
	return 0;
}

static void close_store(struct lease_store *store)
{
	lease_index_free(index_of(store));
	free(store);
}

static const struct lease_operations memory_operations = {
	.find_machine = find_machine,
	.find_address = find_address,
	.is_free = is_free,
	.find_free = find_free,
	.commit = commit,
	.visit = visit,
	.set_pool = set_pool,
	.close = close_store,
};

struct lease_store *lease_memory_new(void)
{
	struct memory_store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->base.operations = &memory_operations;
	store->base.forgets = true;
	/* From 1 to 0: no address. */
	store->index = lease_index_new((struct ip4){ 1 }, (struct ip4){ 0 }, false);
	if (store->index == NULL) {
		free(store);
		return NULL;
	}
	return &store->base;
}
