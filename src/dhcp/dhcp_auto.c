#include "dhcp/dhcp_auto.h"

#include "base/text.h"
#include "dhcp/auto_engine.h"
#include "dhcp/dhcp_exchange.h"
#include "dhcp/dhcp_verdict.h"
#include "io/link.h"
#include "io/link_listener.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define WHY_SIZE   200
#define PROBE_SIZE BOOTP_MESSAGE_MIN

struct dhcp_auto {
	struct dhcp_service *service;
	struct auto_mode mode;
	struct timer *timer;
	struct link_listener *listener; /* of what servers say; NULL: a proxy needs none */
	uint32_t xid;
	bool was_awaited; /* the network, since it was looked at last */
	int verdict_fd;
	char why[WHY_SIZE];
};

static void note(const struct dhcp_auto *automatic, enum event_kind kind, const char *detail)
{
	activity_note(automatic->service->parts.activity,
		      &(struct event){ .kind = kind, .detail = detail });
}

static void keep(const struct dhcp_auto *automatic)
{
	int error = dhcp_verdict_write(automatic->verdict_fd, automatic->mode.state == AUTO_PROXY,
				       automatic->why);

	if (error < 0)
		note(automatic, EVENT_AUTO_NOT_KEPT, strerror(-error));
}

/* A DISCOVER of our own, from the interface's own address, so that servers that answer only
 * machines that they know answer, too. Broadcast, because nobody has asked for what they would send
 * here. */
static void write_probe(struct writer *out, struct mac mac, uint32_t xid)
{
	static const uint8_t wanted[] = { OPTION_NETMASK, OPTION_ROUTER, OPTION_DNS };
	uint8_t type = DHCP_DISCOVER;
	struct dhcp_header header = { .op = BOOTP_REQUEST,
				      .hardware_type = HARDWARE_ETHERNET,
				      .hardware_length = sizeof(mac.bytes),
				      .xid = xid,
				      .flags = DHCP_FLAG_BROADCAST };

	memcpy(header.chaddr, mac.bytes, sizeof(mac.bytes));
	dhcp_write_header(out, &header, "", "");
	write_u32(out, DHCP_COOKIE);
	dhcp_write_option(out, OPTION_MESSAGE_TYPE, (struct span){ &type, 1 });
	dhcp_write_option(out, OPTION_PARAMETERS, (struct span){ wanted, sizeof(wanted) });
	write_u8(out, OPTION_END);
	write_zeros(out, PROBE_SIZE - out->used);
}

static int probe_interface(const struct dhcp_auto *automatic, unsigned interface)
{
	uint16_t port = automatic->service->parts.config->bootp.port;
	uint8_t bytes[PROBE_SIZE];
	struct writer out = writer_of(bytes, sizeof(bytes));
	struct mac mac;
	int error = link_find_mac(interface, &mac);

	/* Not Ethernet, such as the loopback: no DHCP server is there. */
	if (error < 0)
		return error == -EINVAL ? 0 : error;
	write_probe(&out, mac, automatic->xid);
	return link_send_udp(automatic->service->link,
			     &(struct link_route){ .interface = interface,
						   .to_mac = MAC_BROADCAST,
						   .from = { .port = (uint16_t)(port + 1) },
						   .to = { IP4_BROADCAST, port } },
			     (struct span){ bytes, out.used });
}

/* Once for each interface, however many addresses it has. */
static bool is_first_of_interface(const struct dhcp_service_parts *parts, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (parts->served[i].interface == parts->served[index].interface)
			return false;
	}
	return true;
}

static void probe(const struct dhcp_auto *automatic)
{
	const struct dhcp_service_parts *parts = &automatic->service->parts;

	for (size_t i = 0; i < parts->served_count; i++) {
		int error = is_first_of_interface(parts, i)
				    ? probe_interface(automatic, parts->served[i].interface)
				    : 0;

		if (error < 0)
			note(automatic, EVENT_AUTO_PROBE_FAILED, strerror(-error));
	}
}

static void become_proxy(struct dhcp_auto *automatic)
{
	int error = dhcp_take_role(automatic->service, ROLE_PROXY);

	timer_stop(automatic->timer);
	link_listener_close(automatic->listener);
	automatic->listener = NULL;
	keep(automatic);
	note(automatic, EVENT_AUTO_PROXY, automatic->why);
	if (error < 0)
		note(automatic, EVENT_AUTO_PROBE_FAILED, strerror(-error));
}

/* Where there is no network yet, nobody's silence says anything. */
static bool is_awaited(const struct dhcp_auto *automatic)
{
	const struct config *config = automatic->service->parts.config;

	return config->home.state == HOME_AWAITED && config->subnets.count == 0;
}

static void on_time(void *context)
{
	struct dhcp_auto *automatic = context;
	struct auto_step step;

	automatic->was_awaited = is_awaited(automatic);
	if (automatic->was_awaited)
		return;
	step = auto_on_time(&automatic->mode);
	if (step.has_changed) {
		(void)dhcp_take_role(automatic->service, ROLE_SERVER);
		(void)text_copy(automatic->why, sizeof(automatic->why), "nobody else answered");
		keep(automatic);
		note(automatic, EVENT_AUTO_SERVER, NULL);
	}
	if (step.sends_probe)
		probe(automatic);
	if (step.wait_ms > 0)
		timer_start(automatic->timer, step.wait_ms);
}

