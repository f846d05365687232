#include "tftp/tftp_caps.h"
#include "tftp/tftp_options.h"

#define MAC_BITS 48

static bool is_about(const struct tftp_client_rule *rule, struct ip client, const struct mac *mac)
{
	unsigned unused = MAC_BITS - rule->prefix_length;

	if (!rule->is_by_mac)
		return ip_is_within(client, rule->network, rule->prefix_length);
	return mac != NULL && mac_to_number(*mac) >> unused == mac_to_number(rule->mac) >> unused;
}

struct tftp_caps tftp_caps_of(const struct config *config, struct ip client, const struct mac *mac)
{
	const struct tftp_client_rules *rules = &config->tftp_clients;
	struct tftp_caps caps = { 0 };

	for (size_t i = 0; i < rules->count; i++) {
		if (is_about(&rules->list[i], client, mac)) {
			caps = rules->list[i].caps;
			break;
		}
	}
	caps.refused |= config->tftp.refused;
	return caps;
}

void tftp_caps_refuse(struct tftp_options *asked, uint8_t refused)
{
	if (refused & 1u << TFTP_OPTION_BLOCK_SIZE)
		asked->block_size = 0;
	if (refused & 1u << TFTP_OPTION_TIMEOUT)
		asked->timeout_s = 0;
	if (refused & 1u << TFTP_OPTION_SIZE)
		asked->has_size = false;
	if (refused & 1u << TFTP_OPTION_WINDOW)
		asked->window = 0;
	if (refused & 1u << TFTP_OPTION_FINE_TIMEOUT)
		asked->timeout_us = 0;
	if (refused & 1u << TFTP_OPTION_ROLLOVER)
		asked->has_rollover = false;
}
