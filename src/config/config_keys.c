#include "config/config_keys.h"

#include "base/text.h"
#include "config/config_option.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The columns of a row, in the order of struct config_key. */
#define PLAIN(type)               (type), 0, 0, NULL, NULL
#define NUMBER(least, most, unit) VALUE_NUMBER, (least), (most), (unit), NULL
#define WORD(words)               VALUE_WORD, 0, 0, NULL, (words)
#define AT(member)                offsetof(struct config, member), sizeof(((struct config *)NULL)->member)

#define OF_SUBNET(member)                                                                          \
	offsetof(struct subnet_config, member), sizeof(((struct subnet_config *)NULL)->member)

#define OF_HOST(member)                                                                            \
	offsetof(struct host_config, member), sizeof(((struct host_config *)NULL)->member)

/* Stands for one key for each DHCP option. */
#define OPTION_KEY OPTION_KEY_PREFIX "NAME"

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

static const char *const modes[] = {
	[MODE_SERVER] = "server",
	[MODE_PROXY] = "proxy",
	[MODE_AUTO] = "auto",
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

/* clang-format off */
static const char *const sections[] = {
	"logger",
	"bootp",
	"bootfile",
	"menu",
	"ipxe",
	"subnet",
	"host",
	"static_dhcp",
	"mac",
	"uuid",
	"http",
	"tftp",
	"httpd",
	"cache",
	"filters",
	"tftp_clients",
	"buggy_clients",
	"daemon",
	"leases",
};
/* clang-format on */

static const struct config_key keys[] = {
	{ "logger", "type", WORD(log_types), "stderr", AT(logger.type), "where the log goes" },
	{ "logger", "level", WORD(log_levels), "info", AT(logger.level), "how much is logged" },
	{ "logger", "file", PLAIN(VALUE_PATH), NULL, AT(logger.file),
	  "the log's file, with type = file" },

	{ "bootp", "mode", WORD(modes), "server", AT(bootp.mode),
	  "give addresses, or only say what to boot beside a server that does" },
	{ "bootp", "state_file", PLAIN(VALUE_PATH), "/var/lib/bootd/mode", AT(bootp.state_file),
	  "where mode = auto keeps what it decided" },
	{ "bootp", "address", PLAIN(VALUE_SELECTOR), "0.0.0.0", AT(bootp.address),
	  "the interfaces to serve: an address, a network or a name" },
	/* The clients' port is the next one. */
	{ "bootp", "port", NUMBER(1, 65534, NULL), "67", AT(bootp.port), "the UDP port of DHCP" },
	{ "bootp", "pxe_port", NUMBER(0, 65535, NULL), "4011", AT(bootp.pxe_port),
	  "the UDP port of PXE's boot servers; 0: none" },
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
	{ "bootp", OPTION_KEY, PLAIN(VALUE_OPTION), NULL, AT(options),
	  "a DHCP option, by its name or code, told to all that ask for it" },

	{ "subnet", "network", PLAIN(VALUE_NETWORK), NULL, OF_SUBNET(network),
	  "the network, with the length of its prefix" },
	{ "subnet", "ranges", PLAIN(VALUE_RANGES), NULL, OF_SUBNET(ranges),
	  "the addresses to give; otherwise only hosts with an address of their own have one" },
	{ "subnet", "exclude", PLAIN(VALUE_RANGES), NULL, OF_SUBNET(excluded),
	  "addresses in the ranges that are not given" },
	{ "subnet", "gateway", PLAIN(VALUE_ADDRESS), NULL, OF_SUBNET(gateway),
	  "the router to tell, on the network; otherwise that of [bootp], if it is there" },
	{ "subnet", "set_gateway", PLAIN(VALUE_BOOLEAN), NULL, OF_SUBNET(tells_gateway),
	  "tell clients a router at all; otherwise as [bootp] has it" },
	{ "subnet", "dns", PLAIN(VALUE_DNS), NULL, OF_SUBNET(dns),
	  "DNS servers, or auto for this machine's; otherwise those of [bootp]" },
	{ "subnet", "domain", PLAIN(VALUE_DOMAIN), NULL, OF_SUBNET(domain),
	  "the network's domain name; otherwise that of [bootp]" },
	{ "subnet", "lease_time", VALUE_DURATION, 10, SECONDS_OF_10_YEARS, "seconds", NULL, NULL,
	  OF_SUBNET(lease_time_s),
	  "how long an address is given for; otherwise as [bootp] has it" },
	{ "subnet", "boot_file", PLAIN(VALUE_TEXT), NULL, OF_SUBNET(boot_file),
	  "the file to boot; otherwise that of [bootfile] or [bootp]" },
	{ "subnet", "next_server", PLAIN(VALUE_ADDRESS), NULL, OF_SUBNET(next_server),
	  "the TFTP server that has the file; otherwise bootd" },
	{ "subnet", "authoritative", PLAIN(VALUE_BOOLEAN), NULL, OF_SUBNET(is_authoritative),
	  "refuse addresses that this server did not give; otherwise as [bootp] has it" },
	{ "subnet", OPTION_KEY, PLAIN(VALUE_OPTION), NULL, OF_SUBNET(options),
	  "a DHCP option for this network; it comes before that of [bootp]" },

	{ "host", "mac", PLAIN(VALUE_MAC), NULL, OF_HOST(mac), "the machine's MAC address" },
	{ "host", "uuid", PLAIN(VALUE_UUID), NULL, OF_HOST(uuid),
	  "the UUID that its firmware shows; it counts before mac" },
	{ "host", "client_id", PLAIN(VALUE_CLIENT_ID), NULL, OF_HOST(client_id),
	  "its client identifier, in hexadecimal or quotes; it counts before uuid" },
	{ "host", "address", PLAIN(VALUE_ADDRESS), NULL, OF_HOST(address),
	  "the address that it always gets; otherwise one of the ranges" },
	{ "host", "hostname", PLAIN(VALUE_DOMAIN), NULL, OF_HOST(host_name),
	  "the host name to tell it" },
	{ "host", "boot_file", PLAIN(VALUE_TEXT), NULL, OF_HOST(boot_file),
	  "the file to boot; it comes before all others" },
	{ "host", OPTION_KEY, PLAIN(VALUE_OPTION), NULL, OF_HOST(options),
	  "a DHCP option for this machine; it comes before that of [subnet]" },

	{ "menu", "prompt", PLAIN(VALUE_TEXT), "Press F8 for the boot menu", AT(menu.prompt),
	  "what PXE firmware shows before it boots the first entry" },
	{ "menu", "timeout", NUMBER(0, MENU_SHOWN, "seconds"), "10", AT(menu.timeout_s),
	  "how long it waits for a key; 255: it shows the menu at once" },

	{ "ipxe", "enable", PLAIN(VALUE_BOOLEAN), "no", AT(ipxe.is_enabled),
	  "give firmware iPXE, and iPXE a script" },
	{ "ipxe", "script", PLAIN(VALUE_TEXT), NULL, AT(ipxe.script),
	  "what iPXE boots: a URL, or a file of the root" },
	{ "ipxe", "binaries", PLAIN(VALUE_PATH), "/usr/lib/ipxe", AT(ipxe.binaries),
	  "the folder that holds undionly.kpxe and snponly.efi" },

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
	{ "tftp", "max_window", NUMBER(1, 4096, "blocks"), "64", AT(tftp.window_max),
	  "the largest window that a client may ask for" },
	{ "tftp", "rollover", NUMBER(0, 1, NULL), "0", AT(tftp.rollover),
	  "the number of the block that follows block 65535" },
	{ "tftp", "timeout", VALUE_REAL_SECONDS, 50, 60000, "seconds", NULL, "1",
	  AT(tftp.timeout_ms), "how long to wait before a block is sent again" },
	{ "tftp", "root", PLAIN(VALUE_ROOT), "/srv/tftp", AT(tftp.root),
	  "the folder that is served, or the URL of one" },
	{ "tftp", "ca_file", PLAIN(VALUE_PATH), NULL, AT(tftp.ca_file),
	  "the certificate authorities to trust instead of the system's, with root = https://..." },
	{ "tftp", "symlinks", WORD(symlinks), "beneath", AT(tftp.symlinks),
	  "follow links that stay beneath root, or all" },
	{ "tftp", "max_transfers", NUMBER(1, 65536, "transfers"), "4096", AT(tftp.transfers_max),
	  "how many transfers may run at once" },
	{ "tftp", "max_client_transfers", NUMBER(0, 65536, "transfers"), "0",
	  AT(tftp.client_transfers_max),
	  "how many of them may be of one client's address; 0: all" },
	{ "tftp", "refuse", PLAIN(VALUE_TFTP_OPTIONS), NULL, AT(tftp.refused),
	  "options that no client is granted" },
	{ "tftp", "single_port", PLAIN(VALUE_BOOLEAN), "no", AT(tftp.uses_single_port),
	  "send files from the port of TFTP itself, for clients behind NAT or firewalls" },
	{ "tftp", "port_range", PLAIN(VALUE_PORT_RANGE), NULL, AT(tftp.port_range),
	  "the ports that files are sent from; otherwise the system's choice" },
	{ "tftp", "workers", NUMBER(1, TFTP_WORKERS_MAX, "workers"), NULL, AT(tftp.worker_count),
	  "how many threads send files; otherwise one a core" },

	{ "httpd", "enable", PLAIN(VALUE_BOOLEAN), "no", AT(httpd.is_enabled),
	  "serve the files over HTTP, too" },
	{ "httpd", "address", PLAIN(VALUE_SELECTOR), "0.0.0.0", AT(httpd.address),
	  "the addresses to serve: an address, a network or an interface's name" },
	{ "httpd", "port", NUMBER(1, 65535, NULL), "80", AT(httpd.port),
	  "the TCP port of HTTP; with cert, 443 if not given" },
	{ "httpd", "root", PLAIN(VALUE_ROOT), NULL, AT(httpd.root),
	  "the folder, or the web server's, that is served; otherwise that of [tftp]" },
	{ "httpd", "check_ip", PLAIN(VALUE_BOOLEAN), "no", AT(httpd.checks_ip),
	  "serve only addresses that bootd has given" },
	{ "httpd", "cert", PLAIN(VALUE_PATH), NULL, AT(httpd.certificate),
	  "the certificate of HTTPS, in PEM, with those above it" },
	{ "httpd", "key", PLAIN(VALUE_PATH), NULL, AT(httpd.key), "the certificate's key, in PEM" },
	{ "httpd", "max_connections", NUMBER(1, 65536, "connections"), "4096",
	  AT(httpd.connections_max), "how many connections may be open at once" },
	{ "httpd", "max_per_address", NUMBER(1, 65536, "connections"), "256",
	  AT(httpd.connections_each_max), "how many of them one address may have" },
	{ "httpd", "timeout", VALUE_REAL_SECONDS, 1000, 3600000, "seconds", NULL, "60",
	  AT(httpd.timeout_ms), "after how long a client is cut that takes next to nothing" },
	{ "httpd", "workers", NUMBER(1, 64, "threads"), NULL, AT(httpd.workers),
	  "how many threads serve; otherwise one a CPU, 16 at most" },

	{ "cache", "directory", PLAIN(VALUE_PATH), "/var/cache/bootd", AT(cache.directory),
	  "the folder where fetched files are kept" },
	{ "cache", "size", NUMBER(0, 16777216, "MiB"), "10240", AT(cache.size_mib),
	  "how much is kept there; 0: nothing" },
	{ "cache", "memory", NUMBER(0, 1048576, "MiB"), "256", AT(cache.memory_mib),
	  "how much of what the disk has no room for is held in memory" },
	{ "cache", "revalidate_after", VALUE_DURATION, 0, SECONDS_OF_10_YEARS, "seconds", NULL,
	  "60", AT(cache.revalidate_after_s),
	  "how long a kept file is served before the web server is asked whether it changed" },
	{ "cache", "offline", PLAIN(VALUE_BOOLEAN), "no", AT(cache.is_offline),
	  "serve what is kept, and ask for nothing" },
	{ "cache", "connect_timeout", VALUE_REAL_SECONDS, 100, 300000, "seconds", NULL, "5",
	  AT(cache.connect_timeout_ms), "how long to wait for a connection to the web server" },
	{ "cache", "stall_timeout", VALUE_DURATION, 1, 3600, "seconds", NULL, "30",
	  AT(cache.stall_timeout_s), "how long to wait for another byte from it" },
	{ "cache", "max_redirects", NUMBER(0, 20, NULL), "4", AT(cache.redirects_max),
	  "how many redirects are followed for a file" },
	{ "cache", "max_file_size", NUMBER(1, 16777216, "MiB"), "16384",
	  AT(cache.file_size_max_mib), "the largest file that is fetched" },
	{ "cache", "max_downloads", NUMBER(1, 256, "downloads"), "16", AT(cache.downloads_max),
	  "how many files are fetched at once; others wait" },
	{ "cache", "remember_missing", VALUE_DURATION, 0, 3600, "seconds", NULL, "5",
	  AT(cache.remember_missing_s),
	  "how long a file that the web server does not have is not asked for again" },

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
	if (text_starts_with(name, OPTION_KEY_PREFIX))
		name = OPTION_KEY;
	return find(section, name);
}

const char *config_section_at(size_t index)
{
	return index < COUNT(sections) ? sections[index] : NULL;
}

bool config_kind_is_named(const char *kind)
{
	return text_is_same(kind, "subnet") || text_is_same(kind, "host");
}

const char *config_kind_of(const char *section)
{
	for (size_t i = 0; i < COUNT(sections); i++) {
		size_t length = strlen(sections[i]);

		if (config_kind_is_named(sections[i]) && text_starts_with(section, sections[i]) &&
		    section[length] == ' ')
			return sections[i];
	}
	return section;
}

bool config_has_free_rows(const char *section)
{
	return text_is_same(section, "menu");
}

bool config_is_section(const char *name)
{
	for (size_t i = 0; i < COUNT(sections); i++) {
		if (text_is_same(sections[i], name))
			return true;
	}
	return false;
}
