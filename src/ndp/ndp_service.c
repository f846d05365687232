#include "ndp/ndp_service.h"
#include "activity/activity.h"
#include "boot/session.h"
#include "io/icmp6.h"
#include "io/loop.h"
#include "io/netif.h"
#include "ndp/ndp_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SOLICITATION 133 /* RFC 4861 4.1 */
#define LINK_HOPS    255 /* RFC 4861 6.1.1: it cannot come from behind a router */

/* Firmware solicits while it asks for its address by DHCP. What the machine runs later may know
 * more of IPv6, and is left alone. */
#define FIRMWARE_SILENCE_MAX_S 10

struct ndp_service {
	struct ndp_service_parts parts;
	struct icmp6 *icmp6;
};

static void note(const struct ndp_service *service, enum event_kind kind, const struct mac *mac,
		 const char *detail)
{
	struct event event = { .kind = kind, .detail = detail };

	if (mac != NULL) {
		event.has_mac = true;
		event.mac = *mac;
	}
	activity_note(service->parts.activity, &event);
}

static bool is_served(const struct ndp_service_parts *parts, unsigned interface)
{
	for (size_t i = 0; i < parts->served_count; i++) {
		if (parts->served[i].interface == interface)
			return true;
	}
	return false;
}

/* Has the machine's firmware asked by DHCP just now? */
static bool is_booting(const struct ndp_service *service, struct mac mac)
{
	uint64_t now_s = loop_now_ms(service->parts.loop) / 1000;
	const struct session *session;
	bool is_booting;

	session_lock(service->parts.sessions);
	session = session_find(service->parts.sessions, mac, now_s);
	is_booting = session != NULL && session->stage == SESSION_PXE && !session->is_denied &&
		     now_s - session->last_seen_s <= FIRMWARE_SILENCE_MAX_S;
	session_unlock(service->parts.sessions);
	return is_booting;
}

/* Why there is no answer; NULL: there is one. Where this machine is a router itself, "no router"
 * would contradict what it advertises. */
static const char *find_objection(const struct ndp_service *service, unsigned interface,
				  struct mac mac)
{
	enum answer_rs mode = service->parts.config->bootp.answer_rs;
	bool forwards = true;

	if (mode == ANSWER_RS_NEVER)
		return "[bootp] answer_rs = no";
	if (!is_booting(service, mac))
		return "its firmware has not asked by DHCP just now";
	if (mode == ANSWER_RS_ALWAYS)
		return NULL;
	if (netif_forwards_ip6(interface, &forwards) < 0 || forwards)
		return "this machine is an IPv6 router there";
	return NULL;
}

static void answer(struct ndp_service *service, const struct icmp6_message *message, struct mac mac)
{
	uint8_t bytes[NDP_ADVERTISEMENT_SIZE];
	struct writer out = writer_of(bytes, sizeof(bytes));
	int error;

	ndp_encode_no_router(&out);
	error = icmp6_send(service->icmp6, message->interface, &message->from,
			   (struct span){ bytes, out.used });
	if (error < 0)
		note(service, EVENT_NDP_IGNORED, &mac, strerrordesc_np(-error));
	else
		note(service, EVENT_NDP_ANSWER, &mac, NULL);
}

/* An unspecified source could only be answered by multicast, which others would hear. */
static bool is_unspecified(const struct ip6 *address)
{
	static const struct ip6 unspecified;

	return memcmp(address, &unspecified, sizeof(unspecified)) == 0;
}

static void on_message(void *context, const struct icmp6_message *message)
{
	struct ndp_service *service = context;
	const char *objection;
	struct mac mac;

	if (!is_served(&service->parts, message->interface))
		return;
	if (message->hop_limit != LINK_HOPS || is_unspecified(&message->from) ||
	    !ndp_decode_solicitation(message->bytes, &mac)) {
		note(service, EVENT_NDP_MALFORMED, NULL, NULL);
		return;
	}
	objection = find_objection(service, message->interface, mac);
	if (objection == NULL)
		answer(service, message, mac);
	else
		note(service, EVENT_NDP_IGNORED, &mac, objection);
}

/* An interface without IPv6 has no solicitations; one with two addresses is joined once. */
static void join(struct ndp_service *service)
{
	for (size_t i = 0; i < service->parts.served_count; i++)
		(void)icmp6_join_routers(service->icmp6, service->parts.served[i].interface);
}

int ndp_service_start(const struct ndp_service_parts *parts, struct ndp_service **out_service)
{
	struct ndp_service *service = calloc(1, sizeof(*service));
	int error;

	if (service == NULL)
		return -ENOMEM;
	service->parts = *parts;
	error = icmp6_open(parts->loop, SOLICITATION, on_message, service, &service->icmp6);
	if (error < 0) {
		free(service);
		return error;
	}
	join(service);
	*out_service = service;
	return 0;
}

void ndp_service_configure(struct ndp_service *service, const struct ndp_service_parts *parts)
{
	for (size_t i = 0; i < service->parts.served_count; i++) {
		unsigned interface = service->parts.served[i].interface;

		if (!is_served(parts, interface))
			icmp6_leave_routers(service->icmp6, interface);
	}
	service->parts = *parts;
	join(service);
}

void ndp_service_stop(struct ndp_service *service)
{
	if (service == NULL)
		return;
	icmp6_close(service->icmp6);
	free(service);
}
