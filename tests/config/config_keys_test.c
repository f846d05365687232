#include "config/config_keys.h"

#include "base/text.h"
#include "config/checked.h"
#include "config/config_apply.h"
#include "config/config_option.h"
#include "config/ini.h"
#include "dhcp/iana_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct checking usual = { .surroundings = NULL };

static const char *text_of_line(const char *section, const char *line)
{
	static char text[INI_LINE_MAX + 100];

	assert_true(text_format(text, sizeof(text), "[%s]\n%s\n", section, line));
	return text;
}

static void assert_line_accepted(const char *section, const char *line)
{
	assert_accepted(text_of_line(section, line));
}

/* The line is the section's only one. */
static void assert_line_refused(const char *section, const char *line, const char *words)
{
	char key[64];
	size_t length = strcspn(line, " =");

	assert_true(text_format(key, sizeof(key), "[%s] %.*s", section, (int)length, line));
	assert_refused(text_of_line(section, line), 2, key, words);
}

static void defaults(void **state)
{
	(void)state;
	assert_accepted("");
	assert_int_equal(config.logger.type, LOG_TO_STDERR);
	assert_int_equal(config.logger.level, LOG_AT_INFO);
	assert_string_equal(config.logger.file, "");
	assert_int_equal(config.bootp.address.kind, SELECT_ALL);
	assert_int_equal(config.bootp.port, 67);
	assert_false(ip4_is_set(config.bootp.pool_start));
	assert_int_equal(config.bootp.pool_count, POOL_COUNT_NOT_GIVEN);
	assert_false(config.bootp.may_serve_simple_dhcp);
	assert_string_equal(config.bootp.boot_file, "");
	assert_int_equal(config.bootp.dns_count, 0);
	assert_false(config.bootp.is_dns_auto);
	assert_int_equal(config.bootp.lease_time_s, 86400);
	assert_int_equal(config.bootfile.count, 0);
	assert_string_equal(config.bootfile.fallback, "");
	assert_int_equal(config.tftp.address.kind, SELECT_ALL);
	assert_int_equal(config.tftp.port, 69);
	assert_int_equal(config.tftp.block_size_max, 65464);
	assert_int_equal(config.tftp.timeout_ms, 1000);
	assert_int_equal(config.tftp.transfers_max, 4096);
	assert_string_equal(config.tftp.root, "/srv/tftp");
	assert_string_equal(config.tftp.ca_file, "");
	assert_int_equal(config.tftp.symlinks, SYMLINKS_BENEATH);
	assert_string_equal(config.cache.directory, "/var/cache/bootd");
	assert_int_equal(config.cache.size_mib, 10240);
	assert_int_equal(config.cache.memory_mib, 256);
	assert_int_equal(config.cache.revalidate_after_s, 60);
	assert_false(config.cache.is_offline);
	assert_int_equal(config.cache.connect_timeout_ms, 5000);
	assert_int_equal(config.cache.stall_timeout_s, 30);
	assert_int_equal(config.cache.redirects_max, 4);
	assert_int_equal(config.cache.file_size_max_mib, 16384);
	assert_int_equal(config.cache.downloads_max, 16);
	assert_int_equal(config.cache.remember_missing_s, 5);
	assert_int_equal(config.bootp.access, ACCESS_OPEN);
	assert_true(config.bootp.may_unknown_read_files);
	assert_true(config.bootp.tells_gateway);
	assert_int_equal(config.bootp.notify_count, 0);
	assert_int_equal(config.bootp.authority_timeout_ms, 5000);
	assert_int_equal(config.authority.timeout_ms, 0);
	assert_false(config.authority.always_checks);
	assert_string_equal(config.authority.location, "");
	assert_string_equal(config.daemon.user, "bootd");
}

