/* The settings: plain structs, filled by config_load, read-only from then on. */
#ifndef BOOTD_CONFIG_CONFIG_H
#define BOOTD_CONFIG_CONFIG_H

#include "base/addr.h"
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

/* Which interfaces a service serves: all, those with an address or in a network, or one by name. */
enum selector_kind { SELECT_ALL, SELECT_ADDRESS, SELECT_INTERFACE };

struct selector {
	enum selector_kind kind;
	struct ip4 address; /* an interface's own, or a network's first */
	char name[INTERFACE_NAME_SIZE];
};

struct logger_config {
	enum log_type type;
	enum log_level level;
	char file[PATH_MAX];
};

struct bootp_config {
	struct selector address;
	uint16_t port; /* the clients' is the next one, as 68 is to 67 */
	struct ip4 pool_start;
	uint32_t pool_count; /* 0: not given; config_check takes what the network has room for */
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

struct tftp_config {
	struct selector address;
	uint16_t port;
	uint16_t block_size_max;
	uint32_t timeout_ms;
	uint32_t transfers_max;
	char root[PATH_MAX]; /* absolute */
	enum symlinks symlinks;
};

/* The network that is served, as config_check derives it from the pool and the interfaces. */
struct subnet_config {
	struct ip4 network;
	uint8_t prefix_length; /* of the interface's network */
	struct ip4 netmask;    /* as told to clients */
	struct ip4 pool_first;
	struct ip4 pool_last; /* included */
	struct ip4 gateway;   /* 0: the server's own address */
	uint32_t lease_time_s;
};

struct config {
	char path[PATH_MAX];
	bool has_dhcp;
	bool has_tftp;
	struct logger_config logger;
	struct bootp_config bootp;
	struct bootfile_config bootfile;
	struct tftp_config tftp;
	struct subnet_config subnet;
};

#endif
