#include "boot/attempt.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CAPACITY 4
#define START_S  1000

static const struct shape_order order = { .list = { SHAPE_DIRECT, SHAPE_BOOT_SERVER, SHAPE_MENU },
					  .count = 3 };

static int set_up(void **state)
{
	*state = attempt_table_new(CAPACITY);
	return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	attempt_table_free(*state);
	return 0;
}

static struct client machine(uint8_t number)
{
	return (struct client){ .mac = { { 2, 0, 0, 0, 0, number } }, .is_pxe = true };
}

/* The steps of one machine's boots. */
enum action { DISCOVER, GO_ON };

struct step {
	enum action action;
	uint64_t at_s;
	uint32_t xid;
	enum boot_shape shape; /* that is offered, or that is said to have worked */
	bool is_news; /* the attempt before has failed; or: it is told that the shape works */
};

static const struct story {
	const char *what;
	struct step steps[12];
	size_t count;
} stories[] = {
	/* clang-format off */
	{ "one series is one attempt, whatever its xid", {
		{ DISCOVER, 0, 1, SHAPE_DIRECT, false },
		{ DISCOVER, 4, 1, SHAPE_DIRECT, false },
		{ DISCOVER, 12, 2, SHAPE_DIRECT, false },
		{ DISCOVER, 28, 3, SHAPE_DIRECT, false },
		{ DISCOVER, 59, 4, SHAPE_DIRECT, false } }, 5 },
	{ "after 60 s without a word the next shape is tried, and then the first again", {
		{ DISCOVER, 0, 1, SHAPE_DIRECT, false },
		{ DISCOVER, 60, 2, SHAPE_BOOT_SERVER, true },
		{ DISCOVER, 100, 3, SHAPE_BOOT_SERVER, false },
		{ DISCOVER, 120, 4, SHAPE_MENU, true },
		{ DISCOVER, 5000, 5, SHAPE_DIRECT, true } }, 5 },
	{ "a series that goes on past 60 s with its xid is the same attempt", {
		{ DISCOVER, 0, 1, SHAPE_DIRECT, false },
		{ DISCOVER, 59, 1, SHAPE_DIRECT, false },
		{ DISCOVER, 61, 1, SHAPE_DIRECT, false },
		{ DISCOVER, 119, 1, SHAPE_DIRECT, false },
		{ DISCOVER, 121, 1, SHAPE_BOOT_SERVER, true } }, 5 },
	{ "a machine that goes on keeps its shape", {
		{ DISCOVER, 0, 1, SHAPE_DIRECT, false },
		{ GO_ON, 5, 0, SHAPE_DIRECT, true },
		{ DISCOVER, 20, 2, SHAPE_DIRECT, false },
		{ GO_ON, 25, 0, SHAPE_DIRECT, false },
		{ DISCOVER, 4000, 3, SHAPE_DIRECT, false } }, 5 },
	{ "what worked at last is remembered", {
		{ DISCOVER, 0, 1, SHAPE_DIRECT, false },
		{ DISCOVER, 100, 2, SHAPE_BOOT_SERVER, true },
		{ GO_ON, 101, 0, SHAPE_BOOT_SERVER, true },
		{ DISCOVER, 9000, 3, SHAPE_BOOT_SERVER, false },
		{ GO_ON, 9001, 0, SHAPE_BOOT_SERVER, false } }, 5 },
	{ "one attempt that fails does not undo what worked; two do", {
		{ DISCOVER, 0, 1, SHAPE_DIRECT, false },
		{ GO_ON, 5, 0, SHAPE_DIRECT, true },
		{ DISCOVER, 1000, 2, SHAPE_DIRECT, false },
		{ DISCOVER, 2000, 3, SHAPE_DIRECT, true },
		{ DISCOVER, 3000, 4, SHAPE_BOOT_SERVER, true },
		{ DISCOVER, 4000, 5, SHAPE_MENU, true } }, 6 },
	{ "a success in between counts anew", {
		{ DISCOVER, 0, 1, SHAPE_DIRECT, false },
		{ GO_ON, 5, 0, SHAPE_DIRECT, true },
		{ DISCOVER, 1000, 2, SHAPE_DIRECT, false },
		{ DISCOVER, 2000, 3, SHAPE_DIRECT, true },
		{ GO_ON, 2001, 0, SHAPE_DIRECT, false },
		{ DISCOVER, 3000, 4, SHAPE_DIRECT, false },
		{ DISCOVER, 4000, 5, SHAPE_DIRECT, true } }, 7 },
	{ "a sign from before the attempt, or long after it, is none of it", {
		{ DISCOVER, 500, 1, SHAPE_DIRECT, false },
		{ GO_ON, 499, 0, SHAPE_DIRECT, false },
		{ GO_ON, 700, 0, SHAPE_DIRECT, false },
		{ DISCOVER, 800, 2, SHAPE_BOOT_SERVER, true } }, 4 },
	{ "a sign without any attempt", {
		{ GO_ON, 0, 0, SHAPE_DIRECT, false } }, 1 },
	/* clang-format on */
};

