/* The service on one end of a cable, its clients on the other: whole frames in, whole frames out,
 * in a network of the test's own. One thread does all. */
#include "dhcp/dhcp_service.h"

#include "base/log.h"
#include "dhcp/dhcp_exchange.h"
#include "io/udp.h"
#include "lease/lease_memory.h"
#include "network.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STUCK_S    60
#define SERVER     "10.77.0.1"
#define SECOND     "10.99.0.1" /* the interface's other address, of another network */
#define RELAY      "10.77.0.9"
#define OUTSIDE    "10.77.0.50" /* of the pool, on the network */
#define FIRST      "10.77.0.100"
#define LAST       "10.77.0.102"
#define SERVER_ID  "54=0a4d0001"
#define FRAMES_MAX 8
#define BOOT       "93=0000" /* makes a boot client */
#define OTHER      "52-54-00-77-01-02"
#define THIRD      "52-54-00-77-01-03"
#define FOURTH     "52-54-00-77-01-04"
#define REPLY_MIN  300
#define OPTIONS_AT 240
#define BROADCAST  0x8000
#define LAB_FIRST  "10.99.0.100" /* of SECOND's network */
#define LAB_LAST   "10.99.0.101"
#define HALL_FIRST "10.55.0.100" /* of a network behind relays */
#define HALL_LAST  "10.55.0.101"
#define ROUTER     "10.55.0.1"

enum { OFFER = 2, ACK = 5, NAK = 6 };

/* One service and all around it. */
static struct {
	struct loop *loop;
	struct activity *activity;
	struct session_table *sessions;
	struct lease_store *leases;
	struct config config;
	struct subnet_config subnet;
	struct subnet_config several[3];
	struct address_range range;
	struct local_address served[2];
	struct dhcp_service_parts parts;
	struct dhcp_service *service;
	int wire;
	struct watch *watch;
	struct timer *poll;
	enum event_kind awaited;
	uint64_t awaited_count;
	struct frame frames[FRAMES_MAX]; /* what came out of the cable */
	size_t frame_count;
} bench;

static void on_wire(void *context)
{
	(void)context;
	while (bench.frame_count < FRAMES_MAX &&
	       wire_receive(bench.wire, &bench.frames[bench.frame_count]))
		bench.frame_count++;
	if (bench.frame_count > 0)
		loop_stop(bench.loop);
}

/* Events call nobody, so they are looked for. */
static void on_poll(void *context)
{
	(void)context;
	if (activity_count(bench.activity, bench.awaited) >= bench.awaited_count)
		loop_stop(bench.loop);
	else
		timer_start(bench.poll, 1);
}

static void fill_config(void)
{
	bench.range = (struct address_range){ ip4_of(FIRST), ip4_of(LAST) };
	bench.subnet = (struct subnet_config){ .network = ip4_of("10.77.0.0"),
					       .prefix_length = 24,
					       .netmask = ip4_of("255.255.255.0"),
					       .ranges = { &bench.range, 1 },
					       .tells_gateway = true,
					       .lease_time_s = 3600,
					       .probation_s = 3600,
					       .is_authoritative = true };
	bench.config = (struct config){
		.has_dhcp = true,
		.bootp = { .port = 67,
			   .boot_file = "boot.bin",
			   .servername = "boots",
			   .tells_gateway = true },
		.bootfile = { .list = { { .architecture = 7, .file = "efi.bin" } }, .count = 1 },
		.subnets = { &bench.subnet, 1 },
	};
}

/* All but the service, so that a test may change what it starts with. */
static int set_up(void **state)
{
	struct address_range range;
	struct lease_pool pool = { &range, 1 };

	(void)state;
	if (!network_is_entered())
		return 0;
	fill_config();
	bench.loop = loop_new();
	bench.activity = activity_new();
	bench.sessions = session_table_new(16);
	bench.leases = lease_memory_new();
	range = (struct address_range){ ip4_of(FIRST), ip4_of(LAST) };
	if (bench.leases->operations->set_pools(bench.leases, &pool, 1, NULL, 0) < 0)
		return -1;
	bench.served[0] = (struct local_address){ .interface = network_interface("near"),
						  .name = "near",
						  .address = ip4_of(SECOND),
						  .prefix_length = 24 };
	bench.served[1] = bench.served[0];
	bench.served[1].address = ip4_of(SERVER);
	bench.parts = (struct dhcp_service_parts){ .loop = bench.loop,
						   .leases = bench.leases,
						   .sessions = bench.sessions,
						   .activity = bench.activity,
						   .config = &bench.config,
						   .served = bench.served,
						   .served_count = 2 };
	bench.wire = wire_open("far");
	bench.watch = watch_new(bench.loop, bench.wire, on_wire, NULL);
	bench.poll = timer_new(bench.loop, on_poll, NULL);
	bench.frame_count = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (!network_is_entered())
		return 0;
	dhcp_service_stop(bench.service);
	bench.service = NULL;
	watch_free(bench.watch);
	timer_free(bench.poll);
	loop_free(bench.loop);
	wire_close(bench.wire);
	bench.leases->operations->close(bench.leases);
	session_table_free(bench.sessions);
	activity_free(bench.activity);
	return 0;
}

static void start(void)
{
	enum dhcp_socket socket;

	assert_int_equal(dhcp_service_start(&bench.parts, &bench.service, &socket), 0);
}

static void send_bytes(struct span bytes)
{
	struct frame frame = { .to_mac = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
			       .from_mac = network_mac("far"),
			       .from = { { 0 }, 68 },
			       .to = { IP4_BROADCAST, bench.config.bootp.port },
			       .length = bytes.length };

	assert_true(bytes.length <= sizeof(frame.payload));
	memcpy(frame.payload, bytes.bytes, bytes.length);
	wire_send(bench.wire, &frame);
}

/* To this machine's address alone, as relays do and machines that renew. */
static void send_to(const char *address, const char *from, const struct packet *packet)
{
	struct span bytes = packet_bytes(packet);
	struct frame frame = { .to_mac = network_mac("near"),
			       .from_mac = network_mac("far"),
			       .from = { ip4_of(from), packet->giaddr != NULL ? 67 : 68 },
			       .to = { ip4_of(address), bench.config.bootp.port },
			       .length = bytes.length };

	memcpy(frame.payload, bytes.bytes, bytes.length);
	wire_send(bench.wire, &frame);
	bytes_free(bytes);
}

static void send_packet(const struct packet *packet)
{
	struct span bytes = packet_bytes(packet);

	send_bytes(bytes);
	bytes_free(bytes);
}

static const struct frame *only_answer(void)
{
	loop_run(bench.loop);
	assert_int_equal(bench.frame_count, 1);
	assert_int_equal(bench.frames[0].from.port, bench.config.bootp.port);
	assert_int_equal(bench.frames[0].payload[0], 2);
	assert_true(bench.frames[0].is_sound);
	return &bench.frames[0];
}

/* The answer to the packet. */
static const struct frame *ask(const struct packet *packet)
{
	bench.frame_count = 0;
	send_packet(packet);
	return only_answer();
}

/* The same, sent to this machine's address alone. */
static const struct frame *ask_at(const char *address, const char *from,
				  const struct packet *packet)
{
	bench.frame_count = 0;
	send_to(address, from, packet);
	return only_answer();
}

/* Runs until the machine has an answer, whoever else has one before. */
static void await_answer_to(const char *mac)
{
	struct mac wanted = mac_of(mac);

	do {
		bench.frame_count = 0;
		loop_run(bench.loop);
	} while (memcmp(bench.frames[bench.frame_count - 1].payload + 28, wanted.bytes,
			sizeof(wanted.bytes)) != 0);
}

/* An event of this kind happens, and no answer. */
static void await_event(enum event_kind kind, uint64_t count)
{
	bench.awaited = kind;
	bench.awaited_count = count;
	bench.frame_count = 0;
	timer_start(bench.poll, 0);
	loop_run(bench.loop);
	timer_stop(bench.poll);
	assert_int_equal(bench.frame_count, 0);
	assert_int_equal(activity_count(bench.activity, kind), count);
}

static void ask_in_vain(const struct packet *packet, enum event_kind kind)
{
	uint64_t before = activity_count(bench.activity, kind);

	send_packet(packet);
	await_event(kind, before + 1);
}

/* An option's value in an answer; bytes is NULL where it is not there. */
static struct span option_of(const struct frame *frame, uint8_t code)
{
	size_t at = OPTIONS_AT;

