/* Files that are being written: read while they grow, larger than the cache, or with no room on the
 * disk, for which a small one is mounted where only this process sees it. That needs root. */
#include "content/cache_folder.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <time.h>

#define ONE SITE "one"
#define TWO SITE "two"

#define NO_SPACE "No space left on device"

static void assert_growth(struct cache_draft *draft, const char *url)
{
	uint64_t size = cache_draft_size(draft);
	uint8_t bytes[1000];

	for (uint64_t offset = 0; offset < size;) {
		size_t count =
			size - offset < sizeof(bytes) ? (size_t)(size - offset) : sizeof(bytes);

		assert_int_equal(cache_draft_read(draft, offset, bytes, count), 0);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(bytes[i], byte_of(url, offset + i));
		offset += count;
	}
}

static void it_is_read_while_it_grows(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_draft *draft = begin(cache, ONE, true, 1000);
	uint8_t bytes[1000];
	struct cache_object *object;

	(void)state;
	assert_int_equal(cache_draft_read(draft, 0, bytes, 0), 0);
	assert_int_equal(cache_draft_read(draft, 0, bytes, 1), -EAGAIN);
	assert_int_equal(append_some(draft, ONE, 600), 0);
	assert_true(cache_draft_size(draft) == 600);
	assert_growth(draft, ONE);
	assert_int_equal(cache_draft_read(draft, 0, bytes, 601), -EAGAIN);
	assert_int_equal(cache_draft_read(draft, 600, bytes, 1), -EAGAIN);
	assert_int_equal(cache_draft_read(draft, 601, bytes, 0), -EAGAIN);
	assert_int_equal(cache_draft_read(draft, UINT64_MAX, bytes, 1000), -EAGAIN);
	assert_false(has(cache, ONE, 600));
	assert_int_equal(append_some(draft, ONE, 400), 0);
	assert_null(cache_draft_unkept_reason(draft));
	object = cache_draft_finish(draft, &(struct cache_facts){ .checked_s = CHECKED });
	assert_growth(draft, ONE); /* until it is closed */
	assert_bytes(object, ONE, 1000);
	cache_draft_close(draft);
	assert_bytes(object, ONE, 1000);
	cache_object_release(object);
	assert_true(has(cache, ONE, 1000));
	cache_close(cache);
}

static void nothing_stays_of_what_is_not_finished(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_draft *draft = begin(cache, ONE, false, 0);

	(void)state;
	assert_int_equal(append_some(draft, ONE, 50000), 0);
	cache_draft_close(draft);
	cache_draft_close(NULL);
	assert_false(has(cache, ONE, 50000));
	assert_int_equal(name_count(), 0);
	cache_close(cache);
}

static void another_size_than_was_told_is_no_object(void **state)
{
	static const uint64_t sizes[] = { 0, 99, 101 };
	struct cache *cache = open_cache(ROOMY);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct cache_draft *draft = begin(cache, ONE, true, 100);

		assert_int_equal(append_some(draft, ONE, sizes[i]), 0);
		assert_null(finish(draft, ""));
		assert_int_equal(name_count(), 0);
	}
	cache_close(cache);
}

static void a_url_that_does_not_fit_is_refused(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_draft *draft = NULL;
	char url[CACHE_URL_SIZE + 1];

	(void)state;
	memset(url, 'u', sizeof(url));
	url[CACHE_URL_SIZE] = '\0';
	assert_null(cache_find(cache, url));
	assert_int_equal(cache_draft_new(cache, url, false, 0, &draft), -ENAMETOOLONG);
	assert_null(draft);
	url[CACHE_URL_SIZE - 1] = '\0';
	add(cache, url, 10);
	assert_true(has(cache, url, 10));
	cache_close(cache);
}

