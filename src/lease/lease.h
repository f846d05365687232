/* Leases, and the store that keeps them: which machine has which address. */
#ifndef BOOTD_LEASE_LEASE_H
#define BOOTD_LEASE_LEASE_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lease_state {
	LEASE_OFFERED,  /* promised for a short time, until expires_s */
	LEASE_BOUND,    /* acknowledged */
	LEASE_RELEASED, /* given back; it waits for its machine to return */
	LEASE_DECLINED, /* a machine found somebody else on it; nobody gets it */
	LEASE_RESERVED, /* in the pool but not to be given: the server's own address, the gateway */
};

struct lease {
	struct ip4 address;
	struct mac mac; /* zeros where the state names no machine */
	enum lease_state state;
	uint64_t expires_s; /* monotonic */
};

/* 0: the lease is kept, -errno: it is not and must not be acknowledged. */
typedef void lease_callback(void *context, int error);
typedef void lease_visitor(void *context, const struct lease *lease);

struct lease_store;

/* The operations of a store. Leases that they return are borrowed and valid until the next commit.
 */
struct lease_operations {
	/* The lease of this machine; NULL: none. */
	const struct lease *(*find_machine)(const struct lease_store *store, struct mac mac);
	/* What is known of this address; NULL: nothing, or it is not in the pool. */
	const struct lease *(*find_address)(const struct lease_store *store, struct ip4 address);
	/* A free address: the wanted one where that is in the pool and free, else one that nobody
	 * ever had, else one whose offer nobody took up. False: the pool is exhausted. */
	bool (*find_free)(const struct lease_store *store, struct ip4 wanted, uint64_t now_s,
			  struct ip4 *out_address);
	/* Keeps the lease, in place of what its machine and its address had before. on_kept is
	 * called once, perhaps before this returns; a store on disk calls it when the lease is
	 * durable, but an offer is only held in memory. */
	void (*commit)(struct lease_store *store, const struct lease *lease,
		       lease_callback *on_kept, void *context);
	/* Shows every lease; the visitor changes nothing in this store. */
	void (*visit)(const struct lease_store *store, lease_visitor *visitor, void *context);
	void (*close)(struct lease_store *store);
};

/* A store begins with its operations. */
struct lease_store {
	const struct lease_operations *operations;
};

/* Nobody has the address, or only an offer that has passed. NULL: nothing is known of it. */
static inline bool lease_is_free(const struct lease *lease, uint64_t now_s)
{
	return lease == NULL || (lease->state == LEASE_OFFERED && lease->expires_s <= now_s);
}

#endif
