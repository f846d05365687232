/* The file of the leases by three clocks of the test's own, and what it does with what is not its
 * own. */
#include "lease/lease_file.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST   0x0a000001
#define LONGEST 3600

static char folder[100];
static char path[200];
static struct lease_times times;
static struct lease_file *file;
static struct lease_file_report report;
static struct lease found[8];
static size_t found_count;

static int make_folder(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/bootd-file-XXXXXX",
		       base == NULL ? "/tmp" : base);
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/leases.db", folder);
	times = (struct lease_times){ .wall_s = 1700000000, .boot_s = 500, .now_s = 400 };
	return 0;
}

static int remove_folder(void **state)
{
	char command[200];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static struct lease_times clock_of_test(void *context)
{
	(void)context;
	return times;
}

static void on_lease(void *context, const struct lease *lease)
{
	(void)context;
	assert_true(found_count < COUNT_OF(found));
	found[found_count++] = *lease;
}

static int open_in_boot(const char *boot_id)
{
	struct lease_file_settings settings = { .path = path,
						.longest_lease_s = LONGEST,
						.clock = clock_of_test };

	found_count = 0;
	strcpy(settings.boot_id, boot_id);
	return lease_file_open(&settings, on_lease, NULL, &file, &report);
}

static void pass(uint64_t seconds)
{
	times.wall_s += (int64_t)seconds;
	times.boot_s += seconds;
	times.now_s += seconds;
}

static void write_lease(uint32_t number, enum lease_state state, uint64_t expires_s)
{
	struct lease_record record = {
		.lease = { .address = { FIRST + number }, .state = state, .expires_s = expires_s }
	};

	record.lease.mac = mac_of(MACHINE);
	record.lease.owner = lease_identity_of_mac(record.lease.mac);
	assert_int_equal(lease_file_write(file, &record, 1), 0);
}

/* The lease has so much left, or up to four seconds more: never less than was promised. */
static void assert_left(size_t i, uint64_t left_s)
{
	assert_true(i < found_count);
	assert_in_range(found[i].expires_s, times.now_s + left_s, times.now_s + left_s + 4);
}

static void leases_are_read_as_they_were_written(void **state)
{
	(void)state;
	assert_int_equal(open_in_boot("a"), 0);
	assert_int_equal(report.lease_count, 0);
	write_lease(0, LEASE_BOUND, LEASE_FOR_EVER);
	write_lease(1, LEASE_BOUND, times.now_s + 100);
	write_lease(2, LEASE_RELEASED, times.now_s - 50);
	write_lease(3, LEASE_DECLINED, times.now_s + 200);
	lease_file_close(file);
	assert_int_equal(open_in_boot("a"), 0);
	assert_int_equal(report.lease_count, 4);
	/* The one that ended first comes first. */
	assert_int_equal(found[0].address.value, FIRST + 2);
	assert_int_equal(found[0].state, LEASE_RELEASED);
	assert_int_equal(found[1].address.value, FIRST + 1);
	assert_left(1, 100);
	assert_int_equal(found[2].state, LEASE_DECLINED);
	assert_true(found[3].expires_s == LEASE_FOR_EVER);
	assert_true(mac_is_same(found[1].mac, mac_of(MACHINE)));
	lease_file_close(file);
}

static void what_is_gone_is_not_there(void **state)
{
	struct lease_record gone = { .lease.address = { FIRST }, .is_gone = true };

	(void)state;
	assert_int_equal(open_in_boot("a"), 0);
	write_lease(0, LEASE_BOUND, times.now_s + 100);
	assert_int_equal(lease_file_write(file, &gone, 1), 0);
	lease_file_close(file);
	assert_int_equal(open_in_boot("a"), 0);
	assert_int_equal(found_count, 0);
	lease_file_close(file);
}

/* In the same boot the time that passed is known. */
static void a_clock_set_between_two_starts_changes_nothing(void **state)
{
	static const int64_t steps[] = { -1000000, -3, 3, 1000000 };

	(void)state;
	assert_int_equal(open_in_boot("a"), 0);
	write_lease(0, LEASE_BOUND, times.now_s + 1000000);
	lease_file_close(file);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		pass(100);
		times.wall_s += steps[i];
		assert_int_equal(open_in_boot("a"), 0);
		assert_left(0, 1000000 - 100 * (i + 1));
		lease_file_close(file);
	}
}

static void after_a_boot_the_wall_clock_counts(void **state)
{
	(void)state;
	assert_int_equal(open_in_boot("a"), 0);
	write_lease(0, LEASE_BOUND, times.now_s + 1000);
	lease_file_close(file);
	times = (struct lease_times){ .wall_s = times.wall_s + 300, .boot_s = 20, .now_s = 20 };
	assert_int_equal(open_in_boot("b"), 0);
	assert_left(0, 700);
	lease_file_close(file);
}

/* A machine whose clock has no battery begins with the past. */
static void after_a_boot_a_clock_that_went_back_is_no_time_at_all(void **state)
{
	(void)state;
	assert_int_equal(open_in_boot("a"), 0);
	write_lease(0, LEASE_BOUND, times.now_s + 1000);
	lease_file_close(file);
	times = (struct lease_times){ .wall_s = 5, .boot_s = 5, .now_s = 5 };
	assert_int_equal(open_in_boot("b"), 0);
	assert_left(0, 1000);
	/* Then it is set right, and the machine goes down once more. */
	times.wall_s = 1700000500;
	assert_true(lease_file_has_stepped(file));
	assert_int_equal(lease_file_write(file, NULL, 0), 0);
	assert_false(lease_file_has_stepped(file));
	lease_file_close(file);
	times = (struct lease_times){ .wall_s = 1700000600, .boot_s = 5, .now_s = 5 };
	assert_int_equal(open_in_boot("c"), 0);
	assert_left(0, 900);
	lease_file_close(file);
}

