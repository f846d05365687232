#include "dhcp/dhcp_service.h"

#include "authority/authority.h"
#include "base/text.h"
#include "boot/access.h"
#include "config/host.h"
#include "config/subnet.h"
#include "dhcp/bootp_engine.h"
#include "dhcp/dhcp_auto.h"
#include "dhcp/dhcp_crowd.h"
#include "dhcp/dhcp_exchange.h"
#include "dhcp/dhcp_waiting.h"
#include "io/udp.h"

#include <errno.h>
#include <stdlib.h>

#define WAITING_MAX  4096  /* machines that the authority is asked about at once */
#define ATTEMPTS_MAX 16384 /* machines whose way of booting is remembered */
/* So many full batches behind each other are more than machines that boot at once: they wait for
 * their answers before they ask again. */
#define CROWD_BATCHES 8
#define QUIET_MS      1 /* since the last full batch */
#define BOOTP_NEW_MAX                                                                              \
	10 /* machines a second, in a store on disk; dhcp_reason_text and the manual say so */
/* While strangers come faster than they can wait, so many of them are served in so much time: what
 * is left of the CPU reads, so that the kernel's queue, which knows nobody, does not overflow. */
#define FLOOD_BATCH    32
#define FLOOD_MS       1
#define FLOOD_AFTER_MS 1000 /* since the last one that had no room */

static void note_drop(struct dhcp_service *service, const struct datagram *datagram,
		      enum event_kind kind)
{
	struct event event = { .kind = kind, .address = datagram->from.address };

	activity_note(service->parts.activity, &event);
}

