/* The queue without a disk: what is taken, and what becomes of it. */
#include "lease/lease_queue.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#define FIRST    0x0a000001
#define OTHER    0x0a010001
#define POOL     20000
#define NOT_YET  1
#define MACHINES 8

static struct lease_index *index_of_test;
static struct lease_queue *queue;
static int outcomes[MACHINES]; /* of each machine's last commit */
static unsigned calls;

static int set_up(void **state)
{
	static const struct address_range ranges[] = { { { FIRST }, { FIRST + POOL - 1 } },
						       { { OTHER }, { OTHER + POOL - 1 } } };
	static const struct lease_pool pools[] = { { &ranges[0], 1 }, { &ranges[1], 1 } };

	(void)state;
	index_of_test = lease_index_new(pools, 2, true);
	queue = lease_queue_new(index_of_test);
	calls = 0;
	return queue == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	lease_queue_free(queue);
	lease_index_free(index_of_test);
	return 0;
}

static struct lease_identity owner_of(uint32_t machine)
{
	return lease_identity_of(LEASE_BY_MAC, &machine, sizeof(machine));
}

static void on_kept(void *context, int error)
{
	int *outcome = context;

	*outcome = error;
	calls++;
}

static void commit(uint32_t number, uint32_t machine, enum lease_state state, uint64_t expires_s)
{
	static int nobody;
	struct lease lease = { .address = { FIRST + number },
			       .owner = owner_of(machine),
			       .state = state,
			       .expires_s = expires_s };
	int *outcome = machine < MACHINES ? &outcomes[machine] : &nobody;

	*outcome = NOT_YET;
	lease_queue_commit(queue, &lease, on_kept, outcome);
}

static const struct lease *find(uint32_t machine)
{
	struct lease_identity owner = owner_of(machine);

	return lease_index_find_machine(index_of_test, 0, &owner);
}

static size_t take(const struct lease_record **out_records)
{
	size_t count = 0;

	*out_records = lease_queue_take(queue, &count);
	return count;
}

static void finish(int error)
{
	lease_queue_finish(queue, error);
	lease_queue_tell(queue);
}

/* So that the disk goes on while they are told. */
static void the_next_batch_is_taken_before_the_last_one_is_told(void **state)
{
	const struct lease_record *records;

	(void)state;
	commit(0, 1, LEASE_BOUND, 100);
	assert_int_equal(take(&records), 1);
	commit(1, 2, LEASE_BOUND, 100);
	lease_queue_finish(queue, 0);
	assert_int_equal(outcomes[1], NOT_YET);
	assert_int_equal(take(&records), 1);
	assert_int_equal(records[0].lease.address.value, FIRST + 1);
	lease_queue_tell(queue);
	assert_int_equal(outcomes[1], 0);
	assert_int_equal(outcomes[2], NOT_YET);
	finish(-EIO);
	assert_int_equal(outcomes[2], -EIO);
	assert_non_null(find(1));
	assert_null(find(2));
	/* Nobody is told twice. */
	outcomes[1] = NOT_YET;
	lease_queue_tell(queue);
	assert_int_equal(outcomes[1], NOT_YET);
}

static void what_is_committed_is_known_at_once_and_kept_later(void **state)
{
	const struct lease_record *records;

	(void)state;
	commit(0, 1, LEASE_BOUND, 100);
	assert_int_equal(outcomes[1], NOT_YET);
	assert_non_null(find(1));
	assert_int_equal(take(&records), 1);
	assert_int_equal(records[0].lease.address.value, FIRST);
	/* One batch at a time. */
	commit(1, 2, LEASE_BOUND, 100);
	assert_int_equal(take(&records), 0);
	finish(0);
	assert_int_equal(outcomes[1], 0);
	assert_int_equal(outcomes[2], NOT_YET);
	assert_int_equal(take(&records), 1);
	finish(0);
	assert_int_equal(outcomes[2], 0);
	assert_int_equal(take(&records), 0);
}

