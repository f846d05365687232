/* Datagrams in and out, in a network of the test's own: near is this machine's interface, far the
 * other end of its cable. */
#include "io/udp.h"

#include "network.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STUCK_S  60
#define PORT     6700
#define MANY     100
#define LOOPBACK 0x7f000001
#define NEAR     "10.77.0.1"

/* What came, and what is waited for. */
struct inbox {
	struct loop *loop;
	struct udp *udp;
	struct datagram datagrams[MANY];
	uint8_t first_bytes[MANY];
	size_t count;
	size_t awaited;
	size_t calls;
	bool closes; /* the socket, in the first call */
};

static void on_datagrams(void *context, const struct datagram *batch, size_t count)
{
	struct inbox *box = context;

	assert_true(count > 0);
	box->calls++;
	for (size_t i = 0; i < count && box->count < MANY; i++) {
		box->first_bytes[box->count] =
			batch[i].bytes.length > 0 ? batch[i].bytes.bytes[0] : 0;
		box->datagrams[box->count++] = batch[i];
	}
	if (box->closes) {
		udp_close(box->udp);
		box->udp = NULL;
	}
	if (box->count >= box->awaited)
		loop_stop(box->loop);
}

static int enter(void **state)
{
	(void)state;
	(void)alarm(STUCK_S);
	if (network_enter())
		network_ip("addr add " NEAR "/24 dev near");
	return 0;
}

static struct inbox inbox;
static enum ip_families families; /* of the next inbox; each test's end makes them IPv4 again */

static int of_both_families(void **state)
{
	(void)state;
	families = IP_BOTH;
	return 0;
}

/* At the port; options may be NULL. Each test's end closes it. */
static void open_inbox(const struct udp_options *options)
{
	struct udp_options given = options == NULL ? (struct udp_options){ 0 } : *options;

	inbox = (struct inbox){ .loop = loop_new(), .awaited = 1 };
	assert_non_null(inbox.loop);
	given.local.port = PORT;
	given.families = families;
	assert_int_equal(udp_open(inbox.loop, &given, on_datagrams, &inbox, &inbox.udp), 0);
}

static int close_inbox(void **state)
{
	(void)state;
	udp_close(inbox.udp);
	loop_free(inbox.loop);
	inbox = (struct inbox){ 0 };
	families = IP_ONLY_4;
	return 0;
}

static void await(size_t count)
{
	inbox.awaited = inbox.count + count;
	loop_run(inbox.loop);
}

static struct sockaddr_in socket_address(uint32_t address, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(address) };
}

/* A plain socket at address; *out_port is what it got. */
static int plain_socket(uint32_t address, uint16_t *out_port)
{
	struct sockaddr_in local = socket_address(address, 0);
	socklen_t length = sizeof(local);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
	*out_port = ntohs(local.sin_port);
	return fd;
}

static void send_plain(int fd, uint32_t address, const void *bytes, size_t length)
{
	struct sockaddr_in to = socket_address(address, PORT);

	assert_int_equal(sendto(fd, bytes, length, 0, (const struct sockaddr *)&to, sizeof(to)),
			 length);
}

static void tells_where_a_datagram_came_from_and_arrived(void **state)
{
	static const uint32_t targets[] = { LOOPBACK, LOOPBACK + 0x010203 };
	uint16_t port;
	int fd;

	(void)state;
	NETWORK_NEEDED();
	open_inbox(NULL);
	fd = plain_socket(LOOPBACK + 7, &port);
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		const struct datagram *datagram = &inbox.datagrams[i];

		send_plain(fd, targets[i], "abc", 3);
		await(1);
		assert_int_equal(datagram->bytes.length, 3);
		assert_int_equal(inbox.first_bytes[i], 'a');
		assert_int_equal(ip_to_4(datagram->from.address).value, LOOPBACK + 7);
		assert_int_equal(datagram->from.port, port);
		assert_int_equal(ip_to_4(datagram->destination).value, targets[i]);
		assert_int_equal(ip_to_4(datagram->local).value, targets[i]);
		assert_int_equal(datagram->interface, network_interface("lo"));
		assert_false(datagram->is_cut);
	}
	(void)close(fd);
}

static struct frame frame_to(const char *address)
{
	return (struct frame){ .to_mac = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
			       .from_mac = network_mac("far"),
			       .from = { { 0 }, 68 },
			       .to = { ip4_of(address), PORT },
			       .payload = "b",
			       .length = 1 };
}

