#include "support.h"
#include "tftp/tftp_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS UINT64_C(1000)

static const struct tftp_limits limits = { .block_size_max = 1468,
					   .window_max = 64,
					   .timeout_ms = 1000 };
static const struct tftp_options no_options;

/* The time of each input; a test moves it on. */
static uint64_t now_us;

static struct tftp_extent whole(uint64_t size_bytes)
{
	return (struct tftp_extent){ .available_bytes = size_bytes,
				     .size_bytes = size_bytes,
				     .has_size = true,
				     .is_whole = true };
}

static struct tftp_turn begin(struct tftp_state *state, const struct tftp_options *asked,
			      uint64_t size_bytes)
{
	struct tftp_extent extent = whole(size_bytes);

	return tftp_begin(state, asked, &extent, &limits, now_us);
}

static struct tftp_turn ack(struct tftp_state *state, uint16_t number)
{
	struct tftp_input input = { .kind = TFTP_INPUT_ACK, .number = number, .now_us = now_us };

	return tftp_decide(state, &input);
}

static struct tftp_turn client_error(struct tftp_state *state, uint16_t code)
{
	struct tftp_input input = { .kind = TFTP_INPUT_ERROR, .number = code, .now_us = now_us };

	return tftp_decide(state, &input);
}

static struct tftp_turn deadline(struct tftp_state *state)
{
	struct tftp_input input = { .kind = TFTP_INPUT_DEADLINE, .now_us = now_us };

	return tftp_decide(state, &input);
}

static struct tftp_turn grown(struct tftp_state *state, struct tftp_extent extent)
{
	struct tftp_input input = { .kind = TFTP_INPUT_GROWN, .now_us = now_us, .extent = extent };

	return tftp_decide(state, &input);
}

static void assert_turn(struct tftp_turn got, struct tftp_turn expected)
{
	assert_int_equal(got.verdict, expected.verdict);
	assert_int_equal(got.send, expected.send);
	assert_int_equal(got.deadline_ms, expected.deadline_ms);
	assert_int_equal(got.wanted_bytes, expected.wanted_bytes);
	assert_int_equal(got.block, expected.block);
	assert_int_equal(got.count, expected.count);
	assert_int_equal(got.offset, expected.offset);
	assert_int_equal(got.length, expected.length);
	assert_int_equal(got.is_last, expected.is_last);
}

/* Blocks first to last are sent, and nothing else matters. */
static void assert_sends(struct tftp_turn got, uint64_t first, uint64_t last)
{
	assert_int_equal(got.verdict, TFTP_GOING);
	assert_int_equal(got.send, TFTP_SEND_DATA);
	assert_int_equal(got.block, first);
	assert_int_equal(got.count, last - first + 1);
}

static const struct tftp_turn nothing;

static const struct {
	struct tftp_options asked;
	struct tftp_options granted;
	uint16_t block_size;
	uint16_t window;
	enum tftp_send first;
	uint64_t deadline_ms;
} agreements[] = {
	{ { 0 }, { 0 }, 512, 1, TFTP_SEND_DATA, 1000 },
	{ { .block_size = 1468 }, { .block_size = 1468 }, 1468, 1, TFTP_SEND_OACK, 1000 },
	{ { .block_size = 65464 }, { .block_size = 1468 }, 1468, 1, TFTP_SEND_OACK, 1000 },
	{ { .block_size = 8 }, { .block_size = 8 }, 8, 1, TFTP_SEND_OACK, 1000 },
	{ { .has_size = true }, { .has_size = true }, 512, 1, TFTP_SEND_OACK, 1000 },
	{ { .timeout_s = 1 }, { .timeout_s = 1 }, 512, 1, TFTP_SEND_OACK, 1000 },
	{ { .timeout_s = 30 }, { .timeout_s = 30 }, 512, 1, TFTP_SEND_OACK, 30000 },
	/* Too long a time is not granted, and nothing else asked for: no OACK. */
	{ { .timeout_s = 31 }, { 0 }, 512, 1, TFTP_SEND_DATA, 1000 },
	{ { .timeout_s = 255 }, { 0 }, 512, 1, TFTP_SEND_DATA, 1000 },
	{ { .timeout_us = 30000001 }, { 0 }, 512, 1, TFTP_SEND_DATA, 1000 },
	{ { .timeout_us = 250000 }, { .timeout_us = 250000 }, 512, 1, TFTP_SEND_OACK, 250 },
	/* Of two timeouts the finer one. */
	{ { .timeout_us = 10000, .timeout_s = 5 },
	  { .timeout_us = 10000 },
	  512,
	  1,
	  TFTP_SEND_OACK,
	  10 },
	{ { .window = 1 }, { .window = 1 }, 512, 1, TFTP_SEND_OACK, 1000 },
	{ { .window = 4 }, { .window = 4 }, 512, 4, TFTP_SEND_OACK, 1000 },
	{ { .window = 65535 }, { .window = 64 }, 512, 64, TFTP_SEND_OACK, 1000 },
	{ { .has_rollover = true, .wraps_to_one = true },
	  { .has_rollover = true, .wraps_to_one = true },
	  512,
	  1,
	  TFTP_SEND_OACK,
	  1000 },
	{ { .block_size = 1408, .timeout_s = 5, .has_size = true, .window = 8 },
	  { .block_size = 1408, .timeout_s = 5, .has_size = true, .window = 8 },
	  1408,
	  8,
	  TFTP_SEND_OACK,
	  5000 },
};

