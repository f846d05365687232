/* Packets that wait: of each machine the newest, of so many machines and no more. */
#include "dhcp/dhcp_waiting.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define CAPACITY 3
#define ROUNDS   1000

static struct mac machine(uint32_t number)
{
	return (struct mac){ { 0x52, 0x54, 0, 0, (uint8_t)(number >> 8), (uint8_t)number } };
}

static struct dhcp_waiting *new_waiting(void)
{
	struct dhcp_waiting *waiting = dhcp_waiting_new(CAPACITY);

	assert_non_null(waiting);
	return waiting;
}

static struct waiting_packet *add(struct dhcp_waiting *waiting, uint32_t number)
{
	struct waiting_packet *packet = dhcp_waiting_add(waiting, machine(number));

	assert_non_null(packet);
	assert_true(mac_is_same(packet->mac, machine(number)));
	return packet;
}

static void a_machine_has_the_place_that_it_was_given(void **state)
{
	struct dhcp_waiting *waiting = new_waiting();
	struct waiting_packet *packets[CAPACITY];

	(void)state;
	assert_null(dhcp_waiting_find(waiting, machine(0)));
	for (uint32_t i = 0; i < CAPACITY; i++)
		packets[i] = add(waiting, i);
	for (uint32_t i = 0; i < CAPACITY; i++) {
		assert_ptr_equal(dhcp_waiting_find(waiting, machine(i)), packets[i]);
		for (uint32_t other = 0; other < i; other++)
			assert_ptr_not_equal(packets[i], packets[other]);
	}
	assert_null(dhcp_waiting_find(waiting, machine(CAPACITY)));
	dhcp_waiting_free(waiting);
}

static void so_many_machines_wait_and_no_more(void **state)
{
	struct dhcp_waiting *waiting = new_waiting();

	(void)state;
	for (uint32_t i = 0; i < CAPACITY; i++)
		add(waiting, i);
	assert_null(dhcp_waiting_add(waiting, machine(CAPACITY)));
	assert_null(dhcp_waiting_find(waiting, machine(CAPACITY)));
	/* A place that is given back is another's. */
	dhcp_waiting_remove(waiting, dhcp_waiting_find(waiting, machine(1)));
	assert_null(dhcp_waiting_find(waiting, machine(1)));
	add(waiting, CAPACITY);
	assert_null(dhcp_waiting_add(waiting, machine(1)));
	for (uint32_t i = 0; i <= CAPACITY; i++)
		assert_int_equal(dhcp_waiting_find(waiting, machine(i)) != NULL, i != 1);
	dhcp_waiting_free(waiting);
}

static void places_are_never_used_up(void **state)
{
	struct dhcp_waiting *waiting = new_waiting();

	(void)state;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		add(waiting, round);
		if (round >= CAPACITY - 1)
			dhcp_waiting_remove(
				waiting,
				dhcp_waiting_find(waiting, machine(round - (CAPACITY - 1))));
	}
	dhcp_waiting_free(waiting);
}

static void all_may_be_forgotten(void **state)
{
	struct dhcp_waiting *waiting = new_waiting();

	(void)state;
	dhcp_waiting_clear(waiting);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < CAPACITY; i++)
			add(waiting, i);
		assert_null(dhcp_waiting_add(waiting, machine(CAPACITY)));
		dhcp_waiting_clear(waiting);
		for (uint32_t i = 0; i < CAPACITY; i++)
			assert_null(dhcp_waiting_find(waiting, machine(i)));
	}
	/* With a gap, too. */
	add(waiting, 0);
	add(waiting, 1);
	dhcp_waiting_remove(waiting, dhcp_waiting_find(waiting, machine(0)));
	dhcp_waiting_clear(waiting);
	assert_null(dhcp_waiting_find(waiting, machine(1)));
	dhcp_waiting_free(waiting);
}

static struct datagram datagram_of(struct span bytes, uint16_t port)
{
	return (struct datagram){ .bytes = bytes,
				  .from = { ip_of("192.168.77.148"), port },
				  .destination = ip_from_4(IP4_BROADCAST),
				  .local = ip_of("192.168.77.1"),
				  .interface = 7 };
}

