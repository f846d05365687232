#include "io/udp_kernel.h"

#include <arpa/inet.h>
#include <netinet/udp.h>
#include <string.h>

socklen_t udp_to_sockaddr(struct ip_endpoint endpoint, union udp_address *out_address)
{
	if (ip_is_4(endpoint.address)) {
		out_address->ip4 = (struct sockaddr_in){ .sin_family = AF_INET,
							 .sin_port = htons(endpoint.port),
							 .sin_addr.s_addr = htonl(
								 ip_to_4(endpoint.address).value) };
		return sizeof(out_address->ip4);
	}
	out_address->ip6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
						  .sin6_port = htons(endpoint.port),
						  .sin6_scope_id = endpoint.address.scope };
	ip_to_bytes(endpoint.address, out_address->ip6.sin6_addr.s6_addr);
	return sizeof(out_address->ip6);
}

struct ip_endpoint udp_from_sockaddr(const union udp_address *address)
{
	struct ip_endpoint endpoint = { .port = ntohs(address->ip4.sin_port) };

	if (address->any.sa_family == AF_INET) {
		endpoint.address = ip_from_4((struct ip4){ ntohl(address->ip4.sin_addr.s_addr) });
	} else {
		endpoint.port = ntohs(address->ip6.sin6_port);
		endpoint.address = ip_from_bytes(address->ip6.sin6_addr.s6_addr);
		endpoint.address.scope = address->ip6.sin6_scope_id;
	}
	return endpoint;
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

static void add_source(struct msghdr *message, const struct udp_source *source)
{
	const struct sockaddr *to = message->msg_name;
	struct in_pktinfo ip4 = { .ipi_ifindex = (int)source->interface,
				  .ipi_spec_dst.s_addr = htonl(ip_to_4(source->address).value) };
	struct in6_pktinfo ip6 = { .ipi6_ifindex = source->interface };

	if (to->sa_family == AF_INET) {
		add(message, IPPROTO_IP, IP_PKTINFO, &ip4, sizeof(ip4));
		return;
	}
	ip_to_bytes(source->address, ip6.ipi6_addr.s6_addr);
	if (source->interface == 0)
		ip6.ipi6_ifindex = source->address.scope;
	add(message, IPPROTO_IPV6, IPV6_PKTINFO, &ip6, sizeof(ip6));
}

void udp_write_control(struct msghdr *message, uint8_t control[UDP_CONTROL_SIZE],
		       struct udp_source source, uint16_t segment_size)
{
	message->msg_control = control;
	message->msg_controllen = 0;
	if (ip_is_set(source.address) || source.interface != 0)
		add_source(message, &source);
	if (segment_size > 0)
		add(message, IPPROTO_UDP, UDP_SEGMENT, &segment_size, sizeof(segment_size));
	if (message->msg_controllen == 0)
		message->msg_control = NULL;
}
