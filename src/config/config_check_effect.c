#include "base/text.h"
#include "config/config_apply.h"
#include "config/config_check_parts.h"
#include "config/subnet.h"

#include <string.h>

#define NO_IDENTITY "this has no effect: a UUID that repeats one word names no machine"

static bool is_given(const struct check *check, const char *section, const char *key)
{
	return config_is_given(ini_find(check->ini, section, key));
}

static void warn_of_key(const struct check *check, const char *section, const char *key,
			const char *sentence)
{
	const struct ini_entry *entry = ini_find(check->ini, section, key);

	if (entry != NULL)
		ini_warn(check->ini, entry, check->problems, "%s", sentence);
}

static void warn_of_section(const struct check *check, const char *section, const char *sentence)
{
	struct ini_entry place = { .section = section, .line = check_section_line(check, section) };

	if (place.line > 0)
		ini_warn(check->ini, &place, check->problems, "%s", sentence);
}

static bool has_rows(const struct check *check, const char *section)
{
	const struct ini_entry *entry;

	for (size_t i = 0; (entry = ini_entry_at(check->ini, i)) != NULL; i++) {
		if (strcmp(entry->section, section) == 0)
			return true;
	}
	return false;
}

/* [mac], [uuid] and [http] do nothing unless access names them; it is easily forgotten. */
static void check_sections(const struct check *check)
{
	enum access_kind access = check->config->bootp.access;

	if (access != ACCESS_BY_MAC && has_rows(check, "mac"))
		warn_of_section(check, "mac", "this has no effect without [bootp] access = mac");
	if (access != ACCESS_BY_UUID && has_rows(check, "uuid"))
		warn_of_section(check, "uuid", "this has no effect without [bootp] access = uuid");
	if (access != ACCESS_BY_HTTP && has_rows(check, "http"))
		warn_of_section(check, "http", "this has no effect without [bootp] access = http");
}

static void check_authority_timeout(const struct check *check)
{
	if (check->config->bootp.access != ACCESS_BY_HTTP)
		warn_of_key(check, "bootp", "timeout", "this has no effect without access = http");
	else if (is_given(check, "http", "timeout"))
		warn_of_key(check, "bootp", "timeout",
			    "this has no effect: [http] timeout counts before it");
}

/* Where no row says yes to anybody. */
static void check_nobody_is_served(const struct check *check)
{
	const struct config *config = check->config;

	if (has_rows(check, "static_dhcp") || config->hosts.count > 0)
		return;
	if (config->bootp.access == ACCESS_BY_MAC && !has_rows(check, "mac"))
		warn_of_section(check, "mac", "this is empty, so no machine is served");
	if (config->bootp.access == ACCESS_BY_UUID && !has_rows(check, "uuid"))
		warn_of_section(check, "uuid", "this is empty, so no machine is served");
	if (ip4_is_set(config->bootp.pool_start) && config->bootp.pool_count == 0 &&
	    config->subnets.count < 2 && config_may_give_addresses(config))
		warn_of_key(check, "bootp", "pool_count",
			    "with 0 and without [static_dhcp] or [host], no machine is served");
}

/* Zeros, ones or one word repeated, which firmware sends that knows of no UUID. */
static bool is_no_identity(struct uuid uuid)
{
	for (size_t i = 4; i < sizeof(uuid.bytes); i++) {
		if (uuid.bytes[i] != uuid.bytes[i - 4])
			return false;
	}
	return true;
}

static void check_uuids(const struct check *check)
{
	const struct uuid_rules *rules = &check->config->uuid;

	for (size_t i = 0; i < rules->count; i++) {
		struct ini_entry place = { .section = "uuid", .line = rules->list[i].line };

		if (is_no_identity(rules->list[i].uuid))
			ini_warn(check->ini, &place, check->problems, "%s", NO_IDENTITY);
	}
}

/* What goes with [bootp]'s own pool, where there are only sections [subnet]. */
static void check_pool_keys(const struct check *check)
{
	static const char *const keys[] = { "pool_count", "netmask" };
	const struct config *config = check->config;

	if (ip4_is_set(config->bootp.pool_start) || config->subnets.count == 0)
		return;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (is_given(check, "bootp", keys[i]))
			warn_of_key(check, "bootp", keys[i],
				    "this has no effect without pool_start; each [subnet] has its "
				    "own");
	}
	if (ip4_is_set(config->bootp.gateway) &&
	    subnet_find(&config->subnets, config->bootp.gateway) == NULL)
		warn_of_key(check, "bootp", "gateway",
			    "this has no effect: it is on none of the networks that are served");
}

static void check_subnet_keys(const struct check *check)
{
	const struct subnets *subnets = &check->config->subnets;

	for (size_t i = 0; i < subnets->count; i++) {
		struct section_text section = check_section_of(&subnets->list[i]);

		if (!is_given(check, section.text, "ranges")) {
			warn_of_key(check, section.text, "exclude",
				    "this has no effect without ranges");
			continue;
		}
		if (!config_may_give_addresses(check->config))
			warn_of_key(check, section.text, "ranges",
				    "this has no effect for a proxy, which gives no addresses");
	}
}