static void grants_what_is_asked_within_the_limits(void **context)
{
	(void)context;
	for (size_t i = 0; i < COUNT_OF(agreements); i++) {
		const struct tftp_options *granted = &agreements[i].granted;
		struct tftp_state state;
		struct tftp_turn turn = begin(&state, &agreements[i].asked, 100000);

		assert_int_equal(turn.verdict, TFTP_GOING);
		assert_int_equal(turn.send, agreements[i].first);
		assert_int_equal(turn.deadline_ms, agreements[i].deadline_ms);
		assert_int_equal(state.block_size, agreements[i].block_size);
		assert_int_equal(state.granted.block_size, granted->block_size);
		assert_int_equal(state.granted.timeout_s, granted->timeout_s);
		assert_int_equal(state.granted.timeout_us, granted->timeout_us);
		assert_int_equal(state.granted.has_size, granted->has_size);
		assert_int_equal(state.granted.window, granted->window);
		assert_int_equal(state.granted.has_rollover, granted->has_rollover);
		assert_int_equal(state.granted.wraps_to_one, granted->wraps_to_one);
		if (turn.send == TFTP_SEND_OACK)
			turn = ack(&state, 0);
		assert_sends(turn, 1, agreements[i].window);
		assert_int_equal(turn.length,
				 (uint64_t)agreements[i].window * agreements[i].block_size);
	}
}

/* RFC 1350: without the option a block is 512 bytes, whatever the server would cap. */
static void the_cap_is_for_what_is_asked(void **context)
{
	static const struct tftp_limits small = { .block_size_max = 256,
						  .window_max = 1,
						  .timeout_ms = 1000 };
	struct tftp_options asked = { .block_size = 512, .window = 9 };
	struct tftp_extent extent = whole(1000);
	struct tftp_state state;

	(void)context;
	assert_int_equal(tftp_begin(&state, &no_options, &extent, &small, 0).length, 512);
	(void)tftp_begin(&state, &asked, &extent, &small, 0);
	assert_int_equal(state.granted.block_size, 256);
	assert_int_equal(state.granted.window, 1);
	assert_int_equal(ack(&state, 0).length, 256);
}

static void the_size_of_an_empty_file_is_not_told(void **context)
{
	struct tftp_options asked = { .has_size = true };
	struct tftp_state state;

	(void)context;
	assert_int_equal(begin(&state, &asked, 0).send, TFTP_SEND_DATA);
	asked.block_size = 1000;
	assert_int_equal(begin(&state, &asked, 0).send, TFTP_SEND_OACK);
	assert_false(state.granted.has_size);
	assert_int_equal(state.granted.block_size, 1000);
	assert_int_equal(begin(&state, &asked, 1).send, TFTP_SEND_OACK);
	assert_true(state.granted.has_size);
}

/* Runs a transfer without a loss. Every byte is sent once and in order, and nothing past size. */
static uint64_t run(uint64_t size_bytes, const struct tftp_options *asked)
{
	struct tftp_state state;
	struct tftp_turn turn = begin(&state, asked, size_bytes);
	uint64_t sent = 0;
	uint64_t blocks = 0;

	if (turn.send == TFTP_SEND_OACK)
		turn = ack(&state, 0);
	while (turn.verdict == TFTP_GOING) {
		assert_sends(turn, blocks + 1, blocks + turn.count);
		assert_true(turn.count <= state.window);
		assert_int_equal(turn.offset, sent);
		assert_int_equal(turn.is_last,
				 turn.length < (uint64_t)turn.count * state.block_size);
		assert_int_equal(tftp_acknowledged_bytes(&state), sent);
		blocks += turn.count;
		sent += turn.length;
		assert_true(sent <= size_bytes);
		turn = ack(&state, tftp_block_number(&state, blocks));
	}
	assert_turn(turn, (struct tftp_turn){ .verdict = TFTP_SENT });
	assert_int_equal(sent, size_bytes);
	assert_int_equal(state.resent_count, 0);
	return blocks;
}

