/* Ten thousand transfers between the engine and a client of RFC 7440, over a network that loses,
 * repeats, delays and reorders, with files that are whole or still grow. All of it is made of a
 * seed, SIMULATION_SEED, and the time is the simulation's own. */
#include "support.h"
#include "tftp/tftp_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TRANSFERS      10000
#define EVENTS_MAX     65536
#define CLIENT_WAIT_US 300000
#define CLIENT_WAITS   40
#define LONGEST_US     (UINT64_C(3600) * 1000000)
#define LARGE_EVERY    2500 /* one transfer of so many goes past block 65535 */

enum event_kind { TO_CLIENT_OACK, TO_CLIENT_DATA, TO_SERVER, DEADLINE, CLIENT_TIMEOUT, GROWTH };

struct event {
	uint64_t at_us;
	uint64_t order; /* of events at the same time: as they were made */
	enum event_kind kind;
	uint16_t number; /* on the wire */
	uint64_t block;  /* what the number means, to see that both sides mean the same */
	uint64_t offset;
	uint32_t length;
	uint64_t generation; /* of deadlines and timeouts: an older one is void */
};

struct client {
	uint64_t received; /* blocks, in order */
	uint64_t bytes;
	uint32_t in_window;   /* blocks since the last ACK */
	bool has_asked_again; /* for the block that is missing */
	bool has_started;
	bool is_complete;
	bool has_given_up;
	unsigned waits;
	uint64_t generation;
};

struct simulation {
	uint64_t random;
	uint64_t now_us;
	struct event heap[EVENTS_MAX];
	uint64_t made;
	size_t count;
	unsigned loss; /* of 1000 packets */
	unsigned repeats;
	uint64_t delay_us;
	uint64_t jitter_us;
	uint64_t size_bytes;
	bool knows_size;
	bool fails; /* the source does, on its way */
	struct tftp_state state;
	struct client client;
	uint64_t deadline_generation;
	enum tftp_verdict verdict;
	bool has_ended;
	bool has_failed; /* the source did */
};

/* SplitMix64. */
static uint64_t next_random(struct simulation *sim)
{
	uint64_t z = sim->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t below(struct simulation *sim, uint64_t limit)
{
	return next_random(sim) % limit;
}

static void swap(struct event *one, struct event *other)
{
	struct event kept = *one;

	*one = *other;
	*other = kept;
}

static bool is_before(const struct event *one, const struct event *other)
{
	return one->at_us < other->at_us ||
	       (one->at_us == other->at_us && one->order < other->order);
}

static void push(struct simulation *sim, struct event event)
{
	size_t at = sim->count++;

	assert_true(sim->count < EVENTS_MAX);
	event.order = sim->made++;
	sim->heap[at] = event;
	for (; at > 0 && is_before(&sim->heap[at], &sim->heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&sim->heap[at], &sim->heap[(at - 1) / 2]);
}

static struct event pop(struct simulation *sim)
{
	struct event first = sim->heap[0];
	size_t at = 0;

	sim->heap[0] = sim->heap[--sim->count];
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < sim->count && is_before(&sim->heap[child + 1], &sim->heap[child]))
			child++;
		if (child >= sim->count || !is_before(&sim->heap[child], &sim->heap[at]))
			return first;
		swap(&sim->heap[at], &sim->heap[child]);
		at = child;
	}
}

static void transmit(struct simulation *sim, struct event packet)
{
	unsigned copies = below(sim, 1000) < sim->repeats ? 2 : 1;

	for (; copies > 0; copies--) {
		packet.at_us = sim->now_us + sim->delay_us + below(sim, sim->jitter_us + 1);
		if (below(sim, 1000) >= sim->loss)
			push(sim, packet);
	}
}

static void send_blocks(struct simulation *sim, const struct tftp_turn *turn)
{
	uint64_t left = turn->length;

	for (uint32_t i = 0; i < turn->count; i++) {
		uint32_t size = sim->state.block_size;
		uint32_t length = left < size ? (uint32_t)left : size;
		uint64_t block = turn->block + i;

		transmit(sim, (struct event){ .kind = TO_CLIENT_DATA,
					      .number = tftp_block_number(&sim->state, block),
					      .block = block,
					      .offset = turn->offset + (uint64_t)i * size,
					      .length = length });
		left -= length;
	}
	assert_int_equal(left, 0);
}