static void take(struct attempt_table *attempts, const struct client *client,
		 const struct step *step)
{
	struct attempt_news news;
	enum boot_shape shape = SHAPE_COUNT;

	if (step->action == GO_ON) {
		assert_int_equal(attempt_go_on(attempts, client, START_S + step->at_s, &shape),
				 step->is_news);
		assert_int_equal(shape, step->is_news ? step->shape : SHAPE_COUNT);
		return;
	}
	assert_int_equal(
		attempt_discover(attempts, client, step->xid, &order, START_S + step->at_s, &news),
		step->shape);
	assert_int_equal(news.has_failed, step->is_news);
	assert_int_equal(attempt_shape(attempts, client, &order), step->shape);
}

static void remembers_what_works(void **state)
{
	for (size_t i = 0; i < COUNT_OF(stories); i++) {
		struct client client = machine((uint8_t)i);

		print_message("%s\n", stories[i].what);
		for (size_t at = 0; at < stories[i].count; at++)
			take(*state, &client, &stories[i].steps[at]);
	}
}

/* Which shape it was that failed. */
static void tells_what_failed(void **state)
{
	struct client client = machine(1);
	struct attempt_news news;

	(void)attempt_discover(*state, &client, 1, &order, START_S, &news);
	(void)attempt_discover(*state, &client, 2, &order, START_S + 60, &news);
	assert_true(news.has_failed);
	assert_int_equal(news.failed, SHAPE_DIRECT);
}

static void firmware_and_ipxe_of_a_machine_are_two(void **state)
{
	struct client firmware = machine(1);
	struct client ipxe = machine(1);
	struct attempt_news news;

	ipxe.is_ipxe = true;
	(void)attempt_discover(*state, &firmware, 1, &order, START_S, &news);
	assert_int_equal(attempt_discover(*state, &firmware, 2, &order, START_S + 60, &news),
			 SHAPE_BOOT_SERVER);
	assert_int_equal(attempt_discover(*state, &ipxe, 3, &order, START_S + 61, &news),
			 SHAPE_DIRECT);
	assert_int_equal(attempt_shape(*state, &firmware, &order), SHAPE_BOOT_SERVER);
}

/* As when the configuration gets a menu, or a proxy was a server before. */
static void a_shape_that_is_not_in_the_order_any_more(void **state)
{
	static const struct shape_order other = { .list = { SHAPE_PLAIN }, .count = 1 };
	struct client client = machine(1);
	struct attempt_news news;

	(void)attempt_discover(*state, &client, 1, &order, START_S, &news);
	assert_int_equal(attempt_shape(*state, &client, &other), SHAPE_PLAIN);
	assert_int_equal(attempt_discover(*state, &client, 1, &other, START_S + 1, &news),
			 SHAPE_PLAIN);
	/* With one shape alone, that one is tried again. */
	assert_int_equal(attempt_discover(*state, &client, 2, &other, START_S + 100, &news),
			 SHAPE_PLAIN);
	assert_true(news.has_failed);
}

static void the_oldest_makes_room(void **state)
{
	struct attempt_news news;

	for (uint8_t number = 0; number < CAPACITY; number++) {
		struct client client = machine(number);

		(void)attempt_discover(*state, &client, 1, &order, START_S, &news);
		(void)attempt_discover(*state, &client, 2, &order, START_S + 60, &news);
	}
	/* The first is heard of once more: the second is now the oldest. */
	(void)attempt_discover(*state, &(struct client){ .mac = machine(0).mac }, 3, &order,
			       START_S + 120, &news);
	(void)attempt_discover(*state, &(struct client){ .mac = machine(9).mac }, 1, &order,
			       START_S + 121, &news);
	for (uint8_t number = 0; number < CAPACITY; number++) {
		static const enum boot_shape expected[] = { SHAPE_MENU, SHAPE_DIRECT,
							    SHAPE_BOOT_SERVER, SHAPE_BOOT_SERVER };
		struct client client = machine(number);

		assert_int_equal(attempt_shape(*state, &client, &order), expected[number]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(remembers_what_works, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_what_failed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(firmware_and_ipxe_of_a_machine_are_two, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_shape_that_is_not_in_the_order_any_more, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_oldest_makes_room, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