static void sends_files_of_every_size(void **context)
{
	static const struct {
		uint64_t size_bytes;
		uint16_t block_size; /* 0: not asked for */
		uint64_t blocks;
	} rows[] = {
		{ 0, 0, 1 },
		{ 1, 0, 1 },
		{ 511, 0, 1 },
		{ 512, 0, 2 },
		{ 513, 0, 2 },
		{ 1024, 0, 3 },
		{ 42430, 1432, 30 },
		{ 1408, 1408, 2 },
		{ 0, 1408, 1 },
		{ 7, 8, 1 },
		{ 8, 8, 2 },
		/* Past 65,535 blocks the number goes on from 0 or 1, and past 131,071 again. */
		{ 33553919, 0, 65535 },
		{ 33553920, 0, 65536 },
		{ 33554432, 0, 65537 },
		{ 35000000, 0, 68360 },
		{ 1100000, 8, 137501 },
	};
	static const uint16_t windows[] = { 0, 1, 2, 3, 16, 64 };

	(void)context;
	for (size_t i = 0; i < COUNT_OF(rows) * COUNT_OF(windows); i++) {
		size_t row = i / COUNT_OF(windows);
		struct tftp_options asked = { .block_size = rows[row].block_size,
					      .window = windows[i % COUNT_OF(windows)],
					      .has_rollover = i % 3 > 0,
					      .wraps_to_one = i % 3 > 1 };

		assert_int_equal(run(rows[row].size_bytes, &asked), rows[row].blocks);
	}
}

static void offsets_pass_four_gibibytes(void **context)
{
	struct tftp_options asked = { .block_size = 1468 };
	struct tftp_state state;
	struct tftp_turn turn;

	(void)context;
	(void)begin(&state, &asked, UINT64_C(1) << 40);
	(void)ack(&state, 0);
	state.acknowledged = 9999999;
	state.sent = 10000000;
	turn = ack(&state, (uint16_t)10000000);
	assert_int_equal(turn.offset, UINT64_C(14680000000));
	assert_int_equal(turn.length, 1468);
	assert_int_equal(turn.block, 10000001);
}

static void the_number_that_follows_65535(void **context)
{
	static const struct {
		uint64_t block;
		uint16_t to_zero;
		uint16_t to_one;
	} rows[] = {
		{ 0, 0, 0 },     { 1, 1, 1 },     { 65534, 65534, 65534 },  { 65535, 65535, 65535 },
		{ 65536, 0, 1 }, { 65537, 1, 2 }, { 131070, 65534, 65535 }, { 131071, 65535, 1 },
		{ 131072, 0, 2 }
	};
	struct tftp_state to_zero = { 0 };
	struct tftp_state to_one = { .wraps_to_one = true };

	(void)context;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(tftp_block_number(&to_zero, rows[i].block), rows[i].to_zero);
		assert_int_equal(tftp_block_number(&to_one, rows[i].block), rows[i].to_one);
	}
}

static void the_configured_rollover_is_for_clients_that_do_not_ask(void **context)
{
	static const struct tftp_limits to_one = {
		.block_size_max = 512, .window_max = 1, .timeout_ms = 1000, .wraps_to_one = true
	};
	struct tftp_options asked = { .has_rollover = true };
	struct tftp_extent extent = whole(1000);
	struct tftp_state state;

	(void)context;
	(void)tftp_begin(&state, &no_options, &extent, &to_one, 0);
	assert_true(state.wraps_to_one);
	(void)tftp_begin(&state, &asked, &extent, &to_one, 0);
	assert_false(state.wraps_to_one);
}

/* Where a transfer of ten blocks in windows of four can be: at the OACK, with blocks 1 to 4 out, 5
 * to 8, 7 to 10 after an ACK inside the window, and 9 and 10. The last has 10 bytes. */
enum position { AT_OACK, AT_FIRST, AT_MIDDLE, AT_RESTART, AT_LAST, POSITION_COUNT };

static void go_to(enum position position, struct tftp_state *state)
{
	static const struct tftp_options asked = { .has_size = true, .window = 4 };
	static const uint16_t acks[POSITION_COUNT][3] = {
		[AT_FIRST] = { 0 },
		[AT_MIDDLE] = { 0, 4 },
		[AT_RESTART] = { 0, 4, 6 },
		[AT_LAST] = { 0, 4, 8 },
	};
	static const size_t counts[] = { 0, 1, 2, 3, 3 };

	(void)begin(state, &asked, 9 * 512 + 10);
	for (size_t i = 0; i < counts[position]; i++)
		assert_int_equal(ack(state, acks[position][i]).send, TFTP_SEND_DATA);
}