static void every_key_is_taken_where_it_belongs(void **state)
{
	(void)state;
	assert_accepted("[logger]\ntype = file ; to a file\nlevel = DEBUG\nfile = log/bootd.log\n"
			"[bootpd]\naddress = eth0\nport = 6700\npool_start = 10.0.0.5 # first\n"
			"POOL_COUNT = 7\nallow_simple_dhcp = enable\nboot_file = a b.0\n"
			"domain = example.org\ndns = 8.8.8.8;8.8.4.4\ngateway = 10.0.0.1\n"
			"netmask = 255.0.0.0\nlease_time = 2h\nservername = one\n"
			"[bootfile]\nx64-uefi = x.efi ; sixty-four\n11 = arm.efi\ndefault = other\n"
			"[tftpd]\naddress = 10.0.0.0\nport : 6900\nblocksize = 512\ntimeout = "
			"0.5\nmax_window = 9\nrollover = 1\nworkers = 3\nrefuse = timeout\n"
			"single_port = yes\nport_range = 2000-2100\nmax_client_transfers = 7\n"
			"root = files\nsymlinks = follow\nmax_transfers = 65536\n");
	assert_int_equal(config.logger.type, LOG_TO_FILE);
	assert_int_equal(config.logger.level, LOG_AT_DEBUG);
	assert_string_equal(config.logger.file, "/etc/bootd/log/bootd.log");
	assert_int_equal(config.bootp.address.kind, SELECT_INTERFACE);
	assert_string_equal(config.bootp.address.name, "eth0");
	assert_int_equal(config.bootp.port, 6700);
	assert_true(config.bootp.pool_start.value == 0x0a000005);
	assert_int_equal(config.bootp.pool_count, 7);
	assert_true(config.bootp.may_serve_simple_dhcp);
	assert_string_equal(config.bootp.boot_file, "a b.0");
	assert_string_equal(config.bootp.domain, "example.org");
	assert_int_equal(config.bootp.dns_count, 2);
	assert_true(config.bootp.dns[1].value == 0x08080404);
	assert_true(config.bootp.gateway.value == 0x0a000001);
	assert_true(config.bootp.netmask.value == 0xff000000);
	assert_int_equal(config.bootp.lease_time_s, 7200);
	assert_string_equal(config.bootp.servername, "one");
	assert_int_equal(config.bootfile.count, 2);
	assert_int_equal(config.bootfile.list[0].architecture, 7);
	assert_string_equal(config.bootfile.list[0].file, "x.efi");
	assert_int_equal(config.bootfile.list[1].architecture, 11);
	assert_string_equal(config.bootfile.list[1].file, "arm.efi");
	assert_string_equal(config.bootfile.fallback, "other");
	assert_int_equal(config.tftp.address.kind, SELECT_ADDRESS);
	assert_int_equal(config.tftp.port, 6900);
	assert_int_equal(config.tftp.block_size_max, 512);
	assert_int_equal(config.tftp.window_max, 9);
	assert_int_equal(config.tftp.rollover, 1);
	assert_int_equal(config.tftp.worker_count, 3);
	assert_int_equal(config.tftp.refused, 2);
	assert_true(config.tftp.uses_single_port);
	assert_int_equal(config.tftp.port_range.first, 2000);
	assert_int_equal(config.tftp.port_range.last, 2100);
	assert_int_equal(config.tftp.client_transfers_max, 7);
	assert_int_equal(config.tftp.timeout_ms, 500);
	assert_string_equal(config.tftp.root, "/etc/bootd/files");
	assert_int_equal(config.tftp.symlinks, SYMLINKS_FOLLOW);
	assert_int_equal(config.tftp.transfers_max, 65536);
}

