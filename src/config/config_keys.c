#include "config/config_keys.h"

#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The columns of a row, in the order of struct config_key. */
#define PLAIN(type)               (type), 0, 0, NULL, NULL
#define NUMBER(least, most, unit) VALUE_NUMBER, (least), (most), (unit), NULL
#define WORD(words)               VALUE_WORD, 0, 0, NULL, (words)
#define AT(member)                offsetof(struct config, member), sizeof(((struct config *)NULL)->member)

#define SECONDS_OF_10_YEARS UINT64_C(315360000)
/* Real seconds, from 0.1 to five minutes. */
#define AUTHORITY_TIMEOUT VALUE_REAL_SECONDS, 100, 300000, "seconds", NULL

static const char *const log_types[] = {
	[LOG_TO_STDERR] = "stderr",
	[LOG_TO_FILE] = "file",
	[LOG_TO_NOWHERE] = "none",
	[LOG_TO_SYSLOG] = "syslog",
	NULL,
};

static const char *const log_levels[] = {
	[LOG_AT_CRITICAL] = "critical",
	[LOG_AT_ERROR] = "error",
	[LOG_AT_INFO] = "info",
	[LOG_AT_DEBUG] = "debug",
	NULL,
};

static const char *const symlinks[] = {
	[SYMLINKS_BENEATH] = "beneath",
	[SYMLINKS_FOLLOW] = "follow",
	NULL,
};

static const char *const access_kinds[] = {
	[ACCESS_OPEN] = "none",
	[ACCESS_BY_MAC] = "mac",
	[ACCESS_BY_UUID] = "uuid",
	[ACCESS_BY_HTTP] = "http",
	NULL,
};

static const char *const store_types[] = {
	[STORE_SQLITE] = "sqlite",
	[STORE_MEMORY] = "memory",
	NULL,
};

static const char *const identity_kinds[] = {
	[LEASE_BY_MAC] = "mac",
	[LEASE_BY_CLIENT_ID] = "client-id",
	[LEASE_BY_UUID] = "uuid",
	NULL,
};

/* Of bootp.may_unknown_read_files. */
static const char *const access_files[] = {
	[false] = "known",
	[true] = "any",
	NULL,
};

static const char *const answers_to_solicitations[] = {
	[ANSWER_RS_NEVER] = "no",
	[ANSWER_RS_ALWAYS] = "yes",
	[ANSWER_RS_AUTO] = "auto",
	NULL,
};

static const char *const sections[] = {
	"logger", "bootp", "bootfile", "static_dhcp",   "mac",    "uuid",
	"http",   "tftp",  "filters",  "buggy_clients", "daemon", "leases",
};

