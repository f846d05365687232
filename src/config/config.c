#include "config/config.h"

#include <stdlib.h>
#include <string.h>

static void free_filters(struct filter_rules *filters)
{
	for (size_t i = 0; i < filters->count; i++) {
		free(filters->list[i].pattern);
		free(filters->list[i].replacement);
	}
	free(filters->list);
	*filters = (struct filter_rules){ 0 };
}

void config_done(struct config *config)
{
	free(config->mac.list);
	config->mac = (struct mac_rules){ 0 };
	free(config->uuid.list);
	config->uuid = (struct uuid_rules){ 0 };
	free(config->buggy_clients.list);
	config->buggy_clients = (struct mac_rules){ 0 };
	free(config->static_dhcp.list);
	config->static_dhcp = (struct static_hosts){ 0 };
	free_filters(&config->filters);
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