static void apply(struct simulation *sim, const struct tftp_turn *turn)
{
	assert_true(sim->state.sent - sim->state.acknowledged <= sim->state.window);
	if (turn->verdict != TFTP_GOING) {
		sim->verdict = turn->verdict;
		sim->has_ended = true;
		return;
	}
	if (turn->send == TFTP_SEND_OACK)
		transmit(sim, (struct event){ .kind = TO_CLIENT_OACK });
	if (turn->send == TFTP_SEND_DATA)
		send_blocks(sim, turn);
	/* Whatever is sent, or waited for, has an end. */
	assert_true(turn->send == TFTP_SEND_NOTHING || turn->deadline_ms > 0);
	if (turn->deadline_ms > 0)
		push(sim, (struct event){ .kind = DEADLINE,
					  .at_us = sim->now_us + turn->deadline_ms * 1000,
					  .generation = ++sim->deadline_generation });
}

static void acknowledge(struct simulation *sim)
{
	struct client *client = &sim->client;

	client->in_window = 0;
	transmit(sim, (struct event){ .kind = TO_SERVER,
				      .number = tftp_block_number(&sim->state, client->received),
				      .block = client->received });
}

static void set_client_timeout(struct simulation *sim)
{
	push(sim, (struct event){ .kind = CLIENT_TIMEOUT,
				  .at_us = sim->now_us + CLIENT_WAIT_US,
				  .generation = ++sim->client.generation });
}

static void client_takes_data(struct simulation *sim, const struct event *packet)
{
	struct client *client = &sim->client;
	bool is_next = packet->number == tftp_block_number(&sim->state, client->received + 1);

	client->has_started = true;
	if (client->is_complete || !is_next) {
		/* A gap is told once; what is there already is acknowledged again. */
		if (client->is_complete || !client->has_asked_again)
			acknowledge(sim);
		client->has_asked_again = true;
		return;
	}
	/* The number stands for the block that the server means, and every byte is where it
	 * belongs. */
	assert_int_equal(packet->block, client->received + 1);
	assert_int_equal(packet->offset, client->bytes);
	client->received++;
	client->bytes += packet->length;
	client->in_window++;
	client->waits = 0;
	client->has_asked_again = false;
	client->is_complete = packet->length < sim->state.block_size;
	if (client->is_complete)
		assert_int_equal(client->bytes, sim->size_bytes);
	if (client->is_complete || client->in_window == sim->state.window)
		acknowledge(sim);
	set_client_timeout(sim);
}

static void client_times_out(struct simulation *sim)
{
	struct client *client = &sim->client;

	if (client->is_complete)
		return;
	if (client->waits++ == CLIENT_WAITS) {
		client->has_given_up = true;
		return;
	}
	if (client->has_started)
		acknowledge(sim);
	client->has_asked_again = false;
	set_client_timeout(sim);
}

static void server_takes_ack(struct simulation *sim, const struct event *packet)
{
	bool is_repeated =
		!sim->state.is_at_oack &&
		packet->number == tftp_block_number(&sim->state, sim->state.acknowledged);
	struct tftp_input input = { .kind = TFTP_INPUT_ACK,
				    .number = packet->number,
				    .now_us = sim->now_us };
	struct tftp_turn turn = tftp_decide(&sim->state, &input);

	/* The Sorcerer's Apprentice. */
	if (is_repeated)
		assert_int_equal(turn.send, TFTP_SEND_NOTHING);
	apply(sim, &turn);
}

static struct tftp_extent extent_of(const struct simulation *sim, uint64_t available)
{
	bool is_whole = available == sim->size_bytes;

	return (struct tftp_extent){ .available_bytes = available,
				     .size_bytes =
					     is_whole || sim->knows_size ? sim->size_bytes : 0,
				     .has_size = is_whole || sim->knows_size,
				     .is_whole = is_whole };
}

/* Some bytes more, and the next time. */
static void grow(struct simulation *sim)
{
	uint64_t available =
		sim->state.extent.available_bytes + 1 + below(sim, 1 + sim->size_bytes / 4);
	struct tftp_input input = { .kind = TFTP_INPUT_GROWN, .now_us = sim->now_us };
	struct tftp_turn turn;

	if (sim->fails && below(sim, 3) == 0) {
		sim->has_ended = sim->has_failed = true;
		return;
	}
	if (available > sim->size_bytes)
		available = sim->size_bytes;
	input.extent = extent_of(sim, available);
	turn = tftp_decide(&sim->state, &input);
	apply(sim, &turn);
	if (available < sim->size_bytes)
		push(sim,
		     (struct event){ .kind = GROWTH, .at_us = sim->now_us + below(sim, 200000) });
}

