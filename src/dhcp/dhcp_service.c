#include "dhcp/dhcp_service.h"

#include "base/text.h"
#include "boot/plan.h"
#include "dhcp/bootp_engine.h"
#include "dhcp/dhcp_client.h"
#include "dhcp/dhcp_engine.h"
#include "dhcp/dhcp_reply.h"
#include "dhcp/dhcp_wire.h"
#include "io/link.h"
#include "io/udp.h"

#include <errno.h>
#include <stdlib.h>

#define RECEIVE_BUFFER (4 * 1024 * 1024) /* two thousand machines may ask at once */

struct dhcp_service {
	struct dhcp_service_parts parts;
	struct udp *udp;
	struct link *link;
};

/* One packet on its way: what is gathered, what is decided. */
struct exchange {
	struct dhcp_service *service;
	const struct datagram *datagram;
	struct dhcp_message message;
	struct client client;
	struct dhcp_request request;
	struct dhcp_facts facts;
	struct dhcp_decision decision;
};

/* An answer that waits for its lease to be kept. */
struct answer {
	struct dhcp_service *service;
	enum event_kind kind;
	struct mac mac;
	struct lease lease;
	bool is_given; /* the address comes from here, not from the machine's own word */
	struct dhcp_destination destination;
	unsigned interface;
	struct ip4 server;
	const char *boot_file;
	char detail[CLIENT_DESCRIPTION_SIZE];
	uint8_t bytes[DHCP_REPLY_MAX];
	size_t length; /* 0: nothing is sent */
};

static uint64_t now_s(const struct dhcp_service *service)
{
	return loop_now_ms(service->parts.loop) / 1000;
}

static void note_drop(struct dhcp_service *service, const struct datagram *datagram,
		      enum event_kind kind)
{
	struct event event = { .kind = kind, .address = datagram->from.address };

	activity_note(service->parts.activity, &event);
}

/* A drop once the message is decoded: the machine is known. */
static void note_ignored(const struct exchange *exchange, enum event_kind kind, const char *why)
{
	struct event event = { .kind = kind,
			       .has_mac = true,
			       .mac = exchange->message.mac,
			       .message = dhcp_type_name(exchange->request.type),
			       .detail = why };

	activity_note(exchange->service->parts.activity, &event);
}

static bool is_served_interface(const struct dhcp_service *service, unsigned interface)
{
	if (service->parts.config->bootp.address.kind == SELECT_ALL)
		return true;
	for (size_t i = 0; i < service->parts.served_count; i++) {
		if (service->parts.served[i].interface == interface)
			return true;
	}
	return false;
}

/* This machine's address on the pool's network and the interface of arrival; 0: there is none. */
static struct ip4 server_address(const struct dhcp_service *service, unsigned interface)
{
	const struct subnet_config *subnet = &service->parts.config->subnet;

	for (size_t i = 0; i < service->parts.served_count; i++) {
		const struct local_address *address = &service->parts.served[i];

		if (address->interface == interface &&
		    ip4_is_within(address->address, subnet->network, subnet->prefix_length))
			return address->address;
	}
	return (struct ip4){ 0 };
}

static enum event_kind event_of_drop(enum dhcp_drop drop)
{
	switch (drop) {
	case DHCP_DROP_NOT_A_REQUEST:
		return EVENT_DHCP_NOT_A_REQUEST;
	case DHCP_DROP_NOT_ETHERNET:
		return EVENT_DHCP_NOT_ETHERNET;
	case DHCP_DROP_BAD_MAC:
		return EVENT_DHCP_BAD_MAC;
	case DHCP_DROP_BAD_OPTIONS:
		return EVENT_DHCP_BAD_OPTIONS;
	default:
		return EVENT_DHCP_TOO_SHORT;
	}
}

