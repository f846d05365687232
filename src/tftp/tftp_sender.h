/* Sends one file to one client: the turns of a transfer, from the open file to its end. A part of
 * tftp_worker. */
#ifndef BOOTD_TFTP_TFTP_SENDER_H
#define BOOTD_TFTP_TFTP_SENDER_H

#include "activity/event.h"
#include "io/udp.h"
#include "tftp/tftp_transfers.h"
#include "tftp/tftp_wire.h"

struct tftp_worker;

/* Puts an error into the outbox. */
void tftp_send_error(struct tftp_worker *worker, struct udp *udp, struct udp_source source,
		     struct ip_endpoint to, enum tftp_error error, const char *message);

/* Begins to send transfer->source, in a turn. From now on the transfer ends by itself. */
void tftp_sender_begin(struct tftp_transfer *transfer);

/* A packet of the transfer's client, to its port. */
void tftp_sender_take(struct tftp_transfer *transfer, const struct datagram *datagram);

/* A batch to a port of transfers: a udp_callback, with a struct tftp_port. */
void tftp_sender_on_packets(void *context, const struct datagram *batch, size_t count);

/* The next turn of the bulk that waits: a loop_callback, with a struct tftp_worker. */
void tftp_sender_on_bulk(void *context);

/* Notes the end and lets go of all that the transfer has; it is gone, but for its place while
 * something for it is under way to the loop. */
void tftp_sender_end(struct tftp_transfer *transfer, enum event_kind kind, const char *detail);
/* The same without a note. */
void tftp_sender_release(struct tftp_transfer *transfer);

#endif
