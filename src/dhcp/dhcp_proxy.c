/* What a proxy and a boot server need to know, and the shapes of offers. A part of dhcp_service. */
#include "dhcp/dhcp_exchange.h"
#include "dhcp/proxy_engine.h"
#include "io/udp.h"

bool dhcp_is_for_boot_server(const struct exchange *exchange)
{
	const struct bootp_config *bootp = &exchange->service->parts.config->bootp;

	return bootp->pxe_port != 0 && exchange->datagram->port == bootp->pxe_port;
}

struct ip4 dhcp_proxy_address(const struct exchange *exchange)
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;
	const struct datagram *datagram = exchange->datagram;
	struct ip4 first = { 0 };

	for (size_t i = 0; i < parts->served_count; i++) {
		const struct local_address *address = &parts->served[i];

		if (address->interface != datagram->interface)
			continue;
		if (ip4_is_same(address->address, ip_to_4(datagram->local)))
			return address->address;
		if (!ip4_is_set(first))
			first = address->address;
	}
	return first;
}

static void note_shape(const struct exchange *exchange, enum event_kind kind, enum boot_shape shape,
		       const char *detail)
{
	activity_note(exchange->service->parts.activity,
		      &(struct event){ .kind = kind,
				       .has_mac = true,
				       .mac = exchange->client.mac,
				       .message = shape_text(shape),
				       .detail = detail });
}

static void go_on(const struct exchange *exchange, uint64_t at_s)
{
	enum boot_shape shape;

	if (attempt_go_on(exchange->service->attempts, &exchange->client, at_s, &shape))
		note_shape(exchange, EVENT_BOOT_SHAPE_WORKED, shape, NULL);
}

/* Nobody else tells a proxy which address a machine has. */
static void learn_address(struct exchange *exchange)
{
	const struct dhcp_request *request = &exchange->request;
	struct ip4 address = request->ciaddr;

	if (!ip4_is_set(address) && request->type == DHCP_REQUEST)
		address = request->requested;
	if (ip4_is_set(address))
		session_set_address(exchange->service->parts.sessions, exchange->session, address,
				    exchange->facts.now_s + SESSION_SILENCE_S);
}

void dhcp_gather_progress(struct exchange *exchange)
{
	/* A REQUEST of the installed system says nothing of the firmware's. */
	if (exchange->request.type == DHCP_REQUEST && exchange->client.is_boot_stage)
		go_on(exchange, exchange->facts.now_s);
	if (exchange->service->role == ROLE_PROXY && exchange->session != NULL)
		learn_address(exchange);
}

static struct proxy_facts facts_of(const struct exchange *exchange)
{
	return (struct proxy_facts){ .client = &exchange->client,
				     .is_boot_server = dhcp_is_for_boot_server(exchange),
				     .access = exchange->facts.access,
				     .plan = &exchange->plan };
}

bool dhcp_is_asked_as_proxy(const struct exchange *exchange)
{
	struct proxy_facts facts = facts_of(exchange);
	enum dhcp_reason reason = proxy_check(&exchange->request, &facts);

	if (reason != DHCP_REASON_NONE)
		dhcp_note_ignored(exchange,
				  facts.is_boot_server ? EVENT_PXE_REFUSED : EVENT_PROXY_NOT_ASKED,
				  dhcp_reason_text(reason));
	return reason == DHCP_REASON_NONE;
}

struct dhcp_decision dhcp_decide_as_proxy(const struct exchange *exchange)
{
	struct proxy_facts facts = facts_of(exchange);

	return proxy_decide(&exchange->request, &facts);
}

static void warn_of_architecture(const struct exchange *exchange)
{
	char detail[CLIENT_DESCRIPTION_SIZE];

	client_describe(&exchange->client, detail, sizeof(detail));
	activity_note(exchange->service->parts.activity,
		      &(struct event){ .kind = EVENT_BOOT_UNKNOWN_ARCHITECTURE,
				       .has_mac = true,
				       .mac = exchange->client.mac,
				       .file = exchange->plan.file,
				       .detail = detail });
}

static void begin_attempt(struct exchange *exchange)
{
	struct attempt_news news;

	if (exchange->session != NULL && exchange->session->asked_file_s > 0)
		go_on(exchange, exchange->session->asked_file_s);
	exchange->shape = attempt_discover(exchange->service->attempts, &exchange->client,
					   exchange->message.header.xid, &exchange->shapes,
					   exchange->facts.now_s, &news);
	if (news.has_failed)
		note_shape(exchange, EVENT_BOOT_SHAPE_FAILED, news.failed,
			   shape_text(exchange->shape));
}

void dhcp_choose_shape(struct exchange *exchange)
{
	bool is_offer = exchange->decision.verdict == DHCP_VERDICT_OFFER ||
			exchange->decision.verdict == DHCP_VERDICT_PROXY_OFFER;

	exchange->shape = exchange->shapes.list[0];
	if (is_offer && exchange->plan.is_unknown)
		warn_of_architecture(exchange);
	if (!exchange->client.is_pxe)
		return;
	if (is_offer)
		begin_attempt(exchange);
	else
		exchange->shape = attempt_shape(exchange->service->attempts, &exchange->client,
						&exchange->shapes);
}