static void a_broadcast_arrives_with_the_interface_and_its_address(void **state)
{
	static const char *const targets[] = { "255.255.255.255", "10.77.0.255", NEAR };
	int wire;

	(void)state;
	NETWORK_NEEDED();
	open_inbox(&(struct udp_options){ .may_broadcast = true });
	wire = wire_open("far");
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		const struct datagram *datagram = &inbox.datagrams[i];
		struct frame frame = frame_to(targets[i]);

		/* A machine without an address asks from 0.0.0.0, one that has one does not. */
		if (i > 0)
			frame.from.address = ip4_of("10.77.0.9");
		if (i == 2)
			frame.to_mac = network_mac("near");
		wire_send(wire, &frame);
		await(1);
		assert_int_equal(ip_to_4(datagram->destination).value, ip4_of(targets[i]).value);
		assert_int_equal(ip_to_4(datagram->local).value, ip4_of(NEAR).value);
		assert_int_equal(datagram->interface, network_interface("near"));
		assert_int_equal(ip_to_4(datagram->from.address).value, frame.from.address.value);
		assert_int_equal(datagram->from.port, 68);
	}
	wire_close(wire);
}

/* A plain socket of IPv6 at a port of the kernel's choice. */
static int plain_socket_6(const char *address, uint16_t *out_port)
{
	struct sockaddr_in6 local = { .sin6_family = AF_INET6 };
	socklen_t length = sizeof(local);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	ip_to_bytes(ip_of(address), local.sin6_addr.s6_addr);
	if (ip_is_link_local(ip_of(address)))
		local.sin6_scope_id = network_interface("near");
	assert_int_equal(bind(fd, (const struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
	*out_port = ntohs(local.sin6_port);
	return fd;
}

/* Answers leave from the address that was asked, to the one that asked. */
static void ip6_is_received_and_answered(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		bool is_on_near; /* else on lo, where an interface's own address is asked */
	} rows[] = {
		{ "::1", "::1", false },
		{ "fd00:77::1", "fd00:77::2", false },
		{ "fe80::77", "fe80::77", false },
		{ "fe80::77", "ff02::1", true },
	};

	(void)state;
	NETWORK_NEEDED();
	network_ip("addr add fd00:77::1/64 dev near nodad");
	network_ip("addr add fd00:77::2/64 dev near nodad");
	network_ip("addr add fe80::77/64 dev near nodad");
	open_inbox(NULL);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct datagram *datagram = &inbox.datagrams[i];
		struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
		bool is_multicast = ip_is_multicast(ip_of(rows[i].to));
		uint16_t port;
		char byte;
		int fd = plain_socket_6(rows[i].from, &port);

		ip_to_bytes(ip_of(rows[i].to), to.sin6_addr.s6_addr);
		if (is_multicast || ip_is_link_local(ip_of(rows[i].to)))
			to.sin6_scope_id = network_interface("near");
		assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
		await(1);
		assert_true(ip_is_within(datagram->from.address, ip_of(rows[i].from), 128));
		assert_int_equal(datagram->from.port, port);
		assert_true(ip_is_within(datagram->destination, ip_of(rows[i].to), 128));
		if (is_multicast) {
			assert_false(ip_is_set(datagram->local));
			assert_int_equal(datagram->interface, network_interface("near"));
		} else {
			assert_true(ip_is_same(datagram->local, datagram->destination));
			assert_int_equal(
				udp_send(inbox.udp, (struct udp_source){ datagram->local, 0 },
					 datagram->from, (struct span){ (const uint8_t *)"y", 1 }),
				0);
			to = (struct sockaddr_in6){ 0 };
			assert_int_equal(recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&to,
						  &(socklen_t){ sizeof(to) }),
					 1);
			assert_true(ip_is_within(ip_from_bytes(to.sin6_addr.s6_addr),
						 ip_of(rows[i].to), 128));
			assert_int_equal(ntohs(to.sin6_port), PORT);
		}
		(void)close(fd);
	}
}

