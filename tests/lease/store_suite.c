#include "lease/store_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

/* What on_kept was told. */
struct outcome {
	unsigned calls;
	int error;
};

static void on_kept(void *context, int error)
{
	struct outcome *outcome = context;

	outcome->calls++;
	outcome->error = error;
}

static struct mac machine_mac(uint8_t number)
{
	return (struct mac){ { 0x52, 0x54, 0, 0, 0, number } };
}

struct lease_identity suite_owner(uint8_t number)
{
	return number == 0 ? (struct lease_identity){ 0 }
			   : lease_identity_of_mac(machine_mac(number));
}

int suite_commit(struct lease_store *store, uint32_t address, uint8_t machine,
		 enum lease_state state, uint64_t expires_s)
{
	struct outcome outcome = { .error = 1 };
	struct lease lease = { .address = { SUITE_FIRST + address },
			       .mac = machine_mac(machine),
			       .owner = suite_owner(machine),
			       .state = state,
			       .expires_s = expires_s };

	store->operations->commit(store, &lease, on_kept, &outcome);
	suite_await(store, &outcome.calls);
	assert_int_equal(outcome.calls, 1);
	return outcome.error;
}

/* Two at most, each of one range. */
static void set_pools(struct lease_store *store, const uint32_t (*ends)[2], size_t count)
{
	struct address_range ranges[2];
	struct lease_pool pools[2];

	for (size_t i = 0; i < count; i++) {
		ranges[i].first.value = SUITE_FIRST + ends[i][0];
		ranges[i].last.value = SUITE_FIRST + ends[i][1];
		pools[i] = (struct lease_pool){ &ranges[i], 1 };
	}
	assert_int_equal(store->operations->set_pools(store, pools, count, NULL, 0), 0);
}

void suite_set_pool(struct lease_store *store, uint32_t first, uint32_t last)
{
	set_pools(store, &(const uint32_t[2]){ first, last }, 1);
}

static const struct lease *find_in(struct lease_store *store, size_t pool, uint8_t machine)
{
	struct lease_identity owner = suite_owner(machine);

	return store->operations->find_machine(store, pool, &owner);
}

const struct lease *suite_find(struct lease_store *store, uint8_t machine)
{
	return find_in(store, 0, machine);
}

static bool is_free(struct lease_store *store, uint32_t address, uint64_t now_s)
{
	return store->operations->is_free(store, (struct ip4){ SUITE_FIRST + address }, now_s);
}

static uint32_t find_free_in(struct lease_store *store, size_t pool, uint32_t wanted,
			     uint64_t now_s)
{
	struct ip4 address;

	if (!store->operations->find_free(store, pool, (struct ip4){ SUITE_FIRST + wanted }, now_s,
					  &address))
		return UINT32_MAX;
	return address.value - SUITE_FIRST;
}

uint32_t suite_find_free(struct lease_store *store, uint32_t wanted, uint64_t now_s)
{
	return find_free_in(store, 0, wanted, now_s);
}

void keeps_what_is_committed(void **state)
{
	struct lease_store *store = suite_open();
	const struct lease *lease;

	(void)state;
	assert_null(suite_find(store, 1));
	assert_null(store->operations->find_address(store, (struct ip4){ SUITE_FIRST + 1 }));
	assert_int_equal(suite_commit(store, 1, 1, LEASE_BOUND, 500), 0);
	lease = suite_find(store, 1);
	assert_non_null(lease);
	assert_ptr_equal(store->operations->find_address(store, (struct ip4){ SUITE_FIRST + 1 }),
			 lease);
	assert_int_equal(lease->address.value, SUITE_FIRST + 1);
	assert_int_equal(lease->state, LEASE_BOUND);
	assert_int_equal(lease->expires_s, 500);
	assert_false(is_free(store, 1, 499));
	suite_close(store);
}

void refuses_what_is_outside_the_pool(void **state)
{
	struct lease_store *store = suite_open();

	(void)state;
	assert_int_equal(suite_commit(store, SUITE_POOL, 1, LEASE_BOUND, 500), -ERANGE);
	assert_int_equal(suite_commit(store, UINT32_MAX, 1, LEASE_OFFERED, 500), -ERANGE);
	assert_null(suite_find(store, 1));
	assert_false(is_free(store, SUITE_POOL, 0));
	suite_close(store);
}

