#include "tftp/tftp_chunks.h"
#include "base/hash.h"
#include "base/table.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_COUNT 128u /* a megabyte for a worker */

/* Reading a chunk costs nearly twice what reading a block does, so if after TRIAL calls more than
 * half of them had to read, none is kept for the next REST. */
#define TRIAL 256u
#define REST  1024u

struct chunk {
	struct file_identity identity;
	uint64_t reader;
	uint64_t offset;
	size_t length; /* 0: nothing is here */
	uint64_t key;
};

struct tftp_chunks {
	struct hash_key key;
	struct table *by_key;
	uint64_t readers; /* numbers that were given out */
	uint32_t oldest;  /* the next to be replaced */
	unsigned calls, reads, rest;
	struct chunk list[CHUNK_COUNT];
	uint8_t bytes[CHUNK_COUNT][TFTP_CHUNK_SIZE];
};

struct tftp_chunks *tftp_chunks_new(void)
{
	struct tftp_chunks *chunks = calloc(1, sizeof(*chunks));

	if (chunks == NULL)
		return NULL;
	chunks->by_key = table_new(CHUNK_COUNT);
	if (chunks->by_key == NULL || !hash_key_init(&chunks->key)) {
		tftp_chunks_free(chunks);
		return NULL;
	}
	return chunks;
}

void tftp_chunks_free(struct tftp_chunks *chunks)
{
	if (chunks == NULL)
		return;
	table_free(chunks->by_key);
	free(chunks);
}

int tftp_chunks_open(struct tftp_chunks *chunks, int fd, struct tftp_chunk_file *out_file)
{
	struct tftp_chunk_file file = { .fd = fd };
	bool is_settled;
	int error = file_identify(fd, &file.identity, &is_settled);

	if (error < 0)
		return error;
	if (!is_settled)
		file.reader = ++chunks->readers;
	file.hash = hash_bytes(&chunks->key, (struct span){ (const uint8_t *)&file.identity,
							    sizeof(file.identity) }) +
		    file.reader;
	*out_file = file;
	return 0;
}

static bool is_of(const struct chunk *chunk, const struct tftp_chunk_file *file, uint64_t offset,
		  size_t length)
{
	return chunk->offset == offset && chunk->length == length &&
	       chunk->reader == file->reader &&
	       file_identity_is_same(&chunk->identity, &file->identity);
}

static void forget(struct tftp_chunks *chunks, struct chunk *chunk)
{
	if (chunk->length > 0)
		table_remove(chunks->by_key, chunk->key);
	chunk->length = 0;
}

static const uint8_t *read_chunk(struct tftp_chunks *chunks, const struct tftp_chunk_file *file,
				 uint64_t key, uint64_t offset, size_t length)
{
	uint32_t place = chunks->oldest;
	struct chunk *chunk = &chunks->list[place];
	struct iovec part = { chunks->bytes[place], length };

	chunks->reads++;
	forget(chunks, chunk);
	if (file_read_resident(file->fd, offset, &part, 1, length) < 0 ||
	    !table_put(chunks->by_key, key, place))
		return NULL;
	*chunk = (struct chunk){ .identity = file->identity,
				 .reader = file->reader,
				 .offset = offset,
				 .length = length,
				 .key = key };
	chunks->oldest = (place + 1) % CHUNK_COUNT;
	return chunks->bytes[place];
}

/* Whether this call may be served at all. */
static bool do_chunks_pay(struct tftp_chunks *chunks)
{
	if (chunks->rest > 0) {
		chunks->rest--;
		return false;
	}
	if (++chunks->calls < TRIAL)
		return true;
	if (chunks->reads > TRIAL / 2)
		chunks->rest = REST;
	chunks->calls = 0;
	chunks->reads = 0;
	return true;
}

const uint8_t *tftp_chunks_get(struct tftp_chunks *chunks, const struct tftp_chunk_file *file,
			       uint64_t offset, size_t length)
{
	uint64_t key = file->hash ^ (offset << 14 | length);
	uint32_t place;

	if (!do_chunks_pay(chunks))
		return NULL;
	if (table_find(chunks->by_key, key, &place)) {
		if (is_of(&chunks->list[place], file, offset, length))
			return chunks->bytes[place];
		forget(chunks, &chunks->list[place]); /* two files have one key */
	}
	return read_chunk(chunks, file, key, offset, length);
}