/* Beside a socket of IPv4's alone at the same port. */
static void ip6_alone_leaves_ip4_to_others(void **state)
{
	struct udp_options options = { .families = IP_ONLY_6, .local.port = PORT };
	struct udp *other;

	(void)state;
	NETWORK_NEEDED();
	open_inbox(NULL);
	assert_int_equal(udp_open(inbox.loop, &options, on_datagrams, &inbox, &other), 0);
	udp_close(other);
	options.families = IP_BOTH;
	assert_int_equal(udp_open(inbox.loop, &options, on_datagrams, &inbox, &other), -EADDRINUSE);
}

static void many_datagrams_come_in_batches_and_in_order(void **state)
{
	uint16_t port;
	int fd;

	(void)state;
	NETWORK_NEEDED();
	open_inbox(&(struct udp_options){ .receive_buffer = 1024 * 1024 });
	fd = plain_socket(LOOPBACK, &port);
	for (uint8_t i = 0; i < MANY; i++)
		send_plain(fd, LOOPBACK, &i, 1);
	await(MANY);
	for (uint8_t i = 0; i < MANY; i++)
		assert_int_equal(inbox.first_bytes[i], i);
	/* Not one call a datagram. */
	assert_true(inbox.calls < MANY / 2);
	(void)close(fd);
}

static void what_is_too_long_is_marked_as_cut(void **state)
{
	static const struct {
		size_t sent;
		size_t received;
		bool is_cut;
	} rows[] = { { 0, 0, false },
		     { 1, 1, false },
		     { DATAGRAM_MAX, DATAGRAM_MAX, false },
		     { DATAGRAM_MAX + 1, DATAGRAM_MAX, true },
		     { 60000, DATAGRAM_MAX, true },
		     { 1, 1, false } };
	static const uint8_t bytes[60000];
	uint16_t port;
	int fd;

	(void)state;
	NETWORK_NEEDED();
	open_inbox(NULL);
	fd = plain_socket(LOOPBACK, &port);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		send_plain(fd, LOOPBACK, bytes, rows[i].sent);
	await(COUNT_OF(rows));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(inbox.datagrams[i].bytes.length, rows[i].received);
		assert_int_equal(inbox.datagrams[i].is_cut, rows[i].is_cut);
		assert_int_equal(inbox.datagrams[i].from.port, port);
	}
	(void)close(fd);
}

static void a_socket_may_be_closed_in_its_callback(void **state)
{
	uint16_t port;
	int fd;

	(void)state;
	NETWORK_NEEDED();
	open_inbox(NULL);
	inbox.closes = true;
	fd = plain_socket(LOOPBACK, &port);
	for (uint8_t i = 0; i < MANY; i++)
		send_plain(fd, LOOPBACK, &i, 1);
	await(1);
	assert_int_equal(inbox.calls, 1);
	/* The port is free again at once, and what was waiting is gone. */
	assert_int_equal(udp_open(inbox.loop, &(struct udp_options){ .local.port = PORT },
				  on_datagrams, &inbox, &inbox.udp),
			 0);
	inbox.closes = false;
	inbox.count = 0;
	send_plain(fd, LOOPBACK, "n", 1);
	await(1);
	assert_int_equal(inbox.count, 1);
	assert_int_equal(inbox.first_bytes[0], 'n');
	(void)close(fd);
}

/* A client that answers as soon as it hears, and what else the loop has to do meanwhile. */
static struct dialogue {
	int fd;
	size_t closes_at; /* this call; 0: at none */
	struct letter letter;
	size_t calls_before_letter;
} dialogue;

static void on_letter(void *context)
{
	(void)context;
	dialogue.calls_before_letter = inbox.calls;
}

static void on_answer(void *context, const struct datagram *batch, size_t count)
{
	inbox.closes = inbox.calls + 1 == dialogue.closes_at;
	send_plain(dialogue.fd, LOOPBACK, &(uint8_t){ (uint8_t)(inbox.count + 1) }, 1);
	if (inbox.calls == 0)
		loop_post(inbox.loop, &dialogue.letter);
	on_datagrams(context, batch, count);
}

static void hold_dialogue(bool expects_answers, size_t closes_at)
{
	struct udp_options options = { .local.port = PORT, .expects_answers = expects_answers };
	uint16_t port;

	dialogue = (struct dialogue){ .closes_at = closes_at, .letter.on_arrival = on_letter };
	inbox = (struct inbox){ .loop = loop_new() };
	assert_int_equal(udp_open(inbox.loop, &options, on_answer, &inbox, &inbox.udp), 0);
	dialogue.fd = plain_socket(LOOPBACK, &port);
	send_plain(dialogue.fd, LOOPBACK, "", 1);
	await(closes_at > 0 ? closes_at : MANY);
	(void)close(dialogue.fd);
}

