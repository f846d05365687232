/* Datagrams that leave together: many by one system call (sendmmsg), and those of a window by one
 * way through the kernel (UDP_SEGMENT). */
#ifndef BOOTD_IO_OUTBOX_H
#define BOOTD_IO_OUTBOX_H

#include "io/udp.h"

#include <stddef.h>
#include <stdint.h>

/* What one letter may hold: a packet of the largest size (IPv4's; IPv6's holds more), in so many
 * segments. */
#define OUTBOX_LETTER_MAX   65507
#define OUTBOX_SEGMENTS_MAX 64

struct outbox;

struct outbox_letter {
	struct udp_source source;
	struct ip_endpoint to;
	size_t length;
	uint16_t segment_size; /* each datagram's but the last; 0: it is one datagram */
	void *about;           /* the sender's own, for its callback */
};

/* Told of a datagram that was not sent; not where a buffer is full (-EAGAIN): that one is lost, as
 * any datagram may be. */
typedef void outbox_callback(void *context, const struct outbox_letter *letter, int error);

/* NULL: no memory. */
struct outbox *outbox_new(outbox_callback *on_failure, void *context);
void outbox_free(struct outbox *outbox);

/* Room for a letter of at most length bytes, up to OUTBOX_LETTER_MAX, that leaves by udp; valid
 * until the next call. What another socket is to send leaves before. */
uint8_t *outbox_room(struct outbox *outbox, struct udp *udp, size_t length);
/* The room of the last outbox_room holds this letter. */
void outbox_put(struct outbox *outbox, const struct outbox_letter *letter);

/* All leaves now. Where the kernel or the device refuses segments, or they are longer than the
 * MTU, they leave one by one. To be called before a udp of outbox_room is closed. */
void outbox_flush(struct outbox *outbox);

#endif
