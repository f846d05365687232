/* The index of live leases: by hand, and by random operations against a model that only has arrays
 * and loops. */
#include "lease/lease_index.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST    0xc0a84d64
#define POOL     8
#define SPAN     16 /* of the model: addresses in a row, which pools share out */
#define POOLS    3
#define MACHINES 11
#define STEPS    50000

static struct ip4 pool_address(uint32_t number)
{
	return (struct ip4){ FIRST + number };
}

static struct mac machine(uint32_t number)
{
	return (struct mac){ { 0x52, 0x54, 0, 0, 0, (uint8_t)number } };
}

/* Machine 0 is nobody. */
static struct lease_identity owner_of(uint32_t number)
{
	if (number == 0)
		return (struct lease_identity){ 0 };
	return lease_identity_of_mac(machine(number));
}

static struct lease_index *new_index_of(const struct address_range *range, bool gives_anew)
{
	struct lease_pool pool = { range, 1 };
	struct lease_index *index = lease_index_new(&pool, 1, gives_anew);

	assert_non_null(index);
	return index;
}

static struct lease_index *new_index_that(bool gives_anew)
{
	struct address_range range = { pool_address(0), pool_address(POOL - 1) };

	return new_index_of(&range, gives_anew);
}

static struct lease_index *new_index(void)
{
	return new_index_that(true);
}

static void put(struct lease_index *index, uint32_t address, uint32_t number,
		enum lease_state state, uint64_t expires_s)
{
	struct lease lease = { .address = pool_address(address),
			       .mac = machine(number),
			       .owner = owner_of(number),
			       .state = state,
			       .expires_s = expires_s };

	assert_true(lease_index_put(index, &lease));
}

static const struct lease *find_in(const struct lease_index *index, size_t pool, uint32_t number)
{
	struct lease_identity owner = owner_of(number);

	return lease_index_find_machine(index, pool, &owner);
}

static const struct lease *find(const struct lease_index *index, uint32_t number)
{
	return find_in(index, 0, number);
}

static void assert_free_in(const struct lease_index *index, size_t pool, uint32_t wanted,
			   uint64_t now_s, uint32_t expected)
{
	struct ip4 address = { 7 };

	assert_true(lease_index_find_free(index, pool, pool_address(wanted), now_s, &address));
	assert_int_equal(address.value, pool_address(expected).value);
}

static void assert_free(const struct lease_index *index, uint32_t wanted, uint64_t now_s,
			uint32_t expected)
{
	assert_free_in(index, 0, wanted, now_s, expected);
}

static void assert_exhausted_in(const struct lease_index *index, size_t pool, uint32_t wanted,
				uint64_t now_s)
{
	struct ip4 address = { 7 };

	assert_false(lease_index_find_free(index, pool, pool_address(wanted), now_s, &address));
	assert_int_equal(address.value, 7);
}

static void assert_exhausted(const struct lease_index *index, uint32_t wanted, uint64_t now_s)
{
	assert_exhausted_in(index, 0, wanted, now_s);
}

