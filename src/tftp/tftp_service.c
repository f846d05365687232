#include "tftp/tftp_service.h"
#include "base/text.h"
#include "boot/architecture.h"
#include "boot/session.h"
#include "config/config.h"
#include "content/content.h"
#include "io/loop.h"
#include "io/udp.h"
#include "tftp/tftp_sender.h"
#include "tftp/tftp_transfers.h"
#include "tftp/tftp_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 2,000 machines that ask at once overflow the default. */
#define RECEIVE_BUFFER_SIZE (4 * 1024 * 1024)

struct tftp_service {
	struct tftp_service_parts parts;
	bool is_on_one_address;
	bool is_stopped; /* waits only for the files that are being opened */
	struct udp *listener;
	struct tftp_sender sender;
};

/* What a client is told, and what is counted. */
struct refusal {
	enum event_kind event;
	enum tftp_error error;
	const char *message;
};

static void free_service(struct tftp_service *service)
{
	tftp_transfers_free(service->sender.transfers);
	free(service);
}

/* Before a transfer has its socket, its client is answered from the listening one. Without a
 * detail, the log says what the client is told. */
static void refuse(struct tftp_transfer *transfer, const struct refusal *refusal,
		   const char *detail)
{
	tftp_send_error(transfer->sender, transfer->service->listener,
			(struct udp_source){ .address = transfer->local }, transfer->client,
			refusal->error, refusal->message);
	tftp_sender_end(transfer, refusal->event, detail != NULL ? detail : refusal->message);
}

static void begin(struct tftp_transfer *transfer)
{
	static const struct refusal no_socket = { EVENT_TFTP_BUSY, TFTP_ERROR_UNDEFINED,
						  "the server is out of sockets, try again later" };
	int error = tftp_sender_begin(transfer);

	if (error < 0)
		refuse(transfer, &no_socket, strerrordesc_np(-error));
}

static void let_go_of_abandoned(struct tftp_transfer *transfer)
{
	struct tftp_service *service = transfer->service;

	tftp_sender_release(transfer);
	if (service->is_stopped && tftp_transfers_count(service->sender.transfers) == 0)
		free_service(service);
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
	};
	struct tftp_transfer *transfer = context;

	transfer->source = answer->source;
	if (answer->refusal == CONTENT_OK)
		name_translated(transfer, answer);
	if (transfer->stage == TFTP_STAGE_ABANDONED)
		let_go_of_abandoned(transfer);
	else if (answer->refusal != CONTENT_OK)
		refuse(transfer, &refusals[answer->refusal], answer->sentence);
	else
		begin(transfer);
}

/* Refuses a request for which there is no transfer. */
static void refuse_request(struct tftp_service *service, const struct datagram *datagram,
			   const struct refusal *refusal, struct span name, const char *detail)
{
	char file[TFTP_FILE_SHOWN_SIZE];

	text_escape(file, sizeof(file), name);
	tftp_note(&service->sender, datagram->from.address,
		  (struct event){ .kind = refusal->event,
				  .file = file,
				  .detail = detail != NULL ? detail : refusal->message });
	tftp_send_error(&service->sender, service->listener,
			(struct udp_source){ .address = datagram->local }, datagram->from,
			refusal->error, refusal->message);
}

