#include "boot/boot_url.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void knows_urls(void **state)
{
	(void)state;
	assert_true(boot_url_is_http("http://a/b"));
	assert_true(boot_url_is_http("HTTPS://a"));
	assert_false(boot_url_is_http("tftp://a/b"));
	assert_false(boot_url_is_http("http:/a"));
	assert_false(boot_url_is_http("dir/http://a"));
	assert_true(boot_url_has_scheme("tftp://a/b"));
	assert_true(boot_url_has_scheme("http://a"));
	assert_false(boot_url_has_scheme("boot.ipxe"));
	assert_false(boot_url_has_scheme("://a"));
	assert_false(boot_url_has_scheme("a/b://c"));
	assert_false(boot_url_has_scheme(""));
}

static const struct {
	const char *address;
	uint16_t port;
	bool is_tls;
	const char *name;
	const char *expected;
} urls[] = {
	{ "192.168.77.1", 80, false, "uki.efi", "http://192.168.77.1/uki.efi" },
	{ "192.168.77.1", 8080, false, "uki.efi", "http://192.168.77.1:8080/uki.efi" },
	{ "192.168.77.1", 443, false, "uki.efi", "http://192.168.77.1:443/uki.efi" },
	{ "192.168.77.1", 443, true, "uki.efi", "https://192.168.77.1/uki.efi" },
	{ "192.168.77.1", 80, true, "uki.efi", "https://192.168.77.1:80/uki.efi" },
	{ "10.0.0.1", 80, false, "/efi/boot x64.efi", "http://10.0.0.1/efi/boot%20x64.efi" },
	{ "10.0.0.1", 80, false, "//a", "http://10.0.0.1/a" },
	{ "10.0.0.1", 80, false, "a\\b", "http://10.0.0.1/a/b" },
	{ "10.0.0.1", 80, false, "a-b._~0", "http://10.0.0.1/a-b._~0" },
	{ "10.0.0.1", 80, false, "a?b#c%d", "http://10.0.0.1/a%3Fb%23c%25d" },
	{ "10.0.0.1", 80, false, "\xc3\xa4", "http://10.0.0.1/%C3%A4" },
	{ "10.0.0.1", 80, false, "@[]:", "http://10.0.0.1/%40%5B%5D%3A" },
	{ "10.0.0.1", 80, false, "", "http://10.0.0.1/" },
};

static void makes_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		struct endpoint server = { ip4_of(urls[i].address), urls[i].port };
		size_t length = strlen(urls[i].expected);
		char out[64];

		assert_true(
			boot_url_format(server, urls[i].is_tls, urls[i].name, out, sizeof(out)));
		assert_string_equal(out, urls[i].expected);
		/* It fits to the octet, and no shorter. */
		assert_true(boot_url_format(server, urls[i].is_tls, urls[i].name, out, length + 1));
		assert_false(boot_url_format(server, urls[i].is_tls, urls[i].name, out, length));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_urls),
		cmocka_unit_test(makes_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
