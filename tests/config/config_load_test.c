#include "config/config_load.h"

#include "base/text.h"
#include "config/ini.h"

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

static const struct local_address addresses[] = {
	{ 2, "eth0", { 0xc0a80101 }, 24 },
};

static const struct config_surroundings surroundings = { .addresses = addresses,
							 .address_count = 1 };

static char folder[] = P_tmpdir "/bootd-config-test-XXXXXX";
static char path[64];
static struct config config;
static struct problems problems;

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	return text_format(path, sizeof(path), "%s/bootd.ini", folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	config_done(&config);
	(void)unlink(path);
	return rmdir(folder);
}

static void write_config(const char *text, size_t length)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static bool load(const char *name, enum config_services services)
{
	memset(&problems, 0, sizeof(problems));
	config_done(&config);
	return config_load(name, services, false, &surroundings, &config, &problems);
}

static void assert_refused(const char *name, const char *words)
{
	assert_false(load(name, SERVE_ALL));
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.list[0].file, name);
	assert_int_equal(problems.list[0].line, 0);
	if (strstr(problems.list[0].text, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, problems.list[0].text);
}

static void loads_a_file(void **state)
{
	static const char text[] = "[bootp]\npool_start = 192.168.1.100\n[tftp]\nroot = ./files\n";
	char wanted[128];

	(void)state;
	write_config(text, strlen(text));
	assert_true(load(path, SERVE_ALL));
	assert_int_equal(problems.count, 0);
	assert_string_equal(config.path, path);
	assert_true(text_format(wanted, sizeof(wanted), "%s/files", folder));
	assert_string_equal(config.tftp.root, wanted);
	assert_true(config.has_dhcp && config.has_tftp);
	assert_true(config.subnets.list[0].ranges.list[0].first.value == 0xc0a80164);
}

static void a_relative_path_is_made_absolute(void **state)
{
	static const char text[] = "[bootp]\npool_start = 192.168.1.100\n";

	(void)state;
	write_config(text, strlen(text));
	assert_true(load("bootd.ini", SERVE_ALL));
	assert_string_equal(config.path, path);
}

static void services_choose_what_is_checked(void **state)
{
	static const char text[] = "[tftp]\nroot = files\n";

	(void)state;
	write_config(text, strlen(text));
	assert_true(load(path, SERVE_TFTP_ONLY));
	assert_false(config.has_dhcp);
	assert_true(config.has_tftp);
	assert_false(load(path, SERVE_ALL));
	assert_int_equal(problems.count, 1);
	assert_false(load(path, SERVE_DHCP_ONLY));
	assert_int_equal(problems.count, 1);
	assert_true(config.has_dhcp);
	assert_false(config.has_tftp);
	assert_true(load(path, SERVE_NOTHING));
	assert_false(config.has_dhcp || config.has_tftp || config.has_http);
}

/* A reload reads the second beside the first. */
static void two_configurations_are_apart(void **state)
{
	static const char first[] = "[bootp]\npool_start = 192.168.1.100\naccess = mac\n"
				    "[mac]\nAA-BB-CC/24 = yes\n[filters]\na = b\n";
	static const char second[] = "[bootp]\npool_start = 192.168.1.100\n[filters]\nc = d\n";
	static const char wrong[] = "[filters]\na = b\nc = {d}\n";
	static struct config other;

	(void)state;
	write_config(first, strlen(first));
	assert_true(load(path, SERVE_ALL));
	write_config(second, strlen(second));
	assert_true(config_load(path, SERVE_ALL, false, &surroundings, &other, &problems));
	assert_int_equal(config.mac.count, 1);
	assert_string_equal(config.filters.list[0].pattern, "a");
	assert_string_equal(other.filters.list[0].pattern, "c");
	config_done(&other);
	assert_null(other.filters.list);
	write_config(wrong, strlen(wrong));
	assert_false(config_load(path, SERVE_TFTP_ONLY, false, &surroundings, &other, &problems));
	assert_null(other.filters.list);
	assert_string_equal(config.filters.list[0].replacement, "b");
}

