/* The addresses of a network of the test's own. */
#include "io/netif.h"

#include "base/text.h"
#include "network.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONGEST_NAME "a-name-of-15-ch" /* IFNAMSIZ less the NUL */

static int enter(void **state)
{
	(void)state;
	(void)network_enter();
	return 0;
}

static size_t list(struct local_address *out_list, size_t capacity)
{
	size_t count = 12345;

	memset(out_list, 0xa5, capacity * sizeof(*out_list));
	assert_int_equal(netif_list(out_list, capacity, &count), 0);
	return count;
}

static const struct local_address *find(const struct local_address *list, size_t count,
					const char *address)
{
	for (size_t i = 0; i < count; i++) {
		if (ip4_is_same(list[i].address, ip4_of(address)))
			return &list[i];
	}
	fail_msg("%s is not in the list", address);
	return NULL;
}

static void assert_listed(const struct local_address *list, size_t count, const char *address,
			  uint8_t prefix_length, const char *interface)
{
	const struct local_address *row = find(list, count, address);

	assert_int_equal(row->prefix_length, prefix_length);
	assert_string_equal(row->name, interface);
	assert_int_equal(row->interface, network_interface(interface));
}

static void lists_every_address_of_every_interface(void **state)
{
	struct local_address rows[NETIF_MAX];
	size_t count;

	(void)state;
	NETWORK_NEEDED();
	count = list(rows, NETIF_MAX);
	assert_int_equal(count, 1);
	assert_listed(rows, count, "127.0.0.1", 8, "lo");

	network_ip("link add " LONGEST_NAME " type veth peer name spare");
	network_ip("addr add 192.168.77.1/24 dev near");
	network_ip("addr add 192.168.77.2/24 dev near"); /* a second one of the network */
	network_ip("addr add 10.0.0.1/8 dev near");
	network_ip("addr add fd00::1/64 dev near");
	network_ip("addr add 203.0.113.1/32 dev far");
	network_ip("addr add 192.0.2.1/31 dev " LONGEST_NAME); /* an interface that is down */
	count = list(rows, NETIF_MAX);
	assert_int_equal(count, 6);
	assert_listed(rows, count, "127.0.0.1", 8, "lo");
	assert_listed(rows, count, "192.168.77.1", 24, "near");
	assert_listed(rows, count, "192.168.77.2", 24, "near");
	assert_listed(rows, count, "10.0.0.1", 8, "near");
	assert_listed(rows, count, "203.0.113.1", 32, "far");
	assert_listed(rows, count, "192.0.2.1", 31, LONGEST_NAME);
}

static void lists_addresses_of_ip6(void **state)
{
	static const struct {
		const char *address;
		uint8_t prefix_length;
		const char *name;
	} expected[] = {
		{ "::1", 128, "lo" },
		{ "fd00:77::1", 64, "near" },
		{ "fe80::77", 64, "near" },
		{ "fd00:78::1", 128, "far" },
	};
	struct local_ip rows[NETIF_MAX];
	unsigned seen = 0;
	size_t count;

	(void)state;
	NETWORK_NEEDED();
	if (system("ip addr add fd00:77::1/64 dev near nodad") != 0)
		skip();
	network_ip("addr add fe80::77/64 dev near nodad");
	network_ip("addr add fd00:78::1 peer fd00:78::2/128 dev far nodad");
	assert_int_equal(netif_list_6(rows, NETIF_MAX, &count), 0);
	for (size_t i = 0; i < count; i++) {
		for (size_t one = 0; one < COUNT_OF(expected); one++) {
			if (!ip_is_within(rows[i].address, ip_of(expected[one].address), 128))
				continue;
			assert_string_equal(rows[i].name, expected[one].name);
			assert_int_equal(rows[i].prefix_length, expected[one].prefix_length);
			assert_int_equal(rows[i].interface, network_interface(rows[i].name));
			assert_int_equal(rows[i].address.scope,
					 ip_is_link_local(rows[i].address) ? rows[i].interface : 0);
			seen |= 1u << one;
		}
		assert_false(ip_is_4(rows[i].address));
		assert_false(ip_is_within(rows[i].address, ip_of("fd00:78::2"), 128));
	}
	assert_int_equal(seen, 0xf);
	assert_int_equal(netif_list_6(rows, 1, &count), 0);
	assert_int_equal(count, 1);
}

