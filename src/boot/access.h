/* May this machine be served? Decided by [mac] or [uuid], or left to the authority of [http]. */
#ifndef BOOTD_BOOT_ACCESS_H
#define BOOTD_BOOT_ACCESS_H

#include "boot/client.h"
#include "config/config.h"

struct session;

enum access {
	ACCESS_GRANTED,
	ACCESS_DENIED,   /* a row says no */
	ACCESS_UNLISTED, /* no row names it, which refuses it */
	ACCESS_ASK,      /* the authority decides */
};

/* client->uuid is the one of this packet or, at a stage that sends none, the session's. host is
 * the machine's section [host], or NULL. A machine that has one, or a row of [static_dhcp], is
 * granted unless a row says no. */
enum access access_check(const struct config *config, const struct client *client,
			 const struct host_config *host);

/* The longest prefix's row, or NULL. Rules are sorted, the longest prefix first. */
const struct mac_rule *access_find_mac(const struct mac_rules *rules, struct mac mac);

/* The address that [static_dhcp] gives this machine; 0: none. */
struct ip4 access_static_address(const struct config *config, struct mac mac);

/* Why the machine of this session may read no file at all, by any protocol; NULL: it may. */
const char *access_file_denial(const struct session *session, uint64_t now_s);

#endif
