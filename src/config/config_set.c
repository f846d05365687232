#include "config/config_set.h"

#include "base/text.h"
#include "config/config_caps.h"
#include "config/config_values.h"
#include "content/remote_url.h"

#include <stdlib.h>
#include <string.h>

static void store_number(void *at, size_t size, uint64_t value)
{
	if (size == sizeof(bool))
		*(bool *)at = value != 0;
	else if (size == sizeof(uint16_t))
		*(uint16_t *)at = (uint16_t)value;
	else
		*(uint32_t *)at = (uint32_t)value;
}

/* Thousandths as people write them: 50 is "0.05". */
static struct value_shown show_thousandths(uint64_t value)
{
	struct value_shown out = { 0 };
	char *end;

	(void)text_format(out.text, sizeof(out.text), "%u.%03u", (unsigned)(value / 1000),
			  (unsigned)(value % 1000));
	end = out.text + strlen(out.text);
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		*--end = '\0';
	return out;
}

static struct value_shown show_limit(const struct config_key *key, uint64_t limit)
{
	struct value_shown out = { 0 };

	if (key->type == VALUE_REAL_SECONDS)
		return show_thousandths(limit);
	(void)text_format(out.text, sizeof(out.text), "%llu", (unsigned long long)limit);
	return out;
}

static bool parse_number_of(const struct config_key *key, const char *text, uint64_t *out_value)
{
	switch (key->type) {
	case VALUE_DURATION:
		return value_parse_duration(text, out_value);
	case VALUE_REAL_SECONDS:
		return value_parse_real_seconds(text, out_value);
	default:
		return text_parse_number(text, out_value);
	}
}

static const char *name_of_number(const struct config_key *key)
{
	switch (key->type) {
	case VALUE_DURATION:
		return "a time such as 3600, 90m, 12h or 7d,";
	case VALUE_REAL_SECONDS:
		return "a time such as 2 or 0.5,";
	default:
		return "a whole number";
	}
}

static bool set_number(const struct config_key *key, const char *text, void *at,
		       struct reason *out_reason)
{
	uint64_t value;

	if (!parse_number_of(key, text, &value) || value < key->least || value > key->most) {
		(void)text_format(out_reason->text, sizeof(out_reason->text),
				  "\"%s\" is not %s from %s to %s%s%s", value_show(text).text,
				  name_of_number(key), show_limit(key, key->least).text,
				  show_limit(key, key->most).text, key->unit == NULL ? "" : " ",
				  key->unit == NULL ? "" : key->unit);
		return false;
	}
	store_number(at, key->size, value);
	return true;
}

static bool set_word(const struct config_key *key, const char *text, void *at,
		     struct reason *out_reason)
{
	char list[200] = "";
	unsigned index;

	if (value_parse_word(text, key->words, &index)) {
		store_number(at, key->size, index);
		return true;
	}
	for (size_t i = 0; key->words[i] != NULL; i++)
		text_add_to_list(list, sizeof(list), key->words[i]);
	(void)text_format(out_reason->text, sizeof(out_reason->text), "\"%s\" is none of: %s",
			  value_show(text).text, list);
	return false;
}

static bool refuse(struct reason *out_reason, const char *text, const char *wanted)
{
	(void)text_format(out_reason->text, sizeof(out_reason->text), "\"%s\" is %s",
			  value_show(text).text, wanted);
	return false;
}

static bool refuse_text(const struct config_key *key, const char *text, const char *wanted,
			struct reason *out_reason)
{
	if (strlen(text) >= key->size)
		(void)text_format(out_reason->text, sizeof(out_reason->text),
				  "this is too long: at most %zu bytes fit", key->size - 1);
	else
		(void)refuse(out_reason, text, wanted);
	return false;
}

