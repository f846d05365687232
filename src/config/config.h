/* The settings: plain structs, filled by config_load, read-only from then on. */
#ifndef BOOTD_CONFIG_CONFIG_H
#define BOOTD_CONFIG_CONFIG_H

#include "base/ip.h"
#include "base/log.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_DNS_MAX      8
#define CONFIG_BOOTFILE_MAX 64
#define BOOT_FILE_SIZE      128 /* RFC 2131: the file field, NUL included */
#define SERVER_NAME_SIZE    64  /* RFC 2131: the sname field, NUL included */
#define DOMAIN_SIZE         254 /* RFC 1035: 253 characters of text, and NUL */
#define CONFIG_NOTIFY_MAX   8
#define URL_SIZE            1024
#define TFTP_WORKERS_MAX    64
#define BOOT_NAME_SIZE      256 /* RFC 2132: what option 67 carries, and NUL */

/* Which interfaces a service serves: all by IPv4, or by IPv6 as well; those with an address or in a
 * network; or one by name. */
enum selector_kind { SELECT_ALL, SELECT_ALL_BY_BOTH, SELECT_ADDRESS, SELECT_INTERFACE };

struct selector {
	enum selector_kind kind;
	struct ip address;              /* an interface's own, or a network's first */
	char name[INTERFACE_NAME_SIZE]; /* of the interface, also that of a link-local address */
};

/* Where a service that serves both families listens. */
struct listening {
	enum ip_families families;
	struct ip address; /* 0: every one of them */
};

struct logger_config {
	enum log_type type;
	enum log_level level;
	char file[PATH_MAX];
};

/* Who decides whether a machine may be served. */
enum access_kind { ACCESS_OPEN, ACCESS_BY_MAC, ACCESS_BY_UUID, ACCESS_BY_HTTP };

/* A row of [mac] or [buggy_clients]: the machines whose address begins with these bits. */
struct mac_rule {
	struct mac mac;        /* the bits behind the prefix are 0 */
	uint8_t prefix_length; /* 1 to 48; 48: one machine */
	bool is_yes;
	unsigned line;
};

/* The rules of a section, in mac_rule_order. Owned by the configuration. */
struct mac_rules {
	struct mac_rule *list;
	size_t count;
};

/* A row of [uuid], as written there: the fields in the order of the text. */
struct uuid_rule {
	struct uuid uuid;
	bool is_yes;
	unsigned line;
};

struct uuid_rules {
	struct uuid_rule *list; /* in uuid_rule_order */
	size_t count;
};

/* What an option is set to, in the bytes of the wire. */
struct option_setting {
	uint8_t code;
	uint16_t length;
	uint8_t *bytes;
	unsigned line;
};

/* The options of one scope. Owned by the configuration. */
struct option_settings {
	struct option_setting *list; /* by code, each once */
	size_t count;
};

/* A row of [static_dhcp]. */
struct static_host {
	struct mac mac;
	struct ip4 address;
	unsigned line;
};

struct static_hosts {
	struct static_host *list; /* in static_host_order */
	size_t count;
};

/* [http]: the authority that is asked. */
struct authority_config {
	char location[URL_SIZE]; /* with its scheme, without a slash at its end */
	char pxe_path[URL_SIZE]; /* begins with a slash */
	char dhcp_path[URL_SIZE];
	uint32_t timeout_ms;
	bool always_checks; /* ask again at each DISCOVER and REQUEST, not once a boot stage */
};

/* A row of [filters], in the order of the file. */
struct filter_rule {
	char *pattern;
	char *replacement; /* with its {variables}; or the name of the file that gives it */
	bool is_from_file; /* it was written in brackets */
	unsigned line;
};

struct filter_rules {
	struct filter_rule *list;
	size_t count;
};

/* Whether bootd gives addresses, or only says what to boot beside a server that does. */
enum bootp_mode { MODE_SERVER, MODE_PROXY, MODE_AUTO };

