#include "io/deadlines.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#define STUCK_S 60
#define MANY    1000

struct fixture {
	struct loop *loop;
	struct deadlines *deadlines;
	uint64_t start_ms;
	char text[MANY + 1]; /* the letters of those that passed, in their order */
	size_t passed_count;
};

/* A deadline that notes its letter and does what it is told. */
struct note {
	struct deadline deadline;
	struct fixture *fixture;
	char letter;
	uint64_t least_ms; /* it may not pass earlier */
	struct note *to_clear;
	struct note *to_set;
	uint64_t set_ms;
	bool ends;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	/* Whoever waits for ever ends here. */
	(void)alarm(STUCK_S);
	*state = fixture;
	fixture->loop = loop_new();
	fixture->deadlines = deadlines_new(fixture->loop);
	fixture->start_ms = loop_now_ms(fixture->loop);
	return fixture->deadlines == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	deadlines_free(fixture->deadlines);
	loop_free(fixture->loop);
	free(fixture);
	return 0;
}

static void set(struct note *note, uint64_t delay_ms)
{
	note->least_ms = loop_now_ms(note->fixture->loop) + delay_ms;
	deadline_set(note->fixture->deadlines, &note->deadline, delay_ms);
}

static void on_pass(void *context)
{
	struct note *note = context;
	struct fixture *fixture = note->fixture;

	assert_true(loop_now_ms(fixture->loop) >= note->least_ms);
	fixture->text[fixture->passed_count++] = note->letter;
	if (note->to_clear != NULL)
		deadline_clear(&note->to_clear->deadline);
	if (note->to_set != NULL)
		set(note->to_set, note->set_ms);
	note->to_set = NULL;
	if (note->ends)
		loop_stop(fixture->loop);
}

static void prepare(struct note *note, struct fixture *fixture, char letter)
{
	*note = (struct note){ .deadline = { .on_pass = on_pass, .context = note },
			       .fixture = fixture,
			       .letter = letter };
}

static void run(struct fixture *fixture, const char *expected)
{
	loop_run(fixture->loop);
	assert_string_equal(fixture->text, expected);
}

static void they_pass_in_order_and_not_early(void **state)
{
	/* The last two are further away than the wheel is long. */
	static const uint64_t delays_ms[] = { 30, 0, 20, 10, 400, 600 };
	struct note notes[COUNT_OF(delays_ms)];

	for (size_t i = 0; i < COUNT_OF(delays_ms); i++) {
		prepare(&notes[i], *state, (char)('a' + i));
		set(&notes[i], delays_ms[i]);
	}
	notes[5].ends = true;
	run(*state, "bdcaef");
}

static void they_are_moved_on_and_back(void **state)
{
	static const struct {
		uint64_t first_ms;
		uint64_t then_ms;
	} rows[] = { { 5, 40 }, { 300, 10 }, { 20, 20 }, { 1, 300 }, { 30, 310 } };
	struct note notes[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		prepare(&notes[i], *state, (char)('a' + i));
		set(&notes[i], rows[i].first_ms);
		set(&notes[i], rows[i].then_ms);
	}
	notes[4].ends = true;
	run(*state, "bcade");
}

static void one_that_is_cleared_does_not_pass(void **state)
{
	struct note cleared;
	struct note moved;
	struct note last;

	prepare(&cleared, *state, 'c');
	prepare(&moved, *state, 'm');
	prepare(&last, *state, 'l');
	deadline_clear(&cleared.deadline); /* not set yet */
	set(&cleared, 5);
	set(&moved, 5);
	deadline_clear(&cleared.deadline);
	deadline_clear(&cleared.deadline);
	deadline_clear(&moved.deadline);
	set(&moved, 15);
	set(&last, 30);
	last.ends = true;
	run(*state, "ml");
}

/* Both are due at the same time, and whichever comes first clears the other. */
static void a_call_may_clear_what_is_due_with_it(void **state)
{
	struct fixture *fixture = *state;
	struct note pair[2];
	struct note last;

	for (size_t i = 0; i < 2; i++) {
		prepare(&pair[i], *state, 'p');
		pair[i].to_clear = &pair[1 - i];
		set(&pair[i], 10);
	}
	prepare(&last, *state, 'l');
	last.ends = true;
	set(&last, 30);
	run(fixture, "pl");
}

static void a_call_may_set_itself_and_others(void **state)
{
	struct note again;
	struct note other;
	struct note last;

	prepare(&again, *state, 'a');
	prepare(&other, *state, 'o');
	prepare(&last, *state, 'l');
	again.to_set = &again;
	again.set_ms = 10;
	other.to_set = &last;
	other.set_ms = 1;
	last.ends = true;
	set(&again, 5);
	set(&other, 40);
	set(&last, 10000);
	run(*state, "aaol");
}

/* As transfers do it: each is moved on again and again until its last time. */
static void many_are_moved_on_before_they_pass(void **state)
{
	struct fixture *fixture = *state;
	static struct note notes[MANY];
	struct note mover;

	for (size_t i = 0; i < MANY; i++) {
		prepare(&notes[i], *state, 'n');
		set(&notes[i], 1 + i % 40);
	}
	for (size_t i = 0; i < MANY; i++)
		set(&notes[i], 60 + i % 300);
	prepare(&mover, *state, 'm');
	set(&mover, 50);
	mover.to_clear = &notes[7];
	mover.to_set = &notes[MANY - 1];
	mover.set_ms = 500;
	notes[MANY - 1].ends = true;
	loop_run(fixture->loop);
	assert_int_equal(fixture->text[0], 'm');
	assert_int_equal(fixture->passed_count, MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(they_pass_in_order_and_not_early, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(they_are_moved_on_and_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_is_cleared_does_not_pass, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_call_may_clear_what_is_due_with_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_call_may_set_itself_and_others, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(many_are_moved_on_before_they_pass, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