static bool set_path(const struct config_key *key, const char *text, struct config *config,
		     void *at, struct reason *out_reason)
{
	char folder[PATH_MAX];
	char *slash;

	if (value_is_url(text))
		return refuse(out_reason, text, "a URL, and a path is needed here");
	(void)text_copy(folder, sizeof(folder), config->path);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	if (value_parse_path(text, folder, at, key->size))
		return true;
	return refuse_text(key, text, "no path: it is too long or has control characters",
			   out_reason);
}

/* A URL is not shown: it may have a password in it. */
static bool set_root(const struct config_key *key, const char *text, struct config *config,
		     void *at, struct reason *out_reason)
{
	struct remote_place place;

	if (strstr(text, "://") == NULL)
		return set_path(key, text, config, at, out_reason);
	if (remote_place_parse(text, &place))
		return text_copy(at, key->size, text);
	(void)text_format(
		out_reason->text, sizeof(out_reason->text),
		"this is no URL of http or https such as http://192.168.1.2/netboot, or it is too "
		"long, has "
		"blanks or a query, or a password with characters that are not written as "
		"%%XX");
	return false;
}

static bool set_notify(const char *text, struct config *config, struct reason *out_reason)
{
	if (value_parse_endpoints(text, config->bootp.notify, &config->bootp.notify_count))
		return true;
	return refuse(out_reason, text,
		      "no list of at most 8 addresses with their ports, such as "
		      "192.168.1.2:12345, with ; between them (a comment needs a line of its own "
		      "here)");
}

static bool set_dns(const char *text, struct ip4 list[CONFIG_DNS_MAX], size_t *count, bool *is_auto,
		    struct reason *out_reason)
{
	*is_auto = text_is_same(text, "auto");
	if (*is_auto || value_parse_dns(text, list, count))
		return true;
	return refuse(out_reason, text,
		      "neither auto nor a list of at most 8 addresses with ; between them (a "
		      "comment needs a line of its own here)");
}

static bool set_dns_of(const struct config_key *key, const char *text, struct config *config,
		       void *owner, struct reason *out_reason)
{
	struct bootp_config *bootp = &config->bootp;
	struct subnet_config *subnet = owner;

	if (text_is_same(key->section, "subnet"))
		return set_dns(text, subnet->dns, &subnet->dns_count, &subnet->is_dns_auto,
			       out_reason);
	return set_dns(text, bootp->dns, &bootp->dns_count, &bootp->is_dns_auto, out_reason);
}

static bool set_network(const char *text, struct subnet_config *subnet, struct reason *out_reason)
{
	struct ip network;
	uint8_t prefix_length;

	if (strchr(text, '/') == NULL || !caps_parse_network(text, &network, &prefix_length) ||
	    !ip_is_4(network) || prefix_length <= IP_MAPPED_PREFIX)
		return refuse(out_reason, text,
			      "no network such as 192.168.5.0/24, where all behind the prefix is "
			      "0");
	subnet->network = ip_to_4(network);
	subnet->prefix_length = prefix_length - IP_MAPPED_PREFIX;
	subnet->netmask = ip4_netmask(subnet->prefix_length);
	return true;
}

static bool set_ranges(const char *text, struct address_ranges *ranges, struct reason *out_reason)
{
	struct address_range list[RANGES_OF_VALUE_MAX];
	struct address_range *copy;
	size_t count;

	if (!value_parse_ranges(text, list, &count))
		return refuse(out_reason, text,
			      "no list of addresses and ranges such as 192.168.5.100 - "
			      "192.168.5.199, 192.168.5.210, where the last is not before the "
			      "first (a comment needs a line of its own here)");
	copy = malloc(count * sizeof(*copy));
	if (copy == NULL)
		return refuse(out_reason, text, "more than there is memory for");
	memcpy(copy, list, count * sizeof(*copy));
	free(ranges->list);
	ranges->list = copy;
	ranges->count = count;
	return true;
}

static bool set_mac(const char *text, struct host_config *host, struct reason *out_reason)
{
	host->has_mac = mac_parse(text, &host->mac);
	return host->has_mac ||
	       refuse(out_reason, text, "no MAC address such as AA-BB-CC-DD-EE-FF");
}

