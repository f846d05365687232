#include "tftp/tftp_requests.h"
#include "base/text.h"
#include "boot/access.h"
#include "boot/architecture.h"
#include "boot/session.h"
#include "config/config.h"
#include "content/content.h"
#include "io/loop.h"
#include "io/outbox.h"
#include "tftp/tftp_bounds.h"
#include "tftp/tftp_caps.h"
#include "tftp/tftp_sender.h"
#include "tftp/tftp_transfers.h"
#include "tftp/tftp_wire.h"
#include "tftp/tftp_worker.h"

#include <errno.h>
#include <string.h>

#define MTU_AGE_MS 5000
/* IP's header, UDP's and TFTP's. */
#define HEADERS_SIZE     (20 + 8 + TFTP_DATA_HEADER_SIZE)
#define IP6_HEADERS_SIZE (40 + 8 + TFTP_DATA_HEADER_SIZE)
#define IPV4_MTU_MIN     68 /* RFC 791 */

/* What a client is told, and what is counted. */
struct refusal {
	enum event_kind event;
	enum tftp_error error;
	const char *message;
};

/* Before a transfer has its socket, its client is answered from the listening one. Without a
 * detail, the log says what the client is told. */
static void refuse(struct tftp_transfer *transfer, const struct refusal *refusal,
		   const char *detail)
{
	tftp_send_error(transfer->worker, transfer->worker->listener,
			(struct udp_source){ .address = transfer->local }, transfer->client,
			refusal->error, refusal->message);
	tftp_sender_end(transfer, refusal->event, detail != NULL ? detail : refusal->message);
}

static void let_go_of_abandoned(struct tftp_transfer *transfer)
{
	struct tftp_worker *worker = transfer->worker;

	tftp_sender_release(transfer);
	tftp_worker_leave(worker);
}

/* From here on the log tells where the file comes from. */
static void name_translated(struct tftp_transfer *transfer, const struct content_answer *answer)
{
	size_t used = strlen(transfer->file);

	if (answer->translated_path[0] != '\0')
		(void)text_format(transfer->file + used, sizeof(transfer->file) - used,
				  " (from %s)", answer->translated_path);
}

static void on_open(void *context, const struct content_answer *answer)
{
	static const struct refusal refusals[] = {
		/* Some loaders fall back to another name only after error 1 (shim), so a name that
		 * no file can have is just not found. */
		[CONTENT_BAD_NAME] = { EVENT_TFTP_REFUSED, TFTP_ERROR_NOT_FOUND,
				       "no file can have this name" },
		[CONTENT_NOT_FOUND] = { EVENT_TFTP_NOT_FOUND, TFTP_ERROR_NOT_FOUND,
					"file not found" },
		[CONTENT_FORBIDDEN] = { EVENT_TFTP_REFUSED, TFTP_ERROR_ACCESS, "access refused" },
		[CONTENT_OUT_OF_RESOURCES] = { EVENT_TFTP_BUSY, TFTP_ERROR_UNDEFINED,
					       "the server is out of resources, try again later" },
		[CONTENT_UNREADABLE] = { EVENT_TFTP_READ_FAILED, TFTP_ERROR_UNDEFINED,
					 "the server cannot read the file" },
		[CONTENT_UNREACHABLE] = { EVENT_TFTP_READ_FAILED, TFTP_ERROR_UNDEFINED,
					  "the server cannot get the file" },
		[CONTENT_BROKEN] = { EVENT_TFTP_READ_FAILED, TFTP_ERROR_UNDEFINED,
				     "the server cannot get the file" },
	};
	static const struct refusal optional = { EVENT_TFTP_OPTIONAL, TFTP_ERROR_NOT_FOUND,
						 "file not found" };
	struct tftp_transfer *transfer = context;
	struct tftp_worker *worker = transfer->worker;

	transfer->source = answer->source;
	if (answer->refusal == CONTENT_OK)
		name_translated(transfer, answer);
	if (transfer->stage == TFTP_STAGE_ABANDONED) {
		let_go_of_abandoned(transfer);
		return;
	}
	tftp_worker_open_turn(worker);
	if (answer->is_optional)
		refuse(transfer, &optional, answer->sentence);
	else if (answer->refusal != CONTENT_OK)
		refuse(transfer, &refusals[answer->refusal], answer->sentence);
	else
		tftp_sender_begin(transfer);
	tftp_worker_close_turn(worker);
}

