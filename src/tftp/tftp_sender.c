#include "tftp/tftp_sender.h"
#include "base/text.h"
#include "config/config.h"
#include "content/source.h"
#include "io/loop.h"
#include "io/outbox.h"
#include "tftp/tftp_bounds.h"
#include "tftp/tftp_netascii.h"
#include "tftp/tftp_ports.h"
#include "tftp/tftp_read.h"
#include "tftp/tftp_worker.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define PROGRESS_INTERVAL_MS 1000
#define DETAIL_SIZE          160
#define MESSAGE_SHOWN_SIZE   128

/* What a file has to be larger than to wait for others. */
#define SMALL_SIZE ((uint64_t)64 * 1024)
/* What bulk may send before others are heard. */
#define TURN_SIZE ((uint64_t)512 * 1024)

void tftp_send_error(struct tftp_worker *worker, struct udp *udp, struct udp_source source,
		     struct ip_endpoint to, enum tftp_error error, const char *message)
{
	size_t size = TFTP_DATA_HEADER_SIZE + TFTP_ERROR_MESSAGE_SIZE;
	struct writer out = writer_of(outbox_room(worker->outbox, udp, size), size);

	tftp_encode_error(&out, error, message);
	outbox_put(worker->outbox,
		   &(struct outbox_letter){ .source = source, .to = to, .length = out.used });
}

static struct udp *udp_of(const struct tftp_transfer *transfer)
{
	return transfer->port != NULL ? transfer->port->udp : transfer->worker->listener;
}

static void put(const struct tftp_transfer *transfer, size_t length, uint16_t segment_size)
{
	outbox_put(transfer->worker->outbox,
		   &(struct outbox_letter){ .source = { .address = transfer->local },
					    .to = transfer->client,
					    .length = length,
					    .segment_size = segment_size });
}

/* Nothing is under way to it: its place may be another's. */
static bool may_leave(const struct tftp_transfer *transfer)
{
	return !transfer->growth.is_under_way && !transfer->is_in_bulk && transfer->read == NULL;
}

static void close_source(struct tftp_transfer *transfer)
{
	source_close(transfer->source);
	transfer->source = NULL;
}

static void leave(struct tftp_transfer *transfer)
{
	struct tftp_worker *worker = transfer->worker;

	close_source(transfer);
	tftp_bounds_give_back(worker->bounds, transfer->client.address);
	tftp_transfers_remove(worker->transfers, transfer);
}

/* What comes for a transfer that has ended is thrown away. */
static void leave_late(struct tftp_transfer *transfer)
{
	struct tftp_worker *worker = transfer->worker;

	if (!may_leave(transfer))
		return;
	leave(transfer);
	tftp_worker_leave(worker);
}

void tftp_sender_release(struct tftp_transfer *transfer)
{
	deadline_clear(&transfer->deadline);
	tftp_netascii_free(transfer->netascii);
	transfer->netascii = NULL;
	if (transfer->is_growing)
		source_forget(transfer->source, &transfer->waiter);
	if (transfer->stage == TFTP_STAGE_SENDING && transfer->port != NULL)
		transfer->port->transfer_count--;
	if (transfer->read == NULL)
		close_source(transfer);
	if (may_leave(transfer))
		leave(transfer);
	else
		tftp_transfers_abandon(transfer->worker->transfers, transfer, TFTP_STAGE_LEAVING);
}

void tftp_sender_end(struct tftp_transfer *transfer, enum event_kind kind, const char *detail)
{
	tftp_note_transfer(transfer, kind, detail);
	tftp_sender_release(transfer);
}

static void fail(struct tftp_transfer *transfer, enum event_kind kind, const char *message,
		 const char *detail)
{
	tftp_send_error(transfer->worker, udp_of(transfer),
			(struct udp_source){ .address = transfer->local }, transfer->client,
			TFTP_ERROR_UNDEFINED, message);
	tftp_sender_end(transfer, kind, detail);
}

