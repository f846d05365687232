#include "tftp/tftp_engine.h"

#define NO_BLOCK    UINT64_MAX
#define WAIT_MIN_US (UINT64_C(1000) * TFTP_WAIT_MIN_MS)

/* For how many times the timeout a client may be silent: as long as six packets whose waits double
 * up to eight times would take; six times, where it chose the timeout itself. */
#define PATIENCE       31u
#define PATIENCE_ASKED 6u

static bool has_own_timeout(const struct tftp_state *state)
{
	return state->granted.timeout_s > 0 || state->granted.timeout_us > 0;
}

static uint64_t patience_ms(const struct tftp_state *state)
{
	return (uint64_t)state->timeout_ms * (has_own_timeout(state) ? PATIENCE_ASKED : PATIENCE);
}

/* A block shorter than block_size ends the transfer, so a file that fills its blocks is followed by
 * an empty one (RFC 1350). NO_BLOCK: the size is not known yet. */
static uint64_t last_block(const struct tftp_state *state)
{
	if (!state->extent.has_size)
		return NO_BLOCK;
	return state->extent.size_bytes / state->block_size + 1;
}

/* The last block whose bytes are there. The file's last one says that all went well, so it waits
 * for the whole file. */
static uint64_t last_ready(const struct tftp_state *state)
{
	uint64_t full = state->extent.available_bytes / state->block_size;

	if (state->extent.is_whole)
		return last_block(state);
	return full < last_block(state) ? full : last_block(state) - 1;
}

/* The last block that may be sent now: that of the window or of the file. */
static uint64_t last_allowed(const struct tftp_state *state)
{
	uint64_t last = last_block(state);

	return state->acknowledged + state->window < last ? state->acknowledged + state->window
							  : last;
}

static bool awaits_bytes(const struct tftp_state *state)
{
	return !state->is_at_oack && state->sent < last_allowed(state);
}

/* Until the client has answered once, nothing is known of it: it gets the whole timeout, and the
 * last time all the patience that is left. */
static uint64_t wait_ms(const struct tftp_state *state)
{
	uint64_t wait = (state->wait_us + 999) / 1000;
	uint64_t silent_ms = (state->sent_us - state->heard_us) / 1000;

	if (!state->is_acknowledged && state->send_count >= TFTP_SENDS_MAX &&
	    silent_ms + state->timeout_ms < patience_ms(state))
		return patience_ms(state) - silent_ms;
	if (!state->is_acknowledged || wait > state->timeout_ms)
		return state->timeout_ms;
	return wait;
}

static struct tftp_turn send_oack(struct tftp_state *state, uint64_t now_us)
{
	state->sent_us = now_us;
	state->is_repeating = state->send_count > 0;
	state->resent_count += state->is_repeating;
	state->send_count++;
	return (struct tftp_turn){ .send = TFTP_SEND_OACK, .deadline_ms = wait_ms(state) };
}

static uint64_t bytes_up_to(const struct tftp_state *state, uint64_t block)
{
	return block == last_block(state) ? state->extent.size_bytes : block * state->block_size;
}

/* The blocks from the one behind sent to what the window allows and the file has. */
static void add_blocks(struct tftp_state *state, uint64_t last, struct tftp_turn *turn)
{
	uint64_t repeated = state->sent_most > state->sent ? state->sent_most - state->sent : 0;

	turn->send = TFTP_SEND_DATA;
	turn->block = state->sent + 1;
	turn->count = (uint32_t)(last - state->sent);
	turn->offset = state->sent * state->block_size;
	turn->length = bytes_up_to(state, last) - turn->offset;
	turn->is_last = last == last_block(state);
	state->is_repeating = repeated > 0;
	state->resent_count += repeated < turn->count ? repeated : turn->count;
	state->sent = last;
	if (state->sent_most < last)
		state->sent_most = last;
}

static struct tftp_turn send_blocks(struct tftp_state *state, uint64_t now_us)
{
	struct tftp_turn turn = { .verdict = TFTP_GOING };
	uint64_t last = last_ready(state);

	if (last > last_allowed(state))
		last = last_allowed(state);
	if (last > state->sent) {
		add_blocks(state, last, &turn);
		state->sent_us = now_us;
	}
	/* A client acknowledges when its window is full, so as long as it is not, it is the file
	 * that is waited for. */
	if (awaits_bytes(state)) {
		turn.wanted_bytes = (state->sent + 1) * state->block_size;
		turn.deadline_ms = TFTP_STALL_MS;
	} else if (turn.send == TFTP_SEND_DATA) {
		state->send_count++;
		turn.deadline_ms = wait_ms(state);
	}
	return turn;
}