/* What is out at each position, as it was sent with the shortest wait. */
static const struct tftp_turn out[] = {
	[AT_OACK] = { .send = TFTP_SEND_OACK, .deadline_ms = 1000 },
	[AT_FIRST] = { .send = TFTP_SEND_DATA,
		       .deadline_ms = 10,
		       .block = 1,
		       .count = 4,
		       .length = 2048 },
	[AT_MIDDLE] = { .send = TFTP_SEND_DATA,
			.deadline_ms = 10,
			.block = 5,
			.count = 4,
			.offset = 2048,
			.length = 2048 },
	[AT_RESTART] = { .send = TFTP_SEND_DATA,
			 .deadline_ms = 10,
			 .block = 7,
			 .count = 4,
			 .offset = 3072,
			 .length = 1546,
			 .is_last = true },
	[AT_LAST] = { .send = TFTP_SEND_DATA,
		      .deadline_ms = 10,
		      .block = 9,
		      .count = 2,
		      .offset = 4096,
		      .length = 522,
		      .is_last = true },
};

static void an_ack_moves_on_only_if_its_block_is_out(void **context)
{
	static const struct {
		enum position position;
		uint16_t number;
		uint64_t first; /* that is sent; 0: nothing */
		uint64_t last;
	} rows[] = {
		{ AT_OACK, 0, 1, 4 },     { AT_OACK, 1, 0, 0 },     { AT_OACK, 65535, 0, 0 },
		{ AT_FIRST, 0, 0, 0 },    { AT_FIRST, 1, 2, 5 },    { AT_FIRST, 3, 4, 7 },
		{ AT_FIRST, 4, 5, 8 },    { AT_FIRST, 5, 0, 0 },    { AT_FIRST, 65535, 0, 0 },
		{ AT_MIDDLE, 0, 0, 0 },   { AT_MIDDLE, 4, 0, 0 },   { AT_MIDDLE, 5, 6, 9 },
		{ AT_MIDDLE, 6, 7, 10 },  { AT_MIDDLE, 7, 8, 10 },  { AT_MIDDLE, 8, 9, 10 },
		{ AT_MIDDLE, 9, 0, 0 },   { AT_RESTART, 4, 0, 0 },  { AT_RESTART, 6, 0, 0 },
		{ AT_RESTART, 8, 9, 10 }, { AT_RESTART, 11, 0, 0 }, { AT_LAST, 8, 0, 0 },
		{ AT_LAST, 9, 10, 10 },   { AT_LAST, 11, 0, 0 },
	};

	(void)context;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tftp_state state;

		go_to(rows[i].position, &state);
		if (rows[i].first > 0)
			assert_sends(ack(&state, rows[i].number), rows[i].first, rows[i].last);
		else
			assert_turn(ack(&state, rows[i].number), nothing);
	}
}

static void the_ack_of_the_last_block_ends_it(void **context)
{
	static const enum position positions[] = { AT_RESTART, AT_LAST };

	(void)context;
	for (size_t i = 0; i < COUNT_OF(positions); i++) {
		struct tftp_state state;

		go_to(positions[i], &state);
		assert_turn(ack(&state, 10), (struct tftp_turn){ .verdict = TFTP_SENT });
		assert_int_equal(tftp_acknowledged_bytes(&state), 9 * 512 + 10);
	}
}

static void each_position_sends_what_it_should(void **context)
{
	static const uint16_t last_ack[] = { 0, 0, 4, 6, 8 };

	(void)context;
	for (unsigned position = AT_FIRST; position < POSITION_COUNT; position++) {
		struct tftp_state state;

		go_to(position == AT_RESTART || position == AT_LAST ? AT_MIDDLE : position - 1,
		      &state);
		assert_turn(ack(&state, last_ack[position]), out[position]);
	}
}

static void an_error_ends_it_everywhere(void **context)
{
	static const struct {
		uint16_t code;
		enum tftp_verdict verdict;
	} rows[] = { { 0, TFTP_ABORTED },         { 1, TFTP_CLIENT_ERROR },
		     { 2, TFTP_CLIENT_ERROR },    { 3, TFTP_CLIENT_ERROR },
		     { 4, TFTP_CLIENT_ERROR },    { 5, TFTP_CLIENT_ERROR },
		     { 8, TFTP_ABORTED },         { 9, TFTP_CLIENT_ERROR },
		     { 65535, TFTP_CLIENT_ERROR } };

	(void)context;
	for (unsigned position = 0; position < POSITION_COUNT; position++) {
		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			struct tftp_state state;

			go_to(position, &state);
			assert_turn(client_error(&state, rows[i].code),
				    (struct tftp_turn){ .verdict = rows[i].verdict });
		}
	}
}

