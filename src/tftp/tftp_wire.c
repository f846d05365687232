#include "tftp/tftp_wire.h"
#include "base/text.h"

#include <inttypes.h>

/* What read_text returned, as the C string that it is in the packet. */
static const char *as_text(struct span text)
{
	return text.bytes == NULL ? "" : (const char *)text.bytes;
}

static bool is_padding(const struct reader *in)
{
	for (size_t i = 0; i < in->left; i++) {
		if (in->at[i] != 0)
			return false;
	}
	return true;
}

static uint16_t at_most(uint64_t value, uint16_t most)
{
	return value < most ? (uint16_t)value : most;
}

static void take_value(struct tftp_options *options, enum tftp_option option, uint64_t value)
{
	switch (option) {
	case TFTP_OPTION_BLOCK_SIZE:
		if (value >= TFTP_BLOCK_SIZE_MIN)
			options->block_size = at_most(value, TFTP_BLOCK_SIZE_MAX);
		break;
	case TFTP_OPTION_TIMEOUT:
		if (value <= UINT8_MAX)
			options->timeout_s = (uint8_t)value;
		break;
	case TFTP_OPTION_WINDOW:
		options->window = at_most(value, UINT16_MAX);
		break;
	case TFTP_OPTION_FINE_TIMEOUT:
		if (value >= TFTP_FINE_TIMEOUT_MIN && value <= TFTP_FINE_TIMEOUT_MAX)
			options->timeout_us = (uint32_t)value;
		break;
	case TFTP_OPTION_ROLLOVER:
		options->has_rollover = value <= 1;
		options->wraps_to_one = value == 1;
		break;
	case TFTP_OPTION_SIZE:
	case TFTP_OPTION_COUNT:
		options->has_size = true;
		break;
	}
}

static void decode_options(struct reader *in, struct tftp_options *out_options)
{
	bool is_seen[TFTP_OPTION_COUNT] = { false };

	while (!is_padding(in)) {
		struct span name = read_text(in);
		struct span value = read_text(in);
		uint64_t number;

		if (in->is_failed)
			return;
		for (unsigned i = 0; i < TFTP_OPTION_COUNT; i++) {
			if (is_seen[i] || !text_is_same(as_text(name), tftp_option_names[i]))
				continue;
			is_seen[i] = true;
			if (text_parse_number(as_text(value), &number))
				take_value(out_options, i, number);
		}
	}
}

static bool drop(enum tftp_drop reason, enum tftp_drop *out_drop)
{
	*out_drop = reason;
	return false;
}

bool tftp_decode_request(struct span datagram, struct tftp_request *out_request,
			 enum tftp_drop *out_drop)
{
	struct reader in = reader_of(datagram);
	uint16_t opcode = read_u16(&in);
	struct tftp_request request = { .is_write = opcode == TFTP_OPCODE_WRQ };
	struct span mode;

	if (in.is_failed)
		return drop(TFTP_DROP_TOO_SHORT, out_drop);
	if (opcode < TFTP_OPCODE_RRQ || opcode > TFTP_OPCODE_OACK)
		return drop(TFTP_DROP_BAD_OPCODE, out_drop);
	if (opcode > TFTP_OPCODE_WRQ)
		return drop(TFTP_DROP_NOT_A_REQUEST, out_drop);
	request.name = read_text(&in);
	mode = read_text(&in);
	request.is_octet = text_is_same(as_text(mode), "octet");
	request.is_netascii = text_is_same(as_text(mode), "netascii");
	if (in.is_failed)
		return drop(TFTP_DROP_BAD_TEXT, out_drop);
	decode_options(&in, &request.options);
	if (in.is_failed)
		return drop(TFTP_DROP_BAD_OPTIONS, out_drop);
	*out_request = request;
	return true;
}

/* Up to the NUL, or all of it. */
static struct span read_message(struct reader *in)
{
	size_t length = 0;

	while (length < in->left && in->at[length] != 0)
		length++;
	return read_span(in, length);
}

bool tftp_decode_packet(struct span datagram, struct tftp_packet *out_packet)
{
	struct reader in = reader_of(datagram);
	struct tftp_packet packet = { .opcode = read_u16(&in) };

	if (packet.opcode == TFTP_OPCODE_ACK)
		packet.block = read_u16(&in);
	if (packet.opcode == TFTP_OPCODE_ERROR) {
		packet.error = read_u16(&in);
		packet.message = read_message(&in);
	}
	if (in.is_failed)
		return false;
	*out_packet = packet;
	return true;
}

static void write_option(struct writer *out, enum tftp_option option, uint64_t value)
{
	char digits[sizeof("18446744073709551615")];

	(void)text_format(digits, sizeof(digits), "%" PRIu64, value);
	write_text(out, tftp_option_names[option]);
	write_text(out, digits);
}

void tftp_encode_oack(struct writer *out, const struct tftp_options *options, uint64_t size_bytes)
{
	write_u16(out, TFTP_OPCODE_OACK);
	if (options->block_size > 0)
		write_option(out, TFTP_OPTION_BLOCK_SIZE, options->block_size);
	if (options->has_size)
		write_option(out, TFTP_OPTION_SIZE, size_bytes);
	if (options->timeout_s > 0)
		write_option(out, TFTP_OPTION_TIMEOUT, options->timeout_s);
	if (options->timeout_us > 0)
		write_option(out, TFTP_OPTION_FINE_TIMEOUT, options->timeout_us);
	if (options->window > 0)
		write_option(out, TFTP_OPTION_WINDOW, options->window);
	if (options->has_rollover)
		write_option(out, TFTP_OPTION_ROLLOVER, options->wraps_to_one);
}

void tftp_encode_data_header(struct writer *out, uint16_t block)
{
	write_u16(out, TFTP_OPCODE_DATA);
	write_u16(out, block);
}

void tftp_encode_error(struct writer *out, enum tftp_error error, const char *message)
{
	char cut[TFTP_ERROR_MESSAGE_SIZE];

	(void)text_format(cut, sizeof(cut), "%s", message);
	write_u16(out, TFTP_OPCODE_ERROR);
	write_u16(out, (uint16_t)error);
	write_text(out, cut);
}
