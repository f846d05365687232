/* Many read transfers at once, each with a socket of its own, over one thread. */
#ifndef BOOTD_BENCH_TFTP_LOAD_H
#define BOOTD_BENCH_TFTP_LOAD_H

#include "transfer.h"

#include <netinet/in.h>
#include <stdint.h>

struct load_plan {
	struct sockaddr_in server;
	struct in_addr source; /* of the first client; each next one has the next address */
	uint32_t source_count; /* 0: all have the machine's own */
	struct transfer_wish wish;
	uint32_t transfer_count;
	uint32_t at_once;
	uint32_t file_count;  /* the transfers take the files in turn */
	double loss_each_way; /* share of the packets that the client throws away */
	uint64_t seed;        /* of that choice */
	double seconds_max;   /* what is not ended by then is unfinished; 0: no limit */
	double patience_s;    /* a transfer without news for so long has failed */
};

struct load_result {
	uint64_t bytes;
	double seconds;
	uint32_t done, failed, unfinished;
	uint64_t repeated_blocks; /* received again */
	uint64_t repeated_sends;  /* requests and ACKs sent again, after a second of silence */
	uint64_t lost;            /* thrown away */
	uint32_t block_size, window_size; /* that the last transfer was granted */
	double p50_s, p99_s, longest_s;   /* of the transfers that are done */
	const char *failure;              /* of the first that failed, or NULL */
};

/* Runs it to its end. -errno where the machine refuses a socket or memory. */
int load_run(const struct load_plan *plan, struct load_result *out_result);

#endif