/* A request that carries a stranger's address costs that one so many packets, and no more. */
static void a_client_that_never_answers_gets_six_packets(void **context)
{
	static const uint64_t waits_ms[] = { 1000, 1000, 1000, 1000, 26000 };
	static const struct tftp_options asked[] = { { 0 }, { .window = 64, .block_size = 1468 } };

	(void)context;
	for (size_t i = 0; i < COUNT_OF(asked); i++) {
		struct tftp_state state;
		struct tftp_turn again = begin(&state, &asked[i], 100000);

		assert_true(again.count <= 1);
		assert_int_equal(again.deadline_ms, 1000);
		for (size_t step = 0; step < COUNT_OF(waits_ms); step++) {
			now_us += again.deadline_ms * MS;
			again.deadline_ms = waits_ms[step];
			assert_turn(deadline(&state), again);
		}
		now_us += again.deadline_ms * MS;
		assert_turn(deadline(&state), (struct tftp_turn){ .verdict = TFTP_TIMED_OUT });
		assert_int_equal(state.resent_count, TFTP_SENDS_MAX - 1);
	}
}

/* Of blocks of 512. */
static void keep_first_block(struct tftp_turn *turn)
{
	if (turn->count == 1)
		return;
	turn->count = 1;
	turn->length = 512;
	turn->is_last = false;
}

/* The wait doubles up to the timeout, and the client has as long as ever to come back; but the
 * whole window is sent six times only, then its first block. */
static void the_deadline_resends_the_window_backing_off_and_gives_up(void **context)
{
	static const uint64_t waits_ms[] = { 20, 40, 80, 160, 320, 640, 1000, 1000, 1000 };

	(void)context;
	for (unsigned position = AT_FIRST; position < POSITION_COUNT; position++) {
		struct tftp_turn again = out[position];
		struct tftp_state state;
		uint64_t silent_ms = 0;
		unsigned sends = 1;

		go_to(position, &state);
		for (;;) {
			struct tftp_turn turn;

			silent_ms += again.deadline_ms;
			now_us += again.deadline_ms * MS;
			turn = deadline(&state);
			if (turn.verdict != TFTP_GOING) {
				/* Of the last block, some clients never say that they have it. */
				assert_int_equal(turn.verdict, out[position].is_last
								       ? TFTP_SENT
								       : TFTP_TIMED_OUT);
				break;
			}
			if (sends == TFTP_SENDS_MAX && again.send == TFTP_SEND_DATA)
				keep_first_block(&again);
			again.deadline_ms = waits_ms[sends <= COUNT_OF(waits_ms) ? sends - 1 : 8];
			assert_turn(turn, again);
			sends++;
		}
		assert_in_range(silent_ms, 31000, 32000);
		assert_int_equal(sends, 37);
	}
}

/* The machine paused for long. It has got all of the window or, as it expects the first block, that
 * one. */
static void a_window_of_which_the_first_block_was_sent_again_is_still_out(void **context)
{
	static const struct tftp_options asked = { .window = 4, .block_size = 1000 };
	static const uint64_t ends[] = { 1, 3, 4 };

	(void)context;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		struct tftp_state state;
		struct tftp_turn turn;

		(void)begin(&state, &asked, 100000);
		assert_sends(ack(&state, 0), 1, 4);
		for (unsigned sends = 1; sends < TFTP_SENDS_MAX; sends++)
			assert_sends(deadline(&state), 1, 4);
		for (unsigned sends = 0; sends < 3; sends++)
			assert_sends(deadline(&state), 1, 1);
		assert_int_equal(state.resent_count, (TFTP_SENDS_MAX - 1) * 4 + 3);
		turn = ack(&state, (uint16_t)ends[i]);
		assert_sends(turn, ends[i] + 1, ends[i] + 4);
		/* No ACK is as old as that. */
		assert_int_equal(ack(&state, 0).send, TFTP_SEND_NOTHING);
	}
}

static void a_negotiated_timeout_is_the_longest_wait(void **context)
{
	struct tftp_options asked = { .timeout_s = 3 };
	struct tftp_state state;
	struct tftp_turn turn;

	(void)context;
	assert_int_equal(begin(&state, &asked, 1000).deadline_ms, 3000);
	for (unsigned sends = 1; sends < TFTP_SENDS_MAX; sends++) {
		now_us += 3000 * MS;
		assert_int_equal(deadline(&state).deadline_ms, 3000);
	}
	now_us += 3000 * MS;
	assert_int_equal(deadline(&state).verdict, TFTP_TIMED_OUT);

	(void)begin(&state, &asked, 1000);
	turn = ack(&state, 0);
	for (uint64_t silent_ms = 0; turn.verdict == TFTP_GOING; silent_ms += turn.deadline_ms) {
		assert_in_range(turn.deadline_ms, 10, 3000);
		assert_true(silent_ms < 18000 + 3000);
		now_us += turn.deadline_ms * MS;
		turn = deadline(&state);
	}
	assert_int_equal(turn.verdict, TFTP_TIMED_OUT);
}

