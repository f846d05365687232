/* The ports that a worker's transfers are sent from (RFC 1350: their TIDs). They are opened once
 * and shared: a transfer of its own socket would cost more than a small file, and could not be
 * answered together with others. */
#ifndef BOOTD_TFTP_TFTP_PORTS_H
#define BOOTD_TFTP_TFTP_PORTS_H

#include "config/config.h"
#include "io/udp.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct tftp_ports;
struct tftp_worker;

struct tftp_port {
	struct tftp_worker *worker; /* borrowed */
	struct udp *udp;
	uint32_t transfer_count; /* kept by the sender */
};

struct tftp_ports_options {
	struct loop *loop;
	struct tftp_worker *worker;
	struct listening listening;
	uint16_t first; /* of the range that they are taken from; 0: the kernel's choice */
	uint16_t last;
	uint16_t count; /* at most */
};

/* Opens as many as there are, up to count. on_packets is called with a struct tftp_port. Returns 0
 * with *out_ports, or -errno (-EADDRINUSE: the range has no free port). */
int tftp_ports_open(const struct tftp_ports_options *options, udp_callback *on_packets,
		    struct tftp_ports **out_ports);
void tftp_ports_close(struct tftp_ports *ports);

/* The port for a new transfer: another than that of the client's last one, so that what is late
 * of that one is not taken for this one's. Calls close to each other get the same port as far as
 * that goes, because what leaves by one port can leave together. */
struct tftp_port *tftp_ports_choose(struct tftp_ports *ports, struct ip_endpoint client);

/* The port was the last one that was chosen for the client, as far as that is remembered. */
bool tftp_ports_is_last(const struct tftp_ports *ports, const struct tftp_port *port,
			struct ip_endpoint client);

#endif