	while (at + 1 < frame->length && frame->payload[at] != 255) {
		if (frame->payload[at] == code)
			return (struct span){ frame->payload + at + 2, frame->payload[at + 1] };
		at += frame->payload[at] == 0 ? 1 : 2 + (size_t)frame->payload[at + 1];
	}
	return (struct span){ 0 };
}

static uint8_t type_of(const struct frame *frame)
{
	struct span type = option_of(frame, 53);

	return type.length == 1 ? type.bytes[0] : 0;
}

static void assert_answer(const struct frame *frame, uint8_t type, const char *address)
{
	assert_int_equal(type_of(frame), type);
	assert_string_equal(ip4_format(ip4_from_bytes(frame->payload + 16)).text, address);
}

static const char *boot_file_of(const struct frame *frame)
{
	return (const char *)frame->payload + 108;
}

/* DISCOVER and REQUEST: the machine has the address now. */
static void boot(const char *mac, const char *options, const char *address)
{
	char request[200] = "53=03 " SERVER_ID " ";
	struct ip4 wanted = ip4_of(address);
	char discover[200] = "53=01 ";
	size_t used;

	strcat(discover, options);
	assert_answer(ask(&(struct packet){ .mac = mac, .options = discover }), OFFER, address);
	strcat(request, options);
	used = strlen(request);
	(void)snprintf(request + used, sizeof(request) - used, " 50=%08x", wanted.value);
	assert_answer(ask(&(struct packet){ .mac = mac, .options = request }), ACK, address);
}

static const struct lease *find_lease(const char *mac)
{
	struct lease_identity owner = lease_identity_of_mac(mac_of(mac));

	return bench.leases->operations->find_machine(bench.leases, 0, &owner);
}

static void a_machine_gets_an_address_by_raw_frames(void **state)
{
	const struct session *session;
	const struct frame *frame;
	const struct lease *lease;

	(void)state;
	NETWORK_NEEDED();
	start();
	frame = ask(&(struct packet){ .options = "53=01 " BOOT });
	assert_answer(frame, OFFER, FIRST);
	assert_string_equal(mac_format(frame->to_mac).text, MACHINE);
	assert_true(mac_is_same(frame->from_mac, network_mac("near")));
	assert_string_equal(ip4_format(frame->from.address).text, SERVER);
	assert_string_equal(ip4_format(frame->to.address).text, FIRST);
	assert_int_equal(frame->to.port, 68);
	assert_true(frame->is_udp_sound);
	assert_memory_equal(option_of(frame, 54).bytes, "\x0a\x4d\x00\x01", 4);
	assert_string_equal(boot_file_of(frame), "boot.bin");

	frame = ask(&(struct packet){ .options = "53=03 50=0a4d0064 " SERVER_ID " " BOOT });
	assert_answer(frame, ACK, FIRST);
	assert_string_equal(mac_format(frame->to_mac).text, MACHINE);
	lease = find_lease(MACHINE);
	assert_non_null(lease);
	assert_int_equal(lease->state, LEASE_BOUND);
	session =
		session_find_address(bench.sessions, ip4_of(FIRST), loop_now_ms(bench.loop) / 1000);
	assert_non_null(session);
	assert_true(mac_is_same(session->mac, mac_of(MACHINE)));
	assert_int_equal(activity_count(bench.activity, EVENT_DHCP_OFFER), 1);
	assert_int_equal(activity_count(bench.activity, EVENT_DHCP_ACK), 1);
}

static void the_broadcast_bit_is_answered_by_broadcast(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	start();
	frame = ask(&(struct packet){ .options = "53=01 " BOOT, .flags = BROADCAST });
	assert_answer(frame, OFFER, FIRST);
	assert_string_equal(mac_format(frame->to_mac).text, "FF-FF-FF-FF-FF-FF");
	assert_int_equal(frame->to.address.value, IP4_BROADCAST.value);
	assert_int_equal(frame->to.port, 68);
	assert_string_equal(ip4_format(frame->from.address).text, SERVER);
}

static void a_relay_is_answered_on_the_servers_port(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	network_ip("neigh replace " RELAY " lladdr 52:54:00:99:99:99 dev near");
	start();
	frame = ask(&(struct packet){
		.options = "53=01 82=010203 " BOOT, .flags = BROADCAST, .giaddr = RELAY });
	assert_answer(frame, OFFER, FIRST);
	assert_string_equal(mac_format(frame->to_mac).text, "52-54-00-99-99-99");
	assert_string_equal(ip4_format(frame->to.address).text, RELAY);
	assert_int_equal(frame->to.port, 67);
	assert_int_equal(option_of(frame, 82).length, 3);
}

static void a_renewal_is_answered_at_its_address(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	network_ip("neigh replace " FIRST " lladdr 52:54:00:77:01:01 dev near");
	start();
	boot(MACHINE, BOOT, FIRST);
	frame = ask(&(struct packet){ .options = "53=03", .ciaddr = FIRST });
	assert_answer(frame, ACK, FIRST);
	assert_string_equal(ip4_format(frame->to.address).text, FIRST);
	assert_int_equal(frame->to.port, 68);
}

/* What is wrong with a packet, as octets from an offset, and the name of that. */
static const struct {
	size_t length; /* 0: all of it */
	size_t at;
	const char *hex;
	enum event_kind kind;
} malformed[] = {
	{ .length = 235, .hex = "", .kind = EVENT_DHCP_TOO_SHORT },
	{ .length = 1, .hex = "", .kind = EVENT_DHCP_TOO_SHORT },
	{ .at = 0, .hex = "02", .kind = EVENT_DHCP_NOT_A_REQUEST },
	{ .at = 1, .hex = "06", .kind = EVENT_DHCP_NOT_ETHERNET },
	{ .at = 2, .hex = "10", .kind = EVENT_DHCP_NOT_ETHERNET },
	{ .at = 28, .hex = "ffffffffffff", .kind = EVENT_DHCP_BAD_MAC },
	{ .at = 241, .hex = "ff", .kind = EVENT_DHCP_BAD_OPTIONS },
};

static void what_is_malformed_is_counted_and_not_answered(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	for (size_t i = 0; i < COUNT_OF(malformed); i++) {
		uint64_t before = activity_count(bench.activity, malformed[i].kind);
		struct span packet = packet_bytes(&(struct packet){ .options = "53=01 " BOOT });
		struct span patch = bytes_of_hex(malformed[i].hex);

		if (malformed[i].length > 0)
			packet.length = malformed[i].length;
		memcpy((uint8_t *)(uintptr_t)packet.bytes + malformed[i].at, patch.bytes,
		       patch.length);
		send_bytes(packet);
		await_event(malformed[i].kind, before + 1);
		bytes_free(patch);
		bytes_free(packet);
	}
	assert_int_equal(activity_count(bench.activity, EVENT_DHCP_OFFER), 0);
}

static void what_is_too_long_is_counted_and_not_answered(void **state)
{
	uint8_t bytes[2049] = { 0 };
	struct span packet;

	(void)state;
	NETWORK_NEEDED();
	start();
	packet = packet_bytes(&(struct packet){ .options = "53=01 " BOOT });
	memcpy(bytes, packet.bytes, packet.length);
	bytes_free(packet);
	send_bytes((struct span){ bytes, sizeof(bytes) });
	await_event(EVENT_DHCP_TOO_LONG, 1);
	/* One octet less is a packet like others. */
	send_bytes((struct span){ bytes, sizeof(bytes) - 1 });
	loop_run(bench.loop);
	assert_int_equal(bench.frame_count, 1);
}

static void an_interface_that_is_not_served_is_counted(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	bench.config.bootp.address =
		(struct selector){ .kind = SELECT_ADDRESS, .address = ip_of("192.0.2.1") };
	bench.parts.served_count = 0;
	start();
	ask_in_vain(&(struct packet){ .options = "53=01 " BOOT }, EVENT_DHCP_WRONG_INTERFACE);
}

static void an_interface_without_the_pool_is_counted(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	bench.parts.served_count = 1; /* the other network's address alone */
	start();
	ask_in_vain(&(struct packet){ .options = "53=01 " BOOT }, EVENT_DHCP_NO_POOL_HERE);
	bench.parts.served_count = 0;
	dhcp_service_configure(bench.service, &bench.parts);
	ask_in_vain(&(struct packet){ .options = "53=01 " BOOT, .giaddr = RELAY },
		    EVENT_DHCP_NO_POOL_HERE);
}

static void the_pools_network_on_another_interface_is_not_this_ones(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	bench.served[1].interface = network_interface("lo");
	start();
	ask_in_vain(&(struct packet){ .options = "53=01 " BOOT }, EVENT_DHCP_NO_POOL_HERE);
}