static enum event_kind event_of_reason(enum dhcp_reason reason)
{
	switch (reason) {
	case DHCP_REASON_SIMPLE_CLIENT:
		return EVENT_DHCP_SIMPLE_CLIENT;
	case DHCP_REASON_POOL_EXHAUSTED:
		return EVENT_DHCP_POOL_EXHAUSTED;
	case DHCP_REASON_OTHER_SERVER:
		return EVENT_DHCP_OTHER_SERVER;
	case DHCP_REASON_UNKNOWN_LEASE:
		return EVENT_DHCP_UNKNOWN_LEASE;
	case DHCP_REASON_NOT_THE_HOLDER:
		return EVENT_DHCP_NOT_THE_HOLDER;
	case DHCP_REASON_WRONG_NETWORK:
		return EVENT_DHCP_WRONG_NETWORK;
	default:
		return EVENT_DHCP_UNSUPPORTED_MESSAGE;
	}
}

static enum event_kind event_of_verdict(enum dhcp_verdict verdict)
{
	switch (verdict) {
	case DHCP_VERDICT_OFFER:
		return EVENT_DHCP_OFFER;
	case DHCP_VERDICT_ACK:
		return EVENT_DHCP_ACK;
	case DHCP_VERDICT_NAK:
		return EVENT_DHCP_NAK;
	case DHCP_VERDICT_REPLY:
		return EVENT_BOOTP_REPLY;
	case DHCP_VERDICT_RELEASE:
		return EVENT_DHCP_RELEASE;
	case DHCP_VERDICT_DECLINE:
		return EVENT_DHCP_DECLINE;
	default:
		return EVENT_DHCP_RECORD;
	}
}

/* The session of a machine that boots; what an earlier stage told of it stands in for what this
 * one leaves out. */
static void join_session(struct exchange *exchange)
{
	struct session_table *sessions = exchange->service->parts.sessions;
	struct client *client = &exchange->client;
	struct session *session;

	if (!client->is_boot_stage &&
	    session_find(sessions, client->mac, exchange->facts.now_s) == NULL)
		return;
	session = session_open(sessions, client->mac, exchange->facts.now_s);
	if (client->has_architecture) {
		session->has_architecture = true;
		session->architecture = client->architecture;
	}
	client->has_architecture = session->has_architecture;
	client->architecture = session->architecture;
	exchange->facts.may_be_served = true;
}

static void gather(struct exchange *exchange)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;
	const struct lease_operations *leases = parts->leases->operations;
	const struct dhcp_request *request = &exchange->request;
	struct dhcp_facts *facts = &exchange->facts;
	struct ip4 wanted = ip4_is_set(request->requested) ? request->requested : request->ciaddr;

	facts->now_s = now_s(exchange->service);
	facts->may_be_served = parts->config->bootp.may_serve_simple_dhcp;
	join_session(exchange);
	facts->held = leases->find_machine(parts->leases, request->mac);
	facts->wanted = leases->find_address(parts->leases, wanted);
	facts->may_be_served = facts->may_be_served || facts->held != NULL;
	if (facts->held == NULL && (request->type == DHCP_DISCOVER || request->type == DHCP_NONE))
		facts->has_free_address = leases->find_free(parts->leases, wanted, facts->now_s,
							    &facts->free_address);
}

static void decide(struct exchange *exchange)
{
	const struct subnet_config *subnet = &exchange->service->parts.config->subnet;

	if (exchange->request.type == DHCP_NONE)
		exchange->decision = bootp_decide(&exchange->request, &exchange->facts, subnet);
	else
		exchange->decision = dhcp_decide(&exchange->request, &exchange->facts, subnet);
}

static bool is_answered(enum dhcp_verdict verdict)
{
	return verdict == DHCP_VERDICT_OFFER || verdict == DHCP_VERDICT_ACK ||
	       verdict == DHCP_VERDICT_NAK || verdict == DHCP_VERDICT_REPLY;
}

static void write_answer(const struct exchange *exchange, struct answer *answer)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;
	struct dhcp_answer_facts facts = {
		.message = &exchange->message,
		.client = &exchange->client,
		.decision = &exchange->decision,
		.config = parts->config,
		.server = exchange->facts.server,
		.tftp_server = ip4_is_set(parts->tftp_server) ? parts->tftp_server
							      : exchange->facts.server,
		.boot_file = answer->boot_file,
	};
	struct writer out = writer_of(answer->bytes, sizeof(answer->bytes));

	dhcp_write_reply(&out, &facts);
	answer->length = out.used;
	answer->destination = dhcp_destination(&exchange->message, &exchange->decision,
					       parts->config->bootp.port);
}

