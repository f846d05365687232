/* Packets that wait: in their order, and the oldest goes first. */
#include "dhcp/dhcp_crowd.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static bool put(struct dhcp_crowd *crowd, uint32_t number)
{
	struct datagram datagram = { .bytes = { (const uint8_t *)&number, sizeof(number) },
				     .interface = number };

	return dhcp_crowd_put(crowd, &datagram);
}

static void assert_taken(struct dhcp_crowd *crowd, uint32_t number)
{
	const struct datagram *datagram = dhcp_crowd_take(crowd);

	assert_non_null(datagram);
	assert_int_equal(datagram->interface, number);
	assert_int_equal(datagram->bytes.length, sizeof(number));
	assert_memory_equal(datagram->bytes.bytes, &number, sizeof(number));
}

static void packets_are_taken_in_their_order(void **state)
{
	struct dhcp_crowd *crowd = dhcp_crowd_new();

	(void)state;
	assert_null(dhcp_crowd_take(crowd));
	for (uint32_t i = 0; i < 3 * DHCP_CROWD_MAX; i++) {
		assert_true(put(crowd, i));
		assert_true(put(crowd, i + 1000000));
		assert_taken(crowd, i);
		assert_taken(crowd, i + 1000000);
	}
	assert_null(dhcp_crowd_take(crowd));
	dhcp_crowd_free(crowd);
}

static void the_oldest_makes_room(void **state)
{
	struct dhcp_crowd *crowd = dhcp_crowd_new();

	(void)state;
	for (uint32_t i = 0; i < DHCP_CROWD_MAX; i++)
		assert_true(put(crowd, i));
	assert_false(put(crowd, DHCP_CROWD_MAX));
	for (uint32_t i = 1; i <= DHCP_CROWD_MAX; i++)
		assert_taken(crowd, i);
	assert_null(dhcp_crowd_take(crowd));
	dhcp_crowd_free(crowd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_taken_in_their_order),
		cmocka_unit_test(the_oldest_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