static void send_oack(const struct tftp_transfer *transfer)
{
	struct outbox *outbox = transfer->worker->outbox;
	struct writer out = writer_of(outbox_room(outbox, udp_of(transfer), TFTP_OACK_SIZE_MAX),
				      TFTP_OACK_SIZE_MAX);

	tftp_encode_oack(&out, &transfer->state.granted, transfer->state.extent.size_bytes);
	put(transfer, out.used, 0);
}

/* Those of the turn's blocks that fit one letter. */
static struct tftp_blocks next_blocks(const struct tftp_transfer *transfer,
				      const struct tftp_turn *turn)
{
	uint32_t block_size = transfer->state.block_size;
	uint32_t fitting = OUTBOX_LETTER_MAX / (block_size + TFTP_DATA_HEADER_SIZE);
	struct tftp_blocks blocks = { .first = turn->block, .offset = turn->offset };

	if (fitting > OUTBOX_SEGMENTS_MAX)
		fitting = OUTBOX_SEGMENTS_MAX;
	blocks.count = turn->count < fitting ? turn->count : fitting;
	blocks.length = (size_t)blocks.count * block_size;
	if (blocks.length > turn->length)
		blocks.length = turn->length;
	return blocks;
}

enum outcome { IS_SENT, IS_WAITING, HAS_ENDED };

/* A client that has the last block believes it has the file, so that block goes out only if nothing
 * has changed since the first. */
static enum outcome end_unreadable(struct tftp_transfer *transfer, int error)
{
	if (!source_is_unchanged(transfer->source))
		fail(transfer, EVENT_TFTP_FILE_CHANGED, "the file changed", NULL);
	else
		fail(transfer, EVENT_TFTP_READ_FAILED, "the server cannot read the file",
		     strerrordesc_np(-error));
	return HAS_ENDED;
}

/* Sends what of the turn is not sent yet; what has left is taken off the turn. */
static enum outcome send_blocks(struct tftp_transfer *transfer, struct tftp_turn *turn)
{
	struct tftp_worker *worker = transfer->worker;
	size_t segment_size = transfer->state.block_size + TFTP_DATA_HEADER_SIZE;

	while (turn->count > 0) {
		struct tftp_blocks blocks = next_blocks(transfer, turn);
		bool is_last = turn->is_last && blocks.count == turn->count;
		uint8_t *room =
			outbox_room(worker->outbox, udp_of(transfer), blocks.count * segment_size);
		int error = transfer->read != NULL ? tftp_read_finished(transfer, &blocks, room)
						   : tftp_read_now(transfer, &blocks, room);

		if (error == -EAGAIN)
			return IS_WAITING;
		if (error < 0 || (is_last && !source_is_unchanged(transfer->source)))
			return end_unreadable(transfer, error);
		put(transfer, blocks.length + (size_t)blocks.count * TFTP_DATA_HEADER_SIZE,
		    (uint16_t)segment_size);
		worker->turn_bytes += blocks.length;
		turn->block += blocks.count;
		turn->count -= blocks.count;
		turn->offset += blocks.length;
		turn->length -= blocks.length;
	}
	return IS_SENT;
}

static void note_progress(struct tftp_transfer *transfer)
{
	uint64_t now_ms = loop_now_ms(transfer->worker->parts.loop);

	if (now_ms - transfer->noted_ms < PROGRESS_INTERVAL_MS)
		return;
	transfer->noted_ms = now_ms;
	tftp_note_transfer(transfer, EVENT_TFTP_PROGRESS, NULL);
}

static const char *describe_failure(enum content_refusal refusal)
{
	switch (refusal) {
	case CONTENT_UNREACHABLE:
		return "the upstream does not answer any more";
	case CONTENT_BROKEN:
		return "the upstream's answer broke off";
	case CONTENT_OUT_OF_RESOURCES:
		return "there is no room for the rest of the file";
	default:
		return "the rest of the file cannot be had";
	}
}