static void small_steps_add_up(void **state)
{
	(void)state;
	assert_int_equal(open_in_boot("a"), 0);
	write_lease(0, LEASE_BOUND, times.now_s + 1000);
	for (unsigned i = 0; i < 100; i++) {
		times.wall_s++;
		assert_int_equal(lease_file_write(file, NULL, 0), 0);
	}
	lease_file_close(file);
	times.boot_s = 1;
	times.now_s = 1;
	assert_int_equal(open_in_boot("b"), 0);
	assert_left(0, 998);
	lease_file_close(file);
}

static void spoil(size_t at, size_t length)
{
	int fd = open(path, O_WRONLY);
	char byte = 'x';

	assert_true(fd >= 0);
	for (size_t i = 0; i < length; i++)
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)(at + i)), 1);
	assert_int_equal(close(fd), 0);
}

static void a_damaged_file_is_remembered_as_long_as_its_longest_lease(void **state)
{
	struct stat info;

	(void)state;
	assert_int_equal(open_in_boot("a"), 0);
	write_lease(0, LEASE_BOUND, times.now_s + 2 * LONGEST);
	lease_file_close(file);
	spoil(0, 64); /* not even the header */
	assert_int_equal(open_in_boot("a"), 0);
	assert_true(report.was_damaged);
	assert_int_equal(stat(report.damaged_path, &info), 0);
	assert_int_equal(report.lease_count, 0);
	assert_in_range(report.lost_until_s, times.now_s + LONGEST, times.now_s + LONGEST + 4);
	lease_file_close(file);
	pass(100);
	assert_int_equal(open_in_boot("a"), 0);
	assert_false(report.was_damaged);
	assert_in_range(report.lost_until_s, times.now_s + LONGEST - 100,
			times.now_s + LONGEST - 96);
	lease_file_close(file);
	pass(LONGEST);
	assert_int_equal(open_in_boot("a"), 0);
	assert_int_equal(report.lost_until_s, 0);
	lease_file_close(file);
}

/* Killed between setting one file aside and filling the other: the new one may look whole. */
static void a_recovery_that_was_cut_short_is_begun_again(void **state)
{
	char mark[300];
	int fd;

	(void)state;
	assert_int_equal(open_in_boot("a"), 0);
	write_lease(0, LEASE_BOUND, times.now_s + 100);
	lease_file_close(file);
	(void)snprintf(mark, sizeof(mark), "%s.recovering", path);
	fd = open(mark, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(open_in_boot("a"), 0);
	assert_true(report.was_damaged);
	assert_int_equal(report.lease_count, 1);
	assert_left(0, 100);
	assert_true(report.lost_until_s > times.now_s);
	assert_int_equal(access(mark, F_OK), -1);
	lease_file_close(file);
}

static void write_file(const char *name, const char *text)
{
	FILE *out = fopen(name, "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void an_empty_file_is_a_new_one(void **state)
{
	(void)state;
	write_file(path, "");
	assert_int_equal(open_in_boot("a"), 0);
	assert_false(report.was_damaged);
	assert_int_equal(report.lost_until_s, 0);
	lease_file_close(file);
}

/* Cut to nothing beside its log. Whatever made it so, the next start is none to fail. */
static void an_empty_file_beside_a_log_is_a_damaged_one(void **state)
{
	char log[PATH_MAX + 8];
	struct stat info;

	(void)state;
	write_file(path, "");
	(void)snprintf(log, sizeof(log), "%s-wal", path);
	write_file(log, "a log");
	assert_int_equal(open_in_boot("a"), 0);
	assert_true(report.was_damaged);
	assert_int_equal(report.lease_count, 0);
	assert_in_range(report.lost_until_s, times.now_s + LONGEST, times.now_s + LONGEST + 4);
	/* The log is kept with it. */
	(void)snprintf(log, sizeof(log), "%s-wal", report.damaged_path);
	assert_int_equal(stat(report.damaged_path, &info), 0);
	assert_int_equal(stat(log, &info), 0);
	assert_int_equal(info.st_size, strlen("a log"));
	write_lease(0, LEASE_BOUND, times.now_s + 100);
	lease_file_close(file);
	assert_int_equal(open_in_boot("a"), 0);
	assert_false(report.was_damaged);
	assert_left(0, 100);
	assert_in_range(report.lost_until_s, times.now_s + LONGEST, times.now_s + LONGEST + 4);
	lease_file_close(file);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(leases_are_read_as_they_were_written),
		IN_FOLDER(what_is_gone_is_not_there),
		IN_FOLDER(a_clock_set_between_two_starts_changes_nothing),
		IN_FOLDER(after_a_boot_the_wall_clock_counts),
		IN_FOLDER(after_a_boot_a_clock_that_went_back_is_no_time_at_all),
		IN_FOLDER(small_steps_add_up),
		IN_FOLDER(a_damaged_file_is_remembered_as_long_as_its_longest_lease),
		IN_FOLDER(a_recovery_that_was_cut_short_is_begun_again),
		IN_FOLDER(an_empty_file_is_a_new_one),
		IN_FOLDER(an_empty_file_beside_a_log_is_a_damaged_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