static void every_key_of_access_is_taken(void **state)
{
	(void)state;
	assert_accepted(
		"[logger]\ntype = syslog\n[bootp]\nACCESS = HTTP ; asked\naccess_files = known\n"
		"notify = 192.168.1.2:12345;192.168.1.3:1\ntimeout = 2.5\nset_gateway = no\n"
		"server_name = two\npool_count = 0\n"
		"[http]\nlocation = 127.0.0.1:13400/\npxe = boot\ndhcp = /linux\ntimeout = 7\n"
		"always_check = yes\n[daemon]\nuser = nobody\n");
	assert_int_equal(config.logger.type, LOG_TO_SYSLOG);
	assert_int_equal(config.bootp.access, ACCESS_BY_HTTP);
	assert_false(config.bootp.may_unknown_read_files);
	assert_int_equal(config.bootp.notify_count, 2);
	assert_true(config.bootp.notify[0].address.value == 0xc0a80102);
	assert_int_equal(config.bootp.notify[0].port, 12345);
	assert_int_equal(config.bootp.notify[1].port, 1);
	assert_int_equal(config.bootp.authority_timeout_ms, 2500);
	assert_false(config.bootp.tells_gateway);
	assert_string_equal(config.bootp.servername, "two");
	assert_string_equal(config.authority.location, "http://127.0.0.1:13400");
	assert_string_equal(config.authority.pxe_path, "/boot");
	assert_string_equal(config.authority.dhcp_path, "/linux");
	assert_int_equal(config.authority.timeout_ms, 7000);
	assert_true(config.authority.always_checks);
	assert_string_equal(config.daemon.user, "nobody");
	check_text("[bootp]\naccess = mac\naccess_files = any\n");
	assert_int_equal(config.bootp.access, ACCESS_BY_MAC);
	assert_true(config.bootp.may_unknown_read_files);
	check_text("[bootp]\naccess = UUID\n");
	assert_int_equal(config.bootp.access, ACCESS_BY_UUID);
}

static void a_key_has_one_spelling_at_a_time(void **state)
{
	(void)state;
	check_text("[bootp]\nserver_name = a\nservername = b\n");
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.list[0].line, 2);
	assert_string_equal(problems.list[0].key, "[bootp] server_name");
	assert_non_null(
		strstr(problems.list[0].text, "line 3 has this key already, as servername"));
}

