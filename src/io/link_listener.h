/* UDP datagrams taken off the wire by a packet socket, whoever has their port: what arrives is seen
 * before the kernel looks for a socket or a firewall's rules. The port itself stays free for
 * another server on this machine. */
#ifndef BOOTD_IO_LINK_LISTENER_H
#define BOOTD_IO_LINK_LISTENER_H

#include "io/udp.h"

struct link_listener;

struct link_listener_options {
	uint16_t port;      /* that datagrams go to */
	uint16_t from_port; /* and come from; 0: any */
	unsigned interface; /* to listen on; 0: every one */
	int receive_buffer; /* bytes to ask for; 0: the kernel's default */
};

/* Listening on every interface includes those that come later. A datagram's local address is its
 * destination, or 0 where that is a broadcast's. Fragments, packets for other stations, those of
 * VLANs without an interface and those with a wrong checksum are left out; a checksum that is still
 * to be filled in by hardware is none. Returns 0 with *out_listener for the caller to close, or
 * -errno
 * (-EPERM: CAP_NET_RAW is missing). */
int link_listener_open(struct loop *loop, const struct link_listener_options *options,
		       udp_callback *on_datagrams, void *context,
		       struct link_listener **out_listener);
void link_listener_close(struct link_listener *listener);

/* From now on listens on this interface; what it listened on before may be gone by now. 0: every
 * one, but none where the interface of before is gone. Returns 0 or -errno. */
int link_listener_bind(struct link_listener *listener, unsigned interface);

/* The datagram in an IPv4 packet as it came off the wire. False: there is none that is whole, or
 * its checksum is wrong. out_datagram's bytes point into the packet. */
bool link_decode_udp(struct span packet, bool has_checksum, struct datagram *out_datagram);

#endif
