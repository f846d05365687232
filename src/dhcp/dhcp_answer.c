/* Answers, from the decision to the wire. An answer whose decision binds an address waits, as
 * bytes, until the store has the lease. */
#include "base/text.h"
#include "dhcp/dhcp_exchange.h"
#include "dhcp/dhcp_reply.h"
#include "dhcp/proxy_engine.h"
#include "io/link.h"
#include "io/outbox.h"

#include <errno.h>
#include <stdlib.h>

#define WHY_SIZE 128

struct answer {
	struct dhcp_service *service;
	enum event_kind kind;
	struct mac mac;
	struct lease lease;
	bool is_proxied;
	bool is_boot_server; /* leaves from the boot server's port */
	enum boot_shape shape;
	bool is_given; /* the address comes from here, not from the machine's own word */
	struct dhcp_destination destination;
	unsigned interface; /* of arrival */
	bool is_routed;     /* what is sent to one machine finds its way by the routing table */
	struct ip4 server;
	struct client client;
	char boot_file[BOOT_NAME_SIZE]; /* a copy: the session may go while the lease is kept */
	char detail[CLIENT_DESCRIPTION_SIZE];
	size_t length; /* 0: nothing is sent */
	int error;     /* why it was not sent; 0: it was */
	uint8_t bytes[];
};

static enum event_kind event_of_reason(enum dhcp_reason reason)
{
	switch (reason) {
	case DHCP_REASON_SIMPLE_CLIENT:
		return EVENT_DHCP_SIMPLE_CLIENT;
	case DHCP_REASON_DENIED:
		return EVENT_DHCP_DENIED;
	case DHCP_REASON_UNLISTED:
		return EVENT_DHCP_UNLISTED;
	case DHCP_REASON_ASSIGNED_IS_USED:
		return EVENT_DHCP_ASSIGNED_IS_USED;
	case DHCP_REASON_POOL_EXHAUSTED:
	case DHCP_REASON_NONE_READY:
		return EVENT_DHCP_POOL_EXHAUSTED;
	case DHCP_REASON_OTHER_SERVER:
		return EVENT_DHCP_OTHER_SERVER;
	case DHCP_REASON_UNKNOWN_LEASE:
		return EVENT_DHCP_UNKNOWN_LEASE;
	case DHCP_REASON_STORE_FAILS:
		return EVENT_DHCP_NOT_KEPT;
	case DHCP_REASON_BOOTP_OVER:
		return EVENT_BOOTP_OVER;
	case DHCP_REASON_NOT_THE_HOLDER:
		return EVENT_DHCP_NOT_THE_HOLDER;
	case DHCP_REASON_WRONG_NETWORK:
		return EVENT_DHCP_WRONG_NETWORK;
	case DHCP_REASON_NO_ENTRY:
	case DHCP_REASON_CREDENTIALS:
	case DHCP_REASON_NO_BOOT_FILE:
		return EVENT_PXE_REFUSED;
	case DHCP_REASON_NO_HTTP:
	case DHCP_REASON_LONG_URL:
		return EVENT_BOOT_NO_URL;
	case DHCP_REASON_LOOP:
	case DHCP_REASON_LOOP_WITHOUT_SCRIPT:
		return EVENT_BOOT_LOOP;
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
	case DHCP_VERDICT_INFORM:
		return EVENT_DHCP_INFORM;
	case DHCP_VERDICT_REPLY:
		return EVENT_BOOTP_REPLY;
	case DHCP_VERDICT_PROXY_OFFER:
		return EVENT_PROXY_OFFER;
	case DHCP_VERDICT_PROXY_ACK:
		return EVENT_PROXY_ACK;
	case DHCP_VERDICT_RELEASE:
		return EVENT_DHCP_RELEASE;
	case DHCP_VERDICT_DECLINE:
		return EVENT_DHCP_DECLINE;
	default:
		return EVENT_DHCP_RECORD;
	}
}

void dhcp_note_ignored(const struct exchange *exchange, enum event_kind kind, const char *why)
{
	struct event event = { .kind = kind,
			       .has_mac = true,
			       .mac = exchange->message.mac,
			       .message = dhcp_type_name(exchange->request.type),
			       .file = exchange->plan.file,
			       .detail = why };

	activity_note(exchange->service->parts.activity, &event);
}

static bool is_answered(enum dhcp_verdict verdict)
{
	return verdict == DHCP_VERDICT_OFFER || verdict == DHCP_VERDICT_ACK ||
	       verdict == DHCP_VERDICT_NAK || verdict == DHCP_VERDICT_INFORM ||
	       verdict == DHCP_VERDICT_REPLY || verdict == DHCP_VERDICT_PROXY_OFFER ||
	       verdict == DHCP_VERDICT_PROXY_ACK;
}

static struct dhcp_destination destination_of(const struct exchange *exchange)
{
	uint16_t port = exchange->service->parts.config->bootp.port;