static void ranges_end_where_they_say(void **state)
{
	static const struct {
		const char *section;
		const char *inside[2];
		const char *outside[2];
		const char *words;
	} cases[] = {
		{ "bootp",
		  { "port = 1", "port = 65534" },
		  { "port = 0", "port = 65535" },
		  "a whole number from 1 to 65534" },
		{ "tftp",
		  { "port = 1", "port = 65535" },
		  { "port = 0", "port = 65536" },
		  "a whole number from 1 to 65535" },
		{ "bootp",
		  { "pool_count = 0", "pool_count = 1048576" },
		  { "pool_count = -1", "pool_count = 1048577" },
		  "from 0 to 1048576 addresses" },
		{ "bootp",
		  { "timeout = 0.1", "timeout = 300" },
		  { "timeout = 0.099", "timeout = 300.001" },
		  "from 0.1 to 300 seconds" },
		{ "http",
		  { "timeout = 0.1", "timeout = 300" },
		  { "timeout = 0", "timeout = 301" },
		  "from 0.1 to 300 seconds" },
		{ "bootp",
		  { "lease_time = 10", "lease_time = 3650d" },
		  { "lease_time = 9", "lease_time = 3651d" },
		  "from 10 to 315360000 seconds" },
		{ "tftp",
		  { "blocksize = 8", "blocksize = 65464" },
		  { "blocksize = 7", "blocksize = 65465" },
		  "from 8 to 65464 bytes" },
		{ "tftp",
		  { "max_window = 1", "max_window = 4096" },
		  { "max_window = 0", "max_window = 4097" },
		  "from 1 to 4096 blocks" },
		{ "tftp",
		  { "rollover = 0", "rollover = 1" },
		  { "rollover = 2", "rollover = -1" },
		  "from 0 to 1" },
		{ "tftp",
		  { "timeout = 0.05", "timeout = 60" },
		  { "timeout = 0.049", "timeout = 60.001" },
		  "from 0.05 to 60 seconds" },
		{ "tftp",
		  { "max_client_transfers = 0", "max_client_transfers = 65536" },
		  { "max_client_transfers = -1", "max_client_transfers = 65537" },
		  "from 0 to 65536 transfers" },
		{ "tftp",
		  { "workers = 1", "workers = 64" },
		  { "workers = 0", "workers = 65" },
		  "from 1 to 64 workers" },
		{ "tftp",
		  { "refuse = tsize", "refuse = windowsize BLKSIZE" },
		  { "refuse = size", "refuse = blksize=512" },
		  "no list of options with blanks between them" },
		{ "tftp",
		  { "port_range = 1-65535", "port_range = 2000-2000" },
		  { "port_range = 2001-2000", "port_range = 0-65536" },
		  "no range of ports such as 50000-50099" },
		{ "tftp",
		  { "max_transfers = 1", "max_transfers = 65536" },
		  { "max_transfers = 0", "max_transfers = 65537" },
		  "from 1 to 65536 transfers" },
		{ "cache",
		  { "size = 0", "size = 16777216" },
		  { "size = -1", "size = 16777217" },
		  "from 0 to 16777216 MiB" },
		{ "cache",
		  { "memory = 0", "memory = 1048576" },
		  { "memory = 1G", "memory = 1048577" },
		  "from 0 to 1048576 MiB" },
		{ "cache",
		  { "revalidate_after = 0", "revalidate_after = 3650d" },
		  { "revalidate_after = never", "revalidate_after = 3651d" },
		  "from 0 to 315360000 seconds" },
		{ "cache",
		  { "connect_timeout = 0.1", "connect_timeout = 300" },
		  { "connect_timeout = 0.09", "connect_timeout = 300.1" },
		  "from 0.1 to 300 seconds" },
		{ "cache",
		  { "stall_timeout = 1", "stall_timeout = 1h" },
		  { "stall_timeout = 0", "stall_timeout = 3601" },
		  "from 1 to 3600 seconds" },
		{ "cache",
		  { "max_redirects = 0", "max_redirects = 20" },
		  { "max_redirects = -1", "max_redirects = 21" },
		  "from 0 to 20" },
		{ "cache",
		  { "max_file_size = 1", "max_file_size = 16777216" },
		  { "max_file_size = 0", "max_file_size = 16777217" },
		  "from 1 to 16777216 MiB" },
		{ "cache",
		  { "max_downloads = 1", "max_downloads = 256" },
		  { "max_downloads = 0", "max_downloads = 257" },
		  "from 1 to 256 downloads" },
		{ "cache",
		  { "remember_missing = 0", "remember_missing = 60m" },
		  { "remember_missing = 1x", "remember_missing = 61m" },
		  "from 0 to 3600 seconds" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t side = 0; side < 2; side++) {
			assert_line_accepted(cases[i].section, cases[i].inside[side]);
			assert_line_refused(cases[i].section, cases[i].outside[side],
					    cases[i].words);
		}
	}
}

static void what_is_no_value_is_refused(void **state)
{
	(void)state;
	assert_line_refused("logger", "type = winlog", "none of: stderr, file, none, syslog");
	assert_line_refused("bootp", "access = all", "none of: none, mac, uuid, http");
	assert_line_refused("bootp", "access_files = none", "none of: known, any");
	assert_line_refused("bootp", "notify = 192.168.1.2", "such as 192.168.1.2:12345");
	assert_line_refused("bootp", "notify = 192.168.1.2:1 ; me", "line of its own");
	assert_line_refused("http", "location = ftp://host", "no URL");
	assert_line_refused("http", "pxe = /boot?x=1", "no path");
	assert_line_refused("daemon", "user = two words", "without blanks");
	assert_line_refused("logger", "level = info,debug", "critical, error, info, debug");
	assert_line_refused("bootp", "port = 67x", "\"67x\" is not a whole number");
	assert_line_refused("bootp", "allow_simple_dhcp = maybe", "neither yes nor no");
	assert_line_refused("bootp", "pool_start = 192.168.1", "no address");
	assert_line_refused("bootp", "gateway = 0.0.0.0", "no address");
	assert_line_refused("bootp", "address = 10.0.0.0/8", "nor an interface's name");
	assert_line_refused("bootp", "dns = 8.8.8.8 ; Google", "line of its own");
	assert_line_refused("bootp", "lease_time = 1 week", "12h");
	assert_line_refused("bootp", "domain = a_b", "no domain");
	assert_line_refused("bootp", "servername = two words", "without blanks");
	assert_line_refused("bootp", "boot_file = a\tb", "control characters");
	assert_line_refused("tftp", "timeout = 1m", "0.5");
	assert_line_refused("tftp", "symlinks = yes", "none of: beneath, follow");
	assert_line_refused("tftp", "root = http://host/debian?x",
			    "no URL of http or https such as");
	assert_line_refused("tftp", "root = https://me:secret@/debian",
			    "no URL of http or https such as");
	assert_null(strstr(problems.list[0].text, "secret"));
	assert_line_refused("tftp", "root = ftp://host/debian", "http or https");
	assert_line_refused("tftp", "ca_file = https://host/ca.pem", "a path is needed");
	assert_line_refused("cache", "directory = http://host/cache", "a path is needed");
	assert_line_refused("bootp", "port = \x1b[31m", "\"\\x1b[31m\"");
}

