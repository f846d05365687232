#include "io/link.h"
#include "base/cleanup.h"
#include "io/checksum.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#define FRAME_PAYLOAD_MAX 1500 /* Ethernet's MTU */
#define IP_HEADER_SIZE    20   /* RFC 791, without options */
#define UDP_HEADER_SIZE   8    /* RFC 768 */
#define TIME_TO_LIVE      64

struct link {
	int fd;
};

int link_open(struct link **out_link)
{
	/* Protocol 0 receives nothing: this socket only sends. */
	CLEANUP(close_fd) int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct link *link;

	if (fd < 0)
		return -errno;
	link = calloc(1, sizeof(*link));
	if (link == NULL)
		return -ENOMEM;
	link->fd = take_fd(&fd);
	*out_link = link;
	return 0;
}

void link_close(struct link *link)
{
	if (link == NULL)
		return;
	(void)close(link->fd);
	free(link);
}

/* A packet socket that is bound to an interface is told its address; no ioctl is needed. */
int link_find_mac(unsigned interface, struct mac *out_mac)
{
	CLEANUP(close_fd) int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_ifindex = (int)interface };
	socklen_t length = sizeof(address);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return -errno;
	if (address.sll_hatype != ARPHRD_ETHER || address.sll_halen != sizeof(out_mac->bytes))
		return -EINVAL;
	memcpy(out_mac->bytes, address.sll_addr, sizeof(out_mac->bytes));
	return 0;
}

static void write_ip_header(struct writer *out, const struct link_route *route, size_t length,
			    uint16_t checksum)
{
	write_u8(out, 0x45); /* version 4, five words */
	write_u8(out, 0);
	write_u16(out, (uint16_t)length);
	write_u16(out, 0); /* identification: one frame, never a fragment */
	write_u16(out, 0); /* no flags: DF stays clear */
	write_u8(out, TIME_TO_LIVE);
	write_u8(out, IPPROTO_UDP);
	write_u16(out, checksum);
	write_u32(out, route->from.address.value);
	write_u32(out, route->to.address.value);
}

static void write_udp_header(struct writer *out, const struct link_route *route, size_t length,
			     uint16_t checksum)
{
	write_u16(out, route->from.port);
	write_u16(out, route->to.port);
	write_u16(out, (uint16_t)length);
	write_u16(out, checksum);
}

static uint16_t ip_checksum(const struct link_route *route, size_t length)
{
	uint8_t header[IP_HEADER_SIZE];
	struct writer out = writer_of(header, sizeof(header));

	write_ip_header(&out, route, length, 0);
	return checksum_end(checksum_add(0, (struct span){ header, out.used }));
}

/* RFC 768: over a pseudo header, the header and the data. */
static uint16_t udp_checksum(const struct link_route *route, struct span payload)
{
	uint8_t headers[12 + UDP_HEADER_SIZE];
	struct writer out = writer_of(headers, sizeof(headers));
	uint16_t checksum;

	write_u32(&out, route->from.address.value);
	write_u32(&out, route->to.address.value);
	write_u16(&out, IPPROTO_UDP);
	write_u16(&out, (uint16_t)(UDP_HEADER_SIZE + payload.length));
	write_udp_header(&out, route, UDP_HEADER_SIZE + payload.length, 0);
	checksum = checksum_end(
		checksum_add(checksum_add(0, (struct span){ headers, out.used }), payload));
	return checksum == 0 ? UINT16_MAX : checksum; /* 0 says "no checksum" */
}

int link_send_udp(struct link *link, const struct link_route *route, struct span payload)
{
	uint8_t packet[FRAME_PAYLOAD_MAX];
	struct writer out = writer_of(packet, sizeof(packet));
	size_t udp_length = UDP_HEADER_SIZE + payload.length;
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IP),
				  .sll_ifindex = (int)route->interface,
				  .sll_halen = sizeof(route->to_mac.bytes) };

	if (payload.length > FRAME_PAYLOAD_MAX - IP_HEADER_SIZE - UDP_HEADER_SIZE)
		return -EMSGSIZE;
	write_ip_header(&out, route, IP_HEADER_SIZE + udp_length,
			ip_checksum(route, IP_HEADER_SIZE + udp_length));
	write_udp_header(&out, route, udp_length, udp_checksum(route, payload));
	write_bytes(&out, payload.bytes, payload.length);

	memcpy(to.sll_addr, route->to_mac.bytes, sizeof(route->to_mac.bytes));
	while (sendto(link->fd, packet, out.used, MSG_DONTWAIT, (const struct sockaddr *)&to,
		      sizeof(to)) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}
