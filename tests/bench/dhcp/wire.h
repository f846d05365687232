/* A UDP socket that sends what is written in batches, and receives in batches. */
#ifndef BOOTD_BENCH_DHCP_WIRE_H
#define BOOTD_BENCH_DHCP_WIRE_H

#include "packet.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define WIRE_BATCH  64
#define WIRE_PACKET 1600 /* room for one that is received */

struct wire {
	int fd;
	struct sockaddr_in to;
	unsigned written;
	uint64_t sent;
	uint8_t out[WIRE_BATCH][PACKET_SIZE];
	struct iovec out_parts[WIRE_BATCH];
	struct mmsghdr out_messages[WIRE_BATCH];
	uint8_t in[WIRE_BATCH][WIRE_PACKET];
	struct iovec in_parts[WIRE_BATCH];
	struct mmsghdr in_messages[WIRE_BATCH];
};

/* device: bound to this interface; NULL: to none. Returns 0, or -errno with nothing to close. */
int wire_open(struct wire *wire, struct sockaddr_in local, const char *device,
	      struct sockaddr_in to);
void wire_close(struct wire *wire);

/* Where the next packet goes; it leaves with its batch. */
uint8_t *wire_next(struct wire *wire);
void wire_flush(struct wire *wire);

/* What is there now: how many, each in in[i] with in_messages[i].msg_len. */
unsigned wire_receive(struct wire *wire);

#endif
