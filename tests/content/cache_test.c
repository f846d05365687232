/* The cache on disk: what is found, what goes, and what other processes leave. */
#include "content/cache_folder.h"

#include <sys/wait.h>
#include <time.h>

#define ONE   SITE "one"
#define TWO   SITE "two"
#define THREE SITE "three"
#define FOUR  SITE "four"

/* Two URLs of one key. */
#define TWIN       SITE "ub7747g5nn8iox"
#define OTHER_TWIN SITE "vi36vsb4b134pe"

/* Files of which three have room, and not four. */
#define BIG       100000
#define FOR_THREE (UINT64_C(3) * (BIG + CACHE_HEADER_SIZE))

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

static void the_facts_come_back(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_draft *draft = begin(cache, ONE, false, 0);
	struct cache_facts facts = { "W/\"x y\"", "Sat, 08 Apr 2023 10:00:00 GMT", CHECKED };
	struct cache_object *object = cache_draft_finish(draft, &facts);

	(void)state;
	cache_draft_close(draft);
	for (int i = 0; i < 2; i++) {
		struct cache_facts found = cache_object_facts(object);

		assert_string_equal(found.etag, facts.etag);
		assert_string_equal(found.last_modified, facts.last_modified);
		assert_int_equal(found.checked_s, CHECKED + 100 * i);
		cache_object_set_checked(object, CHECKED + 100);
		cache_object_release(object);
		cache_close(cache);
		cache = open_cache(ROOMY);
		object = cache_find(cache, ONE);
		assert_non_null(object);
	}
	cache_object_release(object);
	cache_close(cache);
}

static void a_held_object_is_opened_once(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_object *object = add_held(cache, ONE, 10);
	struct cache_object *again = cache_find(cache, ONE);

	(void)state;
	assert_ptr_equal(object, again);
	cache_object_hold(object);
	cache_object_release(object);
	cache_object_release(object);
	assert_bytes(again, ONE, 10);
	cache_object_release(again);
	assert_true(has(cache, ONE, 10));
	cache_close(cache);
}

static void what_was_used_longest_ago_goes_first(void **state)
{
	struct cache *cache = open_cache(FOR_THREE);

	(void)state;
	add(cache, ONE, BIG);
	add(cache, TWO, BIG);
	add(cache, THREE, BIG);
	assert_true(has(cache, ONE, BIG));
	add(cache, FOUR, BIG);
	assert_false(has(cache, TWO, BIG));
	assert_true(has(cache, ONE, BIG) && has(cache, THREE, BIG) && has(cache, FOUR, BIG));
	assert_int_equal(name_count(), 3);
	cache_close(cache);
}

static void set_used(const char *url, time_t used_s)
{
	struct timespec times[2] = { { .tv_sec = used_s }, { .tv_nsec = UTIME_OMIT } };

	assert_int_equal(utimensat(folder_fd, object_name(url), times, 0), 0);
}

static void the_order_outlives_the_process(void **state)
{
	struct cache *cache = open_cache(FOR_THREE);

	(void)state;
	add(cache, ONE, BIG);
	add(cache, TWO, BIG);
	add(cache, THREE, BIG);
	cache_close(cache);
	set_used(ONE, CHECKED + 2);
	set_used(TWO, CHECKED + 1);
	set_used(THREE, CHECKED + 3);
	cache = open_cache(FOR_THREE - 1); /* as after a reload with less room */
	assert_int_equal(name_count(), 2);
	assert_false(is_there(object_name(TWO)));
	add(cache, FOUR, BIG);
	assert_false(is_there(object_name(ONE)));
	assert_true(is_there(object_name(THREE)));
	cache_close(cache);
}

static void a_file_is_told_of_its_use(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct stat info;

	(void)state;
	add(cache, ONE, 10);
	cache_close(cache);
	set_used(ONE, CHECKED);
	cache = open_cache(ROOMY);
	assert_int_equal(fstatat(folder_fd, object_name(ONE), &info, 0), 0);
	assert_int_equal(info.st_atim.tv_sec, CHECKED); /* looking is not using */
	assert_true(has(cache, ONE, 10));
	assert_int_equal(fstatat(folder_fd, object_name(ONE), &info, 0), 0);
	assert_true(info.st_atim.tv_sec > CHECKED);
	assert_int_equal(info.st_mtim.tv_sec, CHECKED);
	cache_close(cache);
}

