/* The store on disk: the suite of every store; what is there after a restart; what happens where
 * the disk does not take it. */
#include "lease/lease_sqlite.h"

#include "io/loop.h"
#include "lease/store_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[100];
static char path[200];
static struct loop *loop;
static unsigned health_calls;
static int health;
static struct lease_file_report report;

static void remove_files(void)
{
	static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
	char name[300];

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, endings[i]);
		(void)unlink(name);
	}
}

static int make_folder(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/bootd-leases-XXXXXX",
		       base == NULL ? "/tmp" : base);
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/leases.db", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	remove_files();
	return rmdir(folder);
}

static void on_health(void *context, int error)
{
	(void)context;
	health_calls++;
	health = error;
	loop_stop(loop);
}

static struct lease_store *open_store(void)
{
	struct lease_sqlite_settings settings = { .file = { .path = path, .longest_lease_s = 3600 },
						  .on_health = on_health };
	struct lease_store *store = NULL;

	health_calls = 0;
	loop = loop_new();
	assert_int_equal(lease_sqlite_open(loop, &settings, &store, &report), 0);
	suite_set_pool(store, 0, SUITE_POOL - 1);
	return store;
}

struct lease_store *suite_open(void)
{
	struct lease_store *store;

	remove_files();
	store = open_store();
	assert_int_equal(lease_sqlite_start(store), 0);
	return store;
}

void suite_close(struct lease_store *store)
{
	store->operations->close(store);
	loop_free(loop);
}

static void on_poll(void *context)
{
	const unsigned *calls = context;

	(void)calls;
	loop_stop(loop);
}

void suite_await(struct lease_store *store, const unsigned *calls)
{
	struct timer *timer = timer_new(loop, on_poll, NULL);

	(void)store;
	while (*calls == 0) {
		timer_start(timer, 1);
		loop_run(loop);
	}
	timer_free(timer);
}

static uint64_t now_s(void)
{
	return loop_now_ms(loop) / 1000;
}

static void leases_are_there_after_a_restart(void **state)
{
	struct lease_store *store = suite_open();
	uint64_t end_s = now_s() + 1000;
	const struct lease *lease;

	(void)state;
	assert_false(store->forgets);
	assert_int_equal(suite_commit(store, 0, 1, LEASE_BOUND, end_s), 0);
	assert_int_equal(suite_commit(store, 1, 2, LEASE_BOUND, LEASE_FOR_EVER), 0);
	assert_int_equal(suite_commit(store, 2, 3, LEASE_OFFERED, end_s), 0);
	assert_int_equal(suite_commit(store, 3, 0, LEASE_DECLINED, end_s), 0);
	suite_close(store);

	store = open_store();
	assert_int_equal(report.lease_count, 3);
	assert_false(report.was_damaged);
	lease = suite_find(store, 1);
	assert_non_null(lease);
	assert_int_equal(lease->state, LEASE_BOUND);
	/* Never less than what was acknowledged, and little more. */
	assert_true(lease->expires_s >= end_s && lease->expires_s <= end_s + 4);
	assert_true(suite_find(store, 2)->expires_s == LEASE_FOR_EVER);
	assert_null(suite_find(store, 3));
	assert_int_equal(
		store->operations->find_address(store, (struct ip4){ SUITE_FIRST + 3 })->state,
		LEASE_DECLINED);
	suite_close(store);
}

static void what_was_not_awaited_is_kept_at_the_end(void **state)
{
	struct lease_store *store = suite_open();
	struct lease lease = { .address = { SUITE_FIRST },
			       .owner = suite_owner(1),
			       .state = LEASE_BOUND,
			       .expires_s = LEASE_FOR_EVER };
	static unsigned calls;

	(void)state;
	calls = 0;
	store->operations->commit(store, &lease, (lease_callback *)on_health, &calls);
	health_calls = 0;
	suite_close(store);
	assert_int_equal(health_calls, 1);
	assert_int_equal(health, 0);
	store = open_store();
	assert_non_null(suite_find(store, 1));
	suite_close(store);
}

static void leases_outside_the_pool_are_not_lost(void **state)
{
	struct lease_store *store = suite_open();

	(void)state;
	assert_int_equal(suite_commit(store, 3, 1, LEASE_BOUND, now_s() + 1000), 0);
	suite_set_pool(store, 0, 0);
	assert_null(suite_find(store, 1));
	suite_close(store);
	store = open_store();
	assert_int_equal(suite_find(store, 1)->address.value, SUITE_FIRST + 3);
	suite_close(store);
}

static void a_file_belongs_to_one_process(void **state)
{
	struct lease_sqlite_settings settings = { .file = { .path = path } };
	struct lease_store *store = suite_open();
	struct lease_store *second = NULL;
	struct lease_file_report ignored;

	(void)state;
	assert_int_equal(lease_sqlite_open(loop, &settings, &second, &ignored), -EBUSY);
	suite_close(store);
}

static void a_file_that_cannot_be_made_says_why(void **state)
{
	struct lease_sqlite_settings settings = { .file = { .path = "/nonexistent/leases.db" } };
	struct lease_store *store = NULL;
	struct lease_file_report ignored;

	(void)state;
	loop = loop_new();
	assert_int_equal(lease_sqlite_open(loop, &settings, &store, &ignored), -ENOENT);
	loop_free(loop);
}

/* The files cannot grow any more: as a full disk. */
static void limit_files(rlim_t size)
{
	struct rlimit limit;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_disk_that_takes_nothing_stops_new_leases_alone(void **state)
{
	struct lease_store *store = suite_open();
	uint64_t end_s = now_s() + 1000;

	(void)state;
	assert_int_equal(suite_commit(store, 0, 1, LEASE_BOUND, end_s), 0);
	limit_files(1);
	assert_true(suite_commit(store, 1, 2, LEASE_BOUND, end_s) < 0);
	assert_true(store->fails);
	assert_int_equal(health_calls, 1);
	assert_true(health < 0);
	/* It is as it was before. */
	assert_null(suite_find(store, 2));
	assert_int_equal(suite_find_free(store, 1, now_s()), 1);
	/* A renewal is not kept, and the lease runs as long as it did. */
	assert_true(suite_commit(store, 0, 1, LEASE_BOUND, end_s + 1000) < 0);
	assert_true(suite_find(store, 1)->expires_s == end_s);
	/* What is given back is known, at least. */
	assert_int_equal(suite_commit(store, 0, 1, LEASE_RELEASED, now_s()), 0);
	assert_int_equal(suite_find(store, 1)->state, LEASE_RELEASED);
	limit_files(RLIM_INFINITY);
	while (store->fails)
		loop_run(loop);
	assert_int_equal(health_calls, 2);
	assert_int_equal(health, 0);
	assert_int_equal(suite_commit(store, 1, 2, LEASE_BOUND, end_s), 0);
	suite_close(store);
	store = open_store();
	assert_non_null(suite_find(store, 2));
	suite_close(store);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		SUITE_TESTS,
		cmocka_unit_test(leases_are_there_after_a_restart),
		cmocka_unit_test(what_was_not_awaited_is_kept_at_the_end),
		cmocka_unit_test(leases_outside_the_pool_are_not_lost),
		cmocka_unit_test(a_file_belongs_to_one_process),
		cmocka_unit_test(a_file_that_cannot_be_made_says_why),
		cmocka_unit_test(a_disk_that_takes_nothing_stops_new_leases_alone),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