static void a_root_may_be_a_url(void **state)
{
	(void)state;
	assert_line_accepted("tftp", "root = http://host/debian/ ; a mirror");
	assert_string_equal(config.tftp.root, "http://host/debian/");
	assert_line_accepted("tftp", "root = HTTPS://me:secret@host:8443/a%20b");
	assert_string_equal(config.tftp.root, "HTTPS://me:secret@host:8443/a%20b");
	assert_line_accepted("tftp", "root = ./http");
	assert_string_equal(config.tftp.root, "/etc/bootd/http");
}

static void texts_end_where_the_packet_ends(void **state)
{
	static const struct {
		const char *section;
		const char *key;
		int length;
	} cases[] = {
		{ "bootp", "boot_file", 127 }, { "bootp", "servername", 63 },
		{ "bootp", "domain", 253 },    { "bootfile", "default", 127 },
		{ "bootfile", "7", 127 },
	};
	static char longest[300];
	char line[400];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(text_format(line, sizeof(line), "%s = %.*s", cases[i].key,
					cases[i].length, longest));
		assert_line_accepted(cases[i].section, line);
		assert_true(text_format(line, sizeof(line), "%s = %.*s", cases[i].key,
					cases[i].length + 1, longest));
		assert_line_refused(cases[i].section, line, "too long");
	}
}

static void nothing_is_a_value_only_without_a_default(void **state)
{
	(void)state;
	assert_line_accepted("bootp", "boot_file =");
	assert_line_accepted("bootp", "dns = ; none");
	assert_int_equal(config.bootp.dns_count, 0);
	assert_line_accepted("bootp", "pool_start = # none");
	assert_line_refused("bootp", "port =", "without this line it is 67");
	assert_line_refused("tftp", "timeout = ; later", "without this line it is 1");
	assert_line_refused("bootfile", "default =", "no file name");
	assert_line_refused("bootfile", "7 = # none", "no file name");
}

static void what_is_unknown_is_refused(void **state)
{
	(void)state;
	assert_line_refused("tftp", "folder = /", "this section has: address, port, blocksize");
	assert_line_refused("tftp", "rooot = /", "no such key; did you mean root?");
	assert_line_refused("bootp", "pool_strat = 10.0.0.1", "did you mean pool_start?");
	assert_line_refused("logger", "root = /", "no such key; it is one of [tftp]");
	assert_line_refused("bootfile", "x64 = a.efi", "no architecture: give a number");
	assert_line_refused("bootfile", "65536 = a.efi", "no architecture");
	assert_line_refused("bootfile", "x64_uefi = a.efi", "did you mean x64-uefi?");
	assert_line_refused("bootfile", "defualt = a.efi", "did you mean default?");
	check_text("\n[Filter]\na = b\nc = d\n");
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.list[0].line, 2);
	assert_string_equal(problems.list[0].key, "[filter]");
	assert_non_null(strstr(problems.list[0].text, "no such section; did you mean filters?"));
	check_text("[machines]\n");
	assert_non_null(strstr(problems.list[0].text, "there are: logger, bootp, bootfile, "));
}

