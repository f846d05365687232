/* Names of the cache's files, and who may remove one. */
#include "content/cache_folder.h"

#include <sys/file.h>

static void names_are_told_apart(void **state)
{
	static const struct {
		const char *name;
		enum cache_name kind;
		uint64_t key;
	} rows[] = {
		{ "0123456789abcdef.object", CACHE_NAME_OBJECT, UINT64_C(0x0123456789abcdef) },
		{ "ffffffffffffffff.draft", CACHE_NAME_DRAFT, UINT64_MAX },
		{ "0000000000000000.object", CACHE_NAME_OBJECT, 0 },
		{ "0123456789ABCDEF.object", CACHE_NAME_FOREIGN, 0 },
		{ "0123456789abcde.object", CACHE_NAME_FOREIGN, 0 },
		{ "0123456789abcdef0.object", CACHE_NAME_FOREIGN, 0 },
		{ "0123456789abcdeg.object", CACHE_NAME_FOREIGN, 0 },
		{ "0123456789abcdef", CACHE_NAME_FOREIGN, 0 },
		{ "0123456789abcdef.objects", CACHE_NAME_FOREIGN, 0 },
		{ "0123456789abcdef.draf", CACHE_NAME_FOREIGN, 0 },
		{ "", CACHE_NAME_FOREIGN, 0 },
		{ "..", CACHE_NAME_FOREIGN, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char name[CACHE_NAME_SIZE];
		uint64_t key = 0;

		assert_int_equal(cache_name_parse(rows[i].name, &key), rows[i].kind);
		if (rows[i].kind == CACHE_NAME_FOREIGN)
			continue;
		assert_true(key == rows[i].key);
		cache_name_format(key, name);
		if (rows[i].kind == CACHE_NAME_OBJECT)
			assert_string_equal(name, rows[i].name);
	}
}

static void what_is_locked_is_in_use(void **state)
{
	char name[CACHE_NAME_SIZE];
	int64_t used_ns = 0;
	int fd = -1;

	(void)state;
	assert_int_equal(cache_file_create(folder_fd, name, &fd), 0);
	assert_int_equal(cache_file_remove_unused(folder_fd, name, INT64_MAX, &used_ns), -EBUSY);
	assert_true(is_there(name));
	close_fd(&fd);
	assert_int_equal(cache_file_remove_unused(folder_fd, name, INT64_MAX, &used_ns), 0);
	assert_false(is_there(name));
	assert_int_equal(cache_file_remove_unused(folder_fd, name, INT64_MAX, &used_ns), 0);
}

static void what_was_used_since_is_in_use(void **state)
{
	char name[CACHE_NAME_SIZE];
	int64_t used_ns = 0;
	int fd = -1;

	(void)state;
	assert_int_equal(cache_file_create(folder_fd, name, &fd), 0);
	cache_file_set_times(fd, 5000000001, CHECKED);
	close_fd(&fd);
	assert_int_equal(cache_file_remove_unused(folder_fd, name, 5000000000, &used_ns), -EBUSY);
	assert_true(used_ns == 5000000001);
	assert_int_equal(cache_file_remove_unused(folder_fd, name, used_ns, &used_ns), 0);
	assert_false(is_there(name));
}

static void each_draft_has_a_name_of_its_own(void **state)
{
	char names[2][CACHE_NAME_SIZE];
	int fds[2] = { -1, -1 };
	uint64_t number;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cache_file_create(folder_fd, names[i], &fds[i]), 0);
		assert_int_equal(cache_name_parse(names[i], &number), CACHE_NAME_DRAFT);
	}
	assert_string_not_equal(names[0], names[1]);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* Who opens an object that somebody is about to remove must not get it: its room counts as free. */
static void an_object_that_goes_is_not_there(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	const char *name = object_name(SITE "one");
	struct cache_file file;
	int fd;

	(void)state;
	add(cache, SITE "one", 10);
	fd = openat(folder_fd, name, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(cache_file_open(folder_fd, cache_header_key(SITE "one"), &file), -ENOENT);
	close_fd(&fd);
	assert_int_equal(cache_file_open(folder_fd, cache_header_key(SITE "one"), &file), 0);
	assert_string_equal(file.header.url, SITE "one");
	close_fd(&file.fd);
	cache_close(cache);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_told_apart), TEST(what_is_locked_is_in_use),
		TEST(what_was_used_since_is_in_use),    TEST(each_draft_has_a_name_of_its_own),
		TEST(an_object_that_goes_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
