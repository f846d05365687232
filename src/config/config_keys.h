/* All sections and keys that a configuration may have, as tables. Sections whose keys are
 * architectures, machines or names of files have no keys in them. */
#ifndef BOOTD_CONFIG_CONFIG_KEYS_H
#define BOOTD_CONFIG_CONFIG_KEYS_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_type {
	VALUE_BOOLEAN,
	VALUE_NUMBER,
	VALUE_DURATION,     /* seconds, with a unit */
	VALUE_REAL_SECONDS, /* kept in ms */
	VALUE_ADDRESS,
	VALUE_SELECTOR,
	VALUE_WORD, /* an enum's, in its order */
	VALUE_TEXT,
	VALUE_NAME,   /* printable ASCII without blanks */
	VALUE_DOMAIN, /* letters, digits, '-', '.' */
	VALUE_PATH,
	VALUE_ROOT, /* a path, or the URL of a web server's folder */
	VALUE_DNS,
	VALUE_ENDPOINTS,
	VALUE_PORT_RANGE,
	VALUE_TFTP_OPTIONS,
	VALUE_LOCATION, /* a URL's beginning */
	VALUE_URL_PATH,
	VALUE_NETWORK, /* of a [subnet] */
	VALUE_RANGES,
	VALUE_MAC, /* of a [host], as the next two */
	VALUE_UUID,
	VALUE_CLIENT_ID,
	VALUE_OPTION, /* of the DHCP option that the key itself names */
};

struct config_key {
	const char *section;
	const char *name;
	enum value_type type;
	uint64_t least; /* of numbers and times; real seconds in ms */
	uint64_t most;
	const char *unit;         /* of numbers and times; NULL: a number that only counts */
	const char *const *words; /* of VALUE_WORD, up to NULL */
	const char *fallback;     /* the default, as it would be written; NULL: none */
	size_t offset;            /* in struct config, subnet_config or host_config */
	size_t size;
	const char *help;
};

/* NULL past the last. */
const struct config_key *config_key_at(size_t index);

/* Both names in any case; server_name, as pybootd's own file calls it, finds servername, and the
 * name of any DHCP option finds option.NAME. NULL: there is no such key. */
const struct config_key *config_key_find(const char *section, const char *name);

/* NULL past the last. */
const char *config_section_at(size_t index);

/* What the section's name is in these tables: "subnet" for "subnet office", else itself. */
const char *config_kind_of(const char *section);

/* There may be many such sections, each with a name of its own. */
bool config_kind_is_named(const char *kind);

/* The section has rows of the file's own beside its keys. */
bool config_has_free_rows(const char *section);

/* One of config_section_at, in any case. */
bool config_is_section(const char *name);

#endif