/* The names that pybootd 1.8 used, in a file with all that it knew. */
static void an_old_file_starts(void **state)
{
	static const char text[] =
		"[logger]\ntype = stderr\nlevel = info\n"
		"[bootpd]\naddress = 0.0.0.0\npool_start = 192.168.1.100\npool_count = 5\n"
		"domain = localdomain\nserver_name = old\nlease_time = 86400\naccess = mac\n"
		"allow_simple_dhcp = enable\ndns = 8.8.8.8\nset_gateway = true\n"
		"notify = 192.168.1.2:12345;192.168.1.3:12345\ngateway = 192.168.1.254\n"
		"netmask = 255.255.255.0\n"
		"[bootfile]\ndefault = pxelinux.0\n00000 = pxelinux.0\n00007 = shimx64.efi\n"
		"00009 = shimx64.efi\n"
		"[buggy_clients]\n1C-69-7A/24 = yes\n"
		"[static_dhcp]\n00-AA-55-12-34-57 = 192.168.1.7\n"
		"[mac]\n00-AA-55-12-34-56 = enable\n1C-69-7A/24 = enable\n"
		"[uuid]\n12345678-abcd-ef00-1111-abcdefabcdef = enable\n"
		"[http]\nlocation = 127.0.0.1:13400\npxe = boot\ndhcp = linux\n"
		"always_check = disable\ntimeout = 5\n"
		"[tftpd]\nroot = ./images\nblocksize = 512\ntimeout = 2.0\n"
		"[httpd]\nport = 8000\ncheck_ip = yes\nroot = /tmp\n"
		"[filters]\npxelinux.cfg/* = pybootd/etc/pxe.cfg\negg.info = [{filename}]\n";
	static const char *const warned[] = { "[uuid]", "[http]", "[httpd]" };

	(void)state;
	write_config(text, strlen(text));
	if (!load(path, SERVE_ALL))
		problems_print(&problems, stderr);
	assert_int_equal(problems.count, 0);
	assert_int_equal(problems.warning_count, sizeof(warned) / sizeof(warned[0]));
	for (size_t i = 0; i < problems.warning_count; i++)
		assert_string_equal(problems.warnings[i].key, warned[i]);
	assert_int_equal(config.mac.count, 2);
	assert_int_equal(config.filters.count, 2);
	assert_string_equal(config.bootp.servername, "old");
}

static void warnings_do_not_stop_it(void **state)
{
	static const char text[] = "[httpd]\nport = 8000\n";

	(void)state;
	write_config(text, strlen(text));
	assert_true(load(path, SERVE_TFTP_ONLY));
	assert_int_equal(problems.count, 0);
	assert_int_equal(problems.warning_count, 1);
}

static void http_is_served_where_the_file_or_the_command_line_wants_it(void **state)
{
	static const struct {
		const char *enable;
		enum config_services services;
		bool wants_http, has_http;
	} rows[] = {
		{ "no", SERVE_TFTP_ONLY, false, false }, { "yes", SERVE_TFTP_ONLY, false, false },
		{ "no", SERVE_TFTP_ONLY, true, true },   { "yes", SERVE_ALL, false, true },
		{ "no", SERVE_ALL, false, false },       { "no", SERVE_ALL, true, true },
		{ "no", SERVE_DHCP_ONLY, true, true },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(text, sizeof(text),
			       "[bootp]\npool_start = 192.168.1.100\n[httpd]\nenable = %s\n",
			       rows[i].enable);
		write_config(text, strlen(text));
		memset(&problems, 0, sizeof(problems));
		assert_true(config_load(path, rows[i].services, rows[i].wants_http, &surroundings,
					&config, &problems));
		assert_int_equal(config.has_http, rows[i].has_http);
		config_done(&config);
	}
}

static void earlier_problems_do_not_count(void **state)
{
	static const char text[] = "[bootp]\npool_start = 192.168.1.100\n";

	(void)state;
	write_config(text, strlen(text));
	memset(&problems, 0, sizeof(problems));
	problems_add(&problems, (struct place){ 0 }, "something else");
	assert_true(config_load(path, SERVE_ALL, false, &surroundings, &config, &problems));
	assert_int_equal(problems.count, 1);
}

