#include "tftp/tftp_read.h"
#include "content/source.h"
#include "io/file.h"
#include "io/outbox.h"
#include "io/worker.h"
#include "tftp/tftp_netascii.h"
#include "tftp/tftp_transfers.h"
#include "tftp/tftp_wire.h"
#include "tftp/tftp_worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In lock-step reading each block would be a system call, so of larger files some blocks are read
 * at once. What was read before the file changed does no harm: the file is looked at once more
 * before the last block. Thousands of transfers would take too much memory: those in the first
 * places of the table read ahead. */
#define AHEAD_SIZE     ((size_t)8192)
#define AHEAD_PLACES   256u
#define AHEAD_FILE_MIN ((uint64_t)64 * 1024)

struct tftp_read {
	struct tftp_transfer *transfer; /* which waits for it */
	struct source *source;
	uint64_t offset;
	size_t length;
	int error;
	uint8_t bytes[];
};

/* The data of a block that is not the last of the blocks fills it. */
static size_t length_of(const struct tftp_transfer *transfer, const struct tftp_blocks *blocks,
			uint32_t index)
{
	size_t block_size = transfer->state.block_size;
	size_t before = index * block_size;

	return blocks->length - before < block_size ? blocks->length - before : block_size;
}

static uint8_t *write_header(const struct tftp_transfer *transfer, uint64_t block, uint8_t *out)
{
	struct writer writer = writer_of(out, TFTP_DATA_HEADER_SIZE);

	tftp_encode_data_header(&writer, tftp_block_number(&transfer->state, block));
	return out + TFTP_DATA_HEADER_SIZE;
}

static void copy_blocks(const struct tftp_transfer *transfer, const struct tftp_blocks *blocks,
			const uint8_t *data, uint8_t *out)
{
	for (uint32_t i = 0; i < blocks->count; i++) {
		size_t length = length_of(transfer, blocks, i);

		out = write_header(transfer, blocks->first + i, out);
		memcpy(out, data, length);
		out += length;
		data += length;
	}
}

uint8_t *tftp_read_ahead_new(void)
{
	return malloc(AHEAD_SIZE * AHEAD_PLACES);
}

static bool is_read_ahead(const struct tftp_transfer *transfer, const struct tftp_blocks *blocks)
{
	return blocks->offset >= transfer->ahead_offset &&
	       blocks->offset + blocks->length <= transfer->ahead_offset + transfer->ahead_length;
}

/* False: it would have to be waited for. */
static bool fill_ahead(struct tftp_transfer *transfer, int fd, uint64_t offset,
		       const struct tftp_blocks *blocks, uint8_t *place)
{
	uint64_t left = transfer->state.extent.size_bytes - blocks->offset;
	struct iovec part = { place, left < AHEAD_SIZE ? (size_t)left : AHEAD_SIZE };

	transfer->ahead_length = 0;
	if (file_read_resident(fd, offset + blocks->offset, &part, 1, part.iov_len) < 0)
		return false;
	transfer->ahead_offset = blocks->offset;
	transfer->ahead_length = part.iov_len;
	return true;
}

/* False: there is nothing to be won, or what follows would have to be waited for. */
static bool copy_ahead(struct tftp_transfer *transfer, int fd, uint64_t offset,
		       const struct tftp_blocks *blocks, uint8_t *out)
{
	uint8_t *place = transfer->worker->ahead + transfer->index * AHEAD_SIZE;

	if (transfer->index >= AHEAD_PLACES || blocks->length > AHEAD_SIZE / 2 ||
	    transfer->state.extent.size_bytes < AHEAD_FILE_MIN || transfer->reads_in_pool)
		return false;
	if (!is_read_ahead(transfer, blocks) && !fill_ahead(transfer, fd, offset, blocks, place))
		return false;
	copy_blocks(transfer, blocks, place + (blocks->offset - transfer->ahead_offset), out);
	return true;
}