static void take(struct simulation *sim, const struct event *event)
{
	struct tftp_input input = { .kind = TFTP_INPUT_DEADLINE, .now_us = sim->now_us };
	struct tftp_turn turn;

	switch (event->kind) {
	case TO_CLIENT_OACK:
		if (sim->client.received == 0 && !sim->client.has_given_up) {
			sim->client.has_started = true;
			acknowledge(sim);
		}
		return;
	case TO_CLIENT_DATA:
		if (!sim->client.has_given_up)
			client_takes_data(sim, event);
		return;
	case CLIENT_TIMEOUT:
		if (event->generation == sim->client.generation)
			client_times_out(sim);
		return;
	case TO_SERVER:
		if (!sim->has_ended)
			server_takes_ack(sim, event);
		return;
	case GROWTH:
		if (!sim->has_ended)
			grow(sim);
		return;
	case DEADLINE:
		break;
	}
	if (sim->has_ended || event->generation != sim->deadline_generation)
		return;
	turn = tftp_decide(&sim->state, &input);
	apply(sim, &turn);
}

/* Everything about a transfer comes from its number. */
static void begin(struct simulation *sim, uint64_t seed, unsigned number)
{
	static const unsigned losses[] = { 0, 0, 10, 50, 200, 500 };
	static const uint16_t block_sizes[] = { 0, 8, 512, 1428 };
	static const uint16_t windows[] = { 0, 1, 2, 4, 16, 64 };
	bool is_large = number % LARGE_EVERY == 0;
	struct tftp_options asked = { 0 };
	struct tftp_limits limits = { .block_size_max = 1468,
				      .window_max = 64,
				      .timeout_ms = 1000 };
	struct tftp_extent extent;
	struct tftp_turn turn;
	bool is_growing;

	memset(sim, 0, sizeof(*sim));
	sim->random = seed + number * UINT64_C(1000003);
	sim->loss = is_large ? 0 : losses[below(sim, COUNT_OF(losses))];
	sim->repeats = is_large ? 0 : (unsigned)below(sim, 200);
	sim->delay_us = below(sim, 20000);
	sim->jitter_us = is_large ? 0 : below(sim, 2) * below(sim, 50000);
	asked.block_size = is_large ? 8 : block_sizes[below(sim, COUNT_OF(block_sizes))];
	asked.window = is_large ? 64 : windows[below(sim, COUNT_OF(windows))];
	asked.has_rollover = below(sim, 2) == 0;
	asked.wraps_to_one = below(sim, 2) == 0;
	asked.has_size = below(sim, 2) == 0;
	sim->size_bytes =
		is_large ? 8 * 140000 + below(sim, 9)
			 : below(sim, 60) * (asked.block_size > 0 ? asked.block_size : 512) +
				   below(sim, 2) * below(sim, 512);
	is_growing = !is_large && below(sim, 3) == 0;
	sim->knows_size = below(sim, 2) == 0;
	sim->fails = is_growing && below(sim, 5) == 0;
	extent = extent_of(sim, is_growing ? 0 : sim->size_bytes);
	set_client_timeout(sim);
	turn = tftp_begin(&sim->state, &asked, &extent, &limits, sim->now_us);
	apply(sim, &turn);
	if (!extent.is_whole)
		push(sim, (struct event){ .kind = GROWTH });
}

struct outcomes {
	unsigned complete;
	unsigned failed_sources;
	unsigned timed_out;
	unsigned given_up;
};

static void run(struct simulation *sim, struct outcomes *outcomes)
{
	while (sim->count > 0 && !(sim->has_ended && sim->client.is_complete)) {
		struct event event = pop(sim);

		sim->now_us = event.at_us;
		assert_true(sim->now_us < LONGEST_US);
		take(sim, &event);
	}
	/* Both have come to an end, and the client has the file or knows that it has not. */
	assert_true(sim->has_ended);
	assert_true(sim->client.is_complete || sim->client.has_given_up);
	assert_false(sim->has_failed && sim->client.is_complete);
	if (sim->loss <= 50 && !sim->fails) {
		assert_true(sim->client.is_complete);
		assert_int_equal(sim->verdict, TFTP_SENT);
	}
	outcomes->complete += sim->client.is_complete;
	outcomes->failed_sources += sim->has_failed;
	outcomes->timed_out += !sim->has_failed && sim->verdict == TFTP_TIMED_OUT;
	outcomes->given_up += sim->client.has_given_up;
}

static void every_transfer_ends_whole_or_in_an_error(void **state)
{
	static struct simulation sim;
	const char *given = getenv("SIMULATION_SEED");
	uint64_t seed = given == NULL ? 1 : strtoull(given, NULL, 10);
	struct outcomes outcomes = { 0 };

	(void)state;
	for (unsigned number = 0; number < TRANSFERS; number++) {
		begin(&sim, seed, number);
		run(&sim, &outcomes);
	}
	print_message("seed %" PRIu64
		      ": %u complete, %u sources failed, %u timed out, %u given up\n",
		      seed, outcomes.complete, outcomes.failed_sources, outcomes.timed_out,
		      outcomes.given_up);
	assert_true(outcomes.complete > TRANSFERS * 8 / 10);
	assert_true(outcomes.failed_sources > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_transfer_ends_whole_or_in_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
