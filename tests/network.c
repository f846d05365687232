#include "network.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define IP_HEADER  20
#define UDP_HEADER 8
#define UDP        17
#define STUCK_MS   30000 /* a test that waits so long has failed */

static bool is_entered;

static bool make_cable(void)
{
	return system("ip link set lo up &&"
		      "ip link add near type veth peer name far &&"
		      "ip link set near mtu 4000 up && ip link set far mtu 4000 up") == 0;
}

bool network_enter(void)
{
	_Static_assert(NETWORK_MTU == 4000, "the command above says so");
	is_entered = unshare(CLONE_NEWNET) == 0 && make_cable();
	if (!is_entered)
		print_message("no network of its own may be made here: tests are skipped\n");
	return is_entered;
}

bool network_is_entered(void)
{
	return is_entered;
}

void network_ip(const char *format, ...)
{
	char command[300] = "ip ";
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(command + 3, sizeof(command) - 3, format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		fail_msg("'%s' failed", command);
}

unsigned network_interface(const char *name)
{
	unsigned index = if_nametoindex(name);

	assert_int_not_equal(index, 0);
	return index;
}

struct mac network_mac(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };
	struct mac mac;

	assert_true(fd >= 0);
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &request), 0);
	(void)close(fd);
	memcpy(mac.bytes, request.ifr_hwaddr.sa_data, sizeof(mac.bytes));
	return mac;
}

int wire_open(const char *interface)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_IP));
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_IP),
				       .sll_ifindex = (int)network_interface(interface) };

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void wire_close(int fd)
{
	(void)close(fd);
}

static void put_u16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, value >> 16);
	put_u16(at + 2, value & 0xffff);
}

static uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* RFC 1071, over what is said to be there; 0 where a checksum inside is right. */
static uint16_t checksum(const uint8_t *at, size_t length, uint32_t start)
{
	uint32_t sum = start;

	for (size_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void wire_send(int fd, const struct frame *frame)
{
	uint8_t bytes[ETH_HLEN + NETWORK_MTU] = { 0 };
	uint8_t *ip = bytes + ETH_HLEN;
	uint8_t *udp = ip + IP_HEADER;
	size_t length = ETH_HLEN + IP_HEADER + UDP_HEADER + frame->length;

	assert_true(length <= sizeof(bytes));
	memcpy(bytes, frame->to_mac.bytes, ETH_ALEN);
	memcpy(bytes + ETH_ALEN, frame->from_mac.bytes, ETH_ALEN);
	put_u16(bytes + 12, ETH_P_IP);
	ip[0] = 0x45;
	put_u16(ip + 2, IP_HEADER + UDP_HEADER + frame->length);
	ip[8] = 64;
	ip[9] = UDP;
	put_u32(ip + 12, frame->from.address.value);
	put_u32(ip + 16, frame->to.address.value);
	put_u16(ip + 10, checksum(ip, IP_HEADER, 0));
	put_u16(udp, frame->from.port);
	put_u16(udp + 2, frame->to.port);
	put_u16(udp + 4, UDP_HEADER + frame->length);
	memcpy(udp + UDP_HEADER, frame->payload, frame->length);
	assert_int_equal(send(fd, bytes, length, 0), length);
}

/* The UDP checksum's pseudo header, summed up. */
static uint32_t pseudo_header(const uint8_t *ip, size_t udp_length)
{
	uint32_t sum = UDP + (uint32_t)udp_length;

	for (size_t i = 12; i < 20; i += 2)
		sum += get_u16(ip + i);
	return sum;
}

/* False: it is no UDP datagram without IP options. */
static bool take_apart(const uint8_t *bytes, size_t length, struct frame *out_frame)
{
	const uint8_t *ip = bytes + ETH_HLEN;
	const uint8_t *udp = ip + IP_HEADER;
	size_t ip_length = get_u16(ip + 2);
	size_t udp_length = get_u16(udp + 4);

	if (length < ETH_HLEN + IP_HEADER + UDP_HEADER || ip[0] != 0x45 || ip[9] != UDP)
		return false;
	memcpy(out_frame->to_mac.bytes, bytes, ETH_ALEN);
	memcpy(out_frame->from_mac.bytes, bytes + ETH_ALEN, ETH_ALEN);
	out_frame->from = (struct endpoint){ ip4_from_bytes(ip + 12), get_u16(udp) };
	out_frame->to = (struct endpoint){ ip4_from_bytes(ip + 16), get_u16(udp + 2) };
	out_frame->time_to_live = ip[8];
	out_frame->fragment = get_u16(ip + 6);
	out_frame->udp_checksum = get_u16(udp + 6);
	out_frame->is_sound = ip_length == length - ETH_HLEN &&
			      udp_length == ip_length - IP_HEADER &&
			      checksum(ip, IP_HEADER, 0) == 0;
	out_frame->is_udp_sound = out_frame->is_sound && out_frame->udp_checksum != 0 &&
				  checksum(udp, udp_length, pseudo_header(ip, udp_length)) == 0;
	out_frame->length = length - ETH_HLEN - IP_HEADER - UDP_HEADER;
	memcpy(out_frame->payload, udp + UDP_HEADER, out_frame->length);
	return true;
}

bool wire_receive(int fd, struct frame *out_frame)
{
	uint8_t bytes[ETH_HLEN + NETWORK_MTU];
	struct sockaddr_ll from = { 0 };
	socklen_t from_length = sizeof(from);

	for (;;) {
		ssize_t length = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from,
					  &from_length);

		if (length < 0 && errno == EAGAIN)
			return false;
		assert_true(length >= 0);
		if (from.sll_pkttype != PACKET_OUTGOING &&
		    take_apart(bytes, (size_t)length, out_frame))
			return true;
	}
}

void wire_await(int fd, struct frame *out_frame)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };

	while (!wire_receive(fd, out_frame)) {
		if (poll(&readable, 1, STUCK_MS) <= 0)
			fail_msg("no frame came");
	}
}
