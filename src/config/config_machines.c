#include "config/config_machines.h"

#include "base/text.h"
#include "config/config_apply.h"
#include "config/config_caps.h"
#include "config/config_values.h"
#include "config/ini.h"

#include <stdlib.h>
#include <string.h>

/* One section being read. */
struct reading {
	const struct ini *ini;
	const char *section;
	struct problems *problems;
};

static void complain_of_section(const struct reading *reading, unsigned line, const char *sentence)
{
	struct ini_entry place = { .section = reading->section, .line = line };

	ini_complain(reading->ini, &place, reading->problems, "%s", sentence);
}

/* The section's next row at or after *index, which moves behind it; of rows with the same key,
 * which the reader has complained of, only one. NULL: there is none. */
static const struct ini_entry *next_row(const struct reading *reading, size_t *index)
{
	const struct ini_entry *entry;

	while ((entry = ini_entry_at(reading->ini, *index)) != NULL) {
		(*index)++;
		if (strcmp(entry->section, reading->section) == 0 &&
		    ini_find(reading->ini, entry->section, entry->key)->line == entry->line)
			return entry;
	}
	return NULL;
}

/* A list with room for all rows of the section. NULL: it has none, or a problem says why. */
static void *new_list(const struct reading *reading, size_t size)
{
	size_t count = 0;
	size_t index = 0;
	void *list;

	while (next_row(reading, &index) != NULL)
		count++;
	if (count == 0)
		return NULL;
	list = calloc(count, size);
	if (list == NULL)
		complain_of_section(reading, 0, "there is no memory for these rows");
	return list;
}

/* False: a problem says why. */
static bool read_boolean(const struct reading *reading, const struct ini_entry *entry,
			 bool *out_is_yes)
{
	char text[INI_LINE_MAX + 1];

	config_read_value(entry, text, sizeof(text));
	if (value_parse_boolean(text, out_is_yes))
		return true;
	ini_complain(
		reading->ini, entry, reading->problems,
		"\"%s\" is neither yes nor no (nor on, off, true, false, enable, disable, 1, 0)",
		value_show(text).text);
	return false;
}

/* Two neighbours of a sorted list that are about the same machine: of the two lines, the later
 * one is the mistake. */
static void complain_of_pair(const struct reading *reading, unsigned line, unsigned other_line)
{
	struct ini_entry place = { .section = reading->section,
				   .line = line > other_line ? line : other_line };

	ini_complain(reading->ini, &place, reading->problems,
		     "line %u is about the same machine: remove one of the two",
		     line > other_line ? other_line : line);
}

static void sort_mac_rules(const struct reading *reading, struct mac_rules *rules)
{
	qsort(rules->list, rules->count, sizeof(rules->list[0]), mac_rule_order);
	for (size_t i = 1; i < rules->count; i++) {
		if (mac_rule_order(&rules->list[i - 1], &rules->list[i]) == 0)
			complain_of_pair(reading, rules->list[i - 1].line, rules->list[i].line);
	}
}

static void apply_mac_rules(const struct reading *reading, struct mac_rules *rules)
{
	const struct ini_entry *entry;
	size_t index = 0;

	rules->list = new_list(reading, sizeof(rules->list[0]));
	while (rules->list != NULL && (entry = next_row(reading, &index)) != NULL) {
		struct mac_rule rule = { .line = entry->line };

		if (!value_parse_mac_prefix(entry->key, &rule.mac, &rule.prefix_length))
			ini_complain(reading->ini, entry, reading->problems,
				     "this is neither a MAC address such as AA-BB-CC-DD-EE-FF nor "
				     "its first bits such as AA-BB-CC/24, where all behind them is "
				     "0");
		else if (read_boolean(reading, entry, &rule.is_yes))
			rules->list[rules->count++] = rule;
	}
	if (rules->list != NULL)
		sort_mac_rules(reading, rules);
}

static void apply_uuid_rules(const struct reading *reading, struct uuid_rules *rules)
{
	const struct ini_entry *entry;
	size_t index = 0;

	rules->list = new_list(reading, sizeof(rules->list[0]));
	while (rules->list != NULL && (entry = next_row(reading, &index)) != NULL) {
		struct uuid_rule rule = { .line = entry->line };

		if (!value_parse_uuid(entry->key, &rule.uuid))
			ini_complain(reading->ini, entry, reading->problems,
				     "this is no UUID such as "
				     "12345678-9abc-def0-1234-56789abcdef0");
		else if (read_boolean(reading, entry, &rule.is_yes))
			rules->list[rules->count++] = rule;
	}
	if (rules->list != NULL)
		qsort(rules->list, rules->count, sizeof(rules->list[0]), uuid_rule_order);
}

