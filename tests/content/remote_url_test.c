#include "content/remote_url.h"

#include "content/path.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void places(void **state)
{
	static const struct {
		const char *url;
		const char *base; /* NULL: it is none */
		const char *user;
		const char *password;
	} cases[] = {
		{ "http://host", "http://host", "", "" },
		{ "http://host/", "http://host", "", "" },
		{ "http://host/a/b//", "http://host/a/b", "", "" },
		{ "https://host:8443/a%20b", "https://host:8443/a%20b", "", "" },
		{ "HTTPS://Host/x", "HTTPS://Host/x", "", "" },
		{ "http://[::1]:80/x", "http://[::1]:80/x", "", "" },
		{ "http://me@host/x", "http://host/x", "me", "" },
		{ "http://me:secret@host/x", "http://host/x", "me", "secret" },
		{ "http://me:se:cret@host", "http://host", "me", "se:cret" },
		{ "http://me:se@cret@host", "http://host", "me", "se@cret" },
		{ "http://m%40e:%3a%2f@host", "http://host", "m@e", ":/" },
		{ "http://host/a@b", "http://host/a@b", "", "" },
		{ "http://:x@host", "http://host", "", "x" },
		{ "http://", NULL, NULL, NULL },
		{ "http:///x", NULL, NULL, NULL },
		{ "http://:80/x", NULL, NULL, NULL },
		{ "http://me@/x", NULL, NULL, NULL },
		{ "http://me@:80", NULL, NULL, NULL },
		{ "http://host:65535/x", "http://host:65535/x", "", "" },
		{ "http://host:65536/x", NULL, NULL, NULL },
		{ "http://host:0", NULL, NULL, NULL },
		{ "http://host:", NULL, NULL, NULL },
		{ "http://host:8x", NULL, NULL, NULL },
		{ "http://host:000080", NULL, NULL, NULL },
		{ "http://ho;st/x", NULL, NULL, NULL },
		{ "http://ho%73t/x", NULL, NULL, NULL },
		{ "http://[::1", NULL, NULL, NULL },
		{ "http://[::1/]", NULL, NULL, NULL },
		{ "http://[]/x", NULL, NULL, NULL },
		{ "http://[::1]x", NULL, NULL, NULL },
		{ "http://m%4:x@host", NULL, NULL, NULL },
		{ "http://m%:x@host", NULL, NULL, NULL },
		{ "http://m%00e@host", NULL, NULL, NULL },
		{ "http://me:%zz@host", NULL, NULL, NULL },
		{ "http://host/x?y", NULL, NULL, NULL },
		{ "http://host/x#y", NULL, NULL, NULL },
		{ "http://host/x y", NULL, NULL, NULL },
		{ "http://host/x\r\nHost: y", NULL, NULL, NULL },
		{ "http://host\\x", NULL, NULL, NULL },
		{ "http://h\xc3\xb6st", NULL, NULL, NULL },
		{ "ftp://host/x", NULL, NULL, NULL },
		{ "file:///etc/passwd", NULL, NULL, NULL },
		{ "/srv/tftp", NULL, NULL, NULL },
		{ "", NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct remote_place place = { .base = "untouched" };
		bool is_place = remote_place_parse(cases[i].url, &place);

		if (is_place != (cases[i].base != NULL))
			fail_msg("%s", cases[i].url);
		assert_string_equal(place.base, is_place ? cases[i].base : "untouched");
		if (is_place) {
			assert_string_equal(place.user, cases[i].user);
			assert_string_equal(place.password, cases[i].password);
		}
	}
}

static void a_part_that_is_too_long_is_refused(void **state)
{
	struct remote_place place;
	char url[REMOTE_BASE_SIZE + 64] = "http://host/";

	(void)state;
	memset(url + strlen(url), 'x', REMOTE_BASE_SIZE - 1 - strlen(url));
	assert_true(remote_place_parse(url, &place));
	url[REMOTE_BASE_SIZE - 1] = 'x';
	assert_false(remote_place_parse(url, &place));
	memset(url, 0, sizeof(url));
	memcpy(url, "http://", 7);
	memset(url + 7, 'u', REMOTE_USER_SIZE);
	memcpy(url + 7 + REMOTE_USER_SIZE, "@host", 5);
	assert_false(remote_place_parse(url, &place));
}

/* Every name, as a client sends it, is cleaned and becomes a URL below the base. */
static void names(void **state)
{
	static const struct {
		const char *name;
		const char *url;
	} cases[] = {
		{ "a", "http://h/r/a" },
		{ "/a/b.c-d_e~f", "http://h/r/a/b.c-d_e~f" },
		{ "A-Z 09", "http://h/r/A-Z%2009" },
		{ "a//b/./c/../d", "http://h/r/a/b/d" },
		{ "a\\b", "http://h/r/a/b" },
		{ "a%2fb", "http://h/r/a%252fb" },
		{ "%2e%2e/x", "http://h/r/%252e%252e/x" },
		{ "a%00b", "http://h/r/a%2500b" },
		{ "a?b=c&d", "http://h/r/a%3Fb%3Dc%26d" },
		{ "a#b", "http://h/r/a%23b" },
		{ "@evil/x", "http://h/r/%40evil/x" },
		{ "//evil/x", "http://h/r/evil/x" },
		{ "http://evil/x", "http://h/r/http%3A/evil/x" },
		{ ":80/x", "http://h/r/%3A80/x" },
		{ "a;b,c+d!$'()*", "http://h/r/a%3Bb%2Cc%2Bd%21%24%27%28%29%2A" },
		{ "[{|}]^`\"<>", "http://h/r/%5B%7B%7C%7D%5D%5E%60%22%3C%3E" },
		{ "\xc3\xa9\x80", "http://h/r/%C3%A9%80" },
		{ "...", "http://h/r/..." },
	};
	struct remote_place place;

	(void)state;
	assert_true(remote_place_parse("http://me:secret@h/r/", &place));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct span name = { (const uint8_t *)cases[i].name, strlen(cases[i].name) };
		char path[PATH_SIZE];
		char url[REMOTE_URL_SIZE];
		enum path_refusal refusal;

		assert_true(path_clean(name, path, &refusal));
		assert_true(remote_url_format(&place, path, url));
		assert_string_equal(url, cases[i].url);
	}
}