static void an_offer_is_never_written(void **state)
{
	const struct lease_record *records;

	(void)state;
	commit(0, 1, LEASE_OFFERED, 100);
	assert_int_equal(outcomes[1], 0);
	assert_int_equal(take(&records), 0);
}

/* Of a machine that asks again only the last is answered. */
static void a_repeated_request_takes_the_place_of_the_first(void **state)
{
	const struct lease_record *records;

	(void)state;
	commit(0, 1, LEASE_BOUND, 100);
	commit(0, 1, LEASE_BOUND, 105);
	assert_int_equal(calls, 1);
	assert_int_equal(take(&records), 1);
	assert_int_equal(records[0].lease.expires_s, 105);
	/* While that is written, one more may wait. */
	commit(0, 1, LEASE_BOUND, 110);
	commit(0, 1, LEASE_BOUND, 115);
	finish(0);
	assert_int_equal(take(&records), 1);
	assert_int_equal(records[0].lease.expires_s, 115);
	finish(0);
	assert_int_equal(calls, 4);
}

static void a_failure_takes_back_what_was_new(void **state)
{
	const struct lease_record *records;

	(void)state;
	commit(0, 1, LEASE_BOUND, 100);
	(void)take(&records);
	finish(-ENOSPC);
	assert_int_equal(outcomes[1], -ENOSPC);
	assert_null(find(1));
	assert_true(lease_index_is_free(index_of_test, (struct ip4){ FIRST }, 0));
}

static void a_failure_takes_back_a_renewal_to_what_is_kept(void **state)
{
	const struct lease_record *records;

	(void)state;
	commit(0, 1, LEASE_BOUND, 100);
	(void)take(&records);
	finish(0);
	/* Two of them: the second goes back to what there was before the first. */
	commit(0, 1, LEASE_BOUND, 200);
	(void)take(&records);
	commit(0, 1, LEASE_BOUND, 300);
	finish(-EIO);
	assert_int_equal(find(1)->expires_s, 300);
	(void)take(&records);
	finish(-EIO);
	assert_int_equal(find(1)->expires_s, 100);
	/* And after one that was kept, to that. */
	commit(0, 1, LEASE_BOUND, 400);
	(void)take(&records);
	commit(0, 1, LEASE_BOUND, 500);
	finish(0);
	(void)take(&records);
	finish(-EIO);
	assert_int_equal(find(1)->expires_s, 400);
}

static void a_failure_takes_an_expired_lease_from_nobody(void **state)
{
	const struct lease_record *records;

	(void)state;
	commit(0, 1, LEASE_BOUND, 100);
	(void)take(&records);
	finish(0);
	commit(0, 2, LEASE_BOUND, 900);
	assert_null(find(1));
	(void)take(&records);
	finish(-EIO);
	assert_null(find(2));
	assert_int_equal(find(1)->expires_s, 100);
}

/* The first machine's lease on the address has expired, and it is being given another one. */
static void a_failure_takes_nothing_from_who_had_the_address_before(void **state)
{
	const struct lease_record *records;

	(void)state;
	commit(0, 1, LEASE_BOUND, 50);
	(void)take(&records);
	finish(0);
	commit(0, 2, LEASE_BOUND, 200);
	(void)take(&records);
	commit(1, 1, LEASE_BOUND, 300);
	finish(-EIO);
	assert_int_equal(outcomes[2], -EIO);
	assert_null(find(2));
	assert_int_equal(find(1)->address.value, FIRST + 1);
	(void)take(&records);
	finish(0);
	assert_int_equal(outcomes[1], 0);
	assert_int_equal(find(1)->address.value, FIRST + 1);
	assert_false(lease_index_is_free(index_of_test, (struct ip4){ FIRST + 1 }, 100));
}

