/* The end of the process before each of its system calls that change the disk, and the failure of
 * each: this program's own functions stand before the C library's. */
#include "content/cache_folder.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ONE SITE "one"
#define TWO SITE "two"

#define OLD_SIZE 30000
#define NEW_SIZE 50000
#define CRASHED  99

enum call { CALL_ANY, PWRITE, FALLOCATE, FDATASYNC, FSYNC, FUTIMENS, RENAMEAT, UNLINKAT, MEMFD };

/* So many calls of the kind are let through; the next ends the process, or so many fail. */
static struct {
	enum call call;
	int after;
	int times;
	int error; /* 0: the process ends */
} fault;

static bool fails(enum call call)
{
	if (fault.times == 0 || (fault.call != CALL_ANY && fault.call != call) || fault.after-- > 0)
		return false;
	if (fault.error == 0)
		_exit(CRASHED);
	fault.after = 0;
	fault.times--;
	errno = fault.error;
	return true;
}

static void set_fault(enum call call, int after, int times, int error)
{
	fault.call = call;
	fault.after = after;
	fault.times = times;
	fault.error = error;
}

/* A long write is done in parts, so that the process can end between them. */
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
	if (count > 4096)
		count = 4096;
	return fails(PWRITE) ? -1 : syscall(SYS_pwrite64, fd, bytes, count, offset);
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
	return fails(FALLOCATE) ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