static void facts_that_cannot_be_written_are_not_kept(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_draft *draft = begin(cache, ONE, true, 10);
	struct cache_object *object;

	(void)state;
	assert_int_equal(append_some(draft, ONE, 10), 0);
	object = finish(draft, "\"a\r\nX: b\"");
	assert_non_null(cache_object_unkept_reason(object));
	assert_bytes(object, ONE, 10);
	assert_int_equal(name_count(), 0);
	cache_object_release(object);
	cache_close(cache);
}

/* Whether its size is told or not, nothing that is cached goes for it. */
static void what_is_larger_than_the_cache_is_served_only(void **state)
{
	(void)state;
	for (int has_size = 0; has_size <= 1; has_size++) {
		struct cache *cache = open_cache(100000);
		struct cache_draft *draft;
		struct cache_object *object;

		add(cache, ONE, 50000);
		draft = begin(cache, TWO, has_size, 100000);
		assert_int_equal(append_some(draft, TWO, 100000), 0);
		assert_string_equal(cache_draft_unkept_reason(draft),
				    "it is larger than the cache");
		assert_growth(draft, TWO);
		object = finish(draft, "");
		assert_string_equal(cache_object_unkept_reason(object),
				    "it is larger than the cache");
		assert_true(has(cache, TWO, 100000));
		cache_object_release(object);
		assert_false(has(cache, TWO, 100000));
		assert_int_equal(has(cache, ONE, 50000), has_size); /* room was made as it grew */
		assert_int_equal(name_count(), has_size);
		cache_close(cache);
	}
}

/* The old version is known to be old, and would come back when the new one is let go of. */
static void what_is_not_kept_takes_the_old_version_with_it(void **state)
{
	struct cache *cache = open_cache(100000);
	struct cache_object *object;

	(void)state;
	add(cache, ONE, 50000);
	object = add_held(cache, ONE, 100000);
	assert_non_null(cache_object_unkept_reason(object));
	assert_true(has(cache, ONE, 100000));
	cache_object_release(object);
	assert_null(cache_find(cache, ONE));
	assert_int_equal(name_count(), 0);
	cache_close(cache);
}

static struct cache *open_without_folder(void)
{
	struct cache_settings settings = { .size_max_bytes = ROOMY, .memory_max_bytes = MEBI };
	struct cache *cache = NULL;

	assert_int_equal(cache_open(&settings, &cache), 0);
	return cache;
}

static void without_a_folder_it_is_in_memory_while_it_is_held(void **state)
{
	struct cache *cache = open_without_folder();
	struct cache_object *one = add_held(cache, ONE, 300000);
	struct cache_object *again = cache_find(cache, ONE);

	(void)state;
	assert_ptr_equal(one, again);
	assert_string_equal(cache_object_unkept_reason(one), "no folder is set for the cache");
	cache_object_set_checked(one, CHECKED + 1);
	assert_int_equal(cache_object_facts(one).checked_s, CHECKED + 1);
	cache_object_release(again);
	cache_remove(cache, ONE);
	assert_null(cache_find(cache, ONE));
	assert_bytes(one, ONE, 300000);
	cache_object_release(one);
	assert_null(cache_find(cache, ONE));
	cache_close(cache);
}

static void memory_has_a_limit_and_comes_back(void **state)
{
	struct cache *cache = open_without_folder();
	struct cache_draft *unknown = begin(cache, ONE, false, 0);
	struct cache_draft *draft = NULL;

	(void)state;
	assert_int_equal(cache_draft_new(cache, TWO, true, MEBI + 1, &draft), -ENOSPC);
	assert_int_equal(append_some(unknown, ONE, MEBI / 2 + 1), 0);
	assert_int_equal(cache_draft_new(cache, TWO, true, MEBI / 2, &draft), -ENOSPC);
	assert_int_equal(append_some(unknown, ONE, MEBI / 2), -ENOSPC);
	assert_growth(unknown, ONE);
	assert_int_equal(append_some(unknown, ONE, 0), 0);
	assert_int_equal(append_some(unknown, ONE, 1), -ENOSPC); /* a gap would follow */
	assert_null(finish(unknown, ""));
	cache_object_release(add_held(cache, TWO, MEBI));
	cache_object_release(add_held(cache, ONE, MEBI));
	cache_close(cache);
}