static void an_answer_is_read_without_a_turn_of_the_loop_but_others_are_heard(void **state)
{
	NETWORK_NEEDED();
	hold_dialogue(true, 0);
	for (uint8_t i = 0; i < MANY; i++)
		assert_int_equal(inbox.first_bytes[i], i);
	assert_in_range(dialogue.calls_before_letter, 3, MANY / 2);
	close_inbox(state);
	hold_dialogue(false, 0);
	assert_in_range(dialogue.calls_before_letter, 1, 2);
}

static void a_socket_may_be_closed_when_an_answer_was_read(void **state)
{
	(void)state;
	NETWORK_NEEDED();
	hold_dialogue(true, 3);
	assert_null(inbox.udp);
	assert_int_equal(inbox.calls, 3);
}

static void an_answer_leaves_from_the_address_that_is_chosen(void **state)
{
	static const uint32_t sources[] = { LOOPBACK + 0x050505, LOOPBACK, 0 };
	uint16_t port;
	int fd;

	(void)state;
	NETWORK_NEEDED();
	open_inbox(NULL);
	fd = plain_socket(LOOPBACK + 9, &port);
	for (size_t i = 0; i < COUNT_OF(sources); i++) {
		struct sockaddr_in from = { 0 };
		socklen_t length = sizeof(from);
		char bytes[8];

		assert_int_equal(udp_send(inbox.udp,
					  (struct udp_source){ IP_MAPPED(sources[i]), 0 },
					  (struct ip_endpoint){ IP_MAPPED(LOOPBACK + 9), port },
					  (struct span){ (const uint8_t *)"hello", 5 }),
				 0);
		assert_int_equal(
			recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &length),
			5);
		assert_memory_equal(bytes, "hello", 5);
		assert_int_equal(ntohs(from.sin_port), PORT);
		if (sources[i] != 0)
			assert_int_equal(ntohl(from.sin_addr.s_addr), sources[i]);
	}
	(void)close(fd);
}

/* Without any route: the interface alone says where it goes. */
static void a_broadcast_leaves_by_the_interface_that_is_chosen(void **state)
{
	struct udp_source source;
	struct frame frame;
	int wire;

	(void)state;
	NETWORK_NEEDED();
	source = (struct udp_source){ ip_of(NEAR), network_interface("near") };
	open_inbox(&(struct udp_options){ .may_broadcast = true });
	wire = wire_open("far");
	assert_int_equal(udp_send(inbox.udp, source,
				  (struct ip_endpoint){ ip_from_4(IP4_BROADCAST), 68 },
				  (struct span){ (const uint8_t *)"offer", 5 }),
			 0);
	wire_await(wire, &frame);
	assert_string_equal(mac_format(frame.to_mac).text, "FF-FF-FF-FF-FF-FF");
	assert_int_equal(frame.from.address.value, ip4_of(NEAR).value);
	assert_int_equal(frame.from.port, PORT);
	assert_int_equal(frame.to.address.value, IP4_BROADCAST.value);
	assert_int_equal(frame.to.port, 68);
	assert_int_equal(frame.length, 5);
	assert_int_equal(frame.fragment, 0); /* DF is never set */
	wire_close(wire);
}

static void df_is_never_set_on_what_is_routed(void **state)
{
	struct frame frame;
	int wire;

	(void)state;
	NETWORK_NEEDED();
	network_ip("neigh replace 10.77.0.9 lladdr 52:54:00:77:01:01 dev near");
	open_inbox(NULL);
	wire = wire_open("far");
	assert_int_equal(udp_send(inbox.udp, (struct udp_source){ 0 },
				  (struct ip_endpoint){ ip_of("10.77.0.9"), 68 },
				  (struct span){ (const uint8_t *)"ack", 3 }),
			 0);
	wire_await(wire, &frame);
	assert_string_equal(mac_format(frame.to_mac).text, MACHINE);
	assert_int_equal(frame.fragment, 0);
	wire_close(wire);
}