	/* Not to the clients' port: UEFI asks from 4011, and waits there. */
	if (dhcp_is_for_boot_server(exchange))
		return (struct dhcp_destination){ .to = ip_endpoint_to_4(
							  exchange->datagram->from) };
	if (exchange->is_proxied)
		return proxy_destination(&exchange->message, port, exchange->datagram->from_mac);
	/* Behind a router no broadcast reaches it. */
	return dhcp_destination(&exchange->message, &exchange->decision, port,
				exchange->client.hears_only_broadcast &&
					!exchange->networks.is_routed);
}

static struct ip4 tftp_server_of(const struct exchange *exchange)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;

	if (exchange->subnet != NULL && ip4_is_set(exchange->subnet->next_server))
		return exchange->subnet->next_server;
	return ip4_is_set(parts->tftp_server) ? parts->tftp_server : exchange->server;
}

static void write_answer(const struct exchange *exchange, struct answer *answer)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;
	struct dhcp_answer_facts facts = {
		.message = &exchange->message,
		.client = &exchange->client,
		.decision = &exchange->decision,
		.config = parts->config,
		.subnet = exchange->subnet,
		.host = exchange->host,
		.server = exchange->server,
		.server_id = exchange->facts.server,
		.tftp_server = tftp_server_of(exchange),
		.boot_file = answer->boot_file,
		.host_name = exchange->plan.host_name,
		.shape = exchange->shape,
		.menu = exchange->plan.menu,
		.menu_item = exchange->request.has_item ? &exchange->request.item : NULL,
	};
	struct writer out = writer_of(answer->bytes, DHCP_REPLY_MAX);

	dhcp_write_reply(&out, &facts);
	answer->length = out.used;
	answer->destination = destination_of(exchange);
}

/* The address is the store's or the configuration's, not only the machine's own word. */
static bool is_given(const struct exchange *exchange)
{
	const struct dhcp_facts *facts = &exchange->facts;
	struct ip4 address = exchange->decision.lease.address;

	return exchange->decision.must_commit ||
	       (facts->held != NULL && ip4_is_same(facts->held->address, address)) ||
	       (ip4_is_set(facts->assigned) && ip4_is_same(facts->assigned, address));
}

/* NULL: no memory; then this one packet goes unanswered, and the machine asks again. */
static struct answer *answer_new(const struct exchange *exchange)
{
	struct answer *answer = malloc(sizeof(*answer) + DHCP_REPLY_MAX);

	if (answer == NULL)
		return NULL;
	*answer = (struct answer){
		.service = exchange->service,
		.kind = event_of_verdict(exchange->decision.verdict),
		.mac = exchange->message.mac,
		.lease = exchange->decision.lease,
		.is_proxied = exchange->is_proxied,
		.is_boot_server = dhcp_is_for_boot_server(exchange),
		.shape = exchange->shape,
		.is_given = is_given(exchange),
		.interface = exchange->datagram->interface,
		.is_routed = exchange->networks.is_routed,
		.server = exchange->server,
		.client = exchange->client,
	};
	(void)dhcp_format_boot_file(exchange, answer->boot_file); /* dhcp_check_plan saw it fit */
	if (exchange->decision.reason != DHCP_REASON_NONE)
		(void)text_copy(answer->detail, sizeof(answer->detail),
				dhcp_reason_text(exchange->decision.reason));
	else
		client_describe(&exchange->client, answer->detail, sizeof(answer->detail));
	if (is_answered(exchange->decision.verdict))
		write_answer(exchange, answer);
	return answer;
}

static struct udp_source source_of(const struct answer *answer)
{
	bool is_routed =
		answer->is_routed && !ip4_is_same(answer->destination.to.address, IP4_BROADCAST);

	return (struct udp_source){ ip_from_4(answer->server), is_routed ? 0 : answer->interface };
}

static int send_frame(const struct dhcp_service *service, const struct answer *answer)
{
	uint16_t port = service->parts.config->bootp.port;

	return link_send_udp(service->link,
			     &(struct link_route){ .interface = answer->interface,
						   .to_mac = answer->destination.mac,
						   .from = { answer->server, port },
						   .to = answer->destination.to },
			     (struct span){ answer->bytes, answer->length });
}

/* From now on the machine is known by its address, too: TFTP asks who is there. */
static void note_address(struct dhcp_service *service, const struct answer *answer)
{
	struct session_table *sessions = service->parts.sessions;

	if (!answer->is_given || service->role != ROLE_SERVER ||
	    (answer->kind != EVENT_DHCP_ACK && answer->kind != EVENT_BOOTP_REPLY))
		return;
	session_lock(sessions);
	session_set_address(sessions, session_open(sessions, answer->mac, dhcp_now_s(service)),
			    answer->lease.address, answer->lease.expires_s);
	session_unlock(sessions);
}

