#include "io/udp_kernel.h"

#include <arpa/inet.h>
#include <netinet/udp.h>
#include <string.h>

struct sockaddr_in udp_to_sockaddr(struct endpoint endpoint)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(endpoint.port),
				     .sin_addr.s_addr = htonl(endpoint.address.value) };
}

struct endpoint udp_from_sockaddr(const struct sockaddr_in *address)
{
	return (struct endpoint){ .address = { ntohl(address->sin_addr.s_addr) },
				  .port = ntohs(address->sin_port) };
}

/* Appends one; control has room. */
static void add(struct msghdr *message, int level, int type, const void *value, size_t size)
{
	uint8_t *at = (uint8_t *)message->msg_control + message->msg_controllen;
	struct cmsghdr *header = (struct cmsghdr *)(void *)at;

	memset(at, 0, CMSG_SPACE(size));
	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(header), value, size);
	message->msg_controllen += CMSG_SPACE(size);
}

void udp_write_control(struct msghdr *message, uint8_t control[UDP_CONTROL_SIZE],
		       struct udp_source source, uint16_t segment_size)
{
	struct in_pktinfo info = { .ipi_ifindex = (int)source.interface,
				   .ipi_spec_dst.s_addr = htonl(source.address.value) };

	message->msg_control = control;
	message->msg_controllen = 0;
	if (ip4_is_set(source.address) || source.interface != 0)
		add(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	if (segment_size > 0)
		add(message, IPPROTO_UDP, UDP_SEGMENT, &segment_size, sizeof(segment_size));
	if (message->msg_controllen == 0)
		message->msg_control = NULL;
}