static void what_is_held_stays(void **state)
{
	struct cache *cache = open_cache(FOR_THREE);
	struct cache_object *one = add_held(cache, ONE, BIG);

	(void)state;
	add(cache, TWO, BIG);
	add(cache, THREE, BIG);
	add(cache, FOUR, BIG);
	assert_false(is_there(object_name(TWO)));
	assert_true(is_there(object_name(ONE)));
	assert_bytes(one, ONE, BIG);
	cache_object_release(one);
	add(cache, TWO, BIG); /* the last that ONE was used is now */
	assert_false(is_there(object_name(THREE)));
	add(cache, THREE, BIG);
	assert_false(is_there(object_name(FOUR)));
	add(cache, FOUR, BIG);
	assert_false(is_there(object_name(ONE)));
	cache_close(cache);
}

/* Where all that is there is in use, the next one is not kept, but served. */
static void files_in_use_may_fill_the_cache(void **state)
{
	struct cache *cache = open_cache(FOR_THREE);
	struct cache_object *held[] = { add_held(cache, ONE, BIG), add_held(cache, TWO, BIG),
					add_held(cache, THREE, BIG), add_held(cache, FOUR, BIG) };

	(void)state;
	assert_null(cache_object_unkept_reason(held[2]));
	assert_string_equal(cache_object_unkept_reason(held[3]), "the files in use fill the cache");
	assert_true(has(cache, FOUR, BIG));
	assert_int_equal(name_count(), 3);
	for (size_t i = 0; i < COUNT_OF(held); i++)
		cache_object_release(held[i]);
	assert_false(has(cache, FOUR, BIG));
	assert_int_equal(name_count(), 3);
	cache_close(cache);
}

static void a_new_version_takes_the_place_of_the_old(void **state)
{
	struct cache *cache = open_cache(FOR_THREE);
	struct cache_object *old = add_held(cache, ONE, BIG);
	struct cache_object *newer = add_held(cache, ONE, 3 * BIG);

	(void)state;
	assert_null(cache_object_unkept_reason(newer)); /* the old one's room is free */
	assert_bytes(old, ONE, BIG);
	assert_true(has(cache, ONE, 3 * BIG));
	cache_object_release(old);
	assert_true(has(cache, ONE, 3 * BIG));
	cache_object_release(newer);
	assert_true(has(cache, ONE, 3 * BIG));
	assert_int_equal(name_count(), 1);
	cache_close(cache);
}

static void who_holds_a_removed_object_goes_on(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_object *object = add_held(cache, ONE, BIG);

	(void)state;
	cache_remove(cache, ONE);
	assert_false(has(cache, ONE, BIG));
	assert_bytes(object, ONE, BIG);
	add(cache, ONE, 10);
	cache_object_release(object);
	assert_true(has(cache, ONE, 10));
	cache_close(cache);
}

static void two_urls_of_one_key_are_never_mixed(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_object *twin = add_held(cache, TWIN, 10);

	(void)state;
	assert_true(cache_header_key(TWIN) == cache_header_key(OTHER_TWIN));
	assert_null(cache_find(cache, OTHER_TWIN));
	cache_object_release(twin);
	assert_null(cache_find(cache, OTHER_TWIN));
	assert_true(has(cache, TWIN, 10));
	add(cache, OTHER_TWIN, 20);
	assert_null(cache_find(cache, TWIN));
	assert_true(has(cache, OTHER_TWIN, 20));
	cache_close(cache);
}

static void write_file(const char *name, uint64_t offset, const char *text)
{
	CLEANUP(close_fd) int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, text, strlen(text), (off_t)offset), strlen(text));
}

static void cut_file(const char *name, off_t size)
{
	CLEANUP(close_fd) int fd = openat(folder_fd, name, O_WRONLY | O_CLOEXEC);

	assert_int_equal(ftruncate(fd, size), 0);
}

static void cut_body(const char *name)
{
	cut_file(name, CACHE_HEADER_SIZE + 9);
}

static void cut_header(const char *name)
{
	cut_file(name, CACHE_HEADER_SIZE - 1);
}

static void empty_file(const char *name)
{
	cut_file(name, 0);
}

static void lengthen(const char *name)
{
	cut_file(name, CACHE_HEADER_SIZE + 11);
}

static void change_magic(const char *name)
{
	write_file(name, 0, "x");
}

static void change_url(const char *name)
{
	write_file(name, 30, "x");
}

static void clear_header(const char *name)
{
	cut_file(name, 0);
	cut_file(name, CACHE_HEADER_SIZE + 10);
}

/* An object of another URL, whole and right, under this one's name. */
static void put_foreign(const char *name)
{
	char other[CACHE_NAME_SIZE];

	cache_name_format(cache_header_key(TWO), other);
	assert_int_equal(renameat(folder_fd, other, folder_fd, name), 0);
}