static void files_that_are_none(void **state)
{
	static char longest[PATH_MAX + 10];
	char fifo[80];

	(void)state;
	assert_refused("missing.ini", "no such file; -c FILE");
	assert_refused("missing/bootd.ini", "no such file");
	assert_refused(folder, "a folder, not a configuration file");
	assert_refused("/dev/null", "not a regular file");
	assert_true(text_format(fifo, sizeof(fifo), "%s/fifo", folder));
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_refused(fifo, "not a regular file");
	assert_int_equal(unlink(fifo), 0);
	memset(longest, 'x', sizeof(longest) - 1);
	assert_false(load(longest, SERVE_ALL));
	assert_int_equal(problems.count, 1);
	assert_non_null(strstr(problems.list[0].text, "too long"));
}

/* Root may read everything, so another user tries. */
static void a_file_that_may_not_be_read(void **state)
{
	uid_t user = geteuid();

	(void)state;
	write_config("", 0);
	assert_int_equal(chmod(path, 0), 0);
	if (user == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_refused(path, "no permission");
	assert_int_equal(seteuid(user), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void a_file_larger_than_16_mib(void **state)
{
	char *text = malloc(INI_FILE_MAX + 100);

	(void)state;
	assert_non_null(text);
	memset(text, '#', INI_FILE_MAX + 100);
	write_config(text, INI_FILE_MAX + 100);
	assert_false(load(path, SERVE_TFTP_ONLY));
	assert_int_equal(problems.count, 1);
	assert_non_null(strstr(problems.list[0].text, "16 MiB"));
	free(text);
}

static void ten_mistakes_are_ten_complaints(void **state)
{
	static const struct {
		const char *line;
		unsigned number; /* 0: this line is no mistake */
		const char *key;
	} lines[] = {
		{ "[logger]\n", 0, "" },
		{ "level = loud\n", 2, "[logger] level" },
		{ "[bootpd]\n", 0, "" },
		{ "port = 0\n", 4, "[bootp] port" },
		{ "pool_start = 192.168.1.0\n", 5, "[bootp] pool_start" },
		{ "pool_size = 3\n", 6, "[bootp] pool_size" },
		{ "netmask = 255.0.255.0\n", 7, "[bootp] netmask" },
		{ "allow_simple_dhcp = perhaps\n", 8, "[bootp] allow_simple_dhcp" },
		{ "[bootfile]\n", 0, "" },
		{ "x65 = a.efi\n", 10, "[bootfile] x65" },
		{ "nonsense\n", 11, "" },
		{ "[tftp]\n", 0, "" },
		{ "timeout = 1\n", 0, "" },
		{ "timeout = 2\n", 14, "[tftp] timeout" },
		{ "[unknown]\n", 15, "[unknown]" },
	};
	char text[1024] = "";
	unsigned mistakes = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		(void)strcat(text, lines[i].line);
	write_config(text, strlen(text));
	assert_false(load(path, SERVE_ALL));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		unsigned found = 0;

		for (size_t p = 0; p < problems.count; p++) {
			const struct problem *problem = &problems.list[p];

			assert_string_equal(problem->file, path);
			found += problem->line == lines[i].number &&
				 strcmp(problem->key, lines[i].key) == 0;
		}
		assert_int_equal(found, lines[i].number != 0);
		mistakes += lines[i].number != 0;
	}
	assert_int_equal(mistakes, 10);
	assert_int_equal(problems.count, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_a_file),
		cmocka_unit_test(a_relative_path_is_made_absolute),
		cmocka_unit_test(services_choose_what_is_checked),
		cmocka_unit_test(two_configurations_are_apart),
		cmocka_unit_test(an_old_file_starts),
		cmocka_unit_test(warnings_do_not_stop_it),
		cmocka_unit_test(http_is_served_where_the_file_or_the_command_line_wants_it),
		cmocka_unit_test(earlier_problems_do_not_count),
		cmocka_unit_test(files_that_are_none),
		cmocka_unit_test(a_file_that_may_not_be_read),
		cmocka_unit_test(a_file_larger_than_16_mib),
		cmocka_unit_test(ten_mistakes_are_ten_complaints),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