static bool read_address(const struct reading *reading, const struct ini_entry *entry,
			 struct ip4 *out_address)
{
	char text[INI_LINE_MAX + 1];

	config_read_value(entry, text, sizeof(text));
	if (value_parse_address(text, out_address))
		return true;
	ini_complain(reading->ini, entry, reading->problems,
		     "\"%s\" is no address such as 192.168.1.100", value_show(text).text);
	return false;
}

static int address_order(const void *one, const void *other)
{
	const struct static_host *first = one;
	const struct static_host *second = other;

	return (first->address.value > second->address.value) -
	       (first->address.value < second->address.value);
}

/* Once by address and once by MAC address: neither may be there twice. */
static void sort_static_hosts(const struct reading *reading, struct static_hosts *hosts)
{
	qsort(hosts->list, hosts->count, sizeof(hosts->list[0]), address_order);
	for (size_t i = 1; i < hosts->count; i++) {
		const struct static_host *host = &hosts->list[i];
		bool is_later = host->line > host[-1].line;
		struct ini_entry place = { .section = reading->section,
					   .line = is_later ? host->line : host[-1].line };

		if (address_order(host - 1, host) == 0)
			ini_complain(reading->ini, &place, reading->problems,
				     "line %u gives %s to another machine",
				     is_later ? host[-1].line : host->line,
				     ip4_format(host->address).text);
	}
	qsort(hosts->list, hosts->count, sizeof(hosts->list[0]), static_host_order);
	for (size_t i = 1; i < hosts->count; i++) {
		if (static_host_order(&hosts->list[i - 1], &hosts->list[i]) == 0)
			complain_of_pair(reading, hosts->list[i - 1].line, hosts->list[i].line);
	}
}

static void apply_static_hosts(const struct reading *reading, struct static_hosts *hosts)
{
	const struct ini_entry *entry;
	size_t index = 0;

	hosts->list = new_list(reading, sizeof(hosts->list[0]));
	while (hosts->list != NULL && (entry = next_row(reading, &index)) != NULL) {
		struct static_host host = { .line = entry->line };

		if (!mac_parse(entry->key, &host.mac))
			ini_complain(reading->ini, entry, reading->problems,
				     "this is no MAC address such as AA-BB-CC-DD-EE-FF");
		else if (read_address(reading, entry, &host.address))
			hosts->list[hosts->count++] = host;
	}
	if (hosts->list != NULL)
		sort_static_hosts(reading, hosts);
}

static bool read_client(const struct reading *reading, const struct ini_entry *entry,
			struct tftp_client_rule *rule)
{
	rule->is_by_mac = value_parse_mac_prefix(entry->key, &rule->mac, &rule->prefix_length);
	if (rule->is_by_mac || caps_parse_network(entry->key, &rule->network, &rule->prefix_length))
		return true;
	ini_complain(reading->ini, entry, reading->problems,
		     "this is neither a MAC address such as AA-BB-CC-DD-EE-FF, nor its first bits "
		     "such as AA-BB-CC/24, nor an address such as 192.168.1.100, nor a network "
		     "such as 192.168.1.0/24 or 2001:db8::/32, where all behind the prefix is 0");
	return false;
}

static void apply_tftp_clients(const struct reading *reading, struct tftp_client_rules *rules)
{
	const struct ini_entry *entry;
	char text[INI_LINE_MAX + 1];
	size_t index = 0;

	rules->list = new_list(reading, sizeof(rules->list[0]));
	while (rules->list != NULL && (entry = next_row(reading, &index)) != NULL) {
		struct tftp_client_rule rule = { .line = entry->line };

		if (!read_client(reading, entry, &rule))
			continue;
		config_read_value(entry, text, sizeof(text));
		if (caps_parse(text, &rule.caps))
			rules->list[rules->count++] = rule;
		else
			ini_complain(
				reading->ini, entry, reading->problems,
				"\"%s\" is no list of options to refuse, or to cap as in "
				"blksize=1024 or windowsize=4, with blanks between them; there are "
				"blksize, timeout, tsize, windowsize, utimeout and rollover",
				value_show(text).text);
	}
}

void config_apply_machines(const struct ini *ini, struct config *config, struct problems *problems)
{
	apply_mac_rules(&(struct reading){ ini, "mac", problems }, &config->mac);
	apply_mac_rules(&(struct reading){ ini, "buggy_clients", problems },
			&config->buggy_clients);
	apply_uuid_rules(&(struct reading){ ini, "uuid", problems }, &config->uuid);
	apply_tftp_clients(&(struct reading){ ini, "tftp_clients", problems },
			   &config->tftp_clients);
	apply_static_hosts(&(struct reading){ ini, "static_dhcp", problems }, &config->static_dhcp);
}
