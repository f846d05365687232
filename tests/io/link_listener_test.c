/* Datagrams out of IP packets, and off the end of a cable. */
#include "io/link_listener.h"

#include "network.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

/* From 192.168.77.148:68 to 192.168.77.1:67, "boot me"; by a program of its own. */
#define IP   "450000230000000040115ee4c0a84d94c0a84d01"
#define UDP  "00440043000f"
#define SUM  "8c11"
#define TEXT "626f6f74206d65"

static const struct {
	const char *what;
	const char *packet;
	bool has_checksum;
	const char *expected; /* NULL: no datagram */
} packets[] = {
	/* clang-format off */
	{ "a packet", IP UDP SUM TEXT, true, "boot me" },
	{ "filled up to the frame's size", IP UDP SUM TEXT "0000000000", true, "boot me" },
	{ "no checksum", IP UDP "0000" TEXT, true, "boot me" },
	{ "a wrong one", IP UDP "8c12" TEXT, true, NULL },
	{ "one that hardware was to fill in", IP UDP "8c12" TEXT, false, "boot me" },
	{ "another text", IP UDP SUM "626f6f74206d66", true, NULL },
	{ "a wrong checksum of the header", "450000230000000040115ee5c0a84d94c0a84d01" UDP SUM TEXT, true, NULL },
	{ "options in the header",
	  "460000270000000040115bdec0a84d94c0a84d0101010101" UDP SUM TEXT, true, "boot me" },
	{ "nothing", "", true, NULL },
	{ "half a header", "45000023000000004011", true, NULL },
	{ "a header alone", IP, true, NULL },
	{ "half a UDP header", IP "00440043", true, NULL },
	{ "shorter than it says", IP UDP SUM "626f6f74", true, NULL },
	{ "UDP shorter than its header", IP "004400430007" "0000" TEXT, true, NULL },
	{ "UDP longer than the packet", IP "004400430010" "0000" TEXT, true, NULL },
	{ "UDP shorter than the packet", IP "00440043000c" "0000" TEXT, true, "boot" },
	{ "IPv6", "650000230000000040113ee4c0a84d94c0a84d01" UDP SUM TEXT, true, NULL },
	{ "a header of no length", "4000002300000000401163e4c0a84d94c0a84d01" UDP SUM TEXT, true, NULL },
	/* clang-format on */
};

static void takes_datagrams_out_of_packets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		struct span packet = bytes_of_hex(packets[i].packet);
		struct datagram datagram;
		bool is_one = link_decode_udp(packet, packets[i].has_checksum, &datagram);

		print_message("%s\n", packets[i].what);
		assert_int_equal(is_one, packets[i].expected != NULL);
		if (is_one) {
			assert_int_equal(datagram.bytes.length, strlen(packets[i].expected));
			assert_memory_equal(datagram.bytes.bytes, packets[i].expected,
					    datagram.bytes.length);
			assert_string_equal(ip_format(datagram.from.address).text,
					    "192.168.77.148");
			assert_string_equal(ip_format(datagram.destination).text, "192.168.77.1");
			assert_int_equal(datagram.from.port, 68);
			assert_int_equal(datagram.port, 67);
		}
		bytes_free(packet);
	}
}

static struct {
	struct loop *loop;
	struct datagram datagram;
	size_t count;
} heard;

static void on_taken(void *context, const struct datagram *batch, size_t count)
{
	(void)context;
	(void)batch;
	(void)count;
}

static void on_datagrams(void *context, const struct datagram *batch, size_t count)
{
	(void)context;
	heard.datagram = batch[0];
	heard.count += count;
	loop_stop(heard.loop);
}

/* Another socket has the port; of two frames only the one to it is heard. */
static void hears_what_goes_to_a_port_that_is_taken(void **state)
{
	struct link_listener_options options = { .port = 67, .from_port = 68 };
	struct udp_options taken = { .local.port = 67 };
	struct frame frame = { .from_mac = mac_of(MACHINE),
			       .to_mac = MAC_BROADCAST,
			       .from = { ip4_of("0.0.0.0"), 68 },
			       .to = { IP4_BROADCAST, 67 },
			       .time_to_live = 64,
			       .length = 5 };
	struct link_listener *listener;
	struct udp *udp;
	int wire;

	(void)state;
	NETWORK_NEEDED();
	heard.loop = loop_new();
	wire = wire_open("far");
	assert_int_equal(udp_open(heard.loop, &taken, on_taken, NULL, &udp), 0);
	assert_int_equal(link_listener_open(heard.loop, &options, on_datagrams, NULL, &listener),
			 0);
	frame.to.port = 68;
	wire_send(wire, &frame);
	frame.to.port = 67;
	frame.from.port = 69;
	wire_send(wire, &frame);
	frame.from.port = 68;
	wire_send(wire, &frame);
	loop_run(heard.loop);
	assert_int_equal(heard.count, 1);
	assert_int_equal(heard.datagram.interface, network_interface("near"));
	assert_true(mac_is_same(heard.datagram.from_mac, mac_of(MACHINE)));
	assert_false(ip_is_set(heard.datagram.local));
	assert_int_equal(heard.datagram.bytes.length, 5);

	link_listener_close(listener);
	udp_close(udp);
	wire_close(wire);
	loop_free(heard.loop);
}

static void make_spare(void)
{
	network_ip("link add spare type veth peer name spare-end");
	network_ip("link set spare up");
	network_ip("link set spare-end up");
}

/* A frame that arrives on "spare" is heard. */
static void assert_spare_is_heard(size_t count)
{
	struct frame frame = { .from_mac = mac_of(MACHINE),
			       .to_mac = MAC_BROADCAST,
			       .from = { ip4_of("0.0.0.0"), 68 },
			       .to = { IP4_BROADCAST, 67 },
			       .time_to_live = 64,
			       .length = 5 };
	int wire = wire_open("spare-end");

	wire_send(wire, &frame);
	while (heard.count < count)
		loop_run(heard.loop);
	assert_int_equal(heard.datagram.interface, network_interface("spare"));
	wire_close(wire);
}

static void follows_an_interface_that_is_made_anew(void **state)
{
	struct link_listener_options options = { .port = 67 };
	struct link_listener *listener;

	(void)state;
	NETWORK_NEEDED();
	heard.loop = loop_new();
	heard.count = 0;
	make_spare();
	options.interface = network_interface("spare");
	assert_int_equal(link_listener_open(heard.loop, &options, on_datagrams, NULL, &listener),
			 0);
	assert_spare_is_heard(1);
	network_ip("link del spare");
	assert_int_equal(link_listener_bind(listener, 0), 0);
	make_spare();
	assert_int_equal(link_listener_bind(listener, network_interface("spare")), 0);
	assert_spare_is_heard(2);
	assert_int_equal(link_listener_bind(listener, 99999), -ENODEV);
	network_ip("link del spare");
	link_listener_close(listener);
	loop_free(heard.loop);
}

static int enter(void **state)
{
	(void)state;
	(void)network_enter();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_datagrams_out_of_packets),
		cmocka_unit_test(hears_what_goes_to_a_port_that_is_taken),
		cmocka_unit_test(follows_an_interface_that_is_made_anew),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