static void a_relay_of_another_network_is_counted(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	ask_in_vain(&(struct packet){ .options = "53=01 " BOOT, .giaddr = "192.0.2.9" },
		    EVENT_DHCP_UNKNOWN_RELAY);
	ask_in_vain(&(struct packet){ .options = "53=01 " BOOT, .giaddr = "255.255.255.255" },
		    EVENT_DHCP_UNKNOWN_RELAY);
}

static void simple_clients_are_served_only_if_allowed(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	ask_in_vain(&(struct packet){ .options = "53=01 60='udhcp 1.35.0'" },
		    EVENT_DHCP_SIMPLE_CLIENT);
	ask_in_vain(&(struct packet){ .options = "" }, EVENT_DHCP_SIMPLE_CLIENT);
	bench.config.bootp.may_serve_simple_dhcp = true;
	assert_answer(ask(&(struct packet){ .options = "53=01 60='udhcp 1.35.0'" }), OFFER, FIRST);
}

/* "its MAC is then also served without those options" */
static void a_machine_that_booted_is_served_without_its_marks(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	start();
	frame = ask(&(struct packet){ .options = "53=01 93=0007" });
	assert_string_equal(boot_file_of(frame), "efi.bin");
	/* syslinux.efi's second DHCP: what firmware said of itself is remembered. */
	frame = ask(&(struct packet){ .options = "53=01 55=0103 57=05dc" });
	assert_answer(frame, OFFER, FIRST);
	assert_string_equal(boot_file_of(frame), "efi.bin");
	boot(MACHINE, "60='udhcp 1.35.0'", FIRST);
	/* Another machine is not meant. */
	ask_in_vain(&(struct packet){ .mac = OTHER, .options = "53=01 55=0103 57=05dc" },
		    EVENT_DHCP_SIMPLE_CLIENT);
}

static void an_exhausted_pool_is_counted_and_known_machines_keep_theirs(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	boot(MACHINE, BOOT, FIRST);
	boot(OTHER, BOOT, "10.77.0.101");
	boot(THIRD, BOOT, LAST);
	ask_in_vain(&(struct packet){ .mac = FOURTH, .options = "53=01 " BOOT },
		    EVENT_DHCP_POOL_EXHAUSTED);
	ask_in_vain(&(struct packet){ .mac = FOURTH, .options = BOOT }, EVENT_DHCP_POOL_EXHAUSTED);
	boot(OTHER, BOOT, "10.77.0.101");
}

static void a_declined_address_is_given_to_nobody(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	boot(MACHINE, BOOT, FIRST);
	ask_in_vain(&(struct packet){ .mac = OTHER,
				      .options = "53=04 50=0a4d0064 " SERVER_ID " " BOOT },
		    EVENT_DHCP_NOT_THE_HOLDER);
	ask_in_vain(&(struct packet){ .options = "53=04 50=0a4d0064 " SERVER_ID },
		    EVENT_DHCP_DECLINE);
	assert_answer(ask(&(struct packet){ .options = "53=01 50=0a4d0064 " BOOT }), OFFER,
		      "10.77.0.101");
	boot(MACHINE, BOOT, "10.77.0.101");
	boot(OTHER, BOOT, LAST);
	ask_in_vain(&(struct packet){ .mac = THIRD, .options = "53=01 " BOOT },
		    EVENT_DHCP_POOL_EXHAUSTED);
}

static void a_released_address_waits_for_its_machine(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	boot(MACHINE, BOOT, FIRST);
	ask_in_vain(&(struct packet){ .options = "53=07 " SERVER_ID, .ciaddr = FIRST },
		    EVENT_DHCP_RELEASE);
	boot(OTHER, BOOT " 12='wants-it'", "10.77.0.101");
	boot(MACHINE, BOOT, FIRST);
}

/* RFC 2131 section 4.3.5: parameters, to the address that the machine has from elsewhere. */
static void an_inform_is_answered_at_its_address(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	network_ip("neigh replace " OUTSIDE " lladdr 52:54:00:77:01:01 dev near");
	start();
	frame = ask(&(struct packet){ .options = "53=08 " BOOT, .ciaddr = OUTSIDE });
	assert_answer(frame, ACK, "0.0.0.0");
	assert_string_equal(ip4_format(frame->to.address).text, OUTSIDE);
	assert_null(option_of(frame, 51).bytes);
	assert_non_null(option_of(frame, 1).bytes);
	assert_string_equal(boot_file_of(frame), "boot.bin");
	assert_null(find_lease(MACHINE));
	assert_null(session_find_address(bench.sessions, ip4_of(OUTSIDE),
					 loop_now_ms(bench.loop) / 1000));
}

static void machines_are_known_by_what_identity_says(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	bench.config.leases.identity = LEASE_BY_CLIENT_ID;
	start();
	boot(MACHINE, BOOT " 61=ff0102030405", FIRST);
	boot(OTHER, BOOT " 61=ff0102030405", FIRST);
	boot(MACHINE, BOOT, "10.77.0.101");
	/* RFC 2132 section 9.14: at least two octets. */
	boot(MACHINE, BOOT " 61=ff", "10.77.0.101");
	bench.config.leases.identity = LEASE_BY_UUID;
	boot(THIRD, BOOT " 97=00564d0102030405060708090a0b0c0d0e", LAST);
	/* What its firmware said holds for the system that it booted. */
	boot(THIRD, "", LAST);
}

static void forget_sessions(void)
{
	enum dhcp_socket socket;

	dhcp_service_stop(bench.service);
	session_table_free(bench.sessions);
	bench.sessions = session_table_new(16);
	bench.parts.sessions = bench.sessions;
	assert_int_equal(dhcp_service_start(&bench.parts, &bench.service, &socket), 0);
}

/* A restart forgets the sessions: the lease on the address that the machine asks for has its UUID.
 */
static void a_lease_tells_its_machines_uuid(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	bench.config.leases.identity = LEASE_BY_UUID;
	bench.config.bootp.may_serve_simple_dhcp = true;
	start();
	boot(MACHINE, BOOT " 97=00564d0102030405060708090a0b0c0d0e", FIRST);
	forget_sessions();
	assert_answer(ask(&(struct packet){ .options = "53=03 50=0a4d0064" }), ACK, FIRST);
	/* From then on its session has it. */
	boot(MACHINE, "", FIRST);
	forget_sessions();
	assert_answer(
		ask_at(SERVER, FIRST, &(struct packet){ .options = "53=03", .ciaddr = FIRST }), ACK,
		FIRST);
	forget_sessions();
	boot(MACHINE, "50=0a4d0064", FIRST);
	/* Another machine that asks for the address is not that one. */
	forget_sessions();
	assert_int_equal(
		type_of(ask(&(struct packet){ .mac = OTHER, .options = "53=03 50=0a4d0064" })),
		NAK);
}

static void another_servers_choice_is_recorded_in_silence(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	ask_in_vain(&(struct packet){ .options = "53=03 50=0a4d0064 54=0a4d0002 " BOOT },
		    EVENT_DHCP_RECORD);
	assert_answer(ask(&(struct packet){ .mac = OTHER, .options = "53=01 50=0a4d0064 " BOOT }),
		      OFFER, "10.77.0.101");
	ask_in_vain(
		&(struct packet){ .mac = OTHER, .options = "53=03 50=0a4d0064 54=0a4d0002 " BOOT },
		EVENT_DHCP_OTHER_SERVER);
}

static void a_machine_from_elsewhere_is_told_so_by_broadcast(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	start();
	frame = ask(&(struct packet){ .options = "53=03 50=c0000201 " BOOT });
	assert_answer(frame, NAK, "0.0.0.0");
	assert_int_equal(frame->to.address.value, IP4_BROADCAST.value);
	assert_int_equal(activity_count(bench.activity, EVENT_DHCP_NAK), 1);
}

static void what_is_not_answered_has_a_reason(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	ask_in_vain(&(struct packet){ .options = "53=03 50=0a4d0005 " BOOT },
		    EVENT_DHCP_UNKNOWN_LEASE);
	ask_in_vain(&(struct packet){ .options = "53=08 " BOOT, .ciaddr = "192.0.2.1" },
		    EVENT_DHCP_WRONG_NETWORK);
	ask_in_vain(&(struct packet){ .options = "53=02 " BOOT }, EVENT_DHCP_UNSUPPORTED_MESSAGE);
	ask_in_vain(&(struct packet){ .options = "53=07 " BOOT, .ciaddr = FIRST },
		    EVENT_DHCP_NOT_THE_HOLDER);
	send_packet(&(struct packet){ .options = BOOT, .ciaddr = "192.0.2.1" });
	await_event(EVENT_DHCP_WRONG_NETWORK, 2);
	ask_in_vain(&(struct packet){ .options = BOOT, .sname = "another" },
		    EVENT_BOOTP_OTHER_SERVER);
}