#define CONFIG_MENU_MAX 16
#define MENU_TEXT_SIZE  65

/* A row of [menu], in the order of the file. */
struct menu_entry {
	char text[MENU_TEXT_SIZE];
	char file[BOOT_FILE_SIZE]; /* "": the one that the machine boots without a menu */
	bool is_local;             /* the machine goes on to its disk */
};

struct menu_config {
	char prompt[MENU_TEXT_SIZE];
	uint16_t timeout_s; /* 0: the first entry at once; MENU_SHOWN: the menu at once */
	struct menu_entry list[CONFIG_MENU_MAX];
	size_t count;
};

#define MENU_SHOWN 255

struct daemon_config {
	char user[64];          /* whom a bootd started as root becomes; default bootd */
	char control[PATH_MAX]; /* the control socket; absolute */
};

/* [bootp] answer_rs; AUTO: not where this machine is an IPv6 router. */
enum answer_rs { ANSWER_RS_NEVER, ANSWER_RS_ALWAYS, ANSWER_RS_AUTO };

struct bootp_config {
	enum bootp_mode mode;
	char state_file[PATH_MAX]; /* where mode = auto keeps what it decided */
	struct selector address;
	uint16_t port;     /* the clients' is the next one, as 68 is to 67 */
	uint16_t pxe_port; /* of the boot server; 0: there is none */
	struct ip4 pool_start;
	uint32_t pool_count; /* as it is given, if it is; 0: only [static_dhcp] gives addresses */
	bool may_serve_simple_dhcp;
	char boot_file[BOOT_FILE_SIZE];
	char domain[DOMAIN_SIZE];
	struct ip4 dns[CONFIG_DNS_MAX];
	size_t dns_count;
	bool is_dns_auto;
	struct ip4 gateway;
	struct ip4 netmask;
	uint32_t lease_time_s;
	char servername[SERVER_NAME_SIZE];
	bool tells_gateway; /* set_gateway */
	bool is_authoritative;
	bool checks_conflicts; /* conflict_check */
	enum access_kind access;
	enum answer_rs answer_rs;
	bool may_unknown_read_files; /* access_files: any, or known */
	struct endpoint notify[CONFIG_NOTIFY_MAX];
	size_t notify_count;
	uint32_t authority_timeout_ms; /* timeout; authority.timeout_ms is the one that counts */
};

/* Where leases are kept, and what a machine is known by. */
enum lease_store_type { STORE_SQLITE, STORE_MEMORY };
enum lease_identity_kind { LEASE_BY_MAC, LEASE_BY_CLIENT_ID, LEASE_BY_UUID };

struct leases_config {
	enum lease_store_type type;
	char file[PATH_MAX]; /* absolute */
	enum lease_identity_kind identity;
	uint32_t probation_s; /* how long nobody gets an address that somebody was found on */
};

/* One row of [bootfile]. */
struct bootfile {
	uint16_t architecture; /* option 93's number */
	char file[BOOT_FILE_SIZE];
};

struct bootfile_config {
	struct bootfile list[CONFIG_BOOTFILE_MAX];
	size_t count;
	char fallback[BOOT_FILE_SIZE]; /* the row "default"; empty: none */
};

enum symlinks { SYMLINKS_BENEATH, SYMLINKS_FOLLOW };

/* 0 and 0: none is given. */
struct port_range {
	uint16_t first;
	uint16_t last;
};

/* What a client is not granted of TFTP's options. */
struct tftp_caps {
	uint8_t refused;         /* the bits of enum tftp_option */
	uint16_t block_size_max; /* 0: as for all, as window_max */
	uint16_t window_max;
};

/* A row of [tftp_clients]. */
struct tftp_client_rule {
	bool is_by_mac;
	struct mac mac;        /* the bits behind the prefix are 0 */
	struct ip network;     /* where not by MAC */
	uint8_t prefix_length; /* of either; an IPv4 network's with IP_MAPPED_PREFIX */
	struct tftp_caps caps;
	unsigned line;
};