/* False: the file cannot be read, and the transfer has ended. Its size as netascii is known only at
 * its end. */
static bool convert(struct tftp_transfer *transfer, const struct source_status *status,
		    struct tftp_extent *out_extent)
{
	struct tftp_netascii *netascii = transfer->netascii;
	int error = tftp_netascii_fill(netascii, transfer->source, status->available_bytes,
				       status->state == SOURCE_WHOLE);

	if (error < 0) {
		(void)end_unreadable(transfer, error);
		return false;
	}
	*out_extent = (struct tftp_extent){ .available_bytes = tftp_netascii_size(netascii),
					    .has_size = tftp_netascii_is_at_end(netascii),
					    .is_whole = tftp_netascii_is_at_end(netascii) };
	if (out_extent->has_size)
		out_extent->size_bytes = out_extent->available_bytes;
	return true;
}

/* A source that failed is told to the client at once: what it has must not look like the file. */
static bool get_extent(struct tftp_transfer *transfer, struct tftp_extent *out_extent)
{
	struct source_status status = source_status(transfer->source);

	if (status.state == SOURCE_FAILED) {
		fail(transfer, EVENT_TFTP_READ_FAILED, "the server cannot get the rest of the file",
		     describe_failure(status.refusal));
		return false;
	}
	if (transfer->netascii != NULL)
		return convert(transfer, &status, out_extent);
	*out_extent = (struct tftp_extent){ .available_bytes = status.available_bytes,
					    .size_bytes = status.has_size ? status.size_bytes : 0,
					    .has_size = status.has_size,
					    .is_whole = status.state == SOURCE_WHOLE };
	return true;
}

/* Called from any thread. */
static void on_source_change(void *context)
{
	struct tftp_transfer *transfer = context;

	loop_post(transfer->worker->parts.loop, &transfer->growth);
}

static void await_growth(struct tftp_transfer *transfer, uint64_t wanted_bytes)
{
	if (transfer->awaits_growth)
		return;
	transfer->awaits_growth = true;
	/* Not bytes of the file are wanted but of what is made of them: whatever comes is more. */
	if (transfer->netascii != NULL)
		wanted_bytes = transfer->is_growing
				       ? source_status(transfer->source).available_bytes + 1
				       : 0;
	if (!source_wait(transfer->source, &transfer->waiter, wanted_bytes))
		loop_post(transfer->worker->parts.loop, &transfer->growth);
}

/* What the turn asks for beside the packets that have left. */
static void complete(struct tftp_transfer *transfer, const struct tftp_turn *turn)
{
	if (turn->deadline_ms > 0)
		deadline_set(transfer->worker->deadlines, &transfer->deadline, turn->deadline_ms);
	if (turn->wanted_bytes > 0)
		await_growth(transfer, turn->wanted_bytes);
	if (turn->send == TFTP_SEND_DATA)
		note_progress(transfer);
}

static void await_bulk(struct tftp_transfer *transfer)
{
	struct tftp_worker *worker = transfer->worker;

	if (transfer->is_in_bulk)
		return;
	transfer->is_in_bulk = true;
	transfer->bulk_next = NULL;
	if (worker->bulk_last != NULL)
		worker->bulk_last->bulk_next = transfer;
	else
		worker->bulk_first = transfer;
	worker->bulk_last = transfer;
	loop_post(worker->parts.loop, &worker->bulk);
}

static bool is_bulk(const struct tftp_transfer *transfer)
{
	const struct tftp_extent *extent = &transfer->state.extent;

	return !extent->has_size || extent->size_bytes > SMALL_SIZE;
}

/* Bulk that has used up this turn waits for the next one, behind what waits already. */
static bool must_wait_its_turn(const struct tftp_transfer *transfer)
{
	const struct tftp_worker *worker = transfer->worker;

	return is_bulk(transfer) && (worker->turn_bytes >= TURN_SIZE || worker->bulk_first != NULL);
}

