#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void finds_what_was_put(void **state)
{
	struct table *table = table_new(4);
	uint32_t value = 9;

	(void)state;
	assert_non_null(table);
	assert_false(table_find(table, 1, &value));
	assert_int_equal(value, 9);
	assert_true(table_put(table, 0, 10));
	assert_true(table_put(table, UINT64_MAX, 20));
	assert_true(table_find(table, 0, &value));
	assert_int_equal(value, 10);
	assert_true(table_find(table, UINT64_MAX, &value));
	assert_int_equal(value, 20);
	table_free(table);
}

static void a_full_table_still_replaces(void **state)
{
	struct table *table = table_new(2);
	uint32_t value = 0;

	(void)state;
	assert_true(table_put(table, 1, 1));
	assert_true(table_put(table, 2, 2));
	assert_false(table_put(table, 3, 3));
	assert_false(table_find(table, 3, &value));
	assert_true(table_put(table, 2, 22));
	assert_true(table_find(table, 2, &value));
	assert_int_equal(value, 22);
	table_remove(table, 1);
	assert_true(table_put(table, 3, 3));
	assert_false(table_put(table, 4, 4));
	table_free(table);
}

static void removing_what_is_not_there_changes_nothing(void **state)
{
	struct table *table = table_new(1);
	uint32_t value = 0;

	(void)state;
	table_remove(table, 5);
	assert_true(table_put(table, 1, 1));
	table_remove(table, 5);
	assert_true(table_find(table, 1, &value));
	table_free(table);
}

static void a_table_of_nothing_is_full(void **state)
{
	struct table *table = table_new(0);
	uint32_t value = 0;

	(void)state;
	assert_non_null(table);
	assert_false(table_put(table, 1, 1));
	assert_false(table_find(table, 1, &value));
	table_free(table);
}

static void too_large_a_table_is_refused(void **state)
{
	(void)state;
	assert_null(table_new(UINT32_MAX));
	table_free(NULL);
}

/* Fills, empties and refills a table in step with a plain array; chains of several keys are
 * certain to occur. The steps are a fixed sequence, the table's seed is not. */
static void agrees_with_an_array(void **state)
{
	enum { KEYS = 512, CAPACITY = 300, STEPS = 40000 };
	static uint32_t model[KEYS]; /* 0: not there */
	struct table *table = table_new(CAPACITY);
	uint32_t random = 1;
	uint32_t count = 0;

	(void)state;
	for (uint32_t step = 1; step <= STEPS; step++) {
		uint32_t key;

		random = random * 1664525 + 1013904223;
		key = random >> 16 & (KEYS - 1);
		if (random >> 31 != 0) {
			bool has_room = model[key] != 0 || count < CAPACITY;

			assert_int_equal(table_put(table, (uint64_t)key << 32, step), has_room);
			count += has_room && model[key] == 0;
			model[key] = has_room ? step : 0;
		} else {
			table_remove(table, (uint64_t)key << 32);
			count -= model[key] != 0;
			model[key] = 0;
		}
		key = step & (KEYS - 1);
		uint32_t value = 0;
		assert_int_equal(table_find(table, (uint64_t)key << 32, &value), model[key] != 0);
		assert_int_equal(value, model[key]);
	}
	for (uint32_t key = 0; key < KEYS; key++) {
		uint32_t value = 0;

		assert_int_equal(table_find(table, (uint64_t)key << 32, &value), model[key] != 0);
		assert_int_equal(value, model[key]);
	}
	assert_true(count > 0);
	table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_put),
		cmocka_unit_test(a_full_table_still_replaces),
		cmocka_unit_test(removing_what_is_not_there_changes_nothing),
		cmocka_unit_test(a_table_of_nothing_is_full),
		cmocka_unit_test(too_large_a_table_is_refused),
		cmocka_unit_test(agrees_with_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
