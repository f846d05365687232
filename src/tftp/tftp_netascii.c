#include "tftp/tftp_netascii.h"
#include "content/source.h"

#include <stdlib.h>

#define PIECE_SIZE 512

struct tftp_netascii {
	uint64_t offset; /* in the file */
	uint64_t size;   /* of the blocks that are finished */
	size_t block_size;
	size_t used;    /* of the block */
	uint8_t second; /* of a pair whose first is written */
	bool has_second;
	bool is_finished; /* the block is: the next one is begun by the next call */
	bool is_at_end;
	uint8_t block[];
};

struct tftp_netascii *tftp_netascii_new(size_t block_size)
{
	struct tftp_netascii *netascii = calloc(1, sizeof(*netascii) + block_size);

	if (netascii != NULL)
		netascii->block_size = block_size;
	return netascii;
}

void tftp_netascii_free(struct tftp_netascii *netascii)
{
	free(netascii);
}

static bool is_full(const struct tftp_netascii *netascii)
{
	return netascii->used == netascii->block_size;
}

static void write_second(struct tftp_netascii *netascii)
{
	if (netascii->has_second && !is_full(netascii)) {
		netascii->block[netascii->used++] = netascii->second;
		netascii->has_second = false;
	}
}

/* There is room for one byte; its pair's second may have to wait for the next block. */
static void write_byte(struct tftp_netascii *netascii, uint8_t byte)
{
	netascii->has_second = byte == '\n' || byte == '\r';
	netascii->second = byte == '\n' ? '\n' : '\0';
	netascii->block[netascii->used++] = netascii->has_second ? '\r' : byte;
	write_second(netascii);
}

/* Some bytes of the file, at most as many as the block could take. */
static int convert_piece(struct tftp_netascii *netascii, const struct source *source,
			 uint64_t available_bytes)
{
	uint8_t piece[PIECE_SIZE];
	uint64_t left = available_bytes - netascii->offset;
	size_t length = left < sizeof(piece) ? (size_t)left : sizeof(piece);
	int error = source_read(source, netascii->offset, piece, length);

	if (error < 0)
		return error;
	for (size_t i = 0; i < length && !is_full(netascii); i++) {
		write_byte(netascii, piece[i]);
		netascii->offset++;
	}
	return 0;
}

int tftp_netascii_fill(struct tftp_netascii *netascii, const struct source *source,
		       uint64_t available_bytes, bool is_whole)
{
	int error = 0;

	if (netascii->is_finished)
		netascii->used = 0;
	netascii->is_finished = false;
	write_second(netascii);
	while (error == 0 && !is_full(netascii) && netascii->offset < available_bytes)
		error = convert_piece(netascii, source, available_bytes);
	if (error < 0)
		return error;
	netascii->is_at_end = is_whole && !is_full(netascii);
	netascii->is_finished = is_full(netascii) || netascii->is_at_end;
	if (netascii->is_finished)
		netascii->size += netascii->used;
	return 0;
}

uint64_t tftp_netascii_size(const struct tftp_netascii *netascii)
{
	return netascii->size;
}

bool tftp_netascii_is_at_end(const struct tftp_netascii *netascii)
{
	return netascii->is_at_end;
}

const uint8_t *tftp_netascii_block(const struct tftp_netascii *netascii)
{
	return netascii->block;
}