/* Whatever byte a clean name has, the URL is the base, a slash, and letters that mean nothing. */
static void no_byte_of_a_name_means_anything(void **state)
{
	static const char harmless[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%/";
	struct remote_place place;

	(void)state;
	assert_true(remote_place_parse("https://h/r", &place));
	for (unsigned byte = 1; byte < 256; byte++) {
		const char path[] = { 'a', (char)byte, 'b', '\0' };
		char url[REMOTE_URL_SIZE];

		assert_true(remote_url_format(&place, path, url));
		assert_memory_equal(url, "https://h/r/a", 13);
		assert_int_equal(strspn(url + 13, harmless), strlen(url + 13));
	}
}

static void a_url_that_is_too_long_is_refused(void **state)
{
	struct remote_place place;
	char path[PATH_SIZE];
	char url[REMOTE_URL_SIZE];

	(void)state;
	assert_true(remote_place_parse("http://h", &place));
	memset(path, 'x', sizeof(path));
	path[PATH_SIZE - 1] = '\0';
	assert_true(remote_url_format(&place, path, url));
	memset(path, '%', PATH_SIZE - 1);
	assert_false(remote_url_format(&place, path, url));
}

static void only_https_is_secure(void **state)
{
	(void)state;
	assert_true(remote_url_is_secure("https://h"));
	assert_true(remote_url_is_secure("HTTPS://h"));
	assert_false(remote_url_is_secure("http://h"));
	assert_false(remote_url_is_secure("https:/h"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(a_part_that_is_too_long_is_refused),
		cmocka_unit_test(names),
		cmocka_unit_test(no_byte_of_a_name_means_anything),
		cmocka_unit_test(a_url_that_is_too_long_is_refused),
		cmocka_unit_test(only_https_is_secure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