static void plain_bootp_is_answered_in_300_octets(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	bench.config.bootp.may_serve_simple_dhcp = true;
	start();
	frame = ask(&(struct packet){ .has_no_cookie = true, .sname = "boots" });
	assert_answer(frame, 0, FIRST);
	assert_int_equal(frame->length, REPLY_MIN);
	assert_string_equal(boot_file_of(frame), "boot.bin");
	/* A relay's option that does not fit 64 octets is not cut in two. */
	frame = ask(&(struct packet){ .mac = OTHER, .options = "82=255*ab" });
	assert_answer(frame, 0, "10.77.0.101");
	assert_int_equal(frame->length, REPLY_MIN);
	assert_null(option_of(frame, 82).bytes);
	assert_int_equal(activity_count(bench.activity, EVENT_BOOTP_REPLY), 2);
}

/* A session's addresses are those that were granted: a claim moves none. */
static void a_bootp_client_does_not_take_anothers_session(void **state)
{
	const struct session *session;

	(void)state;
	NETWORK_NEEDED();
	network_ip("neigh replace " FIRST " lladdr 52:54:00:77:01:01 dev near");
	start();
	boot(MACHINE, BOOT, FIRST);
	send_packet(&(struct packet){ .mac = OTHER, .options = BOOT, .ciaddr = FIRST });
	/* Whether that is answered or not, the next one is. */
	send_packet(&(struct packet){ .mac = THIRD, .options = "53=01 " BOOT });
	await_answer_to(THIRD);
	session =
		session_find_address(bench.sessions, ip4_of(FIRST), loop_now_ms(bench.loop) / 1000);
	assert_non_null(session);
	assert_string_equal(mac_format(session->mac).text, MACHINE);
}

static void tftp_may_be_at_another_address(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	bench.parts.tftp_server = ip4_of("10.77.0.7");
	start();
	frame = ask(&(struct packet){ .options = "53=01 " BOOT });
	assert_string_equal(ip4_format(ip4_from_bytes(frame->payload + 20)).text, "10.77.0.7");
	assert_int_equal(option_of(frame, 66).length, strlen("10.77.0.7"));
	assert_memory_equal(option_of(frame, 54).bytes, "\x0a\x4d\x00\x01", 4);
}

static struct session *session_of(const char *mac)
{
	return session_open(bench.sessions, mac_of(mac), loop_now_ms(bench.loop) / 1000);
}

/* [mac]: a network of machines but one, and one of another network. In the order of the rules. */
static struct mac_rule mac_rules[] = {
	{ .mac = { { 0x52, 0x54, 0x00, 0x77, 0x01, 0x02 } }, .prefix_length = 48 }, /* OTHER */
	{ .mac = { { 0x52, 0x54, 0x00, 0x77 } }, .prefix_length = 32, .is_yes = true },
};

static void listed_machines_are_served_and_no_others(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	bench.config.bootp.access = ACCESS_BY_MAC;
	bench.config.mac = (struct mac_rules){ mac_rules, COUNT_OF(mac_rules) };
	start();
	boot(MACHINE, BOOT, FIRST);
	ask_in_vain(&(struct packet){ .mac = OTHER, .options = "53=01 " BOOT }, EVENT_DHCP_DENIED);
	ask_in_vain(&(struct packet){ .mac = OTHER, .options = BOOT }, EVENT_DHCP_DENIED);
	ask_in_vain(&(struct packet){ .mac = OTHER,
				      .options = "53=03 50=c0000201 " SERVER_ID " " BOOT },
		    EVENT_DHCP_DENIED);
	ask_in_vain(&(struct packet){ .mac = "02-00-00-00-00-01", .options = "53=01 " BOOT },
		    EVENT_DHCP_UNLISTED);
	/* What is not served for another reason is refused for the first. */
	ask_in_vain(&(struct packet){ .mac = "02-00-00-00-00-01", .options = "53=01" },
		    EVENT_DHCP_UNLISTED);
	ask_in_vain(&(struct packet){ .mac = THIRD, .options = "53=01" }, EVENT_DHCP_SIMPLE_CLIENT);
	/* TFTP is told. */
	assert_false(session_of(MACHINE)->is_denied);
	assert_true(session_of(OTHER)->is_denied);
	assert_true(session_of("02-00-00-00-00-01")->is_denied);
}

static void a_machine_that_is_denied_by_now_may_give_back(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	bench.config.mac = (struct mac_rules){ mac_rules, COUNT_OF(mac_rules) };
	start();
	boot(OTHER, BOOT, FIRST);
	bench.config.bootp.access = ACCESS_BY_MAC;
	ask_in_vain(&(struct packet){ .mac = OTHER, .options = "53=03", .ciaddr = FIRST },
		    EVENT_DHCP_DENIED);
	ask_in_vain(&(struct packet){ .mac = OTHER,
				      .options = "53=04 50=0a4d0064 " SERVER_ID " " BOOT },
		    EVENT_DHCP_DENIED);
	ask_in_vain(
		&(struct packet){ .mac = OTHER, .options = "53=07 " SERVER_ID, .ciaddr = FIRST },
		EVENT_DHCP_RELEASE);
	assert_int_equal(find_lease(OTHER)->state, LEASE_RELEASED);
	assert_true(session_of(OTHER)->is_denied);
}

/* As firmware sends them: the first as it is written, the second as SMBIOS keeps it. */
#define WRITTEN_UUID "97=0000112233445566778899aabbccddeeff"
#define SMBIOS_UUID  "97=0033221100554477668899aabbccddeeff"
#define DENIED_UUID  "97=00ff112233445566778899aabbccddeeff"
#define OTHER_UUID   "97=00ee112233445566778899aabbccddeeff"

/* [uuid], in the order of the rules. */
static struct uuid_rule uuid_rules[] = {
	{ .uuid = { { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
		      0xdd, 0xee, 0xff } },
	  .is_yes = true },
	{ .uuid = { { 0xff, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
		      0xdd, 0xee, 0xff } } },
};

static void start_with_uuids(void)
{
	bench.config.bootp.access = ACCESS_BY_UUID;
	bench.config.uuid = (struct uuid_rules){ uuid_rules, COUNT_OF(uuid_rules) };
	start();
}

static void a_uuid_is_known_in_both_orders(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start_with_uuids();
	boot(MACHINE, BOOT " " WRITTEN_UUID, FIRST);
	boot(OTHER, BOOT " " SMBIOS_UUID, "10.77.0.101");
	ask_in_vain(&(struct packet){ .mac = THIRD, .options = "53=01 " BOOT " " DENIED_UUID },
		    EVENT_DHCP_DENIED);
	ask_in_vain(&(struct packet){ .mac = THIRD, .options = "53=01 " BOOT " " OTHER_UUID },
		    EVENT_DHCP_UNLISTED);
	ask_in_vain(&(struct packet){ .mac = FOURTH, .options = "53=01 " BOOT },
		    EVENT_DHCP_UNLISTED);
}

/* "the UUID given at the firmware's DHCP stage is remembered for the OS's DHCP stage" */
static void the_firmwares_uuid_is_its_systems(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start_with_uuids();
	ask_in_vain(&(struct packet){ .options = "53=01" }, EVENT_DHCP_UNLISTED);
	boot(MACHINE, BOOT " " WRITTEN_UUID, FIRST);
	boot(MACHINE, "60='udhcp 1.35.0'", FIRST);
	ask_in_vain(&(struct packet){ .mac = OTHER, .options = "53=01 " BOOT " " DENIED_UUID },
		    EVENT_DHCP_DENIED);
	ask_in_vain(&(struct packet){ .mac = OTHER, .options = "53=01" }, EVENT_DHCP_DENIED);
	/* Another machine's UUID is not this one's. */
	ask_in_vain(&(struct packet){ .mac = THIRD, .options = "53=01 " BOOT },
		    EVENT_DHCP_UNLISTED);
}

/* The authority is not asked in these: nobody is there to answer. */
static void what_was_granted_needs_no_more_asking(void **state)
{
	struct session *session;

	(void)state;
	NETWORK_NEEDED();
	bench.config.bootp.access = ACCESS_BY_HTTP;
	start();
	session = session_of(MACHINE);
	session->stage = SESSION_PXE;
	session->is_granted = true;
	session->granted_xid = 0x12345678; /* of every packet here */
	boot(MACHINE, BOOT, FIRST);
	boot(MACHINE, BOOT, FIRST);
}