static void a_socket_of_one_device_hears_only_that(void **state)
{
	struct frame frame;
	uint16_t port;
	int wire;
	int fd;

	(void)state;
	NETWORK_NEEDED();
	open_inbox(&(struct udp_options){ .interface = network_interface("near"),
					  .may_broadcast = true });
	fd = plain_socket(LOOPBACK, &port);
	wire = wire_open("far");
	send_plain(fd, LOOPBACK, "lost", 4);
	frame = frame_to("255.255.255.255");
	wire_send(wire, &frame);
	await(1);
	assert_int_equal(inbox.first_bytes[0], 'b');
	(void)close(fd);
	wire_close(wire);
}

static void make_spare(void)
{
	network_ip("link add spare type veth peer name spare-end");
	network_ip("link set spare up");
	network_ip("link set spare-end up");
}

/* What arrives on the interface "spare" is heard. */
static void assert_spare_is_heard(void)
{
	struct frame frame = frame_to("255.255.255.255");
	int wire = wire_open("spare-end");

	assert_int_equal(udp_bind_interface(inbox.udp, network_interface("spare")), 0);
	wire_send(wire, &frame);
	await(1);
	assert_int_equal(inbox.datagrams[inbox.count - 1].interface, network_interface("spare"));
	wire_close(wire);
}

/* It holds the port meanwhile, but not on the interfaces of others. */
static void a_socket_waits_for_its_interface_and_follows_it(void **state)
{
	struct udp *other = NULL;
	uint16_t port;
	int fd;

	(void)state;
	NETWORK_NEEDED();
	open_inbox(&(struct udp_options){ .interface = INTERFACE_NONE, .may_broadcast = true });
	assert_int_equal(udp_open(inbox.loop,
				  &(struct udp_options){ .local.port = PORT,
							 .interface = network_interface("near") },
				  on_datagrams, &inbox, &other),
			 0);
	fd = plain_socket(LOOPBACK, &port);
	send_plain(fd, LOOPBACK, "lost", 4);
	(void)close(fd);
	for (int i = 0; i < 2; i++) {
		make_spare();
		assert_spare_is_heard();
		assert_int_equal(inbox.first_bytes[inbox.count - 1], 'b');
		network_ip("link del spare");
	}
	assert_int_equal(inbox.count, 2);
	udp_close(other);
}

static void what_cannot_be_sent_is_an_error(void **state)
{
	static const uint8_t bytes[70000];
	struct ip_endpoint loopback = { IP_MAPPED(LOOPBACK), 9 };

	(void)state;
	NETWORK_NEEDED();
	open_inbox(NULL);
	/* Not an address of this machine: kernels call it by several names. */
	assert_true(udp_send(inbox.udp, (struct udp_source){ ip_of("10.1.2.3"), 0 }, loopback,
			     (struct span){ bytes, 1 }) < 0);
	assert_int_equal(udp_send(inbox.udp, (struct udp_source){ { 0 }, 9999 }, loopback,
				  (struct span){ bytes, 1 }),
			 -ENODEV);
	assert_int_equal(udp_send(inbox.udp, (struct udp_source){ 0 },
				  (struct ip_endpoint){ ip_of("198.51.100.1"), 9 },
				  (struct span){ bytes, 1 }),
			 -ENETUNREACH);
	assert_int_equal(udp_send(inbox.udp, (struct udp_source){ 0 }, loopback,
				  (struct span){ bytes, sizeof(bytes) }),
			 -EMSGSIZE);
	/* Without may_broadcast. */
	assert_int_equal(udp_send(inbox.udp,
				  (struct udp_source){ ip_of(NEAR), network_interface("near") },
				  (struct ip_endpoint){ ip_from_4(IP4_BROADCAST), 9 },
				  (struct span){ bytes, 1 }),
			 -EACCES);
}

/* Nobody listens there: the ICMP message that says so ends nothing. */
static void a_closed_port_does_not_end_the_socket(void **state)
{
	uint16_t port;
	int fd;

	(void)state;
	NETWORK_NEEDED();
	open_inbox(NULL);
	for (int i = 0; i < 5; i++)
		assert_int_equal(udp_send(inbox.udp, (struct udp_source){ 0 },
					  (struct ip_endpoint){ IP_MAPPED(LOOPBACK), 9 },
					  (struct span){ (const uint8_t *)"x", 1 }),
				 0);
	fd = plain_socket(LOOPBACK, &port);
	send_plain(fd, LOOPBACK, "y", 1);
	await(1);
	assert_int_equal(inbox.first_bytes[0], 'y');
	(void)close(fd);
}