/* What became of it is told, once it has left. */
static void finish(struct answer *answer)
{
	char why[WHY_SIZE];
	struct event event = { .kind = answer->kind,
			       .has_mac = true,
			       .mac = answer->mac,
			       .address = ip_from_4(answer->lease.address),
			       .is_boot_stage = answer->client.is_boot_stage,
			       .has_uuid = answer->client.has_uuid,
			       .uuid = answer->client.uuid,
			       .file = answer->boot_file,
			       .message = shape_text(answer->shape),
			       .detail = answer->detail };

	if (answer->error < 0) {
		(void)text_format(why, sizeof(why), "to %s: %s",
				  ip4_format(answer->destination.to.address).text,
				  strerror(-answer->error));
		event.kind = EVENT_DHCP_SEND_FAILED;
		event.detail = why;
	}
	activity_note(answer->service->parts.activity, &event);
	free(answer);
}

static void on_not_sent(void *context, const struct outbox_letter *letter, int error)
{
	struct answer *answer = letter->about;

	(void)context;
	answer->error = error;
}

static void on_departure(void *context)
{
	dhcp_depart(context);
}

int dhcp_open_departure(struct dhcp_service *service)
{
	service->outbox = outbox_new(on_not_sent, service);
	service->departure = timer_new(service->parts.loop, on_departure, service);
	return service->outbox == NULL || service->departure == NULL ? -ENOMEM : 0;
}

void dhcp_close_departure(struct dhcp_service *service)
{
	outbox_free(service->outbox);
	timer_free(service->departure);
}

void dhcp_depart(struct dhcp_service *service)
{
	if (service->outgoing_count == 0)
		return;
	outbox_flush(service->outbox);
	for (size_t i = 0; i < service->outgoing_count; i++)
		finish(service->outgoing[i]);
	service->outgoing_count = 0;
}

/* Each datagram by itself would wake whoever hears it, on this CPU perhaps: in one call they cost a
 * third less. */
static void post(struct dhcp_service *service, struct answer *answer)
{
	struct udp *udp = answer->is_boot_server ? service->pxe : service->udp;

	if (service->outgoing_count == DHCP_OUTGOING_MAX)
		dhcp_depart(service);
	if (service->outgoing_count == 0)
		timer_start(service->departure, 0);
	service->outgoing[service->outgoing_count++] = answer;
	memcpy(outbox_room(service->outbox, udp, answer->length), answer->bytes, answer->length);
	outbox_put(service->outbox,
		   &(struct outbox_letter){ .source = source_of(answer),
					    .to = ip_endpoint_from_4(answer->destination.to),
					    .length = answer->length,
					    .about = answer });
}

static void send_answer(struct dhcp_service *service, struct answer *answer)
{
	bool is_sent = answer->length > 0;

	/* It became a proxy while the lease was being kept. */
	if (is_sent && !answer->is_proxied && service->role != ROLE_SERVER) {
		answer->error = -ECANCELED;
	} else if (is_sent && answer->destination.is_frame) {
		answer->error = send_frame(service, answer);
	} else if (is_sent) {
		post(service, answer);
		return;
	}
	finish(answer);
}

/* Nothing is acknowledged before the store has it. */
static void on_kept(void *context, int error)
{
	struct answer *answer = context;

	if (error == 0) {
		note_address(answer->service, answer);
		send_answer(answer->service, answer);
		return;
	}
	activity_note(answer->service->parts.activity,
		      &(struct event){ .kind = error == -EALREADY ? EVENT_DHCP_SUPERSEDED
								  : EVENT_DHCP_NOT_KEPT,
				       .has_mac = true,
				       .mac = answer->mac,
				       .address = ip_from_4(answer->lease.address),
				       .detail = strerror(-error) });
	free(answer);
}

static void note_refusal(const struct exchange *exchange)
{
	enum dhcp_reason reason = exchange->decision.reason;
	const struct subnet_config *subnet = exchange->subnet;
	char detail[CLIENT_DESCRIPTION_SIZE];

	(void)text_copy(detail, sizeof(detail), dhcp_reason_text(reason));
	if (reason == DHCP_REASON_POOL_EXHAUSTED)
		(void)text_format(detail, sizeof(detail), "%s (%s/%u)", dhcp_reason_text(reason),
				  ip4_format(subnet->network).text, subnet->prefix_length);
	dhcp_note_ignored(exchange, event_of_reason(reason), detail);
}

void dhcp_apply(struct exchange *exchange)
{
	struct dhcp_service *service = exchange->service;
	const struct dhcp_decision *decision = &exchange->decision;
	struct answer *answer;

	if (decision->verdict == DHCP_VERDICT_IGNORE) {
		note_refusal(exchange);
		return;
	}
	answer = answer_new(exchange);
	if (answer == NULL)
		dhcp_note_ignored(exchange, EVENT_DHCP_NOT_KEPT, strerror(ENOMEM));
	else if (decision->must_commit)
		service->parts.leases->operations->commit(service->parts.leases, &decision->lease,
							  on_kept, answer);
	else
		on_kept(answer, 0);
}
