#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD_LENGTH strlen("HH:MM:SS.mmm ")

static char folder[] = P_tmpdir "/bootd-log-test-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/log", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int remove_log(void **state)
{
	(void)state;
	log_close();
	return unlink(path);
}

static size_t read_log(char *out, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t length;

	assert_non_null(file);
	length = fread(out, 1, size - 1, file);
	out[length] = '\0';
	assert_int_equal(fclose(file), 0);
	return length;
}

static void lines_have_time_and_level(void **state)
{
	static const char shape[] = "99:99:99.999 ";
	char text[512];
	const char *line = text;

	(void)state;
	assert_int_equal(log_open(LOG_TO_FILE, path, LOG_AT_DEBUG), 0);
	log_write(LOG_AT_CRITICAL, "one");
	log_write(LOG_AT_ERROR, "two %d", 2);
	log_write(LOG_AT_INFO, "three");
	log_write(LOG_AT_DEBUG, "four");
	(void)read_log(text, sizeof(text));
	for (size_t i = 0; i < HEAD_LENGTH; i++)
		assert_int_equal(line[i] >= '0' && line[i] <= '9' ? '9' : line[i], shape[i]);
	assert_true(strncmp(line + HEAD_LENGTH, "critical one\n", 13) == 0);
	line = strchr(line, '\n') + 1;
	assert_true(strncmp(line + HEAD_LENGTH, "error two 2\n", 12) == 0);
	line = strchr(line, '\n') + 1;
	assert_true(strncmp(line + HEAD_LENGTH, "info  three\n", 12) == 0);
	line = strchr(line, '\n') + 1;
	assert_string_equal(line + HEAD_LENGTH, "debug four\n");
}

static void the_level_hides_what_is_below(void **state)
{
	char text[512];

	(void)state;
	assert_int_equal(log_open(LOG_TO_FILE, path, LOG_AT_ERROR), 0);
	assert_true(log_is_shown(LOG_AT_CRITICAL));
	assert_true(log_is_shown(LOG_AT_ERROR));
	assert_false(log_is_shown(LOG_AT_INFO));
	log_write(LOG_AT_INFO, "hidden");
	assert_int_equal(read_log(text, sizeof(text)), 0);
}

static void a_line_is_bounded(void **state)
{
	char text[2048];
	char longest[1500];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(log_open(LOG_TO_FILE, path, LOG_AT_INFO), 0);
	log_write(LOG_AT_INFO, "%s", longest);
	assert_int_equal(read_log(text, sizeof(text)), 1000);
	assert_string_equal(text + 1000 - 5, "x...\n");
	assert_int_equal(strcspn(text, "\n"), 999);
}

static void opening_again_appends(void **state)
{
	char text[512];
	struct stat info;

	(void)state;
	assert_int_equal(log_open(LOG_TO_FILE, path, LOG_AT_INFO), 0);
	log_write(LOG_AT_INFO, "first");
	assert_int_equal(log_open(LOG_TO_FILE, path, LOG_AT_INFO), 0);
	log_write(LOG_AT_INFO, "second");
	(void)read_log(text, sizeof(text));
	assert_non_null(strstr(text, "first\n"));
	assert_non_null(strstr(text, "second\n"));
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & (mode_t)~S_IFMT & (mode_t)~0640, 0);
}

static void a_log_that_cannot_open_keeps_the_old(void **state)
{
	char text[512];

	(void)state;
	assert_int_equal(log_open(LOG_TO_FILE, path, LOG_AT_INFO), 0);
	assert_int_equal(log_open(LOG_TO_FILE, folder, LOG_AT_INFO), -EISDIR);
	assert_int_equal(log_open(LOG_TO_FILE, "/nonexistent/log", LOG_AT_INFO), -ENOENT);
	log_write(LOG_AT_INFO, "still here");
	(void)read_log(text, sizeof(text));
	assert_non_null(strstr(text, "still here\n"));
}

static void nowhere_shows_nothing(void **state)
{
	(void)state;
	assert_int_equal(log_open(LOG_TO_NOWHERE, NULL, LOG_AT_DEBUG), 0);
	assert_false(log_is_shown(LOG_AT_CRITICAL));
	log_write(LOG_AT_CRITICAL, "unseen");
	log_close();
	assert_true(log_is_shown(LOG_AT_INFO));
	assert_false(log_is_shown(LOG_AT_DEBUG));
}

static void standard_error_is_written_to(void **state)
{
	char text[64];
	int old = dup(STDERR_FILENO);
	int ends[2];
	ssize_t length;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	assert_int_equal(log_open(LOG_TO_STDERR, NULL, LOG_AT_INFO), 0);
	log_write(LOG_AT_INFO, "to stderr");
	assert_true(dup2(old, STDERR_FILENO) >= 0);
	length = read(ends[0], text, sizeof(text) - 1);
	assert_true(length > 0);
	text[length] = '\0';
	assert_string_equal(text + HEAD_LENGTH, "info  to stderr\n");
	(void)close(old);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(lines_have_time_and_level, remove_log),
		cmocka_unit_test_teardown(the_level_hides_what_is_below, remove_log),
		cmocka_unit_test_teardown(a_line_is_bounded, remove_log),
		cmocka_unit_test_teardown(opening_again_appends, remove_log),
		cmocka_unit_test_teardown(a_log_that_cannot_open_keeps_the_old, remove_log),
		cmocka_unit_test(nowhere_shows_nothing),
		cmocka_unit_test(standard_error_is_written_to),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
