/* Leases, and the store that keeps them: which machine has which address. */
#ifndef BOOTD_LEASE_LEASE_H
#define BOOTD_LEASE_LEASE_H

#include "base/addr.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum lease_state {
	LEASE_OFFERED,  /* promised for a short time, until expires_s; held in memory only */
	LEASE_BOUND,    /* acknowledged until expires_s */
	LEASE_RELEASED, /* given back at expires_s; its machine gets it again if it returns in time
			 */
	LEASE_DECLINED, /* somebody else was found on it; nobody gets it before expires_s */
};

#define LEASE_FOR_EVER UINT64_MAX

#define LEASE_IDENTITY_MAX 40 /* RFC 4361: 5 octets and a DUID, of which most have 10 to 18 */

/* What a machine is known by: its kind, then the bytes of that. Length 0: nobody. What lies behind
 * the length is 0. */
struct lease_identity {
	uint8_t length;
	uint8_t bytes[LEASE_IDENTITY_MAX];
};

struct lease {
	struct ip4 address;
	struct mac mac; /* of the message that it was given for; zeros where there is no owner */
	struct lease_identity owner; /* nobody's: a declined one, one that is being probed, or one
					that its machine has a longer lease beside */
	enum lease_state state;
	uint64_t expires_s; /* monotonic, as loop_now_ms is */
};

/* value has at most LEASE_IDENTITY_MAX - 1 bytes. */
static inline struct lease_identity lease_identity_of(enum lease_identity_kind kind,
						      const void *value, size_t length)
{
	struct lease_identity identity = { .length = (uint8_t)(length + 1) };

	identity.bytes[0] = (uint8_t)kind;
	memcpy(identity.bytes + 1, value, length);
	return identity;
}

static inline struct lease_identity lease_identity_of_mac(struct mac mac)
{
	return lease_identity_of(LEASE_BY_MAC, mac.bytes, sizeof(mac.bytes));
}

/* False, with *out_uuid untouched: the machine is known by something else. */
static inline bool lease_identity_uuid(const struct lease_identity *identity, struct uuid *out_uuid)
{
	if (identity->length != 1 + sizeof(out_uuid->bytes) || identity->bytes[0] != LEASE_BY_UUID)
		return false;
	memcpy(out_uuid->bytes, identity->bytes + 1, sizeof(out_uuid->bytes));
	return true;
}

static inline bool lease_identity_is_same(const struct lease_identity *one,
					  const struct lease_identity *other)
{
	return one->length == other->length && memcmp(one->bytes, other->bytes, one->length) == 0;
}

/* 0: the lease is kept. -errno: it is not and must not be acknowledged; -EALREADY: a newer commit
 * of the same address took its place. */
typedef void lease_callback(void *context, int error);
typedef void lease_visitor(void *context, const struct lease *lease);

/* The addresses that machines of one network are given: at least one range, or none where all are
 * fixed. */
struct lease_pool {
	const struct address_range *ranges; /* ascending and apart */
	size_t range_count;
};

struct lease_store;

/* The operations of a store. Leases that they return are borrowed and valid until the next commit.
 * A pool is a number, its place in the list of set_pools; a machine may have a lease in each. */
struct lease_operations {
	/* The lease of this machine in the pool, live or not, else what it was offered there; NULL:
	 * neither, or there is no such pool. */
	const struct lease *(*find_machine)(const struct lease_store *store, size_t pool,
					    const struct lease_identity *owner);
	/* The machine has a lease or an offer in any pool: by one look, however many there are. */
	bool (*knows_machine)(const struct lease_store *store, const struct lease_identity *owner);
	/* The lease on this address, also on one that is reserved by now; NULL: there is none. */
	const struct lease *(*find_address)(const struct lease_store *store, struct ip4 address);
	/* Whether the lease on this address is yet to be made durable: what it says is nobody's
	 * promise. */
	bool (*is_pending)(const struct lease_store *store, struct ip4 address);
	/* Whether the address is of a pool and may be given to a machine that has none. */
	bool (*is_free)(const struct lease_store *store, struct ip4 address, uint64_t now_s);
	/* A free address of the pool: the wanted one unless it was somebody's, else one that nobody
	 * ever had, else one whose offer nobody took up, else the one that has been free longest.
	 * False: the pool is exhausted, or there is no such pool. */
	bool (*find_free)(const struct lease_store *store, size_t pool, struct ip4 wanted,
			  uint64_t now_s, struct ip4 *out_address);
	/* Keeps the lease, in place of what its machine had in the same pool before, and of what
	 * its address had. -ERANGE: the address is of no pool. on_kept is
	 * called once, perhaps before this returns; a store on disk calls it when the lease is
	 * durable, but an offer is only held in memory. */
	void (*commit)(struct lease_store *store, const struct lease *lease,
		       lease_callback *on_kept, void *context);
	/* Shows leases and offers of all pools by address, from this one on, of at most so many
	 * addresses; the visitor changes nothing in this store. */
	void (*visit)(const struct lease_store *store, struct ip4 from, uint32_t most,
		      lease_visitor *visitor, void *context);
	/* From now on these are the pools, no two of which have an address in common, with at most
	 * 2^20 addresses in all; and reserved are those among them that are not to be given: the
	 * server's own, the gateways. Leases go on where a pool has their address; others wait for
	 * a pool that has it. Nothing of it is borrowed. Returns 0 or -ENOMEM, and nothing has
	 * changed then. */
	int (*set_pools)(struct lease_store *store, const struct lease_pool *pools,
			 size_t pool_count, const struct ip4 *reserved, size_t reserved_count);
	/* Calls back what waits, then ends. */
	void (*close)(struct lease_store *store);
};

/* A store begins with its operations, and what they can be relied upon for. */
struct lease_store {
	const struct lease_operations *operations;
	bool forgets;          /* nothing is known after a restart: machines' word counts */
	bool fails;            /* nothing can be made durable now */
	uint64_t lost_until_s; /* until then some leases are not known, because a store was damaged
				*/
};

#endif
