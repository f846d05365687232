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

#define FIRST        0xc0a84d64
#define POOL         8
#define MACHINES     11
#define OFFER_LIFE_S 30 /* every offer lives equally long */
#define STEPS        50000

static struct ip4 pool_address(uint32_t number)
{
	return (struct ip4){ FIRST + number };
}

static struct mac machine(uint32_t number)
{
	return (struct mac){ { 0x52, 0x54, 0, 0, 0, (uint8_t)number } };
}

static struct lease_index *new_index(void)
{
	struct lease_index *index = lease_index_new(pool_address(0), pool_address(POOL - 1));

	assert_non_null(index);
	return index;
}

static void put(struct lease_index *index, uint32_t address, uint32_t mac, enum lease_state state,
		uint64_t expires_s)
{
	struct lease lease = { .address = pool_address(address),
			       .mac = machine(mac),
			       .state = state,
			       .expires_s = expires_s };

	assert_true(lease_index_put(index, &lease));
}

static void assert_free(const struct lease_index *index, uint32_t wanted, uint64_t now_s,
			uint32_t expected)
{
	struct ip4 address = { 7 };

	assert_true(lease_index_find_free(index, pool_address(wanted), now_s, &address));
	assert_int_equal(address.value, pool_address(expected).value);
}

static void assert_exhausted(const struct lease_index *index, uint32_t wanted, uint64_t now_s)
{
	struct ip4 address = { 7 };

	assert_false(lease_index_find_free(index, pool_address(wanted), now_s, &address));
	assert_int_equal(address.value, 7);
}

static void only_a_passed_offer_frees_an_address(void **state)
{
	static const struct {
		enum lease_state state;
		uint64_t expires_s;
		bool is_free;
	} rows[] = {
		{ LEASE_OFFERED, 101, false }, { LEASE_OFFERED, 100, true },
		{ LEASE_OFFERED, 99, true },   { LEASE_BOUND, 99, false },
		{ LEASE_RELEASED, 99, false }, { LEASE_DECLINED, 0, false },
		{ LEASE_RESERVED, 0, false },
	};

	(void)state;
	assert_true(lease_is_free(NULL, 100));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct lease lease = { .state = rows[i].state, .expires_s = rows[i].expires_s };

		assert_int_equal(lease_is_free(&lease, 100), rows[i].is_free);
	}
}

static void an_empty_index_knows_nothing_and_has_all_free(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	assert_null(lease_index_find_machine(index, machine(1)));
	for (uint32_t i = 0; i < POOL; i++) {
		assert_null(lease_index_find_address(index, pool_address(i)));
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
				       .state = LEASE_BOUND };
		struct ip4 address;

		assert_false(lease_index_put(index, &lease));
		assert_null(lease_index_find_machine(index, machine(1)));
		assert_null(lease_index_find_address(index, lease.address));
		assert_true(lease_index_find_free(index, lease.address, 0, &address));
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
	assert_exhausted(index, 0, 0);
	assert_exhausted(index, POOL, UINT64_MAX);
	lease_index_free(index);
}

static void reserved_and_declined_addresses_are_never_given(void **state)
{
	struct lease_index *index = new_index();

	(void)state;
	put(index, 0, 0, LEASE_RESERVED, 0);
	put(index, 2, 0, LEASE_DECLINED, 0);
	assert_free(index, 0, 0, 1);
	assert_free(index, 2, 0, 1);
	put(index, 1, 1, LEASE_BOUND, 1000);
	assert_free(index, POOL, 0, 3);
	for (uint32_t i = 3; i < POOL; i++)
		put(index, i, i, LEASE_BOUND, 1000);
	assert_exhausted(index, 0, UINT64_MAX);
	assert_exhausted(index, 2, UINT64_MAX);
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
	lease = lease_index_find_machine(index, machine(1));
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
	assert_null(lease_index_find_machine(index, machine(1)));
	assert_non_null(lease_index_find_machine(index, machine(2)));
	put(index, 3, 2, LEASE_DECLINED, 0);
	assert_null(lease_index_find_machine(index, machine(2)));
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
	assert_null(lease_index_find_machine(index, machine(2)));
	assert_free(index, 0, 0, 0);
	put(index, 0, 2, LEASE_BOUND, 200);
	assert_int_equal(lease_index_find_machine(index, machine(1))->address.value, FIRST + 1);
	assert_int_equal(lease_index_find_machine(index, machine(2))->address.value, FIRST);
	lease_index_free(index);
}

static void a_pool_of_one_address_works(void **state)
{
	struct lease_index *index = lease_index_new(pool_address(0), pool_address(0));

	(void)state;
	assert_non_null(index);
	assert_free(index, POOL, 0, 0);
	put(index, 0, 1, LEASE_OFFERED, 30);
	assert_exhausted(index, 0, 29);
	assert_free(index, POOL, 30, 0);
	put(index, 0, 2, LEASE_BOUND, 30);
	assert_exhausted(index, 0, UINT64_MAX);
	lease_index_free(index);
}

static void no_index_is_freed_in_peace(void **state)
{
	(void)state;
	lease_index_free(NULL);
}

/* The model: what is known of each address, and whether it has ever been in use. */
struct model {
	struct lease leases[POOL];
	bool is_known[POOL];
	uint64_t now_s;
};

static bool names_machine(enum lease_state state)
{
	return state == LEASE_OFFERED || state == LEASE_BOUND || state == LEASE_RELEASED;
}

static bool model_is_free(const struct model *model, uint32_t number)
{
	return !model->is_known[number] || lease_is_free(&model->leases[number], model->now_s);
}