/* FNV-1a. Only a client could make two of its own requests look alike. */
static uint64_t identify(struct span request)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < request.length; i++)
		hash = (hash ^ request.bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static struct content_asker asker_of(const struct session *session, struct ip4 address)
{
	struct content_asker asker = { .ip = ip4_format(address) };

	if (session == NULL)
		return asker;
	asker.mac = mac_format(session->mac);
	if (session->has_uuid)
		asker.uuid = uuid_format(session->uuid);
	if (session->has_architecture)
		architecture_format(session->architecture, asker.arch, sizeof(asker.arch));
	(void)text_copy(asker.file, sizeof(asker.file), session->file);
	(void)text_copy(asker.client, sizeof(asker.client), session->client);
	return asker;
}

static void open_file(struct tftp_service *service, const struct datagram *datagram,
		      const struct tftp_request *request, const struct session *session)
{
	static const struct refusal full = { EVENT_TFTP_BUSY, TFTP_ERROR_UNDEFINED,
					     "too many transfers, try again later" };
	static const struct refusal no_memory = { EVENT_TFTP_BUSY, TFTP_ERROR_UNDEFINED,
						  "the server is out of memory" };
	struct tftp_transfer *transfer =
		tftp_transfers_add(service->sender.transfers, datagram->from);
	struct content_asker asker = asker_of(session, datagram->from.address);

	if (transfer == NULL) {
		refuse_request(service, datagram, &full, request->name, NULL);
		return;
	}
	transfer->service = service;
	transfer->sender = &service->sender;
	transfer->local = datagram->local;
	transfer->request = identify(datagram->bytes);
	transfer->asked = request->options;
	transfer->started_ms = loop_now_ms(service->parts.loop);
	text_escape(transfer->file, sizeof(transfer->file), request->name);
	if (content_open(service->parts.content, service->parts.loop, request->name, &asker,
			 on_open, transfer) < 0)
		refuse(transfer, &no_memory, NULL);
}

static bool is_repeat(const struct tftp_transfer *transfer, const struct datagram *datagram)
{
	return transfer->request == identify(datagram->bytes) &&
	       ip4_is_same(transfer->local, datagram->local) &&
	       (transfer->stage == TFTP_STAGE_OPENING || tftp_is_repeat_expected(&transfer->state));
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
		tftp_transfers_abandon(transfer->sender->transfers, transfer);
	}
}

static bool is_served_here(const struct tftp_service *service, unsigned interface)
{
	const struct tftp_service_parts *parts = &service->parts;

	if (parts->config->tftp.address.kind == SELECT_ALL || service->is_on_one_address)
		return true;
	for (size_t i = 0; i < parts->served_count; i++) {
		if (parts->served[i].interface == interface)
			return true;
	}
	return false;
}

/* RFC 1123 4.2.3.5: a request to a broadcast address is ignored without a word. */
static bool is_for_us(const struct tftp_service *service, const struct datagram *datagram)
{
	struct event event = { 0 };

	if (!is_served_here(service, datagram->interface))
		event.kind = EVENT_TFTP_WRONG_INTERFACE;
	else if (!ip4_is_same(datagram->destination, datagram->local))
		event.kind = EVENT_TFTP_BROADCAST;
	else
		return true;
	tftp_note(&service->sender, datagram->from.address, event);
	return false;
}

static void drop_request(struct tftp_service *service, const struct datagram *datagram,
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
		tftp_note(&service->sender, datagram->from.address,
			  (struct event){ .kind = EVENT_TFTP_NOT_A_REQUEST,
					  .detail = details[drop] });
	else
		refuse_request(service, datagram, &malformed, (struct span){ 0 }, details[drop]);
}

/* Why the machine may read no file at all; NULL: it may. */
static const char *find_denial(const struct config *config, const struct session *session)
{
	if (session != NULL && session->is_denied)
		return "this machine may not boot";
	if (session == NULL && !config->bootp.may_unknown_read_files)
		return "no machine is known at this address, and [bootp] access_files = known";
	return NULL;
}

/* A request that is to be answered with a file. */
static void take_read(struct tftp_service *service, const struct datagram *datagram,
		      const struct tftp_request *request)
{
	static const struct refusal denied = { EVENT_TFTP_DENIED, TFTP_ERROR_ACCESS,
					       "access refused" };
	uint64_t now_s = loop_now_ms(service->parts.loop) / 1000;
	struct session copy;
	bool is_known =
		session_copy_address(service->parts.sessions, datagram->from.address, now_s, &copy);
	const struct session *session = is_known ? &copy : NULL;
	const char *denial = find_denial(service->parts.config, session);

	if (is_known)
		session_note_file(service->parts.sessions, datagram->from.address, now_s);

	if (denial != NULL)
		refuse_request(service, datagram, &denied, request->name, denial);
	else
		open_file(service, datagram, request, session);
}