void an_offer_is_known_at_once_and_passes(void **state)
{
	struct lease_store *store = suite_open();

	(void)state;
	for (uint8_t i = 0; i < SUITE_POOL; i++)
		assert_int_equal(suite_commit(store, i, (uint8_t)(i + 1), LEASE_OFFERED, 30 + i),
				 0);
	assert_int_equal(suite_find(store, 1)->state, LEASE_OFFERED);
	assert_int_equal(suite_find_free(store, 0, 29), UINT32_MAX);
	assert_int_equal(suite_find_free(store, SUITE_POOL, 30), 0);
	assert_int_equal(suite_find_free(store, 2, 32), 2);
	suite_close(store);
}

void a_machine_that_moves_gives_back(void **state)
{
	struct lease_store *store = suite_open();

	(void)state;
	assert_int_equal(suite_commit(store, 0, 1, LEASE_BOUND, 500), 0);
	assert_int_equal(suite_commit(store, 2, 1, LEASE_BOUND, 600), 0);
	assert_int_equal(suite_find(store, 1)->address.value, SUITE_FIRST + 2);
	assert_true(is_free(store, 0, 0));
	suite_close(store);
}

void a_declined_address_comes_back_after_its_time(void **state)
{
	struct lease_store *store = suite_open();

	(void)state;
	assert_int_equal(suite_commit(store, 0, 1, LEASE_BOUND, 500), 0);
	assert_int_equal(suite_commit(store, 0, 0, LEASE_DECLINED, 900), 0);
	assert_null(suite_find(store, 1));
	assert_false(is_free(store, 0, 899));
	assert_true(is_free(store, 0, 900));
	suite_close(store);
}

void reserved_addresses_are_never_given(void **state)
{
	struct lease_store *store = suite_open();
	struct address_range range = { { SUITE_FIRST }, { SUITE_FIRST + SUITE_POOL - 1 } };
	struct lease_pool pool = { &range, 1 };
	struct ip4 all[SUITE_POOL + 2];

	(void)state;
	for (uint32_t i = 0; i < SUITE_POOL; i++)
		all[i].value = SUITE_FIRST + i;
	/* No address, and one outside, do no harm. */
	all[SUITE_POOL].value = 0;
	all[SUITE_POOL + 1].value = SUITE_FIRST + SUITE_POOL;
	assert_int_equal(store->operations->set_pools(store, &pool, 1, all, SUITE_POOL + 2), 0);
	assert_int_equal(suite_find_free(store, 1, UINT64_MAX - 1), UINT32_MAX);
	suite_close(store);
}

void another_pool_keeps_the_leases_that_it_has(void **state)
{
	struct lease_store *store = suite_open();
	struct ip4 reserved = { SUITE_FIRST + 1 };
	struct address_range range = { reserved, { SUITE_FIRST + SUITE_POOL } };
	struct lease_pool pool = { &range, 1 };

	(void)state;
	for (uint8_t i = 0; i < SUITE_POOL; i++)
		assert_int_equal(suite_commit(store, i, (uint8_t)(i + 1), LEASE_BOUND, 500), 0);
	/* One less at the beginning, one more at the end, and one that is somebody's. */
	assert_int_equal(store->operations->set_pools(store, &pool, 1, &reserved, 1), 0);
	assert_null(suite_find(store, 1));
	assert_null(suite_find(store, 2));
	assert_int_equal(suite_find(store, 3)->address.value, SUITE_FIRST + 2);
	assert_int_equal(suite_find_free(store, 0, 0), SUITE_POOL);
	suite_close(store);
}

static void count_lease(void *context, const struct lease *lease)
{
	unsigned *seen = context;

	*seen |= 1U << (lease->address.value - SUITE_FIRST);
}

void every_lease_is_visited(void **state)
{
	struct lease_store *store = suite_open();
	unsigned seen = 0;

	(void)state;
	assert_int_equal(suite_commit(store, 0, 1, LEASE_BOUND, 500), 0);
	assert_int_equal(suite_commit(store, 2, 2, LEASE_OFFERED, 500), 0);
	assert_int_equal(suite_commit(store, 3, 0, LEASE_DECLINED, 500), 0);
	store->operations->visit(store, (struct ip4){ 0 }, UINT32_MAX, count_lease, &seen);
	assert_int_equal(seen, 0xd);
	seen = 0;
	store->operations->visit(store, (struct ip4){ SUITE_FIRST + 1 }, 1, count_lease, &seen);
	assert_int_equal(seen, 0x4);
	suite_close(store);
}

