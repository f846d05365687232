/* Changes of a network of the test's own. */
#include "io/netif_watch.h"

#include "network.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static struct loop *loop;
static struct netif_watch *watch;
static unsigned calls;
static unsigned awaited;
static bool looks_again;

static int enter(void **state)
{
	(void)state;
	(void)network_enter();
	return 0;
}

static void on_change(void *context)
{
	(void)context;
	calls++;
	if (looks_again)
		netif_watch_again(watch);
	looks_again = false;
	if (calls >= awaited)
		loop_stop(loop);
}

/* Runs the loop until there were so many calls. */
static void await(unsigned count)
{
	awaited = count;
	while (calls < count)
		loop_run(loop);
}

static void on_time(void *context)
{
	(void)context;
	loop_stop(loop);
}

/* For what must not come. */
static void run_for_ms(unsigned time_ms)
{
	struct timer *timer = timer_new(loop, on_time, NULL);

	assert_non_null(timer);
	awaited = UINT_MAX;
	timer_start(timer, time_ms);
	loop_run(loop);
	timer_free(timer);
}

static int open_watch(void **state)
{
	(void)state;
	calls = 0;
	loop = loop_new();
	assert_non_null(loop);
	assert_int_equal(netif_watch_open(loop, on_change, NULL, &watch), 0);
	await(1);
	return 0;
}

static int close_watch(void **state)
{
	(void)state;
	netif_watch_close(watch);
	loop_free(loop);
	return 0;
}

static void what_changed_before_is_told_of(void **state)
{
	(void)state;
	assert_int_equal(calls, 1); /* by open_watch, and nothing has changed at all */
}

static void each_kind_of_change_is_told_of(void **state)
{
	static const char *const changes[] = {
		"addr add 10.5.0.1/24 dev near",
		"addr del 10.5.0.1/24 dev near",
		"link set near down",
		"link set near up",
		"link add spare type veth peer name spare2",
		"link set spare name renamed",
		"link del renamed",
	};

	(void)state;
	NETWORK_NEEDED();
	for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		network_ip("%s", changes[i]);
		await(2 + i);
	}
}

/* However many messages there are, also more than the kernel keeps for one that does not read them:
 * it then says so, and that is a change like any other. */
static void a_burst_is_one_call(void **state)
{
	FILE *batch;

	(void)state;
	NETWORK_NEEDED();
	batch = popen("ip -batch -", "w");
	assert_non_null(batch);
	for (int i = 0; i < 2000; i++)
		assert_true(fprintf(batch, "addr add 10.6.%d.%d/32 dev far\n", i / 250,
				    i % 250 + 1) > 0);
	assert_int_equal(pclose(batch), 0);
	await(2);
	run_for_ms(NETIF_WATCH_PAUSE_MS + 2 * NETIF_WATCH_BURST_MS);
	assert_int_equal(calls, 2);
}

static void calls_are_a_pause_apart(void **state)
{
	uint64_t first_us;

	(void)state;
	NETWORK_NEEDED();
	network_ip("addr add 10.5.0.1/24 dev near");
	await(2);
	first_us = loop_clock_us();
	network_ip("addr del 10.5.0.1/24 dev near");
	await(3);
	/* The loop's own clock counts whole milliseconds. */
	assert_true(loop_clock_us() - first_us >= (NETIF_WATCH_PAUSE_MS - 2) * 1000);
}

static void what_could_not_be_looked_at_is_told_of_again(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	looks_again = true;
	network_ip("addr add 10.5.0.1/24 dev near");
	await(3);
	network_ip("addr del 10.5.0.1/24 dev near");
	await(4);
}

static void no_watch_is_closed_in_peace(void **state)
{
	(void)state;
	netif_watch_close(NULL);
}

#define WITH_WATCH(test) cmocka_unit_test_setup_teardown(test, open_watch, close_watch)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_WATCH(what_changed_before_is_told_of),
		WITH_WATCH(calls_are_a_pause_apart),
		WITH_WATCH(what_could_not_be_looked_at_is_told_of_again),
		WITH_WATCH(a_burst_is_one_call),
		/* Last, because the carrier of a link that is set up comes and is told of later. */
		WITH_WATCH(each_kind_of_change_is_told_of),
		cmocka_unit_test(no_watch_is_closed_in_peace),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
