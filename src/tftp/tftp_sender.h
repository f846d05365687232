/* Sends one file to one client: the socket, the deadline and the turns of a transfer, from the open
 * file to its end. A part of tftp_service. */
#ifndef BOOTD_TFTP_TFTP_SENDER_H
#define BOOTD_TFTP_TFTP_SENDER_H

#include "activity/event.h"
#include "io/udp.h"
#include "tftp/tftp_engine.h"
#include "tftp/tftp_transfers.h"

struct activity;
struct loop;
struct session_table;

/* What all transfers share. */
struct tftp_sender {
	struct loop *loop;
	struct session_table *sessions;
	struct activity *activity;
	struct tftp_limits limits;
	struct tftp_transfers *transfers;
	/* A place that was only kept is free again. */
	void (*on_left)(struct tftp_service *service);
	struct tftp_service *service;
	/* Every packet is made here; nothing of a file is kept. */
	uint8_t packet[TFTP_DATA_HEADER_SIZE + TFTP_BLOCK_SIZE_MAX];
};

/* Notes the event, with the address and the machine that has it. */
void tftp_note(const struct tftp_sender *sender, struct ip4 client, struct event event);
/* detail may be NULL. */
void tftp_note_transfer(const struct tftp_transfer *transfer, enum event_kind kind,
			const char *detail);

void tftp_send_error(struct tftp_sender *sender, struct udp *udp, struct udp_source source,
		     struct endpoint to, enum tftp_error error, const char *message);

/* Begins to send transfer->source. From now on the transfer ends by itself. Returns 0, or -errno
 * with the transfer as it was. */
int tftp_sender_begin(struct tftp_transfer *transfer);

/* Notes the end and lets go of all that the transfer has; it is gone, but for its place while word
 * of its source is under way. */
void tftp_sender_end(struct tftp_transfer *transfer, enum event_kind kind, const char *detail);
/* The same without a note. */
void tftp_sender_release(struct tftp_transfer *transfer);

#endif
