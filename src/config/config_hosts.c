#include "config/config_hosts.h"

#include "base/text.h"
#include "config/config_apply.h"
#include "config/config_named.h"
#include "config/host.h"
#include "config/ini.h"

#include <stdio.h>
#include <stdlib.h>

typedef int host_order(const void *one, const void *other);

/* What hosts are known by: the key, and their list in its order. */
struct identity {
	const char *key;
	host_order *order;
	const struct host_config ***list;
	size_t *count;
};

/* A value that is none has its problem already. */
static bool says_who(const struct ini *ini, const char *section)
{
	return config_is_given(ini_find(ini, section, "mac")) ||
	       config_is_given(ini_find(ini, section, "uuid")) ||
	       config_is_given(ini_find(ini, section, "client_id"));
}

static void apply_host(const struct named_sections *sections, const struct ini_section *section,
		       struct hosts *hosts)
{
	struct ini_entry place = { .section = section->name, .line = section->line };
	struct host_config *host = &hosts->list[hosts->count];

	host->line = section->line;
	if (!named_take_name(sections, section, host->name))
		return;
	hosts->count++;
	named_apply(sections, section, host);
	if (!says_who(sections->ini, section->name))
		ini_complain(sections->ini, &place, sections->problems,
			     "nothing says which machine this is: give its mac, its uuid or its "
			     "client_id");
}

static struct ini_entry place_of(const struct ini *ini, const struct host_config *host,
				 const char *key, char *section, size_t size)
{
	const struct ini_entry *entry;

	(void)text_format(section, size, "host %s", host->name);
	entry = ini_find(ini, section, key);
	if (entry != NULL)
		return *entry;
	return (struct ini_entry){ .section = section, .key = key, .line = host->line };
}

static void complain_of_pair(const struct ini *ini, const char *key, const struct host_config *one,
			     const struct host_config *other, struct problems *problems)
{
	const struct host_config *later = one->line > other->line ? one : other;
	const struct host_config *earlier = one->line > other->line ? other : one;
	char section[sizeof("host ") + CONFIG_NAME_SIZE];
	struct ini_entry place = place_of(ini, later, key, section, sizeof(section));

	ini_complain(ini, &place, problems,
		     "[host %s] in line %u is about the same machine: remove one of the two",
		     earlier->name, earlier->line);
}

static void sort_by(const struct ini *ini, const struct identity *identity,
		    struct problems *problems)
{
	const struct host_config **list = *identity->list;

	qsort(list, *identity->count, sizeof(const struct host_config *), identity->order);
	for (size_t i = 1; i < *identity->count; i++) {
		if (identity->order(&list[i - 1], &list[i]) == 0)
			complain_of_pair(ini, identity->key, list[i - 1], list[i], problems);
	}
}

static void list_host(struct hosts *hosts, const struct host_config *host)
{
	if (host->has_mac)
		hosts->by_mac[hosts->by_mac_count++] = host;
	if (host->has_uuid)
		hosts->by_uuid[hosts->by_uuid_count++] = host;
	if (host->client_id_length > 0)
		hosts->by_client_id[hosts->by_client_id_count++] = host;
}

/* Such a row and such a section would both be about the machine. */
static void check_static_host(const struct ini *ini, const struct config *config,
			      const struct host_config *host, struct problems *problems)
{
	const struct static_hosts *rows = &config->static_dhcp;
	const struct static_host wanted = { .mac = host->mac };
	const struct static_host *row = NULL;
	char section[sizeof("host ") + CONFIG_NAME_SIZE];
	struct ini_entry place;

	if (rows->count > 0)
		row = bsearch(&wanted, rows->list, rows->count, sizeof(wanted), static_host_order);
	if (row == NULL)
		return;
	place = place_of(ini, host, "mac", section, sizeof(section));
	ini_complain(ini, &place, problems,
		     "[static_dhcp] in line %u is about the same machine: remove one of the two",
		     row->line);
}

static void sort_hosts(const struct ini *ini, struct config *config, struct problems *problems)
{
	struct hosts *hosts = &config->hosts;
	const struct identity identities[] = {
		{ "mac", host_mac_order, &hosts->by_mac, &hosts->by_mac_count },
		{ "uuid", host_uuid_order, &hosts->by_uuid, &hosts->by_uuid_count },
		{ "client_id", host_client_id_order, &hosts->by_client_id,
		  &hosts->by_client_id_count },
	};
	const size_t count = sizeof(identities) / sizeof(identities[0]);

	for (size_t i = 0; i < count; i++) {
		*identities[i].list = calloc(hosts->count, sizeof(const struct host_config *));
		if (*identities[i].list != NULL)
			continue;
		ini_complain(ini, &(struct ini_entry){ .section = "host" }, problems,
			     "there is no memory for so many sections");
		return;
	}
	for (size_t i = 0; i < hosts->count; i++)
		list_host(hosts, &hosts->list[i]);
	for (size_t i = 0; i < count; i++)
		sort_by(ini, &identities[i], problems);
	for (size_t i = 0; i < hosts->by_mac_count; i++)
		check_static_host(ini, config, hosts->by_mac[i], problems);
}

void config_apply_hosts(const struct ini *ini, struct config *config, struct problems *problems)
{
	const struct named_sections sections = { ini, "host", config, problems };
	struct hosts *hosts = &config->hosts;
	const struct ini_section *section;
	size_t index = 0;

	hosts->list = named_new_list(&sections, sizeof(hosts->list[0]));
	while (hosts->list != NULL && (section = named_next(&sections, &index)) != NULL)
		apply_host(&sections, section, hosts);
	if (hosts->list != NULL && hosts->count > 0)
		sort_hosts(ini, config, problems);
}
