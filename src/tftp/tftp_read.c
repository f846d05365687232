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

/* A smaller file is read block by block: knowing which one it is would cost as much. */
#define CHUNKED_FILE_MIN ((uint64_t)64 * 1024)

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

/* Large windows are read at once, which is cheaper than chunk by chunk. */
static bool is_chunked(const struct tftp_transfer *transfer, const struct tftp_blocks *blocks)
{
	const struct tftp_state *state = &transfer->state;

	return (size_t)blocks->count * state->block_size <= TFTP_CHUNK_SIZE &&
	       state->extent.size_bytes >= CHUNKED_FILE_MIN && !transfer->reads_in_pool;
}

static bool open_chunks(struct tftp_transfer *transfer, int fd)
{
	if (!transfer->has_chunks)
		transfer->has_chunks =
			tftp_chunks_open(transfer->worker->chunks, fd, &transfer->chunks) == 0;
	return transfer->has_chunks;
}

/* Chunks begin with a block and hold whole ones, so that a block is never in two of them. NULL: see
 * tftp_chunks_get. */
static const uint8_t *chunked_block(const struct tftp_transfer *transfer, uint64_t start,
				    uint64_t block)
{
	const struct tftp_state *state = &transfer->state;
	uint64_t per_chunk = TFTP_CHUNK_SIZE / state->block_size;
	uint64_t before = (block - 1) / per_chunk * per_chunk; /* blocks */
	uint64_t offset = before * state->block_size;
	uint64_t left = state->extent.size_bytes - offset;
	uint64_t length = per_chunk * state->block_size;
	const uint8_t *chunk = tftp_chunks_get(transfer->worker->chunks, &transfer->chunks,
					       start + offset, left < length ? left : length);

	return chunk == NULL ? NULL : chunk + (block - 1 - before) * state->block_size;
}

/* False: they have to be read another way. start is where the file begins in what is open. */
static bool copy_chunked(struct tftp_transfer *transfer, int fd, uint64_t start,
			 const struct tftp_blocks *blocks, uint8_t *out)
{
	if (!is_chunked(transfer, blocks) || !open_chunks(transfer, fd))
		return false;
	for (uint32_t i = 0; i < blocks->count; i++) {
		size_t length = length_of(transfer, blocks, i);
		const uint8_t *data;

		out = write_header(transfer, blocks->first + i, out);
		if (length == 0)
			return true;
		data = chunked_block(transfer, start, blocks->first + i);
		if (data == NULL)
			return false;
		memcpy(out, data, length);
		out += length;
	}
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
	if (copy_chunked(transfer, fd, offset, blocks, out))
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
