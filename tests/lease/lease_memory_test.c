/* The memory store: the suite of every store, and that it gives no address to another machine. */
#include "lease/lease_memory.h"

#include "lease/store_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct lease_store *suite_open(void)
{
	struct lease_store *store = lease_memory_new();

	assert_non_null(store);
	suite_set_pool(store, 0, SUITE_POOL - 1);
	return store;
}

void suite_close(struct lease_store *store)
{
	store->operations->close(store);
}

void suite_await(struct lease_store *store, const unsigned *calls)
{
	(void)store;
	assert_int_equal(*calls, 1);
}

/* As long as the daemon runs, an expired or released address waits for its machine. */
static void an_address_stays_with_its_machine(void **state)
{
	struct lease_store *store = suite_open();

	(void)state;
	assert_true(store->forgets);
	assert_int_equal(suite_commit(store, 0, 1, LEASE_BOUND, 10), 0);
	assert_int_equal(suite_commit(store, 1, 2, LEASE_BOUND, 10), 0);
	assert_int_equal(suite_commit(store, 1, 2, LEASE_RELEASED, 10), 0);
	assert_int_equal(suite_find_free(store, 0, 1000000), 2);
	assert_int_equal(suite_commit(store, 2, 3, LEASE_OFFERED, 10), 0);
	assert_int_equal(suite_commit(store, 3, 4, LEASE_BOUND, 10), 0);
	assert_int_equal(suite_find_free(store, 0, 9), UINT32_MAX);
	assert_int_equal(suite_find_free(store, 0, 10), 2);
	assert_non_null(suite_find(store, 1));
	assert_non_null(suite_find(store, 2));
	suite_close(store);
}

static void before_it_is_told_a_pool_it_has_no_address(void **state)
{
	struct lease_store *store = lease_memory_new();

	(void)state;
	assert_int_equal(suite_find_free(store, 0, 0), UINT32_MAX);
	suite_close(store);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		SUITE_TESTS,
		cmocka_unit_test(an_address_stays_with_its_machine),
		cmocka_unit_test(before_it_is_told_a_pool_it_has_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
