#include "tftp/tftp_worker.h"
#include "activity/activity.h"
#include "boot/session.h"
#include "config/config.h"
#include "io/deadlines.h"
#include "io/outbox.h"
#include "io/udp.h"
#include "tftp/tftp_bounds.h"
#include "tftp/tftp_chunks.h"
#include "tftp/tftp_ports.h"
#include "tftp/tftp_read.h"
#include "tftp/tftp_requests.h"
#include "tftp/tftp_sender.h"
#include "tftp/tftp_transfers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 2,000 machines that ask at once overflow the default. */
#define BUFFER_SIZE (4 * 1024 * 1024)
#define PORTS_MAX   16

void tftp_note(const struct tftp_worker *worker, struct ip client, struct event event)
{
	uint64_t now_s = loop_now_ms(worker->parts.loop) / 1000;
	struct session_boot boot;
	struct session session;

	event.address = client;
	if (session_copy_address(worker->parts.sessions, ip_to_4(client), now_s, &session, &boot)) {
		event.has_mac = true;
		event.mac = session.mac;
	}
	activity_note(worker->parts.activity, &event);
}

void tftp_note_transfer(const struct tftp_transfer *transfer, enum event_kind kind,
			const char *detail)
{
	const struct tftp_state *state = &transfer->state;
	bool is_whole = kind == EVENT_TFTP_START || kind == EVENT_TFTP_SENT;
	uint64_t now_ms = loop_now_ms(transfer->worker->parts.loop);

	tftp_note(transfer->worker, transfer->client.address,
		  (struct event){ .kind = kind,
				  .file = transfer->file,
				  .detail = detail,
				  .bytes = is_whole ? state->extent.size_bytes
						    : tftp_acknowledged_bytes(state),
				  .size_bytes = state->extent.size_bytes,
				  .block_size = state->block_size,
				  .duration_ms = now_ms - transfer->started_ms,
				  .resent_count = state->resent_count,
				  .round_trip_us = state->round_trip_us });
}

static void on_send_failure(void *context, const struct outbox_letter *letter, int error)
{
	const struct tftp_worker *worker = context;

	tftp_note(worker, letter->to.address,
		  (struct event){ .kind = EVENT_TFTP_SEND_FAILED,
				  .detail = strerrordesc_np(-error) });
}

void tftp_worker_open_turn(struct tftp_worker *worker)
{
	worker->now_us = loop_clock_us();
	worker->turn_bytes = 0;
}

void tftp_worker_close_turn(struct tftp_worker *worker)
{
	outbox_flush(worker->outbox);
}

static void free_worker(struct tftp_worker *worker)
{
	udp_close(worker->listener);
	tftp_ports_close(worker->ports);
	outbox_free(worker->outbox);
	tftp_transfers_free(worker->transfers);
	deadlines_free(worker->deadlines);
	tftp_bounds_free(worker->bounds);
	tftp_chunks_free(worker->chunks);
	free(worker);
}

struct listening tftp_worker_listening(const struct tftp_service_parts *parts)
{
	return config_listening(&parts->config->tftp.address, parts->served, parts->served_count);
}

static int open_ports(struct tftp_worker *worker, struct listening listening)
{
	const struct port_range *range = &worker->parts.config->tftp.port_range;
	size_t share = (range->last - range->first + (size_t)1) / worker->parts.worker_count;
	struct tftp_ports_options options = { .loop = worker->parts.loop,
					      .worker = worker,
					      .listening = listening,
					      .first = range->first,
					      .last = range->last,
					      .count = PORTS_MAX };

	if (range->first > 0 && share < PORTS_MAX)
		options.count = (uint16_t)share;

	return tftp_ports_open(&options, tftp_sender_on_packets, &worker->ports);
}

static int open_sockets(struct tftp_worker *worker)
{
	const struct tftp_config *config = &worker->parts.config->tftp;
	struct listening listening = tftp_worker_listening(&worker->parts);
	struct udp_options options = { .families = listening.families,
				       .local = { listening.address, config->port },
				       .shares_port = worker->parts.worker_count > 1,
				       .expects_answers = config->uses_single_port,
				       .receive_buffer = BUFFER_SIZE,
				       .send_buffer = BUFFER_SIZE };
	int error;

	worker->is_on_one_address = ip_is_set(listening.address);
	error = udp_open(worker->parts.loop, &options, tftp_requests_on_packets, worker,
			 &worker->listener);
	return error < 0 ? error : open_ports(worker, listening);
}

void tftp_worker_configure(struct tftp_worker *worker, const struct tftp_service_parts *parts)
{
	const struct tftp_config *config = &parts->config->tftp;
	struct loop *loop = worker->parts.loop;

	worker->parts = *parts;
	if (loop != NULL)
		worker->parts.loop = loop;
	worker->only_address = tftp_worker_listening(parts).address;
	worker->limits = (struct tftp_limits){ .block_size_max = config->block_size_max,
					       .window_max = config->window_max,
					       .timeout_ms = config->timeout_ms,
					       .wraps_to_one = config->rollover == 1 };
}

int tftp_worker_open(const struct tftp_service_parts *parts, struct tftp_bounds *bounds,
		     bool is_first, struct tftp_worker **out_worker)
{
	struct tftp_worker *worker = calloc(1, sizeof(*worker));
	int error = -ENOMEM;

	if (worker == NULL)
		return -ENOMEM;
	tftp_worker_configure(worker, parts);
	worker->is_first = is_first;
	worker->bounds = tftp_bounds_hold(bounds);
	worker->bulk = (struct letter){ .on_arrival = tftp_sender_on_bulk, .context = worker };
	worker->postponed.letter =
		(struct letter){ .on_arrival = tftp_requests_on_postponed, .context = worker };
	worker->transfers = tftp_transfers_new(parts->config->tftp.transfers_max);
	worker->deadlines = deadlines_new(worker->parts.loop);
	worker->outbox = outbox_new(on_send_failure, worker);
	worker->chunks = tftp_chunks_new();
	if (worker->transfers != NULL && worker->deadlines != NULL && worker->outbox != NULL &&
	    worker->chunks != NULL)
		error = open_sockets(worker);
	if (error < 0) {
		free_worker(worker);
		return error;
	}
	*out_worker = worker;
	return 0;
}

void tftp_worker_leave(struct tftp_worker *worker)
{
	if (worker->is_stopped && tftp_transfers_count(worker->transfers) == 0 &&
	    !worker->bulk.is_under_way && !worker->postponed.letter.is_under_way)
		free_worker(worker);
}

/* Those that wait for their turn do not get one any more. */
static void clear_bulk(struct tftp_worker *worker)
{
	while (worker->bulk_first != NULL) {
		worker->bulk_first->is_in_bulk = false;
		worker->bulk_first = worker->bulk_first->bulk_next;
	}
	worker->bulk_last = NULL;
}

void tftp_worker_stop(struct tftp_worker *worker)
{
	struct tftp_transfer *transfer = NULL;

	clear_bulk(worker);
	while ((transfer = tftp_transfers_next(worker->transfers, transfer)) != NULL) {
		if (transfer->stage == TFTP_STAGE_SENDING)
			tftp_sender_release(transfer);
		else if (transfer->stage == TFTP_STAGE_OPENING)
			tftp_transfers_abandon(worker->transfers, transfer, TFTP_STAGE_ABANDONED);
	}
	udp_close(worker->listener);
	worker->listener = NULL;
	tftp_ports_close(worker->ports);
	worker->ports = NULL;
	worker->is_stopped = true;
	tftp_worker_leave(worker);
}