int fdatasync(int fd)
{
	return fails(FDATASYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	return fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int futimens(int fd, const struct timespec times[2])
{
	return fails(FUTIMENS) ? -1 : (int)syscall(SYS_utimensat, fd, NULL, times, 0);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return fails(RENAMEAT) ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int unlinkat(int at_fd, const char *name, int flags)
{
	return fails(UNLINKAT) ? -1 : (int)syscall(SYS_unlinkat, at_fd, name, flags);
}

int memfd_create(const char *name, unsigned flags)
{
	return fails(MEMFD) ? -1 : (int)syscall(SYS_memfd_create, name, flags);
}

/* What another process removes between the opening and the locking of a file. */
static bool is_removed_before_lock;

static void remove_name(void *context, const char *name)
{
	const struct stat *info = context;
	struct stat named;

	if (fstatat(folder_fd, name, &named, 0) == 0 && named.st_ino == info->st_ino)
		assert_int_equal(unlinkat(folder_fd, name, 0), 0);
}

int flock(int fd, int operation)
{
	struct stat info;

	if (is_removed_before_lock) {
		is_removed_before_lock = false;
		assert_int_equal(fstat(fd, &info), 0);
		assert_int_equal(cache_files_visit(folder_fd, remove_name, &info), 0);
	}
	return (int)syscall(SYS_flock, fd, operation);
}

/* A new version of ONE, for which TWO has to go, at last without a trace of itself. */
static void use_cache(void)
{
	struct cache *cache = open_cache(NEW_SIZE + OLD_SIZE + 3 * CACHE_HEADER_SIZE);

	cache_object_release(add_held(cache, ONE, NEW_SIZE));
	cache_close(cache);
}

static void put_old(void)
{
	struct cache *cache = open_cache(ROOMY);

	add(cache, TWO, OLD_SIZE);
	add(cache, ONE, OLD_SIZE);
	cache_close(cache);
}

/* Returns whether the process came to its end. */
static bool crash_after(int count)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		set_fault(CALL_ANY, count, 1, 0);
		use_cache();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CRASHED);
	return WEXITSTATUS(status) == 0;
}

/* The object is the old one, or the new one: whole, and in either case its facts with it. */
static void assert_old_or_new(struct cache *cache)
{
	struct cache_object *object = cache_find(cache, ONE);
	uint64_t size;

	assert_non_null(object);
	size = cache_object_size(object);
	assert_true(size == OLD_SIZE || size == NEW_SIZE);
	assert_bytes(object, ONE, size);
	cache_object_release(object);
}

static void a_crash_at_any_call_leaves_old_or_new(void **state)
{
	bool is_over = false;
	int count;

	(void)state;
	for (count = 0; !is_over; count++) {
		struct cache *cache;

		put_old();
		is_over = crash_after(count);
		cache = open_cache(ROOMY);
		assert_old_or_new(cache);
		/* Without drafts; TWO may have gone. */
		assert_int_equal(name_count(), 1 + has(cache, TWO, OLD_SIZE));
		cache_remove(cache, ONE);
		cache_remove(cache, TWO);
		cache_close(cache);
	}
	print_message("%d calls\n", count);
	assert_true(count > 15);
}

struct failure {
	enum call call;
	int after;
	int times;
	int error;
	const char *reason; /* NULL: the file is kept */
	bool evicts;        /* the other file goes */
};

static void assert_served(struct cache *cache, const struct failure *failure)
{
	struct cache_draft *draft;
	struct cache_object *object;
	const char *reason;

	set_fault(failure->call, failure->after, failure->times, failure->error);
	draft = begin(cache, ONE, true, NEW_SIZE);
	assert_int_equal(append_some(draft, ONE, NEW_SIZE), 0);
	object = finish(draft, "");
	assert_int_equal(fault.times, 0);
	assert_non_null(object);
	reason = cache_object_unkept_reason(object);
	assert_string_equal(reason == NULL ? "" : reason,
			    failure->reason == NULL ? "" : failure->reason);
	assert_bytes(object, ONE, NEW_SIZE);
	cache_object_release(object);
}

static void whatever_fails_the_file_is_served(void **state)
{
	static const struct failure rows[] = {
		{ PWRITE, 0, 1, EIO, "Input/output error", false },
		{ PWRITE, 7, 1, EROFS, "Read-only file system", false },
		{ PWRITE, 14, 1, EIO, "Input/output error", false }, /* the header */
		{ PWRITE, 3, 1, EDQUOT, NULL, true },
		{ PWRITE, 3, 2, EDQUOT, "Disk quota exceeded", true },
		{ PWRITE, 1, 1, EINTR, NULL, false },
		{ FALLOCATE, 0, 1, EOPNOTSUPP, NULL, false },
		{ FALLOCATE, 0, 1, EINTR, NULL, false },
		{ FALLOCATE, 0, 1, EIO, NULL, false }, /* the writes will tell */
		{ FALLOCATE, 0, 1, ENOSPC, NULL, true },
		{ FALLOCATE, 0, 2, ENOSPC, "No space left on device", true },
		{ FDATASYNC, 0, 1, EIO, "Input/output error", false },
		{ FSYNC, 0, 1, EIO, NULL, false },
		{ FUTIMENS, 0, 1, EPERM, NULL, false },
		{ RENAMEAT, 0, 1, EACCES, "Permission denied", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cache *cache = open_cache(ROOMY);

		add(cache, TWO, OLD_SIZE);
		assert_served(cache, &rows[i]);
		assert_int_equal(has(cache, ONE, NEW_SIZE), rows[i].reason == NULL);
		assert_int_equal(has(cache, TWO, OLD_SIZE), !rows[i].evicts);
		assert_int_equal(name_count(), (rows[i].reason == NULL) + !rows[i].evicts);
		cache_remove(cache, ONE);
		cache_remove(cache, TWO);
		cache_close(cache);
	}
}

/* Before Linux 6.3 the flag against execution is an error. */
static void an_older_kernel_has_files_in_memory(void **state)
{
	struct cache_settings settings = { .memory_max_bytes = MEBI };
	struct cache *cache = NULL;

	(void)state;
	assert_int_equal(cache_open(&settings, &cache), 0);
	set_fault(MEMFD, 0, 1, EINVAL);
	cache_object_release(add_held(cache, ONE, 10));
	assert_int_equal(fault.times, 0);
	cache_close(cache);
}

static void what_goes_before_it_is_locked_is_not_there(void **state)
{
	struct cache *cache = open_cache(ROOMY);

	(void)state;
	add(cache, ONE, 10);
	is_removed_before_lock = true;
	assert_null(cache_find(cache, ONE));
	is_removed_before_lock = true; /* the draft; another one is begun */
	add(cache, ONE, 20);
	assert_false(is_removed_before_lock);
	assert_true(has(cache, ONE, 20));
	assert_int_equal(name_count(), 1);
	cache_close(cache);
}

static void without_disk_and_memory_it_is_an_error(void **state)
{
	struct cache *cache = open_cache(ROOMY);
	struct cache_draft *draft = begin(cache, ONE, true, NEW_SIZE);

	(void)state;
	assert_int_equal(append_some(draft, ONE, 10000), 0);
	set_fault(PWRITE, 0, 2, EIO); /* the disk's, then the one in memory */
	assert_int_equal(append_some(draft, ONE, 10000), -EIO);
	assert_int_equal(append_some(draft, ONE, 10000), -EIO);
	assert_null(finish(draft, ""));
	assert_int_equal(name_count(), 0);
	add(cache, ONE, NEW_SIZE);
	cache_close(cache);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_crash_at_any_call_leaves_old_or_new),
		TEST(whatever_fails_the_file_is_served),
		TEST(what_goes_before_it_is_locked_is_not_there),
		TEST(an_older_kernel_has_files_in_memory),
		TEST(without_disk_and_memory_it_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