static void pybootds_section_for_http_is_taken(void **state)
{
	(void)state;
	check_text("[logger]\n[httpd]\naddress = 127.0.0.1\nport = 8000\ncheck_ip = yes\n"
		   "root = /tmp\n");
	assert_int_equal(problems.count + problems.warning_count, 0);
	assert_int_equal(config.httpd.port, 8000);
	assert_true(config.httpd.checks_ip);
	assert_string_equal(config.httpd.root, "/tmp");
	assert_false(config.httpd.is_enabled);
}

static void an_architecture_has_one_row(void **state)
{
	char text[2048] = "[bootfile]\n";

	(void)state;
	check_text("[bootfile]\nx64-uefi = a\n7 = b\n");
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.list[0].line, 3);
	assert_non_null(strstr(problems.list[0].text, "architecture 7"));
	for (int i = 0; i <= CONFIG_BOOTFILE_MAX; i++) {
		size_t length = strlen(text);

		assert_true(text_format(text + length, sizeof(text) - length, "%d = a\n", i));
	}
	check_text(text);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.list[0].line, CONFIG_BOOTFILE_MAX + 2);
	assert_int_equal(config.bootfile.count, CONFIG_BOOTFILE_MAX);
}

static void rows_of_the_table_are_whole(void **state)
{
	const struct config_key *key;
	size_t count = 0;

	(void)state;
	for (; (key = config_key_at(count)) != NULL; count++) {
		assert_ptr_equal(config_key_find(key->section, key->name), key);
		assert_true(key->size > 0 && key->offset + key->size <= sizeof(struct config));
		assert_true(key->help[0] != '\0');
		assert_true(key->least <= key->most);
		assert_int_equal(key->type == VALUE_WORD, key->words != NULL);
	}
	assert_true(count > 20);
	assert_string_equal(config_kind_of("subnet a"), "subnet");
	assert_string_equal(config_kind_of("subnet"), "subnet");
	assert_string_equal(config_kind_of("subnets a"), "subnets a");
	assert_string_equal(config_kind_of("bootp a"), "bootp a");
	assert_string_equal(config_kind_of("host a b"), "host");
	assert_ptr_equal(config_key_find("host", "Option.x"), config_key_find("host", "option.y"));
	assert_null(config_key_find("tftp", "option.ntp-servers"));
	assert_null(config_key_find("tftp", "pool_start"));
	assert_ptr_equal(config_key_find("BOOTP", "Server_Name"),
			 config_key_find("bootp", "servername"));
	assert_null(config_key_find("tftp", "server_name"));
	for (size_t i = 0; i < count; i++)
		assert_true(config_is_section(config_key_at(i)->section));
}

/* The sample with its commented keys active: every ; before a key is taken away. */
static char *read_sample(void)
{
	FILE *file = fopen(SOURCE_ROOT "/etc/bootd.ini", "re");
	char *text = calloc(1, INI_FILE_MAX);
	char line[INI_LINE_MAX];
	size_t used = 0;

	assert_non_null(file);
	assert_non_null(text);
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *start = line[0] == ';' ? line + 1 : line;

		assert_true(text_copy(text + used, INI_FILE_MAX - used, start));
		used += strlen(start);
	}
	assert_int_equal(fclose(file), 0);
	return text;
}

/* The section of the sample, or of the manual, that shows the keys of a kind. */
static const char *section_of_kind(const char *kind, const char *name)
{
	static char section[64];

	assert_true(text_format(section, sizeof(section), "%s%s%s", kind,
				config_kind_is_named(kind) ? " " : "",
				config_kind_is_named(kind) ? name : ""));
	return section;
}

/* Any option will do for option.NAME. */
static const struct ini_entry *find_in_sample(const struct ini *ini, const char *section,
					      const struct config_key *key)
{
	const struct ini_entry *entry;

	if (key->type != VALUE_OPTION)
		return ini_find(ini, section, key->name);
	for (size_t i = 0; (entry = ini_entry_at(ini, i)) != NULL; i++) {
		if (strcmp(entry->section, section) == 0 &&
		    text_starts_with(entry->key, OPTION_KEY_PREFIX))
			return entry;
	}
	return NULL;
}