/* Nobody's: as an offer to nobody that has passed. */
static void model_vacate(struct model *model, uint32_t number)
{
	model->leases[number] =
		(struct lease){ .address = pool_address(number), .state = LEASE_OFFERED };
}

static void model_put(struct model *model, const struct lease *lease)
{
	uint32_t number = lease->address.value - FIRST;

	for (uint32_t i = 0; i < POOL; i++) {
		if (i != number && model->is_known[i] && names_machine(lease->state) &&
		    names_machine(model->leases[i].state) &&
		    mac_is_same(model->leases[i].mac, lease->mac))
			model_vacate(model, i);
	}
	model->leases[number] = *lease;
	model->is_known[number] = true;
}

static const struct lease *model_find_machine(const struct model *model, struct mac mac)
{
	for (uint32_t i = 0; i < POOL; i++) {
		if (model->is_known[i] && names_machine(model->leases[i].state) &&
		    mac_is_same(model->leases[i].mac, mac))
			return &model->leases[i];
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
	assert_int_equal(one->state, other->state);
	assert_true(one->expires_s == other->expires_s);
}

static void compare_free(const struct lease_index *index, const struct model *model,
			 uint32_t wanted)
{
	struct ip4 address = { 0 };
	bool is_found = lease_index_find_free(index, pool_address(wanted), model->now_s, &address);
	uint32_t given = address.value - FIRST;
	bool has_unknown = false;
	bool has_free = false;

	for (uint32_t i = 0; i < POOL; i++) {
		has_free = has_free || model_is_free(model, i);
		has_unknown = has_unknown || !model->is_known[i];
	}
	assert_int_equal(is_found, has_free);
	if (!is_found)
		return;
	assert_true(given < POOL);
	assert_true(model_is_free(model, given));
	if (wanted < POOL && model_is_free(model, wanted))
		assert_int_equal(given, wanted);
	else if (has_unknown)
		assert_false(model->is_known[given]);
}

static void compare(const struct lease_index *index, const struct model *model)
{
	for (uint32_t i = 0; i < MACHINES; i++)
		assert_same_lease(lease_index_find_machine(index, machine(i)),
				  model_find_machine(model, machine(i)));
	for (uint32_t i = 0; i < POOL; i++)
		assert_same_lease(lease_index_find_address(index, pool_address(i)),
				  model->is_known[i] ? &model->leases[i] : NULL);
	for (uint32_t wanted = 0; wanted <= POOL; wanted++)
		compare_free(index, model, wanted);
}

static unsigned draw(unsigned *seed, unsigned count)
{
	return (unsigned)rand_r(seed) % count;
}

/* States that name no machine are rare: they would fill the pool for good. */
static enum lease_state draw_state(unsigned *seed)
{
	static const enum lease_state states[] = { LEASE_OFFERED,  LEASE_OFFERED,  LEASE_OFFERED,
						   LEASE_OFFERED,  LEASE_BOUND,    LEASE_BOUND,
						   LEASE_RELEASED, LEASE_DECLINED, LEASE_RESERVED };

	return states[draw(seed, COUNT_OF(states))];
}

/* Half of the time as the service does it, at a free address, else anywhere. */
static struct lease draw_lease(unsigned *seed, const struct lease_index *index,
			       const struct model *model)
{
	struct lease lease = { .address = pool_address(draw(seed, POOL)),
			       .state = draw_state(seed) };

	if (draw(seed, 2) == 0)
		(void)lease_index_find_free(index, pool_address(draw(seed, 2 * POOL)), model->now_s,
					    &lease.address);
	if (names_machine(lease.state))
		lease.mac = machine(1 + draw(seed, MACHINES - 1));
	if (lease.state == LEASE_OFFERED)
		lease.expires_s = model->now_s + OFFER_LIFE_S;
	else if (names_machine(lease.state))
		lease.expires_s = model->now_s + 100;
	return lease;
}

static unsigned first_seed(void)
{
	const char *text = getenv("SEED");

	return text == NULL ? (unsigned)time(NULL) : (unsigned)strtoul(text, NULL, 10);
}

static void does_what_the_model_does(void **state)
{
	unsigned seed = first_seed();
	struct lease_index *index = new_index();
	struct model model = { .now_s = 1 };

	(void)state;
	print_message("SEED=%u\n", seed);
	for (unsigned step = 0; step < STEPS; step++) {
		struct lease lease = draw_lease(&seed, index, &model);

		assert_true(lease_index_put(index, &lease));
		model_put(&model, &lease);
		compare(index, &model);
		model.now_s += draw(&seed, 8);
		/* A new pool now and then: a long run ends with all of it bound. */
		if (draw(&seed, 200) == 0) {
			lease_index_free(index);
			index = new_index();
			model = (struct model){ .now_s = model.now_s };
		}
	}
	lease_index_free(index);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_passed_offer_frees_an_address),
		cmocka_unit_test(an_empty_index_knows_nothing_and_has_all_free),
		cmocka_unit_test(what_is_not_in_the_pool_is_neither_kept_nor_given),
		cmocka_unit_test(addresses_are_given_in_order_the_first_time_round),
		cmocka_unit_test(reserved_and_declined_addresses_are_never_given),
		cmocka_unit_test(offers_that_passed_come_back_in_their_order),
		cmocka_unit_test(a_machine_has_one_address),
		cmocka_unit_test(an_address_has_one_machine),
		cmocka_unit_test(two_machines_may_change_places),
		cmocka_unit_test(a_pool_of_one_address_works),
		cmocka_unit_test(no_index_is_freed_in_peace),
		cmocka_unit_test(does_what_the_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
