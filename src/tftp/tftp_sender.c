#include "tftp/tftp_sender.h"
#include "activity/activity.h"
#include "base/text.h"
#include "boot/session.h"
#include "content/source.h"
#include "io/loop.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define PROGRESS_INTERVAL_MS 1000
#define DETAIL_SIZE          160
#define MESSAGE_SHOWN_SIZE   128

void tftp_note(const struct tftp_sender *sender, struct ip4 client, struct event event)
{
	struct session session;

	event.address = client;
	if (session_copy_address(sender->sessions, client, loop_now_ms(sender->loop) / 1000,
				 &session)) {
		event.has_mac = true;
		event.mac = session.mac;
	}
	activity_note(sender->activity, &event);
}

void tftp_note_transfer(const struct tftp_transfer *transfer, enum event_kind kind,
			const char *detail)
{
	const struct tftp_state *state = &transfer->state;
	bool is_whole = kind == EVENT_TFTP_START || kind == EVENT_TFTP_SENT;
	uint64_t now_ms = loop_now_ms(transfer->sender->loop);

	tftp_note(transfer->sender, transfer->client.address,
		  (struct event){ .kind = kind,
				  .file = transfer->file,
				  .detail = detail,
				  .bytes = is_whole ? state->extent.size_bytes
						    : tftp_acknowledged_bytes(state),
				  .size_bytes = state->extent.size_bytes,
				  .block_size = state->block_size,
				  .duration_ms = now_ms - transfer->started_ms });
}

static void send_packet(const struct tftp_sender *sender, struct udp *udp, struct udp_source source,
			struct endpoint to, struct span packet)
{
	int error = udp_send(udp, source, to, packet);

	if (error < 0 && error != -EAGAIN)
		tftp_note(sender, to.address,
			  (struct event){ .kind = EVENT_TFTP_SEND_FAILED,
					  .detail = strerrordesc_np(-error) });
}

void tftp_send_error(struct tftp_sender *sender, struct udp *udp, struct udp_source source,
		     struct endpoint to, enum tftp_error error, const char *message)
{
	struct writer out = writer_of(sender->packet, sizeof(sender->packet));

	tftp_encode_error(&out, error, message);
	send_packet(sender, udp, source, to, (struct span){ out.start, out.used });
}

/* A transfer's socket is bound to its address. */
static void send_in_transfer(const struct tftp_transfer *transfer, size_t length)
{
	send_packet(transfer->sender, transfer->udp, (struct udp_source){ 0 }, transfer->client,
		    (struct span){ transfer->sender->packet, length });
}

/* The source's word may be under way to the loop still; the place must be kept for it. */
void tftp_sender_release(struct tftp_transfer *transfer)
{
	struct tftp_transfers *transfers = transfer->sender->transfers;

	udp_close(transfer->udp);
	timer_free(transfer->deadline);
	if (transfer->is_growing)
		source_forget(transfer->source, &transfer->waiter);
	source_close(transfer->source);
	if (transfer->growth.is_under_way)
		tftp_transfers_abandon(transfers, transfer, TFTP_STAGE_LEAVING);
	else
		tftp_transfers_remove(transfers, transfer);
}

void tftp_sender_end(struct tftp_transfer *transfer, enum event_kind kind, const char *detail)
{
	tftp_note_transfer(transfer, kind, detail);
	tftp_sender_release(transfer);
}

static void fail(struct tftp_transfer *transfer, enum event_kind kind, const char *message,
		 const char *detail)
{
	tftp_send_error(transfer->sender, transfer->udp, (struct udp_source){ 0 }, transfer->client,
			TFTP_ERROR_UNDEFINED, message);
	tftp_sender_end(transfer, kind, detail);
}

static void send_oack(const struct tftp_transfer *transfer)
{
	struct tftp_sender *sender = transfer->sender;
	struct writer out = writer_of(sender->packet, sizeof(sender->packet));

	tftp_encode_oack(&out, &transfer->state.granted, transfer->state.extent.size_bytes);
	send_in_transfer(transfer, out.used);
}

/* False: the file cannot be sent, and the transfer has ended. A client that has the last block
 * believes it has the file, so that block goes out only if nothing has changed since the first. */
static bool send_block(struct tftp_transfer *transfer, uint64_t block, uint64_t offset,
		       size_t length, bool is_last)
{
	struct tftp_sender *sender = transfer->sender;
	struct writer out = writer_of(sender->packet, sizeof(sender->packet));
	uint8_t *data;
	int error;

	tftp_encode_data_header(&out, tftp_block_number(&transfer->state, block));
	data = write_room(&out, length);
	error = source_read(transfer->source, offset, data, length);
	if ((error < 0 || is_last) && !source_is_unchanged(transfer->source)) {
		fail(transfer, EVENT_TFTP_FILE_CHANGED, "the file changed", NULL);
		return false;
	}
	if (error < 0) {
		fail(transfer, EVENT_TFTP_READ_FAILED, "the server cannot read the file",
		     strerrordesc_np(-error));
		return false;
	}
	send_in_transfer(transfer, out.used);
	return true;
}

static bool send_blocks(struct tftp_transfer *transfer, const struct tftp_turn *turn)
{
	uint64_t offset = turn->offset;
	uint64_t end = turn->offset + turn->length;
	size_t block_size = transfer->state.block_size;

	for (uint32_t i = 0; i < turn->count; i++) {
		size_t length = end - offset < block_size ? end - offset : block_size;
		bool is_last = turn->is_last && i + 1 == turn->count;

		if (!send_block(transfer, turn->block + i, offset, length, is_last))
			return false;
		offset += length;
	}
	return true;
}

