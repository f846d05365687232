/* UDP sockets that know where a datagram arrived and choose where it leaves (IP_PKTINFO and
 * IPV6_PKTINFO), reading in batches. DF is never set: boot ROMs sit behind links that must be
 * allowed to fragment. */
#ifndef BOOTD_IO_UDP_H
#define BOOTD_IO_UDP_H

#include "base/bytes.h"
#include "base/ip.h"
#include "io/loop.h"

#include <stdbool.h>

/* What one datagram may hold: more than Ethernet's MTU carries (RFC 2131: at least 576). A longer
 * one is delivered with is_cut set. */
#define DATAGRAM_MAX 2048

#define UDP_BATCH_MAX 64 /* datagrams read at once; as many came: there are more */

struct datagram {
	struct span bytes;
	struct ip_endpoint from;
	struct ip destination; /* as in the IP header: it may be a broadcast or multicast address */
	struct ip local;       /* this machine's address that it was received on; IPv6 has none for
				  multicast */
	uint16_t port;         /* of this machine, as the socket was opened for it */
	unsigned interface;    /* of arrival */
	struct mac from_mac;   /* by a link_listener; otherwise zeros */
	bool is_cut;
};

/* A datagram that is kept when its batch is gone: its bytes are those here. */
struct kept_datagram {
	struct datagram datagram;
	uint8_t bytes[DATAGRAM_MAX];
};

struct udp_options {
	enum ip_families families; /* where the kernel has no IPv6, IP_BOTH is IPv4 alone */
	/* The address 0: every one of the families. The port 0: the kernel's choice. */
	struct ip_endpoint local;
	unsigned interface;   /* bound to this one; 0: to none */
	bool may_broadcast;   /* both receive what is broadcast and send it */
	bool shares_port;     /* with others that say so: each client's datagrams come to one */
	bool expects_answers; /* what the callback sends is answered at once */
	int receive_buffer;   /* bytes to ask for; 0: the kernel's default */
	int send_buffer;      /* the same */
};

/* No interface has this number: a socket that is bound to it hears nothing. */
#define INTERFACE_NONE 0x7fffffffu

/* Where a datagram leaves from; zeros leave the choice to the socket and the routing table. */
struct udp_source {
	struct ip address;
	unsigned interface;
};

struct udp;

/* A batch and what it points to are valid during the call. The socket may be closed in it. */
typedef void udp_callback(void *context, const struct datagram *batch, size_t count);

/* Of one that is longer (is_cut), the beginning. */
void datagram_keep(struct kept_datagram *out_kept, const struct datagram *datagram);

/* Returns 0 with *out_udp for the caller to close, or -errno (-EADDRINUSE, -EACCES ...). */
int udp_open(struct loop *loop, const struct udp_options *options, udp_callback *on_datagrams,
	     void *context, struct udp **out_udp);
void udp_close(struct udp *udp);

/* From now on bound to this interface; before it was to another one, which may be gone by now.
 * Returns 0 or -errno (-EPERM: CAP_NET_RAW is missing). */
int udp_bind_interface(struct udp *udp, unsigned interface);

/* The port that it is bound to. */
uint16_t udp_port(const struct udp *udp);

/* The longest IP packet that the interface carries whole; 0: it cannot be told. */
uint32_t udp_interface_mtu(const struct udp *udp, unsigned interface);

/* Never blocks. Returns 0 or -errno; a full socket buffer is -EAGAIN: the datagram is lost, as any
 * datagram may be. */
int udp_send(struct udp *udp, struct udp_source source, struct ip_endpoint to, struct span bytes);

#endif
