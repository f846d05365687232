/* The ini reader, the table of keys and the rules between keys, on any bytes. */
#include "config/config_apply.h"
#include "config/config_check.h"
#include "config/host.h"
#include "config/ini.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_subnet(const struct subnet_config *subnet)
{
	for (size_t i = 0; i < subnet->ranges.count; i++) {
		const struct address_range *range = &subnet->ranges.list[i];

		if (range->last.value < range->first.value ||
		    !ip4_is_within(range->first, subnet->network, subnet->prefix_length) ||
		    !ip4_is_within(range->last, subnet->network, subnet->prefix_length) ||
		    (i > 0 && range->first.value <= range[-1].last.value))
			abort();
	}
}

static void check_settings(const struct option_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct option_setting *setting = &settings->list[i];

		if (setting->length == 0 || setting->code == 0 || setting->code == 255 ||
		    (i > 0 && setting->code <= setting[-1].code))
			abort();
	}
}

/* Each is found by what it is known by, and no two by the same. */
static void check_host(const struct hosts *hosts, const struct host_config *host)
{
	const struct span id = { host->client_id, host->client_id_length };
	const struct span none = { 0 };

	check_settings(&host->options);
	if (host->has_mac && host_find(hosts, &host->mac, NULL, none) != host)
		abort();
	if (host->has_uuid && host_find(hosts, &host->mac, &host->uuid, none) != host)
		abort();
	if (id.length > 0 && host_find(hosts, &host->mac, &host->uuid, id) != host)
		abort();
}

/* A configuration without problems has its pools in their networks. */
static void check_config(const struct config *config)
{
	check_settings(&config->options);
	for (size_t i = 0; i < config->subnets.count; i++) {
		check_subnet(&config->subnets.list[i]);
		check_settings(&config->subnets.list[i].options);
	}
	for (size_t i = 0; i < config->hosts.count; i++)
		check_host(&config->hosts, &config->hosts.list[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct local_address addresses[] = {
		{ 1, "lo", { 0x7f000001 }, 8 },
		{ 2, "eth0", { 0xc0a80101 }, 24 },
		{ 3, "tun0", { 0x0a000001 }, 32 },
	};
	static const struct ip4 resolvers[] = { { 0x7f000035 }, { 0x08080808 } };
	static const struct config_surroundings surroundings = {
		.addresses = addresses,
		.address_count = 3,
		.resolvers = resolvers,
		.resolver_count = 2,
	};
	static struct config config;
	static struct problems problems;
	struct ini *ini;

	problems.count = 0;
	problems.warning_count = 0;
	config = (struct config){ .path = "/etc/bootd.ini", .has_dhcp = true, .has_tftp = true };
	ini = ini_parse("fuzz.ini", (struct span){ .bytes = data, .length = size }, &problems);
	if (ini == NULL)
		return 0;
	config_apply(ini, &config, &problems);
	config_check(&config, ini, &surroundings, &problems);
	if (problems.count == 0)
		check_config(&config);
	config_done(&config);
	ini_free(ini);
	return 0;
}