/* RFC 6298: the round trip, and four times how it varies. */
static void the_wait_follows_the_round_trip(void **context)
{
	static const struct {
		uint64_t round_trip_ms;
		uint64_t deadline_ms;
	} rows[] = {
		{ 1, 10 },  /* 1 + 4 * 0.5, and never less than 10 */
		{ 20, 25 }, /* 3.375 + 4 * 5.125 = 23.875 */
		{ 20, 37 }, /* 5.453 + 4 * 8 = 37.45 */
		{ 900, 1000 },
	};
	struct tftp_state state;
	struct tftp_turn turn;

	(void)context;
	turn = begin(&state, &no_options, 100000);
	for (uint16_t i = 0; i < COUNT_OF(rows); i++) {
		now_us += rows[i].round_trip_ms * MS;
		turn = ack(&state, (uint16_t)(i + 1));
		assert_in_range(turn.deadline_ms, rows[i].deadline_ms - 1, rows[i].deadline_ms + 1);
	}
	assert_int_equal(state.round_trip_us / 1000, 117);
}

/* Karn: an ACK of what was sent twice may answer the first; the wait stays as long as it grew until
 * a packet that was sent once is answered. */
static void what_was_sent_again_tells_no_round_trip(void **context)
{
	struct tftp_state state;

	(void)context;
	(void)begin(&state, &no_options, 100000);
	now_us += 1 * MS;
	assert_int_equal(ack(&state, 1).deadline_ms, 10);
	now_us += 10 * MS;
	assert_int_equal(deadline(&state).deadline_ms, 20);
	now_us += 20 * MS;
	assert_int_equal(deadline(&state).deadline_ms, 40);
	now_us += 1 * MS;
	assert_int_equal(ack(&state, 2).deadline_ms, 40);
	assert_int_equal(state.round_trip_us, 1000);
	now_us += 1 * MS;
	assert_int_equal(ack(&state, 3).deadline_ms, 10);
	assert_int_equal(state.resent_count, 2);
}

/* RFC 1123 4.2.3.1: were a repeated ACK answered, each later block would travel twice. */
static void repeated_acks_send_nothing(void **context)
{
	struct tftp_state state;

	(void)context;
	go_to(AT_RESTART, &state);
	for (unsigned i = 0; i < 100; i++) {
		assert_turn(ack(&state, 6), nothing);
		assert_turn(ack(&state, 4), nothing);
		assert_turn(ack(&state, 0), nothing);
	}
	assert_sends(ack(&state, 8), 9, 10);
	assert_turn(ack(&state, 8), nothing);
	assert_turn(ack(&state, 10), (struct tftp_turn){ .verdict = TFTP_SENT });
}

/* After the number has gone round, an ACK of the same number of the round before is old. */
static void acks_around_the_wrap(void **context)
{
	struct tftp_state state;

	(void)context;
	(void)begin(&state, &no_options, 40000000);
	for (unsigned block = 1; block <= 65534; block++)
		(void)ack(&state, (uint16_t)block);
	assert_int_equal(state.sent, 65535);
	assert_turn(ack(&state, 0), nothing);
	assert_sends(ack(&state, 65535), 65536, 65536);
	assert_turn(ack(&state, 65535), nothing);
	assert_turn(ack(&state, 1), nothing);
	assert_int_equal(ack(&state, 0).offset, UINT64_C(65536) * 512);
	assert_sends(deadline(&state), 65537, 65537);
}

static void acks_around_the_wrap_in_windows(void **context)
{
	struct tftp_options asked = { .window = 8 };
	struct tftp_state state;

	(void)context;
	for (unsigned wraps_to_one = 0; wraps_to_one < 2; wraps_to_one++) {
		asked.has_rollover = true;
		asked.wraps_to_one = wraps_to_one == 1;
		(void)begin(&state, &asked, 40000000);
		(void)ack(&state, 0);
		for (uint64_t block = 8; block <= 65528; block += 8)
			(void)ack(&state, (uint16_t)block);
		assert_int_equal(state.sent, 65536);
		/* In the window, but of the other rollover: no block has the number. */
		assert_turn(ack(&state, (uint16_t)(1 - wraps_to_one)), nothing);
		assert_sends(ack(&state, 65535), 65536, 65543);
		assert_turn(ack(&state, 65535), nothing);
		assert_sends(ack(&state, (uint16_t)(2 + wraps_to_one)), 65539, 65546);
	}
}