static void an_address_is_free_when_its_time_has_come(void **state)
{
	static const struct {
		enum lease_state state;
		uint64_t expires_s;
		bool is_free;         /* to another machine, at 100 */
		bool is_free_at_last; /* the same where leases stay with their machines */
	} rows[] = {
		{ LEASE_OFFERED, 101, false, false }, { LEASE_OFFERED, 100, true, true },
		{ LEASE_BOUND, 101, false, false },   { LEASE_BOUND, 100, true, false },
		{ LEASE_RELEASED, 100, true, false }, { LEASE_DECLINED, 101, false, false },
		{ LEASE_DECLINED, 100, true, true },  { LEASE_BOUND, LEASE_FOR_EVER, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct lease_index *index = new_index_that(true);
		struct lease_index *keeping = new_index_that(false);

		put(index, 3, 1, rows[i].state, rows[i].expires_s);
		put(keeping, 3, 1, rows[i].state, rows[i].expires_s);
		assert_int_equal(lease_index_is_free(index, pool_address(3), 100), rows[i].is_free);
		assert_int_equal(lease_index_is_free(keeping, pool_address(3), 100),
				 rows[i].is_free_at_last);
		lease_index_free(index);
		lease_index_free(keeping);
	}
}

/* Somebody gave it back for whom it was declined: no machine is to get it again. */
static void a_declined_address_that_is_given_back_is_free(void **state)
{
	struct lease_index *keeping = new_index_that(false);

	(void)state;
	put(keeping, 3, 0, LEASE_DECLINED, 300);
	assert_false(lease_index_is_free(keeping, pool_address(3), 100));
	put(keeping, 3, 0, LEASE_RELEASED, 100);
	assert_true(lease_index_is_free(keeping, pool_address(3), 100));
	lease_index_free(keeping);
}

static void an_empty_index_knows_nothing_and_has_all_free(void **state)
{
	struct lease_index *index = new_index();
	size_t pool = 7;

	(void)state;
	assert_null(find(index, 1));
	assert_null(find(index, 0));
	for (uint32_t i = 0; i < POOL; i++) {
		assert_null(lease_index_find_address(index, pool_address(i)));
		assert_true(lease_index_is_free(index, pool_address(i), 0));
		assert_true(lease_index_find_pool(index, pool_address(i), &pool));
		assert_int_equal(pool, 0);
		assert_free(index, i, 0, i);
	}
	lease_index_free(index);
}

static void what_is_not_in_the_pool_is_neither_kept_nor_given(void **state)
{
	static const uint32_t outside[] = { 0, 1, FIRST - 1, FIRST + POOL, UINT32_MAX };
	struct lease_index *index = new_index();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(outside); i++) {
		struct lease lease = { .address = { outside[i] },
				       .mac = machine(1),
				       .owner = owner_of(1),
				       .state = LEASE_BOUND };
		struct ip4 address;
		size_t pool = 7;

		assert_false(lease_index_put(index, &lease));
		lease_index_forget(index, lease.address);
		lease_index_reserve(index, lease.address);
		lease_index_set_pending(index, lease.address, true);
		assert_null(find(index, 1));
		assert_null(lease_index_find_address(index, lease.address));
		assert_false(lease_index_is_free(index, lease.address, 100));
		assert_false(lease_index_find_pool(index, lease.address, &pool));
		assert_int_equal(pool, 7);
		assert_true(lease_index_find_free(index, 0, lease.address, 0, &address));
		assert_int_equal(address.value, FIRST);
	}
	lease_index_free(index);
}

static void addresses_are_given_in_order_the_first_time_round(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	for (uint32_t i = 0; i < POOL; i++) {
		assert_free(index, POOL, 0, i);
		put(index, i, i + 1, LEASE_BOUND, 1000);
	}
	assert_exhausted(index, 0, 999);
	assert_exhausted(index, POOL, 999);
	lease_index_free(index);
}

static void the_lease_that_ended_first_makes_room_first(void **state)
{
	static const uint64_t ends[POOL] = { 500, 300, 800, 200, 700, 100, 600, 400 };
	static const uint32_t order[POOL] = { 5, 3, 1, 7, 0, 6, 4, 2 };
	struct lease_index *index = new_index();

	(void)state;
	for (uint32_t i = 0; i < POOL; i++)
		put(index, i, i + 1, i % 2 == 0 ? LEASE_BOUND : LEASE_RELEASED, ends[i]);
	for (uint32_t i = 0; i < POOL; i++) {
		assert_free(index, POOL, 1000, order[i]);
		put(index, order[i], 100 + i, LEASE_BOUND, 5000);
	}
	assert_exhausted(index, POOL, 1000);
	lease_index_free(index);
}

static void nobody_elses_address_is_given_while_there_are_others(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	put(index, 0, 1, LEASE_BOUND, 100);
	put(index, 1, 2, LEASE_OFFERED, 200);
	/* Not even to one that asks for it. */
	assert_free(index, 0, 1000, 2);
	for (uint32_t i = 2; i < POOL; i++)
		put(index, i, i + 1, LEASE_BOUND, 5000);
	assert_free(index, 0, 1000, 1); /* only offered, though later */
	put(index, 1, 20, LEASE_BOUND, 5000);
	assert_free(index, 0, 1000, 0);
	lease_index_free(index);
}

