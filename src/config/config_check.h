/* Rules between keys, and between the keys and the machine. */
#ifndef BOOTD_CONFIG_CONFIG_CHECK_H
#define BOOTD_CONFIG_CONFIG_CHECK_H

#include "base/problem.h"
#include "config/config.h"

struct ini;

/* What the start knows of the machine. */
struct config_surroundings {
	const struct local_address *addresses;
	size_t address_count;
	const struct local_ip *ip6_addresses; /* IPv6's, which only TFTP and HTTP are served on */
	size_t ip6_address_count;
	const struct ip4 *resolvers; /* the machine's own DNS servers, for dns = auto */
	size_t resolver_count;
};

/* Checks the parsed settings as a whole and derives config->home, config->subnets and the dns list.
 * The ini gives the places of keys for the problems it adds. What is not there yet is a warning:
 * bootd waits for it. */
void config_check(struct config *config, const struct ini *ini,
		  const struct config_surroundings *surroundings, struct problems *problems);

/* Derives config->home, and the network of [bootp]'s pool in config->subnets, anew from what the
 * machine has now. A problem says why the network is not served though it is there. Returns 0 or
 * -ENOMEM: nothing has changed. */
int config_follow_networks(struct config *config, const struct config_surroundings *surroundings,
			   struct problems *problems);

/* The network of [bootp]'s pool is not to be served as long as it is where it is. */
void config_leave_home(struct config *config);

/* Does the selector mean this address, or its network, or its interface? */
bool selector_matches(const struct selector *selector, const struct local_ip *local);

bool selector_is_same(const struct selector *one, const struct selector *other);

/* Does it select the interface, or any where that is 0? One address does for all of
 * its others. */
bool selector_selects(const struct selector *selector,
		      const struct config_surroundings *surroundings, unsigned interface);

#endif
