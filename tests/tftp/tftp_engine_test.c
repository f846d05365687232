#include "support.h"
#include "tftp/tftp_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct tftp_limits limits = { .block_size_max = 1468, .timeout_ms = 1000 };
static const struct tftp_options no_options;

static struct tftp_turn ack(struct tftp_state *state, uint16_t number)
{
	struct tftp_input input = { .kind = TFTP_INPUT_ACK, .number = number };

	return tftp_decide(state, &input);
}

static struct tftp_turn client_error(struct tftp_state *state, uint16_t code)
{
	struct tftp_input input = { .kind = TFTP_INPUT_ERROR, .number = code };

	return tftp_decide(state, &input);
}

static struct tftp_turn deadline(struct tftp_state *state)
{
	struct tftp_input input = { .kind = TFTP_INPUT_DEADLINE };

	return tftp_decide(state, &input);
}

static void assert_turn(struct tftp_turn got, struct tftp_turn expected)
{
	assert_int_equal(got.verdict, expected.verdict);
	assert_int_equal(got.send, expected.send);
	assert_int_equal(got.deadline_ms, expected.deadline_ms);
	assert_int_equal(got.offset, expected.offset);
	assert_int_equal(got.length, expected.length);
	assert_int_equal(got.number, expected.number);
	assert_int_equal(got.is_last, expected.is_last);
}

static const struct {
	struct tftp_options asked;
	struct tftp_options granted;
	uint16_t block_size;
	enum tftp_send first;
	uint64_t deadline_ms;
} agreements[] = {
	{ { 0 }, { 0 }, 512, TFTP_SEND_DATA, 1000 },
	{ { .block_size = 1468 }, { .block_size = 1468 }, 1468, TFTP_SEND_OACK, 1000 },
	{ { .block_size = 65464 }, { .block_size = 1468 }, 1468, TFTP_SEND_OACK, 1000 },
	{ { .block_size = 8 }, { .block_size = 8 }, 8, TFTP_SEND_OACK, 1000 },
	{ { .has_size = true }, { .has_size = true }, 512, TFTP_SEND_OACK, 1000 },
	{ { .timeout_s = 1 }, { .timeout_s = 1 }, 512, TFTP_SEND_OACK, 1000 },
	{ { .timeout_s = 30 }, { .timeout_s = 30 }, 512, TFTP_SEND_OACK, 30000 },
	/* Too long a time is not granted, and nothing else asked for: no OACK. */
	{ { .timeout_s = 31 }, { 0 }, 512, TFTP_SEND_DATA, 1000 },
	{ { .timeout_s = 255 }, { 0 }, 512, TFTP_SEND_DATA, 1000 },
	{ { .block_size = 1408, .timeout_s = 5, .has_size = true },
	  { .block_size = 1408, .timeout_s = 5, .has_size = true },
	  1408,
	  TFTP_SEND_OACK,
	  5000 },
};

static void grants_what_is_asked_within_the_limits(void **context)
{
	(void)context;
	for (size_t i = 0; i < COUNT_OF(agreements); i++) {
		struct tftp_state state;
		struct tftp_turn turn = tftp_begin(&state, &agreements[i].asked, 100000, &limits);

		assert_int_equal(turn.verdict, TFTP_GOING);
		assert_int_equal(turn.send, agreements[i].first);
		assert_int_equal(turn.deadline_ms, agreements[i].deadline_ms);
		assert_int_equal(state.block_size, agreements[i].block_size);
		assert_int_equal(state.granted.block_size, agreements[i].granted.block_size);
		assert_int_equal(state.granted.timeout_s, agreements[i].granted.timeout_s);
		assert_int_equal(state.granted.has_size, agreements[i].granted.has_size);
		if (turn.send == TFTP_SEND_OACK)
			turn = ack(&state, 0);
		assert_int_equal(turn.send, TFTP_SEND_DATA);
		assert_int_equal(turn.number, 1);
		assert_int_equal(turn.length, agreements[i].block_size);
	}
}

/* RFC 1350: without the option a block is 512 bytes, whatever the server would cap. */
static void the_cap_is_for_what_is_asked(void **context)
{
	static const struct tftp_limits small = { .block_size_max = 256, .timeout_ms = 1000 };
	struct tftp_options asked = { .block_size = 512 };
	struct tftp_state state;

	(void)context;
	assert_int_equal(tftp_begin(&state, &no_options, 1000, &small).length, 512);
	(void)tftp_begin(&state, &asked, 1000, &small);
	assert_int_equal(state.granted.block_size, 256);
	assert_int_equal(ack(&state, 0).length, 256);
}

static void the_size_of_an_empty_file_is_not_told(void **context)
{
	struct tftp_options asked = { .has_size = true };
	struct tftp_state state;

	(void)context;
	assert_int_equal(tftp_begin(&state, &asked, 0, &limits).send, TFTP_SEND_DATA);
	asked.block_size = 1000;
	assert_int_equal(tftp_begin(&state, &asked, 0, &limits).send, TFTP_SEND_OACK);
	assert_false(state.granted.has_size);
	assert_int_equal(state.granted.block_size, 1000);
	assert_int_equal(tftp_begin(&state, &asked, 1, &limits).send, TFTP_SEND_OACK);
	assert_true(state.granted.has_size);
}

