/* What the files of config_check share. Nobody else includes it. */
#ifndef BOOTD_CONFIG_CONFIG_CHECK_PARTS_H
#define BOOTD_CONFIG_CONFIG_CHECK_PARTS_H

#include "config/config_check.h"
#include "config/ini.h"

#include <stdbool.h>

struct check {
	struct config *config;
	const struct ini *ini;
	const struct config_surroundings *surroundings;
	struct problems *problems;
};

/* A problem with the key's place, or its section's name where the file does not have the key. */
__attribute__((format(printf, 4, 5))) void check_complain(const struct check *check,
							  const char *section, const char *key,
							  const char *format, ...);

/* The networks that there are, for a person to choose from. */
struct list_text {
	char text[300];
};
struct list_text check_list_networks(const struct config_surroundings *surroundings);

struct ip4 check_broadcast_of(const struct local_address *local);

/* Where the section first begins; 0: the file does not have it. */
unsigned check_section_line(const struct check *check, const char *section);

/* "subnet office", as the ini has it. */
struct section_text {
	char text[sizeof("subnet ") + CONFIG_NAME_SIZE];
};
struct section_text check_section_of(const struct subnet_config *subnet);

/* The networks that are served, for a person to choose from. */
struct list_text check_list_subnets(const struct subnets *subnets);

/* This machine's own DNS servers, as far as clients can reach them; returns how many. */
size_t check_find_dns(const struct check *check, struct ip4 out_list[CONFIG_DNS_MAX]);

#define CHECK_NO_DNS                                                                               \
	"auto finds no DNS server that clients can reach: give the addresses, such as dns = "      \
	"192.168.1.1"

/* Derives what each [subnet] gives, and holds the networks against each other: before that of the
 * pool is among them. */
void check_subnets(const struct check *check);

/* Whether the network of [bootp]'s pool, on which home is, overlaps with one of [subnet]. */
void check_pool_is_apart(const struct check *check, const struct local_address *home);

/* The addresses of [host], on the networks that are served. */
void check_hosts(const struct check *check);

/* Why no machine can have this address of the network; NULL: one can. */
const char *check_why_taken(const struct check *check, const struct subnet_config *subnet,
			    struct ip4 address);

/* [bootp] access and what it names. */
void check_access(const struct check *check);

/* [static_dhcp], on the networks that are selected. */
void check_static_hosts(const struct check *check);

/* Whether [menu] fits into an answer, and what it offers. */
void check_menu(const struct check *check);

/* Warns of what is set and has no effect. */
void check_effect(const struct check *check);

#endif
