/* UDP as the kernel has it, for the files of this room: addresses and control messages. */
#ifndef BOOTD_IO_UDP_KERNEL_H
#define BOOTD_IO_UDP_KERNEL_H

#include "io/udp.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* Where it arrived, which a socket of both families tells in both ways; or where it leaves from and
 * the size of its segments (UDP_SEGMENT). */
#define UDP_CONTROL_SIZE                                                                           \
	(CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo)))

union udp_address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
};

int udp_descriptor(const struct udp *udp);

/* An IPv4 address always in IPv4's form: a socket of both families takes it, too. Returns its size.
 */
socklen_t udp_to_sockaddr(struct ip_endpoint endpoint, union udp_address *out_address);
struct ip_endpoint udp_from_sockaddr(const union udp_address *address);

/* Makes the message, which has its destination, leave from source, in segments of segment_size
 * bytes; 0: in one. Zeros of source are not told: they would undo the address that the socket is
 * bound to. */
void udp_write_control(struct msghdr *message, uint8_t control[UDP_CONTROL_SIZE],
		       struct udp_source source, uint16_t segment_size);

#endif
