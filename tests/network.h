/* A network of the test's own: a namespace with two Ethernet interfaces, "near" and "far", joined
 * by a cable. Where the test may not make one, it is to skip. */
#ifndef BOOTD_TESTS_NETWORK_H
#define BOOTD_TESTS_NETWORK_H

#include "base/addr.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* What a frame may carry on this cable: more than on a common one, to try what is too long. */
#define NETWORK_MTU 4000

/* Moves this process into a new namespace; both interfaces are up and have no addresses. False: it
 * may not (it needs CAP_SYS_ADMIN and iproute2). */
bool network_enter(void);

/* Skips the test outside a network of its own. */
#define NETWORK_NEEDED()                                                                           \
	do {                                                                                       \
		if (!network_is_entered())                                                         \
			skip();                                                                    \
	} while (0)
bool network_is_entered(void);

/* Runs "ip ARGUMENTS"; the test fails where that does. */
__attribute__((format(printf, 1, 2))) void network_ip(const char *format, ...);

unsigned network_interface(const char *name);
struct mac network_mac(const char *name);

/* An IPv4 UDP datagram in an Ethernet frame. */
struct frame {
	struct mac to_mac;
	struct mac from_mac;
	struct endpoint from;
	struct endpoint to;
	uint8_t time_to_live;
	uint16_t fragment; /* flags and offset */
	bool is_sound;     /* lengths, IP checksum */
	bool is_udp_sound; /* UDP checksum: the kernel may leave it to hardware that is not there */
	uint16_t udp_checksum;
	uint8_t payload[NETWORK_MTU];
	size_t length;
};

/* One end of the cable, for whole frames. */
int wire_open(const char *interface);
void wire_close(int fd);

/* Puts the payload into a frame, without a UDP checksum. */
void wire_send(int fd, const struct frame *frame);

/* The next UDP datagram that has come in. False: there is none. */
bool wire_receive(int fd, struct frame *out_frame);

/* The same, waited for; the test fails where none comes at all. */
void wire_await(int fd, struct frame *out_frame);

#endif
