#include "tftp/tftp_ports.h"

#include "io/loop.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

static struct loop *loop;

static void on_packets(void *context, const struct datagram *batch, size_t count)
{
	(void)context;
	(void)batch;
	(void)count;
}

static int set_up(void **state)
{
	(void)state;
	loop = loop_new();
	return loop == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static struct tftp_ports *open_ports(uint16_t count)
{
	struct tftp_ports_options options = { .loop = loop, .count = count };
	struct tftp_ports *ports;

	assert_int_equal(tftp_ports_open(&options, on_packets, &ports), 0);
	return ports;
}

static struct ip_endpoint client_of(uint32_t number)
{
	return (struct ip_endpoint){ IP_MAPPED(0x0a000000 + number), 2000 };
}

/* RFC 1350 4: what is late of the last transfer must not be taken for the next one's. */
static void a_clients_next_port_is_another(void **state)
{
	static const uint16_t counts[] = { 2, 3, 16 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		struct tftp_ports *ports = open_ports(counts[i]);
		struct tftp_port *last = NULL;

		for (uint32_t round = 0; round < 200; round++) {
			struct tftp_port *port = tftp_ports_choose(ports, client_of(1));

			assert_ptr_not_equal(port, last);
			assert_true(tftp_ports_is_last(ports, port, client_of(1)));
			assert_true(last == NULL || !tftp_ports_is_last(ports, last, client_of(1)));
			/* Others in between change nothing. */
			for (uint32_t other = 0; other < round % 40; other++)
				(void)tftp_ports_choose(ports, client_of(100 + other));
			last = port;
		}
		tftp_ports_close(ports);
	}
}

static void all_ports_have_their_turn(void **state)
{
	struct tftp_ports *ports = open_ports(4);
	unsigned counts[4] = { 0 };
	struct tftp_port *first = tftp_ports_choose(ports, client_of(0));

	(void)state;
	for (uint32_t i = 1; i < 4000; i++)
		counts[tftp_ports_choose(ports, client_of(i)) - first]++;
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		assert_in_range(counts[i], 900, 1100);
	tftp_ports_close(ports);
}

static void takes_what_is_free_of_a_range(void **state)
{
	struct tftp_ports *taken = open_ports(1);
	uint16_t port = udp_port(tftp_ports_choose(taken, client_of(1))->udp);
	struct tftp_ports_options options = {
		.loop = loop, .first = port, .last = port, .count = 16
	};
	struct tftp_ports *ports;

	(void)state;
	assert_int_equal(tftp_ports_open(&options, on_packets, &ports), -EADDRINUSE);
	options.first = (uint16_t)(port - 100);
	options.last = (uint16_t)(port + 100);
	assert_int_equal(tftp_ports_open(&options, on_packets, &ports), 0);
	for (uint32_t i = 0; i < 600; i++) {
		uint16_t chosen = udp_port(tftp_ports_choose(ports, client_of(i))->udp);

		assert_in_range(chosen, options.first, options.last);
		assert_int_not_equal(chosen, port);
	}
	tftp_ports_close(ports);
	tftp_ports_close(taken);
}

#define PORTS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PORTS_TEST(a_clients_next_port_is_another),
		PORTS_TEST(all_ports_have_their_turn),
		PORTS_TEST(takes_what_is_free_of_a_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
