#include "tftp/tftp_chunks.h"

#include "base/cleanup.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE     1000
#define PIECES    600 /* more than there is room for */
#define FILE_SIZE ((size_t)PIECE * PIECES)

static uint8_t byte_at(size_t offset)
{
	return (uint8_t)(offset * 31 + offset / PIECE);
}

static int make_file(void)
{
	static uint8_t content[FILE_SIZE];
	int fd = memfd_create("file", MFD_CLOEXEC);

	for (size_t i = 0; i < FILE_SIZE; i++)
		content[i] = byte_at(i);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, FILE_SIZE), FILE_SIZE);
	return fd;
}

/* As if the file had been there for long. Its time of change cannot be set. */
static struct tftp_chunk_file open_settled(struct tftp_chunks *chunks, int fd)
{
	struct tftp_chunk_file file;

	assert_int_equal(tftp_chunks_open(chunks, fd, &file), 0);
	file.hash -= file.reader;
	file.reader = 0;
	return file;
}

static bool is_there(struct tftp_chunks *chunks, const struct tftp_chunk_file *file, size_t piece)
{
	const uint8_t *bytes = tftp_chunks_get(chunks, file, piece * PIECE, PIECE);

	for (size_t i = 0; bytes != NULL && i < PIECE; i++)
		assert_int_equal(bytes[i], byte_at(piece * PIECE + i));
	return bytes != NULL;
}

static int set_up(void **state)
{
	*state = tftp_chunks_new();
	return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	tftp_chunks_free(*state);
	return 0;
}

/* What was read once is not read again, which a descriptor that is closed shows. */
static void readers_of_one_file_share_what_is_read(void **state)
{
	CLEANUP(close_fd) int fd = make_file();
	struct tftp_chunk_file first = open_settled(*state, fd);
	struct tftp_chunk_file second = first;

	second.fd = -1;
	assert_true(is_there(*state, &first, 3));
	assert_true(is_there(*state, &second, 3));
	assert_false(is_there(*state, &second, 4));
	assert_null(tftp_chunks_get(*state, &second, 3 * PIECE, PIECE - 1));
	assert_null(tftp_chunks_get(*state, &second, 3 * PIECE + 1, PIECE));
}

static void a_file_that_just_changed_is_read_by_each_reader(void **state)
{
	CLEANUP(close_fd) int fd = make_file();
	struct tftp_chunk_file first;
	struct tftp_chunk_file second;
	const uint8_t *bytes;

	assert_int_equal(tftp_chunks_open(*state, fd, &first), 0);
	assert_int_equal(tftp_chunks_open(*state, fd, &second), 0);
	assert_int_not_equal(first.reader, 0);
	assert_int_not_equal(first.reader, second.reader);
	assert_true(is_there(*state, &first, 0));
	assert_int_equal(pwrite(fd, "new", 3, 0), 3);
	bytes = tftp_chunks_get(*state, &second, 0, PIECE);
	assert_memory_equal(bytes, "new", 3);
	/* The first one's own stay as they were. */
	assert_true(is_there(*state, &first, 0));
}

static void files_are_told_apart_by_their_state(void **state)
{
	CLEANUP(close_fd) int fd = make_file();
	struct tftp_chunk_file file = open_settled(*state, fd);

	assert_true(is_there(*state, &file, 0));
	for (unsigned i = 0; i < 5; i++) {
		struct tftp_chunk_file other = file;
		uint64_t *const members[] = { &other.identity.device, &other.identity.inode,
					      &other.identity.size_bytes,
					      (uint64_t *)&other.identity.modified_ns,
					      (uint64_t *)&other.identity.changed_ns };

		/* Two states may have one hash, too. */
		++*members[i];
		other.fd = -1;
		assert_false(is_there(*state, &other, 0));
		other.fd = fd;
		assert_true(is_there(*state, &other, 0));
	}
}

static void the_oldest_makes_room(void **state)
{
	CLEANUP(close_fd) int fd = make_file();
	struct tftp_chunk_file file = open_settled(*state, fd);
	struct tftp_chunk_file no_file = file;

	no_file.fd = -1;
	/* Each twice, so that it pays. */
	for (size_t i = 0; i < PIECES; i++) {
		assert_true(is_there(*state, &file, i));
		assert_true(is_there(*state, &no_file, i));
	}
	assert_true(is_there(*state, &no_file, PIECES - 100));
	assert_false(is_there(*state, &no_file, 0));
}

/* Where nobody shares, and all of it goes by, no more is read than is asked for. */
static void what_nobody_shares_is_not_kept_for_a_while(void **state)
{
	CLEANUP(close_fd) int fd = make_file();
	struct tftp_chunk_file file = open_settled(*state, fd);
	unsigned kept = 0;
	unsigned calls = 0;

	for (; calls < 10000; calls++)
		kept += is_there(*state, &file, calls % PIECES);
	assert_in_range(kept, 256, calls / 3);
	/* It is tried again. */
	for (; calls < 12000; calls++)
		kept += is_there(*state, &file, calls % 10);
	assert_in_range(kept, 500, calls / 2);
}

static void what_cannot_be_read_is_not_there(void **state)
{
	CLEANUP(close_fd) int fd = make_file();
	struct tftp_chunk_file file = open_settled(*state, fd);

	assert_null(tftp_chunks_get(*state, &file, FILE_SIZE - 10, PIECE));
	assert_true(is_there(*state, &file, PIECES - 1));
	assert_int_equal(tftp_chunks_open(*state, -1, &file), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(readers_of_one_file_share_what_is_read, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_just_changed_is_read_by_each_reader,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(files_are_told_apart_by_their_state, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_oldest_makes_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_shares_is_not_kept_for_a_while, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_not_there, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