static struct tftp_turn end(enum tftp_verdict verdict)
{
	return (struct tftp_turn){ .verdict = verdict };
}

static struct tftp_turn do_nothing(void)
{
	return end(TFTP_GOING);
}

static bool has_options(const struct tftp_options *options)
{
	return options->block_size > 0 || options->timeout_s > 0 || options->timeout_us > 0 ||
	       options->window > 0 || options->has_size || options->has_rollover;
}

/* A timeout may only be echoed (RFC 2349), so one that is too long is not granted rather than
 * changed. Of two timeouts the finer one counts. */
static void grant_timeout(struct tftp_state *state)
{
	struct tftp_options *granted = &state->granted;

	if (granted->timeout_us > TFTP_TIMEOUT_MAX_S * 1000000u)
		granted->timeout_us = 0;
	if (granted->timeout_s > TFTP_TIMEOUT_MAX_S || granted->timeout_us > 0)
		granted->timeout_s = 0;
	if (granted->timeout_us > 0)
		state->timeout_ms = (granted->timeout_us + 999) / 1000;
	else if (granted->timeout_s > 0)
		state->timeout_ms = granted->timeout_s * 1000u;
}

static void grant(struct tftp_state *state, const struct tftp_limits *limits)
{
	struct tftp_options *granted = &state->granted;

	if (granted->block_size > limits->block_size_max)
		granted->block_size = limits->block_size_max;
	if (granted->block_size > 0)
		state->block_size = granted->block_size;
	if (granted->window > limits->window_max)
		granted->window = limits->window_max;
	if (granted->window > 0)
		state->window = granted->window;
	if (granted->has_rollover)
		state->wraps_to_one = granted->wraps_to_one;
	grant_timeout(state);
	/* curl takes a tsize of 0 for an error; an option need not be granted (RFC 2347). */
	if (!state->extent.has_size || state->extent.size_bytes == 0)
		granted->has_size = false;
}

struct tftp_turn tftp_begin(struct tftp_state *state, const struct tftp_options *asked,
			    const struct tftp_extent *extent, const struct tftp_limits *limits,
			    uint64_t now_us)
{
	*state = (struct tftp_state){ .granted = *asked,
				      .extent = *extent,
				      .heard_us = now_us,
				      .timeout_ms = limits->timeout_ms,
				      .block_size = TFTP_BLOCK_SIZE,
				      .window = 1,
				      .wraps_to_one = limits->wraps_to_one };
	grant(state, limits);
	state->wait_us = state->timeout_ms * 1000u;
	state->is_at_oack = has_options(&state->granted);
	return state->is_at_oack ? send_oack(state, now_us) : send_blocks(state, now_us);
}

uint16_t tftp_block_number(const struct tftp_state *state, uint64_t block)
{
	if (!state->wraps_to_one || block == 0)
		return (uint16_t)block;
	return (uint16_t)((block - 1) % UINT16_MAX + 1);
}

/* Which of the blocks that are out has the number; 0: none. */
static uint64_t find_block(const struct tftp_state *state, uint16_t number)
{
	uint64_t round = state->wraps_to_one ? UINT16_MAX : UINT16_MAX + 1u;
	uint64_t first = state->acknowledged + 1;
	uint64_t step;

	if (state->wraps_to_one && number == 0)
		return 0;
	step = (number + round - tftp_block_number(state, first)) % round;
	return first + step <= state->sent ? first + step : 0;
}

static uint32_t distance(uint32_t one, uint32_t other)
{
	return one > other ? one - other : other - one;
}

/* RFC 6298 2.2 to 2.5. */
static void take_round_trip(struct tftp_state *state, uint64_t sample_us)
{
	uint32_t longest_us = state->timeout_ms * 1000u;
	uint32_t sample = sample_us < longest_us ? (uint32_t)sample_us : longest_us;
	uint64_t wait_us;

	if (state->round_trip_us == 0) {
		state->round_trip_us = sample > 0 ? sample : 1;
		state->variation_us = sample / 2;
	} else {
		state->variation_us = (uint32_t)((3 * (uint64_t)state->variation_us +
						  distance(state->round_trip_us, sample)) /
						 4);
		state->round_trip_us =
			(uint32_t)((7 * (uint64_t)state->round_trip_us + sample + 4) / 8);
	}
	wait_us = state->round_trip_us + 4 * (uint64_t)state->variation_us;
	if (wait_us < WAIT_MIN_US)
		wait_us = WAIT_MIN_US;
	state->wait_us = wait_us < longest_us ? (uint32_t)wait_us : longest_us;
}