/* The same while the folder cannot be written to, as after somebody has removed it. */
static void a_folder_that_is_gone_leaves_memory(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_object *object;

	(void)state;
	assert_int_equal(rmdir(folder), 0);
	object = add_held(cache, ONE, 10);
	assert_string_equal(cache_object_unkept_reason(object), "No such file or directory");
	assert_true(has(cache, ONE, 10));
	cache_object_release(object);
	cache_close(cache);
	assert_int_equal(mkdir(folder, 0700), 0);
}

static void a_draft_that_somebody_removed_is_served_only(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_draft *draft = begin(cache, ONE, true, 10);
	struct cache_object *object;

	(void)state;
	add(cache, ONE, 20);
	assert_int_equal(append_some(draft, ONE, 10), 0);
	assert_int_equal(remove_folder(NULL), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	object = finish(draft, "");
	assert_string_equal(cache_object_unkept_reason(object), "No such file or directory");
	assert_true(has(cache, ONE, 10));
	cache_object_release(object);
	cache_close(cache);
}

/* A disk of 1 MiB in place of the folder. */
static int make_small_disk(void **state)
{
	if (make_folder(state) < 0)
		return -1;
	close_fd(&folder_fd);
	if (mount("none", folder, "tmpfs", 0, "size=1m") < 0)
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0 ? -1 : 0;
}

static int remove_small_disk(void **state)
{
	close_fd(&folder_fd);
	return umount(folder) < 0 ? -1 : remove_folder(state);
}

static void fill_disk(const char *name)
{
	CLEANUP(close_fd) int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	uint8_t bytes[4096] = { 0 };

	while (write(fd, bytes, sizeof(bytes)) == sizeof(bytes))
		;
	assert_int_equal(errno, ENOSPC);
}

static void a_full_disk_has_the_oldest_go(void **state)
{
	(void)state;
	for (int has_size = 0; has_size <= 1; has_size++) {
		struct cache *cache = open_cache(ROOMY);
		struct cache_draft *draft;
		struct cache_object *object;

		add(cache, ONE, 700000);
		draft = begin(cache, TWO, has_size, 700000);
		assert_int_equal(append_some(draft, TWO, 700000), 0);
		object = finish(draft, "");
		assert_null(cache_object_unkept_reason(object));
		assert_bytes(object, TWO, 700000);
		cache_object_release(object);
		assert_false(has(cache, ONE, 700000));
		cache_remove(cache, TWO);
		cache_close(cache);
	}
}

static void what_has_no_room_on_the_disk_is_in_memory(void **state)
{
	(void)state;
	for (int has_size = 0; has_size <= 1; has_size++) {
		struct cache *cache = open_cache(ROOMY);
		struct cache_object *held = add_held(cache, ONE, 700000);
		struct cache_draft *draft = begin(cache, TWO, has_size, 700000);
		struct cache_object *object;

		assert_int_equal(append_some(draft, TWO, 100000), 0);
		assert_growth(draft, TWO);
		assert_int_equal(append_some(draft, TWO, 600000), 0);
		assert_growth(draft, TWO);
		assert_string_equal(cache_draft_unkept_reason(draft), NO_SPACE);
		assert_int_equal(name_count(), 1);
		object = finish(draft, "");
		assert_string_equal(cache_object_unkept_reason(object), NO_SPACE);
		assert_true(has(cache, TWO, 700000));
		cache_object_release(object);
		assert_false(has(cache, TWO, 700000));
		assert_true(has(cache, ONE, 700000));
		cache_object_release(held);
		add(cache, TWO, 700000); /* there is room again */
		cache_remove(cache, TWO);
		cache_close(cache);
	}
}

static void neither_disk_nor_memory_has_room(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_object *held = add_held(cache, ONE, 700000);
	struct cache_draft *draft = NULL;

	(void)state;
	assert_int_equal(cache_draft_new(cache, TWO, true, MEBI + 1, &draft), -ENOSPC);
	draft = begin(cache, TWO, false, 0);
	assert_int_equal(append_some(draft, TWO, 2 * MEBI), -ENOSPC);
	assert_true(cache_draft_size(draft) > MEBI / 2);
	assert_growth(draft, TWO);
	assert_null(finish(draft, ""));
	assert_true(has(cache, ONE, 700000));
	assert_int_equal(name_count(), 1);
	cache_object_release(held);
	add(cache, TWO, 900000);
	cache_close(cache);
}

static void a_header_without_room_leaves_the_object_to_its_holders(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_draft *draft = begin(cache, ONE, false, 0);
	struct cache_object *object;

	(void)state;
	assert_int_equal(append_some(draft, ONE, 100000), 0);
	fill_disk("foreign");
	object = finish(draft, "");
	assert_string_equal(cache_object_unkept_reason(object), NO_SPACE);
	assert_true(has(cache, ONE, 100000));
	cache_object_release(object);
	assert_int_equal(name_count(), 1);
	cache_close(cache);
}

static void a_disk_that_is_full_from_the_start_does_not_matter(void **state)
{
	struct cache *cache;
	struct cache_object *object;

	(void)state;
	fill_disk("foreign");
	cache = open_cache(ROOMY);
	object = add_held(cache, ONE, 100000);
	assert_string_equal(cache_object_unkept_reason(object), NO_SPACE);
	assert_bytes(object, ONE, 100000);
	cache_object_release(object);
	assert_int_equal(name_count(), 1);
	cache_close(cache);
}

#define READERS 3

struct race {
	struct cache_draft *draft;
	atomic_bool is_over;
	atomic_uint wrong;
	atomic_uint reads;
};

/* Always the newest byte, and one that was there long before. */
static void *read_all_the_time(void *context)
{
	struct race *race = context;

	while (!atomic_load(&race->is_over)) {
		uint64_t size = cache_draft_size(race->draft);
		uint8_t first[64], last[64];

		if (size < sizeof(first)) {
			(void)sched_yield();
			continue;
		}
		if (cache_draft_read(race->draft, size / 2 - 32, first, sizeof(first)) < 0 ||
		    cache_draft_read(race->draft, size - 64, last, sizeof(last)) < 0 ||
		    first[5] != byte_of(TWO, size / 2 - 27) || last[63] != byte_of(TWO, size - 1))
			atomic_fetch_add(&race->wrong, 1);
		atomic_fetch_add(&race->reads, 1);
		(void)sched_yield(); /* valgrind has one thread run at a time */
	}
	return NULL;
}

static void readers_do_not_notice_the_move(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_object *held = add_held(cache, ONE, 700000);
	struct race race = { .draft = begin(cache, TWO, false, 0) };
	pthread_t readers[READERS];

	(void)state;
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_all_the_time, &race), 0);
	for (int i = 0; i < 900; i++) {
		assert_int_equal(append_some(race.draft, TWO, 1000), 0);
	}
	while (atomic_load(&race.reads) < 100)
		(void)sched_yield();
	atomic_store(&race.is_over, true);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(readers[i], NULL), 0);
	assert_int_equal(atomic_load(&race.wrong), 0);
	assert_string_equal(cache_draft_unkept_reason(race.draft), NO_SPACE);
	cache_object_release(finish(race.draft, ""));
	cache_object_release(held);
	cache_close(cache);
}

