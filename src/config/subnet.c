#include "config/subnet.h"

const struct subnet_config *subnet_find(const struct subnets *subnets, struct ip4 address)
{
	for (size_t i = 0; i < subnets->count; i++) {
		const struct subnet_config *subnet = &subnets->list[i];

		if (ip4_is_within(address, subnet->network, subnet->prefix_length))
			return subnet;
	}
	return NULL;
}

/* There may be thousands, where single addresses are excluded. */
bool address_ranges_have(const struct address_ranges *ranges, struct ip4 address)
{
	size_t low = 0;
	size_t high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address.value < ranges->list[middle].first.value)
			high = middle;
		else if (address.value > ranges->list[middle].last.value)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

uint64_t address_ranges_size(const struct address_ranges *ranges)
{
	uint64_t size = 0;

	for (size_t i = 0; i < ranges->count; i++)
		size += (uint64_t)ranges->list[i].last.value - ranges->list[i].first.value + 1;
	return size;
}

const struct option_setting *option_settings_find(const struct option_settings *settings,
						  uint8_t code)
{
	for (size_t i = 0; i < settings->count; i++) {
		if (settings->list[i].code == code)
			return &settings->list[i];
	}
	return NULL;
}