/* Refuses a request for which there is no transfer. */
static void refuse_request(struct tftp_worker *worker, const struct datagram *datagram,
			   const struct refusal *refusal, struct span name, const char *detail)
{
	char file[TFTP_FILE_SHOWN_SIZE];

	text_escape(file, sizeof(file), name);
	tftp_note(worker, datagram->from.address,
		  (struct event){ .kind = refusal->event,
				  .file = file,
				  .detail = detail != NULL ? detail : refusal->message });
	tftp_send_error(worker, worker->listener, (struct udp_source){ .address = datagram->local },
			datagram->from, refusal->error, refusal->message);
}

/* FNV-1a. Only a client could make two of its own requests look alike. */
static uint64_t identify(struct span request)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < request.length; i++)
		hash = (hash ^ request.bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static struct content_asker asker_of(const struct session *session, struct ip address)
{
	struct content_asker asker = { .ip = ip_format(address) };

	if (session == NULL)
		return asker;
	asker.mac = mac_format(session->mac);
	if (session->has_uuid)
		asker.uuid = uuid_format(session->uuid);
	if (session->has_architecture)
		architecture_format(session->architecture, asker.arch, sizeof(asker.arch));
	(void)text_copy(asker.file, sizeof(asker.file), session->boot->file);
	(void)text_copy(asker.client, sizeof(asker.client), session->boot->client);
	(void)text_copy(asker.loader, sizeof(asker.loader), session->boot->loader.file);
	return asker;
}

/* NULL: there is no place for it, which the client is told. */
static struct tftp_transfer *add_transfer(struct tftp_worker *worker,
					  const struct datagram *datagram, struct span name)
{
	static const struct refusal refusals[] = {
		[TFTP_BOUND_ALL] = { EVENT_TFTP_BUSY, TFTP_ERROR_UNDEFINED,
				     "too many transfers, try again later" },
		[TFTP_BOUND_CLIENT] = { EVENT_TFTP_BUSY, TFTP_ERROR_UNDEFINED,
					"too many transfers of this client" },
	};
	enum tftp_bound bound = tftp_bounds_take(worker->bounds, datagram->from.address,
						 worker->parts.config->tftp.client_transfers_max);

	if (bound == TFTP_BOUND_OK)
		return tftp_transfers_add(worker->transfers, datagram->from);
	refuse_request(worker, datagram, &refusals[bound], name, NULL);
	return NULL;
}

/* A link that cannot be asked is no limit. */
static uint16_t block_size_of_link(struct tftp_worker *worker, const struct datagram *datagram)
{
	uint64_t now_ms = loop_now_ms(worker->parts.loop);
	unsigned interface = datagram->interface;
	unsigned headers = ip_is_4(datagram->local) ? HEADERS_SIZE : IP6_HEADERS_SIZE;

	if (worker->mtu_interface != interface || now_ms - worker->mtu_ms > MTU_AGE_MS) {
		worker->mtu = udp_interface_mtu(worker->listener, interface);
		worker->mtu_interface = interface;
		worker->mtu_ms = now_ms;
	}
	if (worker->mtu < IPV4_MTU_MIN || worker->mtu - headers > TFTP_BLOCK_SIZE_MAX)
		return TFTP_BLOCK_SIZE_MAX;
	return (uint16_t)(worker->mtu - headers);
}

/* What this client may not have is taken as not asked for. */
static void cap(struct tftp_transfer *transfer, const struct mac *mac)
{
	struct tftp_caps caps =
		tftp_caps_of(transfer->worker->parts.config, transfer->client.address, mac);

	tftp_caps_refuse(&transfer->asked, caps.refused);
	if (caps.block_size_max > 0 && caps.block_size_max < transfer->block_size_max)
		transfer->block_size_max = caps.block_size_max;
	transfer->window_max = caps.window_max > 0 ? caps.window_max : UINT16_MAX;
}

static void open_file(struct tftp_worker *worker, const struct datagram *datagram,
		      const struct tftp_request *request, const struct session *session)
{
	static const struct refusal no_memory = { EVENT_TFTP_BUSY, TFTP_ERROR_UNDEFINED,
						  "the server is out of memory" };
	struct tftp_transfer *transfer = add_transfer(worker, datagram, request->name);
	struct content_asker asker = asker_of(session, datagram->from.address);

	if (transfer == NULL)
		return;
	transfer->worker = worker;
	transfer->local = datagram->local;
	transfer->request = identify(datagram->bytes);
	transfer->asked = request->options;
	transfer->is_netascii = request->is_netascii;
	transfer->block_size_max = block_size_of_link(worker, datagram);
	cap(transfer, session == NULL ? NULL : &session->mac);
	transfer->started_ms = loop_now_ms(worker->parts.loop);
	text_escape(transfer->file, sizeof(transfer->file), request->name);
	if (content_open(worker->parts.content, worker->parts.loop, request->name, &asker, on_open,
			 transfer) < 0)
		refuse(transfer, &no_memory, NULL);
}

static bool is_repeat(const struct tftp_transfer *transfer, const struct datagram *datagram)
{
	return transfer->request == identify(datagram->bytes) &&
	       ip_is_same(transfer->local, datagram->local) &&
	       (transfer->stage == TFTP_STAGE_OPENING ||
		tftp_is_repeat_expected(&transfer->state, loop_clock_us()));
}

/* Requests and ACKs come to different sockets, of which this one may be read first: of a transfer
 * whose last block is out the ACK may wait there, and the request be a new one. False: it is not
 * so, or another one is being looked at again. */
static bool postpone(const struct tftp_transfer *transfer, const struct datagram *datagram)
{
	struct tftp_postponed *postponed = &transfer->worker->postponed;

	if (transfer->stage != TFTP_STAGE_SENDING || transfer->port == NULL ||
	    !tftp_is_at_last_block(&transfer->state) || postponed->letter.is_under_way)
		return false;
	datagram_keep(&postponed->kept, datagram);
	loop_post(transfer->worker->parts.loop, &postponed->letter);
	return true;
}

/* The client has turned to something else. */
static void supersede(struct tftp_transfer *transfer)
{
	bool is_sending = transfer->stage == TFTP_STAGE_SENDING;

	if (is_sending && tftp_is_at_last_block(&transfer->state)) {
		tftp_sender_end(transfer, EVENT_TFTP_SENT, "the last block was never acknowledged");
	} else if (is_sending) {
		tftp_sender_end(transfer, EVENT_TFTP_SUPERSEDED, NULL);
	} else {
		tftp_note_transfer(transfer, EVENT_TFTP_SUPERSEDED, NULL);
		tftp_transfers_abandon(transfer->worker->transfers, transfer, TFTP_STAGE_ABANDONED);
	}
}

static bool is_served_here(const struct tftp_worker *worker, const struct datagram *datagram)
{
	const struct tftp_service_parts *parts = &worker->parts;

	if (selector_is_all(&parts->config->tftp.address) || worker->is_on_one_address)
		return true;
	if (ip_is_set(worker->only_address))
		return ip_is_same(datagram->local, worker->only_address);
	for (size_t i = 0; i < parts->served_count; i++) {
		if (parts->served[i].interface == datagram->interface)
			return true;
	}
	return false;
}

/* RFC 1123 4.2.3.5: a request to a broadcast address, or IPv6's multicast, is ignored without a
 * word. */
static bool is_for_us(const struct tftp_worker *worker, const struct datagram *datagram)
{
	struct event event = { 0 };

	if (!is_served_here(worker, datagram))
		event.kind = EVENT_TFTP_WRONG_INTERFACE;
	else if (!ip_is_same(datagram->destination, datagram->local))
		event.kind = EVENT_TFTP_BROADCAST;
	else
		return true;
	/* A broadcast comes to all who share the port. */
	if (event.kind == EVENT_TFTP_BROADCAST && !worker->is_first)
		return false;
	tftp_note(worker, datagram->from.address, event);
	return false;
}

static void drop_request(struct tftp_worker *worker, const struct datagram *datagram,
			 enum tftp_drop drop)
{
	static const struct refusal malformed = { EVENT_TFTP_MALFORMED, TFTP_ERROR_ILLEGAL,
						  "malformed request" };
	static const char *const details[] = {
		[TFTP_DROP_TOO_SHORT] = "it is too short",
		[TFTP_DROP_NOT_A_REQUEST] = "it belongs to a transfer",
		[TFTP_DROP_BAD_OPCODE] = "its opcode is unknown",
		[TFTP_DROP_BAD_TEXT] = "its name or mode has no end",
		[TFTP_DROP_BAD_OPTIONS] = "its options have no end",
	};

	if (drop == TFTP_DROP_NOT_A_REQUEST)
		tftp_note(worker, datagram->from.address,
			  (struct event){ .kind = EVENT_TFTP_NOT_A_REQUEST,
					  .detail = details[drop] });
	else
		refuse_request(worker, datagram, &malformed, (struct span){ 0 }, details[drop]);
}

/* Why the machine may read no file at all; NULL: it may. */
static const char *find_denial(const struct config *config, const struct session *session,
			       uint64_t now_s)
{
	if (session != NULL)
		return access_file_denial(session, now_s);
	if (!config->bootp.may_unknown_read_files)
		return "no machine is known at this address, and [bootp] access_files = known";
	return NULL;
}

/* A request that is to be answered with a file. */
static void take_read(struct tftp_worker *worker, const struct datagram *datagram,
		      const struct tftp_request *request)
{
	static const struct refusal denied = { EVENT_TFTP_DENIED, TFTP_ERROR_ACCESS,
					       "access refused" };
	struct ip4 address = ip_to_4(datagram->from.address); /* a machine of DHCP's has no other */
	uint64_t now_s = loop_now_ms(worker->parts.loop) / 1000;
	struct session_boot boot;
	struct session copy;
	bool is_known = session_identify(worker->parts.sessions, address, now_s, &copy, &boot);
	const struct session *session = is_known ? &copy : NULL;
	const char *denial = find_denial(worker->parts.config, session, now_s);

	if (is_known)
		session_note_file(worker->parts.sessions, address, now_s);
	if (denial != NULL)
		refuse_request(worker, datagram, &denied, request->name, denial);
	else
		open_file(worker, datagram, request, session);
}

/* A packet of a transfer that is sent from this port. */
static bool is_in_single_port(const struct tftp_transfer *transfer, const struct datagram *datagram)
{
	struct tftp_packet packet;

	return transfer->stage == TFTP_STAGE_SENDING && transfer->port == NULL &&
	       tftp_decode_packet(datagram->bytes, &packet) &&
	       (packet.opcode == TFTP_OPCODE_ACK || packet.opcode == TFTP_OPCODE_ERROR);
}

static void take_request(struct tftp_worker *worker, const struct datagram *datagram,
			 bool may_postpone)
{
	static const struct refusal read_only = { EVENT_TFTP_WRITE_REFUSED, TFTP_ERROR_ACCESS,
						  "this server is read-only" };
	static const struct refusal bad_mode = { EVENT_TFTP_MODE_REFUSED, TFTP_ERROR_ILLEGAL,
						 "only the modes octet and netascii are served" };
	struct tftp_transfer *transfer = tftp_transfers_find(worker->transfers, datagram->from);
	struct tftp_request request;
	enum tftp_drop drop;

	if (!is_for_us(worker, datagram))
		return;
	if (transfer != NULL && is_in_single_port(transfer, datagram)) {
		tftp_sender_take(transfer, datagram);
		return;
	}
	if (!tftp_decode_request(datagram->bytes, &request, &drop)) {
		drop_request(worker, datagram, drop);
		return;
	}
	if (request.is_write || (!request.is_octet && !request.is_netascii)) {
		refuse_request(worker, datagram, request.is_write ? &read_only : &bad_mode,
			       request.name, NULL);
		return;
	}
	if (transfer != NULL && is_repeat(transfer, datagram)) {
		if (!may_postpone || !postpone(transfer, datagram))
			tftp_note_transfer(transfer, EVENT_TFTP_REPEATED_REQUEST, NULL);
		return;
	}
	if (transfer != NULL)
		supersede(transfer);
	take_read(worker, datagram, &request);
}

void tftp_requests_on_packets(void *context, const struct datagram *batch, size_t count)
{
	struct tftp_worker *worker = context;

	tftp_worker_open_turn(worker);
	for (size_t i = 0; i < count; i++)
		take_request(worker, &batch[i], true);
	tftp_worker_close_turn(worker);
}

void tftp_requests_on_postponed(void *context)
{
	struct tftp_worker *worker = context;

	if (worker->is_stopped) {
		tftp_worker_leave(worker);
		return;
	}
	tftp_worker_open_turn(worker);
	take_request(worker, &worker->postponed.kept.datagram, false);
	tftp_worker_close_turn(worker);
}