static void what_is_given_back_stays_so_even_if_it_is_not_kept(void **state)
{
	const struct lease_record *records;

	(void)state;
	commit(0, 1, LEASE_BOUND, 100);
	(void)take(&records);
	finish(0);
	commit(0, 1, LEASE_RELEASED, 50);
	(void)take(&records);
	finish(-EIO);
	assert_int_equal(find(1)->state, LEASE_RELEASED);
}

static void nobody_gets_an_address_whose_lease_is_on_its_way(void **state)
{
	const struct lease_record *records;

	(void)state;
	commit(0, 1, LEASE_BOUND, 100);
	assert_false(lease_index_is_free(index_of_test, (struct ip4){ FIRST }, 1000));
	(void)take(&records);
	assert_false(lease_index_is_free(index_of_test, (struct ip4){ FIRST }, 1000));
	finish(0);
	assert_true(lease_index_is_free(index_of_test, (struct ip4){ FIRST }, 1000));
}

static void a_machine_that_moves_gives_back_in_the_same_batch(void **state)
{
	const struct lease_record *records;

	(void)state;
	commit(0, 1, LEASE_BOUND, 100);
	(void)take(&records);
	finish(0);
	commit(5, 1, LEASE_BOUND, 200);
	assert_int_equal(take(&records), 2);
	assert_true(records[0].is_gone);
	assert_int_equal(records[0].lease.address.value, FIRST);
	assert_int_equal(records[1].lease.address.value, FIRST + 5);
	/* All of it is taken back. */
	finish(-EIO);
	assert_int_equal(find(1)->address.value, FIRST);
	assert_null(lease_index_find_address(index_of_test, (struct ip4){ FIRST + 5 }));
}

static void a_machine_in_another_pool_gives_nothing_back(void **state)
{
	const struct lease_record *records;

	(void)state;
	commit(0, 1, LEASE_BOUND, 100);
	commit(OTHER - FIRST, 1, LEASE_BOUND, 200);
	assert_int_equal(take(&records), 2);
	assert_false(records[0].is_gone);
	assert_false(records[1].is_gone);
	finish(0);
	assert_int_equal(find(1)->address.value, FIRST);
	assert_int_equal(lease_index_find_address(index_of_test, (struct ip4){ OTHER })->expires_s,
			 200);
}

static void a_full_queue_is_an_ordinary_answer(void **state)
{
	const struct lease_record *records;

	(void)state;
	for (uint32_t i = 0; i < LEASE_QUEUE_MAX; i++)
		commit(i, MACHINES + i, LEASE_BOUND, 100);
	commit(POOL - 1, 1, LEASE_BOUND, 100);
	assert_int_equal(outcomes[1], -EBUSY);
	assert_null(find(1));
	assert_int_equal(take(&records), LEASE_QUEUE_MAX - 1);
	commit(POOL - 1, 1, LEASE_BOUND, 100);
	assert_int_equal(outcomes[1], NOT_YET);
	finish(0);
}

int main(void)
{
#define WITH_QUEUE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		WITH_QUEUE(what_is_committed_is_known_at_once_and_kept_later),
		WITH_QUEUE(the_next_batch_is_taken_before_the_last_one_is_told),
		WITH_QUEUE(an_offer_is_never_written),
		WITH_QUEUE(a_repeated_request_takes_the_place_of_the_first),
		WITH_QUEUE(a_failure_takes_back_what_was_new),
		WITH_QUEUE(a_failure_takes_back_a_renewal_to_what_is_kept),
		WITH_QUEUE(a_failure_takes_an_expired_lease_from_nobody),
		WITH_QUEUE(a_failure_takes_nothing_from_who_had_the_address_before),
		WITH_QUEUE(what_is_given_back_stays_so_even_if_it_is_not_kept),
		WITH_QUEUE(nobody_gets_an_address_whose_lease_is_on_its_way),
		WITH_QUEUE(a_machine_that_moves_gives_back_in_the_same_batch),
		WITH_QUEUE(a_machine_in_another_pool_gives_nothing_back),
		WITH_QUEUE(a_full_queue_is_an_ordinary_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
