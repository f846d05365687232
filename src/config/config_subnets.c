#include "config/config_subnets.h"

#include "base/text.h"
#include "config/config_apply.h"
#include "config/config_named.h"
#include "config/ini.h"

#include <string.h>

/* What a section without keys would have. */
static struct subnet_config inherit(const struct config *config)
{
	const struct bootp_config *bootp = &config->bootp;
	struct subnet_config subnet = {
		.tells_gateway = bootp->tells_gateway,
		.dns_count = bootp->dns_count,
		.is_dns_auto = bootp->is_dns_auto,
		.lease_time_s = bootp->lease_time_s,
		.probation_s = config->leases.probation_s,
		.is_authoritative = bootp->is_authoritative,
	};

	memcpy(subnet.dns, bootp->dns, sizeof(bootp->dns));
	(void)text_copy(subnet.domain, sizeof(subnet.domain), bootp->domain);
	return subnet;
}

/* False: the section names no network, and a problem says so. */
static bool has_network(const struct named_sections *sections, const struct ini_section *section,
			const struct subnet_config *subnet)
{
	struct ini_entry place = { .section = section->name, .line = section->line };

	if (subnet->prefix_length > 0)
		return true;
	/* A value that is no network has its problem already. */
	if (!config_is_given(ini_find(sections->ini, section->name, "network")))
		ini_complain(sections->ini, &place, sections->problems,
			     "there is no network, such as network = 192.168.5.0/24");
	return false;
}

static void apply_subnet(const struct named_sections *sections, const struct ini_section *section,
			 struct subnets *subnets)
{
	struct subnet_config *subnet = &subnets->list[subnets->count];

	*subnet = inherit(sections->config);
	subnet->line = section->line;
	if (!named_take_name(sections, section, subnet->name))
		return;
	subnets->count++;
	named_apply(sections, section, subnet);
	if (!has_network(sections, section, subnet))
		subnet_config_done(&subnets->list[--subnets->count]);
}

void config_apply_subnets(const struct ini *ini, struct config *config, struct problems *problems)
{
	const struct named_sections sections = { ini, "subnet", config, problems };
	struct subnets *subnets = &config->subnets;
	const struct ini_section *section;
	size_t index = 0;

	subnets->list = named_new_list(&sections, sizeof(subnets->list[0]));
	while (subnets->list != NULL && (section = named_next(&sections, &index)) != NULL) {
		if (subnets->count < CONFIG_SUBNETS_MAX) {
			apply_subnet(&sections, section, subnets);
			continue;
		}
		ini_complain(ini,
			     &(struct ini_entry){ .section = section->name, .line = section->line },
			     problems, "there are more than %d networks; the rest is not read",
			     CONFIG_SUBNETS_MAX);
		break;
	}
}
