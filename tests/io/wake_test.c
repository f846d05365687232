#include "io/wake.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SENDS 1000

struct fixture {
	struct loop *loop;
	struct wake *wake;
	unsigned call_count;
	pthread_t caller;
};

static void on_wake(void *context)
{
	struct fixture *fixture = context;

	fixture->call_count++;
	fixture->caller = pthread_self();
	loop_stop(fixture->loop);
}

static int open_fixture(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .loop = loop_new() };
	fixture.wake = wake_new(fixture.loop, on_wake, &fixture);
	*state = &fixture;
	return fixture.wake == NULL;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;

	wake_free(fixture->wake);
	loop_free(fixture->loop);
	return 0;
}

static void *send_once(void *context)
{
	wake_send(context);
	return NULL;
}

static void *send_often(void *context)
{
	for (unsigned i = 0; i < SENDS; i++)
		wake_send(context);
	return NULL;
}

static void a_thread_wakes_the_loop(void **state)
{
	struct fixture *fixture = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, send_once, fixture->wake), 0);
	loop_run(fixture->loop);
	assert_int_equal(fixture->call_count, 1);
	assert_true(pthread_equal(fixture->caller, pthread_self()));
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void what_was_sent_before_the_loop_ran_is_not_lost(void **state)
{
	struct fixture *fixture = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, send_often, fixture->wake), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(fixture->call_count, 0);
	loop_run(fixture->loop);
	assert_int_equal(fixture->call_count, 1);
}

static void stop_loop(void *context)
{
	loop_stop(context);
}

static void a_freed_one_is_silent_even_about_what_was_sent(void **state)
{
	struct fixture *fixture = *state;
	struct timer *timer = timer_new(fixture->loop, stop_loop, fixture->loop);

	wake_send(fixture->wake);
	wake_free(fixture->wake);
	fixture->wake = NULL;
	timer_start(timer, 20);
	loop_run(fixture->loop);
	assert_int_equal(fixture->call_count, 0);
	timer_free(timer);
}

static void freeing_none_is_allowed(void **state)
{
	(void)state;
	wake_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_thread_wakes_the_loop, open_fixture,
						close_fixture),
		cmocka_unit_test_setup_teardown(what_was_sent_before_the_loop_ran_is_not_lost,
						open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(a_freed_one_is_silent_even_about_what_was_sent,
						open_fixture, close_fixture),
		cmocka_unit_test(freeing_none_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