struct tftp_client_rules {
	struct tftp_client_rule *list; /* in the order of the file */
	size_t count;
};

struct tftp_config {
	struct selector address;
	uint16_t port;
	uint16_t block_size_max;
	uint16_t window_max;
	uint16_t rollover; /* 0 or 1: the number that follows 65535 */
	uint32_t timeout_ms;
	uint8_t refused;       /* to all: the bits of enum tftp_option */
	uint16_t worker_count; /* 0: one a core */
	bool uses_single_port;
	struct port_range port_range;
	uint32_t transfers_max;
	uint32_t client_transfers_max; /* 0: as many as there are */
	char root[PATH_MAX];           /* absolute, or a URL */
	bool is_root_remote;           /* a URL, which may have a password in it */
	char ca_file[PATH_MAX];
	enum symlinks symlinks;
};

struct httpd_config {
	bool is_enabled;
	struct selector address;
	uint16_t port;       /* default: 80, or 443 with a certificate */
	char root[PATH_MAX]; /* absolute, or a URL; default: [tftp] root */
	bool is_root_remote;
	bool checks_ip;
	char certificate[PATH_MAX]; /* "": plain HTTP */
	char key[PATH_MAX];
	uint32_t connections_max;
	uint32_t connections_each_max; /* of one address */
	uint32_t timeout_ms;
	uint32_t workers; /* 0: one a CPU */
};

/* How files are fetched where a root is a URL, and where they are kept. */
struct cache_config {
	char directory[PATH_MAX];
	uint32_t size_mib; /* 0: nothing is kept on disk */
	uint32_t memory_mib;
	uint32_t revalidate_after_s;
	bool is_offline;
	uint32_t connect_timeout_ms;
	uint32_t stall_timeout_s;
	uint32_t redirects_max;
	uint32_t file_size_max_mib;
	uint32_t downloads_max;
	uint32_t remember_missing_s;
};

#define CONFIG_IPXE_LOADERS_MAX 16

/* [ipxe] */
struct ipxe_config {
	bool is_enabled;
	char script[BOOT_NAME_SIZE]; /* a URL, or a file of the root */
	char binaries[PATH_MAX];
	/* Which of boot/ipxe.h's loaders the folder has; the start looks. */
	bool has_loader[CONFIG_IPXE_LOADERS_MAX];
};

#define CONFIG_NAME_SIZE 64 /* of a subnet or a host */

#define CONFIG_SUBNETS_MAX   1024
#define CONFIG_RANGES_MAX    65536   /* of all networks */
#define CONFIG_ADDRESSES_MAX 1048576 /* in all of these */

struct address_range {
	struct ip4 first;
	struct ip4 last; /* included */
};

struct address_ranges {
	struct address_range *list; /* ascending, and apart from each other */
	size_t count;
};

/* A network that is served: a section [subnet NAME], or that of [bootp]'s pool. What a section
 * leaves out is here as [bootp] has it. */
struct subnet_config {
	char name[CONFIG_NAME_SIZE]; /* "": of [bootp]'s pool */
	unsigned line;
	struct ip4 network;
	uint8_t prefix_length;
	struct ip4 netmask;           /* as told to clients */
	struct address_ranges ranges; /* what is given; what is excluded is cut out of it */
	struct address_ranges excluded;
	bool tells_gateway;
	struct ip4 gateway; /* 0: the server's own address */
	struct ip4 dns[CONFIG_DNS_MAX];
	size_t dns_count;
	bool is_dns_auto; /* dns is this machine's */
	char domain[DOMAIN_SIZE];
	char boot_file[BOOT_FILE_SIZE]; /* "": that of [bootfile] and [bootp] */
	struct ip4 next_server;         /* who has the boot files; 0: bootd */
	uint32_t lease_time_s;
	uint32_t probation_s;
	bool is_authoritative; /* may refuse what it does not know */
	struct option_settings options;
};