#define THREADS 4
#define ROUNDS  100
#define URLS    7

struct share {
	struct cache *cache;
	unsigned seed;
	unsigned wrong;
};

static bool is_right(struct cache_object *object, const char *url, uint64_t size)
{
	uint64_t at;
	int fd = cache_object_descriptor(object, &at);
	uint8_t last;

	return cache_object_size(object) == size &&
	       pread(fd, &last, 1, (off_t)(at + size - 1)) == 1 && last == byte_of(url, size - 1);
}

static struct cache_object *fetch(struct cache *cache, const char *url, uint64_t size)
{
	struct cache_facts facts = { .checked_s = CHECKED };
	struct cache_draft *draft = NULL;
	struct cache_object *object = NULL;

	if (cache_draft_new(cache, url, size % 2 == 0, size, &draft) == 0 &&
	    append_some(draft, url, size) == 0)
		object = cache_draft_finish(draft, &facts);
	cache_draft_close(draft);
	return object;
}

static void *use_at_random(void *context)
{
	struct share *share = context;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned number = (unsigned)rand_r(&share->seed) % URLS;
		uint64_t size = 50000 + 10001 * number;
		char url[CACHE_URL_SIZE];
		struct cache_object *object;

		(void)text_format(url, sizeof(url), SITE "%u", number);
		object = cache_find(share->cache, url);
		if (object == NULL)
			object = fetch(share->cache, url, size);
		if (object == NULL) /* nor has memory room, when all hold something */
			continue;
		share->wrong += !is_right(object, url, size);
		cache_object_set_checked(object, CHECKED + i);
		share->wrong += cache_object_facts(object).checked_s < CHECKED;
		if (number == 0)
			cache_remove(share->cache, url);
		cache_object_release(object);
	}
	return NULL;
}