/* On a point-to-point link the kernel names the other end first. */
static void lists_this_end_of_a_point_to_point_link(void **state)
{
	struct local_address rows[NETIF_MAX];
	size_t count;

	(void)state;
	NETWORK_NEEDED();
	network_ip("addr flush dev near");
	network_ip("addr add 10.9.9.1 peer 10.9.9.2/32 dev near");
	count = list(rows, NETIF_MAX);
	assert_listed(rows, count, "10.9.9.1", 32, "near");
	for (size_t i = 0; i < count; i++)
		assert_int_not_equal(rows[i].address.value, ip4_of("10.9.9.2").value);
}

static void what_there_is_no_room_for_is_left_out(void **state)
{
	struct local_address rows[3];
	size_t count;

	(void)state;
	NETWORK_NEEDED();
	network_ip("addr flush dev near");
	for (int i = 1; i <= 5; i++)
		network_ip("addr add 10.7.7.%d/24 dev near", i);
	rows[2].interface = 4711;
	count = list(rows, 2);
	assert_int_equal(count, 2);
	assert_int_equal(rows[2].interface, 4711);
}

/* More than one message of the kernel. */
static void lists_hundreds_of_addresses(void **state)
{
	static struct local_address rows[NETIF_MAX];
	size_t count;

	(void)state;
	NETWORK_NEEDED();
	network_ip("addr flush dev near");
	for (int i = 0; i < 300; i++)
		network_ip("addr add 10.8.%d.%d/16 dev near", i / 200, i % 200 + 1);
	count = list(rows, NETIF_MAX);
	assert_int_equal(count, NETIF_MAX);
	for (size_t one = 0; one < count; one++) {
		for (size_t other = 0; other < one; other++)
			assert_false(ip4_is_same(rows[one].address, rows[other].address));
	}
}

/* A list that a change cuts is asked for anew. */
static void lists_while_addresses_change(void **state)
{
	static struct local_address rows[NETIF_MAX];
	int failures = 0;
	size_t count = 0;
	pid_t changer;

	(void)state;
	NETWORK_NEEDED();
	changer = fork();
	assert_true(changer >= 0);
	(void)setpgid(changer, changer);
	if (changer == 0) {
		(void)setpgid(0, 0);
		(void)execl("/bin/sh", "sh", "-c",
			    "while :; do ip addr add 10.9.9.9/32 dev far;"
			    " ip addr del 10.9.9.9/32 dev far; done",
			    (char *)NULL);
		_exit(1);
	}
	for (int i = 0; i < 3000; i++)
		failures += netif_list(rows, NETIF_MAX, &count) < 0 || count != NETIF_MAX;
	(void)kill(-changer, SIGKILL);
	assert_int_equal(waitpid(changer, NULL, 0), changer);
	assert_int_equal(failures, 0);
	network_ip("addr flush dev far");
}

static void forward(const char *name, const char *value)
{
	char path[128];
	FILE *file;

	assert_true(text_format(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/forwarding", name));
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(value, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void tells_who_routes_ip6(void **state)
{
	unsigned near = network_is_entered() ? network_interface("near") : 0;
	bool forwards = true;

	(void)state;
	NETWORK_NEEDED();
	assert_int_equal(netif_forwards_ip6(near, &forwards), 0);
	assert_false(forwards);
	forward("near", "1");
	assert_int_equal(netif_forwards_ip6(near, &forwards), 0);
	assert_true(forwards);
	forward("near", "0");
	assert_int_equal(netif_forwards_ip6(99999, &forwards), -ENODEV);
	assert_true(forwards);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_every_address_of_every_interface),
		cmocka_unit_test(lists_addresses_of_ip6),
		cmocka_unit_test(lists_this_end_of_a_point_to_point_link),
		cmocka_unit_test(what_there_is_no_room_for_is_left_out),
		cmocka_unit_test(lists_hundreds_of_addresses),
		cmocka_unit_test(lists_while_addresses_change),
		cmocka_unit_test(tells_who_routes_ip6),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
