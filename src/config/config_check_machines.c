#include "base/text.h"
#include "config/config_apply.h"
#include "config/config_check_parts.h"
#include "config/subnet.h"

#include <string.h>

/* The section that access names; NULL: none. */
static const char *section_of(enum access_kind access)
{
	switch (access) {
	case ACCESS_OPEN:
		return NULL;
	case ACCESS_BY_MAC:
		return "mac";
	case ACCESS_BY_UUID:
		return "uuid";
	case ACCESS_BY_HTTP:
		return "http";
	}
	return NULL;
}

/* Where is the authority, and what is it asked? */
static void check_authority(const struct check *check)
{
	static const char *const needed[][2] = {
		{ "location", "http://192.168.1.2:8080" },
		{ "pxe", "/boot" },
		{ "dhcp", "/linux" },
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!config_is_given(ini_find(check->ini, "http", needed[i][0])))
			check_complain(check, "http", needed[i][0],
				       "access = http needs a value here, such as %s",
				       needed[i][1]);
	}
}

void check_access(const struct check *check)
{
	const char *section = section_of(check->config->bootp.access);

	if (section == NULL)
		return;
	if (check_section_line(check, section) == 0)
		check_complain(check, "bootp", "access",
			       "there is no section [%s], which says what is allowed", section);
	else if (check->config->bootp.access == ACCESS_BY_HTTP)
		check_authority(check);
}

/* The local address on whose network this one is; NULL: none that is served. */
static const struct local_address *find_network(const struct check *check, struct ip4 address)
{
	const struct selector *selector = &check->config->bootp.address;
	const struct config_surroundings *surroundings = check->surroundings;

	for (size_t i = 0; i < surroundings->address_count; i++) {
		const struct local_address *local = &surroundings->addresses[i];

		if (ip4_is_within(address, local->address, local->prefix_length) &&
		    selector_selects(selector, surroundings, local->interface))
			return local;
	}
	return NULL;
}

static bool is_own(const struct check *check, struct ip4 address)
{
	for (size_t i = 0; i < check->surroundings->address_count; i++) {
		if (ip4_is_same(check->surroundings->addresses[i].address, address))
			return true;
	}
	return false;
}

/* Why no machine can have this address; NULL: one can. */
static const char *why_taken(const struct check *check, const struct local_address *local,
			     struct ip4 address)
{
	if (is_own(check, address))
		return "this machine's own";
	if (ip4_is_same(address, check->config->bootp.gateway))
		return "the gateway's";
	/* A network of two addresses, or of one, has no address of its own (RFC 3021). */
	if (local->prefix_length > 30)
		return NULL;
	if (ip4_is_same(address, ip4_network(address, local->prefix_length)))
		return "the network's own";
	if (ip4_is_same(address, check_broadcast_of(local)))
		return "the network's broadcast address";
	return NULL;
}

const char *check_why_taken(const struct check *check, const struct subnet_config *subnet,
			    struct ip4 address)
{
	const struct local_address network = { .address = subnet->network,
					       .prefix_length = subnet->prefix_length };

	if (ip4_is_same(address, subnet->gateway))
		return "the gateway's";
	return why_taken(check, &network, address);
}

static void check_static_host(const struct check *check, const struct static_host *host)
{
	struct mac_text mac = mac_format(host->mac);
	struct ini_entry place = { .section = "static_dhcp", .key = mac.text, .line = host->line };
	const struct subnet_config *subnet = subnet_find(&check->config->subnets, host->address);
	const struct local_address *local = find_network(check, host->address);
	const char *owner;

	if (subnet == NULL && local == NULL) {
		ini_complain(check->ini, &place, check->problems,
			     "%s is on no network that is served; there is: %s",
			     ip4_format(host->address).text,
			     check_list_networks(check->surroundings).text);
		return;
	}
	owner = subnet != NULL ? check_why_taken(check, subnet, host->address)
			       : why_taken(check, local, host->address);
	if (owner != NULL)
		ini_complain(check->ini, &place, check->problems, "%s is %s",
			     ip4_format(host->address).text, owner);
}

void check_static_hosts(const struct check *check)
{
	const struct static_hosts *hosts = &check->config->static_dhcp;

	for (size_t i = 0; i < hosts->count; i++)
		check_static_host(check, &hosts->list[i]);
}