/* A flood of DISCOVERs moves offers about and takes no lease from its machine. */
static void an_offer_leaves_the_lease_beneath(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	put(index, 0, 1, LEASE_BOUND, 100);
	put(index, 0, 2, LEASE_OFFERED, 230);
	assert_int_equal(find(index, 1)->state, LEASE_BOUND);
	assert_int_equal(find(index, 2)->state, LEASE_OFFERED);
	assert_false(lease_index_is_free(index, pool_address(0), 229));
	assert_true(lease_index_is_free(index, pool_address(0), 230));
	/* Its machine comes back, and the offer is gone. */
	put(index, 0, 1, LEASE_BOUND, 1000);
	assert_null(find(index, 2));
	/* Or somebody takes it up, and the lease is gone. */
	put(index, 0, 3, LEASE_OFFERED, 1030);
	put(index, 0, 3, LEASE_BOUND, 2000);
	assert_null(find(index, 1));
	assert_int_equal(find(index, 3)->state, LEASE_BOUND);
	lease_index_free(index);
}

static void what_is_held_back_is_free_for_whoever_asks_for_it(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	put(index, 0, 0, LEASE_OFFERED, 300);
	assert_true(lease_index_is_free(index, pool_address(0), 100));
	assert_free(index, 0, 100, 0);
	assert_free(index, POOL, 100, 1);
	assert_null(find(index, 0));
	lease_index_free(index);
}

static void reserved_and_declined_addresses_are_not_given(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	lease_index_reserve(index, pool_address(0));
	put(index, 2, 0, LEASE_DECLINED, 2000);
	assert_free(index, 0, 0, 1);
	assert_free(index, 2, 0, 1);
	put(index, 1, 1, LEASE_BOUND, 5000);
	assert_free(index, POOL, 0, 3);
	for (uint32_t i = 3; i < POOL; i++)
		put(index, i, i, LEASE_BOUND, 5000);
	assert_exhausted(index, 0, 1999);
	assert_exhausted(index, 2, 1999);
	assert_free(index, POOL, 2000, 2);
	put(index, 2, 50, LEASE_BOUND, 5000);
	assert_free(index, POOL, LEASE_FOR_EVER - 1, 1);
	for (uint32_t i = 1; i < POOL; i++)
		put(index, i, 60 + i, LEASE_BOUND, LEASE_FOR_EVER);
	assert_exhausted(index, POOL, LEASE_FOR_EVER - 1);
	lease_index_free(index);
}

static void a_reserved_addresss_lease_is_found_by_its_address_alone(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	put(index, 3, 1, LEASE_BOUND, 100);
	lease_index_reserve(index, pool_address(3));
	assert_null(find(index, 1));
	assert_int_equal(lease_index_find_address(index, pool_address(3))->expires_s, 100);
	assert_false(lease_index_is_free(index, pool_address(3), 1000));
	put(index, 0, 1, LEASE_BOUND, 1000);
	assert_int_equal(find(index, 1)->address.value, FIRST);
	lease_index_free(index);
}

static void what_is_pending_is_not_given_even_when_it_ends(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	put(index, 0, 1, LEASE_BOUND, 100);
	lease_index_set_pending(index, pool_address(0), true);
	for (uint32_t i = 1; i < POOL; i++)
		put(index, i, i + 1, LEASE_BOUND, 5000);
	assert_exhausted(index, 0, 1000);
	assert_false(lease_index_is_free(index, pool_address(0), 1000));
	lease_index_set_pending(index, pool_address(0), false);
	assert_free(index, POOL, 1000, 0);
	lease_index_free(index);
}

static void what_is_forgotten_is_free_and_unknown(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	put(index, 0, 1, LEASE_BOUND, 5000);
	put(index, 0, 2, LEASE_OFFERED, 5000);
	lease_index_forget(index, pool_address(0));
	assert_null(find(index, 1));
	assert_null(find(index, 2));
	assert_null(lease_index_find_address(index, pool_address(0)));
	assert_true(lease_index_is_free(index, pool_address(0), 0));
	assert_free(index, 0, 0, 0);
	lease_index_free(index);
}

static void offers_that_passed_come_back_in_their_order(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	for (uint32_t i = 0; i < POOL; i++)
		put(index, i, i + 1, LEASE_OFFERED, 100 + i);
	assert_exhausted(index, 3, 99);
	assert_free(index, 3, 103, 3);        /* the wanted one */
	assert_free(index, 3, 102, 0);        /* it has not passed: the oldest */
	put(index, 0, 1, LEASE_OFFERED, 130); /* offered once more: it is the newest now */
	assert_free(index, POOL, 129, 1);
	put(index, 1, 2, LEASE_BOUND, 1000);
	assert_free(index, POOL, 129, 2);
	lease_index_free(index);
}

