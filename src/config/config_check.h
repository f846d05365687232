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
	const struct ip4 *resolvers; /* the machine's own DNS servers, for dns = auto */
	size_t resolver_count;
};

/* Checks the parsed settings as a whole and derives config->subnets and the dns list. The ini gives
 * the places of keys for the problems it adds. */
void config_check(struct config *config, const struct ini *ini,
		  const struct config_surroundings *surroundings, struct problems *problems);

/* Does the selector mean this address, or its network, or its interface? */
bool selector_matches(const struct selector *selector, const struct local_address *address);

/* Does it select the interface? Any of the interface's addresses does for all of them. */
bool selector_selects(const struct selector *selector,
		      const struct config_surroundings *surroundings, unsigned interface);

#endif