static void assert_keeps(const struct waiting_packet *packet, const struct datagram *datagram,
			 struct span bytes)
{
	/* A copy: the datagram's own bytes are gone when the authority answers. */
	assert_ptr_equal(packet->kept.datagram.bytes.bytes, packet->kept.bytes);
	assert_int_equal(packet->kept.datagram.bytes.length, bytes.length);
	assert_memory_equal(packet->kept.bytes, bytes.bytes, bytes.length);
	assert_true(ip_is_same(packet->kept.datagram.from.address, datagram->from.address));
	assert_int_equal(packet->kept.datagram.from.port, datagram->from.port);
	assert_true(ip_is_same(packet->kept.datagram.destination, datagram->destination));
	assert_true(ip_is_same(packet->kept.datagram.local, datagram->local));
	assert_int_equal(packet->kept.datagram.interface, datagram->interface);
	assert_false(packet->kept.datagram.is_cut);
}

static void the_newest_packet_is_kept(void **state)
{
	static const char *const packets[] = { "0102030405", "aabb", "", "00112233445566778899" };
	struct dhcp_waiting *waiting = new_waiting();
	struct waiting_packet *packet = add(waiting, 1);

	(void)state;
	for (uint32_t i = 0; i < COUNT_OF(packets); i++) {
		struct span expected = bytes_of_hex(packets[i]);
		struct span bytes = bytes_of_hex(packets[i]);
		struct datagram datagram = datagram_of(bytes, (uint16_t)(68 + i));

		dhcp_waiting_keep(packet, &datagram, 1000 + i);
		bytes_free(bytes);
		assert_ptr_equal(dhcp_waiting_find(waiting, machine(1)), packet);
		assert_int_equal(packet->xid, 1000 + i);
		assert_true(mac_is_same(packet->mac, machine(1)));
		assert_keeps(packet, &datagram, expected);
		bytes_free(expected);
	}
	dhcp_waiting_free(waiting);
}

static void the_longest_packet_fits(void **state)
{
	struct dhcp_waiting *waiting = new_waiting();
	struct waiting_packet *packet = add(waiting, 1);
	uint8_t longest[DATAGRAM_MAX];
	struct datagram datagram = datagram_of((struct span){ longest, sizeof(longest) }, 68);
	uint32_t index = packet->index;

	(void)state;
	memset(longest, 0xab, sizeof(longest));
	dhcp_waiting_keep(packet, &datagram, 1);
	assert_keeps(packet, &datagram, datagram.bytes);
	assert_int_equal(packet->index, index);
	dhcp_waiting_free(waiting);
}

static void one_machines_packet_is_not_anothers(void **state)
{
	struct dhcp_waiting *waiting = new_waiting();
	struct datagram one = datagram_of((struct span){ (const uint8_t *)"one", 3 }, 68);
	struct datagram other = datagram_of((struct span){ (const uint8_t *)"other", 5 }, 69);

	(void)state;
	dhcp_waiting_keep(add(waiting, 1), &one, 1);
	dhcp_waiting_keep(add(waiting, 2), &other, 2);
	assert_keeps(dhcp_waiting_find(waiting, machine(1)), &one, one.bytes);
	assert_keeps(dhcp_waiting_find(waiting, machine(2)), &other, other.bytes);
	dhcp_waiting_remove(waiting, dhcp_waiting_find(waiting, machine(1)));
	assert_keeps(dhcp_waiting_find(waiting, machine(2)), &other, other.bytes);
	dhcp_waiting_free(waiting);
}

static void no_places_are_freed_in_peace(void **state)
{
	(void)state;
	dhcp_waiting_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_machine_has_the_place_that_it_was_given),
		cmocka_unit_test(so_many_machines_wait_and_no_more),
		cmocka_unit_test(places_are_never_used_up),
		cmocka_unit_test(all_may_be_forgotten),
		cmocka_unit_test(the_newest_packet_is_kept),
		cmocka_unit_test(the_longest_packet_fits),
		cmocka_unit_test(one_machines_packet_is_not_anothers),
		cmocka_unit_test(no_places_are_freed_in_peace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
