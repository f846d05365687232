/* Letters out, over the loopback interface and over a cable whose MTU is smaller than a segment and
 * whose ends compute no checksums. */
#include "io/outbox.h"

#include "network.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define STUCK_S  60
#define LOOPBACK 0x7f000001
#define NEAR     "10.77.0.1"
#define PEER     "10.77.0.9"

static struct {
	struct loop *loop;
	struct udp *udp;
	struct udp *other;
	struct outbox *outbox;
	unsigned failures;
	int error;
	struct ip_endpoint failed;
} post;

static void on_failure(void *context, const struct outbox_letter *letter, int error)
{
	(void)context;
	post.failures++;
	post.error = error;
	post.failed = letter->to;
}

static void on_datagrams(void *context, const struct datagram *batch, size_t count)
{
	(void)context;
	(void)batch;
	(void)count;
}

static int enter(void **state)
{
	(void)state;
	(void)alarm(STUCK_S);
	if (network_enter()) {
		network_ip("addr add " NEAR "/24 dev near");
		network_ip("neigh replace " PEER " lladdr 52:54:00:77:01:01 dev near");
	}
	return 0;
}

static int set_up(void **state)
{
	struct udp_options options = { .send_buffer = 1 << 20 };

	(void)state;
	memset(&post, 0, sizeof(post));
	post.loop = loop_new();
	post.outbox = outbox_new(on_failure, NULL);
	if (udp_open(post.loop, &options, on_datagrams, NULL, &post.udp) < 0 ||
	    udp_open(post.loop, &options, on_datagrams, NULL, &post.other) < 0)
		return -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	outbox_free(post.outbox);
	udp_close(post.udp);
	udp_close(post.other);
	loop_free(post.loop);
	return 0;
}

/* Bytes that tell where in the letter they are. */
static uint8_t byte_at(size_t at)
{
	return (uint8_t)(at * 13 + at / 251);
}

static void put(struct udp *udp, struct ip_endpoint to, size_t length, uint16_t segment_size)
{
	uint8_t *room = outbox_room(post.outbox, udp, length);

	for (size_t i = 0; i < length; i++)
		room[i] = byte_at(i);
	outbox_put(post.outbox, &(struct outbox_letter){
					.to = to, .length = length, .segment_size = segment_size });
}

static int receiver(struct ip_endpoint *out_self)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(LOOPBACK) };
	socklen_t size = sizeof(local);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int buffer = 1 << 20;

	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &size), 0);
	*out_self = (struct ip_endpoint){ IP_MAPPED(LOOPBACK), ntohs(local.sin_port) };
	return fd;
}

/* The next datagram has these bytes of the letter, and came from that socket. */
static void expect(int fd, const struct udp *from, size_t at, size_t length)
{
	static uint8_t bytes[65536];
	struct sockaddr_in sender = { 0 };
	socklen_t size = sizeof(sender);

	assert_int_equal(recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&sender, &size),
			 length);
	assert_int_equal(ntohs(sender.sin_port), udp_port(from));
	for (size_t i = 0; i < length; i++)
		assert_int_equal(bytes[i], byte_at(at + i));
}

static void expect_nothing(int fd)
{
	uint8_t byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

static void a_letter_leaves_in_its_segments(void **state)
{
	static const struct {
		size_t length;
		uint16_t segment_size;
		size_t datagrams;
		size_t last;
	} rows[] = {
		{ 1, 0, 1, 1 },
		{ 1432, 1432, 1, 1432 },
		{ 1433, 1432, 2, 1 },
		{ 100, 1432, 1, 100 },
		{ 64 * 100, 100, 64, 100 },
		{ 45 * 1432, 1432, 45, 1432 },
		{ 44 * 1432 + 4, 1432, 45, 4 },
		{ 65507, 0, 1, 65507 },
	};
	struct ip_endpoint to;
	int fd = receiver(&to);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t size = rows[i].segment_size;

		put(post.udp, to, rows[i].length, rows[i].segment_size);
		expect_nothing(fd);
		outbox_flush(post.outbox);
		for (size_t n = 0; n + 1 < rows[i].datagrams; n++)
			expect(fd, post.udp, n * size, size);
		expect(fd, post.udp, (rows[i].datagrams - 1) * size, rows[i].last);
		expect_nothing(fd);
	}
	assert_int_equal(post.failures, 0);
	(void)close(fd);
}

/* As over IPv4, by a socket of both families. */
static void segments_leave_over_ip6(void **state)
{
	struct udp_options options = { .families = IP_BOTH, .send_buffer = 1 << 20 };
	struct sockaddr_in6 local = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t size = sizeof(local);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int buffer = 1 << 20;
	struct ip_endpoint to;
	struct udp *udp;

	(void)state;
	NETWORK_NEEDED();
	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &size), 0);
	to = (struct ip_endpoint){ ip_of("::1"), ntohs(local.sin6_port) };
	assert_int_equal(udp_open(post.loop, &options, on_datagrams, NULL, &udp), 0);
	put(udp, to, 44 * 1432 + 4, 1432);
	put(udp, to, OUTBOX_LETTER_MAX, 0);
	outbox_flush(post.outbox);
	for (size_t i = 0; i < 44; i++)
		expect(fd, udp, i * 1432, 1432);
	expect(fd, udp, (size_t)44 * 1432, 4);
	expect(fd, udp, 0, OUTBOX_LETTER_MAX);
	expect_nothing(fd);
	assert_int_equal(post.failures, 0);
	udp_close(udp);
	(void)close(fd);
}

