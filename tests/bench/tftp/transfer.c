#include "transfer.h"

#include "pattern.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { OPCODE_RRQ = 1, OPCODE_DATA = 3, OPCODE_ACK, OPCODE_ERROR, OPCODE_OACK };

#define HEADER_SIZE        4
#define ERROR_OPTIONS      8   /* RFC 2347 */
#define DEFAULT_BLOCK_SIZE 512 /* RFC 1350 */

static void put16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static unsigned int get16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static void add_text(struct transfer *transfer, const char *text)
{
	size_t size = strlen(text) + 1;

	memcpy(transfer->sent + transfer->sent_length, text, size);
	transfer->sent_length = (uint16_t)(transfer->sent_length + size);
}

static void add_option(struct transfer *transfer, const char *name, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	add_text(transfer, name);
	add_text(transfer, text);
}

void transfer_begin(struct transfer *transfer, const struct transfer_wish *wish, uint64_t number)
{
	char name[64];

	*transfer = (struct transfer){
		.wish = wish,
		.number = number,
		.next_block = 1,
		.block_size = DEFAULT_BLOCK_SIZE,
		.window_size = 1,
	};
	put16(transfer->sent, OPCODE_RRQ);
	transfer->sent_length = 2;
	snprintf(name, sizeof(name), "f-%" PRIu64 "-%" PRIu64, wish->size_bytes, number);
	add_text(transfer, name);
	add_text(transfer, "octet");
	if (wish->has_size)
		add_option(transfer, "tsize", 0);
	if (wish->block_size != 0)
		add_option(transfer, "blksize", wish->block_size);
	if (wish->window_size != 0)
		add_option(transfer, "windowsize", wish->window_size);
}

static bool acknowledge(struct transfer *transfer)
{
	put16(transfer->sent, OPCODE_ACK);
	put16(transfer->sent + 2, (unsigned int)((transfer->next_block - 1) & 0xFFFF));
	transfer->sent_length = HEADER_SIZE;
	transfer->unacknowledged = 0;
	return true;
}

/* Tells the server, and ends. */
static bool refuse(struct transfer *transfer, const char *why)
{
	put16(transfer->sent, OPCODE_ERROR);
	put16(transfer->sent + 2, ERROR_OPTIONS);
	transfer->sent[4] = '\0';
	transfer->sent_length = HEADER_SIZE + 1;
	transfer->end = TRANSFER_FAILED;
	transfer->failure = why;
	return true;
}

static bool fail(struct transfer *transfer, const char *why)
{
	transfer->end = TRANSFER_FAILED;
	transfer->failure = why;
	return false;
}

/* False: more was granted than was asked for, or something else. */
static bool take_option(struct transfer *transfer, const char *name, uint64_t value)
{
	const struct transfer_wish *wish = transfer->wish;

	if (strcasecmp(name, "tsize") == 0)
		return wish->has_size && value == wish->size_bytes;
	if (strcasecmp(name, "blksize") == 0) {
		transfer->block_size = (uint32_t)value;
		return value >= 8 && value <= wish->block_size;
	}
	if (strcasecmp(name, "windowsize") == 0) {
		transfer->window_size = (uint32_t)value;
		return value >= 1 && value <= wish->window_size;
	}
	return false;
}

static bool receive_options(struct transfer *transfer, const uint8_t *at, const uint8_t *end)
{
	/* RFC 2347: an OACK that comes again is acknowledged again; later it is an old one. */
	if (transfer->is_answered)
		return transfer->next_block == 1 && transfer->unacknowledged == 0 &&
		       acknowledge(transfer);
	transfer->is_answered = true;
	while (at < end) {
		const uint8_t *name_end = memchr(at, 0, (size_t)(end - at));
		const uint8_t *value_end =
			name_end ? memchr(name_end + 1, 0, (size_t)(end - name_end - 1)) : NULL;

		if (value_end == NULL ||
		    !take_option(transfer, (const char *)at,
				 strtoull((const char *)name_end + 1, NULL, 10)))
			return refuse(transfer, "OACK that was not asked for");
		at = value_end + 1;
	}
	return acknowledge(transfer);
}

static bool take_block(struct transfer *transfer, const uint8_t *data, size_t length)
{
	uint64_t left = transfer->wish->size_bytes - transfer->received_bytes;

	if (length > left || length > transfer->block_size ||
	    (length < transfer->block_size && length != left))
		return fail(transfer, "block of a wrong length");
	if (memcmp(data, pattern_at(transfer->number, transfer->received_bytes), length) != 0)
		return fail(transfer, "wrong bytes");
	transfer->received_bytes += length;
	transfer->next_block++;
	transfer->unacknowledged++;
	transfer->is_gap_told = false;
	if (length < transfer->block_size) {
		transfer->end = TRANSFER_DONE;
		return acknowledge(transfer);
	}
	return transfer->unacknowledged >= transfer->window_size && acknowledge(transfer);
}

static bool receive_data(struct transfer *transfer, unsigned int block, const uint8_t *data,
			 size_t length)
{
	int16_t ahead = (int16_t)(uint16_t)(block - (unsigned int)transfer->next_block);

	transfer->is_answered = true;
	if (ahead == 0)
		return take_block(transfer, data, length);
	if (ahead > 0) { /* RFC 7440, 4: tell at once what is missing, and do so once */
		bool is_told = transfer->is_gap_told;

		transfer->is_gap_told = true;
		return !is_told && acknowledge(transfer);
	}
	transfer->repeated_blocks++;
	/* The newest again, and it was acknowledged: that has been lost. */
	return ahead == -1 && transfer->unacknowledged == 0 && acknowledge(transfer);
}

bool transfer_receive(struct transfer *transfer, const uint8_t *packet, size_t length)
{
	if (length < HEADER_SIZE)
		return false;
	switch (get16(packet)) {
	case OPCODE_DATA:
		return receive_data(transfer, get16(packet + 2), packet + HEADER_SIZE,
				    length - HEADER_SIZE);
	case OPCODE_OACK:
		return receive_options(transfer, packet + 2, packet + length);
	case OPCODE_ERROR:
		return fail(transfer, "ERROR from the server");
	default:
		return false;
	}
}