static void check_host_keys(const struct check *check)
{
	const struct hosts *hosts = &check->config->hosts;

	for (size_t i = 0; i < hosts->count; i++) {
		const struct host_config *host = &hosts->list[i];
		char section[sizeof("host ") + CONFIG_NAME_SIZE];

		(void)text_format(section, sizeof(section), "host %s", host->name);
		if (host->has_uuid && is_no_identity(host->uuid))
			warn_of_key(check, section, "uuid", NO_IDENTITY);
		if (ip4_is_set(host->address) && !config_may_give_addresses(check->config))
			warn_of_key(check, section, "address",
				    "this has no effect for a proxy, which gives no addresses");
	}
}

/* A proxy gives no addresses. */
static void check_mode(const struct check *check)
{
	const struct config *config = check->config;

	if (config->bootp.mode != MODE_AUTO)
		warn_of_key(check, "bootp", "state_file", "this has no effect without mode = auto");
	if (config_may_give_addresses(config))
		return;
	if (config->bootp.mode == MODE_PROXY)
		warn_of_key(check, "bootp", "pool_start",
			    "this has no effect with mode = proxy, which gives no addresses");
	if (has_rows(check, "static_dhcp"))
		warn_of_section(check, "static_dhcp",
				"this has no effect for a proxy, which gives no addresses");
	if (has_rows(check, "leases"))
		warn_of_section(check, "leases",
				"this has no effect for a proxy, which gives no addresses");
}

static void check_ipxe_keys(const struct check *check)
{
	static const char *const keys[] = { "script", "binaries" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!check->config->ipxe.is_enabled)
			warn_of_key(check, "ipxe", keys[i],
				    "this has no effect without enable = yes");
	}
}

static void check_dhcp_keys(const struct check *check)
{
	const struct config *config = check->config;

	if (config->bootfile.fallback[0] != '\0' && is_given(check, "bootp", "boot_file"))
		warn_of_key(check, "bootp", "boot_file",
			    "this has no effect: [bootfile] has the row default");
	if (!config->bootp.tells_gateway && is_given(check, "bootp", "gateway"))
		warn_of_key(check, "bootp", "gateway", "this has no effect with set_gateway = no");
	check_authority_timeout(check);
}

/* A machine that has its address from bootd asks over IPv4. */
static void check_families(const struct check *check)
{
	const struct config *config = check->config;
	const struct selector *tftp = &config->tftp.address;

	if (config->has_tftp && tftp->kind == SELECT_ADDRESS && !ip_is_4(tftp->address))
		warn_of_key(check, "tftp", "address",
			    "machines that have an IPv4 address from this bootd cannot read files "
			    "there: :: serves IPv4 and IPv6");
}

/* What goes with a folder only, and with a URL only. */
static void check_root_keys(const struct check *check)
{
	const struct tftp_config *tftp = &check->config->tftp;

	if (!check->config->has_tftp)
		return;
	if (tftp->is_root_remote && is_given(check, "tftp", "symlinks"))
		warn_of_key(check, "tftp", "symlinks",
			    "this has no effect where root is a URL: the web server decides");
	if (!tftp->is_root_remote && is_given(check, "tftp", "ca_file"))
		warn_of_key(check, "tftp", "ca_file", "this has no effect unless root is a URL");
}

void check_effect(const struct check *check)
{
	const struct config *config = check->config;

	if (config->logger.type != LOG_TO_FILE && is_given(check, "logger", "file"))
		warn_of_key(check, "logger", "file", "this has no effect without type = file");
	if (config->leases.type != STORE_SQLITE && is_given(check, "leases", "file"))
		warn_of_key(check, "leases", "file", "this has no effect with type = memory");
	check_root_keys(check);
	check_ipxe_keys(check);
	if (config->has_dhcp) {
		check_sections(check);
		check_uuids(check);
		check_mode(check);
		check_dhcp_keys(check);
		check_pool_keys(check);
		check_subnet_keys(check);
		check_host_keys(check);
		check_families(check);
		check_nobody_is_served(check);
	} else if (!config->bootp.may_unknown_read_files) {
		warn_of_key(check, "bootp", "access_files",
			    "with TFTP alone no machine is known, so every file is refused");
	}
	if (config->has_http && !config->has_dhcp && config->httpd.checks_ip)
		warn_of_key(check, "httpd", "check_ip",
			    "without DHCP no machine is known, so every file is refused");
	/* pybootd's file may have the section, without enable. */
	if (!config->has_http && !is_given(check, "httpd", "enable") && has_rows(check, "httpd"))
		warn_of_section(check, "httpd",
				"this has no effect without enable = yes or the option --http");
}
