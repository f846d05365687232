/* The transfers that are under way: a table of fixed capacity, found by the client's endpoint. */
#ifndef BOOTD_TFTP_TFTP_TRANSFERS_H
#define BOOTD_TFTP_TFTP_TRANSFERS_H

#include "base/ip.h"
#include "content/source.h"
#include "io/deadlines.h"
#include "io/loop.h"
#include "tftp/tftp_chunks.h"
#include "tftp/tftp_engine.h"

#define TFTP_FILE_SHOWN_SIZE 256

struct tftp_netascii;
struct tftp_port;
struct tftp_read;
struct tftp_worker;

enum tftp_stage {
	TFTP_STAGE_FREE,
	TFTP_STAGE_OPENING,
	TFTP_STAGE_ABANDONED, /* the file is still being opened, but nobody wants it any more */
	TFTP_STAGE_SENDING,
	TFTP_STAGE_LEAVING, /* it has ended, but something is still under way to it */
};

/* The sender owns deadline and source, which are there from TFTP_STAGE_SENDING on. */
struct tftp_transfer {
	enum tftp_stage stage;
	uint32_t index;
	struct tftp_worker *worker; /* borrowed */
	struct tftp_port *port;     /* borrowed; NULL: the one that requests come to */
	struct ip_endpoint client;
	struct ip local;  /* this machine's address that was asked */
	uint64_t request; /* identifies the request's bytes */
	struct tftp_options asked;
	uint16_t block_size_max; /* for this client, and that its link carries whole */
	uint16_t window_max;     /* for this client */
	bool is_netascii;
	bool is_growing; /* the source was, at the beginning */
	bool awaits_growth;
	bool is_in_bulk;
	bool reads_in_pool; /* its file system always waits */
	struct tftp_state state;
	struct deadline deadline;
	struct source *source;
	bool has_chunks;
	struct tftp_chunk_file chunks;  /* with has_chunks: the source's file */
	struct tftp_netascii *netascii; /* the sender's */
	struct source_waiter waiter;
	struct letter growth; /* brings the waiter's word into the loop */
	/* What is to be sent when the disk has given it, or bulk has its turn. */
	struct tftp_turn pending;
	struct tftp_read *read; /* under way */
	struct tftp_transfer *bulk_next;
	uint64_t started_ms;
	uint64_t noted_ms;               /* when its progress was told last */
	char file[TFTP_FILE_SHOWN_SIZE]; /* the name, printable */
};

struct tftp_transfers;

/* NULL: no memory. */
struct tftp_transfers *tftp_transfers_new(uint32_t capacity);
/* Frees the table, not what the transfers own. */
void tftp_transfers_free(struct tftp_transfers *transfers);

/* NULL: the client has none. */
struct tftp_transfer *tftp_transfers_find(struct tftp_transfers *transfers,
					  struct ip_endpoint client);

/* A transfer in TFTP_STAGE_OPENING, all else zero, of a client that has none. NULL: the table is
 * full. */
struct tftp_transfer *tftp_transfers_add(struct tftp_transfers *transfers,
					 struct ip_endpoint client);

/* The client has no transfer any more; this one keeps its place as stage, TFTP_STAGE_ABANDONED or
 * TFTP_STAGE_LEAVING. */
void tftp_transfers_abandon(struct tftp_transfers *transfers, struct tftp_transfer *transfer,
			    enum tftp_stage stage);

/* The place is free again. */
void tftp_transfers_remove(struct tftp_transfers *transfers, struct tftp_transfer *transfer);

/* How many are not free, those that only keep their places included. */
uint32_t tftp_transfers_count(const struct tftp_transfers *transfers);

/* The next one that is not free, after previous or, where that is NULL, from the first; NULL: none.
 * Removing previous before is allowed. */
struct tftp_transfer *tftp_transfers_next(struct tftp_transfers *transfers,
					  const struct tftp_transfer *previous);

#endif
