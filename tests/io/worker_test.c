#include "io/worker.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <unistd.h>

#define STUCK_S 60
#define MANY    300

struct job {
	struct loop *loop;
	unsigned *left;   /* jobs that are not done; the last one ends the loop */
	int *gate;        /* a pipe to read from before the work is done; NULL: none */
	pthread_t thread; /* that ran it */
	bool was_run;
	bool is_done;
};

static void run(void *context)
{
	struct job *job = context;
	char byte;

	if (job->gate != NULL && read(job->gate[0], &byte, 1) != 1)
		return;
	job->thread = pthread_self();
	job->was_run = true;
}

static void on_done(void *context)
{
	struct job *job = context;

	assert_true(job->was_run);
	job->is_done = true;
	if (--*job->left == 0)
		loop_stop(job->loop);
}

static int new_loop(void **state)
{
	(void)alarm(STUCK_S);
	*state = loop_new();
	return *state == NULL ? -1 : 0;
}

static void work_is_done_elsewhere_and_reported_here(void **state)
{
	unsigned left = 1;
	struct job job = { .loop = *state, .left = &left };

	assert_int_equal(work_submit(*state, run, on_done, &job), 0);
	/* Not before the loop runs, however fast the work is. */
	assert_false(job.is_done);
	loop_run(*state);
	assert_true(job.is_done);
	assert_false(pthread_equal(job.thread, pthread_self()));
	loop_free(*state);
}

static void much_work_is_all_done(void **state)
{
	static struct job jobs[MANY];
	unsigned left = MANY;

	for (size_t i = 0; i < MANY; i++) {
		jobs[i] = (struct job){ .loop = *state, .left = &left };
		assert_int_equal(work_submit(*state, run, on_done, &jobs[i]), 0);
	}
	loop_run(*state);
	assert_int_equal(left, 0);
	for (size_t i = 0; i < MANY; i++)
		assert_true(jobs[i].is_done);
	loop_free(*state);
}

/* The work goes on only once the loop's other callback lets it: the loop did not wait for it. */
static void open_gate(void *context)
{
	const struct job *job = context;

	assert_false(job->is_done);
	assert_int_equal(write(job->gate[1], "x", 1), 1);
}

static void the_loop_does_not_wait_for_work(void **state)
{
	unsigned left = 1;
	int gate[2];
	struct job job = { .loop = *state, .left = &left, .gate = gate };
	struct timer *timer = timer_new(*state, open_gate, &job);

	assert_int_equal(pipe(gate), 0);
	assert_int_equal(work_submit(*state, run, on_done, &job), 0);
	timer_start(timer, 1);
	loop_run(*state);
	assert_true(job.is_done);
	timer_free(timer);
	loop_free(*state);
	(void)close(gate[0]);
	(void)close(gate[1]);
}

static void freeing_the_loop_waits_for_what_is_under_way(void **state)
{
	static struct job jobs[MANY];
	unsigned left = MANY;

	for (size_t i = 0; i < MANY; i++) {
		jobs[i] = (struct job){ .loop = *state, .left = &left };
		assert_int_equal(work_submit(*state, run, on_done, &jobs[i]), 0);
	}
	loop_free(*state);
	assert_int_equal(left, 0);
}

/* The same where the loop was told to stop and has not run since. */
static void a_stop_does_not_hurry_the_end(void **state)
{
	unsigned left = 2; /* one more than there is: on_done is not what stops it */
	struct job job = { .loop = *state, .left = &left };

	assert_int_equal(work_submit(*state, run, on_done, &job), 0);
	loop_stop(*state);
	loop_free(*state);
	assert_true(job.is_done);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(work_is_done_elsewhere_and_reported_here, new_loop),
		cmocka_unit_test_setup(much_work_is_all_done, new_loop),
		cmocka_unit_test_setup(the_loop_does_not_wait_for_work, new_loop),
		cmocka_unit_test_setup(freeing_the_loop_waits_for_what_is_under_way, new_loop),
		cmocka_unit_test_setup(a_stop_does_not_hurry_the_end, new_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