static void a_machine_has_one_address(void **state)
{
	struct lease_index *index = new_index();
	const struct lease *lease;

	(void)state;
	put(index, 0, 1, LEASE_OFFERED, 100);
	put(index, 5, 1, LEASE_BOUND, 1000);
	lease = find(index, 1);
	assert_non_null(lease);
	assert_int_equal(lease->address.value, pool_address(5).value);
	assert_ptr_equal(lease_index_find_address(index, pool_address(5)), lease);
	/* What it had is free at once. */
	assert_free(index, 0, 0, 0);
	lease_index_free(index);
}

static void an_address_has_one_machine(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	put(index, 3, 1, LEASE_OFFERED, 100);
	put(index, 3, 2, LEASE_OFFERED, 200);
	assert_null(find(index, 1));
	assert_non_null(find(index, 2));
	put(index, 3, 0, LEASE_DECLINED, 300);
	assert_null(find(index, 2));
	assert_int_equal(lease_index_find_address(index, pool_address(3))->state, LEASE_DECLINED);
	lease_index_free(index);
}

static void two_machines_may_change_places(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	put(index, 0, 1, LEASE_BOUND, 100);
	put(index, 1, 2, LEASE_BOUND, 100);
	put(index, 1, 1, LEASE_BOUND, 200);
	assert_null(find(index, 2));
	assert_free(index, 0, 0, 0);
	put(index, 0, 2, LEASE_BOUND, 200);
	assert_int_equal(find(index, 1)->address.value, FIRST + 1);
	assert_int_equal(find(index, 2)->address.value, FIRST);
	lease_index_free(index);
}

static void identities_differ_in_kind_length_and_bytes(void **state)
{
	static const uint8_t bytes[16] = { 0x52, 0x54, 0, 0, 0, 1 };
	struct lease_index *index = new_index();
	const struct lease_identity owners[] = {
		lease_identity_of(LEASE_BY_MAC, bytes, 6),
		lease_identity_of(LEASE_BY_CLIENT_ID, bytes, 6),
		lease_identity_of(LEASE_BY_CLIENT_ID, bytes, 7),
		lease_identity_of(LEASE_BY_UUID, bytes, 16),
	};

	(void)state;
	for (uint32_t i = 0; i < COUNT_OF(owners); i++) {
		struct lease lease = { .address = pool_address(i),
				       .owner = owners[i],
				       .state = LEASE_BOUND,
				       .expires_s = 100 };

		assert_true(lease_index_put(index, &lease));
	}
	for (uint32_t i = 0; i < COUNT_OF(owners); i++)
		assert_int_equal(lease_index_find_machine(index, 0, &owners[i])->address.value,
				 FIRST + i);
	lease_index_free(index);
}

static void a_pool_of_one_address_works(void **state)
{
	struct address_range range = { pool_address(0), pool_address(0) };
	struct lease_index *index = new_index_of(&range, false);

	(void)state;
	assert_free(index, POOL, 0, 0);
	put(index, 0, 1, LEASE_OFFERED, 30);
	assert_exhausted(index, 0, 29);
	assert_free(index, POOL, 30, 0);
	put(index, 0, 2, LEASE_BOUND, 30);
	assert_exhausted(index, 0, UINT64_MAX);
	lease_index_free(index);
}

static void a_pool_of_no_address_gives_none(void **state)
{
	struct lease_pool pool = { NULL, 0 };
	struct lease_index *index = lease_index_new(&pool, 1, true);

	(void)state;
	assert_non_null(index);
	assert_exhausted(index, 0, 0);
	assert_exhausted(index, 1, UINT64_MAX);
	lease_index_free(index);
}

/* Several pools. The second one lies between the ranges of the first; the third has no address. */
static struct lease_index *new_index_of_pools(void)
{
	static const struct address_range first[] = { { { FIRST }, { FIRST + 1 } },
						      { { FIRST + 5 }, { FIRST + 5 } },
						      { { FIRST + 7 }, { FIRST + 7 } } };
	static const struct address_range second[] = { { { FIRST + 2 }, { FIRST + 3 } } };
	static const struct lease_pool pools[] = { { first, 3 }, { second, 1 }, { NULL, 0 } };
	struct lease_index *index = lease_index_new(pools, COUNT_OF(pools), true);

	assert_non_null(index);
	return index;
}