/* A message that asks for no address needs no grant, and is none. */
static void giving_back_grants_nothing(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	boot(MACHINE, BOOT, FIRST);
	bench.config.bootp.access = ACCESS_BY_HTTP;
	session_of(MACHINE)->is_denied = true;
	ask_in_vain(&(struct packet){ .options = "53=07 " SERVER_ID " " BOOT, .ciaddr = FIRST },
		    EVENT_DHCP_RELEASE);
	assert_true(session_of(MACHINE)->is_denied);
}

static void the_authoritys_names_are_told(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	start();
	frame = ask(&(struct packet){ .options = "53=01 " BOOT });
	assert_null(option_of(frame, 12).bytes);
	strcpy(session_of(MACHINE)->boot->client, "gordon");
	strcpy(session_of(MACHINE)->boot->file, "named.bin");
	frame = ask(&(struct packet){ .options = "53=01 " BOOT });
	assert_int_equal(option_of(frame, 12).length, strlen("gordon"));
	assert_memory_equal(option_of(frame, 12).bytes, "gordon", strlen("gordon"));
	assert_string_equal(boot_file_of(frame), "named.bin");
	/* Of this machine, not of others. */
	frame = ask(&(struct packet){ .mac = OTHER, .options = "53=01 " BOOT });
	assert_null(option_of(frame, 12).bytes);
	assert_string_equal(boot_file_of(frame), "boot.bin");
}

/* [static_dhcp] */
static struct static_host static_hosts[] = {
	{ .mac = { { 0x52, 0x54, 0x00, 0x77, 0x01, 0x01 } }, .address = { 0x0a4d0032 } },
	{ .mac = { { 0x52, 0x54, 0x00, 0x77, 0x01, 0x02 } }, .address = { 0x0a4d0066 } },
};

static void start_with_static_hosts(void)
{
	bench.config.static_dhcp = (struct static_hosts){ static_hosts, COUNT_OF(static_hosts) };
	start();
}

/* Outside the pool, or inside; whether it boots or not. */
static void a_machine_of_static_dhcp_gets_its_address(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start_with_static_hosts();
	boot(MACHINE, BOOT, OUTSIDE);
	boot(MACHINE, "60='udhcp 1.35.0'", OUTSIDE);
	boot(OTHER, "60='udhcp 1.35.0'", LAST);
	assert_answer(ask(&(struct packet){ .options = "53=01 50=0a4d0064 " BOOT }), OFFER,
		      OUTSIDE);
	assert_answer(ask(&(struct packet){ .options = "" }), 0, OUTSIDE);
	assert_answer(ask(&(struct packet){ .options = "53=03 50=0a4d0064 " SERVER_ID " " BOOT }),
		      NAK, "0.0.0.0");
	/* The configuration is the lease. */
	assert_null(find_lease(MACHINE));
	boot(THIRD, BOOT, FIRST);
}

/* TFTP knows the machine by the address that [static_dhcp] gives it. */
static void a_static_address_is_its_sessions(void **state)
{
	const struct session *session;

	(void)state;
	NETWORK_NEEDED();
	start_with_static_hosts();
	boot(MACHINE, BOOT, OUTSIDE);
	session = session_find_address(bench.sessions, ip4_of(OUTSIDE),
				       loop_now_ms(bench.loop) / 1000);
	assert_non_null(session);
	assert_string_equal(mac_format(session->mac).text, MACHINE);
}

static void a_static_address_is_given_back_and_declined(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start_with_static_hosts();
	boot(MACHINE, BOOT, OUTSIDE);
	ask_in_vain(&(struct packet){ .options = "53=07 " SERVER_ID, .ciaddr = OUTSIDE },
		    EVENT_DHCP_RELEASE);
	ask_in_vain(&(struct packet){ .options = "53=07 " SERVER_ID, .ciaddr = FIRST },
		    EVENT_DHCP_NOT_THE_HOLDER);
	ask_in_vain(&(struct packet){ .options = "53=04 50=0a4d0032 " SERVER_ID " " BOOT },
		    EVENT_DHCP_ASSIGNED_IS_USED);
	/* It is what is configured, all the same. */
	boot(MACHINE, BOOT, OUTSIDE);
}

/* "allowed by the ACL unless denied", and the authority is not asked about it. */
static void a_machine_of_static_dhcp_is_listed_unless_it_is_denied(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	bench.config.bootp.access = ACCESS_BY_MAC;
	bench.config.mac = (struct mac_rules){ mac_rules, 1 }; /* OTHER may not */
	start_with_static_hosts();
	boot(MACHINE, "60='udhcp 1.35.0'", OUTSIDE);
	ask_in_vain(&(struct packet){ .mac = OTHER, .options = "53=01 " BOOT }, EVENT_DHCP_DENIED);
	ask_in_vain(&(struct packet){ .mac = THIRD, .options = "53=01 " BOOT },
		    EVENT_DHCP_UNLISTED);
}

/* What a BOOTP client says of its address is its own word, whatever [static_dhcp] gives it. */
static void a_static_bootp_client_does_not_take_anothers_session(void **state)
{
	const struct session *session;

	(void)state;
	NETWORK_NEEDED();
	network_ip("neigh replace " FIRST " lladdr 52:54:00:77:01:01 dev near");
	start_with_static_hosts();
	boot(THIRD, BOOT, FIRST);
	send_packet(&(struct packet){ .options = BOOT, .ciaddr = FIRST });
	/* Whether that is answered or not, the next one is. */
	send_packet(&(struct packet){ .mac = FOURTH, .options = "53=01 " BOOT });
	await_answer_to(FOURTH);
	session =
		session_find_address(bench.sessions, ip4_of(FIRST), loop_now_ms(bench.loop) / 1000);
	assert_non_null(session);
	assert_string_equal(mac_format(session->mac).text, THIRD);
}

/* [buggy_clients]: a network of machines but one. In the order of the rules. */
static struct mac_rule buggy_rules[] = {
	{ .mac = { { 0x52, 0x54, 0x00, 0x77, 0x01, 0x02 } }, .prefix_length = 48 }, /* OTHER */
	{ .mac = { { 0x52, 0x54, 0x00 } }, .prefix_length = 24, .is_yes = true },
};

static void a_buggy_client_is_answered_by_broadcast(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	network_ip("neigh replace " RELAY " lladdr 52:54:00:99:99:99 dev near");
	bench.config.buggy_clients = (struct mac_rules){ buggy_rules, COUNT_OF(buggy_rules) };
	start();
	frame = ask(&(struct packet){ .options = "53=01 " BOOT });
	assert_answer(frame, OFFER, FIRST);
	assert_string_equal(mac_format(frame->to_mac).text, "FF-FF-FF-FF-FF-FF");
	assert_int_equal(frame->to.address.value, IP4_BROADCAST.value);
	/* Another is not, nor is a relay. */
	frame = ask(&(struct packet){ .mac = OTHER, .options = "53=01 " BOOT });
	assert_string_equal(mac_format(frame->to_mac).text, OTHER);
	frame = ask(&(struct packet){ .options = "53=01 " BOOT, .giaddr = RELAY });
	assert_string_equal(ip4_format(frame->to.address).text, RELAY);
}

static void the_gateway_is_told_unless_set_gateway_is_no(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	assert_memory_equal(option_of(ask(&(struct packet){ .options = "53=01 " BOOT }), 3).bytes,
			    "\x0a\x4d\x00\x01", 4);
	bench.subnet.tells_gateway = false;
	assert_null(option_of(ask(&(struct packet){ .options = "53=01 " BOOT }), 3).bytes);
}

/* The socket stays: the packet that came in before is answered by what is configured now. */
static void other_parts_take_over_while_it_runs(void **state)
{
	static struct config changed;
	struct dhcp_service_parts parts;

	(void)state;
	NETWORK_NEEDED();
	start();
	boot(MACHINE, BOOT, FIRST);
	changed = bench.config;
	strcpy(changed.bootp.boot_file, "new.bin");
	changed.bootp.access = ACCESS_BY_MAC;
	changed.mac = (struct mac_rules){ mac_rules, COUNT_OF(mac_rules) };
	parts = bench.parts;
	parts.config = &changed;
	parts.tftp_server = ip4_of("10.77.0.7");
	send_packet(&(struct packet){ .options = "53=01 " BOOT });
	dhcp_service_configure(bench.service, &parts);
	bench.frame_count = 0;
	loop_run(bench.loop);
	assert_answer(&bench.frames[0], OFFER, FIRST);
	assert_string_equal(boot_file_of(&bench.frames[0]), "new.bin");
	assert_int_equal(option_of(&bench.frames[0], 66).length, strlen("10.77.0.7"));
	ask_in_vain(&(struct packet){ .mac = OTHER, .options = "53=01 " BOOT }, EVENT_DHCP_DENIED);
	boot(MACHINE, BOOT, FIRST);
}