struct subnets {
	struct subnet_config *list; /* [bootp]'s pool first, then in the order of the file */
	size_t count;
};

#define CLIENT_ID_MAX 64

/* A section [host NAME]: one machine, known by one or more of mac, uuid and client_id. */
struct host_config {
	char name[CONFIG_NAME_SIZE];
	unsigned line;
	bool has_mac;
	struct mac mac;
	bool has_uuid;
	struct uuid uuid;         /* as written: the fields in the order of the text */
	uint8_t client_id_length; /* 0: none */
	uint8_t client_id[CLIENT_ID_MAX];
	struct ip4 address; /* 0: one of the pool */
	char host_name[CONFIG_NAME_SIZE];
	char boot_file[BOOT_FILE_SIZE];
	struct option_settings options;
};

struct hosts {
	struct host_config *list;
	size_t count;
	/* The same machines in the order of what they are known by. */
	const struct host_config **by_mac;
	size_t by_mac_count;
	const struct host_config **by_uuid;
	size_t by_uuid_count;
	const struct host_config **by_client_id;
	size_t by_client_id_count;
};

/* The network of [bootp]'s pool. */
enum home_state {
	HOME_NONE,    /* there is no such pool */
	HOME_AWAITED, /* it is not there */
	HOME_WRONG,   /* it is there, and cannot be served as it is configured */
	HOME_SERVED,  /* it is the first of config->subnets */
};

struct home {
	enum home_state state;
	struct local_address local; /* this machine's there; of HOME_WRONG and HOME_SERVED */
};

struct config {
	char path[PATH_MAX];
	bool has_dhcp;
	bool has_tftp;
	bool has_http;
	struct logger_config logger;
	struct bootp_config bootp;
	struct bootfile_config bootfile;
	struct menu_config menu;
	struct tftp_config tftp;
	struct httpd_config httpd;
	struct cache_config cache;
	struct ipxe_config ipxe;
	struct home home;
	struct subnets subnets;
	struct hosts hosts;
	struct option_settings options; /* of every network */
	struct mac_rules mac;
	struct uuid_rules uuid;
	struct mac_rules buggy_clients;
	struct static_hosts static_dhcp;
	struct authority_config authority;
	struct filter_rules filters;
	struct tftp_client_rules tftp_clients;
	struct daemon_config daemon;
	struct leases_config leases;
};

/* Whatever the interface, of the families that it selects? */
static inline bool selector_is_all(const struct selector *selector)
{
	return selector->kind == SELECT_ALL || selector->kind == SELECT_ALL_BY_BOTH;
}

/* Is the selector's address this one? */
bool selector_names(const struct selector *selector, const struct local_ip *local);

/* bootd is a server that gives addresses, or may become one. */
bool config_may_give_addresses(const struct config *config);

/* No more addresses than these are in [bootp]'s pool, on whatever network it will be. */
uint32_t config_pool_count_max(const struct config *config);

/* Leases are kept in [leases] file: by a bootd that gives addresses. */
bool config_has_lease_file(const struct config *config);

/* The address is the selector's where that is one of this machine's own rather than a network's.
 * served: this machine's addresses on the interfaces that are selected. */
struct listening config_listening(const struct selector *selector, const struct local_ip *served,
				  size_t served_count);

/* Frees what the rules own; they are empty then. */
void config_done(struct config *config);

void subnet_config_done(struct subnet_config *subnet);

/* Returns 0 with *out_copy for the caller to free by filter_rules_done, or -ENOMEM. */
int filter_rules_copy(const struct filter_rules *from, struct filter_rules *out_copy);
void filter_rules_done(struct filter_rules *filters);

/* The orders of the lists, for qsort and bsearch: the longest prefix first, then by MAC address;
 * by UUID; by MAC address. */
int mac_rule_order(const void *one, const void *other);
int uuid_rule_order(const void *one, const void *other);
int static_host_order(const void *one, const void *other);

#endif