bool dhcp_is_served_interface(const struct dhcp_service *service, unsigned interface)
{
	if (service->parts.config->bootp.address.kind == SELECT_ALL)
		return true;
	for (size_t i = 0; i < service->parts.served_count; i++) {
		if (service->parts.served[i].interface == interface)
			return true;
	}
	return false;
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

/* Is there a way to answer? RFC 2131 section 4.3.1: the address must fit the network that the
 * request came from. */
static bool is_from_served_network(struct exchange *exchange)
{
	struct ip4 missing = exchange->networks.missing;

	if (exchange->networks.count > 0)
		return true;
	if (ip4_is_set(missing))
		dhcp_note_ignored(exchange, EVENT_DHCP_UNKNOWN_RELAY, ip4_format(missing).text);
	else
		dhcp_note_ignored(exchange, EVENT_DHCP_NO_POOL_HERE, NULL);
	return false;
}

static bool is_where_a_proxy_can_answer(struct exchange *exchange)
{
	exchange->server = dhcp_proxy_address(exchange);
	if (!ip4_is_set(exchange->server))
		dhcp_note_ignored(exchange, EVENT_DHCP_NO_ADDRESS_HERE, NULL);
	return ip4_is_set(exchange->server);
}

static bool is_for_this_server(struct exchange *exchange)
{
	if (exchange->request.type != DHCP_NONE ||
	    bootp_is_for(exchange->message.sname,
			 exchange->service->parts.config->bootp.servername))
		return true;
	dhcp_note_ignored(exchange, EVENT_BOOTP_OTHER_SERVER, NULL);
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

/* A BOOTP request binds at once and for good. On disk that is bounded, or whoever sends such
 * requests would have the disk write and the pool be gone. */
static void decide_bootp(struct exchange *exchange)
{
	struct dhcp_service *service = exchange->service;
	struct dhcp_facts *facts = &exchange->facts;

	if (service->bootp_second != facts->now_s)
		service->bootp_count = 0;
	service->bootp_second = facts->now_s;
	facts->is_bootp_over = !facts->store_forgets && service->bootp_count >= BOOTP_NEW_MAX;
	exchange->decision = bootp_decide(&exchange->request, facts, exchange->subnet);
	if (exchange->decision.must_commit && bootp_is_new(facts))
		service->bootp_count++;
}

static void decide(struct exchange *exchange)
{
	const struct subnet_config *subnet = exchange->subnet;
	enum dhcp_reason reason;

	if (exchange->is_proxied)
		exchange->decision = dhcp_decide_as_proxy(exchange);
	else if (exchange->request.type == DHCP_NONE)
		decide_bootp(exchange);
	else
		exchange->decision = dhcp_decide(&exchange->request, &exchange->facts, subnet);
	reason = dhcp_check_plan(exchange);
	if (reason != DHCP_REASON_NONE)
		exchange->decision = (struct dhcp_decision){ .reason = reason };
}

/* Only what asks for an address or for parameters needs a grant, and says anything of whether there
 * is one. */
static bool needs_grant(const struct exchange *exchange)
{
	return exchange->request.type == DHCP_DISCOVER || exchange->request.type == DHCP_REQUEST ||
	       exchange->request.type == DHCP_INFORM || exchange->request.type == DHCP_NONE ||
	       exchange->is_proxied;
}

static void answer(struct exchange *exchange, enum access access)
{
	exchange->facts.access = access;
	if (exchange->session != NULL && needs_grant(exchange))
		exchange->session->is_denied = access != ACCESS_GRANTED;
	if (!exchange->is_proxied)
		dhcp_gather_addresses(exchange);
	dhcp_gather_plan(exchange);
	decide(exchange);
	dhcp_choose_shape(exchange);
	dhcp_apply(exchange);
}

/* A grant is good for its stage, and of a DISCOVER only for the same again, which firmware sends
 * several times. */
static bool is_granted(const struct exchange *exchange)
{
	const struct session *session = exchange->session;

	if (!needs_grant(exchange))
		return true;
	return session->is_granted && !exchange->service->parts.config->authority.always_checks &&
	       (exchange->request.type == DHCP_REQUEST || exchange->request.type == DHCP_INFORM ||
		session->granted_xid == exchange->message.header.xid);
}

static bool begin(struct exchange *exchange)
{
	if (!dhcp_is_served_interface(exchange->service, exchange->datagram->interface)) {
		note_drop(exchange->service, exchange->datagram, EVENT_DHCP_WRONG_INTERFACE);
		return false;
	}
	if (!decode(exchange))
		return false;
	exchange->client = dhcp_identify(&exchange->message);
	exchange->request = dhcp_request_of(&exchange->message);
	exchange->is_proxied =
		exchange->service->role == ROLE_PROXY || dhcp_is_for_boot_server(exchange);
	if (exchange->service->role == ROLE_UNDECIDED) {
		dhcp_note_ignored(exchange, EVENT_DHCP_UNDECIDED, NULL);
		return false;
	}
	dhcp_gather_networks(exchange);
	if (exchange->is_proxied
		    ? !is_where_a_proxy_can_answer(exchange)
		    : !is_from_served_network(exchange) || !is_for_this_server(exchange))
		return false;
	dhcp_gather_machine(exchange);
	dhcp_gather_loader(exchange);
	dhcp_gather_progress(exchange);
	return !exchange->is_proxied || dhcp_is_asked_as_proxy(exchange);
}

static void on_authority_reply(void *context, const struct authority_reply *reply);

/* A machine that is being asked about is not asked about again: its newest packet is answered. */
static void ask_authority(struct exchange *exchange)
{
	struct dhcp_service *service = exchange->service;
	struct waiting_packet *packet = dhcp_waiting_find(service->waiting, exchange->message.mac);
	bool is_asked = packet != NULL;
	struct authority_question question = { .mac = exchange->message.mac,
					       .has_uuid = exchange->client.has_uuid,
					       .uuid = exchange->client.uuid,
					       .is_boot_stage = exchange->client.is_boot_stage };

	if (!is_asked)
		packet = dhcp_waiting_add(service->waiting, exchange->message.mac);
	if (packet == NULL) {
		dhcp_note_ignored(exchange, EVENT_AUTHORITY_BUSY, "too many machines wait already");
		return;
	}
	packet->service = service;
	dhcp_waiting_keep(packet, exchange->datagram, exchange->message.header.xid);
	if (is_asked)
		return;
	packet->is_boot_stage = question.is_boot_stage;
	if (authority_ask(service->parts.authority, &question, on_authority_reply, packet) < 0) {
		dhcp_waiting_remove(service->waiting, packet);
		dhcp_note_ignored(exchange, EVENT_AUTHORITY_BUSY, "there is not enough memory");
	}
}

/* A machine that has nothing yet and wants an address: whoever floods the server is one of these.
 */
static bool is_strangers(const struct exchange *exchange)
{
	return exchange->facts.held == NULL && !exchange->is_listed &&
	       (exchange->request.type == DHCP_DISCOVER || exchange->request.type == DHCP_NONE);
}

static void put_into_crowd(struct dhcp_service *service, const struct datagram *datagram,
			   struct mac mac)
{
	struct event event = { .kind = EVENT_DHCP_CROWDED, .has_mac = true, .mac = mac };

	if (dhcp_crowd_put(service->crowd, datagram))
		return;
	service->flooded_until_ms = loop_now_ms(service->parts.loop) + FLOOD_AFTER_MS;
	activity_note(service->parts.activity, &event);
}

static bool is_flooded(const struct dhcp_service *service)
{
	return loop_now_ms(service->parts.loop) < service->flooded_until_ms;
}

/* One of the networks that are served is on the interface. */
static bool has_network(const struct dhcp_service *service, unsigned interface)
{
	const struct dhcp_service_parts *parts = &service->parts;

	for (size_t i = 0; i < parts->served_count; i++) {
		if (parts->served[i].interface == interface &&
		    subnet_find(&parts->config->subnets, parts->served[i].address) != NULL)
			return true;
	}
	return false;
}

/* The UUID that the machine shows, or that its firmware showed before. False: neither. */
static bool find_uuid(const struct dhcp_service *service, const struct dhcp_message *message,
		      struct uuid *out_uuid)
{
	struct session_table *sessions = service->parts.sessions;
	const struct session *session;
	bool is_remembered;

	if (pxe_uuid(message, out_uuid))
		return true;
	session_lock(sessions);
	session = session_find(sessions, message->mac, dhcp_now_s(service));
	is_remembered = session != NULL && session->has_uuid;
	if (is_remembered)
		*out_uuid = session->uuid;
	session_unlock(sessions);
	return is_remembered;
}

/* A [host] knows the machine. Options are only looked for where one is known by them. */
static bool is_hosts(const struct dhcp_service *service, const struct datagram *datagram,
		     struct mac mac)
{
	const struct hosts *hosts = &service->parts.config->hosts;
	struct dhcp_message message;
	bool has_uuid;
	struct uuid uuid;

	if (hosts->by_uuid_count == 0 && hosts->by_client_id_count == 0)
		return host_find(hosts, &mac, NULL, (struct span){ 0 }) != NULL;
	if (dhcp_decode(datagram->bytes, &message) != DHCP_DROP_NONE)
		return false;
	has_uuid = hosts->by_uuid_count > 0 && find_uuid(service, &message, &uuid);
	return host_find(hosts, &mac, has_uuid ? &uuid : NULL,
			 dhcp_option(&message, OPTION_CLIENT_ID)) != NULL;
}

/* A machine that has neither a lease nor an offer and that neither [static_dhcp] nor a [host]
 * knows, told by one look at the packet: a flood is to cost less than what the kernel's queue lets
 * through. */
static bool is_strangers_at_a_glance(const struct dhcp_service *service,
				     const struct datagram *datagram, struct mac *out_mac)
{
	const struct dhcp_service_parts *parts = &service->parts;
	struct lease_identity owner;
	struct ip4 giaddr;

	if (service->role != ROLE_SERVER || parts->config->leases.identity != LEASE_BY_MAC ||
	    !dhcp_is_served_interface(service, datagram->interface) ||
	    !dhcp_peek(datagram->bytes, out_mac, &giaddr) ||
	    (!ip4_is_set(giaddr) && !has_network(service, datagram->interface)) ||
	    ip4_is_set(access_static_address(parts->config, *out_mac)) ||
	    is_hosts(service, datagram, *out_mac))
		return false;
	owner = lease_identity_of_mac(*out_mac);
	return !parts->leases->operations->knows_machine(parts->leases, &owner);
}

static void take_packet(struct dhcp_service *service, const struct datagram *datagram)
{
	struct exchange exchange = { .service = service, .datagram = datagram };
	enum access access;

	if (!begin(&exchange))
		return;
	if (service->is_crowded && is_strangers(&exchange)) {
		put_into_crowd(service, datagram, exchange.message.mac);
		return;
	}
	access = access_check(service->parts.config, &exchange.client, exchange.host);
	if (access == ACCESS_ASK && (!exchange.facts.may_be_served || is_granted(&exchange)))
		access = ACCESS_GRANTED;
	if (access == ACCESS_ASK)
		ask_authority(&exchange);
	else
		answer(&exchange, access);
}

static void on_packet(struct dhcp_service *service, const struct datagram *datagram)
{
	session_lock(service->parts.sessions);
	take_packet(service, datagram);
	session_unlock(service->parts.sessions);
}

static void note_reply(struct dhcp_service *service, const struct waiting_packet *packet,
		       const struct authority_reply *reply)
{
	static const enum event_kind kinds[] = {
		[AUTHORITY_GRANTS] = EVENT_AUTHORITY_GRANTS,
		[AUTHORITY_DENIES] = EVENT_AUTHORITY_DENIES,
		[AUTHORITY_OTHER_STATUS] = EVENT_AUTHORITY_OTHER_STATUS,
		[AUTHORITY_TIMED_OUT] = EVENT_AUTHORITY_TIMED_OUT,
		[AUTHORITY_UNREACHABLE] = EVENT_AUTHORITY_UNREACHABLE,
		[AUTHORITY_BAD_REPLY] = EVENT_AUTHORITY_BAD_REPLY,
		[AUTHORITY_BUSY] = EVENT_AUTHORITY_BUSY,
	};
	char status[32];

	(void)text_format(status, sizeof(status), "status %d", reply->status);
	activity_note(service->parts.activity, &(struct event){ .kind = kinds[reply->verdict],
								.has_mac = true,
								.mac = packet->mac,
								.detail = status });
}

/* Silence for every answer but a grant: whoever is denied learns nothing. */
static void take_reply(struct waiting_packet *packet, const struct authority_reply *reply)
{
	struct dhcp_service *service = packet->service;
	struct session *session =
		session_open(service->parts.sessions, packet->mac, dhcp_now_s(service));
	struct exchange exchange = { .service = service, .datagram = &packet->kept.datagram };

	note_reply(service, packet, reply);
	/* A machine that went on to its next stage meanwhile asks again for that. */
	session->is_granted = reply->verdict == AUTHORITY_GRANTS &&
			      (session->stage == SESSION_PXE) == packet->is_boot_stage;
	session->is_denied = reply->verdict != AUTHORITY_GRANTS;
	session->granted_xid = packet->xid;
	(void)text_copy(session->boot->client, sizeof(session->boot->client), reply->client);
	(void)text_copy(session->boot->file, sizeof(session->boot->file), reply->file);
	if (session->is_granted && begin(&exchange))
		answer(&exchange, ACCESS_GRANTED);
	dhcp_waiting_remove(service->waiting, packet);
}

static void on_authority_reply(void *context, const struct authority_reply *reply)
{
	struct waiting_packet *packet = context;
	struct session_table *sessions = packet->service->parts.sessions;

	session_lock(sessions);
	take_reply(packet, reply);
	session_unlock(sessions);
}

void dhcp_on_datagrams(void *context, const struct datagram *batch, size_t count)
{
	struct dhcp_service *service = context;

	/* As long as they come full, known machines are served and strangers wait. */
	if (!is_flooded(service)) {
		service->full_batches = count == UDP_BATCH_MAX ? service->full_batches + 1 : 0;
		service->is_crowded = service->full_batches >= CROWD_BATCHES;
		if (service->is_crowded)
			timer_start(service->quiet, QUIET_MS);
	}
	for (size_t i = 0; i < count; i++) {
		struct mac mac;

		if (service->is_crowded && is_strangers_at_a_glance(service, &batch[i], &mac))
			put_into_crowd(service, &batch[i], mac);
		else
			on_packet(service, &batch[i]);
	}
}

/* One batch of them a turn: others may come meanwhile. */
static void on_quiet(void *context)
{
	struct dhcp_service *service = context;
	const struct datagram *datagram;
	bool was_full = service->is_crowded && !is_flooded(service);

	service->is_crowded = false;
	if (was_full) {
		timer_start(service->quiet, QUIET_MS);
		return;
	}
	for (size_t i = 0; i < FLOOD_BATCH; i++) {
		datagram = dhcp_crowd_take(service->crowd);
		if (datagram == NULL) {
			service->flooded_until_ms = 0;
			return;
		}
		on_packet(service, datagram);
	}
	service->is_crowded = is_flooded(service);
	timer_start(service->quiet, service->is_crowded ? FLOOD_MS : 0);
}

int dhcp_service_start(const struct dhcp_service_parts *parts, struct dhcp_service **out_service,
		       enum dhcp_socket *out_socket)
{
	struct dhcp_service *service = calloc(1, sizeof(*service));
	int error;

	if (service == NULL)
		return -ENOMEM;
	service->parts = *parts;
	service->waiting = dhcp_waiting_new(WAITING_MAX);
	service->attempts = attempt_table_new(ATTEMPTS_MAX);
	*out_socket = DHCP_SOCKET_UDP;
	service->crowd = dhcp_crowd_new();
	service->quiet = timer_new(parts->loop, on_quiet, service);
	if (service->waiting == NULL || service->attempts == NULL || service->crowd == NULL ||
	    service->quiet == NULL)
		error = -ENOMEM;
	else
		error = dhcp_open_departure(service);
	if (error == 0)
		error = dhcp_open_sockets(service, out_socket);
	if (error < 0) {
		dhcp_service_stop(service);
		return error;
	}
	session_set_learner(parts->sessions, dhcp_learn_neighbour, service);
	*out_service = service;
	return 0;
}

void dhcp_service_configure(struct dhcp_service *service, const struct dhcp_service_parts *parts)
{
	if (service->parts.authority != parts->authority)
		dhcp_waiting_clear(service->waiting);
	/* dhcp_learn_neighbour reads the configuration from other threads. */
	session_lock(parts->sessions);
	service->parts = *parts;
	session_unlock(parts->sessions);
	dhcp_follow_interface(service);
	dhcp_try_ahead(service);
	if (service->automatic != NULL)
		dhcp_auto_follow(service->automatic);
}

void dhcp_service_stop(struct dhcp_service *service)
{
	if (service == NULL)
		return;
	dhcp_auto_stop(service->automatic);
	dhcp_close_sockets(service);
	dhcp_waiting_free(service->waiting);
	attempt_table_free(service->attempts);
	dhcp_crowd_free(service->crowd);
	timer_free(service->quiet);
	dhcp_close_departure(service);
	free(service);
}