/* More than fit at once leave before, and so does what another socket is to send. */
static void what_does_not_fit_leaves_before(void **state)
{
	struct ip_endpoint to;
	int fd = receiver(&to);

	(void)state;
	for (size_t i = 0; i < 100; i++)
		put(post.udp, to, 5 + i, 0);
	for (size_t i = 0; i < 64; i++)
		expect(fd, post.udp, 0, 5 + i);
	expect_nothing(fd);
	put(post.other, to, 7, 0);
	for (size_t i = 64; i < 100; i++)
		expect(fd, post.udp, 0, 5 + i);
	expect_nothing(fd);
	for (size_t i = 0; i < 3; i++)
		put(post.other, to, OUTBOX_LETTER_MAX, 0);
	expect(fd, post.other, 0, 7);
	expect(fd, post.other, 0, OUTBOX_LETTER_MAX);
	expect(fd, post.other, 0, OUTBOX_LETTER_MAX);
	expect_nothing(fd);
	outbox_flush(post.outbox);
	expect(fd, post.other, 0, OUTBOX_LETTER_MAX);
	(void)close(fd);
}

/* One that cannot leave is told, and keeps none of the others. */
static void a_failure_is_told_and_the_rest_leaves(void **state)
{
	struct ip_endpoint to;
	struct ip_endpoint nowhere = { IP_MAPPED(0xffffffff), 9 };
	int fd = receiver(&to);

	(void)state;
	put(post.udp, to, 10, 0);
	put(post.udp, nowhere, 10, 0);
	put(post.udp, to, 11, 0);
	put(post.udp, nowhere, 300, 100);
	put(post.udp, to, 12, 0);
	outbox_flush(post.outbox);
	for (size_t length = 10; length <= 12; length++)
		expect(fd, post.udp, 0, length);
	assert_int_equal(post.failures, 2);
	assert_true(post.error == -EACCES || post.error == -ENETUNREACH);
	assert_int_equal(post.failed.port, 9);
	(void)close(fd);
}

static void set_checksums(const char *interface, bool is_on)
{
	struct ethtool_value value = { .cmd = ETHTOOL_STXCSUM, .data = is_on };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strcpy(request.ifr_name, interface);
	assert_int_equal(ioctl(fd, SIOCETHTOOL, &request), 0);
	(void)close(fd);
}

static void expect_segments(int wire, size_t segment, size_t length)
{
	for (size_t at = 0; at < length; at += segment) {
		size_t expected = length - at < segment ? length - at : segment;
		struct frame frame;

		wire_await(wire, &frame);
		assert_int_equal(frame.length, expected);
		assert_int_equal(frame.fragment & 0x4000, 0); /* DF */
		for (size_t i = 0; i < expected; i++)
			assert_int_equal(frame.payload[i], byte_at(at + i));
	}
}

/* Refused with EIO by kernels that want the device to compute them; what others do is as good. */
static void leaves_without_checksums_of_the_device(void **state)
{
	struct ip_endpoint to;
	int wire;

	(void)state;
	NETWORK_NEEDED();
	to = (struct ip_endpoint){ ip_of(PEER), 7 };
	set_checksums("near", false);
	wire = wire_open("far");
	put(post.udp, to, 3 * 1000 + 1, 1000);
	outbox_flush(post.outbox);
	expect_segments(wire, 1000, 3 * 1000 + 1);
	assert_int_equal(post.failures, 0);
	wire_close(wire);
	set_checksums("near", true);
}

/* EINVAL: the segments leave one by one then, in fragments. */
static void segments_longer_than_the_mtu_leave_in_fragments(void **state)
{
	struct frame frame;
	unsigned fragments = 0;
	int wire;

	(void)state;
	NETWORK_NEEDED();
	network_ip("link set near mtu 600");
	wire = wire_open("far");
	put(post.udp, (struct ip_endpoint){ ip_of(PEER), 7 }, 3000, 1000);
	put(post.udp, (struct ip_endpoint){ ip_of(PEER), 7 }, 3, 0);
	outbox_flush(post.outbox);
	do {
		wire_await(wire, &frame);
		fragments += (frame.fragment & 0x2000) != 0;
	} while (frame.length != 3);
	assert_int_equal(fragments, 3);
	assert_int_equal(post.failures, 0);
	wire_close(wire);
	network_ip("link set near mtu 4000");
}

#define POST_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		POST_TEST(a_letter_leaves_in_its_segments),
		POST_TEST(segments_leave_over_ip6),
		POST_TEST(what_does_not_fit_leaves_before),
		POST_TEST(a_failure_is_told_and_the_rest_leaves),
		POST_TEST(leaves_without_checksums_of_the_device),
		POST_TEST(segments_longer_than_the_mtu_leave_in_fragments),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
