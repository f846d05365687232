/* What the machine is told to boot, and when it is told nothing. A part of dhcp_service. */
#include "base/text.h"
#include "boot/boot_url.h"
#include "boot/loader.h"
#include "dhcp/dhcp_exchange.h"
#include "dhcp/proxy_engine.h"

void dhcp_gather_loader(struct exchange *exchange)
{
	if (exchange->session != NULL && exchange->client.is_boot_stage &&
	    loader_is_ipxe(exchange->session, &exchange->client,
			   exchange->request.type == DHCP_DISCOVER, exchange->facts.now_s))
		exchange->client.is_ipxe = true;
}

void dhcp_gather_plan(struct exchange *exchange)
{
	const struct dhcp_service *service = exchange->service;

	struct boot_scope scope = { .host = exchange->host, .subnet = exchange->subnet };

	exchange->plan =
		plan_boot(service->parts.config, &exchange->client, exchange->session, &scope);
	exchange->shapes = shape_order_of(&exchange->client, service->role == ROLE_SERVER,
					  exchange->plan.menu != NULL, service->pxe != NULL);
}

/* The entry's file that is asked for, or the plan's; NULL: there is none. */
static const char *file_asked_for(const struct exchange *exchange)
{
	return exchange->is_proxied ? proxy_file(&exchange->request, &exchange->plan)
				    : exchange->plan.file;
}

bool dhcp_format_boot_file(const struct exchange *exchange, char out[BOOT_NAME_SIZE])
{
	const struct dhcp_service_parts *parts = &exchange->service->parts;
	const struct httpd_config *httpd = &parts->config->httpd;
	struct endpoint server = { ip4_is_set(parts->http_server) ? parts->http_server
								  : exchange->server,
				   httpd->port };
	const char *file = file_asked_for(exchange);

	out[0] = '\0';
	if (file == NULL || file[0] == '\0')
		return true;
	if (!exchange->plan.is_by_http || boot_url_has_scheme(file))
		return text_copy(out, BOOT_NAME_SIZE, file);
	if (boot_url_format(server, httpd->certificate[0] != '\0', file, out, BOOT_NAME_SIZE))
		return true;
	out[0] = '\0';
	return false;
}

static bool is_told_to_boot(enum dhcp_verdict verdict)
{
	return verdict == DHCP_VERDICT_OFFER || verdict == DHCP_VERDICT_ACK ||
	       verdict == DHCP_VERDICT_REPLY || verdict == DHCP_VERDICT_PROXY_OFFER ||
	       verdict == DHCP_VERDICT_PROXY_ACK;
}

/* Nothing but a URL helps a machine that asks as HTTPClient: an answer without one would have it
 * wait for more. */
static enum dhcp_reason check_http(const struct exchange *exchange)
{
	char file[BOOT_NAME_SIZE];

	if (exchange->client.is_http && exchange->plan.file[0] == '\0')
		return DHCP_REASON_NO_BOOT_FILE;
	if (exchange->plan.needs_http)
		return DHCP_REASON_NO_HTTP;
	return dhcp_format_boot_file(exchange, file) ? DHCP_REASON_NONE : DHCP_REASON_LONG_URL;
}

static bool is_loop(const struct exchange *exchange)
{
	return exchange->request.type == DHCP_DISCOVER && exchange->session != NULL &&
	       exchange->client.is_boot_stage && exchange->plan.file[0] != '\0' &&
	       !loader_tell(exchange->session, &exchange->client, &exchange->plan,
			    exchange->message.header.xid, exchange->facts.now_s);
}

enum dhcp_reason dhcp_check_plan(const struct exchange *exchange)
{
	enum dhcp_reason reason;

	if (!is_told_to_boot(exchange->decision.verdict))
		return DHCP_REASON_NONE;
	reason = check_http(exchange);
	if (reason != DHCP_REASON_NONE || !is_loop(exchange))
		return reason;
	return exchange->service->parts.config->ipxe.is_enabled ? DHCP_REASON_LOOP
								: DHCP_REASON_LOOP_WITHOUT_SCRIPT;
}