static bool is_own_address(const struct dhcp_service_parts *parts, struct ip4 address)
{
	for (size_t i = 0; i < parts->served_count; i++) {
		if (ip4_is_same(parts->served[i].address, address))
			return true;
	}
	return false;
}

/* Whose offer or acknowledgment of an address this is; 0: it is neither, or our own. A proxy's has
 * no address. */
static struct ip4 foreign_server(const struct dhcp_service *service,
				 const struct datagram *datagram)
{
	struct ip4 server = ip_to_4(datagram->from.address);
	struct dhcp_message message;
	enum dhcp_message_type type;

	if (!dhcp_is_served_interface(service, datagram->interface) || datagram->is_cut ||
	    dhcp_decode_reply(datagram->bytes, &message) != DHCP_DROP_NONE)
		return (struct ip4){ 0 };
	type = dhcp_type(&message);
	(void)dhcp_option_address(&message, OPTION_SERVER_ID, &server);
	if ((type != DHCP_OFFER && type != DHCP_ACK && type != DHCP_NONE) ||
	    !ip4_is_set(message.header.yiaddr) || is_own_address(&service->parts, server))
		return (struct ip4){ 0 };
	return server;
}

static void on_replies(void *context, const struct datagram *batch, size_t count)
{
	struct dhcp_auto *automatic = context;

	for (size_t i = 0; i < count; i++) {
		struct ip4 server = foreign_server(automatic->service, &batch[i]);

		if (!ip4_is_set(server) || !auto_on_foreign_server(&automatic->mode))
			continue;
		(void)text_format(automatic->why, sizeof(automatic->why), "%s gives addresses",
				  ip4_format(server).text);
		become_proxy(automatic);
		return;
	}
}

/* Whether port 67 can be had, and why bootd is a proxy if it is one. */
static int take_first_role(struct dhcp_auto *automatic)
{
	struct dhcp_service *service = automatic->service;
	const struct config *config = service->parts.config;
	bool has_pool = config_may_give_addresses(config);
	bool was_proxy = dhcp_verdict_is_proxy(automatic->verdict_fd);
	bool is_port_taken = false;
	int error = 0;

	if (has_pool && !was_proxy) {
		error = dhcp_take_role(service, ROLE_UNDECIDED);
		is_port_taken = error == -EADDRINUSE;
	}
	automatic->mode = auto_begin(has_pool, was_proxy, is_port_taken);
	if (!has_pool)
		(void)text_copy(automatic->why, sizeof(automatic->why),
				"there is no pool_start and no [subnet]");
	else if (was_proxy)
		(void)text_format(
			automatic->why, sizeof(automatic->why),
			"as it was decided before; to have it decided anew, end bootd and "
			"remove %s",
			config->bootp.state_file);
	else if (is_port_taken)
		(void)text_copy(automatic->why, sizeof(automatic->why),
				"another server on this machine has the port");
	if (is_port_taken)
		keep(automatic);
	return automatic->mode.state == AUTO_PROXY ? dhcp_take_role(service, ROLE_PROXY) : error;
}

static int open_all(struct dhcp_auto *automatic)
{
	struct dhcp_service *service = automatic->service;
	uint16_t port = service->parts.config->bootp.port;
	struct link_listener_options options = { .port = (uint16_t)(port + 1), .from_port = port };
	int error;

	automatic->timer = timer_new(service->parts.loop, on_time, automatic);
	if (automatic->timer == NULL)
		return -ENOMEM;
	error = take_first_role(automatic);
	if (error < 0 || automatic->mode.state == AUTO_PROXY)
		return error;
	return link_listener_open(service->parts.loop, &options, on_replies, automatic,
				  &automatic->listener);
}

void dhcp_auto_follow(struct dhcp_auto *automatic)
{
	if (automatic->mode.state == AUTO_PROXY)
		return;
	if (is_awaited(automatic)) {
		automatic->was_awaited = true;
		return;
	}
	/* What was asked before the change says nothing of a network that has just come. */
	if (automatic->mode.state == AUTO_PROBING)
		automatic->mode.probes = 0;
	if (automatic->was_awaited || automatic->mode.state == AUTO_SERVER)
		on_time(automatic);
}

int dhcp_auto_start(struct dhcp_service *service, int verdict_fd, struct dhcp_auto **out_auto)
{
	struct dhcp_auto *automatic = calloc(1, sizeof(*automatic));
	int error;

	if (automatic == NULL) {
		(void)close(verdict_fd);
		return -ENOMEM;
	}
	automatic->service = service;
	automatic->verdict_fd = verdict_fd;
	/* Only to be seen apart in a capture: an answer to any xid tells of a server. */
	automatic->xid = (uint32_t)loop_now_ms(service->parts.loop);
	error = open_all(automatic);
	if (error < 0) {
		dhcp_auto_stop(automatic);
		return error;
	}
	if (automatic->mode.state == AUTO_PROXY) {
		note(automatic, EVENT_AUTO_PROXY, automatic->why);
	} else {
		note(automatic, EVENT_AUTO_LOOKS, NULL);
		on_time(automatic);
	}
	*out_auto = automatic;
	return 0;
}

void dhcp_auto_stop(struct dhcp_auto *automatic)
{
	if (automatic == NULL)
		return;
	link_listener_close(automatic->listener);
	timer_free(automatic->timer);
	(void)close(automatic->verdict_fd);
	free(automatic);
}
