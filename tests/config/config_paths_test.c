#include "config/config_paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct config config;

static void check(const struct path_list *paths, const char *expected)
{
	char text[1024] = "";

	for (size_t i = 0; i < paths->count; i++) {
		(void)strcat(text, i == 0 ? "" : " ");
		(void)strcat(text, paths->list[i]);
	}
	assert_string_equal(text, expected);
}

static void check_read(const char *expected)
{
	struct path_list paths;

	assert_true(config_read_paths(&config, &paths));
	check(&paths, expected);
	path_list_done(&paths);
	assert_int_equal(paths.count, 0);
}

static void check_write(const char *expected)
{
	struct path_list paths;

	assert_true(config_write_paths(&config, &paths));
	check(&paths, expected);
	path_list_done(&paths);
}

static int reset(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	(void)strcpy(config.path, "/etc/boot/bootd.ini");
	(void)strcpy(config.tftp.root, "/srv/tftp");
	config.has_tftp = true;
	return 0;
}

static void the_configurations_folder_and_the_root_are_read(void **state)
{
	static const struct {
		const char *path, *folder;
	} rows[] = {
		{ "/etc/boot/bootd.ini", "/etc/boot" },
		{ "/bootd.ini", "/" },
		{ "bootd.ini", "." },
		{ "here/bootd.ini", "here" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char expected[64];

		(void)strcpy(config.path, rows[i].path);
		(void)snprintf(expected, sizeof(expected), "%s /srv/tftp", rows[i].folder);
		check_read(expected);
	}
}

static void ipxes_loaders_are_read_with_ipxe(void **state)
{
	(void)state;
	(void)strcpy(config.ipxe.binaries, "/usr/lib/ipxe");
	check_read("/etc/boot /srv/tftp");
	config.ipxe.is_enabled = true;
	check_read("/etc/boot /srv/tftp /usr/lib/ipxe");
}

static void without_tftp_there_is_no_root(void **state)
{
	(void)state;
	config.has_tftp = false;
	check_read("/etc/boot");
}

static void http_reads_its_root_and_its_certificate(void **state)
{
	(void)state;
	config.has_tftp = false;
	config.has_http = true;
	(void)strcpy(config.httpd.root, "/srv/http");
	check_read("/etc/boot /srv/http");
	config.has_tftp = true;
	(void)strcpy(config.httpd.certificate, "/etc/tls/cert.pem");
	(void)strcpy(config.httpd.key, "/etc/keys/key.pem");
	check_read("/etc/boot /srv/tftp /srv/http /etc/tls /etc/keys");
}

static void links_that_may_lead_anywhere_need_everything(void **state)
{
	(void)state;
	config.tftp.symlinks = SYMLINKS_FOLLOW;
	check_read("/etc/boot /");
}

static void filters_lead_to_the_folder_before_their_first_variable(void **state)
{
	static const struct {
		const char *replacement, *folder;
	} rows[] = {
		{ "/opt/images/{arch}/boot", "/opt/images" },
		{ "/opt/images/kernel", "/opt/images" },
		{ "/opt/ima{arch}/boot", "/opt" },
		{ "/{filename}", "/" },
		{ "{filename}", "/etc/boot/" },
		{ "menus/{mac}.cfg", "/etc/boot/menus" },
		{ "../other/menu", "/etc/boot/../other" },
		{ "menu", "/etc/boot/" },
	};
	struct filter_rule rule = { .is_from_file = true };

	(void)state;
	config.filters = (struct filter_rules){ .list = &rule, .count = 1 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char replacement[64];
		char expected[128];

		(void)strcpy(replacement, rows[i].replacement);
		rule.replacement = replacement;
		(void)snprintf(expected, sizeof(expected), "/etc/boot %s /srv/tftp",
			       rows[i].folder);
		check_read(expected);
	}
}

static void the_folder_of_a_log_file_is_written(void **state)
{
	(void)state;
	check_write("");
	(void)strcpy(config.logger.file, "/var/log/bootd/log");
	check_write("");
	config.logger.type = LOG_TO_FILE;
	check_write("/var/log/bootd");
}

static void the_folder_of_the_leases_is_written(void **state)
{
	(void)state;
	(void)strcpy(config.leases.file, "/var/lib/bootd/leases.db");
	check_write("");
	config.has_dhcp = true;
	check_write("/var/lib/bootd");
	config.bootp.mode = MODE_PROXY;
	check_write("");
	config.bootp.mode = MODE_SERVER;
	config.leases.type = STORE_MEMORY;
	check_write("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_configurations_folder_and_the_root_are_read, reset),
		cmocka_unit_test_setup(ipxes_loaders_are_read_with_ipxe, reset),
		cmocka_unit_test_setup(without_tftp_there_is_no_root, reset),
		cmocka_unit_test_setup(http_reads_its_root_and_its_certificate, reset),
		cmocka_unit_test_setup(links_that_may_lead_anywhere_need_everything, reset),
		cmocka_unit_test_setup(filters_lead_to_the_folder_before_their_first_variable,
				       reset),
		cmocka_unit_test_setup(the_folder_of_a_log_file_is_written, reset),
		cmocka_unit_test_setup(the_folder_of_the_leases_is_written, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