static const struct config_key keys[] = {
	{ "logger", "type", WORD(log_types), "stderr", AT(logger.type), "where the log goes" },
	{ "logger", "level", WORD(log_levels), "info", AT(logger.level), "how much is logged" },
	{ "logger", "file", PLAIN(VALUE_PATH), NULL, AT(logger.file),
	  "the log's file, with type = file" },

	{ "bootp", "address", PLAIN(VALUE_SELECTOR), "0.0.0.0", AT(bootp.address),
	  "the interfaces to serve: an address, a network or a name" },
	/* The clients' port is the next one. */
	{ "bootp", "port", NUMBER(1, 65534, NULL), "67", AT(bootp.port), "the UDP port of DHCP" },
	{ "bootp", "pool_start", PLAIN(VALUE_ADDRESS), NULL, AT(bootp.pool_start),
	  "the first address to give" },
	{ "bootp", "pool_count", NUMBER(0, 1048576, "addresses"), NULL, AT(bootp.pool_count),
	  "how many addresses to give; 0: only those of [static_dhcp]" },
	{ "bootp", "allow_simple_dhcp", PLAIN(VALUE_BOOLEAN), "no", AT(bootp.may_serve_simple_dhcp),
	  "serve also machines that do not boot from the network" },
	{ "bootp", "boot_file", PLAIN(VALUE_TEXT), NULL, AT(bootp.boot_file),
	  "the file to boot, unless [bootfile] names another" },
	{ "bootp", "domain", PLAIN(VALUE_DOMAIN), NULL, AT(bootp.domain),
	  "the network's domain name" },
	{ "bootp", "dns", PLAIN(VALUE_DNS), NULL, AT(bootp.dns),
	  "DNS servers, or auto for this machine's" },
	{ "bootp", "gateway", PLAIN(VALUE_ADDRESS), NULL, AT(bootp.gateway),
	  "the router to tell; otherwise this machine" },
	{ "bootp", "set_gateway", PLAIN(VALUE_BOOLEAN), "yes", AT(bootp.tells_gateway),
	  "tell clients a router at all" },
	{ "bootp", "netmask", PLAIN(VALUE_ADDRESS), NULL, AT(bootp.netmask),
	  "the netmask to tell; otherwise the interface's" },
	{ "bootp", "lease_time", VALUE_DURATION, 10, SECONDS_OF_10_YEARS, "seconds", NULL, "86400",
	  AT(bootp.lease_time_s), "how long an address is given for" },
	{ "bootp", "authoritative", PLAIN(VALUE_BOOLEAN), "yes", AT(bootp.is_authoritative),
	  "refuse addresses that this server did not give; no: another server may have" },
	{ "bootp", "conflict_check", PLAIN(VALUE_BOOLEAN), "yes", AT(bootp.checks_conflicts),
	  "try whether anybody uses an address before it is given to a new machine" },
	{ "bootp", "servername", PLAIN(VALUE_NAME), NULL, AT(bootp.servername),
	  "this server's name in replies" },
	{ "bootp", "access", WORD(access_kinds), "none", AT(bootp.access),
	  "which machines are served: all, or those of the section of that name" },
	{ "bootp", "access_files", WORD(access_files), "any", AT(bootp.may_unknown_read_files),
	  "who may read files: any but denied machines, or only machines that are known" },
	{ "bootp", "answer_rs", WORD(answers_to_solicitations), "auto", AT(bootp.answer_rs),
	  "tell firmware at once that there is no IPv6 router, so that it does not wait" },
	{ "bootp", "notify", PLAIN(VALUE_ENDPOINTS), NULL, AT(bootp.notify),
	  "whom to tell of each machine that is served" },
	{ "bootp", "timeout", AUTHORITY_TIMEOUT, "5", AT(bootp.authority_timeout_ms),
	  "how long to wait for the authority; [http] timeout counts before it" },

	{ "http", "location", PLAIN(VALUE_LOCATION), NULL, AT(authority.location),
	  "the web server that decides, with access = http" },
	{ "http", "pxe", PLAIN(VALUE_URL_PATH), NULL, AT(authority.pxe_path),
	  "what to ask for a machine that boots" },
	{ "http", "dhcp", PLAIN(VALUE_URL_PATH), NULL, AT(authority.dhcp_path),
	  "what to ask for an installed system" },
	{ "http", "timeout", AUTHORITY_TIMEOUT, NULL, AT(authority.timeout_ms),
	  "how long to wait for it; otherwise [bootp] timeout" },
	{ "http", "always_check", PLAIN(VALUE_BOOLEAN), "no", AT(authority.always_checks),
	  "ask at each packet, not once a boot stage" },

	{ "tftp", "address", PLAIN(VALUE_SELECTOR), "0.0.0.0", AT(tftp.address),
	  "the interfaces to serve: an address, a network or a name" },
	{ "tftp", "port", NUMBER(1, 65535, NULL), "69", AT(tftp.port), "the UDP port of TFTP" },
	/* The range is RFC 2348's. */
	{ "tftp", "blocksize", NUMBER(8, 65464, "bytes"), "65464", AT(tftp.block_size_max),
	  "the largest block that a client may ask for" },
	{ "tftp", "timeout", VALUE_REAL_SECONDS, 50, 60000, "seconds", NULL, "1",
	  AT(tftp.timeout_ms), "how long to wait before a block is sent again" },
	{ "tftp", "root", PLAIN(VALUE_PATH), "/srv/tftp", AT(tftp.root),
	  "the folder that is served" },
	{ "tftp", "symlinks", WORD(symlinks), "beneath", AT(tftp.symlinks),
	  "follow links that stay beneath root, or all" },
	{ "tftp", "max_transfers", NUMBER(1, 65536, "transfers"), "4096", AT(tftp.transfers_max),
	  "how many transfers may run at once" },

	{ "leases", "type", WORD(store_types), "sqlite", AT(leases.type),
	  "where leases are kept: in a file, or in memory until bootd ends" },
	{ "leases", "file", PLAIN(VALUE_PATH), "/var/lib/bootd/leases.db", AT(leases.file),
	  "the file of the leases, with type = sqlite" },
	{ "leases", "identity", WORD(identity_kinds), "mac", AT(leases.identity),
	  "what a machine is known by" },
	{ "leases", "probation", VALUE_DURATION, 10, SECONDS_OF_10_YEARS, "seconds", NULL, "86400",
	  AT(leases.probation_s), "how long nobody gets an address that was found in use" },

	{ "daemon", "user", PLAIN(VALUE_NAME), "bootd", AT(daemon.user),
	  "who bootd becomes when it is started as root" },
	{ "daemon", "control", PLAIN(VALUE_PATH), "/run/bootd/control", AT(daemon.control),
	  "the socket that 'bootd leases' asks" },
};

const struct config_key *config_key_at(size_t index)
{
	return index < COUNT(keys) ? &keys[index] : NULL;
}

static const struct config_key *find(const char *section, const char *name)
{
	for (size_t i = 0; i < COUNT(keys); i++) {
		if (text_is_same(keys[i].section, section) && text_is_same(keys[i].name, name))
			return &keys[i];
	}
	return NULL;
}

const struct config_key *config_key_find(const char *section, const char *name)
{
	if (text_is_same(section, "bootp") && text_is_same(name, "server_name"))
		name = "servername";
	return find(section, name);
}

const char *config_section_at(size_t index)
{
	return index < COUNT(sections) ? sections[index] : NULL;
}

bool config_is_section(const char *name)
{
	for (size_t i = 0; i < COUNT(sections); i++) {
		if (text_is_same(sections[i], name))
			return true;
	}
	return false;
}