static void the_sample_shows_every_key(void **state)
{
	char *text = read_sample();
	const struct config_key *key;
	struct ini *ini;

	(void)state;
	assert_accepted(text);
	ini = ini_parse("bootd.ini",
			(struct span){ .bytes = (const uint8_t *)text, .length = strlen(text) },
			&problems);
	for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
		const struct ini_entry *entry =
			find_in_sample(ini, section_of_kind(key->section, "one"), key);

		if (entry == NULL)
			fail_msg("[%s] %s is not in the sample", key->section, key->name);
		else if (key->fallback != NULL)
			assert_string_equal(entry->value, key->fallback);
	}
	assert_true(config.bootfile.count > 0);
	assert_true(config.bootfile.fallback[0] != '\0');
	assert_true(config.mac.count > 0 && config.uuid.count > 0 && config.filters.count > 0);
	assert_true(config.buggy_clients.count > 0 && config.static_dhcp.count > 0);
	ini_free(ini);
	free(text);
}

static void the_manual_has_every_key_and_section(void **state)
{
	static char manual[INI_FILE_MAX];
	FILE *file = fopen(SOURCE_ROOT "/man/bootd.ini.5.scd", "re");
	const struct config_key *key;
	const char *section;
	char line[64];

	(void)state;
	assert_non_null(file);
	manual[fread(manual, 1, sizeof(manual) - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
	for (size_t i = 0; (section = config_section_at(i)) != NULL; i++) {
		assert_true(text_format(line, sizeof(line), "\n# [%s]\n",
					section_of_kind(section, "NAME")));
		if (strstr(manual, line) == NULL)
			fail_msg("[%s] is not in the manual", section);
	}
	for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
		const char *start;

		assert_true(text_format(line, sizeof(line), "\n# [%s]\n",
					section_of_kind(key->section, "NAME")));
		start = strstr(manual, line) + 1;
		assert_true(text_format(line, sizeof(line), "\n*%s* = ", key->name));
		if (strstr(start, line) == NULL ||
		    (strstr(start, "\n# ") != NULL && strstr(start, line) > strstr(start, "\n# ")))
			fail_msg("[%s] %s is not in the manual", key->section, key->name);
	}
}

static void the_manual_has_every_option(void **state)
{
	static char manual[INI_FILE_MAX];
	FILE *file = fopen(SOURCE_ROOT "/man/bootd.ini.5.scd", "re");
	const struct iana_option *option;
	char line[64];

	(void)state;
	assert_non_null(file);
	manual[fread(manual, 1, sizeof(manual) - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
	for (size_t i = 0; (option = iana_option_at(i)) != NULL; i++) {
		bool is_refused;

		assert_true(text_format(line, sizeof(line),
					"[host a]\nmac=02-00-00-00-00-01\n"
					"option.%u = hex:00",
					option->code));
		check_text(line);
		is_refused = problems.count > 0;
		assert_true(text_format(line, sizeof(line), "%u *%s*", option->code, option->name));
		if ((strstr(manual, line) == NULL) != is_refused)
			fail_msg("option %s is%s in the manual", line, is_refused ? "" : " not");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_key_is_taken_where_it_belongs),
		cmocka_unit_test(every_key_of_access_is_taken),
		cmocka_unit_test(a_key_has_one_spelling_at_a_time),
		cmocka_unit_test(ranges_end_where_they_say),
		cmocka_unit_test(what_is_no_value_is_refused),
		cmocka_unit_test(a_root_may_be_a_url),
		cmocka_unit_test(texts_end_where_the_packet_ends),
		cmocka_unit_test(nothing_is_a_value_only_without_a_default),
		cmocka_unit_test(what_is_unknown_is_refused),
		cmocka_unit_test(pybootds_section_for_http_is_taken),
		cmocka_unit_test(an_architecture_has_one_row),
		cmocka_unit_test(rows_of_the_table_are_whole),
		cmocka_unit_test(the_sample_shows_every_key),
		cmocka_unit_test(the_manual_has_every_key_and_section),
		cmocka_unit_test(the_manual_has_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
