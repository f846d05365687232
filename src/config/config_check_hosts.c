#include "base/text.h"
#include "config/config_check_parts.h"
#include "config/subnet.h"

#include <stdlib.h>
#include <string.h>

/* An address that a section or a row gives to a machine. */
struct claim {
	struct ip4 address;
	unsigned line;
	const struct host_config *host; /* NULL: a row of [static_dhcp] */
};

static void complain(const struct check *check, const struct host_config *host, const char *format,
		     const char *detail)
{
	char section[sizeof("host ") + CONFIG_NAME_SIZE];
	struct ini_entry place = { .section = section, .key = "address", .line = host->line };
	const struct ini_entry *entry;

	(void)text_format(section, sizeof(section), "host %s", host->name);
	entry = ini_find(check->ini, section, place.key);
	ini_complain(check->ini, entry == NULL ? &place : entry, check->problems, "%s %s%s",
		     ip4_format(host->address).text, format, detail);
}

/* Where it is not served, it is not known what the network of [bootp]'s pool holds. */
static bool is_pool_unknown(const struct check *check)
{
	return check->config->home.state == HOME_AWAITED || check->config->home.state == HOME_WRONG;
}

static void check_host(const struct check *check, const struct host_config *host)
{
	const struct subnets *subnets = &check->config->subnets;
	const struct subnet_config *subnet = subnet_find(subnets, host->address);
	const char *owner = NULL;

	if (subnet != NULL)
		owner = check_why_taken(check, subnet, host->address);
	else if (!is_pool_unknown(check) && subnets->count > 0)
		complain(check, host, "is on no network that is served; there is: ",
			 check_list_subnets(subnets).text);
	if (owner != NULL)
		complain(check, host, "is ", owner);
}

static int claim_order(const void *one, const void *other)
{
	const struct claim *first = one;
	const struct claim *second = other;

	if (first->address.value != second->address.value)
		return first->address.value < second->address.value ? -1 : 1;
	return (first->line > second->line) - (first->line < second->line);
}

/* Two rows of [static_dhcp] have their problem already. */
static void complain_of_claims(const struct check *check, const struct claim *earlier,
			       const struct claim *later)
{
	struct ini_entry row = { .section = "static_dhcp", .line = later->line };
	char what[32];

	(void)text_format(what, sizeof(what), "%u", earlier->line);
	if (later->host != NULL)
		complain(check, later->host, "is given to another machine in line ", what);
	else if (earlier->host != NULL)
		ini_complain(check->ini, &row, check->problems,
			     "line %u gives %s to another machine: [host %s]", earlier->line,
			     ip4_format(later->address).text, earlier->host->name);
}

static size_t list_claims(const struct config *config, struct claim *out)
{
	size_t count = 0;

	for (size_t i = 0; i < config->hosts.count; i++) {
		const struct host_config *host = &config->hosts.list[i];

		if (ip4_is_set(host->address))
			out[count++] = (struct claim){ host->address, host->line, host };
	}
	for (size_t i = 0; i < config->static_dhcp.count; i++) {
		const struct static_host *row = &config->static_dhcp.list[i];

		out[count++] = (struct claim){ row->address, row->line, NULL };
	}
	return count;
}

static void check_claims(const struct check *check)
{
	const struct config *config = check->config;
	struct claim *claims =
		calloc(config->hosts.count + config->static_dhcp.count, sizeof(*claims));
	size_t count;

	if (claims == NULL) {
		check_complain(check, "host", "address", "there is not enough memory");
		return;
	}
	count = list_claims(config, claims);
	qsort(claims, count, sizeof(*claims), claim_order);
	for (size_t i = 1; i < count; i++) {
		if (ip4_is_same(claims[i - 1].address, claims[i].address))
			complain_of_claims(check, &claims[i - 1], &claims[i]);
	}
	free(claims);
}

void check_hosts(const struct check *check)
{
	const struct hosts *hosts = &check->config->hosts;

	for (size_t i = 0; i < hosts->count; i++) {
		if (ip4_is_set(hosts->list[i].address))
			check_host(check, &hosts->list[i]);
	}
	if (hosts->count > 0)
		check_claims(check);
}
