/* The memory store through its operations. */
#include "lease/lease_memory.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#define FIRST 0xc0a84d64
#define POOL  3

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

static struct lease_store *new_store(void)
{
	struct lease_store *store =
		lease_memory_new((struct ip4){ FIRST }, (struct ip4){ FIRST + POOL - 1 });

	assert_non_null(store);
	return store;
}

static struct mac machine(uint8_t number)
{
	return (struct mac){ { 0x52, 0x54, 0, 0, 0, number } };
}

static int commit(struct lease_store *store, uint32_t number, uint8_t mac, enum lease_state state,
		  uint64_t expires_s)
{
	struct outcome outcome = { .error = 1 };
	struct lease lease = { .address = { FIRST + number },
			       .mac = machine(mac),
			       .state = state,
			       .expires_s = expires_s };

	store->operations->commit(store, &lease, on_kept, &outcome);
	assert_int_equal(outcome.calls, 1);
	return outcome.error;
}

static bool find_free(struct lease_store *store, uint32_t wanted, uint64_t now_s,
		      uint32_t *out_number)
{
	struct ip4 address;

	if (!store->operations->find_free(store, (struct ip4){ FIRST + wanted }, now_s, &address))
		return false;
	*out_number = address.value - FIRST;
	return true;
}

static void keeps_what_is_committed(void **state)
{
	struct lease_store *store = new_store();
	const struct lease *lease;

	(void)state;
	assert_null(store->operations->find_machine(store, machine(1)));
	assert_null(store->operations->find_address(store, (struct ip4){ FIRST + 1 }));
	assert_int_equal(commit(store, 1, 1, LEASE_BOUND, 500), 0);
	lease = store->operations->find_machine(store, machine(1));
	assert_non_null(lease);
	assert_ptr_equal(store->operations->find_address(store, (struct ip4){ FIRST + 1 }), lease);
	assert_int_equal(lease->address.value, FIRST + 1);
	assert_int_equal(lease->state, LEASE_BOUND);
	assert_int_equal(lease->expires_s, 500);
	store->operations->close(store);
}

static void refuses_what_is_outside_the_pool(void **state)
{
	struct lease_store *store = new_store();

	(void)state;
	assert_int_equal(commit(store, POOL, 1, LEASE_BOUND, 500), -ERANGE);
	assert_int_equal(commit(store, UINT32_MAX, 1, LEASE_RESERVED, 0), -ERANGE);
	assert_null(store->operations->find_machine(store, machine(1)));
	store->operations->close(store);
}

/* As long as the daemon runs, an expired or released address waits for its machine. */
static void an_address_stays_with_its_machine(void **state)
{
	struct lease_store *store = new_store();
	uint32_t number = 0;

	(void)state;
	assert_int_equal(commit(store, 0, 1, LEASE_BOUND, 10), 0);
	assert_int_equal(commit(store, 1, 2, LEASE_BOUND, 10), 0);
	assert_int_equal(commit(store, 1, 2, LEASE_RELEASED, 10), 0);
	assert_true(find_free(store, 0, 1000000, &number));
	assert_int_equal(number, 2);
	assert_int_equal(commit(store, 2, 3, LEASE_OFFERED, 10), 0);
	assert_false(find_free(store, 0, 9, &number));
	assert_true(find_free(store, 0, 10, &number));
	assert_int_equal(number, 2);
	assert_non_null(store->operations->find_machine(store, machine(1)));
	assert_non_null(store->operations->find_machine(store, machine(2)));
	store->operations->close(store);
}

static void a_reserved_address_is_never_free(void **state)
{
	struct lease_store *store = new_store();
	uint32_t number = 0;

	(void)state;
	for (uint32_t i = 0; i < POOL; i++)
		assert_int_equal(commit(store, i, 0, LEASE_RESERVED, 0), 0);
	assert_false(find_free(store, 1, UINT64_MAX, &number));
	store->operations->close(store);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_committed),
		cmocka_unit_test(refuses_what_is_outside_the_pool),
		cmocka_unit_test(an_address_stays_with_its_machine),
		cmocka_unit_test(a_reserved_address_is_never_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
