/* Machines whose address another server gave, and whose DHCP was not heard here: a proxy asks the
 * kernel who they are when they ask for a file. A part of dhcp_service. */
#include "boot/access.h"
#include "config/host.h"
#include "dhcp/dhcp_exchange.h"
#include "io/neighbours.h"

static const struct host_config *host_of(const struct config *config, const struct mac *mac)
{
	return host_find(&config->hosts, mac, NULL, (struct span){ 0 });
}

/* Only where the machine has begun to boot, or a row of [mac] is to decide: that somebody is at an
 * address does not make it a machine that bootd knows. */
static bool join(const struct dhcp_service *service, const struct neighbour *neighbour,
		 struct ip4 address, uint64_t now_s)
{
	const struct config *config = service->parts.config;
	struct session_table *sessions = service->parts.sessions;
	struct client client = { .mac = neighbour->mac };
	bool is_by_mac = config->bootp.access == ACCESS_BY_MAC;
	struct session *session;

	if (!dhcp_is_served_interface(service, neighbour->interface) ||
	    (!is_by_mac && session_find(sessions, neighbour->mac, now_s) == NULL))
		return false;
	session = session_open(sessions, neighbour->mac, now_s);
	if (is_by_mac)
		session->is_denied = access_check(config, &client, host_of(config, &client.mac)) !=
				     ACCESS_GRANTED;
	session_set_address(sessions, session, address, now_s + SESSION_SILENCE_S);
	return true;
}

bool dhcp_learn_neighbour(void *context, struct session_table *sessions, struct ip4 address,
			  uint64_t now_s)
{
	struct dhcp_service *service = context;
	struct neighbour neighbour;
	bool is_known;

	session_lock(sessions);
	is_known = service->role == ROLE_PROXY;
	session_unlock(sessions);
	if (!is_known || !neighbours_find(service->neighbours, address, &neighbour))
		return false;
	session_lock(sessions);
	is_known = join(service, &neighbour, address, now_s);
	session_unlock(sessions);
	return is_known;
}
