/* Neighbours of a network of the test's own: "near" is this machine's, "far" the other end. */
#include "io/neighbours.h"

#include "network.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct neighbours *neighbours;

static int set_up(void **state)
{
	(void)state;
	if (!network_enter())
		return 0;
	network_ip("addr add 10.77.0.1/24 dev near");
	return neighbours_open(&neighbours);
}

static int tear_down(void **state)
{
	(void)state;
	neighbours_close(neighbours);
	return 0;
}

static void add(const char *address, const char *mac, const char *state)
{
	network_ip("neigh replace %s lladdr %s dev near nud %s", address, mac, state);
}

static void assert_unknown(const char *address)
{
	static const struct neighbour untouched = { 7, { { 1, 2, 3, 4, 5, 6 } } };
	struct neighbour neighbour = untouched;

	assert_false(neighbours_find(neighbours, ip4_of(address), &neighbour));
	assert_int_equal(neighbour.interface, untouched.interface);
	assert_true(mac_is_same(neighbour.mac, untouched.mac));
}

static void assert_is(const char *address, const char *expected)
{
	struct neighbour neighbour;

	assert_true(neighbours_find(neighbours, ip4_of(address), &neighbour));
	assert_int_equal(neighbour.interface, network_interface("near"));
	assert_string_equal(mac_format(neighbour.mac).text, expected);
}

static void who_was_heard_is_known(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	add("10.77.0.5", "52:54:00:77:00:05", "stale");
	add("10.77.0.6", "52:54:00:77:00:06", "reachable");
	add("10.77.0.7", "52:54:00:77:00:07", "permanent");
	assert_is("10.77.0.5", "52-54-00-77-00-05");
	assert_is("10.77.0.6", "52-54-00-77-00-06");
	assert_is("10.77.0.7", "52-54-00-77-00-07");
	/* What is said of it last counts. */
	add("10.77.0.5", "52:54:00:77:00:55", "stale");
	assert_is("10.77.0.5", "52-54-00-77-00-55");
}

static void who_was_not_heard_is_unknown(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	assert_unknown("10.77.0.99");
	add("10.77.0.8", "52:54:00:77:00:08", "failed");
	assert_unknown("10.77.0.8");
	add("10.77.0.9", "00:00:00:00:00:00", "stale");
	assert_unknown("10.77.0.9");
}

static void this_machine_is_not_its_neighbour(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	assert_unknown("10.77.0.1");
	assert_unknown("127.0.0.1");
	assert_unknown("10.77.0.255");
	assert_unknown("255.255.255.255");
	assert_unknown("0.0.0.0");
}

/* A row for the address on some interface says nothing of whom a packet to it goes to. */
static void who_is_behind_a_router_is_unknown(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	add("10.77.0.2", "52:54:00:77:00:02", "reachable");
	add("192.0.2.5", "52:54:00:77:00:92", "reachable");
	assert_unknown("192.0.2.5");
	network_ip("route add 192.0.2.0/24 via 10.77.0.2");
	assert_unknown("192.0.2.5");
	network_ip("route del 192.0.2.0/24");
	network_ip("route add unreachable 192.0.2.0/24");
	assert_unknown("192.0.2.5");
	network_ip("route del unreachable 192.0.2.0/24");
	/* One network more on the same cable. */
	network_ip("route add 192.0.2.0/24 dev near");
	assert_is("192.0.2.5", "52-54-00-77-00-92");
	network_ip("route del 192.0.2.0/24");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_heard_is_known),
		cmocka_unit_test(who_was_not_heard_is_unknown),
		cmocka_unit_test(this_machine_is_not_its_neighbour),
		cmocka_unit_test(who_is_behind_a_router_is_unknown),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