static void take_request(struct tftp_service *service, const struct datagram *datagram)
{
	static const struct refusal read_only = { EVENT_TFTP_WRITE_REFUSED, TFTP_ERROR_ACCESS,
						  "this server is read-only" };
	static const struct refusal bad_mode = { EVENT_TFTP_MODE_REFUSED, TFTP_ERROR_ILLEGAL,
						 "only octet mode is served" };
	struct tftp_request request;
	struct tftp_transfer *transfer;
	enum tftp_drop drop;

	if (!is_for_us(service, datagram))
		return;
	if (!tftp_decode_request(datagram->bytes, &request, &drop)) {
		drop_request(service, datagram, drop);
		return;
	}
	if (request.is_write || !request.is_octet) {
		refuse_request(service, datagram, request.is_write ? &read_only : &bad_mode,
			       request.name, NULL);
		return;
	}
	transfer = tftp_transfers_find(service->sender.transfers, datagram->from);
	if (transfer != NULL && is_repeat(transfer, datagram)) {
		tftp_note_transfer(transfer, EVENT_TFTP_REPEATED_REQUEST, NULL);
		return;
	}
	if (transfer != NULL)
		supersede(transfer);
	take_read(service, datagram, &request);
}

static void on_requests(void *context, const struct datagram *batch, size_t count)
{
	for (size_t i = 0; i < count; i++)
		take_request(context, &batch[i]);
}

/* Does [tftp] address name one of this machine's own addresses, rather than a network? */
static bool names_own_address(const struct tftp_service_parts *parts)
{
	const struct selector *selector = &parts->config->tftp.address;

	if (selector->kind != SELECT_ADDRESS)
		return false;
	for (size_t i = 0; i < parts->served_count; i++) {
		if (ip4_is_same(parts->served[i].address, selector->address))
			return true;
	}
	return false;
}

static int listen_for_requests(struct tftp_service *service)
{
	const struct tftp_config *config = &service->parts.config->tftp;
	struct udp_options options = { .local = { .port = config->port },
				       .receive_buffer = RECEIVE_BUFFER_SIZE };

	service->is_on_one_address = names_own_address(&service->parts);
	if (service->is_on_one_address)
		options.local.address = config->address.address;
	return udp_open(service->parts.loop, &options, on_requests, service, &service->listener);
}

void tftp_service_configure(struct tftp_service *service, const struct tftp_service_parts *parts)
{
	service->parts = *parts;
	service->sender.loop = parts->loop;
	service->sender.sessions = parts->sessions;
	service->sender.activity = parts->activity;
	service->sender.limits =
		(struct tftp_limits){ .block_size_max = parts->config->tftp.block_size_max,
				      .timeout_ms = parts->config->tftp.timeout_ms };
}

int tftp_service_start(const struct tftp_service_parts *parts, struct tftp_service **out_service)
{
	struct tftp_service *service = calloc(1, sizeof(*service));
	int error;

	if (service == NULL)
		return -ENOMEM;
	tftp_service_configure(service, parts);
	service->sender.transfers = tftp_transfers_new(parts->config->tftp.transfers_max);
	error = service->sender.transfers == NULL ? -ENOMEM : listen_for_requests(service);
	if (error < 0) {
		free_service(service);
		return error;
	}
	*out_service = service;
	return 0;
}

void tftp_service_stop(struct tftp_service *service)
{
	struct tftp_transfer *transfer = NULL;

	if (service == NULL)
		return;
	udp_close(service->listener);
	while ((transfer = tftp_transfers_next(service->sender.transfers, transfer)) != NULL) {
		if (transfer->stage == TFTP_STAGE_SENDING)
			tftp_sender_release(transfer);
		else if (transfer->stage == TFTP_STAGE_OPENING)
			tftp_transfers_abandon(service->sender.transfers, transfer);
	}
	service->is_stopped = true;
	if (tftp_transfers_count(service->sender.transfers) == 0)
		free_service(service);
}