/* On a disk that has not enough room for all, with a limit that is lower still. */
static void threads_share_a_cache(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	struct cache *cache = open_cache(400000);
	struct share shares[THREADS];
	pthread_t threads[THREADS];

	(void)state;
	print_message("seed %u\n", seed);
	for (unsigned i = 0; i < THREADS; i++) {
		shares[i] = (struct share){ .cache = cache, .seed = seed + i };
		assert_int_equal(pthread_create(&threads[i], NULL, use_at_random, &shares[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(shares[i].wrong, 0);
	}
	cache_close(cache);
}

/* Mounts are seen by this process only. */
static int enter_mount_namespace(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNS) < 0)
		return -1;
	return mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)
#define DISK_TEST(function)                                                                        \
	cmocka_unit_test_setup_teardown(function, make_small_disk, remove_small_disk)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(it_is_read_while_it_grows),
		TEST(nothing_stays_of_what_is_not_finished),
		TEST(another_size_than_was_told_is_no_object),
		TEST(a_url_that_does_not_fit_is_refused),
		TEST(facts_that_cannot_be_written_are_not_kept),
		TEST(what_is_larger_than_the_cache_is_served_only),
		TEST(what_is_not_kept_takes_the_old_version_with_it),
		TEST(without_a_folder_it_is_in_memory_while_it_is_held),
		TEST(memory_has_a_limit_and_comes_back),
		TEST(a_folder_that_is_gone_leaves_memory),
		TEST(a_draft_that_somebody_removed_is_served_only),
	};
	static const struct CMUnitTest disk_tests[] = {
		DISK_TEST(a_full_disk_has_the_oldest_go),
		DISK_TEST(what_has_no_room_on_the_disk_is_in_memory),
		DISK_TEST(neither_disk_nor_memory_has_room),
		DISK_TEST(a_header_without_room_leaves_the_object_to_its_holders),
		DISK_TEST(a_disk_that_is_full_from_the_start_does_not_matter),
		DISK_TEST(readers_do_not_notice_the_move),
		DISK_TEST(threads_share_a_cache),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (geteuid() != 0) {
		print_message("The tests with a full disk need root: left out.\n");
		return failed;
	}
	return failed + cmocka_run_group_tests(disk_tests, enter_mount_namespace, NULL);
}
