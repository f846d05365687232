/* The cache on disk: what is found, what goes, and what other processes and crashes leave. */
#include "content/cache_folder.h"

#define ONE   SITE "one"
#define TWO   SITE "two"
#define THREE SITE "three"

static void what_was_put_is_found(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 4095, 4096, 4097, 300000 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct cache *cache = open_cache(ROOMY);

		assert_false(has(cache, TWO, sizes[i]));
		add(cache, ONE, sizes[i]);
		assert_true(has(cache, ONE, sizes[i]));
		cache_close(cache);
		cache = open_cache(ROOMY);
		assert_true(has(cache, ONE, sizes[i]));
		cache_remove(cache, ONE);
		assert_false(has(cache, ONE, sizes[i]));
		cache_close(cache);
		assert_int_equal(name_count(), 0);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_was_put_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