static void send_pending(struct tftp_transfer *transfer)
{
	switch (send_blocks(transfer, &transfer->pending)) {
	case IS_SENT:
		complete(transfer, &transfer->pending);
		return;
	case IS_WAITING:
		if (tftp_read_begin(transfer) < 0)
			fail(transfer, EVENT_TFTP_READ_FAILED, "the server is out of memory",
			     strerrordesc_np(ENOMEM));
		return;
	case HAS_ENDED:
		return;
	}
}

/* The newest turn is the one that counts: one that still waits is left out by it, because a window
 * begins where the client's last ACK says. */
static void send_data(struct tftp_transfer *transfer, const struct tftp_turn *turn)
{
	bool must_wait = must_wait_its_turn(transfer);

	transfer->pending = *turn;
	if (transfer->read != NULL || transfer->is_in_bulk || must_wait)
		deadline_clear(&transfer->deadline);
	if (transfer->read != NULL)
		return;
	if (transfer->is_in_bulk || must_wait)
		await_bulk(transfer);
	else
		send_pending(transfer);
}

static void apply(struct tftp_transfer *transfer, const struct tftp_turn *turn, const char *detail)
{
	static const enum event_kind ends[] = {
		[TFTP_SENT] = EVENT_TFTP_SENT,
		[TFTP_ABORTED] = EVENT_TFTP_ABORTED,
		[TFTP_CLIENT_ERROR] = EVENT_TFTP_CLIENT_ERROR,
		[TFTP_TIMED_OUT] = EVENT_TFTP_TIMED_OUT,
	};

	if (turn->verdict == TFTP_STALLED) {
		fail(transfer, EVENT_TFTP_READ_FAILED, "the server cannot get the rest of the file",
		     "no more of it came for a minute");
		return;
	}
	if (turn->verdict != TFTP_GOING) {
		tftp_sender_end(transfer, ends[turn->verdict], detail);
		return;
	}
	if (turn->send == TFTP_SEND_DATA) {
		send_data(transfer, turn);
		return;
	}
	if (turn->send == TFTP_SEND_OACK)
		send_oack(transfer);
	complete(transfer, turn);
}

static struct tftp_turn decide(struct tftp_transfer *transfer, struct tftp_input input)
{
	input.now_us = transfer->worker->now_us;
	return tftp_decide(&transfer->state, &input);
}

static void on_growth(void *context)
{
	struct tftp_transfer *transfer = context;
	struct tftp_worker *worker = transfer->worker;
	struct tftp_input input = { .kind = TFTP_INPUT_GROWN };
	struct tftp_turn turn;

	if (transfer->stage == TFTP_STAGE_LEAVING) {
		leave_late(transfer);
		return;
	}
	transfer->awaits_growth = false;
	tftp_worker_open_turn(worker);
	if (get_extent(transfer, &input.extent)) {
		turn = decide(transfer, input);
		apply(transfer, &turn, NULL);
	}
	tftp_worker_close_turn(worker);
}

/* The turn for which it was read. */
static void send_what_was_read(struct tftp_transfer *transfer)
{
	switch (send_blocks(transfer, &transfer->pending)) {
	case IS_SENT:
		tftp_read_done(transfer);
		complete(transfer, &transfer->pending);
		return;
	case IS_WAITING: /* it never waits for what was read */
	case HAS_ENDED:
		tftp_read_done(transfer);
		leave_late(transfer);
		return;
	}
}

void tftp_sender_on_read(struct tftp_transfer *transfer)
{
	struct tftp_worker *worker = transfer->worker;

	if (transfer->stage == TFTP_STAGE_LEAVING) {
		tftp_read_done(transfer);
		leave_late(transfer);
		return;
	}
	tftp_worker_open_turn(worker);
	if (tftp_read_is_of_pending(transfer)) {
		send_what_was_read(transfer);
	} else {
		tftp_read_done(transfer);
		send_pending(transfer);
	}
	tftp_worker_close_turn(worker);
}