static void an_address_is_of_its_pool(void **state)
{
	static const int pools[] = { 0, 0, 1, 1, -1, 0, -1, 0, -1 };
	struct lease_index *index = new_index_of_pools();

	(void)state;
	for (uint32_t i = 0; i < COUNT_OF(pools); i++) {
		size_t pool = 7;

		assert_int_equal(lease_index_find_pool(index, pool_address(i), &pool),
				 pools[i] >= 0);
		assert_int_equal(pool, pools[i] >= 0 ? pools[i] : 7);
	}
	lease_index_free(index);
}

static void each_pool_gives_its_own_addresses_in_order(void **state)
{
	static const uint32_t own[2][4] = { { 0, 1, 5, 7 }, { 2, 3 } };
	static const uint32_t counts[2] = { 4, 2 };
	struct lease_index *index = new_index_of_pools();

	(void)state;
	for (size_t pool = 0; pool < 2; pool++) {
		for (uint32_t i = 0; i < counts[pool]; i++) {
			/* What is another pool's is not had for the asking. */
			assert_free_in(index, pool, own[1 - pool][0], 0, own[pool][i]);
			put(index, own[pool][i], 1 + i, LEASE_BOUND, 1000 - i);
		}
		assert_exhausted_in(index, pool, SPAN, 100);
	}
	/* Who ended first in this pool makes room in it. */
	assert_free_in(index, 0, SPAN, 2000, 7);
	assert_free_in(index, 1, SPAN, 2000, 3);
	assert_exhausted_in(index, 2, 0, 2000);
	assert_exhausted_in(index, 3, 0, 2000);
	assert_exhausted_in(index, SIZE_MAX, 0, 2000);
	lease_index_free(index);
}

static void a_machine_has_a_lease_in_each_pool(void **state)
{
	struct lease_index *index = new_index_of_pools();

	(void)state;
	put(index, 0, 1, LEASE_BOUND, 100);
	put(index, 2, 1, LEASE_OFFERED, 100);
	assert_int_equal(find_in(index, 0, 1)->address.value, FIRST);
	assert_int_equal(find_in(index, 1, 1)->state, LEASE_OFFERED);
	put(index, 2, 1, LEASE_BOUND, 200);
	assert_int_equal(find_in(index, 0, 1)->address.value, FIRST);
	assert_int_equal(find_in(index, 1, 1)->address.value, FIRST + 2);
	assert_null(find_in(index, 2, 1));
	assert_null(find_in(index, 3, 1));
	assert_null(find_in(index, SIZE_MAX, 1));
	/* And one of each pool: from one range to another it moves. */
	put(index, 5, 1, LEASE_BOUND, 300);
	assert_int_equal(find_in(index, 0, 1)->address.value, FIRST + 5);
	assert_int_equal(find_in(index, 1, 1)->address.value, FIRST + 2);
	assert_free_in(index, 0, 0, 0, 0);
	lease_index_forget(index, pool_address(2));
	assert_null(find_in(index, 1, 1));
	assert_non_null(find_in(index, 0, 1));
	lease_index_free(index);
}

static void note_address(void *context, const struct lease *lease)
{
	char *seen = context;
	size_t length = strlen(seen);

	seen[length] = (char)('0' + (lease->address.value - FIRST));
}

static void leases_are_shown_by_address(void **state)
{
	static const struct {
		uint32_t from;
		uint32_t most; /* addresses */
		const char *seen;
	} rows[] = {
		{ 0, 9, "11257" }, { 1, 9, "11257" }, { 2, 9, "257" }, { 3, 9, "57" },
		{ 6, 9, "7" },     { 7, 9, "7" },     { 8, 9, "" },    { 0, 0, "" },
		{ 0, 1, "11" },    { 0, 2, "112" },   { 2, 1, "2" },   { 3, 2, "57" },
	};
	struct lease_index *index = new_index_of_pools();
	char seen[10] = "";

	(void)state;
	put(index, 7, 1, LEASE_BOUND, 100);
	put(index, 2, 2, LEASE_BOUND, 100);
	put(index, 5, 3, LEASE_OFFERED, 100);
	put(index, 1, 4, LEASE_BOUND, 100);
	put(index, 1, 5, LEASE_OFFERED, 100);
	lease_index_reserve(index, pool_address(7));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		memset(seen, 0, sizeof(seen));
		lease_index_visit(index, pool_address(rows[i].from), rows[i].most, note_address,
				  seen);
		assert_string_equal(seen, rows[i].seen);
	}
	memset(seen, 0, sizeof(seen));
	lease_index_visit(index, (struct ip4){ 0 }, UINT32_MAX, note_address, seen);
	assert_string_equal(seen, "11257");
	lease_index_free(index);
}