/* A store that keeps nothing, or keeps it when the test says so. */
static struct {
	struct lease_store base;
	const struct lease_operations *memory;
	struct lease_operations operations;
	int error;
	bool is_slow;
	unsigned waiting;
	lease_callback *on_kept;
	void *context;
} odd_store;

static void odd_commit(struct lease_store *store, const struct lease *lease,
		       lease_callback *on_kept, void *context)
{
	if (odd_store.is_slow) {
		odd_store.waiting++;
		odd_store.on_kept = on_kept;
		odd_store.context = context;
		loop_stop(bench.loop);
		return;
	}
	if (odd_store.error != 0)
		on_kept(context, odd_store.error);
	else
		odd_store.memory->commit(store, lease, on_kept, context);
}

/* From here on the store is the odd one. */
static void make_store_odd(void)
{
	odd_store.memory = bench.leases->operations;
	odd_store.operations = *odd_store.memory;
	odd_store.operations.commit = odd_commit;
	odd_store.error = 0;
	odd_store.is_slow = false;
	odd_store.waiting = 0;
	bench.leases->operations = &odd_store.operations;
}

static void what_is_not_kept_is_not_acknowledged(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	make_store_odd();
	odd_store.error = -EIO;
	ask_in_vain(&(struct packet){ .options = "53=03 50=0a4d0064 " SERVER_ID " " BOOT },
		    EVENT_DHCP_NOT_KEPT);
	assert_null(session_find_address(bench.sessions, ip4_of(FIRST),
					 loop_now_ms(bench.loop) / 1000));
	odd_store.error = 0;
	boot(MACHINE, BOOT, FIRST);
}

static void no_ack_before_the_lease_is_kept(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	make_store_odd();
	odd_store.is_slow = true;
	send_packet(&(struct packet){ .options = "53=03 50=0a4d0064 " SERVER_ID " " BOOT });
	loop_run(bench.loop);
	assert_int_equal(odd_store.waiting, 1);
	assert_int_equal(bench.frame_count, 0);
	assert_int_equal(activity_count(bench.activity, EVENT_DHCP_ACK), 0);
	odd_store.on_kept(odd_store.context, 0);
	loop_run(bench.loop);
	assert_int_equal(bench.frame_count, 1);
	assert_answer(&bench.frames[0], ACK, FIRST);
}

static void an_answer_that_cannot_be_sent_is_counted(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	network_ip("addr del " SERVER "/24 dev near");
	ask_in_vain(&(struct packet){ .options = "53=01 " BOOT, .flags = BROADCAST },
		    EVENT_DHCP_SEND_FAILED);
	network_ip("addr add " SERVER "/24 dev near");
	assert_answer(ask(&(struct packet){ .options = "53=01 " BOOT, .flags = BROADCAST }), OFFER,
		      FIRST);
}

static void another_port_moves_both(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	bench.config.bootp.port = 6767;
	start();
	frame = ask(&(struct packet){ .options = "53=01 " BOOT });
	assert_int_equal(frame->from.port, 6767);
	assert_int_equal(frame->to.port, 6768);
}

static void a_socket_of_one_interface_hears_it(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	bench.config.bootp.address = (struct selector){ .kind = SELECT_INTERFACE, .name = "near" };
	start();
	assert_answer(ask(&(struct packet){ .options = "53=01 " BOOT }), OFFER, FIRST);
}

static void a_start_that_fails_says_which_socket(void **state)
{
	struct dhcp_service *second = NULL;
	enum dhcp_socket socket = DHCP_SOCKET_FRAMES;

	(void)state;
	NETWORK_NEEDED();
	start();
	assert_int_equal(dhcp_service_start(&bench.parts, &second, &socket), -EADDRINUSE);
	assert_int_equal(socket, DHCP_SOCKET_UDP);
	assert_null(second);
	dhcp_service_stop(NULL);
}

/* Besides the usual network that of the interface's other address, and one behind relays. */
static void serve_several(void)
{
	static struct address_range lab;
	static struct address_range hall;
	struct lease_pool pools[] = { { &bench.range, 1 }, { &lab, 1 }, { &hall, 1 } };

	lab = (struct address_range){ ip4_of(LAB_FIRST), ip4_of(LAB_LAST) };
	hall = (struct address_range){ ip4_of(HALL_FIRST), ip4_of(HALL_LAST) };
	for (size_t i = 0; i < COUNT_OF(bench.several); i++)
		bench.several[i] = bench.subnet;
	bench.several[1].network = ip4_of("10.99.0.0");
	bench.several[1].ranges.list = &lab;
	bench.several[1].lease_time_s = 600;
	bench.several[2].network = ip4_of("10.55.0.0");
	bench.several[2].ranges.list = &hall;
	bench.several[2].lease_time_s = 900;
	bench.config.subnets = (struct subnets){ bench.several, COUNT_OF(bench.several) };
	assert_int_equal(
		bench.leases->operations->set_pools(bench.leases, pools, COUNT_OF(pools), NULL, 0),
		0);
	network_ip("route replace 10.55.0.0/24 via " RELAY " dev near");
	network_ip("neigh replace " RELAY " lladdr 52:54:00:99:99:99 dev near");
}

static const struct lease *find_lease_in(size_t pool, const char *mac)
{
	struct lease_identity owner = lease_identity_of_mac(mac_of(mac));

	return bench.leases->operations->find_machine(bench.leases, pool, &owner);
}

static void each_relay_has_addresses_of_its_network(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	serve_several();
	start();
	frame = ask_at(SERVER, ROUTER,
		       &(struct packet){ .options = "53=01 82=0101aa " BOOT, .giaddr = ROUTER });
	assert_answer(frame, OFFER, HALL_FIRST);
	assert_string_equal(ip4_format(frame->to.address).text, ROUTER);
	assert_string_equal(mac_format(frame->to_mac).text, "52-54-00-99-99-99");
	assert_string_equal(ip4_format(frame->from.address).text, SERVER);
	assert_memory_equal(option_of(frame, 51).bytes, "\0\0\x03\x84", 4);
	/* The relay is the router of its network; this machine is not on it. */
	assert_memory_equal(option_of(frame, 3).bytes, "\x0a\x37\x00\x01", 4);
	assert_memory_equal(option_of(frame, 54).bytes, "\x0a\x4d\x00\x01", 4);
	frame = ask_at(
		SERVER, ROUTER,
		&(struct packet){ .options = "53=03 50=0a370064 " SERVER_ID " 82=0101aa " BOOT,
				  .giaddr = ROUTER });
	assert_answer(frame, ACK, HALL_FIRST);
	assert_memory_equal(option_of(frame, 82).bytes, "\x01\x01\xaa", 3);
	/* The same machine on the link has an address there, too. */
	boot(MACHINE, BOOT, FIRST);
	assert_string_equal(ip4_format(find_lease_in(0, MACHINE)->address).text, FIRST);
	assert_string_equal(ip4_format(find_lease_in(2, MACHINE)->address).text, HALL_FIRST);
	/* RFC 2131 section 4.3.2: on the wrong network. */
	frame = ask_at(SERVER, ROUTER,
		       &(struct packet){ .options = "53=03 50=0a4d0064 " BOOT, .giaddr = ROUTER });
	assert_int_equal(type_of(frame), NAK);
	assert_string_equal(ip4_format(frame->to.address).text, ROUTER);
	assert_int_equal(frame->payload[10] & 0x80, 0x80);
}

