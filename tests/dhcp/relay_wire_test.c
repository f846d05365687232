#include "dhcp/relay_wire.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *what;
	const char *hex;
	const char *link;
	const char *server_id;
} rows[] = {
	{ "RFC 3046 2.1: circuit and remote id say nothing of the network", "0104aabbccdd0202beef",
	  "0.0.0.0", "0.0.0.0" },
	{ "RFC 3527 3: link selection", "05040a010203", "10.1.2.3", "0.0.0.0" },
	{ "RFC 5107 4: server identifier override", "0b040a010204", "0.0.0.0", "10.1.2.4" },
	{ "both, among others", "010161 0b040a010204 0200 05040a010203", "10.1.2.3", "10.1.2.4" },
	{ "the first counts", "05040a010203 05040a090909", "10.1.2.3", "0.0.0.0" },
	{ "too short for an address", "05030a0102 0b040a010204", "0.0.0.0", "10.1.2.4" },
	{ "too long for an address", "05050a01020304", "0.0.0.0", "0.0.0.0" },
	{ "no address", "050400000000", "0.0.0.0", "0.0.0.0" },
	{ "a sub-option that runs past the end", "05040a010203 0105aa", "0.0.0.0", "0.0.0.0" },
	{ "a code without a length", "05040a010203 01", "0.0.0.0", "0.0.0.0" },
	{ "nothing", "", "0.0.0.0", "0.0.0.0" },
};

static void each_sub_option_is_read_as_its_rfc_has_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct span option = bytes_of_hex(rows[i].hex);
		struct relay_info info = relay_decode(option);

		print_message("%s\n", rows[i].what);
		assert_string_equal(ip4_format(info.link).text, rows[i].link);
		assert_string_equal(ip4_format(info.server_id).text, rows[i].server_id);
		bytes_free(option);
	}
}

static void a_packet_without_the_option_says_nothing(void **state)
{
	struct relay_info info = relay_decode((struct span){ 0 });

	(void)state;
	assert_false(ip4_is_set(info.link));
	assert_false(ip4_is_set(info.server_id));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sub_option_is_read_as_its_rfc_has_it),
		cmocka_unit_test(a_packet_without_the_option_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
