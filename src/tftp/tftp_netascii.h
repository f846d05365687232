/* A file as netascii (RFC 1350, RFC 764): lines end in CR LF, and a CR that ends none is CR NUL.
 * One block at a time, because where a block begins in the file is known only from the one before.
 */
#ifndef BOOTD_TFTP_TFTP_NETASCII_H
#define BOOTD_TFTP_TFTP_NETASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source;
struct tftp_netascii;

/* For blocks of block_size. NULL: no memory. */
struct tftp_netascii *tftp_netascii_new(size_t block_size);
void tftp_netascii_free(struct tftp_netascii *netascii);

/* Converts the next block, in place of the last one, as far as the source has bytes for it; the
 * call after one that came short of a block goes on with it. available_bytes are the source's, and
 * is_whole says that no more come. Returns 0 or source_read's -errno. */
int tftp_netascii_fill(struct tftp_netascii *netascii, const struct source *source,
		       uint64_t available_bytes, bool is_whole);

/* Of all blocks that are converted so far: an unfinished one is not among them, the last one is. */
uint64_t tftp_netascii_size(const struct tftp_netascii *netascii);
bool tftp_netascii_is_at_end(const struct tftp_netascii *netascii);

/* The last block that was converted. */
const uint8_t *tftp_netascii_block(const struct tftp_netascii *netascii);

#endif
