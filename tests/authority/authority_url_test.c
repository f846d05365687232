#include "authority/authority_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct mac some_mac = { { 0x00, 0xaa, 0x55, 0x12, 0x34, 0xfe } };
/* The first three fields are little-endian. */
static const struct uuid some_uuid = { { 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99,
					 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff } };

static void url_holds_what_is_known(void **state)
{
	static const struct {
		const char *location;
		const char *path;
		bool has_uuid;
		const char *wanted;
	} cases[] = {
		{ "http://10.0.0.1", "/boot", false, "http://10.0.0.1/boot?mac=00-AA-55-12-34-FE" },
		{ "http://10.0.0.1:8080", "/boot", true,
		  "http://10.0.0.1:8080/boot?mac=00-AA-55-12-34-FE"
		  "&uuid=00112233-4455-6677-8899-aabbccddeeff" },
		{ "https://boss.example/may", "/linux/", true,
		  "https://boss.example/may/linux/?mac=00-AA-55-12-34-FE"
		  "&uuid=00112233-4455-6677-8899-aabbccddeeff" },
		{ "http://h", "/ask.cgi?stage=pxe", false,
		  "http://h/ask.cgi?stage=pxe&mac=00-AA-55-12-34-FE" },
		{ "http://h", "", false, "http://h?mac=00-AA-55-12-34-FE" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct authority_question question = { .mac = some_mac, .uuid = some_uuid };
		char prefix[AUTHORITY_PREFIX_SIZE];
		char url[AUTHORITY_URL_SIZE];

		question.has_uuid = cases[i].has_uuid;
		assert_true(authority_url_prefix(cases[i].location, cases[i].path, prefix,
						 sizeof(prefix)));
		assert_true(authority_url_format(prefix, &question, url, sizeof(url)));
		assert_string_equal(url, cases[i].wanted);
	}
}

static void longest_prefix_has_room_for_the_question(void **state)
{
	const struct authority_question question = { .has_uuid = true, .is_boot_stage = true };
	char path[AUTHORITY_PREFIX_SIZE];
	char prefix[AUTHORITY_PREFIX_SIZE];
	char url[AUTHORITY_URL_SIZE];

	(void)state;
	memset(path, 'p', sizeof(path));
	path[sizeof(path) - 1 - strlen("http://h") - strlen("?")] = '\0';
	assert_true(authority_url_prefix("http://h", path, prefix, sizeof(prefix)));
	assert_int_equal(strlen(prefix), sizeof(prefix) - 1);
	assert_true(authority_url_format(prefix, &question, url, sizeof(url)));
	assert_int_equal(strlen(url), strlen(prefix) + strlen("mac=&uuid=") + 17 + 36);

	assert_false(authority_url_prefix("https://h", path, prefix, sizeof(prefix)));
	assert_false(authority_url_format("http://h?", &question, url, 60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(url_holds_what_is_known),
		cmocka_unit_test(longest_prefix_has_room_for_the_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