/* As many ranges as there may be, each of one address, a pool's here and there. */
static void tiny_ranges_are_found(void **state)
{
	enum { RANGES = 65536, MANY_POOLS = 1024 };
	struct address_range *ranges = calloc(RANGES, sizeof(*ranges));
	struct lease_pool *pools = calloc(MANY_POOLS, sizeof(*pools));
	struct lease_index *index;
	size_t each = RANGES / MANY_POOLS;

	(void)state;
	assert_non_null(ranges);
	assert_non_null(pools);
	for (uint32_t i = 0; i < RANGES; i++) {
		/* The i-th range of the list; pools take turns on the network. */
		uint32_t at = 2 * (i % (uint32_t)each * MANY_POOLS + i / (uint32_t)each);

		ranges[i] = (struct address_range){ { FIRST + at }, { FIRST + at } };
	}
	for (size_t i = 0; i < MANY_POOLS; i++)
		pools[i] = (struct lease_pool){ &ranges[i * each], each };
	index = lease_index_new(pools, MANY_POOLS, true);
	assert_non_null(index);
	for (uint32_t i = 0; i < RANGES; i++) {
		struct lease lease = { .address = ranges[i].first,
				       .owner = owner_of(1 + i % (uint32_t)each),
				       .state = LEASE_BOUND,
				       .expires_s = 100 };
		size_t expected = i / each;
		struct ip4 address;
		size_t pool;

		assert_true(lease_index_find_pool(index, lease.address, &pool));
		assert_int_equal(pool, expected);
		assert_false(lease_index_find_pool(index, (struct ip4){ lease.address.value + 1 },
						   &pool));
		assert_true(lease_index_find_free(index, expected, (struct ip4){ 0 }, 0, &address));
		assert_int_equal(address.value, lease.address.value);
		assert_true(lease_index_put(index, &lease));
	}
	for (size_t i = 0; i < MANY_POOLS; i++)
		assert_int_equal(find_in(index, i, 1)->address.value, ranges[i * each].first.value);
	lease_index_free(index);
	free(pools);
	free(ranges);
}

static void no_index_is_freed_in_peace(void **state)
{
	(void)state;
	lease_index_free(NULL);
}

/* The model: what is known of each address. */
struct model_slot {
	bool has_lease;
	bool has_offer;
	struct lease lease;
	struct lease offer;
};

struct model {
	int pools[SPAN]; /* of each address; -1: it is of none */
	struct model_slot slots[SPAN];
	uint64_t now_s;
};

static bool model_is_free(const struct model *model, uint32_t number)
{
	const struct model_slot *slot = &model->slots[number];

	return model->pools[number] >= 0 &&
	       (!slot->has_lease || slot->lease.expires_s <= model->now_s) &&
	       (!slot->has_offer || slot->offer.expires_s <= model->now_s);
}

static bool is_his(bool has, const struct lease *lease, const struct lease_identity *owner)
{
	return has && owner->length > 0 && lease_identity_is_same(&lease->owner, owner);
}

static void model_put(struct model *model, const struct lease *lease)
{
	uint32_t number = lease->address.value - FIRST;
	struct model_slot *slot = &model->slots[number];

	for (uint32_t i = 0; i < SPAN; i++) {
		struct model_slot *other = &model->slots[i];

		if (model->pools[i] != model->pools[number])
			continue;
		if (is_his(other->has_offer, &other->offer, &lease->owner))
			other->has_offer = false;
		if (lease->state != LEASE_OFFERED &&
		    is_his(other->has_lease, &other->lease, &lease->owner))
			other->has_lease = false;
	}
	slot->has_offer = lease->state == LEASE_OFFERED;
	if (slot->has_offer)
		slot->offer = *lease;
	else
		slot->lease = *lease;
	slot->has_lease = slot->has_lease || !slot->has_offer;
}

