#include "config/config.h"

#include "config/config_apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void filter_rules_done(struct filter_rules *filters)
{
	for (size_t i = 0; i < filters->count; i++) {
		free(filters->list[i].pattern);
		free(filters->list[i].replacement);
	}
	free(filters->list);
	*filters = (struct filter_rules){ 0 };
}

int filter_rules_copy(const struct filter_rules *from, struct filter_rules *out_copy)
{
	struct filter_rules copy = { 0 };

	if (from->count > 0)
		copy.list = calloc(from->count, sizeof(*copy.list));
	if (from->count > 0 && copy.list == NULL)
		return -ENOMEM;
	for (; copy.count < from->count; copy.count++) {
		struct filter_rule *rule = &copy.list[copy.count];

		*rule = from->list[copy.count];
		rule->pattern = strdup(rule->pattern);
		rule->replacement = strdup(rule->replacement);
		if (rule->pattern != NULL && rule->replacement != NULL)
			continue;
		copy.count++;
		filter_rules_done(&copy);
		return -ENOMEM;
	}
	*out_copy = copy;
	return 0;
}

bool selector_names(const struct selector *selector, const struct local_ip *local)
{
	return ip_is_within(local->address, selector->address, 128) &&
	       (selector->name[0] == '\0' || strcmp(local->name, selector->name) == 0);
}

bool config_may_give_addresses(const struct config *config)
{
	return config->bootp.mode == MODE_SERVER ||
	       (config->bootp.mode == MODE_AUTO &&
		(ip4_is_set(config->bootp.pool_start) || config->subnets.count > 0));
}

uint32_t config_pool_count_max(const struct config *config)
{
	uint32_t count = config->bootp.pool_count;

	return count == POOL_COUNT_NOT_GIVEN ? POOL_COUNT_DEFAULT : count;
}

bool config_has_lease_file(const struct config *config)
{
	return config->has_dhcp && config->leases.type == STORE_SQLITE &&
	       config_may_give_addresses(config);
}

struct listening config_listening(const struct selector *selector, const struct local_ip *served,
				  size_t served_count)
{
	struct listening listening = { .families = IP_BOTH };

	if (selector->kind == SELECT_ALL)
		listening.families = IP_ONLY_4;
	if (selector->kind != SELECT_ADDRESS)
		return listening;
	listening.families = ip_is_4(selector->address) ? IP_ONLY_4 : IP_ONLY_6;
	for (size_t i = 0; i < served_count; i++) {
		if (selector_names(selector, &served[i]))
			listening.address = served[i].address;
	}
	return listening;
}

static void option_settings_done(struct option_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		free(settings->list[i].bytes);
	free(settings->list);
	*settings = (struct option_settings){ 0 };
}

void subnet_config_done(struct subnet_config *subnet)
{
	free(subnet->ranges.list);
	free(subnet->excluded.list);
	option_settings_done(&subnet->options);
	*subnet = (struct subnet_config){ 0 };
}

static void subnets_done(struct subnets *subnets)
{
	for (size_t i = 0; i < subnets->count; i++)
		subnet_config_done(&subnets->list[i]);
	free(subnets->list);
	*subnets = (struct subnets){ 0 };
}

static void hosts_done(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		option_settings_done(&hosts->list[i].options);
	free(hosts->by_mac);
	free(hosts->by_uuid);
	free(hosts->by_client_id);
	free(hosts->list);
	*hosts = (struct hosts){ 0 };
}

void config_done(struct config *config)
{
	subnets_done(&config->subnets);
	hosts_done(&config->hosts);
	option_settings_done(&config->options);
	free(config->mac.list);
	config->mac = (struct mac_rules){ 0 };
	free(config->uuid.list);
	config->uuid = (struct uuid_rules){ 0 };
	free(config->tftp_clients.list);
	config->tftp_clients = (struct tftp_client_rules){ 0 };
	free(config->buggy_clients.list);
	config->buggy_clients = (struct mac_rules){ 0 };
	free(config->static_dhcp.list);
	config->static_dhcp = (struct static_hosts){ 0 };
	filter_rules_done(&config->filters);
}

int mac_rule_order(const void *one, const void *other)
{
	const struct mac_rule *first = one;
	const struct mac_rule *second = other;

	if (first->prefix_length != second->prefix_length)
		return first->prefix_length > second->prefix_length ? -1 : 1;
	return memcmp(first->mac.bytes, second->mac.bytes, sizeof(first->mac.bytes));
}

int uuid_rule_order(const void *one, const void *other)
{
	const struct uuid_rule *first = one;
	const struct uuid_rule *second = other;

	return memcmp(first->uuid.bytes, second->uuid.bytes, sizeof(first->uuid.bytes));
}

int static_host_order(const void *one, const void *other)
{
	const struct static_host *first = one;
	const struct static_host *second = other;

	return memcmp(first->mac.bytes, second->mac.bytes, sizeof(first->mac.bytes));
}
