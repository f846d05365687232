/* The table of options: in order, each name once, and the codes that everybody knows. */
#include "dhcp/iana_options.h"

#include "dhcp/dhcp_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_option_is_found_by_its_name_and_its_code(void **state)
{
	const struct iana_option *option;
	unsigned previous = 0;
	size_t count = 0;

	(void)state;
	for (; (option = iana_option_at(count)) != NULL; count++) {
		assert_true(option->code > previous && option->code != OPTION_END);
		previous = option->code;
		assert_ptr_equal(iana_option_find(option->name), option);
		assert_ptr_equal(iana_option_of(option->code), option);
	}
	assert_true(count > 120);
	assert_null(iana_option_at(count + 100));
}

static void names_have_any_case(void **state)
{
	(void)state;
	assert_int_equal(iana_option_find("NTP-Servers")->code, 42);
	assert_null(iana_option_find("ntp-server"));
	assert_null(iana_option_find(""));
	assert_null(iana_option_of(OPTION_PAD));
	assert_null(iana_option_of(OPTION_END));
}

static void what_the_protocol_needs_is_not_to_be_set(void **state)
{
	static const uint8_t own[] = { OPTION_NETMASK,          OPTION_REQUESTED_ADDRESS,
				       OPTION_LEASE_TIME,       OPTION_OVERLOAD,
				       OPTION_MESSAGE_TYPE,     OPTION_SERVER_ID,
				       OPTION_MAX_MESSAGE_SIZE, OPTION_RELAY_AGENT,
				       OPTION_ARCHITECTURE,     OPTION_MACHINE_UUID,
				       OPTION_USER_CLASS,       OPTION_MESSAGE };

	(void)state;
	for (size_t i = 0; i < sizeof(own); i++)
		assert_int_equal(iana_option_of(own[i])->form, FORM_OWN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_is_found_by_its_name_and_its_code),
		cmocka_unit_test(names_have_any_case),
		cmocka_unit_test(what_the_protocol_needs_is_not_to_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