static const struct lease *model_find_machine(const struct model *model, int pool, uint32_t number)
{
	struct lease_identity owner = owner_of(number);

	for (uint32_t i = 0; i < SPAN; i++) {
		if (model->pools[i] == pool &&
		    is_his(model->slots[i].has_lease, &model->slots[i].lease, &owner))
			return &model->slots[i].lease;
	}
	for (uint32_t i = 0; i < SPAN; i++) {
		if (model->pools[i] == pool &&
		    is_his(model->slots[i].has_offer, &model->slots[i].offer, &owner))
			return &model->slots[i].offer;
	}
	return NULL;
}

static void assert_same_lease(const struct lease *one, const struct lease *other)
{
	assert_int_equal(one == NULL, other == NULL);
	if (one == NULL)
		return;
	assert_int_equal(one->address.value, other->address.value);
	assert_true(mac_is_same(one->mac, other->mac));
	assert_true(lease_identity_is_same(&one->owner, &other->owner));
	assert_int_equal(one->state, other->state);
	assert_true(one->expires_s == other->expires_s);
}

/* How good a free address is: the smaller, the better. */
static unsigned rank_of(const struct model_slot *slot, bool is_wanted)
{
	if (slot->has_lease)
		return 3;
	if (is_wanted)
		return 0;
	return slot->has_offer ? 2 : 1;
}

static void compare_free(const struct lease_index *index, const struct model *model, int pool,
			 uint32_t wanted)
{
	struct ip4 address = { 0 };
	bool is_found = lease_index_find_free(index, (size_t)pool, pool_address(wanted),
					      model->now_s, &address);
	uint32_t given = address.value - FIRST;
	unsigned best = UINT32_MAX;
	uint64_t oldest_s = UINT64_MAX;

	for (uint32_t i = 0; i < SPAN; i++) {
		const struct model_slot *slot = &model->slots[i];
		unsigned rank = rank_of(slot, i == wanted);

		if (model->pools[i] != pool || !model_is_free(model, i))
			continue;
		if (rank < best)
			best = rank;
		if (slot->has_lease && !slot->has_offer && slot->lease.expires_s < oldest_s)
			oldest_s = slot->lease.expires_s;
	}
	assert_int_equal(is_found, best != UINT32_MAX);
	if (!is_found)
		return;
	assert_true(given < SPAN);
	assert_int_equal(model->pools[given], pool);
	assert_true(model_is_free(model, given));
	assert_int_equal(rank_of(&model->slots[given], given == wanted), best);
	if (best == 3)
		assert_true(model->slots[given].lease.expires_s <= oldest_s);
}

static void compare(const struct lease_index *index, const struct model *model)
{
	for (int pool = 0; pool < POOLS; pool++) {
		for (uint32_t i = 1; i < MACHINES; i++)
			assert_same_lease(find_in(index, (size_t)pool, i),
					  model_find_machine(model, pool, i));
		for (uint32_t wanted = 0; wanted <= SPAN; wanted++)
			compare_free(index, model, pool, wanted);
	}
	for (uint32_t i = 0; i < SPAN; i++) {
		assert_same_lease(lease_index_find_address(index, pool_address(i)),
				  model->slots[i].has_lease ? &model->slots[i].lease : NULL);
		assert_int_equal(lease_index_is_free(index, pool_address(i), model->now_s),
				 model_is_free(model, i));
	}
}

static unsigned draw(unsigned *seed, unsigned count)
{
	return (unsigned)rand_r(seed) % count;
}

/* Half of the time as the service does it, at a free address, else anywhere. */
static struct lease draw_lease(unsigned *seed, const struct lease_index *index,
			       const struct model *model)
{
	static const enum lease_state states[] = { LEASE_OFFERED, LEASE_OFFERED,  LEASE_BOUND,
						   LEASE_BOUND,   LEASE_RELEASED, LEASE_DECLINED };
	struct lease lease = { .address = pool_address(draw(seed, SPAN)),
			       .state = states[draw(seed, COUNT_OF(states))] };

	if (draw(seed, 2) == 0)
		(void)lease_index_find_free(index, draw(seed, POOLS),
					    pool_address(draw(seed, 2 * SPAN)), model->now_s,
					    &lease.address);
	if (lease.state != LEASE_DECLINED) {
		uint32_t number = 1 + draw(seed, MACHINES - 1);

		lease.mac = machine(number);
		lease.owner = owner_of(number);
	}
	lease.expires_s = model->now_s + draw(seed, 100);
	return lease;
}

