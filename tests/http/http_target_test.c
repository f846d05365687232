#include "http/http_target.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void takes_the_path_and_decodes_it_once(void **state)
{
	static const struct {
		const char *target, *name;
	} rows[] = {
		{ "/", "/" },
		{ "/pxelinux.0", "/pxelinux.0" },
		{ "//a///b", "//a///b" },
		{ "/a?b=c", "/a" },
		{ "/?", "/" },
		{ "/a%3fb", "/a?b" },
		{ "/a%2Fb", "/a/b" },
		{ "/%2e%2E/%2e%2e%2fetc", "/../../etc" },
		{ "/a%20b+c", "/a b+c" },
		{ "/%2525", "/%25" },
		{ "/a%5cb", "/a\\b" },
		{ "/caf%C3%A9", "/caf\xc3\xa9" },
		{ "/caf\xc3\xa9", "/caf\xc3\xa9" },
		{ "/a#b", "/a#b" },
		{ "http://host/a?b", "/a" },
		{ "HTTPS://host:443/a/b", "/a/b" },
		{ "http://host", "" },
		{ "http://host?x/y", "" },
		{ "http://user@[::1]/a", "/a" },
		{ "/http://host/a", "/http://host/a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t name[HTTP_NAME_MAX];
		size_t length;
		enum http_target_refusal refusal;

		print_message("%s\n", rows[i].target);
		assert_true(http_target_parse(rows[i].target, name, &length, &refusal));
		assert_int_equal(length, strlen(rows[i].name));
		assert_memory_equal(name, rows[i].name, length);
	}
}

static void refuses_what_names_no_file(void **state)
{
	static const struct {
		const char *target;
		enum http_target_refusal refusal;
	} rows[] = {
		{ "", HTTP_TARGET_NO_PATH },
		{ "*", HTTP_TARGET_NO_PATH },
		{ "a", HTTP_TARGET_NO_PATH },
		{ "host:80", HTTP_TARGET_NO_PATH },
		{ "ftp://host/a", HTTP_TARGET_NO_PATH },
		{ "?a", HTTP_TARGET_NO_PATH },
		{ "/%", HTTP_TARGET_BAD_ESCAPE },
		{ "/%2", HTTP_TARGET_BAD_ESCAPE },
		{ "/%2g", HTTP_TARGET_BAD_ESCAPE },
		{ "/%g2", HTTP_TARGET_BAD_ESCAPE },
		{ "/%%41", HTTP_TARGET_BAD_ESCAPE },
		{ "/%u0041", HTTP_TARGET_BAD_ESCAPE },
		{ "/%2?f", HTTP_TARGET_BAD_ESCAPE },
		{ "/a%00", HTTP_TARGET_BAD_CHARACTER },
		{ "/a%00.efi", HTTP_TARGET_BAD_CHARACTER },
		{ "/a%0d%0ab", HTTP_TARGET_BAD_CHARACTER },
		{ "/a%7f", HTTP_TARGET_BAD_CHARACTER },
		{ "/a\tb", HTTP_TARGET_BAD_CHARACTER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t name[HTTP_NAME_MAX];
		size_t length;
		enum http_target_refusal refusal = 77;

		print_message("%s\n", rows[i].target);
		assert_false(http_target_parse(rows[i].target, name, &length, &refusal));
		assert_int_equal(refusal, rows[i].refusal);
	}
}

static void a_name_has_its_limit(void **state)
{
	char target[3 * HTTP_NAME_MAX + 2] = "/";
	uint8_t name[HTTP_NAME_MAX];
	size_t length;
	enum http_target_refusal refusal;

	(void)state;
	memset(target + 1, 'a', HTTP_NAME_MAX - 1);
	assert_true(http_target_parse(target, name, &length, &refusal));
	assert_int_equal(length, HTTP_NAME_MAX);
	target[HTTP_NAME_MAX] = 'a';
	assert_false(http_target_parse(target, name, &length, &refusal));
	assert_int_equal(refusal, HTTP_TARGET_TOO_LONG);
	/* An escape counts as what it stands for. */
	for (size_t i = 0; i < HTTP_NAME_MAX - 1; i++)
		memcpy(target + 1 + 3 * i, "%41", 3);
	target[1 + 3 * (HTTP_NAME_MAX - 1)] = '\0';
	assert_true(http_target_parse(target, name, &length, &refusal));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_path_and_decodes_it_once),
		cmocka_unit_test(refuses_what_names_no_file),
		cmocka_unit_test(a_name_has_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
