/* A worker: a loop with a socket for requests, the ports that transfers are sent from, and the
 * transfers that live and die in it. For the files of this room. */
#ifndef BOOTD_TFTP_TFTP_WORKER_H
#define BOOTD_TFTP_TFTP_WORKER_H

#include "activity/event.h"
#include "io/loop.h"
#include "io/udp.h"
#include "tftp/tftp_engine.h"
#include "tftp/tftp_service.h"

#include <stdbool.h>

struct deadlines;
struct outbox;
struct tftp_bounds;
struct tftp_chunks;
struct tftp_ports;
struct tftp_transfer;
struct tftp_transfers;

/* A request that is looked at in the next turn of the loop. */
struct tftp_postponed {
	struct letter letter;
	struct kept_datagram kept;
};

struct tftp_worker {
	struct tftp_service_parts parts; /* as of now; the loop is the worker's own */
	struct tftp_limits limits;
	struct udp *listener;
	struct tftp_ports *ports;
	struct outbox *outbox;
	struct tftp_transfers *transfers;
	struct deadlines *deadlines; /* of the transfers */
	struct tftp_bounds *bounds;  /* shared with the other workers */
	uint64_t now_us;             /* as of the batch or deadline that is being worked on */
	/* Bulk whose turn has used up what it may send: it waits, in order. */
	struct tftp_transfer *bulk_first;
	struct tftp_transfer *bulk_last;
	struct letter bulk; /* calls for the next turn */
	uint64_t turn_bytes;
	struct tftp_postponed postponed;
	struct tftp_chunks *chunks;
	/* The interface that was asked for its MTU last, and when. */
	unsigned mtu_interface;
	uint32_t mtu;
	uint64_t mtu_ms;
	bool is_on_one_address;
	/* Where it is not, because this machine did not have the address yet: the one that is
	 * served; 0: every one of the interfaces. */
	struct ip only_address;
	bool is_first;   /* of those that share the port */
	bool is_stopped; /* waits only for what is under way to the loop */
};

/* Where its sockets are bound, by [tftp] address. */
struct listening tftp_worker_listening(const struct tftp_service_parts *parts);

/* Opens the sockets. parts->loop is the worker's. Returns 0 with *out_worker, or -errno. */
int tftp_worker_open(const struct tftp_service_parts *parts, struct tftp_bounds *bounds,
		     bool is_first, struct tftp_worker **out_worker);
/* The rest is called from its loop's thread, or where that does not run. */
void tftp_worker_configure(struct tftp_worker *worker, const struct tftp_service_parts *parts);
/* Ends all, without a word to the clients; what is under way to the loop frees it, at the latest in
 * loop_free. */
void tftp_worker_stop(struct tftp_worker *worker);

/* A place was given free: a worker that is stopped and has no more of them is freed. */
void tftp_worker_leave(struct tftp_worker *worker);

/* A turn of the loop: what is sent in it leaves at its end. */
void tftp_worker_open_turn(struct tftp_worker *worker);
void tftp_worker_close_turn(struct tftp_worker *worker);

/* Notes the event, with the address and the machine that has it. */
void tftp_note(const struct tftp_worker *worker, struct ip client, struct event event);
/* detail may be NULL. */
void tftp_note_transfer(const struct tftp_transfer *transfer, enum event_kind kind,
			const char *detail);

#endif