static void a_repeated_request_is_told_from_a_new_one(void **context)
{
	struct tftp_state state;

	(void)context;
	go_to(AT_OACK, &state);
	assert_true(tftp_is_repeat_expected(&state, now_us));
	now_us += 9999 * MS;
	(void)deadline(&state);
	assert_true(tftp_is_repeat_expected(&state, now_us));
	(void)ack(&state, 0);
	assert_true(tftp_is_repeat_expected(&state, now_us));
	(void)deadline(&state);
	assert_true(tftp_is_repeat_expected(&state, now_us + 1000 * MS));
	assert_false(tftp_is_repeat_expected(&state, now_us + 1001 * MS));
	now_us += 1001 * MS;
	(void)ack(&state, 4);
	assert_true(tftp_is_repeat_expected(&state, now_us));
}

static void knows_the_last_block(void **context)
{
	struct tftp_state state;

	(void)context;
	for (unsigned position = 0; position < POSITION_COUNT; position++) {
		go_to(position, &state);
		assert_int_equal(tftp_is_at_last_block(&state),
				 position == AT_RESTART || position == AT_LAST);
	}
}

static struct tftp_extent part(uint64_t available_bytes, uint64_t size_bytes)
{
	return (struct tftp_extent){ .available_bytes = available_bytes,
				     .size_bytes = size_bytes,
				     .has_size = size_bytes > 0 };
}

static const struct {
	uint64_t available_bytes;
	uint64_t size_bytes; /* 0: not known */
	bool is_whole;
	uint32_t count;        /* of the first blocks, in a window of 4 */
	uint64_t wanted_bytes; /* 0: the client is waited for */
} growing[] = {
	{ 0, 0, false, 0, 512 },
	{ 511, 0, false, 0, 512 },
	{ 512, 0, false, 1, 1024 },
	{ 1535, 0, false, 2, 1536 },
	{ 2048, 0, false, 4, 0 },
	{ 9999, 0, false, 4, 0 },
	{ 0, 700, false, 0, 512 },
	{ 512, 700, false, 1, 1024 },
	/* All bytes are there, but not yet said to be right: not the last block. */
	{ 700, 700, false, 1, 1024 },
	{ 700, 700, true, 2, 0 },
	{ 1024, 1024, false, 2, 1536 },
	{ 1024, 1024, true, 3, 0 },
};

static void sends_what_is_there_of_a_growing_file(void **context)
{
	static const struct tftp_options asked = { .window = 4, .has_size = true };

	(void)context;
	for (size_t i = 0; i < COUNT_OF(growing); i++) {
		struct tftp_extent extent = part(growing[i].available_bytes, growing[i].size_bytes);
		struct tftp_state state;
		struct tftp_turn turn;

		extent.is_whole = growing[i].is_whole;
		turn = tftp_begin(&state, &asked, &extent, &limits, now_us);
		assert_int_equal(turn.send, TFTP_SEND_OACK);
		assert_int_equal(state.granted.has_size, growing[i].size_bytes > 0);
		assert_turn(grown(&state, extent), nothing);
		turn = ack(&state, 0);
		assert_int_equal(turn.verdict, TFTP_GOING);
		assert_int_equal(turn.count, growing[i].count);
		assert_int_equal(turn.wanted_bytes, growing[i].wanted_bytes);
		assert_int_equal(turn.deadline_ms,
				 growing[i].wanted_bytes > 0 ? TFTP_STALL_MS : 10);
		assert_int_equal(turn.is_last, growing[i].is_whole);
	}
}

/* The window fills as the file grows; the client's ACK is waited for once it is full. */
static void a_window_fills_as_the_file_grows(void **context)
{
	static const struct tftp_options asked = { .window = 3 };
	struct tftp_extent extent = part(0, 0);
	struct tftp_state state;
	struct tftp_turn turn;

	(void)context;
	(void)tftp_begin(&state, &asked, &extent, &limits, now_us);
	assert_int_equal(ack(&state, 0).send, TFTP_SEND_NOTHING);
	turn = grown(&state, part(100, 0));
	assert_int_equal(turn.send, TFTP_SEND_NOTHING);
	assert_int_equal(turn.wanted_bytes, 512);
	turn = grown(&state, part(600, 0));
	assert_sends(turn, 1, 1);
	assert_int_equal(turn.wanted_bytes, 1024);
	/* A client that waits repeats its ACK, and one may acknowledge a part of the window. */
	assert_turn(ack(&state, 0), nothing);
	turn = ack(&state, 1);
	assert_int_equal(turn.send, TFTP_SEND_NOTHING);
	assert_int_equal(turn.deadline_ms, TFTP_STALL_MS);
	turn = grown(&state, part(5000, 0));
	assert_sends(turn, 2, 4);
	assert_int_equal(turn.wanted_bytes, 0);
	assert_int_equal(turn.deadline_ms, 10);
	assert_turn(grown(&state, part(6000, 0)), nothing);
	assert_sends(ack(&state, 4), 5, 7);
	assert_int_equal(state.resent_count, 0);
}

