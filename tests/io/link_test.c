/* Frames as they come out of the other end of a cable. */
#include "io/link.h"

#include "network.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#define PAYLOAD_MAX 1472 /* 1500 less the headers of IP and UDP */

static int wire;
static struct link *frames;

static int enter(void **state)
{
	(void)state;
	if (!network_enter())
		return 0;
	wire = wire_open("far");
	return link_open(&frames);
}

static int leave(void **state)
{
	(void)state;
	if (!network_is_entered())
		return 0;
	wire_close(wire);
	link_close(frames);
	return 0;
}

static struct link_route route_near(void)
{
	return (struct link_route){ .interface = network_interface("near"),
				    .to_mac = mac_of(MACHINE),
				    .from = { ip4_of("192.168.77.1"), 67 },
				    .to = { ip4_of("192.168.77.148"), 68 } };
}

static void carries_the_datagram_as_told(void **state)
{
	static const uint8_t payload[] = "four";
	struct link_route route;
	struct frame frame;

	(void)state;
	NETWORK_NEEDED();
	route = route_near();
	assert_int_equal(link_send_udp(frames, &route, (struct span){ payload, 4 }), 0);
	wire_await(wire, &frame);
	assert_string_equal(mac_format(frame.to_mac).text, MACHINE);
	assert_true(mac_is_same(frame.from_mac, network_mac("near")));
	assert_string_equal(ip4_format(frame.from.address).text, "192.168.77.1");
	assert_int_equal(frame.from.port, 67);
	assert_string_equal(ip4_format(frame.to.address).text, "192.168.77.148");
	assert_int_equal(frame.to.port, 68);
	assert_int_equal(frame.fragment, 0); /* DF is never set */
	assert_true(frame.time_to_live > 0);
	assert_int_equal(frame.length, 4);
	assert_memory_equal(frame.payload, "four", 4);
	assert_true(frame.is_sound);
	assert_true(frame.is_udp_sound);
}

/* Odd and even, none and the most, and the values that make sums overflow. */
static void checksums_are_right_for_every_length(void **state)
{
	static const uint8_t fillings[] = { 0x00, 0x5a, 0xff };
	uint8_t payload[PAYLOAD_MAX];
	struct link_route route;
	struct frame frame;

	(void)state;
	NETWORK_NEEDED();
	route = route_near();
	route.from = (struct endpoint){ { UINT32_MAX }, UINT16_MAX };
	for (size_t i = 0; i < COUNT_OF(fillings); i++) {
		memset(payload, fillings[i], sizeof(payload));
		for (size_t length = 0; length <= sizeof(payload); length++) {
			struct span span = { payload, length };

			assert_int_equal(link_send_udp(frames, &route, span), 0);
			wire_await(wire, &frame);
			assert_true(frame.is_sound);
			assert_true(frame.is_udp_sound);
			assert_int_equal(frame.length, length);
			assert_memory_equal(frame.payload, payload, length);
		}
	}
}

/* RFC 768: a checksum that comes to 0 is sent as ones, for 0 says that there is none. One word of
 * the payload runs through all its values: for one of them the sum is that. */
static void a_checksum_of_zero_is_sent_as_ones(void **state)
{
	struct link_route route;
	unsigned ones = 0;

	(void)state;
	NETWORK_NEEDED();
	route = route_near();
	for (unsigned word = 0; word <= UINT16_MAX && ones == 0; word++) {
		uint8_t payload[] = { (uint8_t)(word >> 8), (uint8_t)word };
		struct frame frame;

		assert_int_equal(link_send_udp(frames, &route, (struct span){ payload, 2 }), 0);
		wire_await(wire, &frame);
		assert_int_not_equal(frame.udp_checksum, 0);
		assert_true(frame.is_udp_sound);
		if (frame.udp_checksum == UINT16_MAX)
			ones++;
	}
	assert_true(ones > 0);
}

static void what_no_common_frame_carries_is_refused(void **state)
{
	static const uint8_t payload[PAYLOAD_MAX + 1];
	struct link_route route;
	struct frame frame;

	(void)state;
	NETWORK_NEEDED();
	route = route_near();
	assert_int_equal(link_send_udp(frames, &route, (struct span){ payload, sizeof(payload) }),
			 -EMSGSIZE);
	assert_int_equal(link_send_udp(frames, &route, (struct span){ payload, SIZE_MAX }),
			 -EMSGSIZE);
	/* Nothing of it went out: the next frame is another one. */
	assert_int_equal(link_send_udp(frames, &route, (struct span){ payload, 7 }), 0);
	wire_await(wire, &frame);
	assert_int_equal(frame.length, 7);
}

static void an_interface_that_is_not_there_is_an_error(void **state)
{
	struct link_route route;
	struct frame frame;

	(void)state;
	NETWORK_NEEDED();
	route = route_near();
	route.interface = 9999;
	assert_int_equal(link_send_udp(frames, &route, (struct span){ 0 }), -ENXIO);
	route.interface = network_interface("near");
	network_ip("link set near down");
	assert_int_equal(link_send_udp(frames, &route, (struct span){ 0 }), -ENETDOWN);
	network_ip("link set near up");
	assert_int_equal(link_send_udp(frames, &route, (struct span){ 0 }), 0);
	wire_await(wire, &frame);
	assert_int_equal(frame.length, 0);
}

static void no_link_is_closed_in_peace(void **state)
{
	(void)state;
	link_close(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_the_datagram_as_told),
		cmocka_unit_test(checksums_are_right_for_every_length),
		cmocka_unit_test(a_checksum_of_zero_is_sent_as_ones),
		cmocka_unit_test(what_no_common_frame_carries_is_refused),
		cmocka_unit_test(an_interface_that_is_not_there_is_an_error),
		cmocka_unit_test(no_link_is_closed_in_peace),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
