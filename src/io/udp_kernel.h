/* UDP as the kernel has it, for the files of this room: addresses and control messages. */
#ifndef BOOTD_IO_UDP_KERNEL_H
#define BOOTD_IO_UDP_KERNEL_H

#include "io/udp.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* Where it leaves from or arrived, and the size of the segments (UDP_SEGMENT). */
#define UDP_CONTROL_SIZE (CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)))

int udp_descriptor(const struct udp *udp);

struct sockaddr_in udp_to_sockaddr(struct endpoint endpoint);
struct endpoint udp_from_sockaddr(const struct sockaddr_in *address);

/* Makes the message leave from source, in segments of segment_size bytes; 0: in one. Zeros of
 * source are not told: they would undo the address that the socket is bound to. */
void udp_write_control(struct msghdr *message, uint8_t control[UDP_CONTROL_SIZE],
		       struct udp_source source, uint16_t segment_size);

#endif