static void note_progress(struct tftp_transfer *transfer)
{
	uint64_t now_ms = loop_now_ms(transfer->sender->loop);

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

/* A source that failed is told to the client at once: what it has must not look like the file. */
static bool get_extent(struct tftp_transfer *transfer, struct tftp_extent *out_extent)
{
	struct source_status status = source_status(transfer->source);

	if (status.state == SOURCE_FAILED) {
		fail(transfer, EVENT_TFTP_READ_FAILED, "the server cannot get the rest of the file",
		     describe_failure(status.refusal));
		return false;
	}
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

	loop_post(transfer->sender->loop, &transfer->growth);
}

static void await_growth(struct tftp_transfer *transfer, uint64_t wanted_bytes)
{
	if (transfer->awaits_growth)
		return;
	transfer->awaits_growth = true;
	if (!source_wait(transfer->source, &transfer->waiter, wanted_bytes))
		loop_post(transfer->sender->loop, &transfer->growth);
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
	if (turn->send == TFTP_SEND_OACK)
		send_oack(transfer);
	else if (turn->send == TFTP_SEND_DATA && !send_blocks(transfer, turn))
		return;
	if (turn->deadline_ms > 0)
		timer_start(transfer->deadline, turn->deadline_ms);
	if (turn->wanted_bytes > 0)
		await_growth(transfer, turn->wanted_bytes);
	if (turn->send == TFTP_SEND_DATA)
		note_progress(transfer);
}

static struct tftp_turn decide(struct tftp_transfer *transfer, struct tftp_input input)
{
	input.now_us = loop_clock_us();
	return tftp_decide(&transfer->state, &input);
}

static void on_growth(void *context)
{
	struct tftp_transfer *transfer = context;
	struct tftp_input input = { .kind = TFTP_INPUT_GROWN };
	struct tftp_turn turn;

	if (transfer->stage == TFTP_STAGE_LEAVING) {
		tftp_transfers_remove(transfer->sender->transfers, transfer);
		transfer->sender->on_left(transfer->sender->service);
		return;
	}
	transfer->awaits_growth = false;
	if (!get_extent(transfer, &input.extent))
		return;
	turn = decide(transfer, input);
	apply(transfer, &turn, NULL);
}

static void on_deadline(void *context)
{
	struct tftp_transfer *transfer = context;
	struct tftp_turn turn =
		decide(transfer, (struct tftp_input){ .kind = TFTP_INPUT_DEADLINE });
	char detail[DETAIL_SIZE];

	if (transfer->state.is_at_oack)
		(void)text_format(detail, sizeof(detail), "the options were never acknowledged");
	else
		(void)text_format(detail, sizeof(detail),
				  "block %" PRIu64 " was never acknowledged",
				  transfer->state.acknowledged + 1);
	apply(transfer, &turn, detail);
}

/* Nobody answers an ERROR with an ERROR, or two servers would do it for ever. */
static void answer_wrong_peer(const struct tftp_transfer *transfer, struct endpoint peer,
			      const struct tftp_packet *packet)
{
	tftp_note(transfer->sender, peer.address,
		  (struct event){ .kind = EVENT_TFTP_WRONG_PEER, .file = transfer->file });
	if (packet->opcode != TFTP_OPCODE_ERROR)
		tftp_send_error(transfer->sender, transfer->udp, (struct udp_source){ 0 }, peer,
				TFTP_ERROR_UNKNOWN_TID, "this transfer is another client's");
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

static void take_packet(struct tftp_transfer *transfer, const struct datagram *datagram)
{
	struct tftp_packet packet = { 0 };
	bool is_whole = tftp_decode_packet(datagram->bytes, &packet);

	if (datagram->from.port != transfer->client.port ||
	    !ip4_is_same(datagram->from.address, transfer->client.address))
		answer_wrong_peer(transfer, datagram->from, &packet);
	else if (is_whole &&
		 (packet.opcode == TFTP_OPCODE_ACK || packet.opcode == TFTP_OPCODE_ERROR))
		take_client_packet(transfer, &packet);
	else
		tftp_note_transfer(transfer, EVENT_TFTP_UNEXPECTED_PACKET, NULL);
}

static void on_packets(void *context, const struct datagram *batch, size_t count)
{
	struct tftp_transfer *transfer = context;

	/* A packet may end the transfer; what follows it in the batch is nobody's then. */
	for (size_t i = 0; i < count && transfer->stage == TFTP_STAGE_SENDING; i++)
		take_packet(transfer, &batch[i]);
}

static int open_parts(struct tftp_transfer *transfer)
{
	struct tftp_sender *sender = transfer->sender;
	struct udp_options options = { .local = { .address = transfer->local, .port = 0 } };

	transfer->deadline = timer_new(sender->loop, on_deadline, transfer);
	if (transfer->deadline == NULL)
		return -ENOMEM;
	return udp_open(sender->loop, &options, on_packets, transfer, &transfer->udp);
}

int tftp_sender_begin(struct tftp_transfer *transfer)
{
	struct tftp_sender *sender = transfer->sender;
	struct tftp_extent extent;
	struct tftp_turn turn;
	int error = open_parts(transfer);

	if (error < 0)
		return error;
	transfer->stage = TFTP_STAGE_SENDING;
	transfer->noted_ms = loop_now_ms(sender->loop);
	if (!get_extent(transfer, &extent))
		return 0;
	transfer->is_growing = !extent.is_whole;
	transfer->waiter =
		(struct source_waiter){ .on_change = on_source_change, .context = transfer };
	transfer->growth = (struct letter){ .on_arrival = on_growth, .context = transfer };
	turn = tftp_begin(&transfer->state, &transfer->asked, &extent, &sender->limits,
			  loop_clock_us());
	tftp_note_transfer(transfer, EVENT_TFTP_START, NULL);
	apply(transfer, &turn, NULL);
	return 0;
}
