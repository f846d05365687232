#include "tftp/tftp_engine.h"

#define BACK_OFF_MAX 3 /* doublings */

/* The nth wait for the same ACK. A timeout that the client asked for is kept to (RFC 2349). */
static uint64_t wait_ms(const struct tftp_state *state)
{
	unsigned doublings = state->send_count - 1u;

	if (state->granted.timeout_s > 0)
		return state->timeout_ms;
	return (uint64_t)state->timeout_ms << (doublings < BACK_OFF_MAX ? doublings : BACK_OFF_MAX);
}

static struct tftp_turn send_block(struct tftp_state *state)
{
	struct tftp_turn turn = { .verdict = TFTP_GOING, .number = (uint16_t)state->block };
	uint64_t left;

	state->send_count++;
	turn.deadline_ms = wait_ms(state);
	if (state->block == 0) {
		turn.send = TFTP_SEND_OACK;
		return turn;
	}
	turn.send = TFTP_SEND_DATA;
	turn.offset = (state->block - 1) * state->block_size;
	left = state->size_bytes - turn.offset;
	turn.length = left < state->block_size ? (uint16_t)left : state->block_size;
	turn.is_last = state->block == state->block_last;
	return turn;
}

static struct tftp_turn end(enum tftp_verdict verdict)
{
	return (struct tftp_turn){ .verdict = verdict };
}

static bool has_options(const struct tftp_options *options)
{
	return options->block_size > 0 || options->timeout_s > 0 || options->has_size;
}

struct tftp_turn tftp_begin(struct tftp_state *state, const struct tftp_options *asked,
			    uint64_t size_bytes, const struct tftp_limits *limits)
{
	*state = (struct tftp_state){ .granted = *asked,
				      .size_bytes = size_bytes,
				      .timeout_ms = limits->timeout_ms,
				      .block_size = TFTP_BLOCK_SIZE };
	if (asked->block_size > limits->block_size_max)
		state->granted.block_size = limits->block_size_max;
	if (asked->block_size > 0)
		state->block_size = state->granted.block_size;
	/* Not granted, rather than changed, as it may only be echoed (RFC 2349). */
	if (asked->timeout_s > TFTP_TIMEOUT_MAX_S)
		state->granted.timeout_s = 0;
	if (state->granted.timeout_s > 0)
		state->timeout_ms = state->granted.timeout_s * 1000u;
	/* curl takes a tsize of 0 for an error; an option need not be granted (RFC 2347). */
	if (size_bytes == 0)
		state->granted.has_size = false;
	/* A block shorter than block_size ends the transfer, so a file that fills its blocks is
	 * followed by an empty one (RFC 1350). */
	state->block_last = size_bytes / state->block_size + 1;
	state->block = has_options(&state->granted) ? 0 : 1;
	return send_block(state);
}

/* Only the ACK of the outstanding block moves on. An earlier one again must not resend, or every
 * later block would travel twice (the Sorcerer's Apprentice, RFC 1123 4.2.3.1); only the deadline
 * does. */
static struct tftp_turn take_ack(struct tftp_state *state, uint16_t number)
{
	if (number != (uint16_t)state->block)
		return (struct tftp_turn){ .verdict = TFTP_GOING };
	state->is_acknowledged = true;
	if (tftp_is_at_last_block(state))
		return end(TFTP_SENT);
	state->block++;
	state->send_count = 0;
	return send_block(state);
}

static struct tftp_turn take_deadline(struct tftp_state *state)
{
	if (state->send_count < TFTP_SENDS_MAX)
		return send_block(state);
	/* Some clients never acknowledge the last block; they have all of the file. */
	return end(tftp_is_at_last_block(state) ? TFTP_SENT : TFTP_TIMED_OUT);
}

struct tftp_turn tftp_decide(struct tftp_state *state, const struct tftp_input *input)
{
	switch (input->kind) {
	case TFTP_INPUT_ACK:
		return take_ack(state, input->number);
	case TFTP_INPUT_ERROR:
		/* UEFI says 8 after its question for the size, BIOS ROMs say 0. */
		if (input->number == TFTP_ERROR_OPTIONS || input->number == TFTP_ERROR_UNDEFINED)
			return end(TFTP_ABORTED);
		return end(TFTP_CLIENT_ERROR);
	case TFTP_INPUT_DEADLINE:
		break;
	}
	return take_deadline(state);
}

uint64_t tftp_acknowledged_bytes(const struct tftp_state *state)
{
	return state->block == 0 ? 0 : (state->block - 1) * state->block_size;
}

bool tftp_is_repeat_expected(const struct tftp_state *state)
{
	return !state->is_acknowledged || state->send_count == 1;
}

bool tftp_is_at_last_block(const struct tftp_state *state)
{
	return state->block == state->block_last;
}