/* Runs a transfer without a loss. Every byte is sent once and in order, and nothing past size. */
static uint64_t run(uint64_t size_bytes, const struct tftp_options *asked)
{
	struct tftp_state state;
	struct tftp_turn turn = tftp_begin(&state, asked, size_bytes, &limits);
	uint64_t sent = 0;
	uint64_t blocks = 0;

	if (turn.send == TFTP_SEND_OACK)
		turn = ack(&state, 0);
	while (turn.verdict == TFTP_GOING) {
		blocks++;
		assert_int_equal(turn.send, TFTP_SEND_DATA);
		assert_int_equal(turn.number, blocks & 0xffff);
		assert_int_equal(turn.offset, sent);
		assert_int_equal(turn.is_last, turn.length < state.block_size);
		assert_int_equal(tftp_acknowledged_bytes(&state), sent);
		sent += turn.length;
		assert_true(sent <= size_bytes);
		turn = ack(&state, turn.number);
	}
	assert_int_equal(turn.verdict, TFTP_SENT);
	assert_int_equal(turn.send, TFTP_SEND_NOTHING);
	assert_int_equal(sent, size_bytes);
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
		/* Past 65,535 blocks the number goes on from 0, and past 131,071 again. */
		{ 33553919, 0, 65535 },
		{ 33553920, 0, 65536 },
		{ 33554432, 0, 65537 },
		{ 35000000, 0, 68360 },
		{ 1100000, 8, 137501 },
	};

	(void)context;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tftp_options asked = { .block_size = rows[i].block_size };

		assert_int_equal(run(rows[i].size_bytes, &asked), rows[i].blocks);
	}
}

static void offsets_pass_four_gibibytes(void **context)
{
	struct tftp_options asked = { .block_size = 1468 };
	struct tftp_state state;
	struct tftp_turn turn;

	(void)context;
	(void)tftp_begin(&state, &asked, UINT64_C(1) << 40, &limits);
	state.block = 10000000;
	turn = ack(&state, (uint16_t)state.block);
	assert_int_equal(turn.offset, UINT64_C(14680000000));
	assert_int_equal(turn.length, 1468);
	assert_int_equal(turn.number, 10000001 & 0xffff);
}

/* The four states of a transfer: at the OACK, at the first block of three, at the second, at the
 * last, which has 10 bytes. */
enum position { AT_OACK, AT_FIRST, AT_MIDDLE, AT_LAST, POSITION_COUNT };

static void go_to(enum position position, struct tftp_state *state)
{
	static const struct tftp_options asked = { .has_size = true };

	(void)tftp_begin(state, &asked, 1034, &limits);
	for (unsigned i = 0; i < position; i++)
		assert_int_equal(ack(state, (uint16_t)i).send, TFTP_SEND_DATA);
}

static const struct tftp_turn nothing = { .verdict = TFTP_GOING };
static const struct tftp_turn oack = { .send = TFTP_SEND_OACK, .deadline_ms = 1000 };
static const struct tftp_turn first = {
	.send = TFTP_SEND_DATA, .deadline_ms = 1000, .length = 512, .number = 1
};
static const struct tftp_turn middle = {
	.send = TFTP_SEND_DATA, .deadline_ms = 1000, .offset = 512, .length = 512, .number = 2
};
static const struct tftp_turn last = { .send = TFTP_SEND_DATA,
				       .deadline_ms = 1000,
				       .offset = 1024,
				       .length = 10,
				       .number = 3,
				       .is_last = true };