static void put_link(const char *name)
{
	assert_int_equal(unlinkat(folder_fd, name, 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", folder_fd, name), 0);
}

static void put_fifo(const char *name)
{
	assert_int_equal(unlinkat(folder_fd, name, 0), 0);
	assert_int_equal(mkfifoat(folder_fd, name, 0644), 0);
}

static void (*const damages[])(const char *name) = {
	cut_body,   cut_header,   empty_file,  lengthen, change_magic,
	change_url, clear_header, put_foreign, put_link, put_fifo,
};

static void what_is_damaged_goes_at_the_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(damages); i++) {
		struct cache *cache = open_cache(ROOMY);
		char name[CACHE_NAME_SIZE];

		cache_name_format(cache_header_key(ONE), name);
		add(cache, ONE, 10);
		add(cache, TWO, 10);
		add(cache, THREE, 10);
		cache_close(cache);
		damages[i](name);
		cache = open_cache(ROOMY);
		if (is_there(name))
			fail_msg("damage %zu stays", i);
		assert_true(has(cache, THREE, 10));
		add(cache, ONE, 10);
		assert_true(has(cache, ONE, 10));
		cache_close(cache);
	}
}

static void what_is_damaged_goes_when_it_is_opened(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(damages); i++) {
		struct cache *cache = open_cache(ROOMY);
		char name[CACHE_NAME_SIZE];

		cache_name_format(cache_header_key(ONE), name);
		add(cache, ONE, 10);
		add(cache, TWO, 10);
		damages[i](name);
		if (cache_find(cache, ONE) != NULL || is_there(name))
			fail_msg("damage %zu is served or stays", i);
		add(cache, ONE, 10);
		assert_true(has(cache, ONE, 10));
		cache_close(cache);
	}
}

static void what_is_not_the_caches_stays(void **state)
{
	static const char *const names[] = { "README", "0123456789abcdef",
					     "0123456789ABCDEF.object", ".hidden", "one.draft" };
	struct cache *cache;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		write_file(names[i], 0, "mine");
	assert_int_equal(mkdirat(folder_fd, "0123456789abcdef.object", 0755), 0);
	cache = open_cache(ROOMY);
	add(cache, ONE, 10);
	cache_close(cache);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_true(is_there(names[i]));
	assert_int_equal(name_count(), COUNT_OF(names) + 2);
}

static void forgotten_drafts_go_and_used_ones_stay(void **state)
{
	struct cache *writing = open_cache(ROOMY);
	struct cache_draft *draft = begin(writing, ONE, false, 0);
	struct cache_object *object;
	struct cache *cache;

	(void)state;
	assert_int_equal(append_some(draft, ONE, 100), 0);
	write_file("00000000000000aa.draft", 0, "from a crash");
	cache = open_cache(ROOMY);
	assert_false(is_there("00000000000000aa.draft"));
	assert_int_equal(name_count(), 1);
	assert_int_equal(append_some(draft, ONE, 100), 0);
	object = finish(draft, "");
	assert_null(cache_object_unkept_reason(object));
	cache_object_release(object);
	assert_true(has(cache, ONE, 200));
	cache_close(cache);
	cache_close(writing);
}

static void what_another_process_does_is_seen(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache *other = open_cache(ROOMY);
	struct cache_object *held;

	(void)state;
	assert_false(has(cache, ONE, 10));
	add(other, ONE, 10);
	held = cache_find(cache, ONE);
	assert_bytes(held, ONE, 10);
	add(other, ONE, 20);
	assert_true(has(cache, ONE, 20));
	assert_bytes(held, ONE, 10);
	cache_object_release(held);
	assert_true(has(cache, ONE, 20));
	cache_remove(other, ONE);
	assert_false(has(cache, ONE, 20));
	cache_close(other);
	cache_close(cache);
}

static uint64_t bytes_on_disk(void)
{
	static const char *const urls[] = { ONE, TWO, THREE, FOUR };
	uint64_t sum = 0;
	struct stat info;

	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		if (fstatat(folder_fd, object_name(urls[i]), &info, 0) == 0)
			sum += (uint64_t)info.st_size;
	}
	return sum;
}

static void what_another_process_has_put_there_counts(void **state)
{
	struct cache *cache = open_cache(FOR_THREE);
	struct cache *other = open_cache(FOR_THREE);

	(void)state;
	add(cache, ONE, BIG);
	add(other, TWO, BIG);
	add(other, THREE, BIG);
	add(cache, FOUR, BIG);
	assert_true(bytes_on_disk() <= FOR_THREE);
	assert_true(is_there(object_name(FOUR)));
	cache_close(other);
	cache_close(cache);
}