static void a_renewal_comes_past_its_relay(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	serve_several();
	start();
	(void)ask_at(SERVER, ROUTER,
		     &(struct packet){ .options = "53=01 " BOOT, .giaddr = ROUTER });
	(void)ask_at(SERVER, ROUTER,
		     &(struct packet){ .options = "53=03 50=0a370064 " SERVER_ID " " BOOT,
				       .giaddr = ROUTER });
	frame = ask_at(SERVER, HALL_FIRST,
		       &(struct packet){ .options = "53=03", .ciaddr = HALL_FIRST });
	assert_answer(frame, ACK, HALL_FIRST);
	assert_string_equal(ip4_format(frame->to.address).text, HALL_FIRST);
	assert_string_equal(mac_format(frame->to_mac).text, "52-54-00-99-99-99");
	assert_int_equal(frame->to.port, 68);
	assert_memory_equal(option_of(frame, 51).bytes, "\0\0\x03\x84", 4);
	/* REBINDING comes by the relay, and goes back by it. */
	frame = ask_at(
		SERVER, ROUTER,
		&(struct packet){ .options = "53=03", .ciaddr = HALL_FIRST, .giaddr = ROUTER });
	assert_answer(frame, ACK, HALL_FIRST);
	assert_string_equal(ip4_format(frame->to.address).text, ROUTER);
	assert_int_equal(frame->to.port, 67);
	/* RFC 2131 section 4.3.5: an INFORM's ACK goes to its machine. */
	frame = ask_at(
		SERVER, ROUTER,
		&(struct packet){ .options = "53=08", .ciaddr = "10.55.0.77", .giaddr = ROUTER });
	assert_answer(frame, ACK, "0.0.0.0");
	assert_string_equal(ip4_format(frame->to.address).text, "10.55.0.77");
	assert_int_equal(frame->to.port, 68);
	/* A RELEASE comes by unicast as well. */
	send_to(SERVER, HALL_FIRST,
		&(struct packet){ .options = "53=07 " SERVER_ID, .ciaddr = HALL_FIRST });
	await_event(EVENT_DHCP_RELEASE, 1);
	assert_int_equal(find_lease_in(2, MACHINE)->state, LEASE_RELEASED);
}

static void a_relay_may_name_the_link_and_the_server(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	serve_several();
	bench.several[2].gateway = ip4_of("10.55.0.254");
	start();
	/* RFC 3527: a machine of the hall; the relay is heard at an address of another network. */
	frame = ask_at(
		SERVER, RELAY,
		&(struct packet){ .options = "53=01 82=05040a370000 " BOOT, .giaddr = RELAY });
	assert_answer(frame, OFFER, HALL_FIRST);
	assert_string_equal(ip4_format(frame->to.address).text, RELAY);
	assert_memory_equal(option_of(frame, 82).bytes, "\x05\x04\x0a\x37\x00\x00", 6);
	assert_memory_equal(option_of(frame, 3).bytes, "\x0a\x37\x00\xfe", 4);
	/* RFC 5107: option 54 is the relay's, siaddr is not. */
	frame = ask_at(
		SERVER, ROUTER,
		&(struct packet){ .options = "53=01 82=0b040a370001 " BOOT, .giaddr = ROUTER });
	assert_answer(frame, OFFER, HALL_FIRST);
	assert_memory_equal(option_of(frame, 54).bytes, "\x0a\x37\x00\x01", 4);
	assert_memory_equal(frame->payload + 20, "\x0a\x4d\x00\x01", 4);
	frame = ask_at(
		SERVER, ROUTER,
		&(struct packet){ .options = "53=03 50=0a370064 54=0a370001 82=0b040a370001 " BOOT,
				  .giaddr = ROUTER });
	assert_answer(frame, ACK, HALL_FIRST);
	assert_memory_equal(option_of(frame, 54).bytes, "\x0a\x37\x00\x01", 4);
	/* Without the relay's word that is another server. */
	send_to(SERVER, ROUTER,
		&(struct packet){ .mac = OTHER,
				  .options = "53=03 50=0a370065 54=0a370001 " BOOT,
				  .giaddr = ROUTER });
	await_event(EVENT_DHCP_RECORD, 1);
	/* RFC 2131 section 4.1: any address of this machine is it. */
	frame = ask_at(SERVER, ROUTER,
		       &(struct packet){ .options = "53=03 50=0a370064 54=0a630001 " BOOT,
					 .giaddr = ROUTER });
	assert_answer(frame, ACK, HALL_FIRST);
	assert_memory_equal(option_of(frame, 54).bytes, "\x0a\x63\x00\x01", 4);
	/* A link that nobody serves. */
	send_to(SERVER, ROUTER,
		&(struct packet){ .options = "53=01 82=05040a090000 " BOOT, .giaddr = ROUTER });
	await_event(EVENT_DHCP_UNKNOWN_RELAY, 1);
}

static void networks_of_one_link_are_filled_in_turn(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	serve_several();
	bench.range.last = bench.range.first;
	serve_several();
	start();
	boot(MACHINE, BOOT, FIRST);
	/* The first network is full. */
	frame = ask(&(struct packet){ .mac = OTHER, .options = "53=01 " BOOT });
	assert_answer(frame, OFFER, LAB_FIRST);
	assert_string_equal(ip4_format(frame->from.address).text, SECOND);
	assert_memory_equal(option_of(frame, 54).bytes, "\x0a\x63\x00\x01", 4);
	assert_memory_equal(option_of(frame, 51).bytes, "\0\0\x02\x58", 4);
	/* A BOOTP client that knows its address needs none, and stays on its network. */
	send_packet(&(struct packet){ .mac = FOURTH, .options = BOOT, .ciaddr = "10.77.0.200" });
	await_event(EVENT_BOOTP_REPLY, 1);
	frame = ask(
		&(struct packet){ .mac = OTHER, .options = "53=03 50=0a630064 54=0a630001 " BOOT });
	assert_answer(frame, ACK, LAB_FIRST);
	/* Whoever wants an address of one is on that. */
	frame = ask(&(struct packet){ .mac = THIRD, .options = "53=01 50=0a630065 " BOOT });
	assert_answer(frame, OFFER, LAB_LAST);
	assert_string_equal(ip4_format(frame->from.address).text, SECOND);
	/* Who has an address keeps it. */
	assert_answer(ask(&(struct packet){ .mac = OTHER, .options = "53=01 " BOOT }), OFFER,
		      LAB_FIRST);
	assert_answer(ask(&(struct packet){ .options = "53=01 " BOOT }), OFFER, FIRST);
	/* The network behind relays is not of this link. */
	frame = ask(&(struct packet){ .mac = OTHER, .options = "53=03 50=0a370064 " BOOT });
	assert_int_equal(type_of(frame), NAK);
	ask_in_vain(&(struct packet){ .mac = FOURTH, .options = "53=01 " BOOT },
		    EVENT_DHCP_POOL_EXHAUSTED);
}

static struct static_host hall_machine[] = {
	{ .mac = { { 0x52, 0x54, 0x00, 0x77, 0x01, 0x01 } }, .address = { 0x0a370032 } },
};

static void a_static_address_counts_where_its_network_is(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	serve_several();
	bench.config.static_dhcp = (struct static_hosts){ hall_machine, 1 };
	bench.several[2].next_server = ip4_of("10.55.0.7");
	start();
	assert_answer(
		ask_at(SERVER, ROUTER, &(struct packet){ .options = "53=01", .giaddr = ROUTER }),
		OFFER, "10.55.0.50");
	assert_memory_equal(bench.frames[0].payload + 20, "\x0a\x37\x00\x07", 4);
	assert_int_equal(option_of(&bench.frames[0], 66).length, strlen("10.55.0.7"));
	/* Elsewhere it has one of the pool: listed as it is, without asking to boot. */
	assert_answer(ask(&(struct packet){ .options = "53=01" }), OFFER, FIRST);
}

/* [host]: the machine by its client identifier, another by its MAC address. */
static struct host_config host_list[] = {
	{ .name = "gordon",
	  .client_id_length = 3,
	  .client_id = { 0, 'h', 'l' },
	  .address = { 0x0a370033 },
	  .host_name = "gordon",
	  .boot_file = "gordon.0" },
	{ .name = "alyx",
	  .has_mac = true,
	  .mac = { { 0x52, 0x54, 0x00, 0x77, 0x01, 0x02 } },
	  .host_name = "alyx" },
};
static const struct host_config *hosts_by_id[] = { &host_list[0] };
static const struct host_config *hosts_by_mac[] = { &host_list[1] };

static void a_host_has_what_is_its_own(void **state)
{
	const struct frame *frame;

	(void)state;
	NETWORK_NEEDED();
	serve_several();
	bench.config.bootp.access = ACCESS_BY_MAC;
	bench.config.hosts = (struct hosts){ .list = host_list,
					     .count = COUNT_OF(host_list),
					     .by_mac = hosts_by_mac,
					     .by_mac_count = 1,
					     .by_client_id = hosts_by_id,
					     .by_client_id_count = 1 };
	strcpy(bench.several[0].boot_file, "pool.0");
	strcpy(bench.several[2].boot_file, "hall.0");
	start();
	frame = ask_at(SERVER, ROUTER,
		       &(struct packet){ .options = "53=01 61=00686c", .giaddr = ROUTER });
	assert_answer(frame, OFFER, "10.55.0.51");
	assert_string_equal(boot_file_of(frame), "gordon.0");
	assert_memory_equal(option_of(frame, 12).bytes, "gordon", 6);
	/* On another network it has an address of that. */
	frame = ask(&(struct packet){ .options = "53=01 61=00686c" });
	assert_answer(frame, OFFER, FIRST);
	assert_string_equal(boot_file_of(frame), "gordon.0");
	/* One that has no address of its own, and no boot file. */
	frame = ask_at(SERVER, ROUTER,
		       &(struct packet){ .mac = OTHER, .options = "53=01", .giaddr = ROUTER });
	assert_answer(frame, OFFER, HALL_FIRST);
	assert_string_equal(boot_file_of(frame), "hall.0");
	/* Without that identifier it is a stranger. */
	ask_in_vain(&(struct packet){ .options = "53=01 " BOOT }, EVENT_DHCP_UNLISTED);
}

