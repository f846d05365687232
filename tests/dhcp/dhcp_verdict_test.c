#include "dhcp/dhcp_verdict.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/bootd-verdict-XXXXXX";
static char path[128];

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/state/mode", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char name[128];

	(void)state;
	(void)unlink(path);
	(void)snprintf(name, sizeof(name), "%s/state", folder);
	(void)rmdir(name);
	return rmdir(folder);
}

static void a_verdict_is_kept(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(dhcp_verdict_open(path, &fd), 0);
	assert_false(dhcp_verdict_is_proxy(fd));
	assert_int_equal(dhcp_verdict_write(fd, false, "nobody else answered"), 0);
	assert_false(dhcp_verdict_is_proxy(fd));
	assert_int_equal(dhcp_verdict_write(fd, true, "10.0.0.1 gives addresses"), 0);
	assert_true(dhcp_verdict_is_proxy(fd));
	(void)close(fd);

	assert_int_equal(dhcp_verdict_open(path, &fd), 0);
	assert_true(dhcp_verdict_is_proxy(fd));
	assert_int_equal(dhcp_verdict_write(fd, false, "short"), 0);
	assert_false(dhcp_verdict_is_proxy(fd));
	(void)close(fd);
}

static void the_record_is_one_line_of_one_length(void **state)
{
	char why[300];
	struct stat info;
	char text[1024];
	ssize_t length;
	int fd;

	(void)state;
	memset(why, 'x', sizeof(why));
	why[sizeof(why) - 1] = '\0';
	assert_int_equal(dhcp_verdict_open(path, &fd), 0);
	assert_int_equal(dhcp_verdict_write(fd, true, why), 0);
	assert_int_equal(dhcp_verdict_write(fd, true, "short"), 0);
	assert_int_equal(fstat(fd, &info), 0);
	length = pread(fd, text, sizeof(text), 0);
	assert_int_equal(length, info.st_size);
	assert_memory_equal(text, "proxy: short   ", 15);
	assert_ptr_equal(memchr(text, '\n', (size_t)length), text + length - 1);
	(void)close(fd);
}

static void what_is_no_record_is_no_proxy(void **state)
{
	static const char *const texts[] = { "", "prox", "server: x", "PROXY: x", " proxy: x" };
	int fd;

	(void)state;
	assert_int_equal(dhcp_verdict_open(path, &fd), 0);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, texts[i], strlen(texts[i]), 0), strlen(texts[i]));
		assert_false(dhcp_verdict_is_proxy(fd));
	}
	(void)close(fd);
}

static void what_cannot_be_opened(void **state)
{
	char name[128];
	int fd;

	(void)state;
	assert_int_equal(dhcp_verdict_open(folder, &fd), -EISDIR);
	(void)snprintf(name, sizeof(name), "%s/no/such/folder", folder);
	assert_int_equal(dhcp_verdict_open(name, &fd), -ENOENT);
	(void)snprintf(name, sizeof(name), "%s/link", folder);
	assert_int_equal(symlink(path, name), 0);
	assert_int_equal(dhcp_verdict_open(name, &fd), -ELOOP);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(dhcp_verdict_open("/dev/null", &fd), -EINVAL);
}

static void a_disk_that_is_full_is_told(void **state)
{
	FILE *full = fopen("/dev/full", "we");

	(void)state;
	assert_non_null(full);
	assert_int_equal(dhcp_verdict_write(fileno(full), true, "x"), -ENOSPC);
	(void)fclose(full);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_verdict_is_kept),
		cmocka_unit_test(the_record_is_one_line_of_one_length),
		cmocka_unit_test(what_is_no_record_is_no_proxy),
		cmocka_unit_test(what_cannot_be_opened),
		cmocka_unit_test(a_disk_that_is_full_is_told),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
