#include "config/config_option.h"

#include "config/checked.h"
#include "config/subnet.h"

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

/* Two lines. */
#define OFFICE "[subnet office]\nnetwork = 10.1.0.0/24\n"
#define HOST   "[host one]\nmac = 02-00-00-00-00-01\n"

static void assert_setting(const struct option_settings *settings, uint8_t code, const char *bytes,
			   size_t length)
{
	const struct option_setting *setting = option_settings_find(settings, code);

	assert_non_null(setting);
	assert_int_equal(setting->length, length);
	assert_memory_equal(setting->bytes, bytes, length);
}

static void each_scope_has_its_own(void **state)
{
	(void)state;
	assert_accepted(
		"[bootp]\noption.time-servers = 10.0.0.1; 10.0.0.2\nOption.Time-Offset = -1 "
		"; west\noption.224 = hex:01-0a ; ours\n" OFFICE
		"option.interface-mtu = 1400\noption.4 = 10.0.0.3\n" HOST
		"option.root-path = /nfs ; or so\noption.6 = 10.0.0.4\n"
		"option.domain-name = one.example.org\n");
	assert_int_equal(config.options.count, 3);
	assert_int_equal(config.options.list[0].code, 2);
	assert_int_equal(config.options.list[0].line, 3);
	assert_setting(&config.options, 2, "\xff\xff\xff\xff", 4);
	assert_setting(&config.options, 4, "\x0a\0\0\1\x0a\0\0\2", 8);
	assert_setting(&config.options, 224, "\x01\x0a", 2);
	assert_int_equal(config.subnets.list[0].options.count, 2);
	assert_setting(&config.subnets.list[0].options, 26, "\x05\x78", 2);
	assert_setting(&config.subnets.list[0].options, 4, "\x0a\0\0\3", 4);
	assert_int_equal(config.hosts.list[0].options.count, 3);
	assert_setting(&config.hosts.list[0].options, 17, "/nfs", 4);
	assert_setting(&config.hosts.list[0].options, 6, "\x0a\0\0\4", 4);
}

static void what_cannot_be_set_is_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *words;
	} cases[] = {
		{ "[bootp]\noption.ntp-server = 10.0.0.1\n", 2,
		  "did you mean option.ntp-servers?" },
		{ "[bootp]\noption.frobnicate = 1\n", 2, "set by its code, 1 to 254" },
		{ "[bootp]\noption. = 1\n", 2, "there is no such option" },
		{ "[bootp]\noption.0 = hex:00\n", 2, "there is no such option" },
		{ "[bootp]\noption.255 = hex:00\n", 2, "there is no such option" },
		{ "[bootp]\noption.256 = hex:00\n", 2, "there is no such option" },
		{ "[bootp]\noption.224 = 1\n", 2, "\"1\": expected bytes, such as hex:" },
		{ "[bootp]\noption.224 = hex:0\n", 2, "expected bytes, such as hex:" },
		{ "[bootp]\noption.224 =\n", 2, "expected bytes, such as hex:" },
		{ "[bootp]\noption.ntp-servers = one\n", 2, "expected IPv4 addresses" },
		{ "[bootp]\noption.interface-mtu = 65536\n", 2, "a number from 0 to 65535" },
		{ "[bootp]\noption.message-type = 1\n", 2, "option 53 is not to be set" },
		{ "[bootp]\noption.53 = hex:01\n", 2, "option 53 is not to be set" },
		{ "[bootp]\noption.ntp-servers = 10.0.0.1\noption.42 = hex:0a000002\n", 3,
		  "line 2 sets option 42 already" },
		{ "[bootp]\noption.ntp-servers = 10.0.0.1\noption.NTP-servers = 10.0.0.2\n", 3,
		  "line 2 has this key already" },
		{ "[bootp]\noption.routers = 10.0.0.1\n", 2, "a key of its own: gateway" },
		{ "[bootp]\noption.1 = hex:ff\n", 2, "a key of its own: netmask" },
		{ "[bootp]\noption.domain-name-servers = 10.0.0.1\n", 2, "of its own: dns" },
		{ "[bootp]\noption.host-name = a\n", 2, "of its own: [host] hostname" },
		{ "[bootp]\noption.domain-name = a\n", 2, "of its own: domain" },
		{ "[bootp]\noption.lease-time = 60\n", 2, "of its own: lease_time" },
		{ "[bootp]\noption.tftp-server-name = a\n", 2, "own: [subnet] next_server" },
		{ "[bootp]\noption.67 = hex:61\n", 2, "of its own: boot_file" },
		{ OFFICE "option.3 = hex:0a000001\n", 3, "of its own: gateway" },
		{ OFFICE "option.subnet-mask = 255.0.0.0\n", 3, "of its own: [subnet] network" },
		{ OFFICE "option.66 = hex:61\n", 3, "of its own: next_server" },
		{ HOST "option.host-name = a\n", 3, "of its own: hostname" },
		{ HOST "option.routers = 10.0.0.1\n", 3, "of its own: [subnet] gateway" },
		{ HOST "option.bootfile-name = a\n", 3, "of its own: boot_file" },
		{ "[tftp]\noption.ntp-servers = 10.0.0.1\n", 2, "no such key" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused_in(cases[i].text, cases[i].line, cases[i].words);
}

static void a_value_has_its_length(void **state)
{
	char text[2 * 1025 + 100] = "[bootp]\noption.root-path = ";
	size_t start = strlen(text);

	(void)state;
	memset(text + start, 'x', 1024);
	assert_accepted(text);
	assert_int_equal(config.options.list[0].length, 1024);
	text[start + 1024] = 'x';
	assert_refused_in(text, 2, "at most 1024 bytes fit");
}

static void every_option_may_be_set_once(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	(void)fputs("[bootp]\n", out);
	for (int code = 254; code >= 224; code--)
		(void)fprintf(out, "option.%d = hex:%02x\n", code, code);
	assert_int_equal(fclose(out), 0);
	assert_accepted(text);
	assert_int_equal(config.options.count, 31);
	for (size_t i = 0; i < config.options.count; i++)
		assert_int_equal(config.options.list[i].bytes[0], 224 + i);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_scope_has_its_own),
		cmocka_unit_test(what_cannot_be_set_is_refused),
		cmocka_unit_test(a_value_has_its_length),
		cmocka_unit_test(every_option_may_be_set_once),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