static struct datagram datagram_of(struct span bytes)
{
	return (struct datagram){ .bytes = bytes,
				  .from = { ip_from_4((struct ip4){ 0 }), 68 },
				  .destination = ip_from_4(IP4_BROADCAST),
				  .local = ip_from_4(ip4_of(SERVER)),
				  .port = 67,
				  .interface = network_interface("near") };
}

/* The packet comes last in a batch of a flood of strangers; true: it is answered with that batch.
 */
static bool is_answered_in_a_flood(const struct packet *packet, enum event_kind kind)
{
	struct span strange = packet_bytes(&(struct packet){ .mac = FOURTH, .options = "53=01" });
	struct span bytes = packet_bytes(packet);
	uint64_t before = activity_count(bench.activity, kind);
	struct datagram batch[UDP_BATCH_MAX];

	for (size_t i = 0; i < UDP_BATCH_MAX; i++)
		batch[i] = datagram_of(strange);
	for (unsigned i = 0; i < 20; i++)
		dhcp_on_datagrams(bench.service, batch, UDP_BATCH_MAX);
	batch[UDP_BATCH_MAX - 1] = datagram_of(bytes);
	dhcp_on_datagrams(bench.service, batch, UDP_BATCH_MAX);
	dhcp_depart(bench.service);
	bytes_free(strange);
	bytes_free(bytes);
	return activity_count(bench.activity, kind) == before + 1;
}

static void strangers_wait_in_a_flood_and_known_machines_do_not(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	start();
	boot(MACHINE, BOOT, FIRST);
	assert_true(is_answered_in_a_flood(&(struct packet){ .options = "53=03 50=0a4d0064" },
					   EVENT_DHCP_ACK));
	assert_false(is_answered_in_a_flood(
		&(struct packet){ .mac = OTHER, .options = "53=01 " BOOT }, EVENT_DHCP_OFFER));
}

/* [host]: one machine by its client identifier, one by its UUID, with addresses of their own. */
static struct host_config known_list[] = {
	{ .name = "gordon",
	  .client_id_length = 3,
	  .client_id = { 0, 'h', 'l' },
	  .address = { 0x0a4d0033 } },
	{ .name = "alyx",
	  .has_uuid = true,
	  .uuid = { { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
		      0xdd, 0xee, 0xff } },
	  .address = { 0x0a4d0034 } },
};
static const struct host_config *known_by_id[] = { &known_list[0] };
static const struct host_config *known_by_uuid[] = { &known_list[1] };

static void a_host_by_client_id_does_not_wait_in_a_flood(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	bench.config.hosts = (struct hosts){
		.list = known_list, .count = 1, .by_client_id = known_by_id, .by_client_id_count = 1
	};
	start();
	assert_true(is_answered_in_a_flood(&(struct packet){ .options = "53=01 61=00686c" },
					   EVENT_DHCP_OFFER));
	assert_false(is_answered_in_a_flood(
		&(struct packet){ .mac = OTHER, .options = "53=01 " BOOT }, EVENT_DHCP_OFFER));
}

static void a_host_by_uuid_does_not_wait_in_a_flood(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	bench.config.hosts = (struct hosts){
		.list = known_list + 1, .count = 1, .by_uuid = known_by_uuid, .by_uuid_count = 1
	};
	start();
	boot(MACHINE, BOOT " " WRITTEN_UUID, "10.77.0.52");
	/* Its system, which shows no UUID, renews. */
	assert_true(is_answered_in_a_flood(
		&(struct packet){ .options = "53=03", .ciaddr = "10.77.0.52" }, EVENT_DHCP_ACK));
	assert_true(
		is_answered_in_a_flood(&(struct packet){ .options = "53=01" }, EVENT_DHCP_OFFER));
}

static int enter(void **state)
{
	(void)state;
	(void)alarm(STUCK_S);
	if (network_enter()) {
		network_ip("addr add " SECOND "/24 dev near");
		network_ip("addr add " SERVER "/24 dev near");
	}
	return log_open(LOG_TO_NOWHERE, NULL, LOG_AT_INFO);
}

#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ON_BENCH(a_machine_gets_an_address_by_raw_frames),
		ON_BENCH(the_broadcast_bit_is_answered_by_broadcast),
		ON_BENCH(a_relay_is_answered_on_the_servers_port),
		ON_BENCH(a_renewal_is_answered_at_its_address),
		ON_BENCH(what_is_malformed_is_counted_and_not_answered),
		ON_BENCH(what_is_too_long_is_counted_and_not_answered),
		ON_BENCH(an_interface_that_is_not_served_is_counted),
		ON_BENCH(an_interface_without_the_pool_is_counted),
		ON_BENCH(the_pools_network_on_another_interface_is_not_this_ones),
		ON_BENCH(a_relay_of_another_network_is_counted),
		ON_BENCH(simple_clients_are_served_only_if_allowed),
		ON_BENCH(a_machine_that_booted_is_served_without_its_marks),
		ON_BENCH(an_exhausted_pool_is_counted_and_known_machines_keep_theirs),
		ON_BENCH(a_declined_address_is_given_to_nobody),
		ON_BENCH(a_released_address_waits_for_its_machine),
		ON_BENCH(an_inform_is_answered_at_its_address),
		ON_BENCH(machines_are_known_by_what_identity_says),
		ON_BENCH(a_lease_tells_its_machines_uuid),
		ON_BENCH(another_servers_choice_is_recorded_in_silence),
		ON_BENCH(a_machine_from_elsewhere_is_told_so_by_broadcast),
		ON_BENCH(what_is_not_answered_has_a_reason),
		ON_BENCH(plain_bootp_is_answered_in_300_octets),
		ON_BENCH(a_bootp_client_does_not_take_anothers_session),
		ON_BENCH(listed_machines_are_served_and_no_others),
		ON_BENCH(a_machine_that_is_denied_by_now_may_give_back),
		ON_BENCH(a_uuid_is_known_in_both_orders),
		ON_BENCH(the_firmwares_uuid_is_its_systems),
		ON_BENCH(what_was_granted_needs_no_more_asking),
		ON_BENCH(giving_back_grants_nothing),
		ON_BENCH(the_authoritys_names_are_told),
		ON_BENCH(a_machine_of_static_dhcp_gets_its_address),
		ON_BENCH(a_static_address_is_its_sessions),
		ON_BENCH(a_static_address_is_given_back_and_declined),
		ON_BENCH(a_machine_of_static_dhcp_is_listed_unless_it_is_denied),
		ON_BENCH(a_static_bootp_client_does_not_take_anothers_session),
		ON_BENCH(a_buggy_client_is_answered_by_broadcast),
		ON_BENCH(the_gateway_is_told_unless_set_gateway_is_no),
		ON_BENCH(other_parts_take_over_while_it_runs),
		ON_BENCH(tftp_may_be_at_another_address),
		ON_BENCH(what_is_not_kept_is_not_acknowledged),
		ON_BENCH(no_ack_before_the_lease_is_kept),
		ON_BENCH(an_answer_that_cannot_be_sent_is_counted),
		ON_BENCH(another_port_moves_both),
		ON_BENCH(a_socket_of_one_interface_hears_it),
		ON_BENCH(a_start_that_fails_says_which_socket),
		ON_BENCH(each_relay_has_addresses_of_its_network),
		ON_BENCH(a_renewal_comes_past_its_relay),
		ON_BENCH(a_relay_may_name_the_link_and_the_server),
		ON_BENCH(networks_of_one_link_are_filled_in_turn),
		ON_BENCH(a_static_address_counts_where_its_network_is),
		ON_BENCH(a_host_has_what_is_its_own),
		ON_BENCH(strangers_wait_in_a_flood_and_known_machines_do_not),
		ON_BENCH(a_host_by_client_id_does_not_wait_in_a_flood),
		ON_BENCH(a_host_by_uuid_does_not_wait_in_a_flood),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
