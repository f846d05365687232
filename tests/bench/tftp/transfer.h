/* One read transfer as its client sees it, without sockets: a packet comes in, what to send goes
 * out. RFC 1350, 2347, 2348 (blksize), 2349 (tsize), 7440 (windowsize). */
#ifndef BOOTD_BENCH_TFTP_TRANSFER_H
#define BOOTD_BENCH_TFTP_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRANSFER_PACKET_MAX 256 /* of what a client sends */

enum transfer_end { TRANSFER_GOING, TRANSFER_DONE, TRANSFER_FAILED };

/* What every transfer of a run asks for. 0: the option is left out. */
struct transfer_wish {
	uint64_t size_bytes; /* that the file has */
	uint16_t block_size;
	uint16_t window_size;
	bool has_size;
};

struct transfer {
	const struct transfer_wish *wish;
	uint64_t number;     /* of the file: its name and what it holds */
	uint64_t next_block; /* that is expected; all before it are here */
	uint64_t received_bytes;
	uint64_t repeated_blocks; /* that came although they were here already */
	uint32_t block_size;
	uint32_t window_size;
	uint32_t unacknowledged; /* blocks */
	uint16_t sent_length;
	enum transfer_end end;
	bool is_answered; /* something has come */
	bool is_gap_told;
	const char *failure;
	uint8_t sent[TRANSFER_PACKET_MAX]; /* the newest, to be sent again */
};

/* Writes the read request. The file is called f-SIZE-NUMBER. */
void transfer_begin(struct transfer *transfer, const struct transfer_wish *wish, uint64_t number);

/* True: transfer->sent is to be sent. The data is compared with what the file holds. */
bool transfer_receive(struct transfer *transfer, const uint8_t *packet, size_t length);

#endif
