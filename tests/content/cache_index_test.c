/* The index by random operations, against a model that only has arrays and loops. */
#include "content/cache_index.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#define CAPACITY 12
#define KEYS     17
#define STEPS    50000

/* The keys in the order of eviction, and those that are in the index at all. */
struct model {
	bool is_there[KEYS];
	uint64_t order[KEYS];
	size_t order_count;
	size_t count;
};

static void model_take_out(struct model *model, uint64_t key)
{
	size_t kept = 0;

	for (size_t i = 0; i < model->order_count; i++) {
		if (model->order[i] != key)
			model->order[kept++] = model->order[i];
	}
	model->order_count = kept;
}

static void model_put_last(struct model *model, uint64_t key)
{
	model_take_out(model, key);
	model->order[model->order_count++] = key;
}

static void step_absent(struct cache_index *index, struct model *model, uint64_t key)
{
	struct cache_entry *entry;

	assert_null(cache_index_find(index, key));
	assert_int_equal(cache_index_is_full(index), model->count == CAPACITY);
	entry = cache_index_add(index, key);
	if (model->count == CAPACITY) {
		assert_null(entry);
		return;
	}
	assert_non_null(entry);
	assert_true(entry->key == key && entry->size_bytes == 0 && entry->object == NULL);
	entry->size_bytes = key + 100;
	model->is_there[key] = true;
	model->count++;
}

static void step_present(struct cache_index *index, struct model *model, uint64_t key)
{
	struct cache_entry *entry = cache_index_find(index, key);

	assert_non_null(entry);
	assert_true(entry->key == key && entry->size_bytes == key + 100);
	switch (rand() % 4) {
	case 0:
		cache_index_remove(index, entry);
		model_take_out(model, key);
		model->is_there[key] = false;
		model->count--;
		break;
	case 1:
		cache_index_take_out(index, entry);
		model_take_out(model, key);
		break;
	default:
		cache_index_put_last(index, entry);
		model_put_last(model, key);
		break;
	}
}

static void assert_first(struct cache_index *index, const struct model *model)
{
	const struct cache_entry *first = cache_index_first(index);

	assert_int_equal(cache_index_count(index), model->count);
	if (model->order_count == 0)
		assert_null(first);
	else
		assert_true(first->key == model->order[0]);
}

static void it_does_what_the_model_does(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	struct cache_index *index = cache_index_new(CAPACITY);
	struct model model = { .count = 0 };

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	assert_non_null(index);
	for (int i = 0; i < STEPS; i++) {
		uint64_t key = (uint64_t)(rand() % KEYS);

		if (model.is_there[key])
			step_present(index, &model, key);
		else
			step_absent(index, &model, key);
		assert_first(index, &model);
	}
	cache_index_free(index);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_does_what_the_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