void tftp_sender_on_bulk(void *context)
{
	struct tftp_worker *worker = context;

	if (worker->is_stopped) {
		tftp_worker_leave(worker);
		return;
	}
	tftp_worker_open_turn(worker);
	while (worker->bulk_first != NULL && worker->turn_bytes < TURN_SIZE) {
		struct tftp_transfer *transfer = worker->bulk_first;

		worker->bulk_first = transfer->bulk_next;
		if (worker->bulk_first == NULL)
			worker->bulk_last = NULL;
		transfer->is_in_bulk = false;
		if (transfer->stage == TFTP_STAGE_LEAVING)
			leave_late(transfer);
		else
			send_pending(transfer);
	}
	if (worker->bulk_first != NULL)
		loop_post(worker->parts.loop, &worker->bulk);
	tftp_worker_close_turn(worker);
}

static void on_deadline(void *context)
{
	struct tftp_transfer *transfer = context;
	struct tftp_worker *worker = transfer->worker;
	struct tftp_turn turn;
	char detail[DETAIL_SIZE];

	tftp_worker_open_turn(worker);
	turn = decide(transfer, (struct tftp_input){ .kind = TFTP_INPUT_DEADLINE });
	if (transfer->state.is_at_oack)
		(void)text_format(detail, sizeof(detail), "the options were never acknowledged");
	else
		(void)text_format(detail, sizeof(detail),
				  "block %" PRIu64 " was never acknowledged",
				  transfer->state.acknowledged + 1);
	apply(transfer, &turn, detail);
	tftp_worker_close_turn(worker);
}

static void take_client_packet(struct tftp_transfer *transfer, const struct tftp_packet *packet)
{
	struct tftp_input input = { .kind = TFTP_INPUT_ACK, .number = packet->block };
	struct tftp_turn turn;
	char message[MESSAGE_SHOWN_SIZE];
	char detail[DETAIL_SIZE];

	if (packet->opcode == TFTP_OPCODE_ACK) {
		turn = decide(transfer, input);
		apply(transfer, &turn, NULL);
		return;
	}
	input = (struct tftp_input){ .kind = TFTP_INPUT_ERROR, .number = packet->error };
	turn = decide(transfer, input);
	text_escape(message, sizeof(message), packet->message);
	(void)text_format(detail, sizeof(detail), "error %u: %s", packet->error, message);
	apply(transfer, &turn, detail);
}

void tftp_sender_take(struct tftp_transfer *transfer, const struct datagram *datagram)
{
	struct tftp_packet packet = { 0 };

	if (tftp_decode_packet(datagram->bytes, &packet) &&
	    (packet.opcode == TFTP_OPCODE_ACK || packet.opcode == TFTP_OPCODE_ERROR))
		take_client_packet(transfer, &packet);
	else
		tftp_note_transfer(transfer, EVENT_TFTP_UNEXPECTED_PACKET, NULL);
}

/* Late packets of the client's last transfer are thrown away: an ERROR might end its next one.
 * Nobody answers an ERROR with an ERROR, or two servers would do it for ever; and where no transfer
 * is, nobody need be told. */
static void take_stray(struct tftp_port *port, const struct datagram *datagram)
{
	struct tftp_worker *worker = port->worker;
	struct tftp_packet packet = { 0 };

	if (tftp_ports_is_last(worker->ports, port, datagram->from) || port->transfer_count == 0) {
		tftp_note(worker, datagram->from.address,
			  (struct event){ .kind = EVENT_TFTP_LATE_PACKET });
		return;
	}
	tftp_note(worker, datagram->from.address, (struct event){ .kind = EVENT_TFTP_WRONG_PEER });
	(void)tftp_decode_packet(datagram->bytes, &packet);
	if (packet.opcode != TFTP_OPCODE_ERROR)
		tftp_send_error(worker, port->udp,
				(struct udp_source){ .address = datagram->local }, datagram->from,
				TFTP_ERROR_UNKNOWN_TID, "this transfer is another client's");
}