void a_machine_has_an_address_in_each_pool(void **state)
{
	static const uint32_t ends[2][2] = { { 0, 1 }, { 2, 3 } };
	struct lease_store *store = suite_open();

	(void)state;
	set_pools(store, ends, 2);
	assert_int_equal(suite_commit(store, 0, 1, LEASE_BOUND, 500), 0);
	assert_int_equal(suite_commit(store, 2, 1, LEASE_BOUND, 600), 0);
	assert_int_equal(find_in(store, 0, 1)->expires_s, 500);
	assert_int_equal(find_in(store, 1, 1)->expires_s, 600);
	assert_int_equal(find_free_in(store, 0, 3, 0), 1);
	assert_int_equal(find_free_in(store, 1, 1, 0), 3);
	assert_null(find_in(store, 2, 1));
	assert_int_equal(find_free_in(store, 2, 1, 0), UINT32_MAX);
	suite_close(store);
}

void leases_follow_their_addresses_into_other_pools(void **state)
{
	static const uint32_t before[2][2] = { { 0, 1 }, { 2, 3 } };
	static const uint32_t after[2][2] = { { 3, 5 }, { 0, 2 } };
	struct lease_store *store = suite_open();

	(void)state;
	set_pools(store, before, 2);
	assert_int_equal(suite_commit(store, 0, 1, LEASE_BOUND, 500), 0);
	assert_int_equal(suite_commit(store, 2, 2, LEASE_BOUND, 500), 0);
	assert_int_equal(suite_commit(store, 3, 3, LEASE_BOUND, 500), 0);
	set_pools(store, after, 2);
	assert_null(find_in(store, 0, 1));
	assert_int_equal(find_in(store, 1, 1)->address.value, SUITE_FIRST);
	assert_int_equal(find_in(store, 1, 2)->address.value, SUITE_FIRST + 2);
	assert_int_equal(find_in(store, 0, 3)->address.value, SUITE_FIRST + 3);
	assert_int_equal(find_free_in(store, 0, 0, 0), 4);
	assert_int_equal(find_free_in(store, 1, 0, 0), 1);
	suite_close(store);
}

void leases_of_no_pool_wait_for_one(void **state)
{
	struct lease_store *store = suite_open();

	(void)state;
	assert_int_equal(suite_commit(store, 3, 1, LEASE_BOUND, 500), 0);
	suite_set_pool(store, 0, 0);
	assert_null(suite_find(store, 1));
	/* Meanwhile it has another one; the first one may still be in use. */
	assert_int_equal(suite_commit(store, 0, 1, LEASE_BOUND, 700), 0);
	suite_set_pool(store, 1, 3);
	assert_int_equal(suite_find(store, 1)->address.value, SUITE_FIRST + 3);
	assert_false(is_free(store, 3, 499));
	suite_close(store);
}

void where_pools_are_joined_nothing_is_given_twice(void **state)
{
	static const uint32_t ends[2][2] = { { 0, 1 }, { 2, 3 } };
	struct lease_store *store = suite_open();

	(void)state;
	set_pools(store, ends, 2);
	/* The longer lease of one machine comes first, of the other last. */
	assert_int_equal(suite_commit(store, 0, 1, LEASE_BOUND, 600), 0);
	assert_int_equal(suite_commit(store, 2, 1, LEASE_BOUND, 500), 0);
	assert_int_equal(suite_commit(store, 1, 2, LEASE_BOUND, 500), 0);
	assert_int_equal(suite_commit(store, 3, 2, LEASE_BOUND, 600), 0);
	suite_set_pool(store, 0, 3);
	assert_int_equal(suite_find(store, 1)->address.value, SUITE_FIRST);
	assert_int_equal(suite_find(store, 2)->address.value, SUITE_FIRST + 3);
	for (uint32_t i = 0; i < SUITE_POOL; i++)
		assert_false(is_free(store, i, 499));
	assert_int_equal(suite_find_free(store, 0, 499), UINT32_MAX);
	suite_close(store);
}