/* The client got on: what comes next is new to it. */
static void take_progress(struct tftp_state *state, bool is_all, uint64_t now_us)
{
	if (is_all && !state->is_repeating)
		take_round_trip(state, now_us - state->sent_us);
	state->is_acknowledged = true;
	state->heard_us = now_us;
	state->send_count = 0;
}

/* Only an ACK of a block that is out moves on. The one before it again must not resend, or every
 * later block would travel twice (the Sorcerer's Apprentice, RFC 1123 4.2.3.1); only the deadline
 * does. One inside the window says that what follows was lost: a new window begins there (RFC 7440
 * 4). */
static struct tftp_turn take_ack(struct tftp_state *state, uint16_t number, uint64_t now_us)
{
	uint64_t block;

	if (state->is_at_oack) {
		if (number != 0)
			return do_nothing();
		state->is_at_oack = false;
		take_progress(state, true, now_us);
		return send_blocks(state, now_us);
	}
	block = find_block(state, number);
	if (block == 0)
		return do_nothing();
	state->acknowledged = block;
	take_progress(state, block == state->sent, now_us);
	if (block == last_block(state))
		return end(TFTP_SENT);
	state->sent = block;
	return send_blocks(state, now_us);
}

static struct tftp_turn take_error(uint16_t code)
{
	/* UEFI says 8 after its question for the size, BIOS ROMs say 0. */
	if (code == TFTP_ERROR_OPTIONS || code == TFTP_ERROR_UNDEFINED)
		return end(TFTP_ABORTED);
	return end(TFTP_CLIENT_ERROR);
}

static bool is_given_up(const struct tftp_state *state, uint64_t now_us)
{
	if (state->send_count < TFTP_SENDS_MAX)
		return false;
	return !state->is_acknowledged || now_us - state->heard_us >= patience_ms(state) * 1000;
}

/* The rest of the window stays out: an ACK that was late tells of all of it. */
static struct tftp_turn send_first_block(struct tftp_state *state, uint64_t now_us)
{
	uint64_t sent = state->sent;
	struct tftp_turn turn = { .verdict = TFTP_GOING };

	state->sent = state->acknowledged;
	add_blocks(state, state->acknowledged + 1, &turn);
	state->sent = sent;
	state->sent_us = now_us;
	state->send_count++;
	turn.deadline_ms = wait_ms(state);
	return turn;
}

static struct tftp_turn take_deadline(struct tftp_state *state, uint64_t now_us)
{
	if (awaits_bytes(state))
		return end(TFTP_STALLED);
	/* Some clients never acknowledge the last block; they have all of the file. */
	if (is_given_up(state, now_us))
		return end(tftp_is_at_last_block(state) ? TFTP_SENT : TFTP_TIMED_OUT);
	if (state->is_acknowledged && state->wait_us < state->timeout_ms * 1000u)
		state->wait_us *= 2; /* RFC 6298 5.5 */
	if (state->is_at_oack)
		return send_oack(state, now_us);
	if (state->send_count >= TFTP_SENDS_MAX)
		return send_first_block(state, now_us);
	state->sent = state->acknowledged;
	return send_blocks(state, now_us);
}

static struct tftp_turn take_growth(struct tftp_state *state, const struct tftp_input *input)
{
	state->extent = input->extent;
	return awaits_bytes(state) ? send_blocks(state, input->now_us) : do_nothing();
}

struct tftp_turn tftp_decide(struct tftp_state *state, const struct tftp_input *input)
{
	switch (input->kind) {
	case TFTP_INPUT_ACK:
		return take_ack(state, input->number, input->now_us);
	case TFTP_INPUT_ERROR:
		return take_error(input->number);
	case TFTP_INPUT_GROWN:
		return take_growth(state, input);
	case TFTP_INPUT_DEADLINE:
		break;
	}
	return take_deadline(state, input->now_us);
}

uint64_t tftp_acknowledged_bytes(const struct tftp_state *state)
{
	return bytes_up_to(state, state->acknowledged);
}

bool tftp_is_repeat_expected(const struct tftp_state *state, uint64_t now_us)
{
	return !state->is_acknowledged || awaits_bytes(state) ||
	       now_us - state->heard_us <= state->timeout_ms * UINT64_C(1000);
}

bool tftp_is_at_last_block(const struct tftp_state *state)
{
	return !state->is_at_oack && state->sent == last_block(state);
}