/* NULL: no memory; then this one packet goes unanswered, and the machine asks again. */
static struct answer *answer_new(const struct exchange *exchange)
{
	struct answer *answer = calloc(1, sizeof(*answer));

	if (answer == NULL)
		return NULL;
	answer->service = exchange->service;
	answer->kind = event_of_verdict(exchange->decision.verdict);
	answer->mac = exchange->message.mac;
	answer->lease = exchange->decision.lease;
	answer->is_given = exchange->decision.must_commit;
	answer->interface = exchange->datagram->interface;
	answer->server = exchange->facts.server;
	answer->boot_file = plan_boot_file(exchange->service->parts.config, &exchange->client);
	if (exchange->decision.reason != DHCP_REASON_NONE)
		(void)text_copy(answer->detail, sizeof(answer->detail),
				dhcp_reason_text(exchange->decision.reason));
	else
		client_describe(&exchange->client, answer->detail, sizeof(answer->detail));
	if (is_answered(exchange->decision.verdict))
		write_answer(exchange, answer);
	return answer;
}

static int transmit(struct dhcp_service *service, const struct answer *answer)
{
	uint16_t port = service->parts.config->bootp.port;
	struct span bytes = { answer->bytes, answer->length };

	if (!answer->destination.is_frame)
		return udp_send(service->udp,
				(struct udp_source){ answer->server, answer->interface },
				answer->destination.to, bytes);
	return link_send_udp(service->link,
			     &(struct link_route){ .interface = answer->interface,
						   .to_mac = answer->destination.mac,
						   .from = { answer->server, port },
						   .to = answer->destination.to },
			     bytes);
}

/* The machine's session, if it has one, learns the address that it has now. */
static void note_address(struct dhcp_service *service, const struct answer *answer)
{
	struct session_table *sessions = service->parts.sessions;
	uint64_t now = now_s(service);

	if (!answer->is_given ||
	    (answer->kind != EVENT_DHCP_ACK && answer->kind != EVENT_BOOTP_REPLY))
		return;
	if (session_find(sessions, answer->mac, now) != NULL)
		session_set_address(sessions, session_open(sessions, answer->mac, now),
				    answer->lease.address);
}

static void send_answer(struct dhcp_service *service, const struct answer *answer)
{
	struct event event = { .kind = answer->kind,
			       .has_mac = true,
			       .mac = answer->mac,
			       .address = answer->lease.address,
			       .file = answer->boot_file,
			       .detail = answer->detail };
	int error = answer->length > 0 ? transmit(service, answer) : 0;

	if (error < 0) {
		event.kind = EVENT_DHCP_SEND_FAILED;
		event.detail = strerror(-error);
	}
	activity_note(service->parts.activity, &event);
}

/* Nothing is acknowledged before the store has it. */
static void on_kept(void *context, int error)
{
	struct answer *answer = context;

	if (error == 0) {
		note_address(answer->service, answer);
		send_answer(answer->service, answer);
	} else {
		activity_note(answer->service->parts.activity,
			      &(struct event){ .kind = EVENT_DHCP_NOT_KEPT,
					       .has_mac = true,
					       .mac = answer->mac,
					       .address = answer->lease.address,
					       .detail = strerror(-error) });
	}
	free(answer);
}

static void apply(struct exchange *exchange)
{
	struct dhcp_service *service = exchange->service;
	const struct dhcp_decision *decision = &exchange->decision;
	struct answer *answer;

	if (decision->verdict == DHCP_VERDICT_IGNORE) {
		note_ignored(exchange, event_of_reason(decision->reason),
			     dhcp_reason_text(decision->reason));
		return;
	}
	answer = answer_new(exchange);
	if (answer == NULL)
		note_ignored(exchange, EVENT_DHCP_NOT_KEPT, strerror(ENOMEM));
	else if (decision->must_commit)
		service->parts.leases->operations->commit(service->parts.leases, &decision->lease,
							  on_kept, answer);
	else
		on_kept(answer, 0);
}

