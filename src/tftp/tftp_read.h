/* The blocks of a turn, read into packets: at once where they are in memory, else in the thread
 * pool, so that a cold disk stops nobody else. A part of tftp_sender. */
#ifndef BOOTD_TFTP_TFTP_READ_H
#define BOOTD_TFTP_TFTP_READ_H

#include "tftp/tftp_engine.h"

#include <stddef.h>
#include <stdint.h>

struct tftp_transfer;

/* Some blocks of a turn that follow each other. */
struct tftp_blocks {
	uint64_t first;
	uint64_t offset; /* of the first one's data in the file */
	size_t length;   /* of the data of all */
	uint32_t count;
};

/* Makes DATA packets of the blocks, each right behind the other. Returns 0, -EAGAIN where the disk
 * would have to be waited for, -EIO where the file has become shorter, or another -errno. */
int tftp_read_now(struct tftp_transfer *transfer, const struct tftp_blocks *blocks, uint8_t *out);

/* Begins to read the data of transfer->pending; tftp_sender_on_read is called when it is there.
 * Returns 0 with transfer->read, or -ENOMEM. */
int tftp_read_begin(struct tftp_transfer *transfer);

/* It has brought the data of what is pending now, not of an earlier turn. */
bool tftp_read_is_of_pending(const struct tftp_transfer *transfer);

/* As tftp_read_now, from what transfer->read has brought. */
int tftp_read_finished(const struct tftp_transfer *transfer, const struct tftp_blocks *blocks,
		       uint8_t *out);

/* Lets go of transfer->read, which has ended. */
void tftp_read_done(struct tftp_transfer *transfer);

/* The sender's: transfer->read has ended. */
void tftp_sender_on_read(struct tftp_transfer *transfer);

#endif