static struct tftp_transfer *find(const struct tftp_port *port, const struct datagram *datagram)
{
	struct tftp_transfer *transfer =
		tftp_transfers_find(port->worker->transfers, datagram->from);

	if (transfer == NULL || transfer->stage != TFTP_STAGE_SENDING || transfer->port != port)
		return NULL;
	return transfer;
}

void tftp_sender_on_packets(void *context, const struct datagram *batch, size_t count)
{
	struct tftp_port *port = context;
	struct tftp_transfer *bulk[UDP_BATCH_MAX] = { NULL };

	tftp_worker_open_turn(port->worker);
	/* Small files overtake: a loader that waits for one block need not wait for windows. */
	for (size_t i = 0; i < count; i++) {
		struct tftp_transfer *transfer = find(port, &batch[i]);

		if (transfer == NULL)
			take_stray(port, &batch[i]);
		else if (is_bulk(transfer))
			bulk[i] = transfer;
		else
			tftp_sender_take(transfer, &batch[i]);
	}
	for (size_t i = 0; i < count; i++) {
		/* A packet may have ended it; what follows is nobody's then. */
		if (bulk[i] != NULL && bulk[i]->stage == TFTP_STAGE_SENDING)
			tftp_sender_take(bulk[i], &batch[i]);
	}
	tftp_worker_close_turn(port->worker);
}

/* Of netascii nothing is there yet: its blocks are made one by one, so there are no windows, and
 * its size is not known. False: there is no memory, and the transfer has ended. */
static bool begin_turns(struct tftp_transfer *transfer, struct tftp_extent extent,
			struct tftp_turn *out_turn)
{
	struct tftp_worker *worker = transfer->worker;
	struct tftp_limits limits = worker->limits;
	struct tftp_state *state = &transfer->state;

	if (limits.block_size_max > transfer->block_size_max)
		limits.block_size_max = transfer->block_size_max;
	if (limits.window_max > transfer->window_max)
		limits.window_max = transfer->window_max;
	if (transfer->is_netascii) {
		transfer->asked.window = 0;
		extent = (struct tftp_extent){ 0 };
	}
	*out_turn = tftp_begin(state, &transfer->asked, &extent, &limits, worker->now_us);
	if (transfer->is_netascii)
		transfer->netascii = tftp_netascii_new(state->block_size);
	if (!transfer->is_netascii || transfer->netascii != NULL)
		return true;
	fail(transfer, EVENT_TFTP_BUSY, "the server is out of memory", strerrordesc_np(ENOMEM));
	return false;
}

void tftp_sender_begin(struct tftp_transfer *transfer)
{
	struct tftp_worker *worker = transfer->worker;
	struct tftp_extent extent;
	struct tftp_turn turn;

	transfer->stage = TFTP_STAGE_SENDING;
	transfer->noted_ms = loop_now_ms(worker->parts.loop);
	if (!worker->parts.config->tftp.uses_single_port) {
		transfer->port = tftp_ports_choose(worker->ports, transfer->client);
		transfer->port->transfer_count++;
	}
	if (!get_extent(transfer, &extent))
		return;
	transfer->is_growing = !extent.is_whole;
	transfer->waiter =
		(struct source_waiter){ .on_change = on_source_change, .context = transfer };
	transfer->deadline = (struct deadline){ .on_pass = on_deadline, .context = transfer };
	transfer->growth = (struct letter){ .on_arrival = on_growth, .context = transfer };
	if (begin_turns(transfer, extent, &turn)) {
		tftp_note_transfer(transfer, EVENT_TFTP_START, NULL);
		apply(transfer, &turn, NULL);
	}
}
