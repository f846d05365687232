/* Pieces of files that were just read, a worker's own. Machines that boot together read the same
 * file in step, so most of them find here what the first one has read, and even one machine alone
 * needs a system call for every piece only, not for every block. */
#ifndef BOOTD_TFTP_TFTP_CHUNKS_H
#define BOOTD_TFTP_TFTP_CHUNKS_H

#include "io/file.h"

#include <stddef.h>
#include <stdint.h>

#define TFTP_CHUNK_SIZE 8192

struct tftp_chunks;

/* A file as tftp_chunks_get wants it. */
struct tftp_chunk_file {
	int fd; /* borrowed */
	struct file_identity identity;
	uint64_t reader; /* the only one that may use its chunks; 0: all may */
	uint64_t hash;
};

/* NULL: no memory, or no randomness. */
struct tftp_chunks *tftp_chunks_new(void);
void tftp_chunks_free(struct tftp_chunks *chunks);

/* A file that changed just now could change once more without a trace, so what is read of it is
 * given to this reader only. Returns 0 or -errno. */
int tftp_chunks_open(struct tftp_chunks *chunks, int fd, struct tftp_chunk_file *out_file);

/* The length bytes (1 to TFTP_CHUNK_SIZE) at offset, valid until the next call. They are those of
 * the file as it was when it was opened here, unless it has changed since. NULL: the disk would
 * have to be waited for, it could not be read, or at this time too few readers share what is read:
 * then reading but what is needed is cheaper. */
const uint8_t *tftp_chunks_get(struct tftp_chunks *chunks, const struct tftp_chunk_file *file,
			       uint64_t offset, size_t length);

#endif