static void what_another_process_uses_is_not_evicted(void **state)
{
	struct cache *cache = open_cache(FOR_THREE);
	struct cache *other = open_cache(FOR_THREE);
	struct cache_object *held;

	(void)state;
	add(cache, ONE, BIG);
	add(cache, TWO, BIG);
	add(cache, THREE, BIG);
	held = cache_find(other, ONE);
	assert_non_null(held);
	add(cache, FOUR, BIG);
	assert_true(is_there(object_name(ONE)));
	assert_false(is_there(object_name(TWO)));
	set_used(ONE, time(NULL) + 100); /* as the other process tells it, and has let go */
	cache_object_release(held);
	add(cache, TWO, BIG);
	assert_true(is_there(object_name(ONE)));
	assert_false(is_there(object_name(THREE)));
	cache_close(other);
	cache_close(cache);
}

#define PROCESSES 4
#define ROUNDS    150
#define URLS      9

static void url_of(unsigned number, char out[CACHE_URL_SIZE])
{
	(void)text_format(out, CACHE_URL_SIZE, SITE "%u", number % URLS);
}

/* Finds, adds and removes at random; whatever is found is right. */
static void use_at_random(unsigned seed)
{
	struct cache *cache = open_cache(FOR_THREE);
	char url[CACHE_URL_SIZE];

	srand(seed);
	for (int i = 0; i < ROUNDS; i++) {
		unsigned number = (unsigned)rand();

		url_of(number, url);
		if (rand() % 8 == 0)
			cache_remove(cache, url);
		else if (!has(cache, url, 1000 + number % URLS * 5000))
			cache_object_release(add_held(cache, url, 1000 + number % URLS * 5000));
	}
	cache_close(cache);
}

static void many_processes_share_a_folder(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	struct cache *cache;
	char url[CACHE_URL_SIZE];

	(void)state;
	print_message("seed %u\n", seed);
	for (unsigned i = 0; i < PROCESSES; i++) {
		if (fork() == 0) {
			use_at_random(seed + i);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		int status = -1;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	cache = open_cache(FOR_THREE);
	for (unsigned i = 0; i < URLS; i++) {
		url_of(i, url);
		(void)has(cache, url, 1000 + i * 5000);
	}
	cache_close(cache);
}

static void a_folder_that_cannot_be_is_an_error(void **state)
{
	static const struct {
		const char *below;
		int error;
	} rows[] = { { "/none/below", -ENOENT }, { "/file", -ENOTDIR }, { "/file/x", -ENOTDIR } };

	(void)state;
	write_file("file", 0, "x");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char path[PATH_MAX];
		struct cache_settings settings = { .directory = path };
		struct cache *cache = NULL;

		(void)text_format(path, sizeof(path), "%s%s", folder, rows[i].below);
		assert_int_equal(cache_open(&settings, &cache), rows[i].error);
		assert_null(cache);
	}
}

static void a_folder_is_made(void **state)
{
	char path[PATH_MAX];
	struct cache_settings settings = { .directory = path, .size_max_bytes = ROOMY };
	struct cache *cache = NULL;

	(void)state;
	(void)text_format(path, sizeof(path), "%s/new", folder);
	assert_int_equal(cache_open(&settings, &cache), 0);
	add(cache, ONE, 10);
	cache_close(cache);
	assert_true(is_there("new"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_was_put_is_found),
		TEST(the_facts_come_back),
		TEST(a_held_object_is_opened_once),
		TEST(what_was_used_longest_ago_goes_first),
		TEST(the_order_outlives_the_process),
		TEST(a_file_is_told_of_its_use),
		TEST(what_is_held_stays),
		TEST(files_in_use_may_fill_the_cache),
		TEST(a_new_version_takes_the_place_of_the_old),
		TEST(who_holds_a_removed_object_goes_on),
		TEST(two_urls_of_one_key_are_never_mixed),
		TEST(what_is_damaged_goes_at_the_start),
		TEST(what_is_damaged_goes_when_it_is_opened),
		TEST(what_is_not_the_caches_stays),
		TEST(forgotten_drafts_go_and_used_ones_stay),
		TEST(what_another_process_does_is_seen),
		TEST(what_another_process_has_put_there_counts),
		TEST(what_another_process_uses_is_not_evicted),
		TEST(many_processes_share_a_folder),
		TEST(a_folder_that_cannot_be_is_an_error),
		TEST(a_folder_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
