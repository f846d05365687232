/* ICMP echo over IPv4 (RFC 792): asks whether somebody is at an address, on whatever network, and
 * hears who is. */
#ifndef BOOTD_IO_ICMP4_H
#define BOOTD_IO_ICMP4_H

#include "base/addr.h"
#include "io/loop.h"

struct icmp4;

/* Somebody answers from the address. */
typedef void icmp4_callback(void *context, struct ip4 address);

/* Returns 0 with *out_icmp4 for the caller to close, or -errno (-EPERM: CAP_NET_RAW is missing). */
int icmp4_open(struct loop *loop, icmp4_callback *on_answer, void *context,
	       struct icmp4 **out_icmp4);
void icmp4_close(struct icmp4 *icmp4);

/* Never blocks. Returns 0 or -errno (-ENETUNREACH: no way there). */
int icmp4_ask(struct icmp4 *icmp4, struct ip4 address);

#endif