/* Is there a way to answer? RFC 2131 section 4.3.1: the address must fit the network that the
 * request came from, be it this interface's or, by a relay, giaddr's. */
static bool is_from_pool_network(struct exchange *exchange)
{
	const struct subnet_config *subnet = &exchange->service->parts.config->subnet;
	struct ip4 giaddr = exchange->message.header.giaddr;

	exchange->facts.server = server_address(exchange->service, exchange->datagram->interface);
	if (!ip4_is_set(exchange->facts.server)) {
		note_ignored(exchange, EVENT_DHCP_NO_POOL_HERE, NULL);
		return false;
	}
	if (ip4_is_set(giaddr) && !ip4_is_within(giaddr, subnet->network, subnet->prefix_length)) {
		note_ignored(exchange, EVENT_DHCP_UNKNOWN_RELAY, ip4_format(giaddr).text);
		return false;
	}
	return true;
}

static bool is_for_this_server(struct exchange *exchange)
{
	if (exchange->request.type != DHCP_NONE ||
	    bootp_is_for(exchange->message.sname,
			 exchange->service->parts.config->bootp.servername))
		return true;
	note_ignored(exchange, EVENT_BOOTP_OTHER_SERVER, NULL);
	return false;
}

static bool decode(struct exchange *exchange)
{
	enum dhcp_drop drop = dhcp_decode(exchange->datagram->bytes, &exchange->message);

	if (exchange->datagram->is_cut)
		note_drop(exchange->service, exchange->datagram, EVENT_DHCP_TOO_LONG);
	else if (drop != DHCP_DROP_NONE)
		note_drop(exchange->service, exchange->datagram, event_of_drop(drop));
	else
		return true;
	return false;
}

static void on_packet(struct dhcp_service *service, const struct datagram *datagram)
{
	struct exchange exchange = { .service = service, .datagram = datagram };

	if (!is_served_interface(service, datagram->interface)) {
		note_drop(service, datagram, EVENT_DHCP_WRONG_INTERFACE);
		return;
	}
	if (!decode(&exchange))
		return;
	exchange.client = dhcp_identify(&exchange.message);
	exchange.request = dhcp_request_of(&exchange.message);
	if (!is_from_pool_network(&exchange) || !is_for_this_server(&exchange))
		return;
	gather(&exchange);
	decide(&exchange);
	apply(&exchange);
}

static void on_datagrams(void *context, const struct datagram *batch, size_t count)
{
	for (size_t i = 0; i < count; i++)
		on_packet(context, &batch[i]);
}

static int open_sockets(struct dhcp_service *service, enum dhcp_socket *out_socket)
{
	const struct bootp_config *bootp = &service->parts.config->bootp;
	struct udp_options options = { .local.port = bootp->port,
				       .may_broadcast = true,
				       .receive_buffer = RECEIVE_BUFFER };
	int error;

	/* Bound to its interface, it leaves the others to other servers on this machine. */
	if (bootp->address.kind == SELECT_INTERFACE)
		options.device = bootp->address.name;
	*out_socket = DHCP_SOCKET_UDP;
	error = udp_open(service->parts.loop, &options, on_datagrams, service, &service->udp);
	if (error < 0)
		return error;
	*out_socket = DHCP_SOCKET_FRAMES;
	return link_open(&service->link);
}

int dhcp_service_start(const struct dhcp_service_parts *parts, struct dhcp_service **out_service,
		       enum dhcp_socket *out_socket)
{
	struct dhcp_service *service = calloc(1, sizeof(*service));
	int error;

	if (service == NULL)
		return -ENOMEM;
	service->parts = *parts;
	error = open_sockets(service, out_socket);
	if (error < 0) {
		dhcp_service_stop(service);
		return error;
	}
	*out_service = service;
	return 0;
}

void dhcp_service_stop(struct dhcp_service *service)
{
	if (service == NULL)
		return;
	udp_close(service->udp);
	link_close(service->link);
	free(service);
}