static void what_cannot_be_opened_is_an_error(void **state)
{
	static const struct {
		struct udp_options options;
		int error;
	} rows[] = {
		{ { .local = { { 0 }, PORT } }, -EADDRINUSE },
		{ { .local = { IP_MAPPED(LOOPBACK), PORT } }, -EADDRINUSE },
		{ { .local = { IP_MAPPED(0x0a010203), PORT + 1 } }, -EADDRNOTAVAIL },
	};

	(void)state;
	NETWORK_NEEDED();
	open_inbox(NULL);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct udp *udp = NULL;

		assert_int_equal(udp_open(inbox.loop, &rows[i].options, on_datagrams, &inbox, &udp),
				 rows[i].error);
		assert_null(udp);
	}
}

static void no_socket_is_closed_in_peace(void **state)
{
	(void)state;
	udp_close(NULL);
}

static void a_datagram_is_kept_with_its_own_bytes(void **state)
{
	static const struct {
		size_t length;
		size_t kept;
	} rows[] = { { 0, 0 },
		     { 10, 10 },
		     { DATAGRAM_MAX, DATAGRAM_MAX },
		     { DATAGRAM_MAX + 40, DATAGRAM_MAX } };
	static uint8_t bytes[DATAGRAM_MAX + 40];
	static struct kept_datagram kept;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		datagram_keep(&kept, &(struct datagram){ .bytes = { bytes, rows[i].length },
							 .interface = 7,
							 .is_cut = rows[i].length > rows[i].kept });
		assert_ptr_equal(kept.datagram.bytes.bytes, kept.bytes);
		assert_int_equal(kept.datagram.bytes.length, rows[i].kept);
		assert_memory_equal(kept.bytes, bytes, rows[i].kept);
		assert_int_equal(kept.datagram.interface, 7);
		assert_int_equal(kept.datagram.is_cut, rows[i].length > rows[i].kept);
	}
}

#define WITH_INBOX(test) cmocka_unit_test_teardown(test, close_inbox)
#define WITH_INBOX_OF_BOTH(test)                                                                   \
	{                                                                                          \
#test " of both families", test, of_both_families, close_inbox, NULL               \
	}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_INBOX(tells_where_a_datagram_came_from_and_arrived),
		WITH_INBOX(a_broadcast_arrives_with_the_interface_and_its_address),
		WITH_INBOX_OF_BOTH(tells_where_a_datagram_came_from_and_arrived),
		WITH_INBOX_OF_BOTH(a_broadcast_arrives_with_the_interface_and_its_address),
		WITH_INBOX_OF_BOTH(an_answer_leaves_from_the_address_that_is_chosen),
		WITH_INBOX_OF_BOTH(a_broadcast_leaves_by_the_interface_that_is_chosen),
		WITH_INBOX_OF_BOTH(df_is_never_set_on_what_is_routed),
		WITH_INBOX_OF_BOTH(what_cannot_be_sent_is_an_error),
		WITH_INBOX_OF_BOTH(ip6_is_received_and_answered),
		WITH_INBOX(ip6_alone_leaves_ip4_to_others),
		WITH_INBOX(many_datagrams_come_in_batches_and_in_order),
		WITH_INBOX(what_is_too_long_is_marked_as_cut),
		cmocka_unit_test(a_datagram_is_kept_with_its_own_bytes),
		WITH_INBOX(a_socket_may_be_closed_in_its_callback),
		WITH_INBOX(an_answer_is_read_without_a_turn_of_the_loop_but_others_are_heard),
		WITH_INBOX(a_socket_may_be_closed_when_an_answer_was_read),
		WITH_INBOX(an_answer_leaves_from_the_address_that_is_chosen),
		WITH_INBOX(a_broadcast_leaves_by_the_interface_that_is_chosen),
		WITH_INBOX(df_is_never_set_on_what_is_routed),
		WITH_INBOX(a_socket_of_one_device_hears_only_that),
		WITH_INBOX(a_socket_waits_for_its_interface_and_follows_it),
		WITH_INBOX(what_cannot_be_sent_is_an_error),
		WITH_INBOX(a_closed_port_does_not_end_the_socket),
		WITH_INBOX(what_cannot_be_opened_is_an_error),
		WITH_INBOX(no_socket_is_closed_in_peace),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
