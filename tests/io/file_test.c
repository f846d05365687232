#include "io/file.h"

#include "base/cleanup.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_file(void)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	return fd;
}

static void reads_all_or_says_why_not(void **state)
{
	static const struct {
		uint64_t offset;
		size_t length;
		int error;
	} rows[] = { { 0, 10, 0 }, { 3, 4, 0 }, { 10, 0, 0 }, { 4, 7, -EIO }, { 20, 1, -EIO } };
	CLEANUP(close_fd) int fd = make_file();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t out[16] = { 0 };

		assert_int_equal(file_read(fd, rows[i].offset, out, rows[i].length), rows[i].error);
		if (rows[i].error == 0)
			assert_memory_equal(out, &"0123456789"[rows[i].offset], rows[i].length);
	}
	assert_int_equal(file_read(-1, 0, (uint8_t[1]){ 0 }, 1), -EBADF);
}

static void reads_into_parts_what_is_in_memory(void **state)
{
	CLEANUP(close_fd) int fd = make_file();
	uint8_t first[3];
	uint8_t second[4];
	struct iovec parts[] = { { first, sizeof(first) }, { second, sizeof(second) } };

	(void)state;
	assert_int_equal(file_read_resident(fd, 2, parts, 2, 7), 0);
	assert_memory_equal(first, "234", 3);
	assert_memory_equal(second, "5678", 4);
	/* A file that is shorter looks like one that would have to be waited for. */
	assert_int_equal(file_read_resident(fd, 4, parts, 2, 7), -EAGAIN);
	assert_int_equal(file_read_resident(-1, 0, parts, 2, 7), -EBADF);
}

static void files_and_their_states_are_told_apart(void **state)
{
	CLEANUP(close_fd) int fd = make_file();
	CLEANUP(close_fd) int other_fd = make_file();
	CLEANUP(close_fd) int old_fd = open(SOURCE_ROOT "/README.md", O_RDONLY | O_CLOEXEC);
	struct file_identity before;
	struct file_identity after;
	bool is_settled;

	(void)state;
	assert_int_equal(file_identify(fd, &before, &is_settled), 0);
	assert_false(is_settled);
	assert_int_equal(file_identify(fd, &after, &is_settled), 0);
	assert_true(file_identity_is_same(&before, &after));
	assert_int_equal(file_identify(other_fd, &after, &is_settled), 0);
	assert_false(file_identity_is_same(&before, &after));
	/* Another length, and a time of modification long ago: it has changed just now all the
	 * same. */
	assert_int_equal(write(fd, "0", 1), 1);
	assert_int_equal(futimens(fd, (struct timespec[2]){ { .tv_sec = 1 }, { .tv_sec = 1 } }), 0);
	assert_int_equal(file_identify(fd, &after, &is_settled), 0);
	assert_false(file_identity_is_same(&before, &after));
	assert_false(is_settled);
	assert_int_equal(file_identify(old_fd, &after, &is_settled), 0);
	assert_true(is_settled);
	assert_int_equal(file_identify(-1, &after, &is_settled), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_or_says_why_not),
		cmocka_unit_test(reads_into_parts_what_is_in_memory),
		cmocka_unit_test(files_and_their_states_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