/* Its end is known only when it is there, and may make the block that is awaited an empty one. */
static void the_end_of_a_growing_file(void **context)
{
	static const uint64_t ends[] = { 512, 513, 1023, 1024 };

	(void)context;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		struct tftp_extent extent = part(512, 0);
		struct tftp_state state;
		struct tftp_turn turn;
		uint64_t sent = 512;

		turn = tftp_begin(&state, &no_options, &extent, &limits, now_us);
		assert_sends(turn, 1, 1);
		assert_false(turn.is_last);
		assert_int_equal(ack(&state, 1).wanted_bytes, 1024);
		for (turn = grown(&state, whole(ends[i])); turn.verdict == TFTP_GOING;
		     turn = ack(&state, (uint16_t)turn.block)) {
			assert_sends(turn, sent / 512 + 1, sent / 512 + 1);
			sent += turn.length;
		}
		assert_int_equal(turn.verdict, TFTP_SENT);
		assert_int_equal(sent, ends[i]);
	}
}

static void a_file_that_grows_no_more_is_given_up(void **context)
{
	struct tftp_extent extent = part(512, 2000);
	struct tftp_state state;

	(void)context;
	(void)tftp_begin(&state, &no_options, &extent, &limits, now_us);
	assert_int_equal(ack(&state, 1).deadline_ms, TFTP_STALL_MS);
	now_us += TFTP_STALL_MS * MS;
	assert_true(tftp_is_repeat_expected(&state, now_us));
	assert_turn(deadline(&state), (struct tftp_turn){ .verdict = TFTP_STALLED });
}

/* As long as the client is the one to answer, it is the client's deadline. */
static void a_lost_block_of_a_growing_file_is_sent_again(void **context)
{
	struct tftp_extent extent = part(512, 2000);
	struct tftp_state state;

	(void)context;
	(void)tftp_begin(&state, &no_options, &extent, &limits, now_us);
	now_us += 1000 * MS;
	assert_sends(deadline(&state), 1, 1);
	assert_int_equal(ack(&state, 1).wanted_bytes, 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grants_what_is_asked_within_the_limits),
		cmocka_unit_test(the_cap_is_for_what_is_asked),
		cmocka_unit_test(the_size_of_an_empty_file_is_not_told),
		cmocka_unit_test(sends_files_of_every_size),
		cmocka_unit_test(offsets_pass_four_gibibytes),
		cmocka_unit_test(the_number_that_follows_65535),
		cmocka_unit_test(the_configured_rollover_is_for_clients_that_do_not_ask),
		cmocka_unit_test(an_ack_moves_on_only_if_its_block_is_out),
		cmocka_unit_test(the_ack_of_the_last_block_ends_it),
		cmocka_unit_test(each_position_sends_what_it_should),
		cmocka_unit_test(an_error_ends_it_everywhere),
		cmocka_unit_test(a_client_that_never_answers_gets_six_packets),
		cmocka_unit_test(the_deadline_resends_the_window_backing_off_and_gives_up),
		cmocka_unit_test(a_window_of_which_the_first_block_was_sent_again_is_still_out),
		cmocka_unit_test(a_negotiated_timeout_is_the_longest_wait),
		cmocka_unit_test(the_wait_follows_the_round_trip),
		cmocka_unit_test(what_was_sent_again_tells_no_round_trip),
		cmocka_unit_test(repeated_acks_send_nothing),
		cmocka_unit_test(acks_around_the_wrap),
		cmocka_unit_test(acks_around_the_wrap_in_windows),
		cmocka_unit_test(a_repeated_request_is_told_from_a_new_one),
		cmocka_unit_test(knows_the_last_block),
		cmocka_unit_test(sends_what_is_there_of_a_growing_file),
		cmocka_unit_test(a_window_fills_as_the_file_grows),
		cmocka_unit_test(the_end_of_a_growing_file),
		cmocka_unit_test(a_file_that_grows_no_more_is_given_up),
		cmocka_unit_test(a_lost_block_of_a_growing_file_is_sent_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
