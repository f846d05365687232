/* What the networks of the configuration hold. */
#ifndef BOOTD_CONFIG_SUBNET_H
#define BOOTD_CONFIG_SUBNET_H

#include "config/config.h"

/* The network of the address; NULL: none. */
const struct subnet_config *subnet_find(const struct subnets *subnets, struct ip4 address);

/* The address is one of those. */
bool address_ranges_have(const struct address_ranges *ranges, struct ip4 address);

/* How many addresses they are. */
uint64_t address_ranges_size(const struct address_ranges *ranges);

/* NULL: the scope does not set it. */
const struct option_setting *option_settings_find(const struct option_settings *settings,
						  uint8_t code);

#endif
