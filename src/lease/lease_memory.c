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

static const struct lease *find_machine(const struct lease_store *store, struct mac mac)
{
	return lease_index_find_machine(index_of(store), mac);
}

static const struct lease *find_address(const struct lease_store *store, struct ip4 address)
{
	return lease_index_find_address(index_of(store), address);
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

static void close_store(struct lease_store *store)
{
	lease_index_free(index_of(store));
	free(store);
}

static const struct lease_operations memory_operations = {
	.find_machine = find_machine,
	.find_address = find_address,
	.find_free = find_free,
	.commit = commit,
	.visit = visit,
	.close = close_store,
};

struct lease_store *lease_memory_new(struct ip4 first, struct ip4 last)
{
	struct memory_store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->base.operations = &memory_operations;
	store->index = lease_index_new(first, last);
	if (store->index == NULL) {
		free(store);
		return NULL;
	}
	return &store->base;
}