static bool set_uuid(const char *text, struct host_config *host, struct reason *out_reason)
{
	host->has_uuid = value_parse_uuid(text, &host->uuid);
	return host->has_uuid ||
	       refuse(out_reason, text, "no UUID such as 12345678-9abc-def0-1234-56789abcdef0");
}

static bool set_client_id(const char *text, struct host_config *host, struct reason *out_reason)
{
	return value_parse_client_id(text, host->client_id, &host->client_id_length) ||
	       refuse(out_reason, text,
		      "no client identifier: at most 64 bytes, as in hex:01 aa bb cc dd ee ff, or "
		      "as text in quotes");
}

bool config_set(const struct config_key *key, const char *text, struct config *config, void *owner,
		struct reason *out_reason)
{
	void *at = (char *)owner + key->offset;

	switch (key->type) {
	case VALUE_BOOLEAN:
		return value_parse_boolean(text, at) ||
		       refuse(out_reason, text,
			      "neither yes nor no (nor on, off, true, false, "
			      "enable, disable, 1, 0)");
	case VALUE_NUMBER:
	case VALUE_DURATION:
	case VALUE_REAL_SECONDS:
		return set_number(key, text, at, out_reason);
	case VALUE_ADDRESS:
		return value_parse_address(text, at) ||
		       refuse(out_reason, text, "no address such as 192.168.1.100");
	case VALUE_SELECTOR:
		return value_parse_selector(text, at) ||
		       refuse(out_reason, text,
			      "neither an interface's address, nor a network's first address such "
			      "as 192.168.1.0, nor an interface's name");
	case VALUE_WORD:
		return set_word(key, text, at, out_reason);
	case VALUE_TEXT:
		return value_parse_text(text, at, key->size) ||
		       refuse_text(key, text, "not text: it has control characters", out_reason);
	case VALUE_NAME:
		return value_parse_name(text, at, key->size) ||
		       refuse_text(key, text, "no name of printable ASCII without blanks",
				   out_reason);
	case VALUE_DOMAIN:
		return value_parse_domain(text, at, key->size) ||
		       refuse_text(key, text, "no domain of letters, digits, - and .", out_reason);
	case VALUE_PATH:
		return set_path(key, text, config, at, out_reason);
	case VALUE_ROOT:
		return set_root(key, text, config, at, out_reason);
	case VALUE_DNS:
		return set_dns_of(key, text, config, owner, out_reason);
	case VALUE_ENDPOINTS:
		return set_notify(text, config, out_reason);
	case VALUE_TFTP_OPTIONS:
		return caps_parse_options(text, at) ||
		       refuse(out_reason, text,
			      "no list of options with blanks between them, such as: windowsize "
			      "tsize; there are blksize, timeout, tsize, windowsize, utimeout and "
			      "rollover");
	case VALUE_PORT_RANGE:
		return value_parse_port_range(text, at) ||
		       refuse(out_reason, text,
			      "no range of ports such as 50000-50099, from 1 to 65535");
	case VALUE_LOCATION:
		return value_parse_location(text, at, key->size) ||
		       refuse_text(key, text,
				   "no URL such as http://192.168.1.2:8080, or it has blanks or a "
				   "query",
				   out_reason);
	case VALUE_URL_PATH:
		return value_parse_url_path(text, at, key->size) ||
		       refuse_text(key, text, "no path such as /boot, or it has blanks or a query",
				   out_reason);
	case VALUE_NETWORK:
		return set_network(text, owner, out_reason);
	case VALUE_RANGES:
		return set_ranges(text, at, out_reason);
	case VALUE_MAC:
		return set_mac(text, owner, out_reason);
	case VALUE_UUID:
		return set_uuid(text, owner, out_reason);
	case VALUE_CLIENT_ID:
		return set_client_id(text, owner, out_reason);
	case VALUE_OPTION:
		break; /* config_apply_option has it, which knows the key's name */
	}
	return false;
}