/* As one reading, with a part for each block. */
static int read_parts(struct tftp_transfer *transfer, int fd, uint64_t offset,
		      const struct tftp_blocks *blocks, uint8_t *out)
{
	struct iovec parts[OUTBOX_SEGMENTS_MAX];
	int error;

	for (uint32_t i = 0; i < blocks->count; i++) {
		out = write_header(transfer, blocks->first + i, out);
		parts[i] = (struct iovec){ out, length_of(transfer, blocks, i) };
		out += parts[i].iov_len;
	}
	if (blocks->length == 0)
		return 0;
	if (transfer->reads_in_pool)
		return -EAGAIN;
	error = file_read_resident(fd, offset + blocks->offset, parts, (int)blocks->count,
				   blocks->length);
	if (error != -EOPNOTSUPP)
		return error;
	transfer->reads_in_pool = true;
	return -EAGAIN;
}

/* A file that is being fetched was just written, so it is in memory. */
static int read_each(struct tftp_transfer *transfer, const struct tftp_blocks *blocks, uint8_t *out)
{
	uint64_t offset = blocks->offset;
	int error = 0;

	for (uint32_t i = 0; i < blocks->count && error == 0; i++) {
		size_t length = length_of(transfer, blocks, i);

		out = write_header(transfer, blocks->first + i, out);
		error = source_read(transfer->source, offset, out, length);
		offset += length;
		out += length;
	}
	return error;
}

/* One block: there are no windows. */
static int copy_netascii(struct tftp_transfer *transfer, const struct tftp_blocks *blocks,
			 uint8_t *out)
{
	out = write_header(transfer, blocks->first, out);
	memcpy(out, tftp_netascii_block(transfer->netascii), blocks->length);
	return 0;
}

int tftp_read_now(struct tftp_transfer *transfer, const struct tftp_blocks *blocks, uint8_t *out)
{
	uint64_t offset;
	int fd = transfer->is_growing ? -1 : source_descriptor(transfer->source, &offset);

	if (transfer->netascii != NULL)
		return copy_netascii(transfer, blocks, out);
	if (fd < 0)
		return read_each(transfer, blocks, out);
	if (copy_ahead(transfer, fd, offset, blocks, out))
		return 0;
	return read_parts(transfer, fd, offset, blocks, out);
}

static void read_in_pool(void *context)
{
	struct tftp_read *read = context;

	read->error = source_read(read->source, read->offset, read->bytes, read->length);
}

static void finish_in_loop(void *context)
{
	struct tftp_read *read = context;

	tftp_sender_on_read(read->transfer);
}

int tftp_read_begin(struct tftp_transfer *transfer)
{
	const struct tftp_turn *turn = &transfer->pending;
	struct tftp_read *read = malloc(sizeof(*read) + turn->length);

	if (read == NULL)
		return -ENOMEM;
	*read = (struct tftp_read){ .transfer = transfer,
				    .source = transfer->source,
				    .offset = turn->offset,
				    .length = turn->length };
	if (work_submit(transfer->worker->parts.loop, read_in_pool, finish_in_loop, read) < 0) {
		free(read);
		return -ENOMEM;
	}
	transfer->read = read;
	return 0;
}

bool tftp_read_is_of_pending(const struct tftp_transfer *transfer)
{
	const struct tftp_read *read = transfer->read;

	return read->offset == transfer->pending.offset && read->length == transfer->pending.length;
}

int tftp_read_finished(const struct tftp_transfer *transfer, const struct tftp_blocks *blocks,
		       uint8_t *out)
{
	const struct tftp_read *read = transfer->read;
	size_t at = blocks->offset - read->offset;

	if (read->error < 0)
		return read->error;
	copy_blocks(transfer, blocks, read->bytes + at, out);
	return 0;
}

void tftp_read_done(struct tftp_transfer *transfer)
{
	free(transfer->read);
	transfer->read = NULL;
}