static void an_ack_moves_on_only_if_it_is_the_awaited_one(void **context)
{
	static const struct {
		enum position position;
		uint16_t number;
		const struct tftp_turn *turn; /* NULL: sent */
	} rows[] = {
		{ AT_OACK, 0, &first },       { AT_OACK, 1, &nothing },
		{ AT_OACK, 65535, &nothing }, { AT_FIRST, 0, &nothing },
		{ AT_FIRST, 1, &middle },     { AT_FIRST, 2, &nothing },
		{ AT_MIDDLE, 0, &nothing },   { AT_MIDDLE, 1, &nothing },
		{ AT_MIDDLE, 2, &last },      { AT_MIDDLE, 3, &nothing },
		{ AT_LAST, 0, &nothing },     { AT_LAST, 2, &nothing },
		{ AT_LAST, 3, NULL },         { AT_LAST, 4, &nothing },
		{ AT_LAST, 65535, &nothing },
	};

	(void)context;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tftp_state state;
		struct tftp_turn sent = { .verdict = TFTP_SENT };

		go_to(rows[i].position, &state);
		assert_turn(ack(&state, rows[i].number),
			    rows[i].turn == NULL ? sent : *rows[i].turn);
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

static void the_deadline_resends_backing_off_and_gives_up(void **context)
{
	static const struct tftp_turn *const again[] = { &oack, &first, &middle, &last };
	static const uint64_t waits_ms[] = { 2000, 4000, 8000, 8000, 8000 };

	(void)context;
	for (unsigned position = 0; position < POSITION_COUNT; position++) {
		struct tftp_state state;

		go_to(position, &state);
		for (size_t i = 0; i < COUNT_OF(waits_ms); i++) {
			struct tftp_turn expected = *again[position];

			expected.deadline_ms = waits_ms[i];
			assert_turn(deadline(&state), expected);
		}
		/* A client that never acknowledges the last block has the file. */
		assert_turn(deadline(&state),
			    (struct tftp_turn){ .verdict = position == AT_LAST ? TFTP_SENT
									       : TFTP_TIMED_OUT });
	}
}

static void a_negotiated_timeout_does_not_back_off(void **context)
{
	struct tftp_options asked = { .timeout_s = 3 };
	struct tftp_state state;

	(void)context;
	assert_int_equal(tftp_begin(&state, &asked, 1000, &limits).deadline_ms, 3000);
	for (unsigned sends = 1; sends < TFTP_SENDS_MAX; sends++)
		assert_int_equal(deadline(&state).deadline_ms, 3000);
	assert_int_equal(deadline(&state).verdict, TFTP_TIMED_OUT);
}

static void an_acknowledged_block_begins_with_the_first_wait(void **context)
{
	struct tftp_state state;

	(void)context;
	go_to(AT_FIRST, &state);
	assert_int_equal(deadline(&state).deadline_ms, 2000);
	assert_int_equal(deadline(&state).deadline_ms, 4000);
	assert_turn(ack(&state, 1), middle);
	for (unsigned sends = 1; sends < TFTP_SENDS_MAX; sends++)
		assert_int_equal(deadline(&state).send, TFTP_SEND_DATA);
	assert_int_equal(deadline(&state).verdict, TFTP_TIMED_OUT);
}

/* RFC 1123 4.2.3.1: were a repeated ACK answered, each later block would travel twice. */
static void repeated_acks_send_nothing(void **context)
{
	struct tftp_state state;

	(void)context;
	go_to(AT_MIDDLE, &state);
	for (unsigned i = 0; i < 100; i++) {
		assert_turn(ack(&state, 1), nothing);
		assert_turn(ack(&state, 0), nothing);
	}
	assert_turn(ack(&state, 2), last);
	assert_turn(ack(&state, 2), nothing);
	assert_turn(ack(&state, 3), (struct tftp_turn){ .verdict = TFTP_SENT });
}

/* After the number has gone round, an ACK of the same number of the round before is old. */
static void acks_around_the_wrap(void **context)
{
	struct tftp_state state;

	(void)context;
	(void)tftp_begin(&state, &no_options, 40000000, &limits);
	for (unsigned block = 1; block <= 65534; block++)
		(void)ack(&state, (uint16_t)block);
	assert_int_equal(state.block, 65535);
	assert_turn(ack(&state, 0), nothing);
	assert_int_equal(ack(&state, 65535).number, 0);
	assert_int_equal(state.block, 65536);
	assert_turn(ack(&state, 65535), nothing);
	assert_turn(ack(&state, 1), nothing);
	assert_int_equal(ack(&state, 0).offset, UINT64_C(65536) * 512);
	assert_int_equal(deadline(&state).number, 1);
}

static void a_repeated_request_is_told_from_a_new_one(void **context)
{
	struct tftp_state state;

	(void)context;
	go_to(AT_OACK, &state);
	assert_true(tftp_is_repeat_expected(&state));
	(void)deadline(&state);
	(void)deadline(&state);
	assert_true(tftp_is_repeat_expected(&state));
	(void)ack(&state, 0);
	assert_true(tftp_is_repeat_expected(&state));
	(void)deadline(&state);
	assert_false(tftp_is_repeat_expected(&state));
	(void)ack(&state, 1);
	assert_true(tftp_is_repeat_expected(&state));
}

static void knows_the_last_block(void **context)
{
	struct tftp_state state;

	(void)context;
	for (unsigned position = 0; position < POSITION_COUNT; position++) {
		go_to(position, &state);
		assert_int_equal(tftp_is_at_last_block(&state), position == AT_LAST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grants_what_is_asked_within_the_limits),
		cmocka_unit_test(the_cap_is_for_what_is_asked),
		cmocka_unit_test(the_size_of_an_empty_file_is_not_told),
		cmocka_unit_test(sends_files_of_every_size),
		cmocka_unit_test(offsets_pass_four_gibibytes),
		cmocka_unit_test(an_ack_moves_on_only_if_it_is_the_awaited_one),
		cmocka_unit_test(an_error_ends_it_everywhere),
		cmocka_unit_test(the_deadline_resends_backing_off_and_gives_up),
		cmocka_unit_test(a_negotiated_timeout_does_not_back_off),
		cmocka_unit_test(an_acknowledged_block_begins_with_the_first_wait),
		cmocka_unit_test(repeated_acks_send_nothing),
		cmocka_unit_test(acks_around_the_wrap),
		cmocka_unit_test(a_repeated_request_is_told_from_a_new_one),
		cmocka_unit_test(knows_the_last_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