static unsigned first_seed(void)
{
	const char *text = getenv("SEED");

	return text == NULL ? (unsigned)time(NULL) : (unsigned)strtoul(text, NULL, 10);
}

/* Runs of addresses go to a pool or to none. */
static void draw_pools(unsigned *seed, struct model *model)
{
	for (uint32_t i = 0; i < SPAN; i++) {
		bool goes_on = i > 0 && draw(seed, 3) > 0;

		model->pools[i] = goes_on ? model->pools[i - 1] : (int)draw(seed, POOLS + 1) - 1;
	}
}

/* Neighbours of one pool are one range or two. */
static struct lease_index *new_index_like(const struct model *model, unsigned *seed)
{
	struct address_range ranges[POOLS][SPAN];
	struct lease_pool pools[POOLS];
	struct lease_index *index;

	for (int pool = 0; pool < POOLS; pool++) {
		size_t count = 0;

		for (uint32_t i = 0; i < SPAN; i++) {
			if (model->pools[i] != pool)
				continue;
			if (i == 0 || model->pools[i - 1] != pool || draw(seed, 4) == 0)
				ranges[pool][count++].first = pool_address(i);
			ranges[pool][count - 1].last = pool_address(i);
		}
		pools[pool] = (struct lease_pool){ ranges[pool], count };
	}
	index = lease_index_new(pools, POOLS, true);
	assert_non_null(index);
	return index;
}

static void does_what_the_model_does(void **state)
{
	unsigned seed = first_seed();
	struct lease_index *index = NULL;
	struct model model = { .now_s = 1 };

	(void)state;
	print_message("SEED=%u\n", seed);
	for (unsigned step = 0; step < STEPS; step++) {
		struct lease lease;

		/* New pools now and then, with addresses that nobody ever had. */
		if (step == 0 || draw(&seed, 200) == 0) {
			lease_index_free(index);
			model = (struct model){ .now_s = model.now_s };
			draw_pools(&seed, &model);
			index = new_index_like(&model, &seed);
		}
		lease = draw_lease(&seed, index, &model);
		assert_int_equal(lease_index_put(index, &lease),
				 model.pools[lease.address.value - FIRST] >= 0);
		if (model.pools[lease.address.value - FIRST] >= 0)
			model_put(&model, &lease);
		compare(index, &model);
		model.now_s += draw(&seed, 8);
	}
	lease_index_free(index);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_free_when_its_time_has_come),
		cmocka_unit_test(a_declined_address_that_is_given_back_is_free),
		cmocka_unit_test(an_empty_index_knows_nothing_and_has_all_free),
		cmocka_unit_test(what_is_not_in_the_pool_is_neither_kept_nor_given),
		cmocka_unit_test(addresses_are_given_in_order_the_first_time_round),
		cmocka_unit_test(the_lease_that_ended_first_makes_room_first),
		cmocka_unit_test(nobody_elses_address_is_given_while_there_are_others),
		cmocka_unit_test(an_offer_leaves_the_lease_beneath),
		cmocka_unit_test(what_is_held_back_is_free_for_whoever_asks_for_it),
		cmocka_unit_test(reserved_and_declined_addresses_are_not_given),
		cmocka_unit_test(a_reserved_addresss_lease_is_found_by_its_address_alone),
		cmocka_unit_test(what_is_pending_is_not_given_even_when_it_ends),
		cmocka_unit_test(what_is_forgotten_is_free_and_unknown),
		cmocka_unit_test(offers_that_passed_come_back_in_their_order),
		cmocka_unit_test(a_machine_has_one_address),
		cmocka_unit_test(an_address_has_one_machine),
		cmocka_unit_test(two_machines_may_change_places),
		cmocka_unit_test(identities_differ_in_kind_length_and_bytes),
		cmocka_unit_test(a_pool_of_one_address_works),
		cmocka_unit_test(a_pool_of_no_address_gives_none),
		cmocka_unit_test(an_address_is_of_its_pool),
		cmocka_unit_test(each_pool_gives_its_own_addresses_in_order),
		cmocka_unit_test(a_machine_has_a_lease_in_each_pool),
		cmocka_unit_test(leases_are_shown_by_address),
		cmocka_unit_test(tiny_ranges_are_found),
		cmocka_unit_test(no_index_is_freed_in_peace),
		cmocka_unit_test(does_what_the_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
