#include "config/config_hosts.h"

#include "config/checked.h"
#include "config/host.h"

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

/* Two lines each. */
#define ONE "[host one]\nmac = 02-00-00-00-00-01\n"
#define TWO "[host two]\nmac = 02-00-00-00-00-02\n"

#define UUID_TEXT   "01020304-0506-0708-090a-0b0c0d0e0f10"
#define UUID_TURNED "04030201-0605-0807-090a-0b0c0d0e0f10"

static void a_section_says_it_all(void **state)
{
	const struct host_config *host;
	const uint8_t id[] = { 1, 2, 0, 0, 0, 0, 1 };

	(void)state;
	assert_accepted("[HOST One-1]\nmac = 02:00:00:00:00:01\nuuid = " UUID_TEXT "\n"
			"client_id = hex:01 02-00:00:00:00:01 ; a comment\naddress = 10.1.0.7\n"
			"hostname = one.example\nboot_file = a b.0\n");
	assert_int_equal(config.hosts.count, 1);
	host = &config.hosts.list[0];
	assert_string_equal(host->name, "one-1");
	assert_int_equal(host->line, 1);
	assert_true(host->has_mac && host->has_uuid);
	assert_int_equal(host->mac.bytes[5], 1);
	assert_int_equal(host->uuid.bytes[3], 4);
	assert_int_equal(host->client_id_length, sizeof(id));
	assert_memory_equal(host->client_id, id, sizeof(id));
	assert_int_equal(host->address.value, 0x0a010007);
	assert_string_equal(host->host_name, "one.example");
	assert_string_equal(host->boot_file, "a b.0");
	assert_int_equal(config.hosts.by_mac_count, 1);
	assert_int_equal(config.hosts.by_uuid_count, 1);
	assert_int_equal(config.hosts.by_client_id_count, 1);
	assert_ptr_equal(config.hosts.by_uuid[0], host);
}

static void an_identifier_may_be_text(void **state)
{
	(void)state;
	assert_accepted("[host a]\nclient_id = \"foo bar\"\n");
	assert_int_equal(config.hosts.list[0].client_id_length, 7);
	assert_memory_equal(config.hosts.list[0].client_id, "foo bar", 7);
	assert_int_equal(config.hosts.by_mac_count, 0);
}

static void they_are_found_by_each_identity(void **state)
{
	const struct mac mac = { { 2, 0, 0, 0, 0, 2 } };
	const struct uuid turned = { { 4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16 } };
	const struct span id = { (const uint8_t *)"foo", 3 };
	const struct span none = { 0 };

	(void)state;
	assert_accepted(TWO ONE "[host uuid]\nuuid = " UUID_TEXT
				"\n[host id]\nclient_id = \"foo\"\n"
				"[host other]\nuuid = ff020304-0506-0708-090a-0b0c0d0e0f10\n");
	assert_string_equal(host_find(&config.hosts, &mac, NULL, none)->name, "two");
	assert_string_equal(host_find(&config.hosts, &mac, &turned, none)->name, "uuid");
	assert_string_equal(host_find(&config.hosts, &mac, &turned, id)->name, "id");
}

static void what_is_wrong_is_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *words;
	} cases[] = {
		{ "[host]\n", 1, "needs a name, as in [host one]" },
		{ "[host a]\n", 1, "which machine this is" },
		{ "[host a]\naddress = 10.1.0.7\n", 1, "which machine this is" },
		{ "[host a]\nmac = 02-00\n", 2, "no MAC address" },
		{ "[host a]\nmac = AA-BB-CC/24\n", 2, "no MAC address" },
		{ "[host a]\nuuid = 1\n", 2, "no UUID such as" },
		{ "[host a]\nclient_id = foo\n", 2, "no client identifier" },
		{ "[host a]\nclient_id = \"foo\n", 2, "no client identifier" },
		{ "[host a]\nclient_id = \"\"\n", 2, "no client identifier" },
		{ "[host a]\nclient_id = \"\n", 2, "no client identifier" },
		{ "[host a]\nclient_id = hex:\n", 2, "no client identifier" },
		{ "[host a]\nclient_id = hex:0\n", 2, "no client identifier" },
		{ ONE "address = 0.0.0.0\n", 3, "no address such as" },
		{ ONE "hostname = a_b\n", 3, "no domain of letters" },
		{ ONE "adress = 10.1.0.7\n", 3, "did you mean address?" },
		{ ONE "gateway = 10.1.0.7\n", 3, "this section has no such key" },
		{ ONE "[host two]\nmac = 02:00:00:00:00:01\n", 4,
		  "[host one] in line 1 is about the same machine" },
		{ "[host a]\nuuid = " UUID_TEXT
		  "\n[host b]\naddress = 10.1.0.7\nuuid = " UUID_TURNED "\n",
		  5, "[host a] in line 1 is about the same machine" },
		{ "[host a]\nclient_id = \"foo\"\n[host b]\nclient_id = hex:666f6f\n", 4,
		  "[host a] in line 1 is about the same machine" },
		{ ONE "[static_dhcp]\n02-00-00-00-00-01 = 10.1.0.9\n", 2,
		  "[static_dhcp] in line 4 is about the same machine" },
		{ ONE "[host ONE]\naddress = 10.1.0.7\n", 3, "line 1 begins a section of this" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused_in(cases[i].text, cases[i].line, cases[i].words);
}

static void an_identifier_has_64_bytes(void **state)
{
	char text[200] = "[host a]\nclient_id = \"";
	size_t start = strlen(text);

	(void)state;
	memset(text + start, 'x', CLIENT_ID_MAX);
	text[start + CLIENT_ID_MAX] = '"';
	assert_accepted(text);
	assert_int_equal(config.hosts.list[0].client_id_length, CLIENT_ID_MAX);
	memcpy(text + start + CLIENT_ID_MAX, "x\"", 3);
	assert_refused_in(text, 2, "at most 64 bytes");
}

static void there_may_be_thousands(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	for (unsigned i = 0; i < 10000; i++)
		(void)fprintf(out, "[host n%u]\nmac = 02-00-00-00-%02X-%02X\naddress = %s\n", i,
			      i >> 8, i & 0xff, ip4_format((struct ip4){ 0x0a010001 + i }).text);
	assert_int_equal(fclose(out), 0);
	assert_accepted(text);
	assert_int_equal(config.hosts.by_mac_count, 10000);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_section_says_it_all),
		cmocka_unit_test(an_identifier_may_be_text),
		cmocka_unit_test(they_are_found_by_each_identity),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(an_identifier_has_64_bytes),
		cmocka_unit_test(there_may_be_thousands),
	};

	return cmocka_run_group_tests(tests, NULL, free_config);
}
