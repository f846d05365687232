/* The files are the test's own: it hides /etc and /run behind empty folders that only it sees. */
#include "io/resolvers.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define ETC     "/etc/resolv.conf"
#define SYSTEMD "/run/systemd/resolve/resolv.conf"
#define MOST    4

static bool has_files;

static int hide_files(void **state)
{
	(void)state;
	has_files = unshare(CLONE_NEWNS) == 0 &&
		    mount("none", "/", "none", MS_REC | MS_PRIVATE, "") == 0 &&
		    mount("none", "/etc", "tmpfs", 0, "") == 0 &&
		    mount("none", "/run", "tmpfs", 0, "") == 0 &&
		    mkdir("/run/systemd", 0755) == 0 && mkdir("/run/systemd/resolve", 0755) == 0;
	if (!has_files)
		print_message("no files of its own may be mounted here: tests are skipped\n");
	return 0;
}

static void put_file(const char *path, const char *text)
{
	FILE *file;

	(void)unlink(path);
	if (text == NULL)
		return;
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The servers as one text: "192.0.2.1 192.0.2.2 ". */
static void assert_list(const char *expected, size_t capacity)
{
	struct ip4 list[MOST];
	size_t count = resolvers_list(list, capacity);
	char text[MOST * 17] = "";

	assert_true(count <= capacity);
	for (size_t i = 0; i < count; i++) {
		strcat(text, ip4_format(list[i]).text);
		strcat(text, " ");
	}
	assert_string_equal(text, expected);
}

static const struct {
	const char *what;
	const char *etc; /* NULL: the file is not there */
	const char *systemd;
	const char *expected;
} rows[] = {
	/* clang-format off */
	{ "no file at all", NULL, NULL, "" },
	{ "an empty file", "", NULL, "" },
	{ "one server", "nameserver 192.0.2.1\n", NULL, "192.0.2.1 " },
	{ "several, in their order", "nameserver 192.0.2.2\nnameserver 192.0.2.1\n", NULL,
	  "192.0.2.2 192.0.2.1 " },
	{ "a line without its end", "nameserver 192.0.2.1", NULL, "192.0.2.1 " },
	{ "tabs, blanks and the other kind of line end", "nameserver\t \t192.0.2.1 \t\r\n", NULL,
	  "192.0.2.1 " },
	{ "comments", "# nameserver 192.0.2.9\n;nameserver 192.0.2.9\nnameserver 192.0.2.1 # it\n"
	  "nameserver 192.0.2.2;it\n", NULL, "192.0.2.1 192.0.2.2 " },
	{ "other lines", "search example.net\noptions edns0\nnameserver 192.0.2.1\ndomain a\n", NULL,
	  "192.0.2.1 " },
	{ "what only looks like one", "nameservers 192.0.2.9\nnameserver\nnameserver192.0.2.9\n"
	  "name 192.0.2.9\nnameserver 192.0.2\nnameserver example.net\nnameserver 192.0.2.9x\n",
	  NULL, "" },
	{ "IPv6", "nameserver 2001:db8::1\nnameserver fe80::1%eth0\nnameserver 192.0.2.1\n", NULL,
	  "192.0.2.1 " },
	{ "systemd's stub alone", "nameserver 127.0.0.53\noptions trust-ad\n",
	  "nameserver 192.0.2.7\nnameserver 192.0.2.8\n", "192.0.2.7 192.0.2.8 " },
	{ "systemd's file where there is no other", NULL, "nameserver 192.0.2.7\n", "192.0.2.7 " },
	{ "a server beside systemd's: that one counts", "nameserver 192.0.2.1\n",
	  "nameserver 192.0.2.7\n", "192.0.2.1 " },
	{ "a stub and nothing behind it", "nameserver 127.0.0.53\n", NULL, "" },
	{ "a stub and an empty file behind it", "nameserver 127.0.0.1\n", "", "" },
	{ "more than are asked for", "nameserver 192.0.2.1\nnameserver 192.0.2.2\n"
	  "nameserver 192.0.2.3\nnameserver 192.0.2.4\nnameserver 192.0.2.5\n", NULL,
	  "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 " },
	/* clang-format on */
};

static void reads_the_systems_servers(void **state)
{
	(void)state;
	if (!has_files)
		skip();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		print_message("%s\n", rows[i].what);
		put_file(ETC, rows[i].etc);
		put_file(SYSTEMD, rows[i].systemd);
		assert_list(rows[i].expected, MOST);
	}
}

static void keeps_to_the_capacity(void **state)
{
	(void)state;
	if (!has_files)
		skip();
	put_file(ETC, "nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
	put_file(SYSTEMD, NULL);
	assert_list("192.0.2.1 ", 1);
	assert_list("", 0);
}

static void a_line_without_bounds_does_no_harm(void **state)
{
	FILE *file;

	(void)state;
	if (!has_files)
		skip();
	put_file(SYSTEMD, NULL);
	file = fopen(ETC, "we");
	assert_non_null(file);
	for (int i = 0; i < 100000; i++)
		(void)fputs("nameserver ", file);
	assert_int_equal(fclose(file), 0);
	assert_list("", MOST);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_systems_servers),
		cmocka_unit_test(keeps_to_the_capacity),
		cmocka_unit_test(a_line_without_bounds_does_no_harm),
	};

	return cmocka_run_group_tests(tests, hide_files, NULL);
}
