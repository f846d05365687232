/* ICMPv6, one type of message: received by multicast to all routers, sent to one machine. */
#ifndef BOOTD_IO_ICMP6_H
#define BOOTD_IO_ICMP6_H

#include "base/bytes.h"
#include "io/loop.h"

#include <stdbool.h>

struct ip6 {
	uint8_t bytes[16];
};

struct icmp6;

struct icmp6_message {
	struct span bytes; /* from the type on; the kernel has checked the checksum */
	struct ip6 from;
	unsigned interface; /* of arrival */
	int hop_limit;      /* 255: it comes from this link */
};

/* What the message points to is valid during the call. */
typedef void icmp6_callback(void *context, const struct icmp6_message *message);

/* Receives messages of one type. Returns 0 with *out_icmp6 for the caller to close, or -errno
 * (-EPERM: CAP_NET_RAW is missing; -EAFNOSUPPORT: the kernel has no IPv6). */
int icmp6_open(struct loop *loop, uint8_t type, icmp6_callback *on_message, void *context,
	       struct icmp6 **out_icmp6);
void icmp6_close(struct icmp6 *icmp6);

/* Hears from now on what is sent to all routers (ff02::2) on this interface. Returns 0 or -errno
 * (-ENODEV, -EADDRNOTAVAIL: the interface has no IPv6). */
int icmp6_join_routers(struct icmp6 *icmp6, unsigned interface);

/* And no more: for an interface that is gone, too, because the socket keeps what it has joined. */
void icmp6_leave_routers(struct icmp6 *icmp6, unsigned interface);

/* Sends a message from the interface's own address with a hop limit of 255; the kernel fills in its
 * checksum. Never blocks. Returns 0 or -errno. */
int icmp6_send(struct icmp6 *icmp6, unsigned interface, const struct ip6 *to, struct span message);

#endif
